package devcontainer

import (
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// RunArgs is what the runArgs of devcontainer.json tell docker run that decides about environments and privileges.
type RunArgs struct {
	Env         []Variable `json:"env,omitempty"`      // every say of -e, in order
	EnvFiles    []string   `json:"envFiles,omitempty"` // as written; they lose to any -e
	User        string     `json:"user,omitempty"`
	CapAdd      []string   `json:"capAdd,omitempty"`
	SecurityOpt []string   `json:"securityOpt,omitempty"`
	Privileged  bool       `json:"privileged,omitempty"`
}

// withValue are the flags of docker run that matter here and take a value; a flag that is not known takes none.
var withValue = map[string]string{
	"-e": "env", "--env": "env", "--env-file": "env-file", "-u": "user", "--user": "user", "--cap-add": "cap-add", "--security-opt": "security-opt",
}

// ReadRunArgs reads the runArgs. A variable that is named alone gets the host's value, or is taken away where the host has
// none.
func ReadRunArgs(root jsonc.Node, env map[string]string) RunArgs {
	var args RunArgs
	elements := root.Get("runArgs").Elements
	for i := 0; i < len(elements); i++ {
		word, place := elements[i].String(), elements[i].Place
		name, value, inline := strings.Cut(word, "=")
		flag, known := withValue[name]
		if !known && len(word) > 2 && word[0] == '-' && word[1] != '-' { // -eNAME=value
			if flag, known = withValue[word[:2]]; known {
				value, inline = strings.TrimPrefix(word[2:], "="), true
			}
		}
		switch {
		case word == "--privileged" || word == "--privileged=true":
			args.Privileged = true
			continue
		case !known:
			continue
		case !inline:
			if i++; i >= len(elements) {
				return args
			}
			value, place = elements[i].String(), elements[i].Place
		}
		switch flag {
		case "env":
			args.Env = append(args.Env, given(value, env, place))
		case "env-file":
			args.EnvFiles = append(args.EnvFiles, value)
		case "user":
			args.User = value
		case "cap-add":
			args.CapAdd = append(args.CapAdd, value)
		case "security-opt":
			args.SecurityOpt = append(args.SecurityOpt, value)
		}
	}
	return args
}

// given is NAME=value, or NAME alone.
func given(text string, env map[string]string, place source.Place) Variable {
	name, value, ok := strings.Cut(text, "=")
	v := Variable{Name: name, Raw: text, Value: value, From: "runArgs", Place: place}
	if !ok {
		value, set := env[name]
		v.Value, v.Unset = value, !set
	}
	return v
}

// ParseEnvFile reads the file of --env-file by the engine's rules: NAME=value to the end of the line, NAME alone for the
// host's value, lines that begin with # left out.
func ParseEnvFile(file source.File, env map[string]string) ([]Variable, []jsonc.Problem) {
	var list []Variable
	var problems []jsonc.Problem
	index := source.NewIndex(file)
	start := 0
	for line := range strings.Lines(strings.TrimPrefix(file.Text, "\ufeff")) {
		text := strings.TrimLeft(strings.TrimRight(line, "\r\n"), " \t")
		place := index.Place(start, start+len(strings.TrimRight(line, "\r\n")))
		start += len(line)
		if text == "" || text[0] == '#' {
			continue
		}
		name, _, _ := strings.Cut(text, "=")
		if name == "" || strings.ContainsAny(name, " \t") {
			problems = append(problems, jsonc.Problem{Kind: "syntax", Message: "the line names no variable: docker refuses the file", Place: place})
			continue
		}
		v := given(text, env, place)
		if v.Unset { // of a file, a name that the host lacks is left out, not taken away
			continue
		}
		list = append(list, v)
	}
	return slices.Clip(list), problems
}
