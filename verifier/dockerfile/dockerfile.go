// Package dockerfile reads what the ENV instructions of a Dockerfile declare.
//
// Its one rule: it says what is written and where, in the words of the file; $NAME stays $NAME. What a build makes of it is
// observed in the image.
package dockerfile

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// File is a parsed Dockerfile.
type File struct {
	stages []stage // in the order of the file
}

// stage is what stands between one FROM and the next.
type stage struct {
	name string // after AS, in lower case
	base string // image or earlier stage, in lower case
	env  map[string]goenv.Declaration
}

// Parse reads a Dockerfile. The error says at which line it is none.
func Parse(file source.File) (File, error) {
	result, err := parser.Parse(strings.NewReader(file.Text))
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", file.Name, err)
	}
	var f File
	for _, node := range result.AST.Children {
		switch strings.ToLower(node.Value) {
		case "from":
			f.stages = append(f.stages, newStage(node))
		case "env":
			if len(f.stages) > 0 {
				f.stages[len(f.stages)-1].declare(file, node)
			}
		}
	}
	return f, nil
}

func newStage(node *parser.Node) stage {
	s := stage{env: map[string]goenv.Declaration{}}
	var words []string
	for next := node.Next; next != nil; next = next.Next {
		words = append(words, strings.ToLower(next.Value))
	}
	if len(words) > 0 {
		s.base = words[0]
	}
	if len(words) == 3 && words[1] == "as" {
		s.name = words[2]
	}
	return s
}

// variable is a name that a shell and a regexp can take; the parser takes any.
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// declare notes the variables of one ENV instruction, which the parser gives as name, value and separator in turn.
func (s *stage) declare(file source.File, node *parser.Node) {
	for name := node.Next; name != nil && name.Next != nil; {
		value := name.Next
		if variable.MatchString(name.Value) {
			s.env[name.Value] = goenv.Declaration{Value: unquoted(value.Value), Place: placeOf(file, node, name.Value)}
		}
		name = value.Next
		if name != nil {
			name = name.Next
		}
	}
}

// unquoted takes the quotes and backslashes away, as the builder does when nothing is to be expanded.
func unquoted(value string) string {
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1]
	}
	return strings.NewReplacer(`\ `, " ", `\"`, `"`, `\\`, `\`).Replace(value)
}

// placeOf recovers the column of a variable: the parser knows lines alone.
func placeOf(file source.File, node *parser.Node, name string) source.Place {
	start := 0
	for range node.StartLine - 1 {
		start += strings.IndexByte(file.Text[start:], '\n') + 1
	}
	end := start
	for range node.EndLine - node.StartLine + 1 {
		if next := strings.IndexByte(file.Text[end:], '\n'); next >= 0 {
			end += next + 1
		} else {
			end = len(file.Text)
		}
	}
	text := file.Text[start:end]
	if at := regexp.MustCompile(`(?:^|\s)(` + name + `)[=\s]`).FindStringSubmatchIndex(text); at != nil {
		return file.Place(start+at[2], start+at[3])
	}
	return file.Place(start, start+len(strings.TrimRight(text, "\r\n")))
}

// Env is what the stage of that name declares, with what it inherits from earlier stages; the last stage when the name is
// empty.
func (f File) Env(target string) map[string]goenv.Declaration {
	env := map[string]goenv.Declaration{}
	at := len(f.stages) - 1
	if target != "" {
		at = f.find(target, len(f.stages))
	}
	for at >= 0 {
		for name, declared := range f.stages[at].env {
			if _, ok := env[name]; !ok {
				env[name] = declared
			}
		}
		at = f.find(f.stages[at].base, at)
	}
	return env
}

// find is the last stage of that name before the given one; -1 where the name is an image's.
func (f File) find(name string, before int) int {
	for i := before - 1; i >= 0; i-- {
		if f.stages[i].name != "" && strings.EqualFold(f.stages[i].name, name) {
			return i
		}
	}
	return -1
}
