package jsonc

import "github.com/dcverify/dcverify/verifier/source"

// Kind is what a JSON value is.
type Kind string

const (
	Object Kind = "object"
	Array  Kind = "array"
	String Kind = "string"
	Number Kind = "number"
	Bool   Kind = "bool"
	Null   Kind = "null"
)

// Node is a JSON value with its place, as plain data. The zero Node, whose kind is empty, is no value at all.
type Node struct {
	Kind     Kind         `json:"kind,omitempty"`
	Text     string       `json:"text,omitempty"` // of a string what it says; of a number, true, false and null the literal as JavaScript writes it
	Members  []Property   `json:"members,omitempty"`
	Elements []Node       `json:"elements,omitempty"`
	Place    source.Place `json:"place,omitzero"`
}

// Property is one member of an object as it is written; an object may have several with one name.
type Property struct {
	Name  string       `json:"name"`
	Place source.Place `json:"place,omitzero"` // of the name, quotes included
	Value Node         `json:"value"`
}

// Problem is something in a text that is no JSON with comments, or that readers of it silently drop.
type Problem struct {
	Kind    string       `json:"kind"` // "syntax", "duplicate", "dropped", "trailing"
	Message string       `json:"message"`
	Place   source.Place `json:"place,omitzero"`
}

// Get is the value at a path of names; the zero Node where there is none. Of several members with one name the last counts.
func (n Node) Get(path ...string) Node {
	for _, name := range path {
		var next Node
		for _, m := range n.Members {
			if m.Name == name {
				next = m.Value
			}
		}
		n = next
	}
	return n
}

// Is tells whether there is a value of that kind.
func (n Node) Is(kind Kind) bool { return n.Kind == kind }
