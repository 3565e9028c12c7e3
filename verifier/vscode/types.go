package vscode

import (
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// The layers that settings and extensions come from. A feature's layer is "feature " and its reference.
const (
	LabelLayer         = "image label"                   // customizations.vscode in the metadata of the image
	TopLevelLayer      = "devcontainer.json (top level)" // settings and extensions where they stood before customizations
	DevContainerLayer  = "devcontainer.json"             // customizations.vscode
	MachineLayer       = "machine settings"              // the editor server's own file, made of all the above
	WorkspaceFileLayer = "workspace file"                // *.code-workspace
	FolderLayer        = ".vscode/settings.json"
	RecommendedLayer   = ".vscode/extensions.json" // extensions that the editor offers, and does not install
)

// FeatureLayer is the layer of a feature.
func FeatureLayer(reference string) string { return "feature " + reference }

// Setting is one say about one setting. Later layers win; which objects are merged member by member [Effective] says.
type Setting struct {
	Name  string       `json:"name"`           // "go.goroot"
	Layer string       `json:"layer"`          // one of the layers above
	Value jsonc.Node   `json:"value"`          // as it is written
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
	Place source.Place `json:"place,omitzero"` // of the object
}
