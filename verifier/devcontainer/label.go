package devcontainer

import (
	"slices"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// LabelName is the label that dev container tools leave on images.
const LabelName = "devcontainer.metadata"

// LabelEntry is where entries of an image's label come from.
const LabelEntry = "label"

// ParseLabel reads the label: a JSON array of entries, or one entry alone. A text that is neither counts for nothing,
// without a word, as it does for the reference CLI (src/spec-node/imageMetadata.ts, internalGetImageMetadata0); here it is a
// problem.
func ParseLabel(text string) ([]Entry, []jsonc.Problem) {
	if text == "" {
		return nil, nil
	}
	root, ok := jsonc.Strict(source.File{Name: LabelName, Text: text})
	var entries []Entry
	var problems []jsonc.Problem
	switch {
	case ok && root.Is(jsonc.Array):
		for _, element := range root.Elements {
			switch element.Kind {
			case jsonc.Object:
				entries = append(entries, Entry{From: LabelEntry, Root: element})
			case jsonc.Null:
				problems = []jsonc.Problem{{Kind: "type-stops", Message: "the label " + LabelName + " of the image has null among its entries: the reference CLI fails over it"}}
			}
		}
	case ok && root.Is(jsonc.Object):
		entries = []Entry{{From: LabelEntry, Root: root}}
	case ok:
		return nil, []jsonc.Problem{{Kind: "label", Message: "the label " + LabelName + " of the image is neither a list nor an object: the reference CLI drops it without a word"}}
	default:
		return nil, []jsonc.Problem{{Kind: "label", Message: "the label " + LabelName + " of the image is no JSON: the reference CLI drops all of it without a word"}}
	}
	for i := range entries {
		entries[i].Root = WithoutPlaces(entries[i].Root) // they would lead into a text that nobody can open
	}
	return entries, problems
}

// WithoutPlaces is a value of a text that is no file of the workspace.
func WithoutPlaces(node jsonc.Node) jsonc.Node {
	node.Place = source.Place{}
	node.Members = slices.Clone(node.Members)
	for i := range node.Members {
		node.Members[i].Place = source.Place{}
		node.Members[i].Value = WithoutPlaces(node.Members[i].Value)
	}
	node.Elements = slices.Clone(node.Elements)
	for i := range node.Elements {
		node.Elements[i] = WithoutPlaces(node.Elements[i])
	}
	return node
}

// The properties that entries are made of (src/spec-node/imageMetadata.ts, pickConfigProperties and pickFeatureProperties).
var (
	hookNames = []string{"onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand"}

	pickedOfConfig = append(slices.Clone(hookNames), "waitFor", "customizations", "mounts", "containerEnv", "containerUser", "init",
		"privileged", "capAdd", "securityOpt", "remoteUser", "userEnvProbe", "remoteEnv", "overrideCommand", "portsAttributes",
		"otherPortsAttributes", "forwardPorts", "shutdownAction", "updateRemoteUserUID", "hostRequirements")
	pickedOfFeature = append(slices.Clone(hookNames), "init", "privileged", "capAdd", "securityOpt", "entrypoint", "mounts", "customizations")
)

func pick(root jsonc.Node, names []string) jsonc.Node {
	picked := jsonc.Node{Kind: jsonc.Object, Place: root.Place}
	for _, name := range names {
		for _, m := range root.Fields() {
			if m.Name == name {
				picked.Members = append(picked.Members, m)
			}
		}
	}
	return picked
}

// FromConfig is the entry of a devcontainer.json.
func FromConfig(c Config) Entry {
	return Entry{From: c.File, Root: pick(migrate(c.Root), pickedOfConfig)}
}
