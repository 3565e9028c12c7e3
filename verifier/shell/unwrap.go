package shell

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// run unwraps a command and adds what is inside.
func (w *walk) run(words []*flat, assigns []Assign, c context) {
	as, dir := w.as, w.dir
	defer func() { w.as = as }()
	input, replace := false, ""
	for len(words) > 0 && !words[0].expands {
		name := path.Base(string(words[0].text))
		rest := words[1:]
		switch name {
		case "time", "nohup", "exec", "builtin", "setsid", "nice", "ionice", "timeout", "stdbuf", "chronic", "unbuffer":
			valued := map[string]string{"exec": "a", "nice": "n", "ionice": "cnp", "timeout": "ks", "stdbuf": "ioe"}[name]
			rest, _ = skipFlags(rest, valued)
			if name == "timeout" && len(rest) > 0 {
				rest = rest[1:]
			}
			if len(rest) == 0 {
				goto done
			}
			words = rest
		case "command":
			inner, flags := skipFlags(rest, "")
			if len(inner) == 0 || strings.ContainsAny(flags[""], "vV") {
				goto done // it asks where a program is
			}
			words = inner
		case "env":
			inner, _ := skipFlags(rest, "uCS")
			inner, assigns = w.leading(inner, assigns)
			if len(inner) == 0 {
				goto done
			}
			words = inner
		case "sudo", "doas", "gosu", "su-exec", "runuser", "setpriv":
			inner, flags := skipFlags(rest, map[string]string{"sudo": "ugCDhprtTUR", "doas": "uC", "runuser": "ugGc", "setpriv": ""}[name])
			user, said := flags["u"]
			if long, ok := flags["--user"]; ok {
				user, said = long, true
			}
			if name == "runuser" && !said {
				w.su(words, assigns, c)
				return
			}
			if name == "gosu" || name == "su-exec" {
				if len(inner) == 0 {
					goto done
				}
				user, _, _ = strings.Cut(string(inner[0].text), ":")
				said, inner = true, inner[1:]
			}
			if name == "setpriv" {
				user, said = flags["--reuid"], true
			}
			if !said {
				user = "root"
			}
			w.as = user
			inner, assigns = w.leading(inner, assigns)
			if len(inner) == 0 {
				if c.heredoc != nil {
					w.script(c.heredoc, nil, assigns, c)
					return
				}
				w.as = as
				goto done
			}
			words = inner
		case "su":
			w.su(words, assigns, c)
			return
		case "xargs":
			inner, flags := skipFlags(rest, "aEdILnPs")
			if len(inner) == 0 {
				goto done
			}
			input, replace = true, flags["I"]
			words = inner
		case "eval":
			if w.scripts >= maxScripts || len(rest) == 0 {
				goto done
			}
			w.nested(join(rest), w.known, c)
			return
		case "bash", "sh", "dash", "ash", "zsh", "ksh":
			if w.shell(words, assigns, c) {
				return
			}
			goto done
		default:
			goto done
		}
	}
done:
	command := Command{Assigns: assigns, Input: input}
	for _, f := range words {
		word := w.word(f)
		if replace != "" && strings.Contains(word.Text, replace) {
			word.Expands = true
		}
		command.Words = append(command.Words, word)
	}
	if input && replace == "" && c.heredoc != nil && !c.heredoc.expands {
		for i := 0; i < len(c.heredoc.text); i++ {
			start := i
			for i < len(c.heredoc.text) && c.heredoc.text[i] > ' ' {
				i++
			}
			if i > start {
				line, column := w.text.root.position(c.heredoc.at[start])
				command.Words = append(command.Words, Word{Text: string(c.heredoc.text[start:i]), Line: line, Column: column})
			}
		}
		command.Input = false
	}
	if command.Program() == "tee" {
		op := "tee"
		for _, word := range command.Args() {
			switch {
			case word.Text == "-a" || word.Text == "--append":
				op = "tee -a"
			case !strings.HasPrefix(word.Text, "-"):
				command.Redirects = append(command.Redirects, Redirect{Op: op, File: word})
			}
		}
	}
	line, column := 1, 1
	if len(words) > 0 {
		line, column = w.text.root.position(words[0].start)
	}
	if program := command.Program(); program == "export" || program == "readonly" || program == "local" {
		// For the POSIX dialect these are commands like others.
		for _, f := range words[1:] {
			if _, set := w.leading([]*flat{f}, nil); len(set) > 0 {
				set[0].Export = program == "export"
				command.Assigns = append(command.Assigns, set[0])
			}
		}
	}
	w.add(command, line, column, c)
	w.after(command, dir)
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
