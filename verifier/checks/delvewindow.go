package checks

import (
	"fmt"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/knowledge"
)

// saidWindow is the window as a running Delve has told it in a proof: the word of one that is newer than the table.
func saidWindow(p *check.Pass, path string) (knowledge.Delve, bool) {
	for _, name := range []string{facts.LaunchProof, facts.AttachProof, facts.LeastProof} {
		proof, _ := p.Proofs[name].Get()
		if tool := proof.Tool; tool.Path == path && tool.LeastGo != "" && tool.MostGo != "" {
			return knowledge.Delve{Version: tool.Version, Least: goenv.Minor(tool.LeastGo), Most: goenv.Minor(tool.MostGo)}, true
		}
	}
	return knowledge.Delve{}, false
}

// newestFitting names the Delve that fittingDelve finds: "dlv v1.25.2, the newest that supports Go 1.24".
func newestFitting(goVersion string) string {
	minor, newest := goenv.Minor(goVersion), knowledge.NewestDelve()
	fitting, ok := knowledge.DelveFor(goVersion)
	switch {
	case ok:
		return fmt.Sprintf("dlv %s, the newest that supports Go %s", fitting.Version, minor)
	case minor == "":
		return "dlv"
	case goenv.CompareVersions(minor, newest.Most) > 0:
		return fmt.Sprintf("a dlv that supports Go %s: %s, the newest that dcverify knows, does not", minor, newest.Version)
	}
	return fmt.Sprintf("a dlv that supports Go %s: dcverify knows none that is so old", minor)
}

// fittingDelve is the newest Delve release that supports the given Go, or "latest".
func fittingDelve(goVersion string) string {
	if release, ok := knowledge.DelveFor(goVersion); ok && release != knowledge.NewestDelve() {
		return release.Version
	}
	return "latest"
}
