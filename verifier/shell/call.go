package shell

import (
	"maps"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// call walks a simple command.
func (w *walk) call(call *syntax.CallExpr, c context) {
	var assigns []Assign
	for _, assign := range call.Assigns {
		w.inside(assign, c)
		if a, ok := w.assign(assign); ok {
			assigns = append(assigns, a)
		}
	}
	for _, word := range call.Args {
		w.substitutions(word, c)
	}
	if len(call.Args) == 0 {
		w.emit(Command{Assigns: assigns}, call.Pos(), c)
		for i, assign := range call.Assigns {
			w.learn(assign)
			if i < len(assigns) {
				w.setenv(assigns[i])
			}
		}
		return
	}
	w.run(w.flats(call.Args), assigns, c)
}

// declare walks export, declare, local, readonly and typeset.
func (w *walk) declare(clause *syntax.DeclClause, c context) {
	variant := clause.Variant.Value
	line, column := w.text.root.position(w.text.original(int(clause.Pos().Offset())))
	command := Command{Words: []Word{{Text: variant, Line: line, Column: column}}}
	export := variant == "export"
	for _, assign := range clause.Args {
		w.inside(assign, c)
		if assign.Naked {
			word := assign.Value
			f := &flat{}
			if word != nil {
				f = w.flatten(word)
			} else if assign.Name != nil {
				start := int(assign.Name.Pos().Offset())
				f.start = w.text.original(start)
				w.put(f, assign.Name.Value, start, true)
			}
			export = export || (strings.HasPrefix(string(f.text), "-") && strings.Contains(string(f.text), "x"))
			command.Words = append(command.Words, w.word(f))
			continue
		}
		a, ok := w.assign(assign)
		if !ok {
			continue
		}
		a.Export = export
		command.Assigns = append(command.Assigns, a)
		at := w.text.original(int(assign.Pos().Offset()))
		line, column := w.text.root.position(at)
		word := a.Value
		word.Text, word.Line, word.Column = a.Name+"="+word.Text, line, column
		command.Words = append(command.Words, word)
	}
	w.emit(command, clause.Pos(), c)
	for _, assign := range clause.Args {
		if !assign.Naked {
			w.learn(assign)
		}
	}
	for _, a := range command.Assigns {
		w.setenv(a)
	}
}

func (w *walk) assign(assign *syntax.Assign) (Assign, bool) {
	if assign.Name == nil || assign.Array != nil || assign.Index != nil {
		return Assign{}, false
	}
	result := Assign{Name: assign.Name.Value}
	if assign.Value == nil {
		end := w.text.original(int(assign.End().Offset()))
		result.Value.Line, result.Value.Column = w.text.root.position(end)
	} else {
		result.Value = w.word(w.flatten(assign.Value))
	}
	if assign.Append {
		result.Value.Text = "$" + result.Name + result.Value.Text
		result.Value.Expands = true
		result.Value.Uses = append(slices.Clip(result.Value.Uses), result.Name)
	}
	return result, true
}

// learn keeps the plain text of a variable, for the words that use it. PATH is what everybody else changes too. A variable
// that the script sets in several places is not followed.
func (w *walk) learn(assign *syntax.Assign) {
	if assign.Name == nil {
		return
	}
	name := assign.Name.Value
	delete(w.known, name)
	delete(w.known, name+"[@]")
	if w.assigned[name] != 1 || assign.Append || assign.Index != nil || name == "PATH" || name == "IFS" {
		return
	}
	if assign.Array != nil {
		values := []string{}
		for _, element := range assign.Array.Elems {
			fields, ok := w.fields(element.Value)
			if !ok || element.Index != nil || element.Value == nil {
				return
			}
			values = append(values, fields...)
		}
		w.known[name+"[@]"] = values
		return
	}
	if f := w.flatten(assign.Value); !f.expands && len(f.text) < 1<<12 {
		w.known[name] = []string{string(f.text)}
	}
}

// setenv notes one of Go's variables.
func (w *walk) setenv(a Assign) {
	if !strings.HasPrefix(a.Name, "GO") && !strings.HasPrefix(a.Name, "CGO_") {
		return
	}
	env := maps.Clone(w.env)
	if env == nil {
		env = map[string]string{}
	}
	env[a.Name] = a.Value.Text
	w.env = env
}

// emit adds a command.
func (w *walk) emit(command Command, at syntax.Pos, c context) {
	line, column := w.text.root.position(w.text.original(int(at.Offset())))
	w.add(command, line, column, c)
}

func (w *walk) add(command Command, line, column int, c context) {
	if len(w.commands) >= maxCommands {
		return
	}
	command.Line, command.Column = line, column
	if len(command.Words) > 0 && command.Words[0].Line > 0 {
		command.Line, command.Column = command.Words[0].Line, command.Words[0].Column
	}
	command.Redirects = append(slices.Clone(c.redirects), command.Redirects...)
	command.After, command.Maybe, command.Subshell = c.after, c.maybe, c.subshell
	command.Tolerated = !c.last && (!w.errexit || c.exempt)
	if command.Tolerated {
		command.Hidden = c.hidden
	}
	command.As, command.Dir, command.Env = w.as, w.dir, w.env
	if len(command.Words) > 0 {
		before := w.env
		for _, a := range command.Assigns {
			if !a.Export {
				w.setenv(a)
			}
		}
		command.Env, w.env = w.env, before
	}
	w.commands = append(w.commands, command)
}

// after follows what a builtin changes for the commands behind it.
func (w *walk) after(command Command, dir string) {
	switch command.Program() {
	case "cd", "pushd":
		var target *Word
		for _, word := range command.Args() {
			if !strings.HasPrefix(word.Text, "-") || word.Text == "-" {
				target = &word
				break
			}
		}
		switch {
		case target == nil && command.Program() == "cd":
			w.dir = "~"
		case target == nil || target.Expands || target.Text == "-" || target.Text == "":
			w.dir = "?"
		case strings.HasPrefix(target.Text, "/") || strings.HasPrefix(target.Text, "~"):
			w.dir = path.Clean(target.Text)
		case dir == "?":
		default:
			w.dir = path.Join(dir, target.Text)
		}
	case "popd":
		w.dir = "?"
	case "set":
		var words []string
		for _, word := range command.Args() {
			words = append(words, word.Text)
		}
		w.set(words)
	case "export", "readonly", "local":
		for _, a := range command.Assigns {
			w.setenv(a)
		}
	case "unset", "read":
		for _, word := range command.Args() {
			delete(w.known, word.Text)
			if _, ok := w.env[word.Text]; ok {
				w.setenv(Assign{Name: word.Text})
			}
		}
	}
}

// redirect reads a redirection of standard output, or a here document.
func (w *walk) redirect(r *syntax.Redirect) (Redirect, *flat, bool) {
	if r.N != nil && r.N.Value != "1" && r.N.Value != "0" {
		return Redirect{}, nil, false
	}
	result := Redirect{File: w.word(w.flatten(r.Word))}
	switch r.Op {
	case syntax.RdrOut, syntax.RdrClob, syntax.RdrAll:
		result.Op = ">"
	case syntax.AppOut, syntax.AppAll:
		result.Op = ">>"
	case syntax.Hdoc, syntax.DashHdoc:
		document := w.document(r)
		word := w.word(document)
		result.Op, result.Heredoc = "<<", &word
		return result, document, true
	default:
		return Redirect{}, nil, false
	}
	return result, nil, true
}
