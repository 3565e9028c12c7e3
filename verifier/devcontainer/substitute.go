package devcontainer

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Surprise is something that substitution makes of a text and that whoever wrote it does not expect.
//
//	default-cut  the default ends at its first colon
//	literal      an unknown form, or one that is not replaced here, stays as it is written
//	empty        ${containerEnv:HOME} and its kin, which no image's configuration holds
//	no-name      ${localEnv} without a variable, which stops the reference CLI
type Surprise struct {
	Kind    string       `json:"kind"`
	Text    string       `json:"text"` // the ${…} that it is about
	Message string       `json:"message"`
	Place   source.Place `json:"place,omitzero"`
}

// Pass is one of the three passes of substitution (src/spec-common/variableSubstitution.ts). Each goes over the whole
// configuration, and over what the pass before it made.
type Pass struct {
	replace func(match, name string, args []string) (value string, surprise *Surprise)
	last    bool // what is still there after it stays
}

// AtRead is the first pass: what the host knows.
func AtRead(host Host, config Config) Pass {
	folder, _ := host.Folders(config)
	context := map[string]string{
		"localWorkspaceFolder": host.Workspace, "localWorkspaceFolderBasename": path.Base(filepath.ToSlash(host.Workspace)),
	}
	pass := Pass{replace: func(match, name string, args []string) (string, *Surprise) {
		if name == "env" || name == "localEnv" {
			return lookup(host.Env, match, name, args)
		}
		if value, ok := context[name]; ok {
			return value, nil
		}
		return match, nil
	}}
	if folder != "" {
		// The folder is replaced in itself first, so that one that refers to itself grows twice and keeps the reference.
		context["containerWorkspaceFolder"], context["containerWorkspaceFolderBasename"] = folder, path.Base(folder)
		folder, _ = pass.Text(folder, source.Place{})
		context["containerWorkspaceFolder"], context["containerWorkspaceFolderBasename"] = folder, path.Base(folder)
	}
	return pass
}

// WithID is the second pass: ${devcontainerId}.
func WithID(id string) Pass {
	return Pass{replace: func(match, name string, _ []string) (string, *Surprise) {
		if name == "devcontainerId" && id != "" {
			return id, nil
		}
		return match, nil
	}}
}

// notInConfig is what people take for part of a container's environment and what no image's configuration holds: the engine
// sets it for each process.
var notInConfig = []string{"HOME", "HOSTNAME", "USER"}

// InContainer is the third pass: ${containerEnv:…}, from the container's configuration.
func InContainer(env map[string]string) Pass {
	return Pass{last: true, replace: func(match, name string, args []string) (string, *Surprise) {
		if name != "containerEnv" {
			return match, nil
		}
		value, surprise := lookup(env, match, name, args)
		if len(args) > 0 && slices.Contains(notInConfig, args[0]) {
			if _, ok := env[args[0]]; !ok {
				surprise = &Surprise{Kind: "empty", Message: args[0] + " is in no container's configuration, only in its processes: this becomes " + quoted(value)}
			}
		}
		return value, surprise
	}}
}

// lookup replaces a variable with an environment's value, or the default, which ends at the next colon.
func lookup(env map[string]string, match, name string, args []string) (string, *Surprise) {
	if len(args) == 0 {
		return match, &Surprise{Kind: "no-name", Message: "it names no variable: the reference CLI stops here"}
	}
	value, set := env[args[0]]
	if !set && len(args) > 1 {
		value = args[1]
	}
	var surprise *Surprise
	switch {
	case len(args) > 2:
		surprise = &Surprise{Kind: "default-cut", Message: fmt.Sprintf("the default ends at its first colon: without %s it becomes %s", args[0], quoted(args[1]))}
	case len(args) > 1 && strings.Contains(args[1], "${"):
		surprise = &Surprise{Kind: "literal", Message: fmt.Sprintf("defaults do not nest: without %s it becomes %s", args[0], quoted(args[1]))}
	}
	return value, surprise
}

func quoted(text string) string {
	if text == "" {
		return "empty"
	}
	return `"` + text + `"`
}

// Text substitutes in one text.
func (p Pass) Text(text string, at source.Place) (string, []Surprise) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	var result strings.Builder
	var surprises []Surprise
	rest := text
	for {
		start := strings.Index(rest, "${")
		if start < 0 {
			break
		}
		end := strings.IndexAny(rest[start:], "}\n\r\u2028\u2029")
		if end < 0 {
			break
		}
		if rest[start+end] != '}' { // the dot of its regular expression is no end of a line
			result.WriteString(rest[:start+end])
			rest = rest[start+end:]
			continue
		}
		match := rest[start : start+end+1]
		parts := strings.Split(match[2:len(match)-1], ":")
		value, surprise := p.replace(match, parts[0], parts[1:])
		result.WriteString(rest[:start] + value)
		if surprise != nil {
			surprise.Text, surprise.Place = match, at
			surprises = append(surprises, *surprise)
		}
		rest = rest[start+end+1:]
	}
	result.WriteString(rest)
	return result.String(), surprises
}

// Node substitutes in every string of a value, never in names.
func (p Pass) Node(node jsonc.Node) (jsonc.Node, []Surprise) {
	var surprises []Surprise
	switch node.Kind {
	case jsonc.String:
		node.Text, surprises = p.Text(node.Text, node.Place)
	case jsonc.Object:
		members := make([]jsonc.Property, len(node.Members))
		for i, m := range node.Members {
			value, found := p.Node(m.Value)
			members[i] = jsonc.Property{Name: m.Name, Place: m.Place, Value: value}
			surprises = append(surprises, found...)
		}
		node.Members = members
	case jsonc.Array:
		elements := make([]jsonc.Node, len(node.Elements))
		for i, element := range node.Elements {
			value, found := p.Node(element)
			elements[i] = value
			surprises = append(surprises, found...)
		}
		node.Elements = elements
	}
	return node, surprises
}

// References lists the variables that a text asks of a source: ${containerEnv:PATH} asks containerEnv for PATH.
func References(text, source string) []string {
	var names []string
	for _, form := range Leftover(text) {
		parts := strings.Split(form[2:len(form)-1], ":")
		if parts[0] == source && len(parts) > 1 {
			names = append(names, parts[1])
		}
	}
	return names
}

// Leftover lists the ${…} of a text.
func Leftover(text string) []string {
	var found []string
	_, _ = Pass{replace: func(match, _ string, _ []string) (string, *Surprise) {
		found = append(found, match)
		return match, nil
	}}.Text(text, source.Place{})
	return found
}

// ofHost is the names that the machine decides on which a container is made.
var ofHost = []string{"localEnv", "env", "localWorkspaceFolder", "localWorkspaceFolderBasename", "containerWorkspaceFolder",
	"containerWorkspaceFolderBasename", "devcontainerId"}

// OfHost is the first ${…} of a text that the machine decides on which a container is made; empty where there is none.
func OfHost(text string) string {
	for _, form := range Leftover(text) {
		name, _, _ := strings.Cut(strings.TrimSuffix(form[2:], "}"), ":")
		if slices.Contains(ofHost, name) {
			return form
		}
	}
	return ""
}

// ID is the devcontainerId: the hash of the labels by which the reference CLI finds the container again, in base 32.
func (h Host) ID() string {
	label := func(name, value string) jsonc.Property {
		return jsonc.Property{Name: name, Value: jsonc.Node{Kind: jsonc.String, Text: value}}
	}
	labels := jsonc.Node{Kind: jsonc.Object, Members: []jsonc.Property{ // sorted; encoding/json would write & as \u0026
		label("devcontainer.config_file", h.Config), label("devcontainer.local_folder", h.Workspace),
	}}
	sum := sha256.Sum256([]byte(labels.JSON()))
	id := new(big.Int).SetBytes(sum[:]).Text(32)
	return strings.Repeat("0", max(52-len(id), 0)) + id
}

// Folders is the workspaceFolder, before it is substituted, and the mount that brings it (src/spec-node/utils.ts,
// getWorkspaceConfiguration).
func (h Host) Folders(c Config) (folder, mount string) {
	written := c.Root.Get("workspaceFolder")
	if written.Is(jsonc.String) {
		folder = written.Text
	}
	if c.Root.Get("dockerComposeFile").Kind != "" {
		if folder == "" {
			folder = "/"
		}
		return folder, ""
	}
	mount = c.Root.Get("workspaceMount").Text
	if h.Workspace == "" || folder != "" && c.Root.Get("workspaceMount").Kind != "" {
		return folder, mount
	}
	mounted := h.Mounted
	if mounted == "" {
		mounted = h.Workspace
	}
	inside := path.Join("/workspaces", filepath.Base(mounted))
	if folder == "" {
		below, err := filepath.Rel(mounted, h.Workspace)
		if err != nil {
			below = "."
		}
		folder = path.Join(inside, filepath.ToSlash(below))
	}
	if c.Root.Get("workspaceMount").Kind == "" {
		mount = "type=bind," + option("source", mounted) + "," + option("target", inside)
	}
	return folder, mount
}

func option(name, value string) string {
	if strings.Contains(value, ",") {
		return `"` + name + "=" + value + `"`
	}
	return name + "=" + value
}
