package vscode

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

func debuggees(files map[string]string) Debuggees {
	return Debuggees{
		Workspace: "/src",
		Host:      goenv.Environ{"HOME": "/home/dev", "HOST": "of the host"},
		Tools:     goenv.Environ{"HOME": "/home/dev", "GODEBUG": "gctrace=1", "TOOL": "t"},
		Always:    map[string]string{"GODEBUG": "gctrace=1", "GOPATH": "/go"},
		Read: func(path string) (source.File, error) {
			text, ok := files[path]
			if !ok {
				return source.File{}, fs.ErrNotExist
			}
			return source.File{Name: strings.TrimPrefix(path, "/src/"), Text: text}, nil
		},
	}
}

func TestDebuggeeFlags(t *testing.T) {
	for configuration, want := range map[string][]string{
		`{}`:               {"--check-go-version=false", "--wd=/src"},
		`{"dlvFlags": []}`: nil,
		`{"dlvFlags": ["--log-output=${workspaceFolderBasename}"]}`:             {"--log-output=src"},
		`{"dlvFlags": ["--a"], "linux": {"dlvFlags": ["--backend=native", 1]}}`: {"--backend=native"},
	} {
		d := debuggees(nil)
		d.Flags = []string{"--check-go-version=false", "--wd=${workspaceFolder}"}
		root, _ := jsonc.Read(source.File{Text: configuration})
		if diff := cmp.Diff(want, d.Of(LaunchConfiguration{Root: root}).Flags); diff != "" {
			t.Errorf("%s: -want +got:\n%s", configuration, diff)
		}
	}
}

func TestDebuggee(t *testing.T) {
	files := map[string]string{"/src/.env": "GODEBUG=gctrace=2\nA=1\nB=${TOOL}\n", "/src/more.env": "A=2\n"}
	for name, test := range map[string]struct {
		configuration string
		environ       map[string]string // over that of the tools
		origins       string            // of GODEBUG and A: the winner, then what it shadows
		problems      string
		notProved     string
	}{
		"nothing": {`{"request": "launch"}`, nil, "toolsEnvVars; ", "", ""},
		"documented order": {
			`{"envFile": ["${workspaceFolder}/.env", "/src/more.env"], "env": {"GODEBUG": "schedtrace=1"}}`,
			map[string]string{"GODEBUG": "schedtrace=1", "A": "2", "B": "t"},
			"launch.json envFile toolsEnvVars; envFile envFile", "", "",
		},
		"null takes away": {`{"envFile": "/src/.env", "env": {"A": null, "GODEBUG": null}}`, map[string]string{"GODEBUG": "", "A": "", "B": "t"}, "none; none", "", ""},
		"editor's variables": {
			`{"env": {"A": "${env:HOST}|${env:GONE}|${workspaceFolder}|${userHome}${/}x|${workspaceFolderBasename}|${nobody}|$HOME"}}`,
			map[string]string{"A": "of the host||/src|/home/dev/x|src|${nobody}|$HOME"}, "toolsEnvVars; launch.json", "", "",
		},
		"of the moment": {`{"env": {"A": "${file}", "B": "b"}}`, map[string]string{"B": "b"}, "toolsEnvVars; launch.json", "", ""},
		"number":        {`{"env": {"A": 1}}`, nil, "toolsEnvVars; launch.json", "no-text A", "Delve refuses an env with a value that is no text"},
		"linux":         {`{"env": {"A": "1"}, "linux": {"env": {"B": "2"}}}`, map[string]string{"B": "2"}, "toolsEnvVars; none", "", ""},
		"missing":       {`{"envFile": "/src/gone.env"}`, nil, "toolsEnvVars; ", "missing /src/gone.env", "its envFile cannot be read"},
		"relative":      {`{"envFile": ".env"}`, nil, "toolsEnvVars; ", "relative .env", "its envFile cannot be read"},
		"asked for":     {`{"envFile": "${input:file}"}`, nil, "toolsEnvVars; ", "", "what ${input:file} is the editor knows when it starts"},
		"empty":         {`{"envFile": "", "env": {}}`, nil, "toolsEnvVars; ", "", ""},
		"attach":        {`{"request": "attach"}`, nil, "toolsEnvVars; ", "", "it starts no program"},
		"external":      {`{"port": 1}`, nil, "toolsEnvVars; ", "", "somebody else starts the server that it connects to"},
		"terminal":      {`{"console": "integratedTerminal"}`, nil, "toolsEnvVars; ", "", "a terminal starts it, whose shell has its say"},
		"of Delve's":    {`{"env": {"CGO_CFLAGS": "-O2"}}`, map[string]string{"CGO_CFLAGS": "-O2"}, "toolsEnvVars; none", "", ""},
		"last counts":   {`{"env": {"A": null, "A": "x"}}`, map[string]string{"A": "x"}, "toolsEnvVars; launch.json", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := debuggees(files)
			got := d.Of(LaunchConfiguration{Root: parse(test.configuration)})
			tools := goenv.Layer{Kind: goenv.ToolsEnvVars, Set: map[string]string{"GODEBUG": "gctrace=1"}}
			view := goenv.View{Layers: append([]goenv.Layer{{Kind: goenv.Process, Set: d.Tools}, tools}, got.Layers...)}
			want := d.Tools.With("CGO_CFLAGS=-O0 -g")
			for name, value := range test.environ {
				want[name] = value
				if value == "" {
					delete(want, name)
				}
			}
			if got.NotProved == "" || test.environ != nil {
				if diff := cmp.Diff(want, view.Environ()); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
			// What Delve is told, over the environment that it was started with, comes to the same.
			sent := d.Tools.With("CGO_CFLAGS=-O0 -g") // which Delve has set by then
			for name, value := range got.Request {
				if value == nil {
					delete(sent, name)
				} else {
					sent[name] = *value
				}
			}
			delete(sent, "GOPATH")
			if diff := cmp.Diff(view.Environ(), sent); diff != "" {
				t.Errorf("the request: -want +got:\n%s", diff)
			}
			var origins []string
			for _, name := range []string{"GODEBUG", "A"} {
				value := view.Lookup(name)
				kinds := []string{}
				if value.Set {
					kinds = append(kinds, value.Origin.Layer)
				}
				for _, shadow := range value.Shadows {
					if value.Set && shadow.Layer != goenv.Process {
						kinds = append(kinds, shadow.Layer)
					}
				}
				if name == "A" && value.Origin.Layer == "" && len(value.Shadows) == 0 && !strings.HasSuffix(test.origins, "none") {
					kinds = []string{""}
				} else if len(kinds) == 0 {
					kinds = []string{"none"}
				}
				origins = append(origins, strings.Join(kinds, " "))
			}
			if text := strings.Join(origins, "; "); text != test.origins {
				t.Errorf("origins %q, want %q", text, test.origins)
			}
			var problems []string
			for _, p := range got.Problems {
				problems = append(problems, p.Kind+" "+p.Name)
			}
			if text := strings.Join(problems, ", "); text != test.problems || got.NotProved != test.notProved {
				t.Errorf("problems %q, not proved %q", text, got.NotProved)
			}
		})
	}
}

func FuzzDebuggee(f *testing.F) {
	f.Add(`{"request": "launch", "env": {"A": null, "A": "${env:HOST}", "": 1}, "envFile": [1, "/e", "x"], "linux": {"env": []}}`, "A=${B}")
	f.Add(`{"env": {"A": {"b": []}}, "envFile": {"a": "/e"}, "program": "${file"}`, "")
	f.Fuzz(func(t *testing.T, text, file string) {
		d := debuggees(nil)
		d.Read = func(path string) (source.File, error) {
			if len(path) > 5 {
				return source.File{}, errors.New("no such file")
			}
			return source.File{Name: path, Text: file}, nil
		}
		got := d.Of(LaunchConfiguration{Root: parse(text)})
		if got.NotProved != "" {
			return
		}
		environ := goenv.View{Layers: append([]goenv.Layer{{Kind: goenv.Process, Set: d.Always}}, got.Layers...)}.Environ()
		var unknown []string
		for _, layer := range got.Layers {
			for name := range layer.Unknown {
				unknown = append(unknown, name)
			}
		}
		for name, value := range got.Request {
			if slices.Contains(unknown, name) {
				continue
			}
			if want, ok := environ[name]; ok != (value != nil) || value != nil && want != *value {
				t.Errorf("%q is %v in the request and %q in the view", name, fmt.Sprint(value), want)
			}
		}
	})
}
