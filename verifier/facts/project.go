package facts

import (
	"path"
	"slices"

	"github.com/dcverify/dcverify/verifier/compose"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/pinned"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// Project is a dev container as the files of its workspace declare it, resolved without running anything.
type Project struct {
	Config   devcontainer.Config    `json:"config"`             // devcontainer.json
	Merged   devcontainer.Merged    `json:"merged"`             // with the image's label and the features
	Label    []devcontainer.Entry   `json:"label,omitempty"`    // of the image at the bottom
	Features []devcontainer.Feature `json:"features,omitempty"` // in the order of their installation
	Image    BaseImage              `json:"image"`              // at the bottom of everything
	Build    *dockerfile.Build      `json:"build,omitempty"`    // of the Dockerfile, if there is one
	Compose  *compose.Service       `json:"compose,omitempty"`  // the service, if there is one

	RunArgs devcontainer.RunArgs `json:"runArgs,omitzero"` // what devcontainer.json hands to docker run

	ContainerUser User `json:"containerUser"` // who PID 1 runs as
	RemoteUser    User `json:"remoteUser"`    // who lifecycle commands and the editor's server run as

	Views      []goenv.View                 `json:"views,omitempty"`    // as the files make a container have them; in a workspace the snapshot's own views
	Folder     string                       `json:"folder,omitempty"`   // of the project inside the container: workspaceFolder
	Gos        []GoInstall                  `json:"gos,omitempty"`      // every Go that the files are seen to bring, in the order in which they come; the last one on PATH wins
	Modules    []Module                     `json:"modules,omitempty"`  // go.mod and go.work files of the project
	Pinned     []pinned.Version             `json:"pinned,omitempty"`   // the Gos that workflows and version managers name
	Scripts    []Script                     `json:"scripts,omitempty"`  // everything that a shell runs: RUN, hooks, and the script files that they call
	Settings   []vscode.Setting             `json:"settings,omitempty"` // lowest layer first
	Extensions []vscode.Extension           `json:"extensions,omitempty"`
	Launch     []vscode.LaunchConfiguration `json:"launch,omitempty"`
	Exists     map[string]bool              `json:"exists,omitempty"`    // paths of the workspace that something refers to, and whether they are there
	Ignored    map[string]bool              `json:"ignored,omitempty"`   // those that are there no fresh clone: git ignores them
	Startup    map[string]string            `json:"startup,omitempty"`   // what start-up files that the Dockerfile copies say of Go and PATH, by the word of COPY
	Surprises  []devcontainer.Surprise      `json:"surprises,omitempty"` // what substitution makes that nobody expects
	Problems   []Problem                    `json:"problems,omitempty"`  // of every file: what its readers refuse, or tolerate without a word
}

// Problem is something wrong with a file as such.
type Problem struct {
	Kind    string       `json:"kind"` // "syntax", "duplicate", "dropped", "missing-file", "missing-service", "outside", "unknown-stage", …
	Message string       `json:"message"`
	Place   source.Place `json:"place,omitzero"`
}

// BaseImage is the image that everything is put upon.
type BaseImage struct {
	Reference string           `json:"reference,omitempty"` // substituted and expanded; empty where it cannot be told
	Place     source.Place     `json:"place,omitzero"`      // where it is named
	Config    dockerfile.Base  `json:"config,omitzero"`
	From      string           `json:"from,omitempty"`    // who knows the configuration: "engine", "oci layout …", "registry", "cache of DATE"; empty where nobody does
	Assumed   string           `json:"assumed,omitempty"` // where it is dcverify's table that knows: its source and date
	Unknown   string           `json:"unknown,omitempty"` // why nobody knows
	Known     *knowledge.Image `json:"known,omitempty"`   // what the table says of images of that name and tag, even where the configuration is at hand
}

// User is a user as far as files tell.
type User struct {
	Name    string       `json:"name,omitempty"`   // as written; "root" where nobody says otherwise
	Home    string       `json:"home,omitempty"`   // empty where it is not known
	Origin  string       `json:"origin,omitempty"` // who says so: "devcontainer.json remoteUser", "label", "Dockerfile USER", "image"
	Place   source.Place `json:"place,omitzero"`
	Unknown string       `json:"unknown,omitempty"` // why it is not known
}

// IsRoot tells whether the user is known to be root.
func (u User) IsRoot() bool { return u.Unknown == "" && (u.Name == "root" || u.Name == "0") }

// GoInstall is one Go that the files bring into the container.
type GoInstall struct {
	Version   string       `json:"version,omitempty"`   // "1.22", "1.22.5"; empty where it is not known; "latest" where it moves
	Exact     bool         `json:"exact,omitempty"`     // the version has three parts or is otherwise one release
	Root      string       `json:"root,omitempty"`      // "/usr/local/go"
	Toolchain string       `json:"toolchain,omitempty"` // GOTOOLCHAIN that comes with it: "local", "auto"; "" where it is not known
	By        string       `json:"by"`                  // "image golang:1.22", "feature ghcr.io/devcontainers/features/go:1", "Dockerfile" (an archive from go.dev, go-debian.sh, a package), "script"
	Place     source.Place `json:"place,omitzero"`
	Variable  string       `json:"variable,omitempty"` // variable that the version comes from
	Written   source.Place `json:"written,omitzero"`   // where that variable gets it: ENV or ARG of the Dockerfile, an assignment of the script
	OffPath   bool         `json:"offPath,omitempty"`  // its script is told to put it on PATH in no start-up file
	Stage     int          `json:"stage"`              // of the Dockerfile, whose image this is; -1 for what the finished container has
	Assumed   string       `json:"assumed,omitempty"`
}

// FirstGo is the Go of the finished container that a PATH finds, as far as files tell; of several in one folder the last one that
// was put there.
func FirstGo(gos []GoInstall, pathVariable string) (GoInstall, bool) {
	for _, folder := range (goenv.Environ{"PATH": pathVariable}).Path() {
		for _, g := range slices.Backward(gos) {
			if g.Stage < 0 && g.Root != "" && path.Join(g.Root, "bin") == path.Clean(folder) {
				return g, true
			}
		}
	}
	return GoInstall{}, false
}

// VersionPlace is where a person changes the version.
func (g GoInstall) VersionPlace() source.Place {
	if g.Written.Known() {
		return g.Written
	}
	return g.Place
}

// Module is one go.mod or go.work.
type Module struct {
	File           string       `json:"file"`
	Path           string       `json:"path,omitempty"`   // module path
	Folder         string       `json:"folder,omitempty"` // of the file inside the container; empty where it is not known
	Go             string       `json:"go,omitempty"`     // of the go line, as written
	GoPlace        source.Place `json:"goPlace,omitzero"`
	Toolchain      string       `json:"toolchain,omitempty"` // of the toolchain line, without "go"
	ToolchainPlace source.Place `json:"toolchainPlace,omitzero"`
	Requires       []Require    `json:"requires,omitempty"` // of go.mod
	Uses           []string     `json:"uses,omitempty"`     // of go.work
	Vendor         bool         `json:"vendor,omitempty"`   // vendor/modules.txt beside it
	Vendored       []Vendored   `json:"vendored,omitempty"` // what that file says
	Main           bool         `json:"main,omitempty"`     // the one that the go command uses in the project's folder
	Problem        string       `json:"problem,omitempty"`  // why it is no go.mod, in go's own words
	Place          source.Place `json:"place,omitzero"`     // of the problem, or the whole file
}

// Require is one line of require.
type Require struct {
	Path, Version string
	Indirect      bool `json:",omitempty"`
	Replaced      bool `json:",omitempty"` // by a folder or another module, so that nobody asks for it by its own path
	Place         source.Place
}

// Script is a text for a shell with the circumstances in which it runs.
type Script struct {
	Kind    string            `json:"kind"`             // "run" (Dockerfile RUN), "hook" (a lifecycle command), "file" (a script file), "feature" (install.sh of a local feature)
	Name    string            `json:"name"`             // "RUN", "postCreateCommand", the path of the file
	File    string            `json:"file"`             // where it is written
	Line    int               `json:"line"`             // of that file, where line 1 of the script is
	Place   source.Place      `json:"place,omitzero"`   // of the instruction or property that runs it
	Stage   int               `json:"stage"`            // of the Dockerfile, for what runs in a build; -1 otherwise
	Target  bool              `json:"target,omitempty"` // the target is that stage, or starts from it
	User    User              `json:"user"`             // who runs it
	Workdir string            `json:"workdir,omitempty"`
	Env     map[string]string `json:"env,omitempty"`  // Go's variables and PATH as it sees them, as far as they are known
	Go      *GoInstall        `json:"go,omitempty"`   // the Go that it finds, as far as that is known
	Args    []string          `json:"args,omitempty"` // of a hook in the array form, which runs without a shell
	CRLF    bool              `json:"crlf,omitempty"` // of a file: its lines end as on Windows, and the carriage returns are part of its words
	Shell   shell.Script      `json:"shell"`
	Filled  *shell.Script     `json:"filled,omitempty"` // the same with the values of ENV and ARG put in, where it names some beside Go's
}

// WithValues is the script with the values of ENV and ARG put in, as far as they are known.
func (s Script) WithValues() Script {
	if s.Filled != nil {
		s.Shell = *s.Filled
	}
	return s
}

// Position is the place of something in the script, from its line and column there.
func (s Script) Position(line, column int) source.Place {
	return source.Place{File: s.File, Line: s.Line + line - 1, Column: column}
}

// Go is the Go that the finished container has, the last of those that the files bring; false where they are seen to bring
// none.
func (p Project) Go() (GoInstall, bool) {
	var last GoInstall
	found := false
	for _, install := range p.Gos {
		if install.Stage < 0 {
			last, found = install, true
		}
	}
	return last, found
}
