package vscode

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Debuggee is what a debug configuration makes of the environment of the tools for the program that it starts.
type Debuggee struct {
	Layers    []goenv.Layer      // over the tools view, lowest first: Delve's own, each envFile, then env
	Request   map[string]*string // env of the launch request: with go.toolsEnvVars; nil takes a variable away
	Flags     []string           // of dlv dap, besides those of the extension
	Program   string             // what it debugs, with the editor's variables replaced; empty where that depends on the moment
	Problems  []DebuggeeProblem
	NotProved string // why Delve is not started with that environment as it stands
	Starts    bool   // a program; it attaches to none, and looks at no core file
}

// DebuggeeProblem is something in a debug configuration that keeps a variable, or the whole session, from the program.
type DebuggeeProblem struct {
	Kind  string       `json:"kind"`           // "missing", "relative", "no-text", "setting-no-text", or a kind of [EnvFileProblem]
	Name  string       `json:"name,omitempty"` // of the variable, or the envFile
	Words string       `json:"words,omitempty"`
	Place source.Place `json:"place,omitzero"`
}

// Debuggees knows what is needed to say what environment debugged programs get.
type Debuggees struct {
	Workspace string
	Host      goenv.Environ                          // of the process that runs the extension: ${env:X} in launch.json
	Tools     goenv.Environ                          // of gopls and Delve
	Always    []goenv.Layer                          // what every launch request carries: see [Lookup.Requested], and GOPATH
	NoText    map[string]jsonc.Kind                  // variables of go.toolsEnvVars that are no texts
	Flags     []string                               // of dlv, where a configuration has none: go.delveConfig.dlvFlags
	Read      func(path string) (source.File, error) // reads an envFile
}

// Of puts the environment of one debug configuration together as resolveDebugConfigurationWithSubstitutedVariables does:
// go.toolsEnvVars, then the envFiles in their order, then env; the last wins (goDebugConfiguration.ts). Delve lays that over
// its own environment, which is that of the tools, and hands the result on.
func (d Debuggees) Of(configuration LaunchConfiguration) Debuggee {
	root := overlay(configuration.Root)
	result := Debuggee{Request: map[string]*string{}, NotProved: notProved(root), Starts: starts(root)}
	result.request(d.Always)
	if program, unknown := d.substitute(root.Get("program").Text); unknown == "" && program != "" {
		if !path.IsAbs(program) {
			program = path.Join(d.Workspace, program)
		}
		result.Program = path.Clean(program)
	}
	files := root.Get("envFile")
	if files.Is(jsonc.String) && files.Text != "" {
		d.readFile(&result, files)
	}
	for _, element := range files.Elements {
		if element.Is(jsonc.String) && element.Text != "" {
			d.readFile(&result, element)
		}
	}
	d.readEnv(&result, root.Get("env"))
	d.readFlags(&result, root.Get("dlvFlags"))
	if result.Starts && root.Get("debugAdapter").Text != "legacy" {
		d.findRefused(&result)
	}
	// Delve sets this for builds of its own, at the start of all its commands, and hands it on (cmd/dlv/main.go).
	if own := result.Request["CGO_CFLAGS"]; d.Tools["CGO_CFLAGS"] == "" && (own == nil || *own == "") {
		delve := goenv.Layer{Kind: goenv.Delve, Set: map[string]string{"CGO_CFLAGS": "-O0 -g"}}
		result.Layers = append([]goenv.Layer{delve}, result.Layers...)
	}
	return result
}

// request makes layers part of the launch request.
func (r *Debuggee) request(layers []goenv.Layer) {
	for _, layer := range layers {
		for _, name := range layer.Unset {
			r.Request[name] = nil
		}
		for name, value := range layer.Set {
			r.Request[name] = &value
		}
	}
}

// findRefused finds the values of go.toolsEnvVars for which Delve refuses the request: all that are no text, but where an
// envFile, env or the extension puts something else in their place.
func (d Debuggees) findRefused(result *Debuggee) {
	for i, layer := range d.Always {
		above := slices.Concat(d.Always[i+1:], result.Layers)
		for _, name := range slices.Sorted(maps.Keys(layer.Unknown)) {
			if slices.ContainsFunc(above, func(over goenv.Layer) bool { return speaksOf(over, name) }) {
				continue
			}
			result.Problems = append(result.Problems, DebuggeeProblem{Kind: "setting-no-text", Name: name, Words: string(d.NoText[name]), Place: layer.Places[name]})
			result.NotProved = "Delve refuses an env with a value that is no text"
		}
	}
}

// speaksOf tells whether a layer has a say about a variable.
func speaksOf(layer goenv.Layer, name string) bool {
	_, set := layer.Set[name]
	_, unknown := layer.Unknown[name]
	return set || unknown || layer.Unseen != "" || slices.Contains(layer.Unset, name)
}

// overlay lays what stands under linux over the rest, as the editor does for every configuration before extensions see it.
func overlay(root jsonc.Node) jsonc.Node {
	linux := root.Get("linux")
	if !linux.Is(jsonc.Object) {
		return root
	}
	root.Members = slices.Concat(root.Members, linux.Members) // of several members with one name the last counts
	return root
}

// starts tells whether the configuration starts a program. One that runs has the environment that it was started with.
func starts(root jsonc.Node) bool {
	return root.Get("request").Text != "attach" && !slices.Contains([]string{"remote", "replay", "core"}, root.Get("mode").Text)
}

// notProved tells the configurations that no Delve of ours can stand for.
func notProved(root jsonc.Node) string {
	switch {
	case !starts(root):
		return "it starts no program"
	case root.Get("debugAdapter").Text == "legacy":
		return "it uses the old debug adapter"
	case root.Get("port").Truthy():
		return "somebody else starts the server that it connects to"
	case slices.Contains([]string{"integratedTerminal", "externalTerminal"}, root.Get("console").Text):
		return "a terminal starts it, whose shell has its say"
	}
	return ""
}

func (d Debuggees) readFile(result *Debuggee, node jsonc.Node) {
	name, unknown := d.substitute(node.Text)
	problem := DebuggeeProblem{Name: name, Place: node.Place}
	switch {
	case unknown != "":
		result.NotProved = unknown
		result.Layers = append(result.Layers, goenv.Layer{Kind: goenv.LaunchFile, Name: node.Text, Unseen: unknown})
		return
	case !path.IsAbs(name):
		problem.Kind, problem.Words = "relative", "the path is relative"
	default:
		file, err := d.Read(name)
		if err == nil {
			d.addFile(result, file)
			return
		}
		problem.Kind, problem.Words = "missing", err.Error()
	}
	result.Problems = append(result.Problems, problem)
	result.NotProved = "its envFile cannot be read"
}

func (d Debuggees) addFile(result *Debuggee, file source.File) {
	parsed := ParseEnvFile(file, d.references())
	layer := goenv.Layer{Kind: goenv.LaunchFile, Name: file.Name, Set: parsed.Set, Places: parsed.Places}
	for _, name := range slices.Sorted(maps.Keys(parsed.Set)) {
		value := parsed.Set[name]
		result.Request[name] = &value
	}
	for _, p := range parsed.Problems {
		result.Problems = append(result.Problems, DebuggeeProblem{Kind: string(p.Kind), Name: p.Name, Place: p.Place})
	}
	result.Layers = append(result.Layers, layer)
}

// references is what ${NAME} of an envFile finds in the environment of the tools. The extension reads it before anything makes
// a text of null, which counts as nothing there.
func (d Debuggees) references() goenv.Environ {
	environ := WithToolFlags(d.Tools)
	for name, kind := range d.NoText {
		if kind == jsonc.Null || environ[name] == "0" || environ[name] == "false" {
			delete(environ, name)
		}
	}
	return environ
}

func (d Debuggees) readEnv(result *Debuggee, env jsonc.Node) {
	if !env.Is(jsonc.Object) {
		return
	}
	layer := goenv.Layer{Kind: goenv.LaunchEnv, Set: map[string]string{}, Places: map[string]source.Place{}, Unknown: map[string]string{}}
	for _, variable := range env.Members {
		name, node := variable.Name, env.Get(variable.Name)
		delete(layer.Set, name)
		delete(layer.Unknown, name)
		layer.Unset = slices.DeleteFunc(layer.Unset, func(unset string) bool { return unset == name })
		layer.Places[name] = variable.Place
		switch {
		case node.Is(jsonc.Null):
			layer.Unset = append(layer.Unset, name)
			result.Request[name] = nil
		case !node.Is(jsonc.String):
			// Delve takes the whole request back: "cannot unmarshal number into … of type string".
			result.Problems = append(result.Problems, DebuggeeProblem{Kind: "no-text", Name: name, Words: string(node.Kind), Place: variable.Place})
			result.NotProved = "Delve refuses an env with a value that is no text"
			layer.Unknown[name] = "it is no text, which Delve refuses"
		default:
			value, unknown := d.substitute(node.Text)
			if unknown != "" {
				layer.Unknown[name] = unknown
				delete(result.Request, name)
				break
			}
			layer.Set[name] = value
			result.Request[name] = &value
		}
	}
	result.Layers = append(result.Layers, layer)
}

// readFlags takes the flags of the configuration, or else those of the settings (goDebugConfiguration.ts).
func (d Debuggees) readFlags(result *Debuggee, own jsonc.Node) {
	flags := d.Flags
	if own.Is(jsonc.Array) {
		flags = texts(own)
	}
	for _, flag := range flags {
		value, unknown := d.substitute(flag)
		if unknown != "" {
			result.NotProved = cmp.Or(result.NotProved, unknown)
			continue
		}
		result.Flags = append(result.Flags, value)
	}
}

// substitute replaces the editor's variables in a text of launch.json, as the editor does on the side of the extension. What
// depends on the file that is open, on an answer or on a command is not known before.
func (d Debuggees) substitute(text string) (value, unknown string) {
	value = variable.ReplaceAllStringFunc(text, func(reference string) string {
		name := reference[2 : len(reference)-1]
		kind, argument, _ := strings.Cut(name, ":")
		switch {
		case kind == "env":
			return d.Host[argument]
		case name == "workspaceFolder", name == "workspaceRoot":
			return d.Workspace
		case name == "workspaceFolderBasename", name == "workspaceRootFolderName":
			return path.Base(d.Workspace)
		case name == "userHome":
			return d.Host["HOME"]
		case name == "pathSeparator", name == "/":
			return "/"
		case slices.Contains(ofTheMoment, kind):
			unknown = fmt.Sprintf("what %s is the editor knows when it starts", reference)
		}
		return reference
	})
	return value, unknown
}

// ofTheMoment are the editor's variables whose value nobody knows before F5.
var ofTheMoment = []string{
	"file", "fileBasename", "fileBasenameNoExtension", "fileDirname", "fileDirnameBasename", "fileExtname", "fileWorkspaceFolder",
	"relativeFile", "relativeFileDirname", "lineNumber", "columnNumber", "selectedText", "cwd", "execPath", "extensionInstallFolder",
	"defaultBuildTask", "input", "command", "config", "workspaceFolder", "workspaceRoot",
}
