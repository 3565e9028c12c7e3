//go:build linux

package gather

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
)

// Every value that Go promises something for is tried under Delve, too, and none that a configuration has had already.
func TestPanicUnderDelve(t *testing.T) {
	tried := func(failsAt string) (values, reported []string) {
		seen := []facts.PanicTrace{{Debugger: true}, {Value: "all", Set: true, Debugger: true}}
		seen = panicUnderDelve(seen, func(value string) (facts.Proof, delve.Inspected) {
			values = append(values, value)
			if value == failsAt {
				return facts.Proof{Status: facts.Broken, Reason: "interrupted"}, delve.Inspected{}
			}
			return facts.Proof{Status: facts.Passed}, delve.Inspected{Panic: "panic: x\n", End: "exited with status 2"}
		})
		part := withDebugger(facts.Known(facts.Panics{Traces: []facts.PanicTrace{{Value: "none", Set: true}}}), []*debugged{{panics: seen}, {panics: seen}})
		panics, _ := part.Get()
		for _, trace := range panics.Traces {
			if !trace.Debugger {
				continue
			}
			reported = append(reported, trace.Value+trace.Failed)
		}
		return values, reported
	}
	values, reported := tried("")
	if diff := cmp.Diff([]string{"none", "single", "system", "crash"}, values); diff != "" {
		t.Errorf("tried: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"", "all", "crash", "none", "single", "system"}, slices.Sorted(slices.Values(reported))); diff != "" {
		t.Errorf("reported: -want +got:\n%s", diff)
	}
	if values, reported = tried("single"); len(values) != 2 || !slices.Contains(reported, "singleinterrupted") {
		t.Errorf("after a failure: tried %q, reported %q", values, reported)
	}
}
