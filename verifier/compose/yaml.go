package compose

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dcverify/dcverify/verifier/source"
)

// maxNodes bounds what one file may say, its merge keys resolved: hand-written files stay far below, and files made to
// exhaust memory through aliases end here.
const maxNodes = 100_000

// A node is a YAML value that needs no more looking up: aliases and merge keys are resolved, variables replaced.
type node struct {
	kind   yaml.Kind // scalar, sequence or mapping
	text   string    // of a scalar
	tag    string
	items  []*node // of a sequence
	fields []field // of a mapping, in the order of the file
	place  source.Place
	origin source.Place // of the value in a .env file, where a scalar has it from there
	lacks  bool         // a variable in its text is set neither here nor in .env: somebody else's machine may have it
}

type field struct {
	name  string
	place source.Place // of the key
	value *node
}

// decided is where a person changes what a scalar says.
func (n *node) decided() source.Place {
	if n.origin.Known() {
		return n.origin
	}
	return n.place
}

func (n *node) null() bool     { return n == nil || n.kind == yaml.ScalarNode && n.tag == "!!null" }
func (n *node) reset() bool    { return n != nil && n.tag == "!reset" }
func (n *node) override() bool { return n != nil && n.tag == "!override" }

// get returns nil for a missing field, and for a node that is no mapping.
func (n *node) get(name string) *field {
	if n == nil {
		return nil
	}
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i]
		}
	}
	return nil
}

// A converter makes the nodes of one file.
type converter struct {
	r     *reader
	file  string
	count int
	done  map[*yaml.Node]*node // what aliases point to is made once, so that they cost nothing
	open  map[*yaml.Node]bool  // being made: an alias to one of these would never end
}

var errTooManyNodes = errors.New("says too much: its values, aliases resolved, are over " + strconv.Itoa(maxNodes))

var yamlLine = regexp.MustCompile(`^line (\d+): `)

// parse returns the documents of a file; ok is false if compose would refuse the file as a whole.
func (r *reader) parse(file source.File) (documents []*node, ok bool) {
	c := &converter{r: r, file: file.Name, done: map[*yaml.Node]*node{}, open: map[*yaml.Node]bool{}}
	decoder := yaml.NewDecoder(strings.NewReader(file.Text))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return documents, true
		}
		if err != nil {
			line, message := syntaxError(err)
			r.problem("syntax", source.Place{File: file.Name, Line: line}, "%s", message)
			return nil, false
		}
		root, err := c.convert(&document)
		if err != nil {
			r.problem("syntax", source.Place{File: file.Name}, "%v", err)
			return nil, false
		}
		documents = append(documents, root)
	}
}

// parserErrors are those whose line the YAML package counts from 0; it counts the scanner's from 1.
var parserErrors = []string{
	"did not find expected <document start>", "found undefined tag handle", "did not find expected node content",
	"did not find expected '-' indicator", "did not find expected key", "did not find expected ',' or ']'",
	"did not find expected ',' or '}'",
}

// syntaxError gives the line of an error of the YAML package: 0 for the few that have none.
func syntaxError(err error) (line int, message string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		line, _ = strconv.Atoi(match[1])
		message = message[len(match[0]):]
	}
	if slices.Contains(parserErrors, message) {
		line++
	}
	return line, message
}

func (c *converter) place(n *yaml.Node) source.Place {
	return source.Place{File: c.file, Line: n.Line, Column: n.Column}
}

func (c *converter) convert(n *yaml.Node) (*node, error) {
	if c.count++; c.count > maxNodes {
		return nil, errTooManyNodes
	}
	if made := c.done[n]; made != nil {
		return made, nil
	}
	if c.open[n] {
		c.r.problem("syntax", c.place(n), "contains itself through an alias")
		return &node{kind: yaml.ScalarNode, tag: "!!null", place: c.place(n)}, nil
	}
	c.open[n] = true
	defer delete(c.open, n)

	made := &node{kind: n.Kind, tag: n.ShortTag(), place: c.place(n)}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return made, nil
		}
		return c.convert(n.Content[0])
	case yaml.AliasNode:
		return c.convert(n.Alias)
	case yaml.ScalarNode:
		made.text, made.origin, made.lacks = c.r.interpolate(n.Value, made.place)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			value, err := c.convert(item)
			if err != nil {
				return nil, err
			}
			made.items = append(made.items, value)
		}
	case yaml.MappingNode:
		if err := c.mapping(n, made); err != nil {
			return nil, err
		}
	}
	c.done[n] = made
	return made, nil
}

// mapping fills in the fields of a mapping. What it says itself wins over what it merges, wherever the merge key stands.
func (c *converter) mapping(n *yaml.Node, made *node) error {
	own := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; !isMerge(key) {
			if name, ok := keyName(key); ok {
				own[name] = true
			}
		}
	}
	seen := map[string]bool{}
	merged := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		value, err := c.convert(n.Content[i+1])
		if err != nil {
			return err
		}
		if isMerge(key) {
			sources := []*node{value}
			if value.kind == yaml.SequenceNode {
				sources = value.items
			}
			for _, from := range sources {
				if from.kind != yaml.MappingNode {
					c.r.problem("syntax", from.place, "only mappings can be merged")
					continue
				}
				for _, f := range from.fields {
					if c.count++; c.count > maxNodes {
						return errTooManyNodes
					}
					if !own[f.name] && !merged[f.name] {
						merged[f.name] = true
						made.fields = append(made.fields, f)
					}
				}
			}
			continue
		}
		name, ok := keyName(key)
		if !ok {
			c.r.problem("syntax", c.place(key), "a key has to be a scalar")
			continue
		}
		if seen[name] {
			c.r.problem("syntax", c.place(key), "the key %s is there twice", strconv.Quote(name))
			continue
		}
		seen[name] = true
		made.fields = append(made.fields, field{name: name, place: c.place(key), value: value})
	}
	return nil
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.ShortTag() == "!!merge"
}

func keyName(key *yaml.Node) (string, bool) {
	if key.Kind == yaml.AliasNode {
		key = key.Alias
	}
	return key.Value, key.Kind == yaml.ScalarNode
}

func (n *node) String() string {
	switch {
	case n.null():
		return "nothing"
	case n.kind == yaml.SequenceNode:
		return "a list"
	case n.kind == yaml.MappingNode:
		return "a mapping"
	}
	return fmt.Sprintf("%q", n.text)
}
