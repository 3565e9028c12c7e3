package shell

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Install is one package that `go install` or `go get` is told to install.
type Install struct {
	Path    string            // import path as written, without the version; "" where go is told nothing, and means the current folder
	Version string            // after the @; "" where there is none
	Unknown bool              // path or version hold an expansion, or come from another program's output
	Local   bool              // a package of the current module: ./..., . or nothing
	Get     bool              // go get
	Flags   []string          // -u, -d, …, values included: -ldflags=-s
	Env     map[string]string // Go's variables that the script has set by then
	Command int               // index in Script.Commands
	Line    int               // of the package
	Column  int
}

// goName is the go command and those of golang.org/dl: go1.22.1.
var goName = regexp.MustCompile(`^go(\d+\.\d+(\.\d+)?((rc|beta)\d+)?)?$`)

// IsGo tells whether a command runs the go command, and gives its subcommand and the words behind it. go's own -C comes
// before the subcommand's other flags.
func (c Command) IsGo() (subcommand string, rest []Word, ok bool) {
	if !goName.MatchString(c.Program()) || len(c.Words) < 2 || c.Words[1].Expands {
		return "", nil, false
	}
	return c.Words[1].Text, c.Words[2:], true
}

// valued is the flags of go install and go get that take the next word, from `go help build`, `go help get` and
// `go help testflag`.
var valued = []string{
	"asmflags", "buildmode", "buildvcs", "compiler", "covermode", "coverpkg", "C", "exec", "gccgoflags", "gcflags", "installsuffix", "ldflags", "mod",
	"modfile", "overlay", "o", "p", "pgo", "pkgdir", "tags", "toolexec",
}

// Installs lists what `go install` and `go get` install. One without a package is in the list too: it builds the current
// folder.
func (s Script) Installs() []Install {
	var installs []Install
	for i, command := range s.Commands {
		subcommand, rest, ok := command.IsGo()
		if !ok || (subcommand != "install" && subcommand != "get") {
			continue
		}
		base := Install{Get: subcommand == "get", Env: command.Env, Command: i, Line: command.Line, Column: command.Column}
		packages := 0
		for at := 0; at < len(rest); at++ {
			word := rest[at]
			if name, isFlag := strings.CutPrefix(word.Text, "-"); isFlag && !word.Expands || isFlag && strings.Contains(name, "=") {
				base.Flags = append(slices.Clip(base.Flags), word.Text)
				if slices.Contains(valued, strings.TrimPrefix(name, "-")) && at+1 < len(rest) {
					at++
					base.Flags = append(base.Flags, rest[at].Text)
				}
				continue
			}
			packages++
			install := base
			install.Path, install.Version, _ = strings.Cut(word.Text, "@")
			install.Unknown = word.Expands
			install.Local = local(install.Path)
			install.Line, install.Column = word.Line, word.Column
			installs = append(installs, install)
		}
		if packages == 0 {
			base.Local, base.Unknown = !command.Input, command.Input
			installs = append(installs, base)
		}
	}
	return installs
}

func local(path string) bool {
	return path == "" || path == "." || path == ".." || path == "..." || path == "tool" || path == "all" || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") || strings.HasPrefix(path, "/")
}

// Downloads tells whether nothing is built: go get -d.
func (i Install) Downloads() bool {
	return i.Get && slices.ContainsFunc(i.Flags, func(flag string) bool {
		return flag == "-d" || flag == "--d" || flag == "-d=true"
	})
}

// Call is a script file that a script runs or reads.
type Call struct {
	Path    string // as written
	Sourced bool   // by . or source: what it sets stays
	Command int    // index in Script.Commands
	Line    int
	Column  int
}

// Calls lists the script files that the script calls by a path that is plain text.
func (s Script) Calls() []Call {
	var calls []Call
	for i, command := range s.Commands {
		if len(command.Words) == 0 {
			continue
		}
		word, sourced := command.Words[0], false
		switch command.Program() {
		case ".", "source":
			if len(command.Words) < 2 {
				continue
			}
			word, sourced = command.Words[1], true
		case "bash", "sh", "dash", "ash", "zsh", "ksh":
			script := slices.IndexFunc(command.Args(), func(w Word) bool { return !strings.HasPrefix(w.Text, "-") })
			if script < 0 || slices.ContainsFunc(command.Args()[:script], func(w Word) bool { return strings.HasSuffix(w.Text, "c") || w.Text == "-s" }) {
				continue
			}
			word = command.Args()[script]
		default:
			if !strings.Contains(word.Text, "/") {
				continue
			}
		}
		if word.Expands || word.Text == "" {
			continue
		}
		calls = append(calls, Call{Path: path.Clean(word.Text), Sourced: sourced, Command: i, Line: word.Line, Column: word.Column})
	}
	return calls
}
