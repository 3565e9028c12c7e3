//go:build linux

package gopls

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dcverify/dcverify/verifier/child"
)

// lastWords is the line that says why gopls ended.
func lastWords(stderr *child.Tail) string {
	return child.LastWords(stderr.Lines(), "flag provided but not defined")
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
