package knowledge

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed features.tsv
var featureText string

const featureSource = "devcontainers/features, 2026-07-14"

// officialFeatures is the namespace that devcontainers/features is published to.
const officialFeatures = "ghcr.io/devcontainers/features/"

type featureRow struct{ version, manifest string }

// featureRows is the manifests of each feature, the oldest first. A version without a row differs from the one before it
// only in texts for people or in its scripts.
var featureRows = sync.OnceValue(func() map[string][]featureRow {
	out := map[string][]featureRow{}
	for _, row := range rows(featureText) {
		out[row[0]] = append(out[row[0]], featureRow{version: row[1], manifest: row[3]})
	}
	return out
})

var featureVersion = regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`)

// FeatureManifest is what the devcontainer-feature.json of an official feature says, without its texts for people. Every
// release is published under its version, 1.3.4, and moves 1.3, 1 and latest along, as the specification asks of
// publishers; no version is latest. False for other people's features, for digests, and for versions before the first
// row of their major version, which never were.
func FeatureManifest(id, version string) (text, source string, ok bool) {
	name, ok := strings.CutPrefix(strings.ToLower(id), officialFeatures)
	if name == "docker-from-docker" {
		name = "docker-outside-of-docker" // its name since 2022 (legacyIds of the newer one)
	}
	have := featureRows()[name]
	if !ok || len(have) == 0 {
		return "", "", false
	}
	if version == "" || version == "latest" {
		return have[len(have)-1].manifest, featureSource, true
	}
	if !featureVersion.MatchString(version) {
		return "", "", false
	}
	major, _, _ := strings.Cut(version, ".")
	whole := strings.Count(version, ".") == 2
	for _, row := range have {
		of, _, _ := strings.Cut(row.version, ".")
		switch {
		case of != major:
		case whole && compareVersions(row.version, version) > 0:
		// 1.3 is the newest of 1.3, which may have come without a row of its own: nothing of 1.4 counts.
		case !whole && compareVersions(strings.Join(strings.SplitN(row.version, ".", 3)[:1+strings.Count(version, ".")], "."), version) > 0:
		default:
			text = row.manifest
		}
	}
	return text, featureSource, text != ""
}

// GoFeature tells whether a feature installs Go: the official one, by its full id or by the bare names that the reference
// CLI maps to it (devcontainers/cli src/spec-configuration/containerFeaturesConfiguration.ts, autoMappedOldNames).
func GoFeature(id string) bool {
	switch strings.ToLower(id) {
	case officialFeatures + "go", "go", "golang":
		return true
	}
	return false
}
