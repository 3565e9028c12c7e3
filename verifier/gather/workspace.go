//go:build linux

package gather

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"

	"golang.org/x/mod/modfile"
)

// readWorkspace reads the files of the workspace that decide about Go: go.work or go.mod, the editor's settings and the
// dev container's configuration. Files that cannot be read become problems, never errors.
func (g *gatherer) readWorkspace() {
	g.workspace.Folder = g.Workspace
	for _, name := range devcontainer.Files {
		file, err := g.Text(filepath.Join(g.Workspace, name), name)
		if err != nil {
			continue
		}
		g.config = devcontainer.Read(file)
		g.refuse(g.config.Problems)
		break
	}
	g.readDockerfile()
	g.readSettings()
	g.readModule()
}

// readDockerfile reads the Dockerfile that the dev container is built of, if it lies in the workspace.
func (g *gatherer) readDockerfile() {
	name := filepath.Join(filepath.Dir(g.config.File), g.config.Dockerfile())
	if g.config.Dockerfile() == "" || !filepath.IsLocal(name) {
		return
	}
	file, err := g.Text(filepath.Join(g.Workspace, name), name)
	if err != nil {
		return // a container that runs has no need of it
	}
	g.declared = dockerfile.Parse(file).Env(g.config.Target())
}

// machineSettings are the places where editors keep the settings of the remote machine, which they fill from the dev
// container's customizations, relative to the home folder.
var machineSettings = []string{
	".vscode-server/data/Machine/settings.json",
	".vscode-server-insiders/data/Machine/settings.json",
	".vscode-remote/data/Machine/settings.json",
	".cursor-server/data/Machine/settings.json",
}

// readSettings lays the workspace's settings over those of the remote machine. Before an editor was ever connected there
// are none of the latter; then the customizations that it will write there are taken from devcontainer.json.
func (g *gatherer) readSettings() {
	var layers []vscode.Setting
	read := func(path, shown, layer string) bool {
		file, err := g.Text(path, shown)
		if err != nil {
			return false
		}
		root, problems := jsonc.Read(file)
		g.refuse(problems)
		layers = append(layers, vscode.ReadSettings(root, layer)...)
		return true
	}
	found := slices.ContainsFunc(machineSettings, func(name string) bool {
		return read(filepath.Join(g.system.Home, name), "~/"+name, vscode.MachineLayer)
	})
	if !found {
		layers, _ = vscode.ReadDevContainer(g.config.Root)
	}
	read(filepath.Join(g.Workspace, ".vscode/settings.json"), ".vscode/settings.json", vscode.FolderLayer)
	g.settings = vscode.Effective(layers)
}

// refuse notes the first thing that is wrong with a file, where something of it is lost.
func (g *gatherer) refuse(problems []jsonc.Problem) {
	for _, p := range problems {
		if p.Kind == "syntax" || p.Kind == "dropped" {
			g.problems = append(g.problems, p.Place.String()+": "+p.Message)
			return
		}
	}
}

// readModule finds the go.work or go.mod that the go command uses in the workspace, and the Go version it asks for.
func (g *gatherer) readModule() {
	for _, name := range []string{"go.work", "go.mod"} {
		for folder := g.Workspace; ; folder = filepath.Dir(folder) {
			path := filepath.Join(folder, name)
			shown, err := filepath.Rel(g.Workspace, path)
			if err != nil || strings.HasPrefix(shown, "..") {
				shown = path
			}
			if file, err := g.Text(path, shown); err == nil {
				g.workspace.Module = path
				g.readGoVersion(file)
				return
			}
			if folder == "/" || folder == "." {
				break
			}
		}
	}
}

func (g *gatherer) readGoVersion(file source.File) {
	consider := func(version string, line *modfile.Line) {
		version = strings.TrimPrefix(version, "go")
		if goenv.CompareVersions(version, g.workspace.Go) > 0 {
			g.workspace.Go = version
			g.workspace.GoPlace = file.Place(line.Start.Byte, line.End.Byte)
		}
	}
	var goLine *modfile.Go
	var toolchain *modfile.Toolchain
	var err error
	if filepath.Base(g.workspace.Module) == "go.work" {
		var work *modfile.WorkFile
		if work, err = modfile.ParseWork(file.Name, []byte(file.Text), nil); err == nil {
			goLine, toolchain = work.Go, work.Toolchain
		}
	} else {
		var module *modfile.File
		if module, err = modfile.Parse(file.Name, []byte(file.Text), nil); err == nil {
			goLine, toolchain = module.Go, module.Toolchain
		}
	}
	if err != nil {
		g.problems = append(g.problems, err.Error())
		return
	}
	if goLine != nil {
		consider(goLine.Version, goLine.Syntax)
	}
	if toolchain != nil && strings.HasPrefix(toolchain.Name, "go1") { // "default" asks for nothing
		consider(toolchain.Name, toolchain.Syntax)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}
