package shell

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// The limits keep a hostile script from costing more than a real one could: the parser and the walk below are recursive.
const (
	maxSize     = 256 << 10 // bytes of one script
	maxNesting  = 1000      // openings that one script may have open at a time, roughly counted
	maxCommands = 20000
	maxWords    = 8 << 20 // bytes of all words, loops written out
	maxLoop     = 200     // words of a loop that is written out
	maxScripts  = 8       // bash -c inside of bash -c
)

// Parse reads a script. The dialect is the shell that runs it, as a shebang line or Docker's SHELL names it ("sh", "/bin/bash",
// "bash -eo pipefail -c"); empty where that is not known. A shebang line of the script itself is heeded.
//
// A text that is an error in that dialect is read in the other one; if it is an error there too, the commands before the
// error are given. Bash refuses little that a POSIX shell takes, but a POSIX shell refuses arrays, here strings and more.
func Parse(script string, dialect string) Script { return ParseWith(script, dialect, nil) }

// ParseWith reads a script whose environment has these variables: where the script does not set them itself, their values stand in
// the words that use them.
func ParseWith(script string, dialect string, environment map[string]string) Script {
	if len(script) > maxSize {
		return Script{Problem: fmt.Sprintf("it has more than %d KiB", maxSize>>10)}
	}
	if nesting(script) > maxNesting {
		return Script{Problem: "it is nested too deeply"}
	}
	if line, ok := strings.CutPrefix(script, "#!"); ok {
		line, _, _ = strings.Cut(line, "\n")
		dialect = strings.TrimSpace(line)
	}
	w := &walk{text: newText(script), known: map[string][]string{}, budget: new(maxWords)}
	bash := w.options(dialect)
	statements, problem := read(script, bash)
	w.assigned = assignments(statements)
	for name, value := range environment {
		if w.assigned[name] == 0 {
			w.known[name] = []string{value}
		}
	}
	w.statements(statements, context{last: true})
	return Script{Commands: w.commands, Problem: cmp.Or(problem, w.problem)}
}

// FromWords reads a command that is given as words and runs without a shell: RUN and lifecycle commands in JSON form. Of a
// shell with -c the script is read.
func FromWords(words []string) Script {
	var line strings.Builder
	for i, word := range words {
		if i > 0 {
			line.WriteByte(' ')
		}
		line.WriteString("'" + strings.ReplaceAll(word, "'", `'\''`) + "'")
	}
	script := Parse(line.String(), Posix)
	for i := range script.Commands { // the quotes are not in the file, so columns mean nothing
		at(&script.Commands[i], 1, 1)
	}
	return script
}

// at moves a command to another place.
func at(c *Command, line, column int) {
	move := func(w *Word) { w.Line, w.Column = line, column }
	c.Line, c.Column = line, column
	for i := range c.Words {
		move(&c.Words[i])
	}
	for i := range c.Assigns {
		move(&c.Assigns[i].Value)
	}
	for i := range c.Redirects {
		move(&c.Redirects[i].File)
		if c.Redirects[i].Heredoc != nil {
			move(c.Redirects[i].Heredoc)
		}
	}
}

// Dialects of Parse.
const (
	Bash  = "bash"
	Posix = "sh"
)

// assignments counts how often a script sets each variable.
func assignments(statements []*syntax.Stmt) map[string]int {
	counts := map[string]int{}
	for _, statement := range statements {
		syntax.Walk(statement, func(node syntax.Node) bool {
			if assign, ok := node.(*syntax.Assign); ok && assign.Name != nil && !assign.Naked {
				counts[assign.Name.Value]++
			}
			return true
		})
	}
	return counts
}

// nesting tells how deep the parser may have to go, in the worst reading of the text: quotes, comments and here documents
// are not told apart, but a line's end closes nothing that a real script leaves open hundreds of times.
func nesting(script string) int {
	depth, deepest := 0, 0
	open := func(by int) {
		depth = max(depth+by, 0)
		deepest = max(deepest, depth)
	}
	inWord := -1
	for i := 0; i <= len(script); i++ {
		if i < len(script) && script[i] >= 'a' && script[i] <= 'z' {
			if inWord < 0 {
				inWord = i
			}
			continue
		}
		if inWord >= 0 {
			open(openings[script[inWord:i]])
			inWord = -1
		}
		if i < len(script) {
			open(brackets[script[i]])
		}
	}
	return deepest
}

// What nests the parser's calls, and what ends that.
var (
	brackets = [256]int{'(': 1, ')': -1, '{': 1, '}': -1, '[': 1, ']': -1, '`': 1, '!': 1, '\n': -1}
	openings = map[string]int{
		"if": 1, "fi": -1, "while": 1, "until": 1, "for": 1, "select": 1, "done": -1, "case": 1, "esac": -1, "time": 1, "coproc": 1, "function": 1,
	}
)

// read parses a script in the dialect, then in the other one, and keeps what goes further.
func read(script string, bash bool) ([]*syntax.Stmt, string) {
	first, second := syntax.LangPOSIX, syntax.LangBash
	if bash {
		first, second = second, first
	}
	statements, err := readAs(script, first)
	if err == nil {
		return statements, ""
	}
	others, otherErr := readAs(script, second)
	if otherErr == nil || len(others) > len(statements) {
		statements = others
	}
	if otherErr == nil {
		return statements, ""
	}
	return statements, problem(err)
}

// readAs leaves the loop only at its end: the parser goes on after an error even when it is told to stop. What it panics
// about is an error of the script too, as far as users are concerned.
func readAs(script string, lang syntax.LangVariant) (statements []*syntax.Stmt, err error) {
	defer func() {
		if bug := recover(); bug != nil && err == nil {
			err = fmt.Errorf("it cannot be read: %v", bug)
		}
	}()
	for statement, failure := range syntax.NewParser(syntax.Variant(lang)).StmtsSeq(strings.NewReader(script)) {
		switch {
		case err != nil:
		case failure != nil:
			err = failure
		default:
			statements = append(statements, statement)
		}
	}
	return statements, err
}

// problem is the parser's message with its line, but without a file's name, which it does not know.
func problem(err error) string {
	if failure, ok := errors.AsType[syntax.ParseError](err); ok {
		return fmt.Sprintf("line %d: %s", failure.Pos.Line(), failure.Text)
	}
	return err.Error()
}
