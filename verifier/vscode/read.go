package vscode

import (
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
)

// ReadSettings lists the members of a settings object: the root of a settings.json, or the value of a property settings.
// Of several members with one name the last counts, as for the editor.
func ReadSettings(object jsonc.Node, layer string) []Setting {
	var settings []Setting
	index := map[string]int{}
	for _, m := range object.Members {
		// "[go]": {...} holds the settings of one language: none of Go's tools is among those that may stand there.
		if strings.HasPrefix(m.Name, "[") {
			continue
		}
		setting := Setting{Name: m.Name, Layer: layer, Value: m.Value, Place: m.Place}
		if at, twice := index[m.Name]; twice {
			settings[at] = setting
			continue
		}
		index[m.Name] = len(settings)
		settings = append(settings, setting)
	}
	return settings
}

// ReadExtensions lists an array of extension ids.
func ReadExtensions(array jsonc.Node, layer string) []Extension {
	var extensions []Extension
	for _, element := range array.Elements {
		if element.Is(jsonc.String) {
			extensions = append(extensions, Extension{ID: element.Text, Layer: layer, Place: element.Place})
		}
	}
	return extensions
}

// ReadCustomizations reads customizations.vscode of an entry of an image's label, of a feature's manifest or of a
// devcontainer.json; root is the whole object.
func ReadCustomizations(root jsonc.Node, layer string) ([]Setting, []Extension) {
	vscode := root.Get("customizations", "vscode")
	return ReadSettings(vscode.Get("settings"), layer), ReadExtensions(vscode.Get("extensions"), layer)
}

// ReadDevContainer reads the root of a devcontainer.json: settings and extensions at the top level, where they stood of
// old, and then customizations.vscode, which wins (devcontainers/cli, src/spec-configuration/configuration.ts,
// updateFromOldProperties).
func ReadDevContainer(root jsonc.Node) ([]Setting, []Extension) {
	settings := ReadSettings(root.Get("settings"), TopLevelLayer)
	extensions := ReadExtensions(root.Get("extensions"), TopLevelLayer)
	moreSettings, moreExtensions := ReadCustomizations(root, DevContainerLayer)
	return append(settings, moreSettings...), append(extensions, moreExtensions...)
}

// ReadLaunch lists the configurations of type go in the root of a launch.json, or in the value of launch in a workspace
// file.
func ReadLaunch(root jsonc.Node) []LaunchConfiguration {
	var list []LaunchConfiguration
	for _, element := range root.Get("configurations").Elements {
		if element.Get("type").Text == "go" {
			list = append(list, LaunchConfiguration{Name: element.Get("name").Text, Root: element, Place: element.Place})
		}
	}
	return list
}

// ReadWorkspaceFile reads the root of a *.code-workspace.
func ReadWorkspaceFile(root jsonc.Node) ([]Setting, []Extension, []LaunchConfiguration) {
	return ReadSettings(root.Get("settings"), WorkspaceFileLayer),
		ReadExtensions(root.Get("extensions", "recommendations"), RecommendedLayer),
		ReadLaunch(root.Get("launch"))
}

// EnvFiles is what the attribute envFile names: one file or several (envUtils.ts, parseEnvFiles).
func (l LaunchConfiguration) EnvFiles() []jsonc.Node {
	var files []jsonc.Node
	node := l.Root.Get("envFile")
	for _, file := range append([]jsonc.Node{node}, node.Elements...) {
		if file.Is(jsonc.String) && file.Text != "" {
			files = append(files, file)
		}
	}
	return files
}
