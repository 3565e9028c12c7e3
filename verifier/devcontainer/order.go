package devcontainer

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// mostFeatures ends dependencies that go round in circles with ever new options.
const mostFeatures = 1000

// node is a feature in the graph of dependencies (src/spec-configuration/containerFeaturesOrder.ts).
type node struct {
	Feature
	aliases   []string // its id and those that it had before
	dependsOn []*node
	after     []*node
	priority  int
}

// Order puts features into the order of their installation: rounds of those whose dependencies are installed, of each round
// the ones with the highest priority, sorted. The config is the path of devcontainer.json, from where local features are meant;
// they must lie in .devcontainer of the workspace, which is the folder that a tool opens.
func Order(features []Feature, config, workspace string, override []string, manifestOf func(Feature) Manifest) ([]Feature, []jsonc.Problem) {
	o := orderer{config: config, below: path.Join(workspace, ".devcontainer"), manifestOf: manifestOf, manifests: map[string]Manifest{}}
	var worklist []*node
	for _, f := range features {
		worklist = append(worklist, &node{Feature: f})
	}
	graph := o.graph(worklist)
	for i, reference := range override {
		wanted := o.soft(reference)
		for _, n := range graph {
			if satisfies(n, wanted) {
				n.priority = max(n.priority, len(override)-i)
			}
		}
	}
	for _, n := range graph {
		n.after = slices.DeleteFunc(n.after, func(soft *node) bool {
			return !slices.ContainsFunc(graph, func(other *node) bool { return satisfies(other, soft) })
		})
	}
	var installed []*node
	for len(graph) > 0 {
		var round []*node
		highest := 0
		for _, n := range graph {
			ready := !slices.ContainsFunc(n.dependsOn, func(d *node) bool {
				return !slices.ContainsFunc(installed, func(i *node) bool { return same(i, d) })
			}) && !slices.ContainsFunc(n.after, func(d *node) bool {
				return !slices.ContainsFunc(installed, func(i *node) bool { return satisfies(i, d) })
			})
			if ready {
				round = append(round, n)
				highest = max(highest, n.priority)
			}
		}
		if len(round) == 0 {
			o.problem("feature-cycle", "the features depend on one another in a circle: "+names(graph), graph[0].Place)
			installed = append(installed, graph...)
			break
		}
		round = slices.DeleteFunc(round, func(n *node) bool { return n.priority != highest })
		graph = slices.DeleteFunc(graph, func(n *node) bool {
			return slices.ContainsFunc(round, func(r *node) bool { return same(r, n) })
		})
		slices.SortStableFunc(round, compare)
		installed = append(installed, round...)
	}
	var ordered []Feature
	for _, n := range installed {
		ordered = append(ordered, n.Feature)
	}
	return ordered, o.problems
}

func names(nodes []*node) string {
	var list []string
	for _, n := range nodes {
		list = append(list, n.Reference)
	}
	return strings.Join(list, ", ")
}

type orderer struct {
	config     string
	below      string
	manifestOf func(Feature) Manifest
	manifests  map[string]Manifest
	problems   []jsonc.Problem
}

func (o *orderer) problem(kind, message string, place source.Place) {
	o.problems = append(o.problems, jsonc.Problem{Kind: kind, Message: message, Place: place})
}

// graph resolves dependencies until nothing new comes.
func (o *orderer) graph(worklist []*node) []*node {
	var graph []*node
	for len(worklist) > 0 && len(graph) < mostFeatures {
		n := worklist[0]
		worklist = worklist[1:]
		o.locate(n)
		if slices.ContainsFunc(graph, func(other *node) bool { return same(other, n) }) {
			continue
		}
		o.read(n)
		for _, m := range n.Manifest.Get("dependsOn").Fields() {
			feature := newFeature(m)
			feature.Place = n.Place // of whoever brought it; the manifest is no file of the workspace
			dependency := &node{Feature: feature}
			o.locate(dependency)
			n.dependsOn = append(n.dependsOn, dependency)
			worklist = append(worklist, dependency)
		}
		for _, element := range n.Manifest.Get("installsAfter").Elements {
			n.after = append(n.after, o.soft(element.Text))
		}
		graph = append(graph, n)
	}
	return graph
}

// locate finds the folder of a local feature, which must lie below .devcontainer.
func (o *orderer) locate(n *node) {
	if n.Kind != "local" {
		return
	}
	n.Folder = path.Join(path.Dir(o.config), n.ID)
	if n.Folder != o.below && !strings.HasPrefix(n.Folder, o.below+"/") && n.Unknown == "" {
		n.Unknown = "a local feature must lie below .devcontainer"
		o.problem("feature", n.Reference+": a local feature must lie below .devcontainer", n.Place)
	}
}

func (o *orderer) read(n *node) {
	if n.Kind == "unsupported" {
		o.problem("feature", n.Reference+": "+n.Unknown, n.Place)
		return
	}
	if n.Unknown != "" {
		return
	}
	manifest := o.manifestOf(n.Feature)
	n.fill(manifest)
	if n.Kind == "local" && n.Unknown != "" {
		o.problem("missing-file", n.Unknown, n.Place)
	}
	id := n.Manifest.Get("id").Text
	if current := n.Manifest.Get("currentId"); current.Is(jsonc.String) {
		id = current.Text
	}
	n.aliases = []string{id}
	for _, legacy := range n.Manifest.Get("legacyIds").Elements {
		n.aliases = append(n.aliases, legacy.Text)
	}
}

// soft is a feature that only an order speaks of. Its former names would be in a manifest that nobody needs otherwise, so
// that only what is at hand without asking counts.
func (o *orderer) soft(reference string) *node {
	n := &node{Feature: newFeature(jsonc.Property{Name: reference})}
	if n.Kind == "local" {
		n.Folder = path.Join(path.Dir(o.config), n.ID)
	}
	return n
}

// kindOf tells the kinds apart that the reference CLI compares; a mapped name is an OCI reference.
func kindOf(n *node) string {
	if n.Kind == "legacy" {
		return "oci"
	}
	return n.Kind
}

// satisfies tells whether a feature is the one that an order speaks of, whatever its version and options.
func satisfies(n, soft *node) bool {
	if kindOf(n) != kindOf(soft) {
		return false
	}
	if n.Kind == "local" {
		return n.Folder == soft.Folder
	}
	return n.ID == soft.ID || slices.ContainsFunc(soft.aliases, func(alias string) bool { return path.Dir(soft.ID)+"/"+alias == n.ID })
}

func same(a, b *node) bool { return kindOf(a) == kindOf(b) && compare(a, b) == 0 }

// compare is the order within a round (compareTo).
func compare(a, b *node) int {
	if kindOf(a) != kindOf(b) {
		return collate(a.Reference, b.Reference)
	}
	switch kindOf(a) {
	case "local":
		return cmp.Or(collate(a.Folder, b.Folder), compareOptions(a, b))
	case "oci":
		if c := collate(path.Dir(a.ID), path.Dir(b.ID)); c != 0 {
			return c
		}
		if path.Base(a.ID) != path.Base(b.ID) && !shareAlias(a, b) {
			return collate(path.Base(a.ID), path.Base(b.ID))
		}
		return cmp.Or(collate(a.Version, b.Version), compareOptions(a, b))
	}
	return cmp.Or(collate(a.ID, b.ID), compareOptions(a, b))
}

func shareAlias(a, b *node) bool {
	return slices.ContainsFunc(a.aliases, func(alias string) bool { return alias != "" && slices.Contains(b.aliases, alias) })
}

func compareOptions(a, b *node) int {
	if a.Short != "" || b.Short != "" {
		return collate(a.Short, b.Short)
	}
	if c := len(a.Options) - len(b.Options); c != 0 {
		return c
	}
	left, right := slices.Sorted(maps.Keys(a.Options)), slices.Sorted(maps.Keys(b.Options))
	for i := range left {
		if c := cmp.Or(collate(left[i], right[i]), collate(a.Options[left[i]], b.Options[right[i]])); c != 0 {
			return c
		}
	}
	return 0
}

// collate is localeCompare for the characters of references: marks before digits before letters, letters without case first
// and then the small ones before the capital ones.
func collate(a, b string) int {
	weight := func(r rune) int {
		if at := strings.IndexRune(`_-,;:!?.'"()[]{}@*/\&#%+<=>|~$`, r); at >= 0 {
			return at
		}
		return 1000 + int(unicode.ToLower(r))
	}
	left, right := []rune(a), []rune(b)
	for i := range min(len(left), len(right)) {
		if c := weight(left[i]) - weight(right[i]); c != 0 {
			return c
		}
	}
	if c := len(left) - len(right); c != 0 {
		return c
	}
	return -strings.Compare(a, b)
}
