package compose

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/template"

	"github.com/dcverify/dcverify/verifier/source"
)

const (
	// maxTemplate bounds one text with variables, and maxVariables how many it has: compose-go's replacing takes cubic
	// time.
	maxTemplate  = 1 << 16
	maxVariables = 200
	// maxReplaced bounds the values put in for variables in all files together: a variable may be made of two others,
	// these of four.
	maxReplaced = 16 << 20
)

// interpolate replaces the variables of a text of a compose file. Where a text has one variable, and a .env file gives its value,
// origin is the place there: it is what a person changes.
//
// A variable that nothing sets is the empty text, as for compose; lacks tells that there was one.
func (r *reader) interpolate(text string, place source.Place) (result string, origin source.Place, lacks bool) {
	if !strings.Contains(text, "$") {
		return text, source.Place{}, false
	}
	if r.tooMuch(text, place) {
		return text, source.Place{}, false
	}
	asked := func(name string) (string, bool) {
		value, at, ok := r.scope.lookup(r.host, name)
		origin, lacks = at, lacks || !ok
		return value, ok
	}
	result, err := template.SubstituteWithOptions(text, r.bounded(asked, place), template.WithoutLogging)
	if err != nil {
		kind := "syntax"
		if _, required := errors.AsType[*template.MissingRequiredError](err); required {
			kind = "missing-variable"
		}
		r.problem(kind, place, "%v", err)
		return text, source.Place{}, lacks
	}
	if strings.Count(text, "$") > 1 {
		origin = source.Place{}
	}
	return result, origin, lacks
}

func (r *reader) tooMuch(text string, place source.Place) bool {
	count := strings.Count(text, "$")
	if count == 0 || count <= maxVariables && len(text) <= maxTemplate {
		return false
	}
	r.problem("syntax", place, "a text with variables has at most %d of them and %d bytes", maxVariables, maxTemplate)
	return true
}

// lookup knows the variables that are in force: the host's, then those of .env.
func (r *reader) lookup(name string) (string, bool) {
	value, _, ok := r.scope.lookup(r.host, name)
	return value, ok
}

// A scope is the variables of one .env file, over which those of the files that include its project win.
type scope struct {
	variables map[string]Variable
	around    *scope
}

// lookup gives a variable, and its place where a .env file has it. The host's wins over them all.
func (s *scope) lookup(host map[string]string, name string) (value string, at source.Place, ok bool) {
	if value, ok := host[name]; ok {
		return value, source.Place{}, true
	}
	if s == nil {
		return "", source.Place{}, false
	}
	if value, at, ok := s.around.lookup(nil, name); ok {
		return value, at, true
	}
	variable, ok := s.variables[name]
	return variable.Value, variable.Place, ok
}

// plainly is a reference to a variable that needs no default: it becomes empty where there is none.
var plainly = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)([-?+]?)`)

// quiet makes a lookup give the empty value instead of none for what the statement asks for without saying what else there
// should be. The value of the statement is the same, and compose-go, which writes a warning of it to standard error, has
// nothing to warn of.
func quiet(statement string, lookup func(string) (string, bool)) func(string) (string, bool) {
	otherwise := map[string]bool{}
	for _, match := range plainly.FindAllStringSubmatch(statement, -1) {
		otherwise[match[1]] = otherwise[match[1]] || match[2] != ""
	}
	return func(name string) (string, bool) {
		value, ok := lookup(name)
		told, asked := otherwise[name]
		return value, ok || asked && !told
	}
}

// bounded is a lookup that gives out empty values when there were too many.
func (r *reader) bounded(lookup func(string) (string, bool), place source.Place) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := lookup(name)
		if r.replaced+len(value) > maxReplaced {
			if !r.exhausted {
				r.exhausted = true
				r.problem("syntax", place, "variables make the texts too long: over %d bytes", maxReplaced)
			}
			return "", ok
		}
		r.replaced += len(value)
		return value, ok
	}
}

var dotenvLine = regexp.MustCompile(`^line \d+: `)

// variables reads a file of variables as compose does, but knows where each of them is: it hands compose's parser one
// statement after the other. The lookup goes before what the file itself has said; known holds that, and is added to.
func (r *reader) variables(file source.File, lookup func(string) (string, bool), known map[string]string) []Variable {
	var result []Variable
	c := cursor{text: strings.TrimPrefix(file.Text, "\ufeff"), line: 1, column: 1}
	both := func(name string) (string, bool) {
		if value, ok := lookup(name); ok {
			return value, true
		}
		value, ok := known[name]
		return value, ok
	}
	for {
		line, column, statement := c.next()
		if statement == "" {
			return result
		}
		place := source.Place{File: file.Name, Line: line, Column: column}
		if r.tooMuch(statement, place) {
			continue
		}
		asked := ""
		values, err := dotenv.ParseWithLookup(strings.NewReader(statement), quiet(statement, r.bounded(func(name string) (string, bool) {
			asked = name
			return both(name)
		}, place)))
		if err != nil {
			// compose refuses the whole file; what came before the error helps to see what was meant
			r.problem("syntax", place, "%s", dotenvLine.ReplaceAllString(err.Error(), ""))
			return result
		}
		bare := !strings.ContainsAny(statement, "=:")
		if bare && len(values) == 0 && asked != "" {
			result = append(result, Variable{Name: asked, Unset: true, Place: place})
		}
		for name, value := range values { // one at most
			if name == "" { // a last line of a bare name without a newline: compose-go's parser takes it for a value
				continue
			}
			known[name] = value
			_, host := r.lookup(name)
			result = append(result, Variable{Name: name, Value: value, FromHost: bare && host, Place: place})
		}
	}
}

// raw reads a file of variables of the format "raw": lines that are taken as they are.
func (r *reader) raw(file source.File, known map[string]string) []Variable {
	var result []Variable
	line := 0
	for text := range strings.Lines(strings.TrimPrefix(file.Text, "\ufeff")) {
		line++
		text = strings.TrimRight(text, "\r\n")
		trimmed := strings.TrimLeftFunc(text, unicode.IsSpace)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		name, value, given := strings.Cut(trimmed, "=")
		place := source.Place{File: file.Name, Line: line, Column: 1 + len([]rune(text)) - len([]rune(trimmed))}
		if name == "" || strings.ContainsFunc(name, unicode.IsSpace) {
			r.problem("syntax", place, "%q is no name of a variable", name)
			continue
		}
		variable := Variable{Name: name, Value: value, Place: place}
		if !given {
			variable.Value, variable.FromHost = r.lookup(name)
			variable.Unset = !variable.FromHost
		}
		if !variable.Unset {
			known[name] = variable.Value
		}
		result = append(result, variable)
	}
	return result
}

// A cursor cuts a text into statements, at the same places as compose-go's parser.
type cursor struct {
	text         string // the rest
	line, column int    // of its beginning
}

func (c *cursor) skip(n int) string {
	skipped := c.text[:n]
	c.text = c.text[n:]
	for _, char := range skipped {
		if c.column++; char == '\n' {
			c.line, c.column = c.line+1, 1
		}
	}
	return skipped
}

// next returns "" at the end.
func (c *cursor) next() (line, column int, statement string) {
	for {
		c.skip(len(c.text) - len(strings.TrimLeftFunc(c.text, unicode.IsSpace)))
		if !strings.HasPrefix(c.text, "#") {
			break
		}
		c.skip(lineEnd(c.text, 0))
	}
	line, column = c.line, c.column
	end := strings.IndexAny(c.text, "=:\n")
	switch {
	case end < 0:
		end = len(c.text)
	case c.text[end] == '\n': // belongs to the statement: without it the parser does not see a bare name
		end++
	default:
		end++
		end += len(c.text[end:]) - len(strings.TrimLeftFunc(c.text[end:], func(char rune) bool {
			return char != '\n' && unicode.IsSpace(char)
		}))
		if end < len(c.text) && (c.text[end] == '"' || c.text[end] == '\'') {
			end = quoteEnd(c.text, end)
		} else {
			end = lineEnd(c.text, end)
		}
	}
	return line, column, c.skip(end)
}

func lineEnd(text string, from int) int {
	if i := strings.IndexByte(text[from:], '\n'); i >= 0 {
		return from + i
	}
	return len(text)
}

func quoteEnd(text string, from int) int {
	escaped := false
	for i := from + 1; i < len(text); i++ {
		switch {
		case text[i] == text[from] && !escaped:
			return i + 1
		case text[i] == '\\' && !escaped:
			escaped = true
		default:
			escaped = false
		}
	}
	return len(text)
}

// split cuts a command into words as compose does: quotes and backslashes count, variables and operators do not exist,
// and the command ends at the first operator.
func split(command string) ([]string, error) {
	words := []string{}
	var word strings.Builder
	var quote rune
	var escaped, inWord bool
	flush := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
loop:
	for _, char := range command {
		switch {
		case escaped:
			escaped = false
			switch char {
			case 't':
				char = '\t'
			case 'n':
				char = '\n'
			}
			word.WriteRune(char)
			inWord = true
		case char == '\\' && quote != '\'':
			escaped = true
		case quote != 0 && char == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(char)
		case char == '"' || char == '\'':
			quote, inWord = char, true
		case strings.ContainsRune(" \t\r\n", char):
			flush()
		case strings.ContainsRune(";&|<>", char):
			break loop
		default:
			word.WriteRune(char)
			inWord = true
		}
	}
	if quote != 0 || escaped {
		return nil, fmt.Errorf("%q has a quote without its end", command)
	}
	flush()
	return words, nil
}
