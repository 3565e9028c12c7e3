package vscode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// TestParseEnvFile holds what the extension's own reader, run in Node, makes of each of these texts.
func TestParseEnvFile(t *testing.T) {
	environment := goenv.Environ{"HOME": "/home/dev", "EMPTY": ""}
	for _, test := range []struct {
		text string
		want map[string]string
		odd  string // kinds of problems with their lines
	}{
		{"A=b", map[string]string{"A": "b"}, ""},
		{"\uFEFFA=b\r\nexport  B = c d \r\n", map[string]string{"A": "b", "B": "c d "}, ""},
		{" A.x-y\t=\tb", map[string]string{"A.x-y": "b"}, ""},
		{"# A=b\n\n  # c\nA=\n", map[string]string{"A": ""}, ""},
		{"A='b'\nB=\"c\\nd\"\nC='c\\nd'\nD=\"open\nE=close'\n", map[string]string{"A": "b", "B": "c\nd", "C": `c\nd`, "D": "open", "E": "close"}, ""},
		{`A="b" `, map[string]string{"A": `b" `}, ""}, // the blank behind keeps the second quote
		{"A=1 # one\nB='1 # one'\nC=1#one", map[string]string{"A": "1 # one", "B": "1 # one", "C": "1#one"}, "comment:1"},
		{"A=/x\nB=${A}/y:${HOME}:${GONE}", map[string]string{"A": "/x", "B": "/x/y:/home/dev:"}, ""},
		{"HOME=\nB=${HOME}", map[string]string{"HOME": "", "B": "/home/dev"}, ""}, // an empty one does not hide the other
		{`A=\${HOME} and \$5`, map[string]string{"A": "${HOME} and $5"}, ""},
		{"A=${GONE:-x}\nB=${HOME}${}\nC=${1}", map[string]string{"A": "${GONE:-x}", "B": "${HOME}${}", "C": "${1}"}, "not-expanded:1 not-expanded:2"},
		{"A=b=c\nA=d", map[string]string{"A": "d"}, ""},
		{"just words\nA:b\nset A=b\n=c\nA=ok", map[string]string{"A": "ok"}, "passed-over:1 passed-over:2 passed-over:3 passed-over:4"},
		{"A=b\rc", map[string]string{}, "passed-over:1"}, // a line ends at \n alone, and no value holds \r
		{"", map[string]string{}, ""},
	} {
		got := ParseEnvFile(source.File{Name: ".env", Text: test.text}, environment)
		if diff := cmp.Diff(test.want, got.Set); diff != "" {
			t.Errorf("%q: -want +got:\n%s", test.text, diff)
		}
		var odd []string
		for _, p := range got.Problems {
			odd = append(odd, fmt.Sprintf("%s:%d", p.Kind, p.Place.Line))
		}
		if strings.Join(odd, " ") != test.odd {
			t.Errorf("%q: problems %v, want %q", test.text, odd, test.odd)
		}
	}
	got := ParseEnvFile(source.File{Name: ".env", Text: "\n\nA=1\nA=2\r\n"}, nil)
	if place := got.Places["A"]; place != (source.Place{File: ".env", Line: 4, Column: 1, EndLine: 4, EndColumn: 4}) {
		t.Errorf("A is at %+v", place)
	}
}

func FuzzParseEnvFile(f *testing.F) {
	f.Add("export A=\"b\\n\"\r\nB=${A} # x\n\\${C")
	f.Add("\uFEFF\xff=\n\u2028=1")
	f.Fuzz(func(t *testing.T, text string) {
		parsed := ParseEnvFile(source.File{Name: "f", Text: text}, goenv.Environ{"HOME": "/"})
		lines := strings.Count(text, "\n") + 1
		for name := range parsed.Set {
			if place := parsed.Places[name]; name == "" || place.Line < 1 || place.Line > lines {
				t.Errorf("%q at %v", name, place)
			}
		}
		for _, p := range parsed.Problems {
			if p.Place.Line < 1 || p.Place.Line > lines {
				t.Errorf("%+v", p)
			}
		}
	})
}
