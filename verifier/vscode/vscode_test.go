package vscode

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

func have(paths ...string) func(string) bool {
	return func(path string) bool { return slices.Contains(paths, path) }
}

// TestGo is the table of ten cases in which the order of pathUtils.ts was observed.
func TestGo(t *testing.T) {
	const usual, other = "/usr/local/go/bin/go", "/opt/go1.25/bin/go"
	path := goenv.Environ{"PATH": "/usr/bin:/usr/local/go/bin"}
	for name, test := range map[string]struct {
		env      goenv.Environ
		settings Settings
		files    []string
		want     Found
	}{
		"path":                               {path, Settings{}, []string{usual}, Found{usual, "path"}},
		"GOROOT before path":                 {path.With("GOROOT=/opt/go1.25"), Settings{}, []string{usual, other}, Found{other, "goroot"}},
		"GOROOT without go":                  {path.With("GOROOT=/opt/empty"), Settings{}, []string{usual}, Found{usual, "path"}},
		"GOROOT empty":                       {path.With("GOROOT="), Settings{}, []string{usual}, Found{usual, "path"}},
		"go.goroot beats the variable":       {path.With("GOROOT=/usr/local/go"), Settings{Goroot: "/opt/go1.25"}, []string{usual, other}, Found{other, "goroot"}},
		"go.goroot that is none":             {path.With("GOROOT=/usr/local/go"), Settings{Goroot: "/nope"}, []string{usual}, Found{usual, "goroot"}},
		"GOBIN beats all but alternateTools": {path.With("GOBIN=/b", "GOROOT=/opt/go1.25"), Settings{}, []string{usual, other, "/b/go"}, Found{"/b/go", "gobin"}},
		"alternateTools":                     {path.With("GOBIN=/b", "X=/alt"), Settings{AlternateTools: map[string]string{"go": "${env:X}/go"}}, []string{usual, "/b/go", "/alt/go"}, Found{"/alt/go", "alternateTool"}},
		"alternateTools that is missing":     {path, Settings{AlternateTools: map[string]string{"go": "/gone/go"}}, []string{usual}, Found{usual, "path"}},
		"not on path, in the default place":  {goenv.Environ{"PATH": "/usr/bin"}, Settings{}, []string{usual}, Found{usual, "default"}},
		"nowhere":                            {goenv.Environ{}, Settings{}, nil, Found{}},
	} {
		got := Lookup{Env: test.env, Settings: test.settings, Executable: have(test.files...)}.Go()
		if got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestTool(t *testing.T) {
	env := goenv.Environ{"PATH": "/usr/bin", "HOME": "/home/dev"}
	for name, test := range map[string]struct {
		env      goenv.Environ
		settings Settings
		file     string
		why      string
	}{
		"gobin":       {env.With("GOBIN=/b"), Settings{}, "/b/dlv", "gobin"},
		"toolsGopath": {env, Settings{ToolsGopath: "~/tools"}, "/home/dev/tools/bin/dlv", "gopath"},
		"gopath":      {env, Settings{}, "/two/bin/dlv", "gopath"},
		"goroot":      {env, Settings{}, "/usr/local/go/bin/dlv", "goroot"},
		"path":        {env, Settings{}, "/usr/bin/dlv", "path"},
	} {
		got, _ := Lookup{Env: test.env, Settings: test.settings, Executable: have(test.file)}.Tool("dlv", "/one:/two", "/usr/local/go")
		if (got != Found{test.file, test.why}) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	_, searched := Lookup{Env: env, Executable: have()}.Tool("dlv", "/one", "/usr/local/go")
	if diff := cmp.Diff([]string{"/one/bin", "/usr/local/go/bin", "/usr/bin"}, searched); diff != "" {
		t.Error(diff)
	}
}

func TestActivation(t *testing.T) {
	env := goenv.Environ{"PATH": "/usr/bin", "GOROOT": "/usr/local/go"}
	answer := map[string]string{"GOROOT": "/mod/toolchain"}
	lookup := Lookup{Env: env, Executable: have("/opt/x/bin/go")}
	if got := lookup.Activation(Found{"/usr/local/go/bin/go", "goroot"}, answer).Set["PATH"]; got != "/mod/toolchain/bin:/usr/bin" {
		t.Errorf("PATH is %q", got)
	}
	if got := lookup.Activation(Found{"/usr/bin/go", "path"}, answer).Set; len(got) > 0 {
		t.Errorf("a go of PATH changes %v", got)
	}
	lookup.Settings.DoNotActivate = true
	if got := lookup.Activation(Found{"/usr/local/go/bin/go", "goroot"}, answer).Set; len(got) > 0 {
		t.Errorf("go.terminal.activateEnvironment=false changes %v", got)
	}
	lookup.Settings = Settings{Goroot: "/opt/x"}
	if got := lookup.Activation(Found{"/opt/x/bin/go", "goroot"}, answer).Set["GOROOT"]; got != "/opt/x" {
		t.Errorf("go.goroot does not replace GOROOT: %q", got)
	}
}

func TestEffective(t *testing.T) {
	read := func(name, text string) jsonc.Node {
		root, problems := jsonc.Read(source.File{Name: name, Text: text})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return root
	}
	container, _ := ReadDevContainer(read(".devcontainer/devcontainer.json", `{"customizations": {"vscode": {"settings": {
  "go.goroot": "/a", "go.toolsEnvVars": {"GOFLAGS": "-x", "GOROOT": "/a"}, // c
  "go.terminal.activateEnvironment": false,}}}}`))
	folder := ReadSettings(read(".vscode/settings.json", "{\n  \"go.toolsEnvVars\": {\"GOROOT\": \"\"}\n}"), FolderLayer)
	s := Effective(append(container, folder...))
	if s.Goroot != "/a" || !s.DoNotActivate {
		t.Errorf("got %+v", s)
	}
	if diff := cmp.Diff(map[string]string{"GOFLAGS": "-x", "GOROOT": ""}, s.ToolsEnvVars); diff != "" {
		t.Errorf("objects are merged by key: %s", diff)
	}
	if got := s.ToolsEnvVarsPlaces["GOROOT"].String(); got != ".vscode/settings.json:2:23" {
		t.Errorf("GOROOT is at %s", got)
	}
}
