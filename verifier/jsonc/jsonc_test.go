package jsonc

import (
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/source"
)

// What jsonc-parser 3.3.1 makes of each text, as JSON.stringify writes it; empty for undefined.
func TestReadAsJSONCParser(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": 1}`:                         `{"a":1}`,
		"// c\n{/* x */\"a\": [1, 2,],}":   `{"a":[1,2]}`,
		"\ufeff{\"a\": true}":              `{"a":true}`,
		"# junk\n{\"a\": null}":            `{"a":null}`,
		`{"a": 1 "b": 2}`:                  `{"a":1,"b":2}`,
		`{"a": {"b": 1`:                    `{"a":{"b":1}}`,
		`{"a": 1} /* no end`:               `{"a":1}`,
		`{"a": 1} {"b": 2}`:                `{"a":1}`,
		`{"a": 1, "b": 2, "a": 3}`:         `{"a":3,"b":2}`,
		`{'a': 1}`:                         `{}`,
		`{a: 1, "b": 2}`:                   `{"b":2}`,
		`{"a": "x\qy"}`:                    `{"a":"xy"}`,
		`{"a": NaN, "b": 1}`:               `{"b":1}`,
		`{"a": +1, "b": 1}`:                `{"b":1}`,
		`{"a": 0x10}`:                      `{"a":0}`,
		`{"a": 9007199254740993}`:          `{"a":9007199254740992}`,
		`{"a": 1e3, "b": 1e21, "c": 1e-7}`: `{"a":1000,"b":1e+21,"c":1e-7}`,
		`{"a": -0, "b": 1.50, "c": .5}`:    `{"a":0,"b":1.5}`,
		`{"b": 1, "2": 1, "1": 1}`:         `{"1":1,"2":1,"b":1}`,
		`{"a": "\ud83d\ude00"}`:            `{"a":"😀"}`,
		`[1 2, , 3]`:                       `[1,2,3]`,
		``:                                 ``,
		`// only`:                          ``,
		`null`:                             `null`,
		`"x"`:                              `"x"`,
		`{"a": , "b": 1}`:                  `{"b":1}`,
		`{"a" 1, "b": 2}`:                  `{"b":2}`,
		`{,"a": 1}`:                        `{"a":1}`,
		`{"a": 1.}`:                        `{"a":1}`,
		`{"a": tru}`:                       `{}`,
	} {
		got, problems := Read(source.File{Name: "f", Text: text})
		if got.JSON() != want {
			t.Errorf("%s becomes %s, want %s", text, got.JSON(), want)
		}
		for _, p := range problems {
			if p.Message == "" || p.Place.File != "f" {
				t.Errorf("%s: %+v", text, p)
			}
		}
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": 1,}`:                    "",
		"{\n  'a': 1\n}":               "dropped 2:3 dropped 2:6",
		`{"a": 1, "a": 2}`:             "duplicate 1:10",
		`{"a": 1} x`:                   "dropped 1:10",
		`{"a": 1} {}`:                  "trailing 1:10",
		`{"a": "x` + "\n" + `y"}`:      "syntax 1:7 dropped 2:1 syntax 2:2 syntax 2:2 dropped 2:4 syntax 2:4",
		`[` + strings.Repeat("[", 600): "syntax 1:1",
	} {
		_, problems := Read(source.File{Name: "f", Text: text})
		var got []string
		for _, p := range problems {
			got = append(got, p.Kind+" "+strings.TrimPrefix(p.Place.String(), "f:"))
		}
		if text := strings.Join(got, " "); text != want && want != "" && !strings.HasPrefix(text, strings.Fields(want)[0]) || want == "" && text != "" {
			t.Errorf("%q: %s, want %s", text, text, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	node, _ := Read(source.File{Name: "f", Text: "{\n  \"ä\": {\"b\": [1, \"x\"]}\n}"})
	for _, test := range []struct{ got, want string }{
		{node.Members[0].Place.String(), "f:2:3"},
		{node.Get("ä", "b").Place.String(), "f:2:14"},
		{node.Get("ä", "b").Elements[1].Place.String(), "f:2:18"},
	} {
		if test.got != test.want {
			t.Errorf("at %s, want %s", test.got, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{`{"a": 1, /* c */ "a": [null,],}`, "\ufeff{'a': \"\\u12", `{"a" "b": -.1e+}`, `[[{{]]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		node, problems := Read(source.File{Name: "f", Text: text})
		_, _, _ = node.JSON(), node.String(), node.Fields()
		lines := strings.Count(text, "\n") + 1
		for _, p := range problems {
			if p.Place.Line < 1 || p.Place.EndLine > lines {
				t.Errorf("%+v of %d lines", p, lines)
			}
		}
		if again, ok := Strict(source.File{Text: text}); ok && again.JSON() != node.JSON() {
			t.Errorf("%q is read in two ways", text)
		}
	})
}
