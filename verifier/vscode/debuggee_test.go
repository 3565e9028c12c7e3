package vscode

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
		Always: []goenv.Layer{
			{Kind: goenv.ToolsEnvVars, Set: map[string]string{"GODEBUG": "gctrace=1"}},
			{Kind: goenv.Extension, Set: map[string]string{"GOPATH": "/go"}},
		},
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

// TestRequestedSettings is about what the settings make of the launch request.
func TestRequestedSettings(t *testing.T) {
	no := func(names ...string) map[string]*string {
		request := map[string]*string{}
		for _, name := range names {
			request[name] = nil
		}
		return request
	}
	with := func(request map[string]*string, entries ...string) map[string]*string {
		for _, entry := range entries {
			name, value, _ := strings.Cut(entry, "=")
			request[name] = &value
		}
		return request
	}
	const proxies = `"http.useLocalProxyConfiguration": false, "http.proxy": "http://p:3128"`
	allProxies := []string{"http_proxy=http://p:3128", "HTTP_PROXY=http://p:3128", "https_proxy=http://p:3128", "HTTPS_PROXY=http://p:3128"}
	for name, test := range map[string]struct {
		machine       string // settings
		configuration string
		want          map[string]*string
		problems      string
	}{
		"text":             {`{"go.toolsEnvVars": {"A": "${workspaceFolder}/a"}}`, `{}`, with(no(), "A=/src/a"), ""},
		"null takes away":  {`{"go.toolsEnvVars": {"A": null}}`, `{}`, no("A"), ""},
		"number":           {`{"go.toolsEnvVars": {"A": 1, "B": "b"}}`, `{}`, with(no(), "B=b"), "setting-no-text A number"},
		"several":          {`{"go.toolsEnvVars": {"C": {}, "A": true, "B": ["b"]}}`, `{}`, no(), "setting-no-text A bool, setting-no-text B array, setting-no-text C object"},
		"number beneath":   {`{"go.toolsEnvVars": {"A": 1}}`, `{"env": {"A": "2"}}`, with(no(), "A=2"), ""},
		"null above":       {`{"go.toolsEnvVars": {"A": 1}}`, `{"env": {"A": null}}`, no("A"), ""},
		"envFile above":    {`{"go.toolsEnvVars": {"A": 1}}`, `{"envFile": "/src/.env"}`, with(no(), "A=${A}", "B="), ""},
		"of the moment":    {`{"go.toolsEnvVars": {"A": 1}}`, `{"env": {"A": "${file}"}}`, no(), ""},
		"attach":           {`{"go.toolsEnvVars": {"A": 1}}`, `{"request": "attach"}`, no(), ""},
		"legacy":           {`{"go.toolsEnvVars": {"A": 1}}`, `{"debugAdapter": "legacy"}`, no(), ""},
		"proxy":            {`{` + proxies + `}`, `{}`, with(no(), allProxies...), ""},
		"proxy of env":     {`{` + proxies + `}`, `{"env": {"HTTP_PROXY": ""}}`, with(no(), append(slices.Clone(allProxies), "HTTP_PROXY=")...), ""},
		"proxy of setting": {`{"go.toolsEnvVars": {"http_proxy": "http://q", "https_proxy": 5, "HTTP_PROXY": null}, ` + proxies + `}`, `{}`, with(no(), allProxies...), ""},
		"-json":            {`{"go.toolsEnvVars": {"GOFLAGS": "-mod=mod -json"}}`, `{}`, with(no(), "GOFLAGS=-mod=mod"), ""},
		"-json of env":     {`{}`, `{"env": {"GOFLAGS": "-json"}}`, with(no(), "GOFLAGS=-json"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			settings := Effective(ReadSettings(parse(test.machine), MachineLayer))
			host := goenv.Environ{"HOME": "/home/dev"}
			lookup := Lookup{Env: host, Settings: settings, Workspace: "/src"}
			tools := maps.Clone(host)
			maps.Copy(tools, lookup.ToolsEnvVars().Set)
			maps.Copy(tools, lookup.Proxy().Set)
			d := debuggees(nil)
			d.Host, d.Tools, d.Always, d.NoText = host, tools, lookup.Requested(), settings.ToolsEnvVarsNoText
			d.Read = func(string) (source.File, error) {
				return source.File{Name: ".env", Text: "A=\\${A}\nB=${GONE}\n"}, nil
			}
			got := d.Of(LaunchConfiguration{Root: parse(test.configuration)})
			if diff := cmp.Diff(test.want, got.Request); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var problems []string
			for _, p := range got.Problems {
				problems = append(problems, p.Kind+" "+p.Name+" "+p.Words)
			}
			if text := strings.Join(problems, ", "); text != test.problems || (got.NotProved == "Delve refuses an env with a value that is no text") != (text != "") {
				t.Errorf("problems %q, not proved because %q", text, got.NotProved)
			}
			// What the program gets, layer by layer, is what the request makes of Delve's own environment.
			sent := maps.Clone(host)
			for name, value := range got.Request {
				if delete(sent, name); value != nil {
					sent[name] = *value
				}
			}
			if sent["CGO_CFLAGS"] = "-O0 -g"; got.NotProved == "" {
				view := goenv.View{Layers: slices.Concat([]goenv.Layer{{Kind: goenv.Process, Set: host}}, d.Always, got.Layers)}
				if diff := cmp.Diff(sent, view.Environ()); diff != "" {
					t.Errorf("the view: -sent +view:\n%s", diff)
				}
			}
		})
	}
}

// TestEnvFileReferences is about what ${NAME} of an envFile finds in settings that are no texts.
func TestEnvFileReferences(t *testing.T) {
	settings := Effective(ReadSettings(parse(`{"go.toolsEnvVars": {"N": null, "F": false, "Z": 0, "T": true, "L": [1, null, "x"], "O": {}, "GOFLAGS": "-a -json"}}`), MachineLayer))
	lookup := Lookup{Settings: settings}
	d := debuggees(nil)
	d.Tools, d.Always, d.NoText = lookup.ToolsEnvVars().Set, nil, settings.ToolsEnvVarsNoText
	d.Tools["OWN"] = "0"
	d.Read = func(string) (source.File, error) {
		return source.File{Name: ".env", Text: "A=${N}|${F}|${Z}|${T}|${L}|${O}|${OWN}|${GOFLAGS}\n"}, nil
	}
	got := d.Of(LaunchConfiguration{Root: parse(`{"envFile": "/e"}`)})
	if want := "|||true|1,,x|[object Object]|0|-a"; got.Request["A"] == nil || *got.Request["A"] != want {
		t.Errorf("got %v, want %s", got.Request["A"], want)
	}
	if want := (goenv.Environ{"N": "null", "F": "false", "Z": "0", "T": "true", "L": "1,,x", "O": "[object Object]", "GOFLAGS": "-a", "OWN": "0"}); !maps.Equal(want, d.Tools) {
		t.Errorf("a process gets %v", d.Tools)
	}
}

func TestWithoutJSON(t *testing.T) {
	for flags, want := range map[string]string{
		"": "", "-mod=mod": "-mod=mod", "-json": "", "--json": "", "-json=false": "", "-mod=mod -json": "-mod=mod", "-json -mod=mod": " -mod=mod",
		"-a  -json\t-json -b": "-a -b", "-jsonx": "", "x-json": "x-json", "'-json'": "'-json'",
	} {
		if got := WithoutJSON(flags); got != want {
			t.Errorf("%q becomes %q, want %q", flags, got, want)
		}
	}
}

// TestProxy is about whose http.proxy counts.
func TestProxy(t *testing.T) {
	for name, test := range map[string]struct{ label, container, folder, want string }{
		"the host's":        {`{}`, `{"http.proxy": "http://c"}`, `{}`, ""},
		"the machine's":     {`{}`, `{"http.proxy": "http://c", "http.useLocalProxyConfiguration": false}`, `{}`, "http://c"},
		"of two layers":     {`{"http.useLocalProxyConfiguration": false, "http.proxy": "http://l"}`, `{"http.proxy": "http://c"}`, `{}`, "http://c"},
		"taken back":        {`{"http.useLocalProxyConfiguration": false, "http.proxy": "http://l"}`, `{"http.useLocalProxyConfiguration": true}`, `{}`, ""},
		"no text":           {`{"http.useLocalProxyConfiguration": false, "http.proxy": "http://l"}`, `{"http.proxy": null}`, `{}`, ""},
		"a folder's":        {`{}`, `{"http.useLocalProxyConfiguration": false}`, `{"http.proxy": "http://f"}`, ""},
		"a folder's switch": {`{}`, `{"http.proxy": "http://c"}`, `{"http.useLocalProxyConfiguration": false}`, ""},
	} {
		layers := slices.Concat(ReadSettings(parse(test.label), LabelLayer), ReadSettings(parse(test.container), DevContainerLayer), ReadSettings(parse(test.folder), FolderLayer))
		if got := Effective(layers).Proxy; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
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
		environ := goenv.View{Layers: slices.Concat(d.Always, got.Layers)}.Environ()
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
