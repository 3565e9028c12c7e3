package check

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

// Runs that end in every way. The severity of the checks is Error.
var (
	pass = func(*Pass) {}
	err  = func(p *Pass) { p.Report(finding.Finding{Message: "error"}, "error") }
	warn = func(p *Pass) { p.Report(finding.Finding{Message: "warning", Severity: finding.Warning}, "warning") }
	info = func(p *Pass) { p.Report(finding.Finding{Message: "info", Severity: finding.Info}, "info") }
	skip = func(p *Pass) { p.Skip("no %s", "dlv") }
	brk  = func(p *Pass) { p.Break("late by %d s", 3) }
	bug  = func(*Pass) { panic("oh") }
)

func TestOutcomes(t *testing.T) {
	for name, test := range map[string]struct {
		runs     []func(*Pass)
		status   facts.Status
		reason   string
		findings int
	}{
		"pass":    {[]func(*Pass){pass}, facts.Passed, "", 0},
		"error":   {[]func(*Pass){err}, facts.Fails, "", 1},
		"warning": {[]func(*Pass){warn}, facts.Warned, "", 1},
		"info":    {[]func(*Pass){info}, facts.Passed, "", 1},
		"skip":    {[]func(*Pass){skip}, facts.Skipped, "no dlv", 0},
		"break":   {[]func(*Pass){brk}, facts.Broken, "late by 3 s", 0},
		"panic":   {[]func(*Pass){bug}, facts.Broken, "bug in DV1: oh", 0},

		"the worst finding counts":                 {[]func(*Pass){info, warn, err, warn}, facts.Fails, "", 3},
		"an error outweighs a break":               {[]func(*Pass){err, brk}, facts.Fails, "", 1},
		"an error that was found before a panic":   {[]func(*Pass){err, bug}, facts.Fails, "", 1},
		"a break outweighs a warning":              {[]func(*Pass){warn, brk}, facts.Broken, "late by 3 s", 1},
		"a warning that was found before a panic":  {[]func(*Pass){warn, bug}, facts.Broken, "bug in DV1: oh", 1},
		"a break outweighs a skip":                 {[]func(*Pass){skip, brk}, facts.Broken, "late by 3 s", 0},
		"a warning outweighs a skip":               {[]func(*Pass){warn, skip}, facts.Warned, "", 1},
		"an information does not make a skip pass": {[]func(*Pass){info, skip}, facts.Skipped, "no dlv", 1},
		"the last of two skips says why":           {[]func(*Pass){func(p *Pass) { p.Skip("first") }, skip}, facts.Skipped, "no dlv", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := Check{Code: "DV1", Name: "one", Severity: finding.Error, Run: func(p *Pass) {
				for _, run := range test.runs {
					run(p)
				}
			}}
			outcomes, findings := Run([]Check{c}, &facts.Snapshot{})
			want := []Outcome{{Code: "DV1", Name: "one", Status: test.status, Reason: test.reason}}
			if diff := cmp.Diff(want, outcomes, cmpopts.IgnoreFields(Outcome{}, "DurationMs")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(findings) != test.findings {
				t.Errorf("findings %v, want %d", findings, test.findings)
			}
		})
	}
}

// A check is a bug's only victim, wherever it stands.
func TestPanicStopsNoOther(t *testing.T) {
	var checks []Check
	for i, run := range []func(*Pass){bug, warn, func(p *Pass) { p.Report(finding.Finding{}, []string{}[len(p.Views)]) }, nil, err} {
		checks = append(checks, Check{Code: fmt.Sprintf("DV%d", i), Severity: finding.Error, Run: run})
	}
	outcomes, findings := Run(checks, &facts.Snapshot{})
	var got []string
	for _, o := range outcomes {
		got = append(got, o.Code+" "+string(o.Status))
	}
	if diff := cmp.Diff([]string{"DV0 broken", "DV1 warned", "DV2 broken", "DV3 broken", "DV4 failed"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(findings) != 2 || findings[0].Code != "DV4" || findings[1].Code != "DV1" {
		t.Errorf("findings %v", findings)
	}
}

func TestReport(t *testing.T) {
	c := Check{Code: "DV1", Name: "one", Severity: finding.Warning, Run: func(p *Pass) {
		if p.System.User != "vscode" {
			t.Errorf("the snapshot is not the one that was given: %+v", p.System)
		}
		p.Report(finding.Finding{Code: "DV9", Name: "nine", Message: "b"}, "same")
		p.Report(finding.Finding{Message: "a", Severity: finding.Info}, "same") // one subject, one finding, the worst
		p.Report(finding.Finding{Message: "c"}, "other")
	}}
	_, findings := Run([]Check{c}, &facts.Snapshot{System: facts.System{User: "vscode"}})
	seal := func(f finding.Finding, subject string) finding.Finding { f.Seal(subject); return f }
	want := []finding.Finding{
		seal(finding.Finding{Code: "DV1", Name: "one", Severity: finding.Warning, Message: "b"}, "same"),
		seal(finding.Finding{Code: "DV1", Name: "one", Severity: finding.Warning, Message: "c"}, "other"),
	}
	if diff := cmp.Diff(want, findings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRunNothing(t *testing.T) {
	outcomes, findings := Run(nil, &facts.Snapshot{})
	if outcomes == nil || len(outcomes)+len(findings) != 0 { // nil would be null in the report
		t.Errorf("%#v, %v", outcomes, findings)
	}
}
