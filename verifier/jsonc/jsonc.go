// Package jsonc reads JSON with comments and trailing commas, and knows where every member stands.
//
// Its one rule: of several members with one name the last counts, as for every program that reads these files.
package jsonc

import (
	"encoding/json"
	"fmt"

	"github.com/tailscale/hujson"

	"github.com/dcverify/dcverify/verifier/source"
)

// Doc is a parsed text.
type Doc struct {
	file source.File
	root hujson.Value
}

// Member is one member of an object.
type Member struct {
	Name  string
	Value any          // as encoding/json decodes it
	Place source.Place // from the name to the end of the value
}

// Text is the value as a text: a string as it is, and everything else as JSON writes it, null as the word null. That is
// what becomes of it where a program puts it into an environment.
func (m Member) Text() string {
	if text, ok := m.Value.(string); ok {
		return text
	}
	text, _ := json.Marshal(m.Value) // decoded from JSON, it can be written again
	return string(text)
}

// Parse reads the file. The error gives the line and column of the first thing that is not JSON with comments.
func Parse(file source.File) (Doc, error) {
	root, err := hujson.Parse([]byte(file.Text))
	if err != nil {
		return Doc{}, fmt.Errorf("%s: %w", file.Name, err)
	}
	return Doc{file: file, root: root}, nil
}

// Members lists the members of the object at the given path of names, in their order, every duplicate but the last left
// out. It is empty where there is no object.
func (d Doc) Members(path ...string) []Member {
	object, ok := d.root.Value.(*hujson.Object)
	for _, name := range path {
		if !ok {
			return nil
		}
		var next *hujson.Object
		for i := range object.Members {
			if memberName(object.Members[i]) == name {
				next, _ = object.Members[i].Value.Value.(*hujson.Object)
			}
		}
		object, ok = next, next != nil
	}
	if !ok {
		return nil
	}
	var members []Member
	index := map[string]int{}
	for _, m := range object.Members {
		name := memberName(m)
		member := Member{Name: name, Value: decode(m.Value), Place: d.file.Place(m.Name.StartOffset, m.Value.EndOffset)}
		if at, twice := index[name]; twice {
			members[at] = member
			continue
		}
		index[name] = len(members)
		members = append(members, member)
	}
	return members
}

func memberName(m hujson.ObjectMember) string {
	literal, _ := m.Name.Value.(hujson.Literal)
	return literal.String()
}

func decode(v hujson.Value) any {
	copied := v.Clone() // Standardize blanks comments in place
	copied.Standardize()
	var value any
	if json.Unmarshal(copied.Pack(), &value) != nil {
		return nil
	}
	return value
}
