package devcontainer

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Merge lays the entries over one another: the label's, one of each feature in the order of installation, devcontainer.json's.
func Merge(entries []Entry) Merged {
	merged := Merged{UpdateUID: true}
	for _, entry := range entries {
		merged.ContainerEnv = append(merged.ContainerEnv, variables(entry, "containerEnv")...)
		merged.RemoteEnv = append(merged.RemoteEnv, variables(entry, "remoteEnv")...)
		for name, user := range map[string]*Account{"containerUser": &merged.ContainerAccount, "remoteUser": &merged.RemoteAccount} {
			if node := entry.Root.Get(name); node.Truthy() {
				*user = Account{Name: node.String(), From: entry.From, Place: node.Place}
			}
		}
		if node := entry.Root.Get("userEnvProbe"); node.Truthy() {
			merged.UserEnvProbe = node.String()
		}
		merged.CapAdd = union(merged.CapAdd, entry.Root.Get("capAdd"))
		merged.SecurityOpt = union(merged.SecurityOpt, entry.Root.Get("securityOpt"))
		merged.Privileged = merged.Privileged || entry.Root.Get("privileged").Truthy()
		merged.Init = merged.Init || entry.Root.Get("init").Truthy()
		if node := entry.Root.Get("updateRemoteUserUID"); node.Is(jsonc.Bool) {
			merged.UpdateUID = node.Truthy()
		}
	}
	merged.Mounts = mounts(entries)
	for _, event := range hookNames {
		for _, entry := range entries {
			merged.Hooks = append(merged.Hooks, hooks(entry, event)...)
		}
	}
	merged.ContainerUser, merged.RemoteUser = merged.ContainerAccount.Name, merged.RemoteAccount.Name
	return merged
}

func variables(entry Entry, name string) []Variable {
	var list []Variable
	for _, m := range properties(entry.Root.Get(name)) {
		list = append(list, Variable{
			Name: m.Name, Raw: m.Value.String(), Value: m.Value.String(), From: entry.From, Null: m.Value.Is(jsonc.Null), Kind: m.Value.Kind, Place: span(m),
		})
	}
	return list
}

func union(list []string, node jsonc.Node) []string {
	for _, element := range elements(node) {
		if text := element.String(); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// mounts are those of all entries, of each target the last.
func mounts(entries []Entry) []Mount {
	var list []Mount
	seen := map[string]bool{}
	for _, entry := range slices.Backward(entries) {
		for _, element := range slices.Backward(elements(entry.Root.Get("mounts"))) {
			target := mountTarget(element)
			if seen[target] {
				continue
			}
			seen[target] = true
			mount := Mount{From: entry.From, Place: element.Place}
			if element.Is(jsonc.String) {
				mount.Type, mount.Source, mount.Target = ParseMount(element.Text)
			} else {
				mount.Type, mount.Source, mount.Target = element.Get("type").Text, element.Get("source").Text, element.Get("target").Text
			}
			list = append(list, mount)
		}
	}
	slices.Reverse(list)
	return list
}

// ParseMount reads a mount that is written as one text, source=…,target=…,type=… (src/spec-configuration/containerFeaturesConfiguration.ts, ParseMount).
func ParseMount(text string) (kind, from, target string) {
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "type":
			kind = value
		case "source", "src":
			from = value
		case "target", "destination", "dst":
			target = value
		}
	}
	return kind, from, target
}

// hooks are the commands of one event of one entry, of which the object form has several.
func hooks(entry Entry, event string) []Hook {
	node := entry.Root.Get(event)
	one := func(name string, value jsonc.Node) []Hook {
		hook := Hook{Event: event, Name: name, From: entry.From, Place: value.Place}
		switch value.Kind {
		case jsonc.String:
			hook.Shell = value.Text
		case jsonc.Array:
			for _, word := range value.Elements {
				hook.Args = append(hook.Args, word.String())
			}
		default:
			return nil
		}
		if hook.Shell == "" && len(hook.Args) == 0 {
			return nil
		}
		return []Hook{hook}
	}
	if !node.Is(jsonc.Object) {
		return one("", node)
	}
	var list []Hook
	for _, m := range node.Fields() {
		list = append(list, one(m.Name, m.Value)...)
	}
	return list
}

// Account is a user, and who says so.
type Account struct {
	Name  string       `json:"name,omitempty"`
	From  string       `json:"from,omitempty"`
	Place source.Place `json:"place,omitzero"`
}

// Users tells who PID 1 runs as, and who lifecycle commands and the editor's server: the merged containerUser, or the user of
// the compose service, the Dockerfile or the image; and the merged remoteUser, or that one.
func (m Merged) Users(ofCompose, ofDockerfile, ofImage string) (container, remote Account) {
	container = m.ContainerAccount
	for _, user := range []Account{{Name: ofCompose, From: "compose"}, {Name: ofDockerfile, From: "Dockerfile"}, {Name: ofImage, From: "image"}} {
		if container.Name == "" && user.Name != "" {
			container = user
		}
	}
	remote = m.RemoteAccount
	if remote.Name == "" {
		remote = container
	}
	return container, remote
}

// replaced are the patterns that String.prototype.replace of JavaScript sees in its second argument.
var replaced = regexp.MustCompile("\\$[$&`']")

// Corrupted tells whether the reference CLI mangles a text of a feature, of containerEnv or of a hook where features are used:
// it puts it into a Dockerfile by String.prototype.replace, which takes $&, $` and $' for what was found.
func Corrupted(text string) bool {
	return strings.Contains(text, "$&") || strings.Contains(text, "$`") || strings.Contains(text, "$'")
}

// Rewritten is a text after String.prototype.replace, as far as it does not depend on the text around: $$ becomes $. The
// others are left: they bring in parts of a Dockerfile that nobody wants.
func Rewritten(text string, dollars bool) string {
	if !dollars || !strings.Contains(text, "$$") {
		return text
	}
	return replaced.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$" {
			return "$"
		}
		return found
	})
}
