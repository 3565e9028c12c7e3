package devcontainer

import (
	"math"
	"regexp"
	"strconv"

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
	for _, name := range []string{"waitFor", "remoteUser", "containerUser", "userEnvProbe", "otherPortsAttributes", "shutdownAction"} {
		set(name, last(nodes, name, jsonc.Node.Truthy))
	}
	for _, name := range []string{"overrideCommand", "updateRemoteUserUID"} {
		set(name, last(nodes, name, func(n jsonc.Node) bool { return n.Is(jsonc.Bool) }))
	}
	for _, name := range []string{"remoteEnv", "containerEnv", "portsAttributes"} {
		object := jsonc.Node{Kind: jsonc.Object}
		for _, node := range nodes {
			for _, m := range node.Get(name).Fields() {
				object = with(object, m.Name, m.Value)
			}
		}
		set(name, object)
	}
	set("forwardPorts", mergedPorts(nodes))
	set("hostRequirements", mergedRequirements(nodes))
	return merged
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

func unionOf(nodes []jsonc.Node, name string) jsonc.Node {
	var parts []jsonc.Node
	for _, node := range nodes {
		if value := node.Get(name); value.Is(jsonc.Array) {
			parts = append(parts, value.Elements...)
		} else if value.Truthy() {
			parts = append(parts, value)
		}
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
		if value := node.Get("mounts"); value.Is(jsonc.Array) {
			all = append(all, value.Elements...)
		} else if value.Truthy() {
			all = append(all, value)
		}
	}
	list := jsonc.Node{Kind: jsonc.Array}
	seen := map[string]bool{}
	for i := len(all) - 1; i >= 0; i-- {
		target := all[i].Get("target").JSON()
		if all[i].Is(jsonc.String) {
			_, _, text := parseMount(all[i].Text)
			target = jsonc.Node{Kind: jsonc.String, Text: text}.JSON()
		}
		if !seen[target] {
			seen[target] = true
			list.Elements = append([]jsonc.Node{all[i]}, list.Elements...)
		}
	}
	if len(list.Elements) == 0 {
		return jsonc.Node{}
	}
	return list
}

// mergedCustomizations lists, by tool, what each entry has for it.
func mergedCustomizations(nodes []jsonc.Node) jsonc.Node {
	object := jsonc.Node{Kind: jsonc.Object}
	for _, node := range nodes {
		for _, m := range node.Get("customizations").Fields() {
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
		ports := node.Get("forwardPorts")
		if !ports.Truthy() {
			continue
		}
		if !ports.Is(jsonc.Array) {
			ports.Elements = []jsonc.Node{ports}
		}
		for _, port := range ports.Elements {
			if port.Is(jsonc.Number) {
				port = jsonc.Node{Kind: jsonc.String, Text: "localhost:" + port.Text}
			}
			all = append(all, port)
		}
	}
	list := distinct(all)
	for i, port := range list.Elements {
		if localPort.MatchString(port.Text) {
			digits := port.Text[min(len("localhost:"), len(port.Text)):]
			end := 0
			for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
				end++
			}
			list.Elements[i] = jsonc.Node{Kind: jsonc.Number, Text: digits[:end]}
		}
	}
	return list
}

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
	for name, value := range map[string]float64{"memory": memory, "storage": storage} {
		if value == 0 {
			continue
		}
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
