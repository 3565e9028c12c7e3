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
	digest    string   // stands for the digest of its manifest; empty where that cannot be told
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
		wanted := o.soft(reference, "overrideFeatureInstallOrder", source.Place{File: config})
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
		o.read(n) // before it is compared: two tags may lead to one manifest
		if slices.ContainsFunc(graph, func(other *node) bool { return same(other, n) }) {
			continue
		}
		if n.Kind == "release" { // the reference CLI reads it only when the order is made
			graph = append(graph, n)
			continue
		}
		for _, m := range n.Manifest.Get("dependsOn").Fields() {
			feature := newFeature(m)
			feature.Place = n.Place // of whoever brought it; the manifest is no file of the workspace
			dependency := &node{Feature: feature}
			o.locate(dependency)
			n.dependsOn = append(n.dependsOn, dependency)
			worklist = append(worklist, dependency)
		}
		for _, element := range n.Manifest.Get("installsAfter").Elements {
			soft := o.soft(element.Text, "installsAfter of "+n.Reference, n.Place)
			soft.alias() // overrideFeatureInstallOrder knows no former ids
			n.after = append(n.after, soft)
		}
		graph = append(graph, n)
	}
	return graph
}

// manifest asks for each manifest once. Locks go by the very reference.
func (o *orderer) manifest(n *node) Manifest {
	key := strings.Join([]string{n.Kind, n.ID, n.Version, n.Folder, n.Reference}, " ")
	manifest, ok := o.manifests[key]
	if !ok {
		manifest = o.manifestOf(n.Feature)
		o.manifests[key] = manifest
	}
	return manifest
}

// locate finds the folder of a local feature, which must lie below .devcontainer.
func (o *orderer) locate(n *node) {
	if n.Kind != "local" {
		return
	}
	n.Folder = path.Join(path.Dir(o.config), n.ID)
	if n.Unknown == "" && !o.inside(n.Folder) {
		n.Unknown = "a local feature must lie below .devcontainer"
		o.problem("feature", n.Reference+": a local feature must lie below .devcontainer", n.Place)
	}
}

// inside tells whether a folder lies below .devcontainer. The reference CLI looks for two dots anywhere in the way there.
func (o *orderer) inside(folder string) bool {
	below, ok := strings.CutPrefix(folder+"/", o.below+"/")
	return ok && !strings.Contains(below, "..")
}

func (o *orderer) read(n *node) {
	if n.Kind == "unsupported" {
		o.problem("feature", n.Reference+": "+n.Unknown, n.Place)
		return
	}
	if n.Unknown != "" {
		return
	}
	manifest := o.manifest(n)
	n.fill(manifest)
	floats := !strings.Contains(n.Version, ".")
	switch {
	case kindOf(n) != "oci" || manifest.Root.Kind == "":
	case manifest.Assumed != "" && n.Locked.Digest != "":
		n.digest = n.Locked.Digest
	case manifest.Assumed == "" || floats:
		// Not of the id itself, since a feature that was renamed is published under all its ids as it is.
		n.digest = namespace(n.ID) + manifest.Root.JSON()
	}
	switch {
	case n.Kind == "local" && n.Unknown != "":
		o.problem("missing-file", n.Unknown, n.Place)
	case manifest.Missing && n.Kind != "release": // of a release an older form may be there
		o.problem("feature", n.Unknown, n.Place)
	}
	n.alias()
}

// alias finds the id of the feature and those that it had before.
func (n *node) alias() {
	id := n.Manifest.Get("id").Text
	if current := n.Manifest.Get("currentId"); current.Is(jsonc.String) {
		id = current.Text
	}
	n.aliases = []string{id}
	for _, legacy := range n.Manifest.Get("legacyIds").Elements {
		n.aliases = append(n.aliases, legacy.Text)
	}
}

// soft is a feature that only an order speaks of. A reference that is none, or leads to none, stops the reference CLI even here.
func (o *orderer) soft(reference, in string, place source.Place) *node {
	n := &node{Feature: newFeature(jsonc.Property{Name: reference})}
	if n.Kind == "local" {
		n.Folder = path.Join(path.Dir(o.config), n.ID)
		if !o.inside(n.Folder) {
			n.Unknown = "a local feature must lie below .devcontainer"
		}
	}
	missing := false
	if kindOf(n) == "oci" {
		manifest := o.manifest(n)
		missing = manifest.Missing
		n.fill(manifest)
	}
	if (n.Kind == "unsupported" || n.Kind == "local" || missing) && n.Unknown != "" {
		o.problem("feature", reference+" in "+in+": "+n.Unknown, place)
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
	return n.ID == soft.ID || slices.ContainsFunc(soft.aliases, func(alias string) bool { return namespace(soft.ID)+"/"+alias == n.ID })
}

func same(a, b *node) bool {
	// Every feature is held against every other: folders that differ say it at once.
	return kindOf(a) == kindOf(b) && a.Folder == b.Folder && compare(a, b) == 0
}

// compare is the order within a round (compareTo).
func compare(a, b *node) int {
	if kindOf(a) != kindOf(b) {
		return collate(a.Reference, b.Reference)
	}
	switch kindOf(a) {
	case "local":
		if c := collate(a.Folder, b.Folder); c != 0 {
			return c
		}
		return compareOptions(a, b)
	case "oci":
		if a.digest != "" && a.digest == b.digest && compareOptions(a, b) == 0 {
			return 0
		}
		if c := collate(namespace(a.ID), namespace(b.ID)); c != 0 {
			return c
		}
		if path.Base(a.ID) != path.Base(b.ID) && !shareAlias(a, b) {
			return collate(path.Base(a.ID), path.Base(b.ID))
		}
		if x, y := tag(a), tag(b); x != "" && y != "" && x != y {
			return collate(x, y)
		}
		// By digest at last, which nobody here knows; what differs in name or version has another.
		return cmp.Or(compareOptions(a, b), collate(a.Version, b.Version), collate(a.ID, b.ID))
	}
	if c := collate(a.ID, b.ID); c != 0 {
		return c
	}
	return compareOptions(a, b)
}

// namespace is the registry and the path in front of an id, with the one that moved where it is now (containerCollectionsOCI.ts,
// getRef).
func namespace(id string) string {
	parts := strings.Split(path.Dir(id), "/")
	if len(parts) > 1 && parts[1] == "devcontainers-contrib" {
		parts[1] = "devcontainers-extra"
	}
	return strings.Join(parts, "/")
}

// tag is empty for a digest, and where a colon stands with nothing behind it.
func tag(n *node) string {
	if strings.HasPrefix(n.Version, "sha256:") || strings.HasSuffix(n.Reference, ":") {
		return ""
	}
	return n.Version
}

func shareAlias(a, b *node) bool {
	return slices.ContainsFunc(a.aliases, func(alias string) bool { return alias != "" && slices.Contains(b.aliases, alias) })
}

// compareOptions is optionsCompareTo: what is no pair of one type goes by the names of the types.
func compareOptions(a, b *node) int {
	split := func(n *node) (kind, text string) {
		if n.Short == "" {
			return "object", ""
		}
		kind, text, _ = strings.Cut(n.Short, ":")
		return kind, text
	}
	kind, text := split(a)
	otherKind, other := split(b)
	if kind != otherKind || kind != "object" {
		return cmp.Or(strings.Compare(kind, otherKind), collate(text, other))
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
	if a == b {
		return 0
	}
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
