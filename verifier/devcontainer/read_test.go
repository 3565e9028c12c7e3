package devcontainer

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// parse is a text as the reference CLI reads it.
func parse(text string) jsonc.Node {
	root, _ := jsonc.Read(source.File{Name: "devcontainer.json", Text: text})
	return root
}

// place is a span on one line of devcontainer.json.
func place(line, column, endColumn int) source.Place {
	return source.Place{File: "devcontainer.json", Line: line, Column: column, EndLine: line, EndColumn: endColumn}
}

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string
		want  []string
	}{
		{"nothing", nil, nil},
		{"folder", []string{".devcontainer/devcontainer.json"}, []string{".devcontainer/devcontainer.json"}},
		{"the folder comes before the file", []string{".devcontainer.json", ".devcontainer/devcontainer.json"},
			[]string{".devcontainer/devcontainer.json", ".devcontainer.json"}},
		{"those of editors, one level deep", []string{".devcontainer/b/devcontainer.json", ".devcontainer/a/devcontainer.json", ".devcontainer/a/c/devcontainer.json"},
			[]string{".devcontainer/a/devcontainer.json", ".devcontainer/b/devcontainer.json"}},
		{"a folder of that name is none", []string{".devcontainer.json/x", ".devcontainer/devcontainer.json/x"}, nil},
		{"another name is none", []string{"devcontainer.json", ".devcontainer/a.json"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			workspace := fstest.MapFS{}
			for _, name := range test.files {
				workspace[name] = &fstest.MapFile{}
			}
			if diff := cmp.Diff(test.want, Find(workspace)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestProjectFolder(t *testing.T) {
	for config, want := range map[string]string{
		".devcontainer/devcontainer.json":      ".",
		".devcontainer.json":                   ".",
		".devcontainer/a/devcontainer.json":    ".",
		"x/.devcontainer/devcontainer.json":    "x",
		"x/y/.devcontainer/a/b/c.json":         "x/y",
		"x/.devcontainer.json":                 "x",
		"./x/../.devcontainer/a/../b/c.json":   ".",
		"/abs/.devcontainer/devcontainer.json": "/abs",
	} {
		if got := ProjectFolder(config); got != want {
			t.Errorf("%s: %q, want %q", config, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, text, refused string
		kinds               []string
	}{
		{"comments and trailing commas", "// x\n{\"image\": \"a\",}", "", nil},
		{"broken", `{"image" "a"}`, "", []string{"dropped"}},
		{"twice", `{"image": "a", "image": "b"}`, "", []string{"duplicate"}},
		{"empty", "", "it must contain a JSON object literal", []string{"syntax"}},
		{"array", "[]", "it must contain a JSON object literal", []string{"syntax"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := Read(source.File{Name: "devcontainer.json", Text: test.text})
			if config.Refused != test.refused {
				t.Errorf("refused %q, want %q", config.Refused, test.refused)
			}
			seen := map[string]bool{}
			for _, p := range config.Problems {
				seen[p.Kind] = true
			}
			for _, kind := range test.kinds {
				if !seen[kind] {
					t.Errorf("no problem of kind %s: %+v", kind, config.Problems)
				}
			}
			if len(test.kinds) == 0 && len(config.Problems) > 0 {
				t.Errorf("problems: %+v", config.Problems)
			}
		})
	}
}

func TestConfigProperties(t *testing.T) {
	config := Read(source.File{Name: "devcontainer.json", Text: strings.Join([]string{
		`{`,
		`  "build": {"dockerfile": "D", "target": "dev"},`,
		`  "containerEnv": {"GOFLAGS": "-mod=mod", "N": 1},`,
		`  "remoteEnv": {"X": null},`,
		`  "userEnvProbe": "none"`,
		`}`,
	}, "\n")})
	if config.Dockerfile() != "D" || config.Target() != "dev" || config.UserEnvProbe() != "none" {
		t.Errorf("dockerfile %q, target %q, probe %q", config.Dockerfile(), config.Target(), config.UserEnvProbe())
	}
	want := map[string]goenv.Declaration{
		"GOFLAGS": {Value: "-mod=mod", Place: place(3, 20, 41)},
		"N":       {Value: "1", Place: place(3, 43, 49)},
	}
	if diff := cmp.Diff(want, config.ContainerEnv()); diff != "" {
		t.Errorf("containerEnv, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]goenv.Declaration{"X": {Value: "null", Place: place(4, 17, 26)}}, config.RemoteEnv()); diff != "" {
		t.Errorf("remoteEnv, -want +got:\n%s", diff)
	}
	old := Read(source.File{Text: `{"dockerFile": "old", "build": {"dockerfile": "new"}, "userEnvProbe": true}`})
	if old.Dockerfile() != "old" || old.UserEnvProbe() != "" {
		t.Errorf("dockerfile %q, probe %q", old.Dockerfile(), old.UserEnvProbe())
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{
		``, `[]`, `{`, `{"image": "a", "containerEnv": {"A": "${localEnv:B:c:d}", "N": null}, "remoteEnv": {"A": "${containerEnv:A}"}}`,
		`{"features": {"./a": {}, "go": true, "gradle": "1"}, "mounts": ["source=a,target=b", {"target": 1}], "runArgs": ["-e", "A"]}`,
		`{"extensions": "x", "settings": 3, "devPort": null, "customizations": [], "forwardPorts": ["localhost:x", 1.5, "é"]}`,
		`{"hostRequirements": {"cpus": "2", "memory": "4gb", "gpu": {"cores": 1}}, "postCreateCommand": {"a": ["b", 1], "c": {}}}`,
		`{"workspaceFolder": "${localEnv}", "workspaceMount": "", "dockerComposeFile": []}`,
	} {
		f.Add(text)
	}
	host := Host{Env: map[string]string{"B": "b"}, Workspace: "/w/a", Mounted: "/w", Config: "/w/a/.devcontainer.json"}
	f.Fuzz(func(t *testing.T, text string) {
		file := source.File{Name: "devcontainer.json", Text: text}
		config := Read(file)
		for _, p := range config.Problems {
			inside(t, file, p.Place)
		}
		root, surprises := AtRead(host, config).Node(config.Root)
		for _, s := range surprises {
			inside(t, file, s.Place)
		}
		root, _ = WithID(host.ID()).Node(root)
		root, _ = InContainer(map[string]string{"A": "a"}).Node(root)
		config.Root = root
		entries := []Entry{FromConfig(config)}
		for _, feature := range UserFeatures(root) {
			inside(t, file, feature.Place)
			feature.Manifest = root
			feature.Env()
			entries = append(entries, feature.Entry())
		}
		merged := Merge(entries)
		for _, said := range [][]Variable{merged.ContainerEnv, merged.RemoteEnv, ReadRunArgs(root, host.Env).Env} {
			for _, v := range said {
				inside(t, file, v.Place)
			}
		}
		for _, hook := range merged.Hooks {
			inside(t, file, hook.Place)
		}
		for _, mount := range merged.Mounts {
			inside(t, file, mount.Place)
		}
		if !MergedConfiguration(root, entries).Is(jsonc.Object) {
			t.Error("the merged configuration is no object")
		}
		host.Folders(config)
	})
}

// inside fails when a place is not inside of the file. A place of nothing is inside of every file.
func inside(t *testing.T, file source.File, place source.Place) {
	t.Helper()
	if !place.Known() {
		return
	}
	lines := strings.Split(file.Text, "\n")
	for _, at := range [][2]int{{place.Line, place.Column}, {place.EndLine, place.EndColumn}} {
		if place.File != file.Name || at[0] < 1 || at[0] > len(lines) || at[1] < 1 || at[1] > len([]rune(lines[at[0]-1]))+1 {
			t.Fatalf("%+v is not inside of %q", place, file.Text)
		}
	}
}
