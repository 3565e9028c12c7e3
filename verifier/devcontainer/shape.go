package devcontainer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
)

// shape is what a property is by the specification, and what the reference CLI makes of it where it is something else. It has
// no schema of its own: what it does was seen of version 0.89.0, for every line below.
type shape struct {
	path  string       // names between dots; [] for the elements of a list, * for the members of an object
	wants []jsonc.Kind // what it has to be
	fine  []jsonc.Kind // what it need not be and works as
	stops []jsonc.Kind // what no container is made with, or no command runs in
	lost  string       // what happens to everything else; empty for: nobody reads it
}

var (
	text       = []jsonc.Kind{jsonc.String}
	list       = []jsonc.Kind{jsonc.Array}
	object     = []jsonc.Kind{jsonc.Object}
	truth      = []jsonc.Kind{jsonc.Bool}
	everything = []jsonc.Kind{jsonc.String, jsonc.Number, jsonc.Bool, jsonc.Null, jsonc.Array, jsonc.Object}
)

// shapes is in the order of the names.
var shapes = []shape{
	{path: "build", wants: object, stops: []jsonc.Kind{jsonc.String}},
	{path: "build.args", wants: object, fine: []jsonc.Kind{jsonc.Null}},
	{path: "build.args.*", wants: text, fine: []jsonc.Kind{jsonc.Number, jsonc.Bool, jsonc.Null, jsonc.Array}, stops: object},
	{path: "build.context", wants: text, fine: []jsonc.Kind{jsonc.Null}, stops: everything},
	{path: "build.dockerfile", wants: text, fine: []jsonc.Kind{jsonc.Null}, stops: everything},
	{path: "build.options", wants: list, fine: []jsonc.Kind{jsonc.Null}, stops: text},
	{path: "build.options[]", wants: text, stops: everything},
	{path: "build.target", wants: text, fine: []jsonc.Kind{jsonc.Null}, stops: everything},
	{path: "capAdd", wants: list, fine: []jsonc.Kind{jsonc.String, jsonc.Null}, stops: object},
	{path: "capAdd[]", wants: text, stops: everything},
	{path: "containerEnv", wants: object, fine: []jsonc.Kind{jsonc.Null}, lost: "the variables that it makes are called 0, 1 and so on"},
	{path: "containerEnv.*", wants: text, fine: []jsonc.Kind{jsonc.Number, jsonc.Bool, jsonc.Null}, stops: object, lost: "its texts are joined with commas"},
	{path: "containerUser", wants: text, fine: []jsonc.Kind{jsonc.Number, jsonc.Null}, stops: []jsonc.Kind{jsonc.Object, jsonc.Bool, jsonc.Array}},
	{path: "customizations", wants: object, fine: []jsonc.Kind{jsonc.Null}},
	{path: "customizations.vscode", wants: object, fine: []jsonc.Kind{jsonc.Null}},
	{path: "customizations.vscode.extensions", wants: list, fine: []jsonc.Kind{jsonc.Null}},
	{path: "customizations.vscode.settings", wants: object, fine: []jsonc.Kind{jsonc.Null}},
	{path: "dockerFile", wants: text, fine: []jsonc.Kind{jsonc.Null}, stops: everything},
	{path: "features", wants: object, fine: []jsonc.Kind{jsonc.Null}, stops: []jsonc.Kind{jsonc.String, jsonc.Array}},
	{path: "features.*", wants: []jsonc.Kind{jsonc.Object, jsonc.String, jsonc.Bool}, stops: []jsonc.Kind{jsonc.Null}},
	{path: "features.*.*", wants: []jsonc.Kind{jsonc.String, jsonc.Bool}, fine: []jsonc.Kind{jsonc.Number, jsonc.Null, jsonc.Array}, stops: object},
	{path: "forwardPorts", wants: list, fine: []jsonc.Kind{jsonc.Number, jsonc.String, jsonc.Null}, stops: object},
	{path: "forwardPorts[]", wants: []jsonc.Kind{jsonc.Number, jsonc.String}, stops: object},
	{path: "hostRequirements", wants: object, fine: []jsonc.Kind{jsonc.Null}},
	{path: "image", wants: text, fine: []jsonc.Kind{jsonc.Null}, stops: everything},
	{path: "init", wants: truth, fine: []jsonc.Kind{jsonc.Null}, lost: "it counts as true"},
	{path: "mounts", wants: list, fine: []jsonc.Kind{jsonc.Object, jsonc.String, jsonc.Null}, stops: everything},
	{path: "mounts[]", wants: []jsonc.Kind{jsonc.String, jsonc.Object}, stops: everything},
	{path: "overrideCommand", wants: truth, fine: []jsonc.Kind{jsonc.Null}},
	{path: "overrideFeatureInstallOrder", wants: list, fine: []jsonc.Kind{jsonc.Null}},
	{path: "portsAttributes", wants: object, fine: []jsonc.Kind{jsonc.Null}},
	{path: "privileged", wants: truth, fine: []jsonc.Kind{jsonc.Null}, lost: "it counts as true"},
	{path: "remoteEnv", wants: object, fine: []jsonc.Kind{jsonc.Null}, lost: "the variables that it makes are called 0, 1 and so on"},
	{path: "remoteEnv.*", wants: text, fine: []jsonc.Kind{jsonc.Number, jsonc.Bool, jsonc.Null}, stops: object, lost: "its texts are joined with commas"},
	{path: "remoteUser", wants: text, fine: []jsonc.Kind{jsonc.Number, jsonc.Null}, stops: []jsonc.Kind{jsonc.Object, jsonc.Bool, jsonc.Array}},
	{path: "runArgs", wants: list, stops: everything},
	{path: "runArgs[]", wants: text, stops: everything},
	{path: "securityOpt", wants: list, fine: []jsonc.Kind{jsonc.String, jsonc.Null}, stops: object},
	{path: "securityOpt[]", wants: text, stops: everything},
	{path: "updateRemoteUserUID", wants: truth, fine: []jsonc.Kind{jsonc.Null}},
	{path: "workspaceFolder", wants: text, fine: []jsonc.Kind{jsonc.Null}, stops: everything},
	{path: "workspaceMount", wants: text, fine: []jsonc.Kind{jsonc.Null}, stops: everything},
}

// ofHooks is what lifecycle commands may be: a text, a list of words, or an object of these.
var ofHooks = []shape{
	{wants: []jsonc.Kind{jsonc.String, jsonc.Array, jsonc.Object}, fine: []jsonc.Kind{jsonc.Null}},
	{path: ".*", wants: []jsonc.Kind{jsonc.String, jsonc.Array}, stops: everything},
}

// Shapes lists what in a devcontainer.json is of another kind than it has to be, and is no matter of taste. The kind of a problem
// is type-stops where the reference CLI makes no container of it, type-lost where it goes on with something else.
func Shapes(root jsonc.Node) []jsonc.Problem {
	var problems []jsonc.Problem
	walk := func(s shape) {
		visit(root, s.path, func(name string, node jsonc.Node) {
			if p, wrong := s.judge(name, node); wrong {
				problems = append(problems, p)
			}
		})
	}
	for _, s := range shapes {
		if s.path == "containerEnv.*" && root.Get("features").Is(jsonc.Object) && len(root.Get("features").Members) > 0 {
			// With features it goes through a function of texts (containerFeatures.ts, generateContainerEnvs).
			s.fine, s.stops = nil, everything
		}
		walk(s)
	}
	for _, event := range hookNames {
		for _, s := range ofHooks {
			s.path = event + s.path
			walk(s)
		}
	}
	initialize := ofHooks[0]
	initialize.path = "initializeCommand"
	walk(initialize)
	return problems
}

func (s shape) judge(name string, node jsonc.Node) (jsonc.Problem, bool) {
	switch {
	case node.Kind == "", slices.Contains(s.wants, node.Kind), slices.Contains(s.fine, node.Kind):
		return jsonc.Problem{}, false
	case node.Is(jsonc.Array) && len(node.Elements) == 0 && len(s.stops) < len(everything):
		return jsonc.Problem{}, false // of nothing nothing is lost
	}
	problem := jsonc.Problem{Kind: "type-lost", Place: node.Place}
	end := s.lost
	if slices.Contains(s.stops, node.Kind) {
		problem.Kind, end = "type-stops", "the reference CLI fails over it"
	} else if end == "" {
		end = "nobody reads it"
	}
	problem.Message = fmt.Sprintf("%s is %s, where %s is wanted: %s", name, called[node.Kind], wanted(s.wants), end)
	return problem, true
}

var called = map[jsonc.Kind]string{
	jsonc.String: "a text", jsonc.Number: "a number", jsonc.Bool: "true or false", jsonc.Null: "null", jsonc.Array: "a list", jsonc.Object: "an object",
}

func wanted(kinds []jsonc.Kind) string {
	var words []string
	for _, kind := range kinds {
		words = append(words, called[kind])
	}
	return strings.Join(words, " or ")
}

// visit calls for every value that a path means, with its name for messages.
func visit(root jsonc.Node, path string, found func(name string, node jsonc.Node)) {
	name, rest, deeper := strings.Cut(path, ".")
	name, elements := strings.CutSuffix(name, "[]")
	reach := func(called string, node jsonc.Node) {
		switch {
		case elements:
			for _, element := range node.Elements {
				found("an element of "+called, element)
			}
		case deeper && node.Is(jsonc.Object):
			visit(node, rest, func(inner string, node jsonc.Node) { found(called+"."+inner, node) })
		case !deeper:
			found(called, node)
		}
	}
	if name != "*" {
		reach(name, root.Get(name))
		return
	}
	for _, member := range root.Fields() {
		reach(member.Name, member.Value)
	}
}
