package devcontainer

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
)

// MergedConfiguration is what `devcontainer read-configuration --include-merged-configuration` prints under that name, for the
// configuration and the entries of all sources (src/spec-node/imageMetadata.ts, mergeConfiguration). It is how this package is
// held against the reference CLI.
func MergedConfiguration(root jsonc.Node, entries []Entry) jsonc.Node {
	root = migrate(root)
	var nodes []jsonc.Node
	for _, entry := range entries {
		if len(entry.Root.Members) > 0 { // empty ones are dropped
			nodes = append(nodes, entry.Root)
		}
	}
	merged := jsonc.Node{Kind: jsonc.Object}
	set := func(name string, value jsonc.Node) {
		if value.Kind == "" {
			merged.Members = without(merged.Members, name)
			return
		}
		merged = with(merged, name, value)
	}
	for _, m := range root.Fields() {
		set(m.Name, m.Value)
	}
	for _, name := range append([]string{"customizations", "entrypoint", "shutdownAction"}, hookNames...) {
		set(name, jsonc.Node{})
	}
	// In the order of mergeConfiguration, so that the texts are equal too.
	set("init", boolean(anyTruthy(nodes, "init")))
	set("privileged", boolean(anyTruthy(nodes, "privileged")))
	set("capAdd", unionOf(nodes, "capAdd"))
	set("securityOpt", unionOf(nodes, "securityOpt"))
	set("entrypoints", collect(nodes, "entrypoint", false))
	set("mounts", mergedMounts(nodes))
	set("customizations", mergedCustomizations(nodes))
	for _, hook := range hookNames {
		set(hook+"s", collect(nodes, hook, true))
	}
	for _, name := range []string{"waitFor", "remoteUser", "containerUser", "userEnvProbe"} {
		set(name, last(nodes, name, jsonc.Node.Truthy))
	}
	isBool := func(n jsonc.Node) bool { return n.Is(jsonc.Bool) }
	set("remoteEnv", assigned(nodes, "remoteEnv"))
	set("containerEnv", assigned(nodes, "containerEnv"))
	set("overrideCommand", last(nodes, "overrideCommand", isBool))
	set("portsAttributes", assigned(nodes, "portsAttributes"))
	set("otherPortsAttributes", last(nodes, "otherPortsAttributes", jsonc.Node.Truthy))
	set("forwardPorts", mergedPorts(nodes))
	set("shutdownAction", last(nodes, "shutdownAction", jsonc.Node.Truthy))
	set("updateRemoteUserUID", last(nodes, "updateRemoteUserUID", isBool))
	set("hostRequirements", mergedRequirements(nodes))
	return merged
}

// properties is what JavaScript enumerates of a value: the members of an object, and by index the elements of a list and the
// characters of a text, so that "containerEnv": ["A=1"] is a variable of the name 0.
func properties(node jsonc.Node) []jsonc.Property {
	elements := node.Elements
	if node.Is(jsonc.String) {
		for _, character := range node.Text {
			elements = append(elements, jsonc.Node{Kind: jsonc.String, Text: string(character), Place: node.Place})
		}
	}
	if len(elements) == 0 {
		return node.Fields()
	}
	var list []jsonc.Property
	for i, element := range elements {
		list = append(list, jsonc.Property{Name: strconv.Itoa(i), Place: element.Place, Value: element})
	}
	return list
}

// assigned lays the objects of all entries over one another, as Object.assign does.
func assigned(nodes []jsonc.Node, name string) jsonc.Node {
	object := jsonc.Node{Kind: jsonc.Object}
	for _, node := range nodes {
		for _, m := range properties(node.Get(name)) {
			object = with(object, m.Name, m.Value)
		}
	}
	return object
}

func without(members []jsonc.Property, name string) []jsonc.Property {
	var kept []jsonc.Property
	for _, m := range members {
		if m.Name != name {
			kept = append(kept, m)
		}
	}
	return kept
}

func boolean(value bool) jsonc.Node {
	return jsonc.Node{Kind: jsonc.Bool, Text: strconv.FormatBool(value)}
}

func anyTruthy(nodes []jsonc.Node, name string) bool {
	for _, node := range nodes {
		if node.Get(name).Truthy() {
			return true
		}
	}
	return false
}

func last(nodes []jsonc.Node, name string, counts func(jsonc.Node) bool) jsonc.Node {
	var found jsonc.Node
	for _, node := range nodes {
		if value := node.Get(name); counts(value) {
			found = value
		}
	}
	return found
}

// collect lists the values of all entries that are true for JavaScript; where nothing is one, an empty list or none.
func collect(nodes []jsonc.Node, name string, always bool) jsonc.Node {
	list := jsonc.Node{Kind: jsonc.Array}
	for _, node := range nodes {
		if value := node.Get(name); value.Truthy() {
			list.Elements = append(list.Elements, value)
		}
	}
	if len(list.Elements) == 0 && !always {
		return jsonc.Node{}
	}
	return list
}

// elements is a list's elements, or the value itself where somebody wrote one alone: Array.prototype.concat and flat take both.
// What is false for JavaScript is nothing.
func elements(node jsonc.Node) []jsonc.Node {
	switch {
	case node.Is(jsonc.Array):
		return node.Elements
	case node.Truthy():
		return []jsonc.Node{node}
	}
	return nil
}

func unionOf(nodes []jsonc.Node, name string) jsonc.Node {
	var parts []jsonc.Node
	for _, node := range nodes {
		parts = append(parts, elements(node.Get(name))...)
	}
	return distinct(parts)
}

// distinct keeps the first of equal values; no list where there are none. Objects are never equal to one another.
func distinct(values []jsonc.Node) jsonc.Node {
	list := jsonc.Node{Kind: jsonc.Array}
	seen := map[string]bool{}
	for _, value := range values {
		key := value.JSON()
		if seen[key] && !value.Is(jsonc.Object) && !value.Is(jsonc.Array) {
			continue
		}
		seen[key] = true
		list.Elements = append(list.Elements, value)
	}
	if len(list.Elements) == 0 {
		return jsonc.Node{}
	}
	return list
}

// mergedMounts keeps the last mount of each target.
func mergedMounts(nodes []jsonc.Node) jsonc.Node {
	var all []jsonc.Node
	for _, node := range nodes {
		all = append(all, elements(node.Get("mounts"))...)
	}
	list := jsonc.Node{Kind: jsonc.Array}
	seen := map[string]bool{}
	for _, mount := range slices.Backward(all) {
		if target := mountTarget(mount); !seen[target] {
			seen[target] = true
			list.Elements = append(list.Elements, mount)
		}
	}
	slices.Reverse(list.Elements)
	if len(list.Elements) == 0 {
		return jsonc.Node{}
	}
	return list
}

// mountTarget is what mounts are told apart by, as JSON; empty for those without a target, of which one alone stays.
func mountTarget(mount jsonc.Node) string {
	if !mount.Is(jsonc.String) {
		return mount.Get("target").JSON()
	}
	var target jsonc.Node
	for _, part := range strings.Split(mount.Text, ",") {
		words := strings.Split(part, "=") // a second = ends the value
		if slices.Contains([]string{"target", "destination", "dst"}, words[0]) {
			target = jsonc.Node{}
			if len(words) > 1 {
				target = jsonc.Node{Kind: jsonc.String, Text: words[1]}
			}
		}
	}
	return target.JSON()
}

// mergedCustomizations lists, by tool, what each entry has for it.
func mergedCustomizations(nodes []jsonc.Node) jsonc.Node {
	object := jsonc.Node{Kind: jsonc.Object}
	for _, node := range nodes {
		for _, m := range properties(node.Get("customizations")) {
			list := object.Get(m.Name)
			list.Kind = jsonc.Array
			list.Elements = append(list.Elements[:len(list.Elements):len(list.Elements)], m.Value)
			object = with(object, m.Name, list)
		}
	}
	if len(object.Members) == 0 {
		return jsonc.Node{}
	}
	return object
}

var localPort = regexp.MustCompile(`localhost:\d+`)

func mergedPorts(nodes []jsonc.Node) jsonc.Node {
	var all []jsonc.Node
	for _, node := range nodes {
		for _, port := range elements(node.Get("forwardPorts")) {
			if port.Is(jsonc.Number) {
				port = jsonc.Node{Kind: jsonc.String, Text: "localhost:" + port.Text}
			}
			all = append(all, port)
		}
	}
	list := distinct(all)
	for i, port := range list.Elements {
		if port.Is(jsonc.String) && localPort.MatchString(port.Text) {
			list.Elements[i] = parseInt(port.Text[len("localhost:"):])
		}
	}
	return list
}

// parseInt is that of JavaScript: the digits in front, and NaN, which JSON writes as null, where there are none.
func parseInt(text string) jsonc.Node {
	digits := leadingDigits.FindString(text)
	if digits == "" {
		return jsonc.Node{Kind: jsonc.Null, Text: "null"}
	}
	n, _ := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	return jsonc.Node{Kind: jsonc.Number, Text: strconv.FormatFloat(n, 'f', -1, 64)}
}

var leadingDigits = regexp.MustCompile(`^\s*[+-]?\d+`)

var amount = regexp.MustCompile(`^(\d+)([tgmk]b)?$`)

func parseBytes(text string) float64 {
	match := amount.FindStringSubmatch(text)
	if match == nil {
		return 0
	}
	n, _ := strconv.ParseFloat(match[1], 64)
	if match[2] != "" {
		n *= map[byte]float64{'t': 1 << 40, 'g': 1 << 30, 'm': 1 << 20, 'k': 1 << 10}[match[2][0]]
	}
	return n
}

// mergedRequirements takes the greatest of each. Of no entries at all Math.max is -Infinity, which JSON writes as null.
func mergedRequirements(nodes []jsonc.Node) jsonc.Node {
	cpus, memory, storage := math.Inf(-1), math.Inf(-1), math.Inf(-1)
	gpu := jsonc.Node{}
	for _, node := range nodes {
		wants := node.Get("hostRequirements")
		n, _ := strconv.ParseFloat(wants.Get("cpus").Text, 64)
		cpus = math.Max(cpus, n)
		memory = math.Max(memory, parseBytes(wants.Get("memory").Text))
		storage = math.Max(storage, parseBytes(wants.Get("storage").Text))
		gpu = mergedGPU(gpu, wants.Get("gpu"))
	}
	object := jsonc.Node{Kind: jsonc.Object}
	if cpus == 0 && memory == 0 && storage == 0 && !gpu.Truthy() {
		return jsonc.Node{}
	}
	if math.IsInf(cpus, -1) {
		object = with(object, "cpus", jsonc.Node{Kind: jsonc.Null, Text: "null"})
	} else {
		object = with(object, "cpus", jsonc.Node{Kind: jsonc.Number, Text: strconv.FormatFloat(cpus, 'f', -1, 64)})
	}
	for i, value := range []float64{memory, storage} {
		if value == 0 {
			continue
		}
		name := []string{"memory", "storage"}[i]
		text := strconv.FormatFloat(value, 'f', -1, 64)
		if math.IsInf(value, -1) {
			text = "-Infinity"
		}
		object = with(object, name, jsonc.Node{Kind: jsonc.String, Text: text})
	}
	if gpu.Kind != "" {
		object = with(object, "gpu", gpu)
	}
	return object
}

func mergedGPU(a, b jsonc.Node) jsonc.Node {
	no := func(n jsonc.Node) bool { return n.Kind == "" || n.Is(jsonc.Bool) && n.Text == "false" }
	switch {
	case no(a):
		return b
	case no(b):
		return a
	case a.Text == "optional" && b.Text == "optional":
		return a
	}
	object := jsonc.Node{Kind: jsonc.Object}
	x, _ := strconv.ParseFloat(a.Get("cores").Text, 64)
	y, _ := strconv.ParseFloat(b.Get("cores").Text, 64)
	if cores := math.Max(x, y); cores > 0 {
		object = with(object, "cores", jsonc.Node{Kind: jsonc.Number, Text: strconv.FormatFloat(cores, 'f', -1, 64)})
	}
	if memory := math.Max(parseBytes(a.Get("memory").Text), parseBytes(b.Get("memory").Text)); memory > 0 {
		object = with(object, "memory", jsonc.Node{Kind: jsonc.String, Text: strconv.FormatFloat(memory, 'f', -1, 64)})
	}
	return object
}
