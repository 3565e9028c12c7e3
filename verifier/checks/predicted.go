package checks

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

// predicted is the project where the target is a workspace: every view is told from files, and nothing was run.
func predicted(p *check.Pass) (facts.Project, bool) {
	project, ok := p.Project.Get()
	return project, ok && p.Target.Kind == "workspace"
}

// declaredValue is a value that somebody set, with the views that it wins in.
type declaredValue struct {
	goenv.Value
	views []string
}

// declaredValues lists the values of a variable that somebody set, each once. Go's own defaults are nobody's, and what is not known
// is not listed. What the Go extension repeats of a value counts as that value.
func declaredValues(p *check.Pass, name string) []declaredValue {
	var found []declaredValue
	for _, view := range p.Views {
		value := view.Lookup(name)
		switch {
		case value.Unknown != "" || value.Effective == "" || value.Origin.Layer == goenv.Default || value.Origin.Layer == goenv.GorootEnv:
			continue
		}
		at := slices.IndexFunc(found, func(s declaredValue) bool {
			same := s.Origin.Layer == value.Origin.Layer && s.Origin.Name == value.Origin.Name
			return s.Effective == value.Effective && (same || value.Origin.Layer == goenv.Extension)
		})
		if at < 0 {
			at = len(found)
			found = append(found, declaredValue{Value: value})
		}
		found[at].views = append(found[at].views, view.Name)
	}
	return found
}

// skipUnknown says why a variable could not be judged where no view knows it. It says the cause alone, which many checks share.
func skipUnknown(p *check.Pass, name string) {
	why := "there is no view"
	for _, view := range p.Views {
		if why = cmp.Or(view.Unknown, view.Lookup(name).Unknown); why == "" {
			return
		}
	}
	p.Skip("%s", why)
}

// lies tells whether a folder is another one or lies inside of it.
func lies(folder, inside string) bool {
	folder, inside = path.Clean(folder), path.Clean(inside)
	return folder == inside || strings.HasPrefix(folder, strings.TrimSuffix(inside, "/")+"/")
}

// installedGos is the Gos that the finished container has, in the order in which they come. That of an image whose tag moves
// is the latest, whatever was the newest when the table was written.
func installedGos(project facts.Project) []facts.GoInstall {
	var gos []facts.GoInstall
	for _, g := range project.Gos {
		if g.Stage >= 0 {
			continue
		}
		if known := project.Image.Known; known != nil && known.Moving && g.Assumed != "" && g.By == "image "+project.Image.Reference {
			g.Version, g.Exact = "latest", false
		}
		gos = append(gos, g)
	}
	return gos
}

// usedGo is the Go that the remote view's PATH finds, as far as files tell; where they do not, the last one that they bring.
func usedGo(p *check.Pass, project facts.Project) (facts.GoInstall, bool) {
	view := p.View(goenv.RemoteView)
	if value := view.Lookup("PATH"); view.Unknown == "" && value.Unknown == "" && !linksGo(project) {
		if g, ok := facts.FirstGo(project.Gos, value.Value); ok {
			return g, true
		}
	}
	return project.Go()
}

// unpacked tells whether a Go is surely where its root says: an archive may be unpacked anywhere.
func unpacked(project facts.Project, g facts.GoInstall) bool {
	if !strings.HasPrefix(g.By, "an archive") {
		return true
	}
	return anyCommand(project, func(c shell.Command) bool {
		return slices.Contains([]string{"tar", "bsdtar", "mv", "cp", "ln"}, c.Program()) && slices.ContainsFunc(c.Words, func(w shell.Word) bool {
			folder := path.Clean(strings.TrimPrefix(strings.TrimPrefix(w.Text, "--directory="), "-C"))
			return folder == path.Clean(g.Root) || folder == path.Dir(path.Clean(g.Root))
		})
	})
}

// described is a Go with the way in which it came, and whose word that is.
func described(g facts.GoInstall) string {
	words := g.By // "an archive of Go 1.22.5" says it all
	switch {
	case g.Version == "latest":
		words = "the newest Go of " + g.By
	case !strings.HasSuffix(g.By, "of Go "+g.Version):
		words = strings.Join(strings.Fields("Go "+g.Version+" of "+g.By), " ")
	}
	if g.Assumed != "" {
		words += " (assumed from " + g.Assumed + ")"
	}
	return words
}

// shellCommands goes through the commands of all scripts that have to do with the finished container.
func shellCommands(project facts.Project) func(yield func(facts.Script, shell.Command) bool) {
	return func(yield func(facts.Script, shell.Command) bool) {
		for _, script := range project.Scripts {
			if script.Stage >= 0 && !script.Target {
				continue
			}
			for _, command := range script.Shell.Commands {
				if !yield(script, command) {
					return
				}
			}
		}
	}
}

// anyCommand tells whether a command of the scripts is as asked.
func anyCommand(project facts.Project, is func(shell.Command) bool) bool {
	for _, command := range shellCommands(project) {
		if is(command) {
			return true
		}
	}
	return false
}

// mentions tells whether a command has the text in a word, an assignment or a here document.
func mentions(command shell.Command, text string) bool {
	for _, word := range command.Words {
		if strings.Contains(word.Text, text) {
			return true
		}
	}
	for _, assign := range command.Assigns {
		if assign.Name == text || strings.Contains(assign.Value.Text, text) {
			return true
		}
	}
	for _, redirect := range command.Redirects {
		if redirect.Heredoc != nil && strings.Contains(redirect.Heredoc.Text, text) {
			return true
		}
	}
	return false
}

var startupFile = regexp.MustCompile(`(^|/)\.?(bash\.bashrc|bashrc|bash_profile|bash_login|zshrc|zshenv|zprofile|zlogin|profile|environment)$|/profile\.d/|/(zsh|bash)rc$`)

// inStartupFile finds where a shell's start-up file is written or copied that has to do with PATH: what stands there is seen
// by the shells that read it, and by nobody else.
func inStartupFile(project facts.Project, about ...string) (place source.Place, file string, found bool) {
	for script, command := range shellCommands(project) {
		for _, redirect := range command.Redirects {
			if !startupFile.MatchString(redirect.File.Text) {
				continue
			}
			if slices.ContainsFunc(about, func(text string) bool { return mentions(command, text) }) {
				return script.Position(command.Line, command.Column), redirect.File.Text, true
			}
		}
	}
	if project.Build == nil {
		return place, "", false
	}
	for _, instruction := range targetInstructions(project) {
		if last := len(instruction.Words) - 1; instruction.Keyword == "COPY" && last > 0 {
			for _, word := range instruction.Words {
				text, read := project.Startup[word]
				silent := read && !slices.ContainsFunc(about, func(name string) bool { return strings.Contains(text, name) })
				if startupFile.MatchString(word) && !silent {
					return instruction.Place, word, true
				}
			}
		}
	}
	return place, "", false
}

// linksGo tells whether the files put a go into another folder than its root's bin: then PATH need not hold that.
func linksGo(project facts.Project) bool {
	everything := []string{"/usr/local/go/bin/*"} // of a Go root; what a script moves out of another bin are its tools
	for _, g := range project.Gos {
		everything = append(everything, path.Join(g.Root, "bin", "*"))
	}
	isGo := func(text string) bool { return strings.HasSuffix(text, "/bin/go") || slices.Contains(everything, text) }
	for _, instruction := range targetInstructions(project) {
		if instruction.Keyword == "COPY" && slices.ContainsFunc(instruction.Words, isGo) {
			return true
		}
	}
	return anyCommand(project, func(c shell.Command) bool {
		return slices.Contains([]string{"ln", "cp", "mv", "install", "update-alternatives", "alternatives"}, c.Program()) &&
			slices.ContainsFunc(c.Words, func(w shell.Word) bool { return isGo(w.Text) })
	})
}

// askedGo is the Go version that the project asks for, with its place and the file's name.
func askedGo(p *check.Pass, project facts.Project) (version string, place source.Place, file string) {
	if p.Workspace.Go != "" {
		return p.Workspace.Go, p.Workspace.GoPlace, path.Base(p.Workspace.Module)
	}
	for _, m := range project.Modules {
		if !m.Main || m.Problem != "" {
			continue
		}
		if m.Toolchain != "" && goenv.CompareVersions(m.Toolchain, m.Go) > 0 {
			return m.Toolchain, m.ToolchainPlace, path.Base(m.File)
		}
		return m.Go, m.GoPlace, path.Base(m.File)
	}
	return "", source.Place{}, ""
}

// olderGo tells whether a Go is surely older than a version. One that is known by its minor version alone may be any
// release of that, and one that moves may be anything.
func olderGo(g facts.GoInstall, than string) bool {
	if goenv.Minor(g.Version) == "" || goenv.Minor(than) == "" {
		return false
	}
	if g.Exact {
		return goenv.CompareVersions(g.Version, than) < 0
	}
	return goenv.CompareVersions(goenv.Minor(g.Version), goenv.Minor(than)) < 0
}

// switchesTo is the toolchain that a Go surely switches to for the project, by the rules of cmd/go/internal/toolchain
// (Select); empty where it stays, where it cannot switch, and where files do not tell.
func switchesTo(g facts.GoInstall, toolchain, asked string) string {
	if goenv.Minor(g.Version) == "" || goenv.CompareVersions(goenv.Minor(g.Version), "1.21") < 0 {
		return "" // before Go 1.21 there are no toolchains to switch to
	}
	name, mode, _ := strings.Cut(toolchain, "+")
	switch {
	case name == "" || name == "auto":
		name, mode = "", "auto"
	case name == "local" || name == "path":
		name = ""
	}
	target := strings.TrimPrefix(name, "go")
	if mode == "auto" && goenv.CompareVersions(asked, target) > 0 {
		target = asked
	}
	if !olderGo(g, target) {
		return ""
	}
	return target
}

// toolchainDue is the toolchain that the project will make go download in the editor's views, as far as files tell, and the
// Go that does.
func toolchainDue(p *check.Pass, project facts.Project) (target string, from facts.GoInstall) {
	view := p.View(goenv.RemoteView)
	folders, mode := view.Lookup("PATH"), view.Lookup("GOTOOLCHAIN")
	asked, _, _ := askedGo(p, project)
	if view.Unknown != "" || folders.Unknown != "" || mode.Unknown != "" || asked == "" {
		return "", from
	}
	g, ok := facts.FirstGo(installedGos(project), folders.Value)
	if !ok {
		return "", from
	}
	toolchain := mode.Effective
	if toolchain == "" {
		toolchain = g.Toolchain
	}
	return switchesTo(g, toolchain, asked), g
}

// targetInstructions is the instructions of the stages that the target is made of, the lowest stage first.
func targetInstructions(project facts.Project) []dockerfile.Instruction {
	if project.Build == nil {
		return nil
	}
	var found []dockerfile.Instruction
	stages := project.Build.Stages
	// A stage starts from an earlier one, so this ends.
	for at := project.Build.Target; at >= 0 && at < len(stages); at = stages[at].Parent {
		found = append(slices.Clone(stages[at].Instructions), found...)
		if stages[at].Parent >= at {
			break
		}
	}
	return found
}

// counted is "1 view" or "3 views".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
