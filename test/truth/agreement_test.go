package truth

import (
	"slices"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/report"
)

// agree compares what dcverify says with what the tools did, and counts the comparisons.
func agree(t *testing.T, results map[string]result, inside, image report.Report) (compared int) {
	t.Helper()
	same := func(what string, works, passed bool) {
		t.Helper()
		compared++
		if works != passed {
			t.Errorf("%s: the tools work: %v; dcverify says so: %v", what, works, passed)
		}
	}
	unproved := failedProofs(inside)
	same("image", results["image"].works(tools...), !names(image, "image"))
	everywhere := true
	for _, class := range classes[1:] {
		works := results[class].works(tools...)
		everywhere = everywhere && works
		said := names(inside, class) || class == "tools" && len(unproved) > 0
		same(class, works, !said)
		same(class+", build", results[class].works("build"), !names(inside, class, "DV803"))
	}
	// The debugger and gopls are proved where the editor starts them.
	for _, tool := range []string{"launch", "attach", "dap", "gopls"} {
		same("tools, "+tool, results["tools"].works(tool), !slices.Contains(unproved, tool))
	}
	same("the verdict", everywhere, inside.Verdict != report.Failed)
	if t.Failed() {
		var text strings.Builder
		_ = report.Text(&text, inside, report.TextOptions{})
		t.Logf("%s\nproofs not passed: %v", text.String(), unproved)
	}
	return compared
}

// works tells whether the given tools worked whenever they were used.
func (r result) works(tools ...string) bool {
	used := 0
	for _, try := range r.Tries {
		if slices.Contains(tools, try.Tool) {
			used++
			if !try.OK {
				return false
			}
		}
	}
	return used == len(tools)**tries
}

// names tells whether an error says of a class that it fails. Without codes, every error counts.
func names(r report.Report, class string, codes ...string) bool {
	return slices.ContainsFunc(r.Findings, func(f finding.Finding) bool {
		return f.Severity == finding.Error && (len(codes) == 0 || slices.Contains(codes, f.Code)) &&
			slices.Contains(strings.Split(f.Evidence["views"], ", "), class)
	})
}

// failedProofs are the proofs that did not pass, as plain calls them.
func failedProofs(r report.Report) []string {
	called := map[string]string{facts.LaunchProof: "launch", facts.AttachProof: "attach", facts.DAPProof: "dap", facts.GoplsProof: "gopls"}
	for _, proof := range r.Proofs {
		if proof.Status == facts.Passed {
			delete(called, proof.Name)
		}
	}
	var failed []string
	for _, name := range called {
		failed = append(failed, name)
	}
	slices.Sort(failed)
	return failed
}
