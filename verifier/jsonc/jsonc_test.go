package jsonc

import (
	"encoding/json"
	"testing"

	"github.com/dcverify/dcverify/verifier/source"
)

func TestMembers(t *testing.T) {
	doc, err := Parse(source.File{Name: "f", Text: `// head
{
  "containerEnv": {"A": 1, /* c */ "A": "two", "B": null,},
  "list": [1]
}`})
	if err != nil {
		t.Fatal(err)
	}
	members := doc.Members("containerEnv")
	if len(members) != 2 || members[0].Value != "two" || members[1].Value != nil {
		t.Fatalf("got %+v", members)
	}
	if got := members[0].Place.String(); got != "f:3:36" {
		t.Errorf("A is at %s", got)
	}
	for _, path := range [][]string{{"list"}, {"missing"}, {"containerEnv", "A"}} {
		if got := doc.Members(path...); got != nil {
			t.Errorf("%v is no object, got %v", path, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"a": {"b": [1, 2,], /* c */ "b": "x"}}`)
	f.Add("\ufeff// x\n{}")
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := Parse(source.File{Name: "f", Text: text})
		if err != nil {
			return
		}
		for _, member := range doc.Members() {
			if _, err := json.Marshal(member.Value); err != nil {
				t.Errorf("member %q: %v", member.Name, err)
			}
			if member.Place.Line < 1 || member.Place.EndLine < member.Place.Line {
				t.Errorf("member %q is at %+v", member.Name, member.Place)
			}
		}
	})
}
