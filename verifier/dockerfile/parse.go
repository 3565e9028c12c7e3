package dockerfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/dcverify/dcverify/verifier/source"
)

const (
	byteOrderMark = "\uFEFF"

	// longestLine is what bufio.Scanner, which the parser reads with, takes for one line.
	longestLine = 64 << 10

	// mostSyntaxErrors is how many instructions may be broken before the rest of a file is given up.
	mostSyntaxErrors = 20

	// mostReferences and mostTriggers bound what the parser does by recursion: ${a:-${b:-… and ONBUILD ONBUILD …
	mostReferences, mostTriggers = 5000, 20
)

// File is a parsed Dockerfile.
type File struct {
	lines    lines
	escape   rune
	nodes    []node
	problems []Problem
}

// node is one instruction as the parser sees it, with the way back to the file.
type node struct {
	*parser.Node
	logical logical
	args    int // where in the joined line the arguments begin
	place   source.Place
}

// Parse reads a Dockerfile. What is none of it becomes a problem of every [Build]; the rest is read as if it were not there,
// because people want to know of the other mistakes too.
func Parse(file source.File) File {
	f := File{lines: newLines(file), escape: parser.DefaultEscapeToken}
	r := &ruler{lines: f.lines}
	f.refuse(r)
	result := f.parse(r)
	if result == nil {
		return f
	}
	f.escape = result.EscapeToken
	for _, n := range result.AST.Children {
		parsed := node{Node: n, logical: f.lines.join(n.StartLine, byte(f.escape))}
		if parsed.logical.text != n.Original {
			// The parser and this package disagree about where the instruction stands: keep its lines, give up columns.
			parsed.logical = logical{text: n.Original}
			start, _ := f.lines.span(n.StartLine)
			_, end := f.lines.span(n.EndLine)
			parsed.place = r.place(start, end)
		} else {
			end := parsed.logical.offset(len(strings.TrimRight(n.Original, " \t\r")))
			if len(n.Heredocs) > 0 {
				_, end = f.lines.span(n.EndLine)
			}
			parsed.place = r.place(parsed.logical.parts[0].start, end)
		}
		parsed.args = arguments(n.Original, byte(f.escape))
		f.nodes = append(f.nodes, parsed)
	}
	return f
}

// parse reads the file again and again without the instructions that the parser refuses, for it says only the first of them
// and nothing else.
func (f *File) parse(r *ruler) *parser.Result {
	for range mostSyntaxErrors {
		result, err := parser.Parse(strings.NewReader(f.lines.text()))
		if err == nil {
			return result
		}
		first, last := 1, 1
		var where *parser.LocationError
		if errors.As(err, &where) && len(where.Locations) > 0 && len(where.Locations[0]) > 0 {
			ranges := where.Locations[0]
			first, last = ranges[0].Start.Line, ranges[len(ranges)-1].End.Line
		}
		if said := err.Error(); strings.Contains(said, "parser directive") || strings.Contains(said, "escape token") {
			first, last = first+1, first+1 // here the parser counts from zero
		}
		first, last = max(first, 1), min(max(first, last), f.lines.count())
		start, _ := f.lines.span(first)
		_, end := f.lines.span(last)
		f.problem("syntax", said(err), r.place(start, end))
		progress := false
		for n := first; n <= last; n++ {
			progress = progress || !f.lines.blank[n]
			f.lines.blank[n] = true
		}
		if !progress || strings.Contains(err.Error(), "no instructions") {
			return nil
		}
	}
	return nil
}

// refuse blanks what the parser would read for hours or with all the memory there is, and lines that it cannot read.
func (f *File) refuse(r *ruler) {
	references, triggers, first := 0, 0, 1
	for n := 1; n <= f.lines.count(); n++ {
		start, end := f.lines.span(n)
		text := f.lines.file.Text[start:end]
		if end-start >= longestLine-2 {
			f.problem("syntax", fmt.Sprintf("the line is longer than the %d bytes that Docker reads", longestLine), r.place(start, end))
			f.lines.blank[n] = true
			continue
		}
		if references == 0 && triggers == 0 {
			first = n
		}
		references += strings.Count(text, "${")
		triggers += strings.Count(strings.ToLower(text), "onbuild")
		if references > mostReferences || triggers > mostTriggers {
			begin, _ := f.lines.span(first)
			f.problem("syntax", "the instruction is nested too deeply to be read", r.place(begin, end))
			for i := first; i <= n; i++ {
				f.lines.blank[i] = true
			}
			references, triggers = 0, 0
		}
		// Whatever may be the escape character: a line that both end ends the instruction.
		bare := strings.TrimLeft(text, " \t\v\f")
		_, slash := continued(text, 0, len(text), '\\')
		_, tick := continued(text, 0, len(text), '`')
		if bare != "" && bare[0] != '#' && !slash && !tick {
			references, triggers = 0, 0
		}
	}
}

func (f *File) problem(kind, message string, place source.Place) {
	f.problems = append(f.problems, Problem{Kind: kind, Message: message, Place: place, Stage: -1})
}

// said is an error of BuildKit's packages without what it quotes from the file, which may be a secret.
func said(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	text := err.Error()
	if strings.HasPrefix(text, "Syntax error - can't find =") {
		return "a word has no =: every word must be of the form name=value"
	}
	text, _, _ = strings.Cut(text, "\n")
	return text
}
