package facts

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

const vendoredText = `# example.com/a v1.2.3
## explicit; go 1.21
example.com/a
example.com/a/sub
# example.com/b v0.0.0-20240101000000-abcdefabcdef => ../b
## go 1.20
example.com/b
# too short
## explicit
# example.com/c => example.com/d v1.0.0
# example.com/odd notaversion
## explicit
`

func TestParseVendored(t *testing.T) {
	want := []Vendored{
		{Path: "example.com/a", Version: "v1.2.3", Explicit: true, Place: source.Place{File: "m", Line: 1, Column: 1, EndLine: 1, EndColumn: 23}},
		{Path: "example.com/b", Version: "v0.0.0-20240101000000-abcdefabcdef", Place: source.Place{File: "m", Line: 5, Column: 1, EndLine: 5, EndColumn: 59}},
		{Path: "example.com/c", Place: source.Place{File: "m", Line: 10, Column: 1, EndLine: 10, EndColumn: 40}},
	}
	// A line of two words is no module: what follows it would still belong to the module before, were it not one itself.
	text := strings.Replace(vendoredText, "# too short\n## explicit\n", "", 1)
	text = strings.Replace(text, "# example.com/c", "\n\n# example.com/c", 1)
	if diff := cmp.Diff(want, ParseVendored(source.File{Name: "m", Text: text})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for text, explicit := range map[string]bool{
		"# a v1.0.0\r\n## explicit\r\n":                  true,
		"# a v1.0.0\n## explicitly\n":                    false,
		"# a v1.0.0\n# x\n## explicit\n":                 true,
		"# a v1.0.0\n## go 1.21; explicit\n":             true,
		"# a v1.0.0\n# a v1.0.0 => ../a\n## explicit\n":  true, // one module on two lines
		"# a v1.0.0\n# example.com/odd x\n## explicit\n": false,
	} {
		got := ParseVendored(source.File{Text: text})
		if len(got) != 1 || got[0].Explicit != explicit {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func FuzzParseVendored(f *testing.F) {
	f.Add(vendoredText)
	f.Add("# a v1.0.0\n## explicit")
	f.Add("#\n##\n# \n## \n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, m := range ParseVendored(source.File{Text: text}) {
			if m.Place.Line < 1 || m.Place.Line > len(lines) || !strings.HasPrefix(lines[m.Place.Line-1], "# ") || !strings.Contains(lines[m.Place.Line-1], m.Path) {
				t.Errorf("%+v is not there in %q", m, text)
			}
		}
	})
}
