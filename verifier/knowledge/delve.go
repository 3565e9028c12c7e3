package knowledge

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/dcverify/dcverify/verifier/goenv"
)

//go:embed delve-go-compat.tsv
var delveText string

// Delve is a release of Delve with the oldest and the newest Go, as minor versions, whose programs it launches. It refuses
// others unless it is told --check-go-version=false; attaching never asks.
type Delve struct{ Version, Least, Most string }

// supports tells whether a Go, given as its minor version, lies in the window.
func (d Delve) supports(minor string) bool {
	return goenv.CompareVersions(minor, d.Least) >= 0 && goenv.CompareVersions(minor, d.Most) <= 0
}

// delves is the table, oldest first.
var delves = sync.OnceValue(func() []Delve {
	var out []Delve
	for _, row := range rows(delveText) {
		if strings.HasPrefix(row[0], "v") {
			out = append(out, Delve{Version: row[0], Least: row[1], Most: row[2]})
		}
	}
	slices.SortFunc(out, func(a, b Delve) int { return compareVersions(a.Version, b.Version) })
	return out
})

// NewestDelve is the newest release of the table.
func NewestDelve() Delve {
	have := delves()
	return have[len(have)-1]
}

// DelveOf is the release that a version means. What lies between two releases has the window of the older one, and so has a
// patch after the newest; v1 and v1.2 are the newest of those, as go takes them. False for what is newer by a minor version,
// which may support any Go, and for what the table is too young for.
func DelveOf(version string) (Delve, bool) {
	newest := NewestDelve()
	number, _, _ := strings.Cut(version, "+") // a Delve that was built where it is developed says "+dirty"
	switch {
	case prefixed.MatchString(version):
		for _, release := range slices.Backward(delves()) {
			if strings.HasPrefix(release.Version, version+".") {
				return release, true
			}
		}
		return Delve{}, false
	case !semver.MatchString(number) || compareVersions(majorMinor(number), majorMinor(newest.Version)) > 0:
		return Delve{}, false
	}
	for _, release := range slices.Backward(delves()) {
		if compareVersions(release.Version, number) <= 0 {
			release.Version = version
			return release, true
		}
	}
	return Delve{}, false
}

// DelveFor is the newest release that supports a Go of the given version, "go1.26.8" or "1.26". False where there is none,
// and where that is no Go version.
func DelveFor(goVersion string) (Delve, bool) {
	minor := goenv.Minor(goVersion)
	for _, release := range slices.Backward(delves()) {
		if minor != "" && release.supports(minor) {
			return release, true
		}
	}
	return Delve{}, false
}

// majorMinor is the v1.27 of v1.27.2.
func majorMinor(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return parts[0] + "." + parts[1]
}
