package vscode

import "github.com/dcverify/dcverify/verifier/devcontainer"

// OfLabel is the settings that the metadata label of an image leaves: what an editor is told by the image alone, before any
// devcontainer.json has its say.
func OfLabel(label string) Settings {
	entries, _ := devcontainer.ParseLabel(label)
	var layers []Setting
	for _, entry := range entries {
		settings, _ := ReadCustomizations(entry.Root, LabelLayer)
		layers = append(layers, settings...)
	}
	return Effective(layers)
}
