package delve

import (
	"bytes"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/child"
)

// lastWords is the line that says why a debugger ended: of what it wrote to stderr, and if that is nothing, of all.
func lastWords(stderr, all *child.Tail) string {
	for _, tail := range []*child.Tail{stderr, all} {
		lines := slices.DeleteFunc(tail.Lines(), func(line string) bool {
			_, ok := listeningAt(line) // it is no reason
			return ok
		})
		if words := child.LastWords(lines, "Error: "); words != "" {
			return words
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
