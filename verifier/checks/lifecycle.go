package checks

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/shell"
)

var lifecycle = check.Check{
	Code: "DV312", Name: "lifecycle", Severity: finding.Error, Scope: "S",
	Summary: "a lifecycle command that cannot run: an array meant for a shell, a script that is not there or has Windows line ends, or a command that go does not have; or one that hides failed installs",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, script := range project.Scripts {
			if !needed(project, script) {
				continue
			}
			switch {
			case script.Kind == "hook" && len(script.Args) > 0:
				arrayForm(p, script)
				continue
			case script.Kind == "hook":
				missingScripts(p, project, script)
			case script.CRLF && !unixed(project):
				reportCRLF(p, script)
			}
			hiddenFailure(p, script)
			noSuchGoCommand(p, script)
			expandedName(p, script)
		}
	},
}

// namedByValue is NAME= with a dollar in front: what the shell sets is named by the value.
var namedByValue = regexp.MustCompile(`^\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?=`)

// expandedName finds export $PATH=…, which no shell takes.
func expandedName(p *check.Pass, script facts.Script) {
	for _, command := range script.Shell.Commands {
		if !command.Is("export") {
			continue
		}
		for _, word := range command.Args() {
			name := namedByValue.FindStringSubmatch(word.Text)
			if name == nil || !word.Expands {
				continue
			}
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("%s sets $%s=…, whose name the shell replaces by its value: the command fails", scriptName(script), name[1]),
				Location: inScript(script, command.Line, command.Column),
				Cause:    "a variable is set by its name alone, and read with a dollar in front",
				Upstream: []string{"export: bad variable name", "not a valid identifier"},
				Fixes:    []finding.Fix{{Message: "write " + name[1] + "=…; and what a command exports ends with it: say it in remoteEnv", Safe: true}},
			}, script.Name, name[1])
		}
	}
}

// arrayForm judges a command in the array form, which runs without a shell: devcontainers/cli hands it over as it is.
func arrayForm(p *check.Pass, script facts.Script) {
	operator := slices.IndexFunc(script.Args, func(arg string) bool {
		return slices.Contains([]string{"&&", "||", ";", "|", ">", ">>", "&"}, arg)
	})
	message, upstream := "", ""
	switch first := script.Args[0]; {
	case strings.ContainsAny(first, " \t\n;&|"):
		message = fmt.Sprintf("%s is an array, so %q as a whole is taken for the name of a program", script.Name, first)
		upstream = fmt.Sprintf("exec: %q: executable file not found in $PATH", first)
	case operator > 0 && !slices.Contains([]string{"sh", "bash", "zsh"}, path.Base(first)):
		message = fmt.Sprintf("%s is an array, so %q is an argument of %s and no operator of a shell", script.Name, script.Args[operator], first)
		upstream = fmt.Sprintf("%s: unknown argument %s", first, script.Args[operator])
	default:
		return
	}
	p.Report(finding.Finding{
		Message:  message,
		Location: script.Place,
		Cause:    "the array form is run without a shell: the first element is the program, the others are its arguments",
		Upstream: []string{upstream, "OCI runtime exec failed: exec failed: unable to start container process"},
		Fixes: []finding.Fix{
			{Message: fmt.Sprintf("write a string, which a shell reads: %q", strings.Join(script.Args, " ")), Safe: true},
			{Message: "give every word an element of its own, or several commands the object form", Safe: true},
		},
	}, script.Name, message)
}

// missingScripts looks for script files of the workspace that a lifecycle command calls.
func missingScripts(p *check.Pass, project facts.Project, script facts.Script) {
	for _, call := range script.Shell.Calls() {
		command := script.Shell.Commands[call.Command]
		name := call.Path
		if inside, ok := strings.CutPrefix(name, strings.TrimSuffix(project.Folder, "/")+"/"); ok && project.Folder != "" {
			name = inside
		}
		if path.IsAbs(name) || path.IsAbs(command.Dir) || command.Dir == "?" || command.Maybe || strings.HasPrefix(command.Dir, "~") || strings.HasPrefix(name, "~") {
			continue
		}
		if mayMake(script.Shell.Commands[:call.Command]) {
			continue // ./server after make is what make has built
		}
		name = path.Join(command.Dir, name)
		there, asked := project.Exists[name]
		message, cause, upstream := "", "", fmt.Sprintf("/bin/sh: 1: %s: not found", call.Path)
		switch {
		case asked && !there:
			message, cause = fmt.Sprintf("%s calls %s, which is not in the workspace", script.Name, name), "the command starts in the workspace folder, and there is no such file below it"
		case project.Ignored[name]:
			message, cause = fmt.Sprintf("%s calls %s, which git ignores", script.Name, name), "a fresh clone does not have the file"
		default:
			continue
		}
		p.Report(finding.Finding{
			Severity: finding.Warning, Message: message, Cause: cause, Location: script.Place, Upstream: []string{upstream},
			Fixes: []finding.Fix{{Message: "commit the script, or correct its path", Safe: true}},
		}, script.Name, name)
	}
}

// mayMake tells whether one of the commands may make a file: only of those that are known to make none is it certain.
func mayMake(commands []shell.Command) bool {
	return slices.ContainsFunc(commands, func(c shell.Command) bool {
		switch c.Program() {
		case "cd", "pushd", "popd", "echo", "printf", "export", "set", "umask", "chmod", "chown", "chgrp", "mkdir", "rm", "sleep", "true", "test", "[", "which",
			"apt-get", "apt", "apk":
			return false
		case "":
			return len(c.Words) > 0 // whatever that runs
		case "go":
			return !c.Is("go", "mod", "download") && !c.Is("go", "version") && !c.Is("go", "env")
		case "git":
			return !c.Is("git", "config")
		}
		return true
	})
}

// unixed tells whether somebody takes the carriage returns away before scripts run.
func unixed(project facts.Project) bool {
	for _, script := range project.Scripts {
		for _, command := range script.Shell.Commands {
			if command.Program() == "dos2unix" || (command.Program() == "sed" || command.Program() == "tr") &&
				slices.ContainsFunc(command.Args(), func(w shell.Word) bool { return strings.Contains(w.Text, `\r`) }) {
				return true
			}
		}
	}
	return false
}

func reportCRLF(p *check.Pass, script facts.Script) {
	place := inScript(script, 1, 1)
	f := finding.Finding{
		Severity: finding.Warning,
		Message:  fmt.Sprintf("the lines of %s end as on Windows, and a shell takes the carriage returns for text", script.Name),
		Location: place,
		Cause:    "the file was written or checked out with CRLF line ends",
		Upstream: []string{`$'\r': command not found`, `/bin/bash^M: bad interpreter: No such file or directory`, "env: 'bash\\r': No such file or directory"},
		Fixes: []finding.Fix{{
			Message: "write it with LF, and let git keep it so", Safe: true,
			Commands: []string{"echo '*.sh text eol=lf' >> .gitattributes", "git add --renormalize " + script.Name},
		}},
	}
	if script.Place.Known() {
		f.Related = []finding.Related{{Message: "it is called here", Location: script.Place}}
	}
	p.Report(f, script.File, "crlf")
}

// hiddenFailure looks for installs of tools whose failure is swallowed on purpose.
func hiddenFailure(p *check.Pass, script facts.Script) {
	for _, install := range script.Shell.Installs() {
		command := script.Shell.Commands[install.Command]
		if command.Hidden == "" || strings.Contains(command.Hidden, "echo") || command.Maybe || install.Local || install.Unknown || install.Downloads() {
			continue
		}
		p.Report(finding.Finding{
			Severity: finding.Warning,
			Message:  fmt.Sprintf("`%s` hides it when %s is not installed", command.Hidden, path.Base(install.Path)),
			Location: inScript(script, install.Line, install.Column),
			Cause:    "the command ends well whatever becomes of the install, so that the container comes up without the tool",
			Upstream: []string{fmt.Sprintf("The %q command is not available.", path.Base(install.Path))},
			Fixes:    []finding.Fix{{Message: fmt.Sprintf("remove `%s`, and let the build fail where somebody sees it", command.Hidden), Safe: true}},
		}, script.File, install.Path)
		return
	}
}

// foreignCommands is what other package managers call their commands, and the go command has not.
var foreignCommands = []string{"add", "ci", "check", "download", "init", "lint", "remove", "restore", "sync", "tidy", "uninstall", "update", "upgrade", "vendor"}

// modCommands is what `go mod` knows, by `go help mod`. It has not got a new one since Go 1.11.
var modCommands = []string{"download", "edit", "graph", "init", "tidy", "vendor", "verify", "why", "help"}

// noSuchGoCommand looks for commands that the go command does not have. Of its own list only that below `go mod` is closed:
// a later Go may have more commands than this program knows.
func noSuchGoCommand(p *check.Pass, script facts.Script) {
	for _, command := range script.Shell.Commands {
		written, rest, ok := command.IsGo()
		if !ok || command.Program() != "go" || command.Maybe || command.Hidden != "" || command.Tolerated {
			continue
		}
		switch {
		case written == "mod" && len(rest) > 0 && plainCommand.MatchString(rest[0].Text) && !slices.Contains(modCommands, rest[0].Text):
			written += " " + rest[0].Text
		case !slices.Contains(foreignCommands, written):
			continue
		}
		p.Report(finding.Finding{
			Message:  fmt.Sprintf("%s calls `go %s`, and go has no such command", scriptName(script), written),
			Location: inScript(script, command.Line, command.Column),
			Cause:    "the go command refuses what it does not know; a build ends there, and the lifecycle commands after it are not run",
			Upstream: []string{fmt.Sprintf("go %s: unknown command", written), "Run 'go help' for usage."},
			Fixes:    []finding.Fix{{Message: "write what is meant: `go mod download` fetches the modules of go.mod, `go mod tidy` corrects the file, `go get` adds one"}},
		}, script.File, written)
	}
}

// plainCommand is the name of a command, and no flag, file or variable.
var plainCommand = regexp.MustCompile(`^[a-z]+$`)
