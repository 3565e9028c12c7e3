package vscode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

func parse(text string) jsonc.Node {
	root, _ := jsonc.Read(source.File{Name: "f", Text: text})
	return root
}

func TestReadDevContainer(t *testing.T) {
	settings, extensions := ReadDevContainer(parse(`{
  "customizations": {"vscode": {
    "settings": {"go.lintTool": "a", "[go]": {"go.lintTool": "no"}, "go.gopath": "/go", "go.lintTool": "b"},
    "extensions": ["golang.go", 7, "-ms-vscode.go"]
  }},
  "settings": {"go.gopath": "/old"},
  "extensions": ["first.one"]
}`))
	var got []string
	for _, s := range settings {
		got = append(got, fmt.Sprintf("%s %s=%s %s", s.Layer, s.Name, s.Value.Text, s.Place))
	}
	for _, e := range extensions {
		got = append(got, fmt.Sprintf("%s %s %s", e.Layer, e.ID, e.Place))
	}
	want := []string{
		"devcontainer.json (top level) go.gopath=/old f:6:16",
		"devcontainer.json go.lintTool=b f:3:89",
		"devcontainer.json go.gopath=/go f:3:69",
		"devcontainer.json (top level) first.one f:7:18",
		"devcontainer.json golang.go f:4:20",
		"devcontainer.json -ms-vscode.go f:4:36",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadWorkspaceFile(t *testing.T) {
	settings, extensions, launch := ReadWorkspaceFile(parse(`{
  "settings": {"go.goroot": null},
  "extensions": {"recommendations": ["golang.go"]},
  "launch": {"configurations": [
    {"name": "x", "type": "node"},
    {"name": "y", "type": "go"}, 3
  ]}
}`))
	if len(settings) != 1 || settings[0].Layer != WorkspaceFileLayer || !settings[0].Value.Is(jsonc.Null) {
		t.Errorf("settings %+v", settings)
	}
	if len(extensions) != 1 || extensions[0].Layer != RecommendedLayer {
		t.Errorf("extensions %+v", extensions)
	}
	if len(launch) != 1 || launch[0].Name != "y" || launch[0].Place.String() != "f:6:5" {
		t.Errorf("launch %+v", launch)
	}
}

// TestEffectiveTiers holds what is merged: nothing among label, features and devcontainer.json, which become one file, and
// members between that file and the folder's. A workspace file has no say.
func TestEffectiveTiers(t *testing.T) {
	layer := func(layer, text string) []Setting { return ReadSettings(parse(text), layer) }
	var all []Setting
	all = append(all, layer(LabelLayer, `{"go.toolsEnvVars": {"A": "label"}, "go.gopath": "/label", "go.terminal.activateEnvironment": false}`)...)
	all = append(all, layer(FeatureLayer("x"), `{"go.toolsGopath": "/feature"}`)...)
	all = append(all, layer(DevContainerLayer, `{"go.toolsEnvVars": {"B": "1", "N": 1}, "go.gopath": "/own", "go.alternateTools": {"go": "/x/go"}, "go.delveConfig": {"dlvFlags": ["--a"]}}`)...)
	all = append(all, layer(WorkspaceFileLayer, `{"go.gopath": "/workspace-file"}`)...)
	all = append(all, layer(FolderLayer, `{"go.toolsEnvVars": {"B": "", "C": "3"}, "go.alternateTools": {"dlv": 5}, "go.toolsGopath": null, "go.delveConfig": {"showLog": true}, "go.terminal.activateEnvironment": true}`)...)
	got := Effective(all)
	got.ToolsEnvVarsPlaces, got.AlternateToolsPlace = nil, source.Place{}
	want := Settings{
		Gopath: "/own", DlvFlags: []string{"--a"}, AlternateTools: map[string]string{"go": "/x/go", "dlv": ""},
		ToolsEnvVars: map[string]string{"B": "", "C": "3", "N": "1"}, ToolsEnvVarsNoText: map[string]jsonc.Kind{"N": jsonc.Number},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"customizations": {"vscode": {"settings": {"go.goroot": "/a", "go.toolsEnvVars": {"A": null}}, "extensions": ["a"]}}}`)
	f.Add(`{"settings": [], "extensions": {"recommendations": 1}, "launch": {"configurations": [{"type": "go", "name": {}}]}}`)
	f.Add(`{"configurations": [[{"type": "go"}], {"type": "go"`)
	f.Add(`"settings"`)
	f.Fuzz(func(t *testing.T, text string) {
		root := parse(text)
		lines := strings.Count(text, "\n") + 1
		inside := func(place source.Place) {
			if place.Line < 1 || place.Line > lines {
				t.Errorf("line %d of %d", place.Line, lines)
			}
		}
		settings, extensions := ReadDevContainer(root)
		more, offered, launch := ReadWorkspaceFile(root)
		for _, s := range append(settings, more...) {
			inside(s.Place)
		}
		for _, e := range append(extensions, offered...) {
			inside(e.Place)
		}
		for _, l := range append(launch, ReadLaunch(root)...) {
			inside(l.Place)
		}
		Effective(settings)
	})
}
