// Package jsonc reads JSON with comments as the programs do that dev containers are made with, and knows where every value
// stands.
//
// Its one rule: it takes what they take, and says what they drop without a word. The reference CLI reads with jsonc-parser
// 3.3.1 and never looks at the list of errors; a text that is valid is read by hujson, and only a broken one by a reader that
// recovers as jsonc-parser does.
package jsonc

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/dcverify/dcverify/verifier/source"
)

// mostDepth is how deeply values may be nested. No file that people write comes near it.
const mostDepth = 500

// Read reads a text. The node is what jsonc-parser makes of it, the zero Node where that is nothing at all; everything that
// it tolerates is a problem.
func Read(file source.File) (Node, []Problem) {
	index := source.NewIndex(file)
	if depth(file.Text) > mostDepth {
		return Node{}, []Problem{{Kind: "syntax", Message: fmt.Sprintf("it is nested more than %d deep", mostDepth), Place: index.Place(0, 0)}}
	}
	// To hujson a carriage return alone ends no line, and so no comment.
	alone := strings.Count(file.Text, "\r") > strings.Count(file.Text, "\r\n")
	if root, err := hujson.Parse([]byte(file.Text)); err == nil && !alone {
		node := convert(root, index)
		return node, duplicates(node, nil)
	}
	r := &reader{scanner: scanner{text: file.Text}, index: index}
	node := r.read()
	return node, duplicates(node, r.problems)
}

// Strict reads a text as JSON.parse does; false where it is no JSON.
func Strict(file source.File) (Node, bool) {
	if !json.Valid([]byte(file.Text)) || depth(file.Text) > mostDepth {
		return Node{}, false
	}
	node, _ := Read(file)
	return node, true
}

// depth is an upper bound of how deeply the values of a text are nested.
func depth(text string) int {
	open, most := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			open++
			most = max(most, open)
		case '}', ']':
			open = max(open-1, 0)
		}
	}
	return most
}

func convert(v hujson.Value, index *source.Index) Node {
	node := Node{Place: index.Place(v.StartOffset, v.EndOffset)}
	switch value := v.Value.(type) {
	case *hujson.Object:
		node.Kind = Object
		for _, m := range value.Members {
			name, _ := m.Name.Value.(hujson.Literal)
			node.Members = append(node.Members, Property{
				Name: name.String(), Place: index.Place(m.Name.StartOffset, m.Name.EndOffset), Value: convert(m.Value, index),
			})
		}
	case *hujson.Array:
		node.Kind = Array
		for _, element := range value.Elements {
			node.Elements = append(node.Elements, convert(element, index))
		}
	case hujson.Literal:
		switch value.Kind() {
		case '"':
			node.Kind, node.Text = String, value.String()
		case '0':
			node.Kind, node.Text = Number, number(string(value))
		case 't', 'f':
			node.Kind, node.Text = Bool, string(value)
		default:
			node.Kind, node.Text = Null, "null"
		}
	}
	return node
}

// number writes a number as JavaScript does.
func number(literal string) string {
	f, err := strconv.ParseFloat(literal, 64)
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case err != nil:
		return "0"
	case f == 0:
		return "0"
	}
	if abs := math.Abs(f); abs >= 1e21 || abs < 1e-6 {
		text := strconv.FormatFloat(f, 'e', -1, 64)
		mantissa, exponent, _ := strings.Cut(text, "e")
		return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// duplicates adds a problem for each member that a later one of the same name replaces.
func duplicates(node Node, problems []Problem) []Problem {
	last := map[string]int{}
	for i, m := range node.Members {
		if before, twice := last[m.Name]; twice {
			earlier := node.Members[before]
			message := fmt.Sprintf("%q is there twice: the value at %s is lost", m.Name, earlier.Place)
			if earlier.Value.JSON() == m.Value.JSON() {
				message = fmt.Sprintf("%q is there twice, with the same value", m.Name)
			}
			problems = append(problems, Problem{Kind: "duplicate", Message: message, Place: m.Place})
		}
		last[m.Name] = i
		problems = duplicates(m.Value, problems)
	}
	for _, element := range node.Elements {
		problems = duplicates(element, problems)
	}
	return problems
}

// Fields is the members of an object as JavaScript enumerates them: the last value of each name, at the place of its first
// mention, names that look like an index in front.
func (n Node) Fields() []Property {
	var fields []Property
	at := map[string]int{}
	for _, m := range n.Members {
		if i, twice := at[m.Name]; twice {
			fields[i].Value, fields[i].Place = m.Value, m.Place
			continue
		}
		at[m.Name] = len(fields)
		fields = append(fields, m)
	}
	slices.SortStableFunc(fields, func(a, b Property) int {
		i, isIndex := arrayIndex(a.Name)
		j, isToo := arrayIndex(b.Name)
		switch {
		case isIndex && isToo:
			return int(i) - int(j)
		case isIndex:
			return -1
		case isToo:
			return 1
		}
		return 0
	})
	return fields
}

func arrayIndex(name string) (uint32, bool) {
	i, err := strconv.ParseUint(name, 10, 32)
	return uint32(i), err == nil && i < math.MaxUint32 && strconv.FormatUint(i, 10) == name
}

// JSON is what JSON.stringify writes.
func (n Node) JSON() string {
	switch n.Kind {
	case Object:
		var parts []string
		for _, m := range n.Fields() {
			if m.Value.Kind != "" {
				parts = append(parts, quote(m.Name)+":"+m.Value.JSON())
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	case Array:
		var parts []string
		for _, element := range n.Elements {
			if element.Kind == "" {
				parts = append(parts, "null")
				continue
			}
			parts = append(parts, element.JSON())
		}
		return "[" + strings.Join(parts, ",") + "]"
	case String:
		return quote(n.Text)
	case "":
		return ""
	case Number:
		if strings.HasSuffix(n.Text, "Infinity") { // 1e400, which JSON has no word for
			return "null"
		}
	}
	return n.Text
}

// quote writes a string as JSON.stringify does. encoding/json would escape the two line separators of Unicode, which
// JavaScript leaves.
func quote(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string can always be written
	quoted := strings.TrimSuffix(b.String(), "\n")
	if !strings.Contains(quoted, `\u202`) {
		return quoted
	}
	return strings.NewReplacer(`\\`, `\\`, `\u2028`, "\u2028", `\u2029`, "\u2029").Replace(quoted) // an escaped backslash begins no escape
}

// String is what becomes of the value in a text or an environment: String(value) of JavaScript.
func (n Node) String() string {
	switch n.Kind {
	case Object:
		return "[object Object]"
	case Array:
		var parts []string
		for _, element := range n.Elements {
			if element.Kind == Null {
				parts = append(parts, "")
				continue
			}
			parts = append(parts, element.String())
		}
		return strings.Join(parts, ",")
	case "":
		return "undefined"
	}
	return n.Text
}

// Truthy tells whether JavaScript takes the value for true.
func (n Node) Truthy() bool {
	switch n.Kind {
	case "", Null:
		return false
	case String:
		return n.Text != ""
	case Number:
		return n.Text != "0"
	case Bool:
		return n.Text == "true"
	}
	return true
}
