//go:build linux

package gather

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/source"
)

func TestReadModule(t *testing.T) {
	for name, test := range map[string]struct {
		files   map[string]string // below the home folder; the workspace is work
		module  string
		version string
		place   string // file:line:column
		problem string // beginning of it
	}{
		"nothing":                {nil, "", "", "", ""},
		"go line":                {map[string]string{"work/go.mod": "module x\n\ngo 1.25\n"}, "work/go.mod", "1.25", "go.mod:3:1", ""},
		"toolchain line":         {map[string]string{"work/go.mod": "module x\ngo 1.25\ntoolchain go1.26.8\n"}, "work/go.mod", "1.26.8", "go.mod:3:1", ""},
		"the greater of the two": {map[string]string{"work/go.mod": "module x\ngo 1.27\ntoolchain go1.26.8\n"}, "work/go.mod", "1.27", "go.mod:2:1", ""},
		"toolchain default":      {map[string]string{"work/go.mod": "module x\ngo 1.25\ntoolchain default\n"}, "work/go.mod", "1.25", "go.mod:2:1", ""},
		"no line":                {map[string]string{"work/go.mod": "module x\n"}, "work/go.mod", "", "", ""},
		"release candidate":      {map[string]string{"work/go.mod": "module x\ngo 1.27rc1\n"}, "work/go.mod", "1.27rc1", "go.mod:2:1", ""},
		"go.work before go.mod": {map[string]string{"work/go.mod": "module x\ngo 1.27\n", "work/go.work": "go 1.26.1\n\ntoolchain go1.26.2\nuse .\n"},
			"work/go.work", "1.26.2", "go.work:3:1", ""},
		"go.work above":         {map[string]string{"work/go.mod": "module x\ngo 1.20\n", "go.work": "go 1.26.1\nuse ./work\n"}, "go.work", "1.26.1", "/go.work:1:1", ""},
		"go.mod above":          {map[string]string{"go.mod": "module x\ngo 1.24\n"}, "go.mod", "1.24", "/go.mod:2:1", ""},
		"malformed":             {map[string]string{"work/go.mod": "module x\ngo one\n"}, "work/go.mod", "", "", "go.mod:2: invalid go version 'one'"},
		"malformed go.work":     {map[string]string{"work/go.work": "go 1.26\nuse (\n"}, "work/go.work", "", "", "go.work:"},
		"a future instruction":  {map[string]string{"work/go.mod": "module x\ngo 1.25\nfuture x\n"}, "work/go.mod", "", "", "go.mod:3: unknown directive: future"},
		"a folder of that name": {map[string]string{"work/go.mod/x": "", "go.mod": "module x\ngo 1.24\n"}, "go.mod", "1.24", "/go.mod:2:1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			for name, text := range test.files {
				h.write(name, text)
			}
			g := h.gatherer()
			g.readModule()
			if test.module != "" {
				test.module = filepath.Join(h.folder, test.module)
			}
			if g.workspace.Module != test.module || g.workspace.Go != test.version {
				t.Errorf("%s asks for %q; want %s, %q", g.workspace.Module, g.workspace.Go, test.module, test.version)
			}
			if got := strings.TrimPrefix(g.workspace.GoPlace.String(), h.folder); got != test.place {
				t.Errorf("it stands at %s, want %s", got, test.place)
			}
			problem := strings.Join(g.problems, "\n")
			if (problem == "") != (test.problem == "") || !strings.HasPrefix(problem, test.problem) {
				t.Errorf("problem %q, want %q", problem, test.problem)
			}
		})
	}
}

func TestReadGoVersionPlace(t *testing.T) {
	g := gatherer{workspace: facts.Workspace{Module: "/x/go.mod"}}
	g.readGoVersion(source.File{Name: "go.mod", Text: "// ä\nmodule x\n\ngo 1.26.8 // needs it\n"})
	if diff := cmp.Diff(source.Place{File: "go.mod", Line: 4, Column: 1, EndLine: 4, EndColumn: 10}, g.workspace.GoPlace); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadWorkspace(t *testing.T) {
	h := newHome(t)
	h.write("work/.devcontainer/devcontainer.json", `{
  "build": {"dockerfile": "Dockerfile", "target": "dev"},
  "remoteEnv": {"GOROOT": "/x"},
  "customizations": {"vscode": {"settings": {"go.goroot": "/of/devcontainer.json", "go.gopath": "/path"}}}
}`)
	h.write("work/.devcontainer.json", `{"remoteEnv": {"GOROOT": "/never/read"}}`)
	h.write("work/.devcontainer/Dockerfile", "FROM x AS dev\nENV GOFLAGS=-x\nFROM y\nENV GOFLAGS=-y\n")
	h.write("work/.vscode/settings.json", `{"go.goroot": "/of/the/workspace"}`)
	g := h.gatherer()
	g.readWorkspace()
	if g.workspace.Folder != h.workspace || g.config.RemoteEnv()["GOROOT"].Value != "/x" || len(g.problems) != 0 {
		t.Errorf("folder %s, remoteEnv %v, problems %q", g.workspace.Folder, g.config.RemoteEnv(), g.problems)
	}
	if got := g.declared["GOFLAGS"]; got.Value != "-x" || got.Place.String() != ".devcontainer/Dockerfile:2:5" {
		t.Errorf("the Dockerfile sets GOFLAGS to %+v", got)
	}
	if g.settings.Goroot != "/of/the/workspace" || g.settings.Gopath != "/path" {
		t.Errorf("settings %+v", g.settings)
	}

	// Once an editor was there, what it wrote counts in the place of the customizations.
	h.write(".vscode-server/data/Machine/settings.json", `{"go.toolsGopath": "/tools"}`)
	g = h.gatherer()
	g.readWorkspace()
	if g.settings.ToolsGopath != "/tools" || g.settings.Gopath != "" {
		t.Errorf("settings %+v", g.settings)
	}
}

// What cannot be read is named, and the rest is read.
func TestReadWorkspaceProblems(t *testing.T) {
	h := newHome(t)
	h.write("work/.devcontainer/devcontainer.json", `{"remoteEnv": {`)
	h.write("work/.vscode/settings.json", `{"go.goroot": `)
	h.write("work/go.mod", "module x\ngo 1.26\nrubbish\n")
	h.write(".cursor-server/data/Machine/settings.json", `{"go.gopath": "/path"}`)
	g := h.gatherer()
	g.readWorkspace()
	if g.settings.Gopath != "/path" {
		t.Errorf("settings %+v", g.settings)
	}
	for _, name := range []string{".devcontainer/devcontainer.json", ".vscode/settings.json", "go.mod"} {
		found := 0
		for _, problem := range g.problems {
			if strings.HasPrefix(problem, name+":") {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s is named %d times in %q", name, found, g.problems)
		}
	}
}

// No file outside of the workspace is read for what a devcontainer.json names.
func TestReadDockerfileStaysInside(t *testing.T) {
	h := newHome(t)
	h.write("Dockerfile", "FROM x\nENV GOFLAGS=-x\n")
	for _, name := range []string{"../../Dockerfile", filepath.Join(h.folder, "Dockerfile")} {
		h.write("work/.devcontainer/devcontainer.json", `{"build": {"dockerfile": "`+name+`"}}`)
		g := h.gatherer()
		g.readWorkspace()
		if len(g.declared) != 0 {
			t.Errorf("%s: %v", name, g.declared)
		}
	}
}
