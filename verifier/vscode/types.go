package vscode

import (
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Setting is one say about one setting. Later layers win; objects are merged member by member.
type Setting struct {
	Name  string       `json:"name"`  // "go.goroot"
	Layer string       `json:"layer"` // "feature …", "image label", "devcontainer.json", "devcontainer.json (top level)", ".vscode/settings.json", "workspace file"
	Value jsonc.Node   `json:"value"`
	Place source.Place `json:"place,omitzero"` // of the name
}

// Extension is one extension that is asked for.
type Extension struct {
	ID    string       `json:"id"` // as written; a leading - takes it away
	Layer string       `json:"layer"`
	Place source.Place `json:"place,omitzero"`
}

// LaunchConfiguration is one entry of launch.json of type go.
type LaunchConfiguration struct {
	Name  string       `json:"name"`
	Root  jsonc.Node   `json:"root"`
	Place source.Place `json:"place,omitzero"`
}
