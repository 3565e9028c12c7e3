//go:build linux

package gather

import (
	"context"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
)

func TestRepeat(t *testing.T) {
	status := func(s facts.Status) facts.Proof { return facts.Proof{Name: "x", Status: s} }
	for _, test := range []struct {
		name          string
		repeat        int
		interruptedIn int // which try, from 1
		ends          []facts.Status
		tries, passed int // 0 tries: the proof is not one of several
		status        facts.Status
	}{
		{"once", 0, 0, []facts.Status{facts.Passed}, 0, 0, facts.Passed},
		{"three times", 3, 0, []facts.Status{facts.Passed, facts.Fails, facts.Passed}, 3, 2, facts.Fails},
		{"skipped", 3, 0, []facts.Status{facts.Skipped}, 0, 0, facts.Skipped},
		{"interrupted in the first", 3, 1, []facts.Status{facts.Broken}, 1, 0, facts.Broken},
		{"interrupted in the second", 3, 2, []facts.Status{facts.Passed, facts.Broken}, 1, 1, facts.Passed},
		{"interrupted after the second", 3, 2, []facts.Status{facts.Passed, facts.Passed}, 2, 2, facts.Passed},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		g := &gatherer{Options: Options{Repeat: test.repeat, Progress: func(string) {}}}
		n := 0
		got := g.repeat(ctx, func() facts.Proof {
			if n++; n == test.interruptedIn {
				cancel()
			}
			return status(test.ends[n-1])
		})
		cancel()
		if n != len(test.ends) || got.Status != test.status || (got.Repeated == nil) != (test.tries == 0) {
			t.Errorf("%s: after %d tries %+v", test.name, n, got)
			continue
		}
		if r := got.Repeated; r != nil && (r.Tries != test.tries || r.Passed != test.passed) {
			t.Errorf("%s: %+v", test.name, r)
		}
	}
}
