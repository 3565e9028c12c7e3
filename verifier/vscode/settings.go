// Package vscode knows how the Go extension of Visual Studio Code finds go and its tools, and what environment it hands
// them.
//
// Its one rule: it repeats the extension's order exactly, quirks included, because dcverify must see what the editor will
// do and not what it should do. Places in golang/vscode-go are named where they are repeated (v0.56.0).
package vscode

import (
	"path"
	"regexp"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Settings is the part of the editor's settings that decides which go, dlv and gopls run, and in which environment.
// Later files win; the members of object settings are merged, as the editor does it.
type Settings struct {
	Goroot              string            `json:"go.goroot,omitempty"`
	Gopath              string            `json:"go.gopath,omitempty"`
	ToolsGopath         string            `json:"go.toolsGopath,omitempty"`
	AlternateTools      map[string]string `json:"go.alternateTools,omitempty"`
	ToolsEnvVars        map[string]string `json:"go.toolsEnvVars,omitempty"`
	DoNotActivate       bool              `json:"go.terminal.activateEnvironment.false,omitempty"` // inverted: the default is true
	ToolsEnvVarsPlaces  map[string]source.Place
	GorootPlace         source.Place `json:",omitzero"`
	AlternateToolsPlace source.Place `json:",omitzero"`
}

// Read lays one settings.json over the settings; inside is the path of the settings object in the file, empty for a
// settings.json.
func (s *Settings) Read(file source.File, inside ...string) error {
	doc, err := jsonc.Parse(file)
	if err != nil {
		return err
	}
	for _, m := range doc.Members(inside...) {
		text, _ := m.Value.(string)
		switch m.Name {
		case "go.goroot":
			s.Goroot, s.GorootPlace = text, m.Place
		case "go.gopath":
			s.Gopath = text
		case "go.toolsGopath":
			s.ToolsGopath = text
		case "go.terminal.activateEnvironment":
			s.DoNotActivate = m.Value == false
		case "go.alternateTools":
			s.AlternateToolsPlace = m.Place
			for _, tool := range doc.Members(append(inside, m.Name)...) {
				if s.AlternateTools == nil {
					s.AlternateTools = map[string]string{}
				}
				s.AlternateTools[tool.Name], _ = tool.Value.(string)
			}
		case "go.toolsEnvVars":
			for _, variable := range doc.Members(append(inside, m.Name)...) {
				if s.ToolsEnvVars == nil {
					s.ToolsEnvVars, s.ToolsEnvVarsPlaces = map[string]string{}, map[string]source.Place{}
				}
				s.ToolsEnvVars[variable.Name] = variable.Text()
				s.ToolsEnvVarsPlaces[variable.Name] = variable.Place
			}
		}
	}
	return nil
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// resolve replaces what the extension replaces in its own settings: ${env:X}, ${workspaceFolder} and a leading ~
// (util.ts resolvePath and substituteEnv).
func resolve(text, workspace string, env goenv.Environ) string {
	text = variable.ReplaceAllStringFunc(text, func(reference string) string {
		name := reference[2 : len(reference)-1]
		switch host, isEnv := strings.CutPrefix(name, "env:"); {
		case isEnv:
			return env[host]
		case name == "workspaceFolder" || name == "workspaceRoot":
			return workspace
		}
		return reference
	})
	if text == "~" || strings.HasPrefix(text, "~/") {
		text = path.Join(env["HOME"], text[1:])
	}
	return text
}
