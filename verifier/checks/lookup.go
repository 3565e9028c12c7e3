package checks

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

var lookupAgrees = check.Check{
	Code: "DV705", Name: "lookup-agrees", Severity: finding.Error, Scope: "S",
	Summary: "a setting makes the Go extension use another of the container's Gos than the terminal (a warning where both are one release)",
	Needs:   []facts.Need{facts.Declared, facts.Environment},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		view := p.View(goenv.RemoteView)
		value := view.Lookup("PATH")
		gos := installedGos(project)
		ofShell, found := facts.FirstGo(gos, value.Value)
		if view.Unknown != "" || value.Unknown != "" || !found || linksGo(project) {
			p.Skip("the files do not tell which go the terminal finds")
			return
		}
		lookup := vscode.Lookup{
			Env: view.Environ(), Settings: vscode.Effective(project.Settings), Workspace: project.Folder,
			Executable: func(file string) bool { _, ok := goAt(gos, file); return ok },
		}
		answer := lookup.Go()
		ofExtension, _ := goAt(gos, answer.Path)
		setting, place := "go.goroot", lookup.Settings.GorootPlace
		switch answer.Why {
		case "alternateTool":
			setting = "go.alternateTools"
			place = toolPlace(project.Settings, "go")
		case "goroot":
			if lookup.Settings.Goroot == "" {
				return // the environment's GOROOT is every view's, and DV104's
			}
		default:
			return
		}
		if ofExtension.Root == ofShell.Root {
			return
		}
		f := finding.Finding{
			Message: fmt.Sprintf("%s makes the editor use %s in %s, while the terminal finds %s in %s",
				setting, described(ofExtension), ofExtension.Root, described(ofShell), ofShell.Root),
			Location: place,
			Related: []finding.Related{
				{Message: "the editor's Go comes from here", Location: ofExtension.Place}, {Message: "the terminal's Go comes from here", Location: ofShell.Place},
			},
			Evidence: map[string]string{"editor": answer.Path, "terminal": path.Join(ofShell.Root, "bin/go")},
			Cause:    "the extension asks alternateTools, GOBIN and go.goroot before PATH, and a shell asks PATH alone",
			Fixes:    []finding.Fix{{Message: "remove " + setting + ", and put the Go that is meant first on PATH", Safe: true}},
		}
		if ofExtension.Exact && ofShell.Exact && ofExtension.Version == ofShell.Version {
			f.Severity = finding.Warning
		}
		p.Report(f, setting)
	},
}

// goAt is the Go whose command a path is; of several in one folder the last one that was put there.
func goAt(gos []facts.GoInstall, file string) (facts.GoInstall, bool) {
	for _, g := range slices.Backward(gos) {
		if g.Root != "" && path.Join(g.Root, "bin/go") == path.Clean(file) {
			return g, true
		}
	}
	return facts.GoInstall{}, false
}

// hasRoot tells whether the files are seen to put a Go there.
func hasRoot(project facts.Project, root string) bool {
	_, ok := goAt(installedGos(project), path.Join(root, "bin/go"))
	return ok
}

// toolPlace is where the setting that decides names a tool: the folder's own, or else the last one below it.
func toolPlace(settings []vscode.Setting, tool string) source.Place {
	var place source.Place
	for _, folder := range []bool{false, true} {
		for _, s := range settings {
			if s.Name != "go.alternateTools" || (s.Layer == vscode.FolderLayer) != folder || s.Layer == vscode.WorkspaceFileLayer {
				continue
			}
			for _, m := range s.Value.Members {
				if m.Name == tool {
					place = m.Place
				}
			}
		}
	}
	return place
}

// judgeAlternateTools finds programs that the container has not: a path of somebody's own machine, a folder of another user,
// or a file of the workspace that is not there. The extension then looks as if nothing were set, and installs none either
// (util.ts, getBinPathWithExplanation; goInstallTools.ts, getMissingTools).
func judgeAlternateTools(p *check.Pass, project facts.Project, setting vscode.Setting) {
	for _, tool := range setting.Value.Members {
		text := tool.Value.Text
		if !tool.Value.Is(jsonc.String) || text == "" {
			continue
		}
		f := finding.Finding{
			Severity: finding.Warning, Location: tool.Place,
			Cause: "a path that leads nowhere is passed over without a word, and the extension installs no tool that the setting names",
			Fixes: []finding.Fix{{Message: "remove it: the extension finds " + tool.Name + " by itself", Safe: true}},
		}
		says := fmt.Sprintf("go.alternateTools names %s for %s", text, tool.Name)
		file, inside := project.Named(text)
		there, asked := project.Exists[file]
		switch {
		case strings.Contains(text, "${env:") && strings.HasPrefix(setting.Layer, "devcontainer.json"):
			f.Message = says + ", in which ${env:…} is replaced on the host: the container's variable is not asked"
			f.Cause = "${env:…} in devcontainer.json is another name of ${localEnv:…}"
			f.Fixes = append(f.Fixes, finding.Fix{Message: "or say it in .vscode/settings.json, where the extension replaces it"})
		case hostPath.MatchString(text):
			f.Message = says + ", a path of somebody's own machine: the container has no such file"
		case inside && asked && !there && !project.Ignored[file] && !isMade(project, path.Base(file)):
			f.Message = fmt.Sprintf("%s, but there is no %s", says, file)
		case otherHome(project, text) && !isMade(project, strings.Join(strings.Split(text, "/")[:3], "/")):
			f.Message = fmt.Sprintf("%s, in the home folder of another user than %s", says, project.RemoteUser.Name)
		case tool.Name == "go" && path.IsAbs(text) && strings.HasSuffix(text, "/bin/go") && elsewhere(project, text):
			install, _ := project.Go()
			f.Message = fmt.Sprintf("%s, but the Go of the container is in %s (%s)", says, install.Root, described(install))
		default:
			continue
		}
		p.Report(f, setting.Layer, tool.Name)
	}
}

// isMade tells whether a command of the project speaks of a path: it may make it.
func isMade(project facts.Project, text string) bool {
	return anyCommand(project, func(c shell.Command) bool { return mentions(c, text) })
}

// otherHome tells whether a path lies in the home folder of somebody else than the remote user.
func otherHome(project facts.Project, text string) bool {
	home := project.RemoteUser.Home
	return home != "" && project.RemoteUser.Unknown == "" && !lies(text, home) &&
		(strings.HasPrefix(text, "/home/") && strings.Count(text, "/") > 2 && !strings.HasPrefix(text, "/home/linuxbrew/") || lies(text, "/root"))
}

// elsewhere tells whether no Go of the container is at a path, as far as the files say everything about it.
func elsewhere(project facts.Project, file string) bool {
	_, at := goAt(installedGos(project), file)
	install, ok := project.Go()
	return !at && ok && install.Root != "" && project.Image.Unknown == "" && !strings.Contains(file, "$") && !linksGo(project) &&
		!slices.Contains([]string{"/usr/bin/go", "/usr/local/bin/go", "/bin/go"}, path.Clean(file)) && !isMade(project, path.Dir(path.Dir(file)))
}
