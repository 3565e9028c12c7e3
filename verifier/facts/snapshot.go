// Package facts owns the snapshot: everything that is known about one target at one time.
//
// Its one rule: facts are plain data. They go to JSON and back without loss, so that a snapshot taken in a container can be
// judged anywhere, and a check can be tested with nothing but a text.
package facts

import (
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/image"
	"github.com/dcverify/dcverify/verifier/program"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// Need names a part of the snapshot that a check reads. Only what the selected checks need is gathered.
type Need string

const (
	Environment Need = "environment" // Views, EnvFile
	Shells      Need = "shells"      // Shells
	GoCommands  Need = "go"          // Go, Trees, Extension
	Tools       Need = "tools"       // Tools
	Builds      Need = "builds"      // Builds
	BuildCaches Need = "buildcaches" // BuildCaches
	Resolvers   Need = "resolvers"   // Resolvers
	Kernel      Need = "ptrace"      // Ptrace
	Launch      Need = "launch"      // Proofs: delve-launch
	Attach      Need = "attach"      // Proofs: delve-attach
	DAP         Need = "dap"         // Proofs: delve-dap, delve-test
	Connect     Need = "connect"     // Proofs: delve-server
	Least       Need = "least"       // Proofs: delve-least
	LeftBehind  Need = "leftovers"   // Leftovers
	Gopls       Need = "gopls"       // Proofs: gopls
	Debugged    Need = "debuggee"    // Debuggees with their proofs, Godebug
	PanicTraces Need = "panic"       // Panics
	Files       Need = "files"       // the files of an image
	Declared    Need = "declared"    // Project: what the files of the workspace declare
)

// Snapshot is one target seen once.
type Snapshot struct {
	Target    Target           `json:"target"`
	System    System           `json:"system"`
	Workspace Workspace        `json:"workspace"`
	Views     []goenv.View     `json:"views"`
	EnvFile   Part[EnvFile]    `json:"envFile"`   // what `go env -w` wrote
	Shells    Part[[]Shell]    `json:"shells"`    // login and interactive shells that were tried
	Extension Part[Extension]  `json:"extension"` // what the editor's Go extension does here
	Ptrace    Part[Ptrace]     `json:"ptrace"`
	Builds    Part[[]Build]    `json:"builds"`
	Debuggees Part[[]Debuggee] `json:"debuggees"` // what debug configurations start
	Godebug   Part[Godebug]    `json:"godebug"`
	Panics    Part[Panics]     `json:"panics"`

	Leftovers Part[[]Leftover] `json:"leftovers"` // of debugging sessions that are over

	BuildCaches Part[[]BuildCache] `json:"buildCaches"`
	Resolvers   Part[Resolution]   `json:"resolvers"`

	Go      map[string]Part[GoCommand] `json:"go,omitempty"`     // the go command, by view
	Trees   map[string]goenv.Tree      `json:"trees,omitempty"`  // Go roots, by path as somebody wrote it
	Tools   map[string]Part[Tool]      `json:"tools,omitempty"`  // dlv and gopls as the extension looks for them, by name
	Proofs  map[string]Part[Proof]     `json:"proofs,omitempty"` // by name of the proof
	Image   Part[image.Image]          `json:"image"`
	Project Part[Project]              `json:"project"` // the dev container as the workspace's files declare it

	Problems []string `json:"problems,omitempty"` // what is there and could not be understood: damaged files, malformed environments
}

// Target is what the snapshot was taken of.
type Target struct {
	Kind string `json:"kind"` // container, image, machine
	Name string `json:"name"`
	ID   string `json:"id,omitempty"`
}

// System is the user and the machine as the snapshot's process saw them.
type System struct {
	OS    string `json:"os,omitempty"`
	Arch  string `json:"arch,omitempty"`
	UID   int    `json:"uid"`
	User  string `json:"user,omitempty"`
	Home  string `json:"home,omitempty"`
	Shell string `json:"shell,omitempty"`
}

// Workspace is the folder of the project.
type Workspace struct {
	Folder  string       `json:"folder,omitempty"`
	Module  string       `json:"module,omitempty"` // the go.work or go.mod that the go command uses there; empty without one
	Go      string       `json:"go,omitempty"`     // the Go version that it asks for: the greater of its go and toolchain lines
	GoPlace source.Place `json:"goPlace,omitzero"`
}

// EnvFile is the file that `go env -w` writes, read as a file: once it holds a wrong GOROOT no go command can read it.
type EnvFile struct {
	Path  string      `json:"path"`
	Layer goenv.Layer `json:"content"`
}

// Shell is one way to start a shell and what came of it.
type Shell struct {
	Command string            `json:"command"`         // "bash -lc", "zsh -lic"
	Login   bool              `json:"login"`           //
	Default bool              `json:"default"`         // the remote user's own shell
	Env     map[string]string `json:"env,omitempty"`   // Go's variables and PATH
	Go      string            `json:"go,omitempty"`    // the go that its PATH finds
	Lost    []string          `json:"lost,omitempty"`  // folders with Go programs that container PATH has and this one has not
	Place   source.Place      `json:"place,omitzero"`  // the start-up file and line that sets PATH last
	Failed  string            `json:"error,omitempty"` // why its environment could not be read
}

// GoCommand is the go that a view finds on its PATH.
type GoCommand struct {
	Binary  program.File `json:"binary"`
	Root    string       `json:"root,omitempty"`    // GOROOT as this go derives it when nobody sets one
	Outside Answer       `json:"outside,omitzero"`  // `go env` in an empty folder
	Inside  Answer       `json:"inside,omitzero"`   // `go env` in the workspace, after a toolchain switch if one is due
	Missing string       `json:"download,omitzero"` // the toolchain that the workspace asks for and the module cache lacks
}

// Answer is what `go env` said in one place.
type Answer struct {
	Env   map[string]string `json:"env,omitempty"`
	Error string            `json:"error,omitempty"` // its own words, when it failed
}

// Extension is what the editor's Go extension will do in this container.
type Extension struct {
	Go       vscode.Found    `json:"go"`
	Answer   Answer          `json:"answer"`           // `go env` of that go in the workspace
	Prefix   string          `json:"prefix,omitempty"` // folder that it puts in front of PATH
	Settings vscode.Settings `json:"settings,omitzero"`
}

// Tool is a program that the extension looks for.
type Tool struct {
	Binary   program.File `json:"binary,omitzero"`    // the zero value when nothing was found
	Why      string       `json:"why,omitempty"`      // which of the extension's places had it
	Searched []string     `json:"searched,omitempty"` // where it looked
	Unused   string       `json:"unused,omitempty"`   // the setting that keeps the extension from starting it
}

// Build is the compiling, vetting and testing of a small module in one environment. Views whose Go environments are the
// same share one.
type Build struct {
	Views   []string `json:"views"`
	Where   string   `json:"where"`          // "scratch": a module that asks for the same Go as the workspace; "workspace": its own packages are listed and compiled
	Go      string   `json:"go"`             // the go command
	Goroot  string   `json:"goroot"`         // GOROOT that it builds with, set by somebody or derived
	Status  Status   `json:"status"`         //
	Error   string   `json:"error,omitzero"` // go's own words, one line
	Output  string   `json:"output,omitzero"`
	Steps   []Step   `json:"steps,omitempty"`
	OwnCode bool     `json:"ownCode,omitempty"` // all that go has to say is about the source of the workspace
	Binary  string   `json:"-"`                 // the program that was built, while the snapshot is being taken
}

// EmptyCacheBuilds ends the error of a build that succeeds with an empty build cache.
const EmptyCacheBuilds = " (with an empty GOCACHE it builds: the build cache is damaged or cannot be read)"

// View returns the view of that name; an unknown one where there is none.
func (s *Snapshot) View(name string) goenv.View {
	if i := slices.IndexFunc(s.Views, func(v goenv.View) bool { return v.Name == name }); i >= 0 {
		return s.Views[i]
	}
	return goenv.View{Name: name, Unknown: "not part of this target"}
}

// BuildOf returns the build of a view.
func (s *Snapshot) BuildOf(view, where string) (Build, bool) {
	builds, _ := s.Builds.Get()
	for _, b := range builds {
		if b.Where == where && slices.Contains(b.Views, view) {
			return b, true
		}
	}
	return Build{}, false
}

// RealRoot is the folder that a GOROOT really is, links resolved; the text itself where there is no such folder.
func (s *Snapshot) RealRoot(root string) string {
	if real := s.Trees[root].Real; real != "" {
		return real
	}
	return root
}

// Switched tells whether the editor put a toolchain, which go switched to for the workspace, in front of the view's PATH.
func (s *Snapshot) Switched(view string) bool {
	extension, ok := s.Extension.Get()
	return ok && (view == goenv.TerminalView || view == goenv.ToolsView) && strings.Contains(extension.Prefix, "/golang.org/toolchain@")
}
