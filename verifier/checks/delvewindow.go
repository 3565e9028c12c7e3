package checks

import (
	"fmt"

	"golang.org/x/mod/semver"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// goWindow is the Go versions that a range of Delve releases supports.
type goWindow struct {
	from        string // first Delve release with this window
	least, most string // Go minor versions
	last        string // newest Delve release with this window
}

// delveWindows is pkg/goversion/compat.go of every Delve release, up to 2026-11-23, newest last.
var delveWindows = []goWindow{
	{"v1.3.0", "1.10", "1.13", "v1.3.1"},
	{"v1.3.2", "1.11", "1.13", "v1.3.2"},
	{"v1.4.0", "1.11", "1.14", "v1.4.0"},
	{"v1.4.1", "1.12", "1.14", "v1.4.1"},
	{"v1.5.0", "1.12", "1.15", "v1.5.0"},
	{"v1.5.1", "1.13", "1.15", "v1.5.1"},
	{"v1.6.0", "1.13", "1.16", "v1.6.0"},
	{"v1.6.1", "1.14", "1.16", "v1.6.1"},
	{"v1.7.0", "1.15", "1.17", "v1.7.3"},
	{"v1.8.0", "1.16", "1.18", "v1.8.3"},
	{"v1.9.0", "1.16", "1.19", "v1.9.0"},
	{"v1.9.1", "1.17", "1.19", "v1.9.1"},
	{"v1.20.0", "1.18", "1.20", "v1.20.2"},
	{"v1.21.0", "1.18", "1.21", "v1.21.0"},
	{"v1.21.1", "1.19", "1.21", "v1.21.2"},
	{"v1.22.0", "1.19", "1.22", "v1.22.1"},
	{"v1.23.0", "1.21", "1.23", "v1.23.1"},
	{"v1.24.0", "1.21", "1.24", "v1.25.0"},
	{"v1.25.1", "1.22", "1.25", "v1.25.2"},
	{"v1.26.0", "1.24", "1.26", "v1.26.3"},
	{"v1.27.0", "1.25", "1.27", "v1.27.2"},
}

// delveWindow is the window of a Delve release. A release that is newer than the table is not known: it may support any Go.
func delveWindow(version string) (goWindow, bool) {
	newest := delveWindows[len(delveWindows)-1]
	if !semver.IsValid(version) || semver.Compare(semver.MajorMinor(version), semver.MajorMinor(newest.last)) > 0 {
		return goWindow{}, false
	}
	var found goWindow
	for _, window := range delveWindows {
		if semver.Compare(version, window.from) >= 0 {
			found = window
		}
	}
	return found, found.from != ""
}

// saidWindow is the window as a running Delve has told it in a proof: the word of one that is newer than the table.
func saidWindow(p *check.Pass, path string) (goWindow, bool) {
	for _, name := range []string{facts.LaunchProof, facts.AttachProof, facts.LeastProof} {
		proof, _ := p.Proofs[name].Get()
		if tool := proof.Tool; tool.Path == path && tool.LeastGo != "" && tool.MostGo != "" {
			return goWindow{least: goenv.Minor(tool.LeastGo), most: goenv.Minor(tool.MostGo)}, true
		}
	}
	return goWindow{}, false
}

// newestFitting names the Delve that fittingDelve finds: "dlv v1.25.2, the newest that supports Go 1.24".
func newestFitting(goVersion string) string {
	version, minor := fittingDelve(goVersion), goenv.Minor(goVersion)
	newest := delveWindows[len(delveWindows)-1]
	switch {
	case minor == "":
		return "dlv"
	case version == "latest" && goenv.CompareVersions(minor, newest.most) > 0:
		return fmt.Sprintf("a dlv that supports Go %s: %s, the newest that dcverify knows, does not", minor, newest.last)
	case version == "latest":
		version = newest.last
	}
	return fmt.Sprintf("dlv %s, the newest that supports Go %s", version, minor)
}

// fittingDelve is the newest Delve release that supports the given Go, or "latest".
func fittingDelve(goVersion string) string {
	minor := goenv.Minor(goVersion)
	for i := len(delveWindows) - 1; i >= 0 && minor != ""; i-- {
		window := delveWindows[i]
		if goenv.CompareVersions(minor, window.least) >= 0 && goenv.CompareVersions(minor, window.most) <= 0 {
			if i == len(delveWindows)-1 {
				return "latest"
			}
			return window.last
		}
	}
	return "latest"
}
