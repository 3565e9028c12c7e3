package facts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRepeated(t *testing.T) {
	pass := func(ms ...int64) Proof {
		p := Proof{Name: "x", Status: Passed}
		for i, name := range []string{"start", "stop"} {
			p.Steps = append(p.Steps, Step{Name: name, Ms: ms[i]})
		}
		return p
	}
	fail := func(status Status, step, reason string) Proof {
		return Proof{Name: "x", Status: status, Reason: reason, Steps: []Step{{Name: "start", Ms: 999}, {Name: step, Ms: 999}}}
	}
	refused, hung := fail(Fails, "connect", "EOF"), fail(Broken, "stop", "no answer")
	for _, test := range []struct {
		name  string
		tries []Proof
		want  Proof
	}{
		{"one", []Proof{pass(1, 2)}, with(pass(1, 2), Repeats{Tries: 1, Passed: 1, Steps: []Timing{
			{"start", 1, 1, 1}, {"stop", 2, 2, 2}, {"total", 3, 3, 3},
		}})},
		{"odd", []Proof{pass(5, 1), pass(1, 1), pass(2, 4)}, with(pass(2, 4), Repeats{Tries: 3, Passed: 3, Steps: []Timing{
			{"start", 1, 2, 5}, {"stop", 1, 1, 4}, {"total", 2, 6, 6},
		}})},
		{"even", []Proof{pass(1, 0), pass(4, 0)}, with(pass(4, 0), Repeats{Tries: 2, Passed: 2, Steps: []Timing{
			{"start", 1, 2, 4}, {"stop", 0, 0, 0}, {"total", 1, 2, 4},
		}})},
		{"now and then", []Proof{pass(1, 1), hung, refused, refused, pass(3, 3)}, with(hung, Repeats{
			Tries: 5, Passed: 2,
			Steps:  []Timing{{"start", 1, 2, 3}, {"stop", 1, 2, 3}, {"total", 2, 4, 6}},
			Others: []Outcome{{2, Fails, "connect", "EOF"}, {1, Broken, "stop", "no answer"}},
		})},
		{"never", []Proof{{Name: "x", Status: Fails, Reason: "no"}}, with(Proof{Name: "x", Status: Fails, Reason: "no"}, Repeats{
			Tries: 1, Steps: []Timing{}, Others: []Outcome{{1, Fails, "start", "no"}},
		})},
	} {
		if diff := cmp.Diff(test.want, Repeated(test.tries)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
}

func with(p Proof, r Repeats) Proof {
	p.Repeated = &r
	return p
}

func TestPtraceProof(t *testing.T) {
	ok := PtraceResult{Tried: true, OK: true}
	no := PtraceResult{Tried: true, Why: "operation not permitted"}
	p := Ptrace{Call: ok, Child: ok, Sibling: no, OtherUser: no, PredictChild: true, PredictSib: true, Explanation: "because"}
	want := Proof{Name: PtraceProof, Status: Fails, Reason: "because", Steps: []Step{
		{Name: "call", Observed: "permitted"},
		{Name: "child", Predicted: "permitted", Observed: "permitted"},
		{Name: "sibling", Predicted: "permitted", Observed: "refused: operation not permitted"},
		{Name: "other-user", Predicted: "refused", Observed: "refused: operation not permitted"},
		{Name: "first-process", Observed: "not tried: "},
	}}
	if diff := cmp.Diff(want, p.Proof()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	p.Sibling = ok
	if got := p.Proof(); got.Status != Passed || got.Reason != "" {
		t.Errorf("%+v", got)
	}
	p.Child.Tried = false
	if got := p.Proof(); got.Status != Broken {
		t.Errorf("%+v", got)
	}
	disagree := 0
	for _, probe := range (Ptrace{Child: no, PredictChild: true, Sibling: ok, OtherUser: no}).Probes() {
		if probe.Disagrees() {
			disagree++
		}
	}
	if disagree != 2 {
		t.Errorf("%d probes disagree, want 2", disagree)
	}
}
