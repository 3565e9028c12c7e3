//go:build linux

package gather

import (
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
)

// What a program could not do for want of processes says nothing of it: neither passed nor failed.
func TestFair(t *testing.T) {
	for _, test := range []struct{ is, want facts.Proof }{
		{facts.Proof{Status: facts.Fails, Reason: "fork/exec /go/bin/dlv: resource temporarily unavailable"},
			facts.Proof{Status: facts.Broken, Reason: "fork/exec /go/bin/dlv: resource temporarily unavailable"}},
		{facts.Proof{Status: facts.Fails, Reason: "runtime: failed to create new OS thread (have 6 already; errno=11)"},
			facts.Proof{Status: facts.Broken, Reason: "runtime: failed to create new OS thread (have 6 already; errno=11)"}},
		{facts.Proof{Status: facts.Fails, Reason: "not today"}, facts.Proof{Status: facts.Fails, Reason: "not today"}},
		{facts.Proof{Status: facts.Passed}, facts.Proof{Status: facts.Passed}},
	} {
		got, ok := fair(facts.Known(test.is)).Get()
		if !ok || got.Status != test.want.Status || got.Reason != test.want.Reason {
			t.Errorf("%+v: got %+v", test.is, got)
		}
	}
	if part := fair(facts.Absent[facts.Proof]("why")); part.Why() != "why" {
		t.Errorf("%+v", part)
	}
}
