package devcontainer

import (
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Host is what the reference CLI takes from the machine it runs on.
type Host struct {
	Env       map[string]string // ${localEnv:…}, ${env:…}
	Workspace string            // absolute path there of the workspace folder
	Mounted   string            // absolute path there of the folder that is mounted: the git root around it, or the workspace folder itself; empty for that
	Config    string            // absolute path there of the devcontainer.json, which devcontainerId depends on
}

// Entry is one source of dev container properties: an entry of an image's label, a feature, or devcontainer.json.
type Entry struct {
	From string     `json:"from"` // "label", a feature's reference as the user wrote it, or the file's name
	Root jsonc.Node `json:"root"` // the object, as written
}

// Variable is one say about one variable.
type Variable struct {
	Name    string       `json:"name"`
	Raw     string       `json:"raw"`            // as it is written
	Value   string       `json:"value"`          // after substitution; what a process gets
	From    string       `json:"from"`           // as in Entry
	Null    bool         `json:"null,omitempty"` // written as null, which becomes the text null
	Kind    jsonc.Kind   `json:"kind,omitempty"` // how it is written
	Place   source.Place `json:"place,omitzero"`
	Unset   bool         `json:"unset,omitempty"`   // taken away, as -e NAME does without a value on the host
	Unknown string       `json:"unknown,omitempty"` // why the value is not known
}

// Hook is one lifecycle command.
type Hook struct {
	Event string       `json:"event"`          // onCreateCommand, updateContentCommand, postCreateCommand, postStartCommand, postAttachCommand, initializeCommand
	Name  string       `json:"name,omitempty"` // in the object form
	From  string       `json:"from"`
	Shell string       `json:"shell,omitempty"` // the text that /bin/sh -c gets
	Args  []string     `json:"args,omitempty"`  // in the array form, which runs without a shell
	Place source.Place `json:"place,omitzero"`  // of the value
}

// Mount is one mount, of the short or the object form.
type Mount struct {
	Type   string       `json:"type,omitempty"`
	Source string       `json:"source,omitempty"`
	Target string       `json:"target,omitempty"`
	From   string       `json:"from"`
	Place  source.Place `json:"place,omitzero"`
}

// Merged is what the entries together say, by the reference CLI's rules (devcontainers/cli, src/spec-node/imageMetadata.ts,
// mergeConfiguration).
type Merged struct {
	ContainerEnv []Variable `json:"containerEnv,omitempty"` // every say, lowest first; the last of a name wins
	RemoteEnv    []Variable `json:"remoteEnv,omitempty"`    // every say, lowest first; ${containerEnv:…} replaced where the container's environment is known

	ContainerUser string   `json:"containerUser,omitempty"`
	RemoteUser    string   `json:"remoteUser,omitempty"`
	UserEnvProbe  string   `json:"userEnvProbe,omitempty"` // as written; empty for loginInteractiveShell
	CapAdd        []string `json:"capAdd,omitempty"`
	SecurityOpt   []string `json:"securityOpt,omitempty"`
	Privileged    bool     `json:"privileged,omitempty"`
	Init          bool     `json:"init,omitempty"`
	Mounts        []Mount  `json:"mounts,omitempty"`
	Hooks         []Hook   `json:"hooks,omitempty"`
	UpdateUID     bool     `json:"updateRemoteUserUID"` // true when nobody says otherwise

	ContainerAccount Account `json:"containerAccount,omitzero"` // containerUser, with who says so
	RemoteAccount    Account `json:"remoteAccount,omitzero"`    // remoteUser, with who says so
}

// Feature is one feature in use.
type Feature struct {
	Reference    string                  `json:"reference"`          // as the user wrote it, or as dependsOn names it
	Place        source.Place            `json:"place,omitzero"`     // of its key; of nothing where dependsOn brought it
	Kind         string                  `json:"kind"`               // "oci", "local", "tarball", "legacy" (mapped), "release" (of a GitHub repository), "unsupported"
	ID           string                  `json:"id,omitempty"`       // without version: ghcr.io/devcontainers/features/go
	Version      string                  `json:"version,omitempty"`  // tag or digest as written; "latest" where none is
	Options      map[string]string       `json:"options,omitempty"`  // as the user gave them
	Defaults     map[string]string       `json:"defaults,omitempty"` // of the manifest, for options not given
	OptionPlaces map[string]source.Place `json:"optionPlaces,omitempty"`
	Folder       string                  `json:"folder,omitempty"`  // of a local one, relative to the workspace
	Manifest     jsonc.Node              `json:"manifest,omitzero"` // devcontainer-feature.json; no value where it is not at hand
	Assumed      string                  `json:"assumed,omitempty"` // where the manifest comes from when it is not the feature's own: dcverify's table, with its date
	Short        string                  `json:"short,omitempty"`   // the options in a short form, "string:1.2" or "boolean:true", which compare otherwise
	Unknown      string                  `json:"unknown,omitempty"` // why the manifest is not at hand
	Locked       Locked                  `json:"locked,omitzero"`   // what the lock file holds it to
}
