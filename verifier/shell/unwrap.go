package shell

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// wrapped is a command line, and what the programs that were taken off it have decided.
type wrapped struct {
	words   []*flat
	assigns []Assign
	input   bool   // more arguments come from the standard input, as for xargs
	replace string // what xargs puts them in place of
}

// peeled is what a look at the first word of a command line has come to.
type peeled int

const (
	itself peeled = iota // a command that wraps nothing
	inside               // one that wraps another, which stands alone now
	walked               // a script, whose commands are added
)

// run unwraps a command and adds what is inside.
func (w *walk) run(words []*flat, assigns []Assign, c context) {
	as, dir := w.as, w.dir
	defer func() { w.as = as }()
	line := &wrapped{words: words, assigns: assigns}
	for len(line.words) > 0 && !line.words[0].expands {
		next := w.unwrap(line, c)
		if next == walked {
			return
		}
		if next == itself {
			break
		}
	}
	command := w.command(line, c)
	at, column := 1, 1
	if len(line.words) > 0 {
		at, column = w.text.root.position(line.words[0].start)
	}
	w.add(command, at, column, c)
	w.after(command, dir)
}

// prefixes are programs that run the command after their flags as it is, and those of their flags that take a value.
var prefixes = map[string]string{
	"time": "", "nohup": "", "builtin": "", "setsid": "", "chronic": "", "unbuffer": "",
	"exec": "a", "nice": "n", "ionice": "cnp", "timeout": "ks", "stdbuf": "ioe",
}

// unwrap takes the first program of a line off where it runs another.
func (w *walk) unwrap(line *wrapped, c context) peeled {
	name, rest := path.Base(string(line.words[0].text)), line.words[1:]
	if valued, ok := prefixes[name]; ok {
		rest, _ = skipFlags(rest, valued)
		if name == "timeout" && len(rest) > 0 {
			rest = rest[1:]
		}
		return line.goOn(rest)
	}
	switch name {
	case "command":
		inner, flags := skipFlags(rest, "")
		if strings.ContainsAny(flags[""], "vV") {
			return itself // it asks where a program is
		}
		return line.goOn(inner)
	case "env":
		inner, _ := skipFlags(rest, "uCS")
		inner, line.assigns = w.leading(inner, line.assigns)
		return line.goOn(inner)
	case "sudo", "doas", "gosu", "su-exec", "runuser", "setpriv":
		return w.unwrapUser(name, line, c)
	case "su":
		w.su(line.words, line.assigns, c)
		return walked
	case "xargs":
		inner, flags := skipFlags(rest, "aEdILnPs")
		if len(inner) > 0 {
			line.input, line.replace = true, flags["I"]
		}
		return line.goOn(inner)
	case "eval":
		if w.scripts < maxScripts && len(rest) > 0 {
			w.nested(join(rest), w.known, c)
			return walked
		}
	case "bash", "sh", "dash", "ash", "zsh", "ksh":
		if w.shell(line.words, line.assigns, c) {
			return walked
		}
	}
	return itself
}

// goOn continues with what is inside, if there is anything.
func (line *wrapped) goOn(inner []*flat) peeled {
	if len(inner) == 0 {
		return itself
	}
	line.words = inner
	return inside
}

// unwrapUser takes off a program that runs another as somebody else.
func (w *walk) unwrapUser(name string, line *wrapped, c context) peeled {
	inner, flags := skipFlags(line.words[1:], map[string]string{"sudo": "ugCDhprtTUR", "doas": "uC", "runuser": "ugGc"}[name])
	user, said := flags["u"]
	if long, ok := flags["--user"]; ok {
		user, said = long, true
	}
	switch {
	case name == "runuser" && !said:
		w.su(line.words, line.assigns, c)
		return walked
	case name == "gosu" || name == "su-exec":
		if len(inner) == 0 {
			return itself
		}
		user, _, _ = strings.Cut(string(inner[0].text), ":")
		inner = inner[1:]
	case name == "setpriv":
		user = flags["--reuid"]
	case !said:
		user = "root"
	}
	before := w.as
	w.as = user
	inner, line.assigns = w.leading(inner, line.assigns)
	if len(inner) > 0 {
		return line.goOn(inner)
	}
	if c.heredoc != nil {
		w.script(c.heredoc, nil, line.assigns, c)
		return walked
	}
	w.as = before
	return itself
}

// command is what remains of a line.
func (w *walk) command(line *wrapped, c context) Command {
	command := Command{Assigns: line.assigns, Input: line.input}
	for _, f := range line.words {
		word := w.word(f)
		if line.replace != "" && strings.Contains(word.Text, line.replace) {
			word.Expands = true
		}
		command.Words = append(command.Words, word)
	}
	if line.input && line.replace == "" && c.heredoc != nil && !c.heredoc.expands {
		command.Words, command.Input = append(command.Words, w.heredocWords(c.heredoc)...), false
	}
	switch command.Program() {
	case "tee":
		command.Redirects = append(command.Redirects, teed(command.Args())...)
	case "export", "readonly", "local":
		// For the POSIX dialect these are commands like others.
		for _, f := range line.words[1:] {
			if _, set := w.leading([]*flat{f}, nil); len(set) > 0 {
				set[0].Export = command.Program() == "export"
				command.Assigns = append(command.Assigns, set[0])
			}
		}
	}
	return command
}

// heredocWords are the words of a here document, as xargs reads it.
func (w *walk) heredocWords(heredoc *flat) []Word {
	var words []Word
	for i := 0; i < len(heredoc.text); i++ {
		start := i
		for i < len(heredoc.text) && heredoc.text[i] > ' ' {
			i++
		}
		if i > start {
			line, column := w.text.root.position(heredoc.at[start])
			words = append(words, Word{Text: string(heredoc.text[start:i]), Line: line, Column: column})
		}
	}
	return words
}

// teed are the files that tee writes.
func teed(arguments []Word) []Redirect {
	var files []Redirect
	op := "tee"
	for _, word := range arguments {
		switch {
		case word.Text == "-a" || word.Text == "--append":
			op = "tee -a"
		case !strings.HasPrefix(word.Text, "-"):
			files = append(files, Redirect{Op: op, File: word})
		}
	}
	return files
}

// leading takes NAME=value words off, as env and sudo read them.
func (w *walk) leading(words []*flat, assigns []Assign) ([]*flat, []Assign) {
	for len(words) > 0 {
		name, _, ok := strings.Cut(string(words[0].text), "=")
		if !ok || !isName(name) {
			break
		}
		value := *words[0]
		cut := len(name) + 1
		value.text = value.text[cut:]
		if cut < len(value.at) {
			value.at = value.at[cut:]
			value.start = value.at[0]
		}
		assigns = append(assigns, Assign{Name: name, Value: w.word(&value)})
		words = words[1:]
	}
	return words, assigns
}

func isName(name string) bool {
	for i, c := range name {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// skipFlags takes leading flags off. Single letters in valued take the rest of the word or the next word. The short
// flags without a value stand together under "".
func skipFlags(words []*flat, valued string) ([]*flat, map[string]string) {
	flags := map[string]string{}
	for len(words) > 0 {
		word := string(words[0].text)
		if word == "--" {
			return words[1:], flags
		}
		if len(word) < 2 || word[0] != '-' {
			if word != "-" {
				return words, flags
			}
		}
		words = words[1:]
		if name, value, ok := strings.Cut(word, "="); strings.HasPrefix(word, "--") {
			if !ok && len(words) > 0 && slices.Contains([]string{"--user", "--group", "--command", "--shell", "--reuid", "--regid"}, name) {
				value, words = string(words[0].text), words[1:]
			}
			flags[name] = value
			continue
		}
		for i := 1; i < len(word); i++ {
			letter := word[i : i+1]
			if !strings.Contains(valued, letter) {
				flags[""] += letter
				continue
			}
			if i+1 < len(word) {
				flags[letter] = word[i+1:]
			} else if len(words) > 0 {
				flags[letter], words = string(words[0].text), words[1:]
			}
			break
		}
	}
	return words, flags
}

// shell walks the script of bash -c, or of a shell that reads a here document. False where the script is a file.
func (w *walk) shell(words []*flat, assigns []Assign, c context) bool {
	var options []string
	command := false
	i := 1
	for ; i < len(words); i++ {
		word := string(words[i].text)
		if len(word) < 2 || (word[0] != '-' && word[0] != '+') {
			break
		}
		options = append(options, word)
		if !strings.HasPrefix(word, "--") {
			command = command || (word[0] == '-' && strings.Contains(word, "c"))
			if strings.ContainsAny(word, "oO") && i+1 < len(words) {
				i++
				options = append(options, string(words[i].text))
			}
		} else if word == "--" {
			i++
			break
		}
	}
	if w.scripts >= maxScripts {
		return false
	}
	switch {
	case command && i < len(words):
		w.script(words[i], options, assigns, c)
	case !command && i >= len(words) && c.heredoc != nil, !command && slices.Contains(options, "-s") && c.heredoc != nil:
		w.script(c.heredoc, options, assigns, c)
	default:
		return false
	}
	return true
}

// su walks su and runuser, which take the user and a script for the user's shell.
func (w *walk) su(words []*flat, assigns []Assign, c context) {
	as := w.as
	defer func() { w.as = as }()
	w.as = "root"
	var script *flat
	named := false
	for i := 1; i < len(words); i++ {
		word := string(words[i].text)
		switch {
		case word == "-c" || word == "--command" || (len(word) > 2 && word[0] == '-' && word[1] != '-' && strings.HasSuffix(word, "c")):
			if i+1 < len(words) {
				i++
				script = words[i]
			}
		case strings.HasPrefix(word, "--command="):
			inner := *words[i]
			cut := len("--command=")
			inner.text, inner.at = inner.text[cut:], inner.at[cut:]
			script = &inner
		case slices.Contains([]string{"-s", "--shell", "-g", "-G", "-w"}, word):
			i++
		case strings.HasPrefix(word, "-"):
		case !named:
			w.as, named = word, true
		}
	}
	if script == nil {
		script = c.heredoc
	}
	if script == nil || w.scripts >= maxScripts {
		command := Command{Assigns: assigns}
		for _, f := range words {
			command.Words = append(command.Words, w.word(f))
		}
		w.as = as
		line, column := w.text.root.position(words[0].start)
		w.add(command, line, column, c)
		return
	}
	w.script(script, nil, assigns, c)
}

// script walks the text that another shell gets.
func (w *walk) script(script *flat, options []string, assigns []Assign, c context) {
	c.heredoc = nil
	c.redirects = slices.DeleteFunc(slices.Clone(c.redirects), func(r Redirect) bool { return r.Op == "<<" })
	w.scoped(func() {
		w.errexit, w.pipefail = false, false
		w.set(options)
		for _, a := range assigns {
			w.setenv(a)
		}
		c.subshell = true
		w.nested(script, map[string][]string{}, c)
	})
}

// nested walks a text as a script of its own; what it sets stays.
func (w *walk) nested(script *flat, known map[string][]string, c context) {
	if len(script.text) == 0 {
		return
	}
	outer, outerKnown, assigned := w.text, w.known, w.assigned
	w.text = text{body: string(script.text), at: script.at, root: outer.root}
	w.known = known
	w.scripts++
	statements, problem := read(w.text.body, true)
	w.assigned = assignments(statements)
	if problem != "" && w.problem == "" && !script.expands {
		line, _ := w.text.root.position(script.start)
		w.problem = "the script inside of line " + strconv.Itoa(line) + ": " + problem
	}
	w.statements(statements, c)
	w.scripts--
	w.text, w.known, w.assigned = outer, outerKnown, assigned
}

// join puts the words of eval together.
func join(words []*flat) *flat {
	result := &flat{start: words[0].start}
	for i, word := range words {
		if i > 0 {
			result.text, result.at = append(result.text, ' '), append(result.at, word.start)
		}
		result.text, result.at = append(result.text, word.text...), append(result.at, word.at...)
		result.expands = result.expands || word.expands
	}
	return result
}
