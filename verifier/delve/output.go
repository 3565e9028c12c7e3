package delve

import (
	"bytes"
	"strings"
	"sync"
)

const tailSize = 4 << 10

// tail keeps the last tailSize bytes that were written to it: a debugger that floods its output costs no memory.
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

// String is what was kept, as valid UTF-8.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.kept), "?")
}

// lines are the non-blank lines that were kept whole.
func (t *tail) lines() []string {
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

// lastWords is the line that says why a debugger ended: of what it wrote to stderr, and if that is nothing, of all.
func lastWords(stderr, all *tail) string {
	for _, t := range []*tail{stderr, all} {
		lines := t.lines()
		// The last line of a usage text or of a goroutine dump says nothing; the line that began it does.
		for _, line := range lines {
			for _, begin := range []string{"Error: ", "panic: ", "fatal error: "} {
				if strings.HasPrefix(line, begin) {
					return line
				}
			}
		}
		for i := len(lines) - 1; i >= 0; i-- {
			if _, ok := listeningAt(lines[i]); !ok { // it is no reason
				return lines[i]
			}
		}
	}
	return ""
}

// listeningAt takes the address out of the line "API server listening at: 127.0.0.1:4040", or "DAP server …".
func listeningAt(line string) (address string, ok bool) {
	server, address, ok := strings.Cut(strings.TrimSpace(line), " server listening at: ")
	return address, ok && (server == "API" || server == "DAP")
}

// watch looks for the listening line in a stream and hands its address on, once.
type watch struct {
	found chan<- string
	line  []byte
	over  bool // the line in work is too long to be the one
}

func (w *watch) Write(p []byte) (int, error) {
	n := len(p)
	for {
		end := bytes.IndexByte(p, '\n')
		part := p
		if end >= 0 {
			part = p[:end]
		}
		if len(w.line)+len(part) > 1<<10 {
			w.over = true
		} else {
			w.line = append(w.line, part...)
		}
		if end < 0 {
			return n, nil
		}
		if address, ok := listeningAt(string(w.line)); ok && !w.over {
			select {
			case w.found <- address:
			default: // another stream was first
			}
		}
		w.line, w.over, p = w.line[:0], false, p[end+1:]
	}
}
