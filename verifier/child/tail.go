package child

import (
	"slices"
	"strings"
	"sync"
)

// TailSize is how many bytes a [Tail] keeps.
const TailSize = 4 << 10

// Tail keeps the last TailSize bytes that were written to it: a program that floods its output costs no memory.
type Tail struct {
	mu   sync.Mutex
	kept []byte
	cut  bool // something before kept was dropped
}

func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if n > TailSize {
		p, t.kept, t.cut = p[n-TailSize:], t.kept[:0], true
	}
	if over := len(t.kept) + len(p) - TailSize; over > 0 {
		t.kept, t.cut = append(t.kept[:0], t.kept[over:]...), true
	}
	t.kept = append(t.kept, p...)
	return n, nil
}

// String is what was kept, as valid UTF-8.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.kept), "?")
}

// Lines are the non-blank lines that were kept whole.
func (t *Tail) Lines() []string {
	t.mu.Lock()
	text, cut := strings.ToValidUTF8(string(t.kept), "?"), t.cut
	t.mu.Unlock()
	if cut {
		if _, after, ok := strings.Cut(text, "\n"); ok {
			text = after
		}
	}
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// LastWords is the line that says why a program ended: the first that begins as the reason of a program in Go does, or in one
// of the given ways, and if none does, the last. The last line of a usage text or of a goroutine dump says nothing; the line
// that began it does.
func LastWords(lines []string, begins ...string) string {
	begins = append([]string{"panic: ", "fatal error: ", "runtime: out of memory"}, begins...)
	for _, line := range lines {
		if slices.ContainsFunc(begins, func(begin string) bool { return strings.HasPrefix(line, begin) }) {
			return line
		}
	}
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}
