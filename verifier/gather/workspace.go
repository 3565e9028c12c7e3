//go:build linux

package gather

import (
	"path/filepath"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"

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
		if g.config, err = devcontainer.Parse(file); err != nil {
			g.problems = append(g.problems, err.Error())
		}
		break
	}
	g.readDockerfile()
	g.readSettings()
	g.readModule()
}

// readDockerfile reads the Dockerfile that the dev container is built of, if it lies in the workspace.
func (g *gatherer) readDockerfile() {
	name := filepath.Join(filepath.Dir(g.config.File), g.config.Dockerfile)
	if g.config.Dockerfile == "" || !filepath.IsLocal(name) {
		return
	}
	file, err := g.Text(filepath.Join(g.Workspace, name), name)
	if err != nil {
		return // a container that runs has no need of it
	}
	parsed, err := dockerfile.Parse(file)
	if err != nil {
		g.problems = append(g.problems, err.Error())
		return
	}
	g.declared = parsed.Env(g.config.Target)
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
	read := func(file source.File, inside ...string) {
		if err := g.settings.Read(file, inside...); err != nil {
			g.problems = append(g.problems, err.Error())
		}
	}
	found := false
	for _, name := range machineSettings {
		if file, err := g.Text(filepath.Join(g.system.Home, name), "~/"+name); err == nil {
			read(file)
			found = true
			break
		}
	}
	if !found && g.config.Settings.Text != "" {
		read(g.config.Settings, "customizations", "vscode", "settings")
	}
	if file, err := g.Text(filepath.Join(g.Workspace, ".vscode/settings.json"), ".vscode/settings.json"); err == nil {
		read(file)
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
