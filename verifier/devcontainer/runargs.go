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
	EnvFiles    []EnvFile  `json:"envFiles,omitempty"` // they lose to any -e
	User        string     `json:"user,omitempty"`
	CapAdd      []string   `json:"capAdd,omitempty"`
	SecurityOpt []string   `json:"securityOpt,omitempty"`
	Privileged  bool       `json:"privileged,omitempty"`
}

// EnvFile is one --env-file.
type EnvFile struct {
	Name  string       `json:"name"` // as written
	Place source.Place `json:"place,omitzero"`
}

// The flags of docker run (docker/cli, cli/command/container/run.go and opts.go). A long one that is not among switches takes
// a value, as a short one does that is among letters.
var (
	switches = []string{"detach", "disable-content-trust", "help", "init", "interactive", "no-healthcheck", "oom-kill-disable", "privileged",
		"publish-all", "quiet", "read-only", "rm", "sig-proxy", "tty", "use-api-socket"}
	letters = map[byte]string{'a': "attach", 'c': "cpu-shares", 'e': "env", 'h': "hostname", 'l': "label", 'm': "memory", 'p': "publish",
		'u': "user", 'v': "volume", 'w': "workdir"}
)

// ReadRunArgs reads the runArgs as docker run does. A variable that is named alone gets the host's value, or is taken away
// where the host has none.
func ReadRunArgs(root jsonc.Node, env map[string]string) RunArgs {
	var args RunArgs
	elements := root.Get("runArgs").Elements
	for i := 0; i < len(elements); i++ {
		word, place := elements[i].String(), elements[i].Place
		if word == "--" || !strings.HasPrefix(word, "-") {
			break // the image comes next, as docker sees it
		}
		flag, value, inline, wants := takeFlag(word)
		if wants && !inline {
			if i++; i >= len(elements) {
				break
			}
			value, place = elements[i].String(), elements[i].Place
		}
		switch flag {
		case "env":
			args.Env = append(args.Env, given(value, env, place))
		case "env-file":
			args.EnvFiles = append(args.EnvFiles, EnvFile{Name: value, Place: place})
		case "user":
			args.User = value
		case "cap-add":
			args.CapAdd = append(args.CapAdd, value)
		case "security-opt":
			args.SecurityOpt = append(args.SecurityOpt, value)
		case "privileged":
			args.Privileged = !inline || value == "true" || value == "1"
		}
	}
	return args
}

// takeFlag takes a flag apart: --env=A=1, --privileged, -eA=1, -ite A=1.
func takeFlag(word string) (flag, value string, inline, wants bool) {
	if long, ok := strings.CutPrefix(word, "--"); ok {
		flag, value, inline = strings.Cut(long, "=")
		return flag, value, inline, !slices.Contains(switches, flag)
	}
	for at := 1; at < len(word); at++ {
		name, takes := letters[word[at]]
		if !takes {
			continue // one of -i, -t, -d, -P and -q, of which several may stand together
		}
		rest := word[at+1:]
		return name, strings.TrimPrefix(rest, "="), rest != "", true
	}
	return "", "", false, false
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
	lines := strings.TrimPrefix(file.Text, "\ufeff")
	start := len(file.Text) - len(lines)
	for line := range strings.Lines(lines) {
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
