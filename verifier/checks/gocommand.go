package checks

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

var goRuns = check.Check{
	Code: "DV101", Name: "go-runs", Severity: finding.Error, Scope: "C", Hard: true,
	Summary: "`go env` fails in a view, in an empty folder or in the workspace",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands},
	Run: func(p *check.Pass) {
		asked := 0
		failures := newGroups()
		for _, view := range p.Views {
			command, ok := p.Go[view.Name].Get()
			if !ok {
				continue
			}
			asked++
			text, place := command.Outside.Error, "everywhere"
			if text == "" && command.Missing == "" {
				text, place = command.Inside.Error, "in the workspace"
			}
			if text != "" {
				failures.add(command.Binary.Path+"\x00"+text+"\x00"+place, view.Name)
			}
		}
		if asked == 0 {
			p.Skip("no view has a go command")
		}
		for key, views := range failures.all() {
			parts := strings.Split(key, "\x00")
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("%s fails %s (view %s): %s", parts[0], parts[2], list(views), parts[1]),
				Evidence: map[string]string{"go": parts[0], "views": list(views)},
				Upstream: []string{parts[1]},
				Cause:    "the go command stops before it does anything, so nothing of Go works there",
				Fixes:    []finding.Fix{{Message: "mend what go complains of; `dcverify env` shows who set each variable", Safe: true, Commands: []string{"dcverify env"}}},
			}, key)
		}
	},
}

var goFound = check.Check{
	Code: "DV102", Name: "go-found", Severity: finding.Error, Scope: "SIC", Hard: true,
	Summary: "no go on a view's PATH, one that cannot be run, or other releases in different views",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		if project, ok := predicted(p); ok {
			predictGo(p, project)
			return
		}
		missing, releases := newGroups(), newGroups()
		for _, view := range p.Views {
			if view.Unknown != "" {
				continue
			}
			// What login shells lose is DV119's; what the extension finds in its own order is the editor's.
			if slices.Contains([]string{goenv.LoginView, goenv.TerminalView, goenv.ToolsView}, view.Name) {
				continue
			}
			part, asked := p.Go[view.Name]
			command, ok := part.Get()
			switch {
			case !asked:
			case !ok:
				missing.add(part.Why(), view.Name)
			case command.Binary.Problem != "":
				missing.add(command.Binary.Path+": "+command.Binary.Problem, view.Name)
			case command.Binary.GoVersion != "":
				releases.add(command.Binary.Path+" is "+command.Binary.GoVersion, view.Name)
			}
		}
		for why, views := range missing.all() {
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("go is not found in view %s: %s", list(views), why),
				Evidence: map[string]string{"views": list(views), "PATH": p.View(views[0]).Lookup("PATH").Value},
				Cause:    "PATH is set by " + said(p.View(views[0]).Lookup("PATH").Origin),
				Location: p.View(views[0]).Lookup("PATH").Origin.Place,
				Upstream: []string{"go: command not found", `exec: "go": executable file not found in $PATH`},
				Fixes:    []finding.Fix{{Message: "put go's folder on PATH in the image (ENV PATH=/usr/local/go/bin:$PATH), where every view gets it", Safe: true}},
			}, why)
		}
		versions := map[string]bool{}
		for key := range releases.all() {
			versions[key[strings.LastIndexByte(key, ' ')+1:]] = true
		}
		if len(versions) > 1 {
			var words []string
			for key, views := range releases.all() {
				words = append(words, fmt.Sprintf("%s (view %s)", key, list(views)))
			}
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  "views run different Gos: " + strings.Join(words, "; "),
				Cause:    "PATH differs between the views",
				Fixes:    []finding.Fix{{Message: "keep one Go, or set PATH once in the image", Safe: true}},
			}, words...)
		}
	},
}

var gobinOnPath = check.Check{
	Code: "DV110", Name: "gobin-on-path", Severity: finding.Error, Scope: "SIC", Hard: true,
	Summary: "the folder where `go install` puts tools is not on a view's PATH, or GOBIN is relative",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		if project, ok := predicted(p); ok {
			predictGobin(p, project)
			return
		}
		asked := 0
		missing := newGroups()
		for _, view := range p.Views {
			if slices.Contains([]string{goenv.ImageView, goenv.LoginView}, view.Name) && p.Target.Kind != "image" {
				continue // the image's PATH is the container's; what login shells lose is DV119's
			}
			if _, ok := p.Go[view.Name].Get(); !ok {
				continue
			}
			folder := view.Lookup("GOBIN").Effective
			if folder == "" {
				first, _, _ := strings.Cut(view.Lookup("GOPATH").Effective, ":")
				if first == "" {
					continue
				}
				folder = path.Join(first, "bin")
			}
			asked++
			switch {
			case !strings.HasPrefix(folder, "/"):
				missing.add("GOBIN="+folder+" is relative\x00"+folder, view.Name)
			case !slices.Contains(cleaned(goenv.Environ{"PATH": view.Lookup("PATH").Value}.Path()), path.Clean(folder)):
				missing.add(folder+", where `go install` puts programs, is not on PATH\x00"+folder, view.Name)
			}
		}
		if asked == 0 {
			p.Skip("no view has a go command")
		}
		for key, views := range missing.all() {
			what, folder, _ := strings.Cut(key, "\x00")
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("%s (view %s)", what, list(views)),
				Location: p.View(views[0]).Lookup("PATH").Origin.Place,
				Evidence: map[string]string{"folder": folder, "views": list(views), "PATH": p.View(views[0]).Lookup("PATH").Value},
				Cause:    "PATH is set by " + said(p.View(views[0]).Lookup("PATH").Origin),
				Upstream: []string{"gopls: command not found", "cannot install, GOBIN must be an absolute path"},
				Fixes:    []finding.Fix{{Message: fmt.Sprintf("add it in the Dockerfile: ENV PATH=%s:$PATH", folder), Safe: true}},
			}, folder)
		}
	},
}

// predictEnvFile finds `go env -w` of a variable that the environment sets: go warns, ends well, and goes on with the other value.
func predictEnvFile(p *check.Pass, project facts.Project) {
	view := p.View(goenv.RemoteView)
	for script, command := range shellCommands(project) {
		if !command.Is("go", "env", "-w") || command.Env["GOENV"] != "" || script.Env["GOENV"] == "off" {
			continue
		}
		for _, word := range command.Words[3:] {
			name, value, _ := strings.Cut(word.Text, "=")
			got := view.Lookup(name)
			if word.Expands || got.Unknown != "" || !got.Set || got.Value == "" || got.Value == value {
				continue
			}
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  fmt.Sprintf("`go env -w %s` changes nothing: the environment has %s=%s, and beats the file that go writes", word.Text, name, got.Value),
				Location: inScript(script, command.Line, command.Column),
				Cause:    name + " is set by " + said(got.Origin),
				Evidence: map[string]string{name: got.Value, "file": value, "setBy": got.Origin.Layer},
				Upstream: []string{"warning: go env -w " + name + "=... does not override conflicting OS environment variable"},
				Fixes:    []finding.Fix{{Message: "say it where the environment is made: " + name + " in containerEnv, or ENV in the Dockerfile", Safe: true}},
			}, name)
		}
	}
}

var goEnvFile = check.Check{
	Code: "DV118", Name: "go-env-file", Severity: finding.Error, Scope: "SC",
	Summary: "the `go env -w` file is overruled by the environment, or holds a GOROOT that stops every go command",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Declared},
	Run: func(p *check.Pass) {
		if project, onlyFiles := predicted(p); onlyFiles {
			predictEnvFile(p, project)
			return
		}
		file, ok := p.EnvFile.Get()
		if !ok {
			if p.EnvFile.IsFailed() {
				p.Skip("%s", p.EnvFile.Why())
			}
			return
		}
		for _, name := range goenv.Variables {
			value, set := file.Layer.Set[name]
			if !set || value == "" {
				continue
			}
			place := file.Layer.Places[name]
			if name == "GOROOT" && !p.Trees[value].Valid() {
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("%s holds GOROOT=%s, which is no Go root: no go command works, not even `go env -u GOROOT`", file.Path, value),
					Location: place,
					Cause:    "`go env -w GOROOT=…` accepts anything, and the file outlives the image when the home folder is a volume",
					Upstream: []string{"go: cannot find GOROOT directory: " + value},
					Fixes:    []finding.Fix{{Message: "remove the line", Safe: true, Commands: []string{"sed -i '/^GOROOT=/d' " + file.Path}}},
				}, name, value)
				continue
			}
			var beaten, others []string
			views := map[string][]string{} // by what they have instead
			for _, view := range p.Views {
				if got := view.Lookup(name); view.Name != goenv.ImageView && got.Set && got.Value != "" && got.Value != value {
					beaten = append(beaten, view.Name)
					views[got.Value] = append(views[got.Value], view.Name)
				}
			}
			for _, other := range slices.Sorted(maps.Keys(views)) {
				others = append(others, fmt.Sprintf("%s (view %s)", other, list(views[other])))
			}
			if len(beaten) == 0 {
				continue
			}
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  fmt.Sprintf("%s holds %s=%s, but the environment says %s, and that wins", file.Path, name, value, strings.Join(others, ", ")),
				Location: place,
				Cause:    "the go command prefers its environment to what `go env -w` wrote",
				Evidence: map[string]string{"views": list(beaten)},
				Upstream: []string{fmt.Sprintf("warning: go env -w %s=... does not override conflicting OS environment variable", name)},
				Fixes:    []finding.Fix{{Message: "keep one of the two: unset the variable, or drop the line", Safe: true, Commands: []string{"go env -u " + name}}},
			}, name)
		}
	},
}

var pathSurvivesLogin = check.Check{
	Code: "DV119", Name: "path-survives-login", Severity: finding.Error, Scope: "C",
	Summary: "a login or interactive shell of the remote user loses go or its tools",
	Needs:   []facts.Need{facts.Environment, facts.Shells, facts.GoCommands},
	Run: func(p *check.Pass) {
		shells, ok := p.Shells.Get()
		if !ok {
			p.Skip("%s", p.Shells.Why())
			return
		}
		lost, failed := newGroups(), newGroups()
		read := 0
		for _, shell := range shells {
			switch {
			case shell.Failed != "":
				if shell.Default {
					failed.add(shell.Failed, shell.Command)
				}
			case len(shell.Lost) > 0:
				read++
				lost.add(list(shell.Lost)+"\x00"+shell.Place.String(), shell.Command)
			default:
				read++
			}
		}
		if read == 0 {
			for why := range failed.all() {
				p.Skip("%s", why)
				return
			}
		}
		for key, commands := range lost.all() {
			programs, _, _ := strings.Cut(key, "\x00")
			i := slices.IndexFunc(shells, func(s facts.Shell) bool { return s.Command == commands[0] })
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("a login shell does not find %s (%s)", programs, list(commands)),
				Location: shells[i].Place,
				Cause:    "its start-up files set PATH anew, without the folders that the image has in it",
				Evidence: map[string]string{"shells": list(commands), "PATH": shells[i].Env["PATH"]},
				Upstream: []string{"bash: go: command not found", "sh: 1: go: not found"},
				Fixes: []finding.Fix{{
					Message: "let a file in /etc/profile.d put the folders back", Safe: true,
					Commands: []string{fmt.Sprintf("echo 'export PATH=%s:$PATH' > /etc/profile.d/go.sh", folders(shells[i].Lost))},
				}},
			}, key)
		}
	},
}

func folders(programs []string) string {
	var result []string
	for _, program := range programs {
		if folder := path.Dir(program); !slices.Contains(result, folder) {
			result = append(result, folder)
		}
	}
	return strings.Join(result, ":")
}

func cleaned(folders []string) []string {
	for i := range folders {
		folders[i] = path.Clean(folders[i])
	}
	return folders
}

// groups collects views (or shells) under what they have in common, in the order in which that was first seen.
type groups struct {
	keys    []string
	members map[string][]string
}

func newGroups() *groups { return &groups{members: map[string][]string{}} }

func (g *groups) add(key, member string) {
	if _, ok := g.members[key]; !ok {
		g.keys = append(g.keys, key)
	}
	g.members[key] = append(g.members[key], member)
}

func (g *groups) all() func(yield func(string, []string) bool) {
	return func(yield func(string, []string) bool) {
		for _, key := range g.keys {
			if !yield(key, g.members[key]) {
				return
			}
		}
	}
}
