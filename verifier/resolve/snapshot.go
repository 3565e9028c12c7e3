package resolve

import (
	"io/fs"
	"path"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/image"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// notRun is why most of a snapshot of files is absent.
const notRun = "files are read and nothing is run"

// Snapshot resolves a project and lays it out so that the checks for containers can judge it as far as files decide it.
func Snapshot(workspace fs.FS, options Options) *facts.Snapshot {
	project, views := Project(workspace, options)
	s := &facts.Snapshot{
		Target:    facts.Target{Kind: "workspace", Name: options.Config},
		System:    facts.System{OS: "linux", User: project.RemoteUser.Name, Home: project.RemoteUser.Home},
		Workspace: workspaceOf(project),
		EnvFile:   facts.Absent[facts.EnvFile](notRun),
		Shells:    facts.Absent[[]facts.Shell](notRun),
		Extension: facts.Absent[facts.Extension](notRun),
		Ptrace:    facts.Absent[facts.Ptrace](notRun),
		Builds:    facts.Absent[[]facts.Build](notRun),
		Go:        map[string]facts.Part[facts.GoCommand]{},
		Trees:     map[string]goenv.Tree{},
		Tools:     map[string]facts.Part[facts.Tool]{},
		Proofs:    map[string]facts.Part[facts.Proof]{},
		Image:     facts.Absent[image.Image](notRun),
		Project:   facts.Known(project),
	}
	for _, install := range project.Gos {
		if install.Stage < 0 && install.Root != "" && install.Version != "" && install.Version != "latest" {
			s.Trees[install.Root] = goenv.Tree{Real: install.Root, Folder: true, Go: true, Std: true, Version: "go" + install.Version}
		}
	}
	s.Views = editorViews(project, views)
	for _, view := range s.Views {
		s.Go[view.Name] = facts.Absent[facts.GoCommand](notRun)
	}
	return s
}

// workspaceOf is the module that the go command uses in the project's folder.
func workspaceOf(project facts.Project) facts.Workspace {
	w := facts.Workspace{Folder: project.Folder}
	for _, m := range project.Modules {
		if !m.Main {
			continue
		}
		w.Module, w.Go, w.GoPlace = m.File, m.Go, m.GoPlace
		if goenv.CompareVersions(m.Toolchain, m.Go) > 0 {
			w.Go, w.GoPlace = m.Toolchain, m.ToolchainPlace
		}
		break // a go.work comes first
	}
	return w
}

// editorViews puts go's defaults beneath the views that the files decide, and adds those that an editor makes of them. What
// login files do is in no file of the workspace.
func editorViews(project facts.Project, decided []goenv.View) []goenv.View {
	if len(decided) == 0 {
		return nil
	}
	var views []goenv.View
	for _, view := range decided {
		views = append(views, shown(project, view.Name, view.Layers))
		if view.Name == goenv.ContainerView {
			views = append(views, goenv.View{Name: goenv.LoginView, Unknown: "login files are in the image, not in the workspace"})
		}
	}
	remote := decided[len(decided)-1].Layers
	views = append(views, shown(project, goenv.TerminalView, remote))
	environ := goenv.View{Layers: remote}.Environ()
	tools := vscode.Lookup{Env: environ, Settings: vscode.Effective(project.Settings), Workspace: project.Folder}.ToolsEnvVars()
	if len(tools.Set) > 0 {
		remote = append(remote[:len(remote):len(remote)], tools)
	}
	return append(views, shown(project, goenv.ToolsView, remote))
}

func shown(project facts.Project, name string, layers []goenv.Layer) goenv.View {
	view := goenv.View{Name: name}
	decided := goenv.View{Layers: layers}
	environ := decided.Environ()
	defaults := goenv.Layer{Kind: goenv.Default, Set: map[string]string{}}
	if environ["GOPATH"] == "" && decided.Lookup("GOPATH").Unknown == "" {
		home := project.RemoteUser.Home
		if set := environ["HOME"]; set != "" {
			home = set
		}
		if home != "" {
			defaults.Set["GOPATH"] = path.Join(home, "go")
		}
	}
	if environ["GOROOT"] == "" && decided.Lookup("GOROOT").Unknown == "" {
		if install, ok := facts.FirstGo(project.Gos, environ["PATH"]); ok {
			defaults.Set["GOROOT"] = install.Root
		}
	}
	for _, layer := range append([]goenv.Layer{defaults}, layers...) {
		if layer = layer.Only(goenv.Variables); len(layer.Set)+len(layer.Unset) > 0 || layer.Unseen != "" {
			view.Layers = append(view.Layers, layer)
		}
	}
	return view
}
