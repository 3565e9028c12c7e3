package devcontainer

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Reference is a feature's reference, taken apart.
type Reference struct {
	Kind    string // oci, local, tarball, legacy (a bare name that is mapped), release (of a GitHub repository), unsupported
	ID      string // without version: ghcr.io/devcontainers/features/go; of a local one the path
	Version string // tag or digest; latest where there is none
	Mapped  string // of a legacy one: what it is mapped to
	Problem string // why it is unsupported
}

// The bare names of before 2022 (src/spec-configuration/containerFeaturesConfiguration.ts, getBackwardCompatibleFeatureId).
var (
	migrated = []string{"aws-cli", "azure-cli", "desktop-lite", "docker-in-docker", "docker-from-docker", "dotnet", "git", "git-lfs",
		"github-cli", "java", "kubectl-helm-minikube", "node", "powershell", "python", "ruby", "rust", "sshd", "terraform"}
	renamed    = map[string]string{"golang": "go", "common": "common-utils"}
	intoOption = map[string][2]string{"gradle": {"java", "installGradle"}, "maven": {"java", "installMaven"}, "jupyterlab": {"python", "installJupyterlab"}}
)

const official = "ghcr.io/devcontainers/features/"

// ParseReference takes a reference apart.
func ParseReference(reference string) Reference {
	if slices.Contains(migrated, reference) {
		return Reference{Kind: "legacy", ID: official + reference, Version: "1", Mapped: official + reference + ":1"}
	}
	if name, ok := renamed[reference]; ok {
		return Reference{Kind: "legacy", ID: official + name, Version: "1", Mapped: official + name + ":1"}
	}
	switch {
	case !strings.ContainsAny(reference, `/\`):
		return Reference{Kind: "unsupported", ID: reference, Problem: "a bare name that no registry knows: write ./" + reference + " for a local feature"}
	case strings.HasPrefix(reference, "https://"):
		r := Reference{Kind: "tarball", ID: reference}
		if match := tarballName.FindStringSubmatch(path.Base(reference)); match == nil || match[1] == "" {
			r.Kind, r.Problem = "unsupported", "the name of the archive must be devcontainer-feature-ID.tgz"
		}
		return r
	case strings.HasPrefix(reference, "/"):
		return Reference{Kind: "unsupported", ID: reference, Problem: "an absolute path: local features must lie below .devcontainer and be written ./NAME"}
	case strings.HasPrefix(reference, "./"), strings.HasPrefix(reference, "../"):
		return Reference{Kind: "local", ID: reference}
	}
	if r, ok := parseOCI(strings.ToLower(reference)); ok {
		return r
	}
	id, version, _ := strings.Cut(reference, "@")
	if releaseName.MatchString(id) && !strings.Contains(version, "@") {
		return Reference{Kind: "release", ID: id, Version: cmp.Or(version, "latest")}
	}
	return Reference{Kind: "unsupported", ID: reference, Problem: "no reference of a feature: a registry's is HOST/PATH/ID:VERSION"}
}

// parseOCI takes the reference of a registry apart (containerCollectionsOCI.ts, getRef and fetchOCIManifestIfExists); false for
// what the reference CLI asks no registry for.
func parseOCI(reference string) (Reference, bool) {
	r := Reference{Kind: "oci", ID: reference, Version: "latest"}
	if at := strings.LastIndexByte(reference, '@'); at >= 0 {
		r.ID, r.Version = reference[:at], reference[at+1:]
		if algorithm, _, _ := strings.Cut(r.Version, ":"); algorithm != "sha256" || strings.Count(r.Version, ":") != 1 {
			return r, false
		}
	} else if colon := strings.LastIndexByte(reference, ':'); colon > strings.LastIndexByte(reference, '/') {
		r.ID, r.Version = reference[:colon], reference[colon+1:]
		if r.Version != "" && (len(r.Version) > 128 || !ociTag.MatchString(r.Version)) {
			return r, false
		}
		r.Version = cmp.Or(r.Version, "latest") // so that a colon with nothing behind it counts for nothing
	}
	registry, inside, _ := strings.Cut(r.ID, "/")
	asked := strings.Contains(registry, ".") || strings.HasPrefix(registry, "localhost")
	return r, asked && !strings.HasPrefix(registry, ".") && strings.Contains(inside, "/") && ociPath.MatchString(inside)
}

var (
	ociPath     = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$`)
	ociTag      = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]*$`)
	releaseName = regexp.MustCompile(`^[^/]+/[^/]+/[a-zA-Z0-9_-]*$`) // OWNER/REPOSITORY/ID, of before registries
)

var tarballName = regexp.MustCompile(`devcontainer-feature-([\w-]*)\.tgz`)

// Address is what is asked for the feature: HOST/PATH/ID:TAG or HOST/PATH/ID@DIGEST in a registry, an https address of an
// archive elsewhere. It is empty where nobody can be asked. A lock goes before the tag, and before a digest.
func (f Feature) Address() string {
	switch f.Kind {
	case "oci", "legacy":
		id := namespace(f.ID) + "/" + path.Base(f.ID)
		if version := cmp.Or(f.Locked.Digest, f.Version); strings.HasPrefix(version, "sha256:") {
			return id + "@" + version
		}
		return id + ":" + f.Version
	case "tarball":
		return f.ID
	case "release": // devcontainers/cli src/spec-configuration/containerFeaturesConfiguration.ts, processFeatureIdentifier
		id := path.Base(f.ID)
		if f.Version == "latest" {
			return "https://github.com/" + path.Dir(f.ID) + "/releases/latest/download/" + id + ".tgz"
		}
		return "https://github.com/" + path.Dir(f.ID) + "/releases/download/" + f.Version + "/" + id + ".tgz"
	}
	return ""
}

// UserFeatures lists the features of devcontainer.json, in the order of the file, with those that became options of others
// turned into these.
func UserFeatures(root jsonc.Node) []Feature {
	var features []Feature
	var options []jsonc.Property
	for _, m := range root.Get("features").Fields() {
		if _, ok := intoOption[m.Name]; ok {
			options = append(options, m)
			continue
		}
		features = append(features, newFeature(m))
	}
	for _, m := range options {
		into := intoOption[m.Name]
		id := official + into[0]
		at := slices.IndexFunc(features, func(f Feature) bool {
			return f.Reference == into[0] || f.Reference == id || strings.HasPrefix(f.Reference, id+":")
		})
		if at < 0 {
			at = len(features)
			features = append(features, newFeature(jsonc.Property{Name: id + ":1", Place: m.Place, Value: jsonc.Node{Kind: jsonc.Object}}))
		}
		features[at].Options[into[1]] = "true"
		features[at].Short = ""
	}
	return features
}

func newFeature(m jsonc.Property) Feature {
	reference := ParseReference(m.Name)
	f := Feature{
		Reference: m.Name, Place: m.Place, Kind: reference.Kind, ID: reference.ID, Version: reference.Version,
		Options: map[string]string{}, Unknown: reference.Problem,
	}
	if m.Value.Is(jsonc.String) { // the short form
		f.Options["version"] = m.Value.Text
		f.OptionPlaces = map[string]source.Place{"version": m.Value.Place}
		f.Short = "string:" + m.Value.Text
	}
	if m.Value.Is(jsonc.Bool) {
		f.Short = "boolean:" + m.Value.Text
	}
	for _, option := range m.Value.Fields() {
		f.Options[option.Name] = option.Value.String()
		if f.OptionPlaces == nil {
			f.OptionPlaces = map[string]source.Place{}
		}
		f.OptionPlaces[option.Name] = span(option)
	}
	return f
}

// Manifest is the devcontainer-feature.json of a feature, or why it is not at hand.
type Manifest struct {
	Root    jsonc.Node
	Assumed string
	Unknown string
	Missing bool // it is not at hand because it is nowhere
	Locked  Locked
}

// LocalManifest reads the manifest of a local feature.
func LocalManifest(workspace fs.FS, folder string) Manifest {
	file, err := source.Read(workspace, path.Join(folder, "devcontainer-feature.json"))
	if err != nil {
		return Manifest{Unknown: fmt.Sprintf("the local feature %s has no devcontainer-feature.json that can be read", folder)}
	}
	root, _ := jsonc.Read(file)
	return Manifest{Root: root}
}

// fill takes what a feature's manifest says into the feature.
func (f *Feature) fill(m Manifest) {
	f.Manifest, f.Assumed, f.Locked = m.Root, m.Assumed, m.Locked
	if f.Unknown == "" {
		f.Unknown = m.Unknown
	}
	f.Defaults = map[string]string{}
	for _, option := range m.Root.Get("options").Fields() {
		if value := option.Value.Get("default"); value.Kind != "" {
			if _, given := f.Options[option.Name]; !given {
				f.Defaults[option.Name] = value.String()
			}
		}
	}
}

// Env is the containerEnv of a feature, in its order: Raw as it is written, Value as it stands between the quotes of the ENV
// instruction that the reference CLI writes, whose $ the builder expands (containerFeaturesConfiguration.ts,
// generateContainerEnvs).
func (f Feature) Env() []Variable {
	var env []Variable
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	for _, m := range f.Manifest.Get("containerEnv").Fields() {
		raw := m.Value.String()
		env = append(env, Variable{
			Name: m.Name, Raw: raw, Value: Rewritten(escape.Replace(raw), true), From: f.Reference, Kind: m.Value.Kind, Place: span(m),
		})
	}
	return env
}

// Entry is what a feature adds to the merged configuration.
func (f Feature) Entry() Entry {
	picked := pick(migrateFeature(f.Manifest), pickedOfFeature)
	id := jsonc.Property{Name: "id", Value: jsonc.Node{Kind: jsonc.String, Text: f.Reference}}
	picked.Members = append([]jsonc.Property{id}, picked.Members...)
	return Entry{From: f.Reference, Root: picked}
}
