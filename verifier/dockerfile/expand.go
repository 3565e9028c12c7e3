package dockerfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// Bounds of what is expanded. A Dockerfile of forty lines ENV A=$A$A asks for a terabyte, and ${A//x/…} multiplies too.
const (
	longestValue = 1 << 20
	mostExpanded = 64 << 20
	mostMatching = 16 << 20
)

// value is the text of a variable, and why that is not the whole truth.
type value struct{ text, unknown string }

// scope is what expansions see: the ENVs and ARGs in force.
type scope struct {
	vars map[string]value
	base string // the image that may set what is not in vars; empty where all that it sets is known
}

func (s scope) clone() scope { return scope{maps.Clone(s.vars), s.base} }

// lookup answers the builder's lexer for one word and notes what was asked.
type lookup struct {
	scope   scope
	room    int // how many bytes may still be handed out
	matched int // how long the values of patterns may be; -1 where there are none
	unknown string
	full    bool
}

func (l *lookup) Keys() []string { return nil }

func (l *lookup) Get(name string) (string, bool) {
	v, ok := l.scope.vars[name]
	if !ok {
		if l.scope.base == "" || !variable(name) {
			// The lexer leaves references to variables that are not set as they are where a base may set them, and $1 or $@
			// no base sets.
			return "", l.scope.base != ""
		}
		l.note(fmt.Sprintf("$%s may be set by %s, whose configuration is not at hand", name, l.scope.base))
		return "", false
	}
	l.note(v.unknown)
	if l.room -= len(v.text); l.room < 0 || l.matched >= 0 && len(v.text) > l.matched {
		l.full = true
		return "", true
	}
	return v.text, true
}

func (l *lookup) note(unknown string) {
	if l.unknown == "" {
		l.unknown = unknown
	}
}

// variable tells whether a variable may have that name, which the shell's own parameters have not.
func variable(name string) bool {
	return name != "" && name != "_" && !strings.ContainsAny(name[:1], "0123456789@*#?-$!")
}

// expand expands one word as the builder does. What the builder refuses is a problem at the place, and stays as it is written.
func (b *builder) expand(text string, s scope, at where) value {
	if !strings.ContainsAny(text, `$'"`+string(b.file.escape)) && len(text) <= longestValue {
		return value{text: text}
	}
	asked := &lookup{scope: s, room: longestValue - len(text), matched: -1}
	if strings.Contains(text, "${") && strings.ContainsAny(text, "#%/") {
		asked.matched = mostMatching / len(text)
	}
	if asked.room < 0 || b.spent > mostExpanded || strings.Count(text, "${") > mostReferences {
		b.tooBig(at)
		return value{text, "it is too big to be followed"}
	}
	b.lex.SkipUnsetEnv = s.base != ""
	result, err := b.lex.ProcessWordWithMatches(text, asked)
	b.spent += len(result.Result)
	switch {
	case err != nil:
		b.problem("unsupported-expansion", "the builder refuses the expansion: "+said(err), at)
		return value{text, "the builder refuses the expansion"}
	case asked.full || len(result.Result) > longestValue:
		b.tooBig(at)
		return value{text, "it is too big to be followed"}
	}
	if s.base == "" {
		b.undefined(text, result.Unmatched, at)
	}
	return value{result.Result, asked.unknown}
}

func (b *builder) tooBig(at where) {
	b.problem("too-big", fmt.Sprintf("the expansion is not followed: a value grows beyond %d bytes, or all of them beyond %d", longestValue, mostExpanded), at)
}

// undefined warns of variables that nothing sets, unless the word itself says what is to happen then.
func (b *builder) undefined(text string, names map[string]struct{}, at where) {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !variable(name) || at.declared[name] {
			continue
		}
		if reference := "${" + name; strings.Contains(text, reference+":") || strings.Contains(text, reference+"-") || strings.Contains(text, reference+"+") {
			continue
		}
		b.problem("undefined-arg", fmt.Sprintf("nothing sets $%s: it expands to nothing", name), at)
	}
}

// where is the place of a word, and what of its stage a message needs.
type where struct {
	place    source.Place
	stage    int
	declared map[string]bool // ARGs without a value are no mistake
	quiet    bool
}

// mostProblems is how many problems a build tells.
const mostProblems = 1000

func (b *builder) problem(kind, message string, at where) {
	if !at.quiet && len(b.problems) < mostProblems {
		b.problems = append(b.problems, Problem{Kind: kind, Message: message, Place: at.place, Stage: at.stage})
	}
}
