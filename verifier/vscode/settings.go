// Package vscode knows how the Go extension of Visual Studio Code finds go and its tools, and what environment it hands
// them.
//
// Its one rule: it repeats the extension's order exactly, quirks included, because dcverify must see what the editor will
// do and not what it should do. Places in golang/vscode-go are named where they are repeated (v0.56.0).
package vscode

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// NoVersionCheck is the flag of dlv that lets it debug what a Go has built that it does not support.
const NoVersionCheck = "--check-go-version=false"

// Settings is the part of the editor's settings that decides which go, dlv and gopls run, and in which environment.
type Settings struct {
	Goroot              string            `json:"go.goroot,omitempty"`
	Gopath              string            `json:"go.gopath,omitempty"`
	ToolsGopath         string            `json:"go.toolsGopath,omitempty"`
	AlternateTools      map[string]string `json:"go.alternateTools,omitempty"`
	ToolsEnvVars        map[string]string `json:"go.toolsEnvVars,omitempty"`
	Proxy               string            `json:"http.proxy,omitempty"`
	DoNotActivate       bool              `json:"go.terminal.activateEnvironment.false,omitempty"` // inverted: the default is true
	NoLanguageServer    bool              `json:"go.useLanguageServer.false,omitempty"`            // inverted: the default is true
	LanguageServerFlags []string          `json:"go.languageServerFlags,omitempty"`
	BuildFlags          []string          `json:"go.buildFlags,omitempty"`
	BuildTags           string            `json:"go.buildTags,omitempty"`
	DlvFlags            []string          `json:"go.delveConfig.dlvFlags,omitempty"`
	Gopls               map[string]string `json:"gopls,omitempty"` // the settings of gopls itself, by name without "gopls.", as JSON
	ToolsEnvVarsPlaces  map[string]source.Place
	ToolsEnvVarsNoText  map[string]jsonc.Kind // of those whose value is written as no text: what it is instead
	GorootPlace         source.Place          `json:",omitzero"`
	AlternateToolsPlace source.Place          `json:",omitzero"`
}

// Effective is what the layers, lowest first, leave of the settings.
//
// The label, the features and devcontainer.json together make one file, the settings of the remote machine, in which a
// later value replaces an earlier one whole (devcontainers/cli, example-usage/tool-vscode-server, which adds the objects
// with jq). Over that file the editor lays .vscode/settings.json, and there objects are merged member by member: an empty
// object takes nothing away. A workspace file counts only where somebody opens it, and a dev container opens a folder.
func Effective(layers []Setting) Settings {
	var machine, folder []Setting
	for _, s := range layers {
		switch s.Layer {
		case FolderLayer:
			folder = append(folder, s)
		case WorkspaceFileLayer, RecommendedLayer:
		default:
			machine = slices.DeleteFunc(machine, func(earlier Setting) bool { return earlier.Name == s.Name })
			machine = append(machine, s)
		}
	}
	effective := Settings{Proxy: ownProxy(machine)}
	for _, s := range slices.Concat(machine, folder) {
		effective.apply(s)
	}
	return effective
}

// apply lays one setting over the others. A null, or a value of a type that the setting has not, counts as not set.
func (s *Settings) apply(setting Setting) {
	text := ""
	if setting.Value.Is(jsonc.String) {
		text = setting.Value.Text
	}
	switch setting.Name {
	case "go.goroot":
		s.Goroot, s.GorootPlace = text, setting.Place
	case "go.gopath":
		s.Gopath = text
	case "go.toolsGopath":
		s.ToolsGopath = text
	case "go.terminal.activateEnvironment":
		s.DoNotActivate = setting.Value.Is(jsonc.Bool) && setting.Value.Text == "false"
	case "go.useLanguageServer":
		s.NoLanguageServer = setting.Value.Is(jsonc.Bool) && setting.Value.Text == "false"
	case "go.languageServerFlags":
		s.LanguageServerFlags = texts(setting.Value)
	case "go.buildFlags":
		s.BuildFlags = texts(setting.Value)
	case "go.buildTags":
		s.BuildTags = text
	case "go.delveConfig":
		if flags := setting.Value.Get("dlvFlags"); flags.Kind != "" {
			s.DlvFlags = texts(flags)
		}
	case "go.delveConfig.dlvFlags":
		s.DlvFlags = texts(setting.Value)
	case "gopls":
		for _, member := range setting.Value.Fields() {
			s.applyGopls(member.Name, member.Value)
		}
	case "go.alternateTools":
		s.AlternateToolsPlace = setting.Place
		tools := maps.Clone(s.AlternateTools)
		for _, tool := range setting.Value.Members {
			if tools == nil {
				tools = map[string]string{}
			}
			tools[tool.Name] = ""
			if tool.Value.Is(jsonc.String) {
				tools[tool.Name] = tool.Value.Text
			}
		}
		s.AlternateTools = tools
	case "go.toolsEnvVars":
		for _, variable := range setting.Value.Members {
			if s.ToolsEnvVars == nil {
				s.ToolsEnvVars, s.ToolsEnvVarsPlaces = map[string]string{}, map[string]source.Place{}
			}
			s.ToolsEnvVars[variable.Name] = asText(variable.Value)
			s.ToolsEnvVarsPlaces[variable.Name] = variable.Place
			delete(s.ToolsEnvVarsNoText, variable.Name)
			if !variable.Value.Is(jsonc.String) {
				if s.ToolsEnvVarsNoText == nil {
					s.ToolsEnvVarsNoText = map[string]jsonc.Kind{}
				}
				s.ToolsEnvVarsNoText[variable.Name] = variable.Value.Kind
			}
		}
	default:
		if name, ok := strings.CutPrefix(setting.Name, "gopls."); ok {
			s.applyGopls(name, setting.Value)
		}
	}
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// Resolve replaces what the extension replaces in its own settings: ${env:X}, ${workspaceFolder} and a leading ~
// (util.ts resolvePath and substituteEnv). In devcontainer.json the reference CLI was there before, and has replaced
// ${env:X} by the host's value.
func Resolve(text, workspace string, env goenv.Environ) string {
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
