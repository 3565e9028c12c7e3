package checks

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// predictGo tells from files whether the views find a Go that the files bring.
func predictGo(p *check.Pass, project facts.Project) {
	gos := installedGos(project)
	unsure := slices.ContainsFunc(gos, func(g facts.GoInstall) bool {
		return g.Root == "" || !unpacked(project, g) || lies(g.Root, "/usr/lib") || lies(g.Root, "/usr/share") || path.Clean(g.Root) == "/usr" // distributions link it into /usr/bin
	})
	switch {
	case len(gos) == 0:
		p.Skip("the files are not seen to bring a Go")
		return
	case unsure || linksGo(project):
		return
	}
	g := gos[len(gos)-1]
	bin := path.Join(g.Root, "bin")
	var missing []string
	for _, name := range []string{goenv.ContainerView, goenv.RemoteView} {
		value := p.View(name).Lookup("PATH")
		if p.View(name).Unknown != "" || value.Unknown != "" || value.Value == "" {
			continue
		}
		if _, found := facts.FirstGo(gos, value.Value); !found {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return
	}
	value := p.View(missing[0]).Lookup("PATH")
	f := finding.Finding{
		Message:  fmt.Sprintf("%s is in %s, which is not on PATH (view %s)", described(g), bin, list(missing)),
		Location: value.Origin.Place,
		Cause:    "PATH is set by " + said(value.Origin),
		Evidence: map[string]string{"go": bin, "views": list(missing), "PATH": value.Value},
		Related:  []finding.Related{{Message: "Go comes from here", Location: g.Place}},
		Upstream: []string{"go: command not found", `exec: "go": executable file not found in $PATH`},
		Fixes:    []finding.Fix{{Message: fmt.Sprintf("put it on PATH in the image, where every view gets it: ENV PATH=%s:$PATH", bin), Safe: true}},
	}
	switch value.Origin.Layer { // which beats whatever the image says
	case goenv.RemoteEnv:
		f.Fixes = []finding.Fix{{Message: fmt.Sprintf("keep what was there, in remoteEnv: ${containerEnv:PATH}:%s", bin), Safe: true}}
	case goenv.ContainerEnv, goenv.Compose:
		f.Fixes = []finding.Fix{{Message: "take PATH out of " + said(value.Origin) + ", where nothing can be added to it, and set it with ENV in the Dockerfile", Safe: true}}
	}
	if place, file, found := inStartupFile(project, bin, "/go/bin", "GOROOT"); found {
		f.Severity, f.Location = finding.Warning, place
		f.Message += ", but for the shells that read " + file
		f.Cause = "a start-up file reaches only the shells that read it: `docker exec`, PID 1 and commands without such a shell find no go"
	} else if g.By == "go-debian.sh" && !g.OffPath {
		f.Severity, f.Location = finding.Warning, g.Place
		f.Message += ", but for the shells that read /etc/bash.bashrc, into which go-debian.sh writes it"
	} else if !f.Location.Known() {
		f.Location = g.Place
	}
	p.Report(f, bin)
}

// predictGobin tells from files where `go install` puts programs and whether the remote user's PATH has that folder. A folder
// into which the files themselves install a tool is a warning, any other worth knowing.
func predictGobin(p *check.Pass, project facts.Project) {
	view := p.View(goenv.RemoteView)
	value, bin := view.Lookup("PATH"), view.Lookup("GOBIN")
	if view.Unknown != "" || value.Unknown != "" || value.Value == "" {
		if archiveWithoutTools(p, project) {
			return
		}
		p.Skip("%s", cmp.Or(view.Unknown, value.Unknown, "nobody sets PATH"))
		return
	}
	if _, found := facts.FirstGo(installedGos(project), value.Value); !found {
		archiveWithoutTools(p, project) // it may have been moved away from where its archive is unpacked
		return                          // otherwise it is DV102's
	}
	if bin.Unknown == "" && bin.Effective != "" && !strings.HasPrefix(bin.Effective, "/") {
		p.Report(finding.Finding{
			Message:  fmt.Sprintf("GOBIN=%s is relative", bin.Effective),
			Location: bin.Origin.Place,
			Cause:    "it is set by " + said(bin.Origin),
			Upstream: []string{"cannot install, GOBIN must be an absolute path"},
			Fixes:    []finding.Fix{{Message: "write it from the root, or leave it out: GOPATH/bin is what everybody expects", Safe: true}},
		}, bin.Effective)
	}
	onPath := cleaned(goenv.Environ{"PATH": value.Value}.Path())
	written := func(folder string) string { // by the variable, where the image has it: its value may hold somebody's name
		if gopath := view.Lookup("GOPATH"); gopath.Origin.Layer == goenv.Dockerfile && folder == path.Join(gopath.Effective, "bin") {
			return "$GOPATH/bin"
		}
		return folder
	}
	report := func(severity finding.Severity, folder, what string, place source.Place) {
		if slices.Contains(onPath, folder) {
			return
		}
		if _, _, found := inStartupFile(project, "/go/bin", folder, "GOPATH", "GOBIN"); found {
			return // the userEnvProbe reads those for everything but docker exec
		}
		p.Report(finding.Finding{
			Severity: severity,
			Message:  fmt.Sprintf("%s, %s, is not on PATH (view %s)", folder, what, view.Name),
			Location: place,
			Evidence: map[string]string{"folder": folder, "views": view.Name, "PATH": value.Value},
			Cause:    "PATH is set by " + said(value.Origin),
			Upstream: []string{"gopls: command not found"},
			Fixes:    []finding.Fix{{Message: fmt.Sprintf("add it in the Dockerfile: ENV PATH=%s:$PATH", written(folder)), Safe: true}},
		}, folder)
	}
	if view.Lookup("GOPATH").Unknown != "" || view.Lookup("GOBIN").Unknown != "" {
		return // nobody knows where they go
	}
	tools := installedTools(project)
	if len(tools) == 0 && archiveWithoutTools(p, project) {
		return
	}
	for _, installed := range tools {
		report(finding.Warning, installed.folder, "where "+installed.tool+" is installed", installed.place)
	}
	if folder := binFolder(view, project.RemoteUser); folder != "" {
		if own := view.Lookup("GOPATH"); hasGoExtension(project) && bin.Effective == "" && own.Origin.Place.Known() {
			report(finding.Warning, folder, "where `go install` and the editor put tools by this GOPATH", own.Origin.Place)
			return
		}
		report(finding.Info, folder, "where `go install` puts programs", value.Origin.Place)
	}
}

// archiveWithoutTools judges a Go that the Dockerfile unpacks itself and puts on PATH by ENV: whoever does that has to put
// the folder of the tools there too, which images and features of Go bring along. It needs nothing of the base image, whose
// PATH has neither.
func archiveWithoutTools(p *check.Pass, project facts.Project) bool {
	g, ok := project.Go()
	if !ok || !strings.HasPrefix(g.By, "an archive") {
		return false
	}
	folder := "~/go/bin"
	var tools []string // folders that ENV says tools go into
	var own source.Place
	for _, instruction := range targetInstructions(project) {
		if instruction.Keyword != "ENV" {
			continue
		}
		for i := 0; i+1 < len(instruction.Words); i += 2 {
			name, value := instruction.Words[i], instruction.Words[i+1]
			switch name {
			case "GOPATH":
				tools = append(tools, path.Join(value, "bin"))
				folder = tools[len(tools)-1]
			case "GOBIN":
				tools = append(tools, path.Clean(value))
				folder = tools[len(tools)-1]
			case "PATH":
				for _, entry := range strings.Split(value, ":") {
					entry = path.Clean(entry)
					switch {
					case strings.HasSuffix(entry, "/go/bin") && (lies(entry, "/usr") || lies(entry, "/opt")):
						if !own.Known() { // later ones only carry it along in $PATH
							own = instruction.Place
						}
					case slices.Contains(tools, entry), strings.HasSuffix(entry, "/go/bin"), strings.Contains(strings.ToLower(entry), "gopath"), strings.Contains(entry, "GOBIN"):
						return false
					}
				}
			}
		}
	}
	if !own.Known() {
		return false
	}
	for _, said := range slices.Concat(project.Merged.RemoteEnv, project.Merged.ContainerEnv) {
		if said.Name == "PATH" || said.Name == "GOPATH" || said.Name == "GOBIN" {
			return false
		}
	}
	if _, _, found := inStartupFile(project, "/go/bin", folder, "GOPATH", "GOBIN"); found || copiesTools(project) {
		return false
	}
	severity := finding.Info
	if hasGoExtension(project) {
		severity = finding.Warning // it installs tools by itself, and terminals do not find them
	}
	p.Report(finding.Finding{
		Severity: severity,
		Message:  fmt.Sprintf("go is on PATH here, but %s, where `go install` and the editor put tools, is not", folder),
		Location: own,
		Cause:    "the Dockerfile unpacks Go itself, and with that nobody puts the folder of its tools on PATH",
		Evidence: map[string]string{"folder": folder},
		Upstream: []string{"gopls: command not found", "dlv: command not found"},
		Fixes:    []finding.Fix{{Message: "ENV GOPATH=/go, and ENV PATH=$GOPATH/bin:/usr/local/go/bin:$PATH", Safe: true}},
	}, folder)
	return true
}

// hasGoExtension tells whether the files ask for the Go extension, by its name of today or by its first.
func hasGoExtension(project facts.Project) bool {
	return slices.ContainsFunc(project.Extensions, func(e vscode.Extension) bool {
		return strings.EqualFold(e.ID, "golang.go") || strings.EqualFold(e.ID, "ms-vscode.go")
	})
}

// copiesTools tells whether a command moves or links what was installed to where PATH reaches.
func copiesTools(project facts.Project) bool {
	return anyCommand(project, func(c shell.Command) bool {
		return slices.Contains([]string{"mv", "cp", "ln", "install"}, c.Program()) && (mentions(c, "/go/bin/") || mentions(c, "GOPATH")) && !mentions(c, "/usr/local/go/bin")
	})
}

// binFolder is the folder where `go install` puts programs in a view; empty where files do not tell.
func binFolder(view goenv.View, user facts.User) string {
	bin, gopath := view.Lookup("GOBIN"), view.Lookup("GOPATH")
	first, _, _ := strings.Cut(gopath.Effective, ":")
	switch {
	case bin.Unknown != "" || gopath.Unknown != "":
		return ""
	case bin.Effective != "":
		first = bin.Effective
	case first != "":
		first = path.Join(first, "bin")
	case user.Unknown == "" && user.Home != "":
		first = path.Join(user.Home, "go/bin")
	}
	if !strings.HasPrefix(first, "/") {
		return ""
	}
	return path.Clean(first)
}

// installedTool is a program that the files install with go.
type installedTool struct {
	tool, folder string
	place        source.Place
}

// installedTools finds the `go install` commands whose folder is known, as far as nobody takes the programs out of it again.
func installedTools(project facts.Project) []installedTool {
	var found []installedTool
	for _, script := range project.Scripts {
		if script.Stage >= 0 && !script.Target || script.Shell.Problem != "" || script.Kind == "feature" {
			continue // the official features set PATH for what they install
		}
		env, known := maps.Clone(script.Env), script.User.Unknown == ""
		for _, command := range script.Shell.Commands {
			if len(command.Words) == 0 || command.Is("export") {
				for _, assign := range command.Assigns {
					if assign.Name != "GOBIN" && assign.Name != "GOPATH" && assign.Name != "HOME" {
						continue
					}
					value, ok := plainWord(assign.Value, env, script.User.Home)
					known = known && ok
					env = goenv.Environ(env).With(assign.Name + "=" + value)
				}
			}
			tool := ""
			for _, word := range command.Args() {
				if name, _, isTool := strings.Cut(word.Text, "@"); isTool {
					tool = path.Base(name)
				}
			}
			if !known || tool == "" || command.As != "" || !command.Is("go", "install") {
				continue
			}
			folder := env["GOBIN"]
			for _, assign := range command.Assigns {
				if assign.Name == "GOBIN" || assign.Name == "GOPATH" {
					folder = "?" // only for this command: people who write that know where it goes
				}
			}
			if first, _, _ := strings.Cut(env["GOPATH"], ":"); folder == "" && first != "" {
				folder = path.Join(first, "bin")
			} else if folder == "" && script.User.Home != "" {
				folder = path.Join(script.User.Home, "go/bin")
			}
			moved := anyCommand(project, func(c shell.Command) bool {
				return slices.Contains([]string{"ln", "cp", "mv", "install"}, c.Program()) && (mentions(c, folder) || mentions(c, "go/bin") || mentions(c, tool))
			})
			if strings.HasPrefix(folder, "/") && !moved {
				found = append(found, installedTool{tool, path.Clean(folder), script.Position(command.Line, command.Column)})
			}
		}
	}
	return found
}

var variableReference = regexp.MustCompile(`\$(\w+|\{\w+\})`)

// plainWord is a word whose only expansions are variables that are known.
func plainWord(word shell.Word, env map[string]string, home string) (string, bool) {
	known := true
	text := variableReference.ReplaceAllStringFunc(word.Text, func(reference string) string {
		name := strings.Trim(reference, "${}")
		value, ok := env[name]
		if !ok && name == "HOME" {
			value, ok = home, home != ""
		}
		known = known && ok
		return value
	})
	return text, !word.Expands || known && !strings.ContainsAny(text, "$`")
}
