package source

import (
	"math/rand"
	"strings"
	"testing"
)

func TestIndexAgainstFile(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	pieces := []string{"a", "ä", "😀", "\n", "\r\n", "\xff", "\xe4\xb8", "\u2028", strings.Repeat("x", 200), strings.Repeat("ä", 100)}
	for range 300 {
		var b strings.Builder
		for range r.Intn(12) {
			b.WriteString(pieces[r.Intn(len(pieces))])
		}
		f := File{Name: "f", Text: b.String()}
		x := NewIndex(f)
		for o := -1; o <= len(f.Text)+1; o++ {
			if x.Place(o, o) != f.Place(o, o) {
				t.Fatalf("%q at %d: %+v, want %+v", f.Text, o, x.Place(o, o), f.Place(o, o))
			}
		}
	}
}
