//go:build linux

package gopls

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

const tailSize = 4 << 10

// tail keeps the last tailSize bytes that were written to it: a server that floods its output costs no memory.
type tail struct {
	mu   sync.Mutex
	kept []byte
	cut  bool // something before kept was dropped
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if n > tailSize {
		p, t.kept, t.cut = p[n-tailSize:], t.kept[:0], true
	}
	if over := len(t.kept) + len(p) - tailSize; over > 0 {
		t.kept, t.cut = append(t.kept[:0], t.kept[over:]...), true
	}
	t.kept = append(t.kept, p...)
	return n, nil
}

// text is what was kept, as valid UTF-8, and whether it begins in the middle.
func (t *tail) text() (text string, cut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.kept), "?"), t.cut
}

// lastWords is the line that says why gopls ended.
func (t *tail) lastWords() string {
	text, cut := t.text()
	if _, after, ok := strings.Cut(text, "\n"); cut && ok {
		text = after
	}
	last := ""
	begins := []string{"panic: ", "fatal error: ", "runtime: out of memory", "flag provided but not defined"}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if slices.ContainsFunc(begins, func(begin string) bool { return strings.HasPrefix(line, begin) }) {
			return line // the last line of the goroutine dump, or of the usage, that follows says nothing
		}
		if line != "" {
			last = line
		}
	}
	return last
}

// mostSaid is the most that gopls may write to stdout: a proof makes it write 50 KB.
const mostSaid = 8 << 20

var errTooMuch = errors.New("gopls wrote more than 8 MiB of messages")

// voice is the stdout of gopls. It ends where what it says is no LSP, or has no end.
type voice struct {
	io.Reader
	head  []byte
	total int
}

func (v *voice) Read(p []byte) (int, error) {
	const header = "Content-"
	n, err := v.Reader.Read(p)
	if len(v.head) < len(header) && n > 0 {
		v.head = append(v.head, p[:min(n, 200)]...)
		if begin := string(v.head[:min(len(v.head), len(header))]); !strings.HasPrefix(header, begin) {
			line, _, _ := strings.Cut(strings.ToValidUTF8(string(v.head), "?"), "\n")
			return 0, wrong(fmt.Sprintf("gopls printed %q instead of a message", strings.TrimSpace(line)))
		}
	}
	if v.total += n; v.total > mostSaid {
		return 0, errTooMuch
	}
	return n, err
}
