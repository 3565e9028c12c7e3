package shell

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// options reads the shell that runs a script, and tells whether it is bash.
func (w *walk) options(dialect string) bool {
	words := strings.Fields(dialect)
	bash := len(words) == 0
	for i, word := range words {
		switch name := path.Base(word); {
		case strings.HasPrefix(word, "-"):
			w.set(words[i:])
			return bash
		case name == "bash" || name == "zsh" || name == "ksh":
			bash = true
		}
	}
	return bash
}

// set follows the options of the set builtin and of shells themselves, as far as they change what a failure does.
func (w *walk) set(words []string) {
	for i, word := range words {
		on := strings.HasPrefix(word, "-")
		if !on && !strings.HasPrefix(word, "+") {
			continue
		}
		if word == "--" {
			return
		}
		if strings.HasPrefix(word, "--") {
			continue
		}
		if strings.Contains(word[1:], "e") {
			w.errexit = on
		}
		if strings.Contains(word[1:], "o") && i+1 < len(words) {
			switch words[i+1] {
			case "errexit":
				w.errexit = on
			case "pipefail":
				w.pipefail = on
			}
		}
	}
}

// walk turns statements into commands.
type walk struct {
	text     text
	commands []Command
	known    map[string][]string // variables that the script sets to a plain text; lists under name[@]
	assigned map[string]int      // how often it sets each variable
	env      map[string]string   // Go's variables that it has set so far; never changed, only replaced
	problem  string
	dir      string
	as       string
	errexit  bool
	pipefail bool
	scripts  int  // how many scripts deep
	shallow  bool // what stands in substitutions is left alone
	budget   *int // bytes of words that may still be read
}

// context is what surrounds a statement.
type context struct {
	after     string
	maybe     bool
	subshell  bool
	last      bool   // its status becomes that of the script
	exempt    bool   // set -e does not look at its status: a condition, the left of && and ||
	hidden    string // see Command.Hidden
	redirects []Redirect
	heredoc   *flat // the here document that its input is
}

// statements walks a list. In a list without set -e only the last one's failure is seen.
func (w *walk) statements(list []*syntax.Stmt, c context) {
	for i, statement := range list {
		inner := c
		if i > 0 {
			inner.after = ";"
		}
		if i+1 < len(list) {
			inner.last = false
			inner.hidden = ""
			if i+2 == len(list) && !w.errexit && c.last {
				if ending := succeeds(list[i+1]); ending != "" && ending != "echo" {
					inner.hidden = "; " + ending
				}
			}
		}
		w.statement(statement, inner)
	}
}

func (w *walk) statement(s *syntax.Stmt, c context) {
	if s == nil {
		return
	}
	if len(w.commands) >= maxCommands || *w.budget < 0 {
		w.problem = cmp.Or(w.problem, "it is too long")
		return
	}
	if s.Negated || s.Background {
		c.last, c.exempt = false, true
	}
	if s.Background {
		c.subshell = true
	}
	for _, redirect := range s.Redirs {
		if r, document, ok := w.redirect(redirect); ok {
			c.redirects = append(slices.Clip(c.redirects), r)
			if document != nil {
				c.heredoc = document
			}
		}
		w.substitutions(redirect.Word, c)
	}
	switch command := s.Cmd.(type) {
	case nil:
		if len(c.redirects) > 0 {
			w.emit(Command{}, s.Pos(), c)
		}
	case *syntax.CallExpr:
		w.call(command, c)
	case *syntax.DeclClause:
		w.declare(command, c)
	case *syntax.BinaryCmd:
		w.binary(command, c)
	case *syntax.Block:
		w.statements(command.Stmts, c)
	case *syntax.Subshell:
		c.subshell = true
		w.scoped(func() { w.statements(command.Stmts, c) })
	case *syntax.IfClause:
		w.conditional(command, c)
	case *syntax.WhileClause:
		condition, body := c, c
		condition.last, condition.exempt = false, true
		w.statements(command.Cond, condition)
		body.maybe, body.after = true, ";"
		w.branch(func() { w.statements(command.Do, body) })
	case *syntax.ForClause:
		w.loop(command, c)
	case *syntax.CaseClause:
		w.substitutions(command.Word, c)
		c.maybe = true
		for _, item := range command.Items {
			w.branch(func() { w.statements(item.Stmts, c) })
			c.after = ";"
		}
	case *syntax.FuncDecl:
		c.maybe, c.last = true, true
		w.branch(func() { w.statement(command.Body, c) })
	case *syntax.TimeClause:
		w.statement(command.Stmt, c)
	case *syntax.CoprocClause:
		c.subshell = true
		w.statement(command.Stmt, c)
	case *syntax.TestClause:
		line, column := w.text.root.position(w.text.original(int(command.Pos().Offset())))
		w.emit(Command{Words: []Word{{Text: "[[", Line: line, Column: column}}}, command.Pos(), c)
	}
}

// scoped runs something in a shell of its own: variables and cd are forgotten after it.
func (w *walk) scoped(run func()) {
	dir, as, errexit, pipefail, known, env := w.dir, w.as, w.errexit, w.pipefail, w.known, w.env
	w.known = maps.Clone(known)
	run()
	w.dir, w.as, w.errexit, w.pipefail, w.known, w.env = dir, as, errexit, pipefail, known, env
}

// branch runs something that may not run: what it changes is not known after it.
func (w *walk) branch(run func()) {
	dir, before, env := w.dir, w.known, w.env
	w.known = maps.Clone(before)
	run()
	if w.dir != dir {
		w.dir = "?"
	}
	for name, value := range w.env {
		if env[name] != value {
			w.setenv(Assign{Name: name, Value: Word{Text: "?"}})
		}
	}
	for name, values := range before {
		if !slices.Equal(w.known[name], values) {
			delete(before, name)
		}
	}
	w.known = before
}

func (w *walk) conditional(clause *syntax.IfClause, c context) {
	condition := c
	condition.last, condition.exempt = false, true
	for ; clause != nil; clause = clause.Else {
		w.statements(clause.Cond, condition)
		body := c
		body.maybe, body.after = true, ";"
		w.branch(func() { w.statements(clause.Then, body) })
		condition.maybe, condition.after, c.after = true, ";", ";"
	}
}

// loop writes out the rounds of a loop over plain words.
func (w *walk) loop(clause *syntax.ForClause, c context) {
	maybe := c
	maybe.maybe = true
	iteration, ok := clause.Loop.(*syntax.WordIter)
	if !ok || clause.Select {
		w.branch(func() { w.statements(clause.Do, maybe) })
		return
	}
	var items []string
	plain := len(iteration.Items) > 0
	for _, item := range iteration.Items {
		w.substitutions(item, c)
		values, ok := w.fields(item)
		plain = plain && ok
		items = append(items, values...)
	}
	name := iteration.Name.Value
	if !plain || len(items) == 0 || len(items) > maxLoop {
		w.branch(func() {
			delete(w.known, name)
			w.statements(clause.Do, maybe)
		})
		return
	}
	for i, item := range items {
		w.known[name] = []string{item}
		inner := c
		inner.last = c.last && i+1 == len(items)
		w.statements(clause.Do, inner)
		c.after = ";"
	}
}

func (w *walk) binary(command *syntax.BinaryCmd, c context) {
	left, right := c, c
	switch command.Op {
	case syntax.AndStmt:
		// set -e looks only at the last of a list, but a list that ends a script still gives its status.
		left.exempt = true
		right.after = "&&"
		w.statement(command.X, left)
		w.statement(command.Y, right)
	case syntax.OrStmt:
		left.exempt = true
		if ending := succeeds(command.Y); ending != "" {
			left.hidden = "|| " + ending
			left.last = false
		} else if !gives(command.Y) {
			left.last = false
		} else {
			left.exempt = c.exempt
		}
		right.after, right.maybe = "||", true
		w.statement(command.X, left)
		w.branch(func() { w.statement(command.Y, right) })
	default:
		left.subshell, right.subshell = true, true
		left.redirects = nil
		if !w.pipefail {
			left.last, left.exempt = false, true
		}
		left.redirects = w.tees(command.Y)
		right.after = "|"
		w.scoped(func() { w.statement(command.X, left) })
		first := len(w.commands)
		w.scoped(func() { w.statement(command.Y, right) })
		w.feed(command.X, first)
	}
}

// probe reads one simple command without taking note of it.
func (w *walk) probe(s *syntax.Stmt) *walk {
	probe := &walk{text: w.text, known: maps.Clone(w.known), scripts: maxScripts, shallow: true, budget: w.budget}
	probe.statement(s, context{})
	return probe
}

// tees is what the right side of a pipe writes its input into.
func (w *walk) tees(s *syntax.Stmt) (redirects []Redirect) {
	if _, ok := s.Cmd.(*syntax.CallExpr); !ok {
		return nil
	}
	probe := w.probe(s)
	for i, command := range probe.commands {
		if command.Program() == "tee" && (i == 0 || command.After == "|") {
			for _, redirect := range command.Redirects {
				if strings.HasPrefix(redirect.Op, "tee") {
					redirects = append(redirects, redirect)
				}
			}
		}
	}
	return redirects
}

// feed gives the words that echo or printf print to the xargs behind the pipe.
func (w *walk) feed(left *syntax.Stmt, first int) {
	if first >= len(w.commands) || !w.commands[first].Input {
		return
	}
	if _, ok := left.Cmd.(*syntax.CallExpr); !ok {
		return
	}
	probe := w.probe(left)
	if len(probe.commands) != 1 {
		return
	}
	printed, ok := probe.commands[0].Printed()
	if !ok {
		return
	}
	command := &w.commands[first]
	for _, word := range printed {
		if word.Expands {
			return
		}
	}
	for _, word := range printed {
		for i, line := range strings.Split(word.Text, "\n") {
			for _, field := range strings.Fields(line) {
				at := Word{Text: field, Line: word.Line + i, Column: word.Column}
				if i > 0 {
					at.Column = strings.Index(line, field) + 1
				}
				command.Words = append(command.Words, at)
			}
		}
	}
	command.Input = false
}

// succeeds gives the text of a statement that never fails and does nothing else: true, :, exit 0, echo.
func succeeds(s *syntax.Stmt) string {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || s.Negated || len(call.Args) == 0 {
		return ""
	}
	switch name := call.Args[0].Lit(); name {
	case "true", ":", "/bin/true":
		return name
	case "echo", "printf":
		return "echo"
	case "exit", "return":
		if len(call.Args) == 2 && call.Args[1].Lit() == "0" {
			return name + " 0"
		}
	}
	return ""
}

// gives tells whether a statement behind || gives the failure on: exit 1, false, or a group that ends with one.
func gives(s *syntax.Stmt) bool {
	var list []*syntax.Stmt
	switch command := s.Cmd.(type) {
	case *syntax.CallExpr:
		if len(command.Args) == 0 {
			return false
		}
		name := command.Args[0].Lit()
		return name == "false" || ((name == "exit" || name == "return") && (len(command.Args) == 1 || command.Args[1].Lit() != "0"))
	case *syntax.Block:
		list = command.Stmts
	case *syntax.Subshell:
		list = command.Stmts
	case *syntax.BinaryCmd:
		return gives(command.Y)
	}
	return len(list) > 0 && gives(list[len(list)-1])
}
