// Package devcontainer owns what devcontainer.json, features and the metadata label of images mean: how they are found, read,
// substituted, ordered and merged.
//
// Its one rule: it does what the reference CLI does (devcontainers/cli 0.89.0), oddities included, and says where people do
// not expect what it does.
package devcontainer

import (
	"io/fs"
	"path"
	"slices"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Files is where the reference CLI looks for the configuration of a workspace, in this order (its
// getDefaultDevContainerConfigPath).
var Files = []string{".devcontainer/devcontainer.json", ".devcontainer.json"}

// Find lists the configurations of a workspace: those that the reference CLI finds by itself, in its order, and then the
// folders below .devcontainer that editors offer, one level deep.
func Find(workspace fs.FS) []string {
	var found []string
	exists := func(name string) bool {
		info, err := fs.Stat(workspace, name)
		return err == nil && info.Mode().IsRegular()
	}
	for _, name := range Files {
		if exists(name) {
			found = append(found, name)
		}
	}
	entries, err := fs.ReadDir(workspace, ".devcontainer")
	if err != nil {
		return found
	}
	for _, entry := range entries {
		if name := path.Join(".devcontainer", entry.Name(), "devcontainer.json"); exists(name) {
			found = append(found, name)
		}
	}
	return found
}

// ProjectFolder is the folder that a devcontainer.json is about: the one above .devcontainer, or its own.
func ProjectFolder(config string) string {
	folder := path.Dir(path.Clean(config))
	for at := folder; at != "." && at != "/"; at = path.Dir(at) {
		if path.Base(at) == ".devcontainer" {
			return path.Dir(at)
		}
	}
	return folder
}

// Found tells whether tools look for a configuration at such a place of some folder: .devcontainer.json,
// .devcontainer/devcontainer.json, or one folder deeper, by the specification
// (https://containers.dev/implementors/spec/#devcontainerjson).
func Found(config string) bool {
	config = path.Clean(config)
	folder := path.Dir(config)
	switch path.Base(config) {
	case ".devcontainer.json":
		return path.Base(folder) != ".devcontainer"
	case "devcontainer.json":
		return path.Base(folder) == ".devcontainer" || path.Base(path.Dir(folder)) == ".devcontainer"
	}
	return false
}

// Config is a devcontainer.json as it is written.
type Config struct {
	File     string          `json:"file"`
	Root     jsonc.Node      `json:"root"`               // everything, as it is written
	Problems []jsonc.Problem `json:"problems,omitempty"` // what the reference CLI tolerates without a word
	Refused  string          `json:"refused,omitempty"`  // why it is no configuration at all
}

// Read reads a devcontainer.json. Broken ones are read as the reference CLI reads them.
func Read(file source.File) Config {
	root, problems := jsonc.Read(file)
	c := Config{File: file.Name, Root: root, Problems: problems}
	if !root.Is(jsonc.Object) {
		c.Refused = "it must contain a JSON object literal"
		c.Problems = append(c.Problems, jsonc.Problem{
			Kind: "syntax", Message: "a devcontainer.json must hold an object in braces", Place: file.Place(0, 0),
		})
	}
	return c
}

// ContainerEnv is what the file itself declares under that name, as it is written.
func (c Config) ContainerEnv() map[string]goenv.Declaration { return c.declarations("containerEnv") }

// RemoteEnv is what the file itself declares under that name, as it is written.
func (c Config) RemoteEnv() map[string]goenv.Declaration { return c.declarations("remoteEnv") }

func (c Config) declarations(name string) map[string]goenv.Declaration {
	result := map[string]goenv.Declaration{}
	for _, m := range c.Root.Get(name).Fields() {
		result[m.Name] = goenv.Declaration{Value: m.Value.String(), Place: span(m)}
	}
	return result
}

// span is from the name of a member to the end of its value.
func span(m jsonc.Property) source.Place {
	place := m.Place
	place.EndLine, place.EndColumn = m.Value.Place.EndLine, m.Value.Place.EndColumn
	return place
}

// Dockerfile is the path as it is written, relative to the folder of the file: the one of old at the top, or that of build.
func (c Config) Dockerfile() string {
	for _, at := range [][]string{{"dockerFile"}, {"build", "dockerfile"}} {
		if node := c.Root.Get(at...); node.Is(jsonc.String) {
			return node.Text
		}
	}
	return ""
}

// Target is the build stage; empty for the last.
func (c Config) Target() string { return c.Root.Get("build", "target").Text }

// UserEnvProbe is as written; empty for loginInteractiveShell.
func (c Config) UserEnvProbe() string {
	if node := c.Root.Get("userEnvProbe"); node.Is(jsonc.String) {
		return node.Text
	}
	return ""
}

// migrate moves the editor's properties from where they were before 2022 (src/spec-configuration/configuration.ts,
// updateFromOldProperties).
func migrate(root jsonc.Node) jsonc.Node {
	extensions, settings, port := root.Get("extensions"), root.Get("settings"), root.Get("devPort")
	if !extensions.Truthy() && !settings.Truthy() && port.Kind == "" {
		return root
	}
	root, vscode := moved(root, extensions, settings)
	if port.Kind != "" && vscode.Get("devPort").Kind == "" {
		vscode = with(vscode, "devPort", port)
		root.Members = without(root.Members, "devPort")
	}
	return customized(root, vscode)
}

// migrateFeature does the same for a feature, which never had a devPort (containerFeaturesConfiguration.ts,
// updateFromOldProperties).
func migrateFeature(root jsonc.Node) jsonc.Node {
	extensions, settings := root.Get("extensions"), root.Get("settings")
	if !extensions.Truthy() && !settings.Truthy() {
		return root
	}
	return customized(moved(root, extensions, settings))
}

// moved takes extensions and settings away, and gives what customizations.vscode becomes with them.
func moved(root, extensions, settings jsonc.Node) (rest, vscode jsonc.Node) {
	vscode = root.Get("customizations", "vscode")
	if !vscode.Is(jsonc.Object) {
		vscode = jsonc.Node{Kind: jsonc.Object}
	}
	if extensions.Truthy() {
		list := slices.Concat(elements(vscode.Get("extensions")), elements(extensions))
		vscode = with(vscode, "extensions", jsonc.Node{Kind: jsonc.Array, Elements: list})
		root.Members = without(root.Members, "extensions")
	}
	if settings.Truthy() {
		merged := jsonc.Node{Kind: jsonc.Object, Members: slices.Concat(properties(settings), properties(vscode.Get("settings")))}
		vscode = with(vscode, "settings", merged)
		root.Members = without(root.Members, "settings")
	}
	return root, vscode
}

// customized is an object with its customizations.vscode set. Where these are something else than objects, what JavaScript sets
// on them is lost.
func customized(root, vscode jsonc.Node) jsonc.Node {
	customizations := root.Get("customizations")
	for _, node := range []jsonc.Node{customizations, customizations.Get("vscode")} {
		if node.Truthy() && !node.Is(jsonc.Object) {
			return root
		}
	}
	if !customizations.Is(jsonc.Object) {
		customizations = jsonc.Node{Kind: jsonc.Object}
	}
	return with(root, "customizations", with(customizations, "vscode", vscode))
}

// with is a copy of an object with a member set.
func with(object jsonc.Node, name string, value jsonc.Node) jsonc.Node {
	members := object.Fields()
	for i := range members {
		if members[i].Name == name {
			members[i].Value = value
			object.Members = members
			return object
		}
	}
	object.Members = append(members, jsonc.Property{Name: name, Value: value})
	return object
}
