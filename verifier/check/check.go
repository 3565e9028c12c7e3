// Package check owns what a check is and how a list of them is run.
//
// Its one rule: a check sees facts and reports findings, and nothing else. It cannot run or read anything, so the same facts
// always give the same findings.
package check

import (
	"fmt"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

// Check is one value of the catalogue.
type Check struct {
	Code     string           // "DV104"; never used again for another check
	Name     string           // "goroot-consistent"
	Severity finding.Severity // the worst that it reports
	Scope    string           // where it can be asked: S files, I image, C container, P proof
	Hard     bool             // one of the hard items that a Go machine check-list must have
	Summary  string           // fails when …, in one line
	Needs    []facts.Need     // what must be gathered for it
	Run      func(*Pass)
}

// Pass is one run of one check.
type Pass struct {
	*facts.Snapshot
	check    Check
	findings []finding.Finding
	skipped  string
	broken   string
}

// Report adds a finding. Code, name and, where the finding has none, the severity are the check's; the subjects tell it
// from other findings of the check.
func (p *Pass) Report(f finding.Finding, subjects ...string) {
	f.Code, f.Name = p.check.Code, p.check.Name
	if f.Severity == "" {
		f.Severity = p.check.Severity
	}
	f.Seal(subjects...)
	p.findings = append(p.findings, f)
}

// Skip says that the check could not be asked here, and why. Findings that were reported stay.
func (p *Pass) Skip(format string, args ...any) { p.skipped = fmt.Sprintf(format, args...) }

// Break says that the check was asked and got no answer, and why: a deadline, an interruption, a failure of dcverify.
func (p *Pass) Break(format string, args ...any) { p.broken = fmt.Sprintf(format, args...) }

// Outcome is how one check ended.
type Outcome struct {
	Code       string       `json:"code"`
	Name       string       `json:"name"`
	Status     facts.Status `json:"status"`
	Reason     string       `json:"reason,omitempty"` // why skipped or broken
	DurationMs int64        `json:"durationMs"`
}

// Run asks every check and returns its outcomes, in the order of the list, and the findings, sorted.
func Run(checks []Check, snapshot *facts.Snapshot) ([]Outcome, []finding.Finding) {
	outcomes := make([]Outcome, 0, len(checks))
	var findings []finding.Finding
	for _, c := range checks {
		started := time.Now()
		pass := ask(c, snapshot)
		findings = append(findings, pass.findings...)
		outcome := Outcome{Code: c.Code, Name: c.Name, Status: facts.Passed, DurationMs: time.Since(started).Milliseconds()}
		switch worst := worst(pass.findings); {
		case worst == finding.Error:
			outcome.Status = facts.Fails
		case pass.broken != "":
			outcome.Status, outcome.Reason = facts.Broken, pass.broken
		case worst == finding.Warning:
			outcome.Status = facts.Warned
		case pass.skipped != "":
			outcome.Status, outcome.Reason = facts.Skipped, pass.skipped
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, finding.Sort(findings)
}

// ask runs one check. A panic is a bug of the check; the others still have their say.
func ask(c Check, snapshot *facts.Snapshot) (pass *Pass) {
	pass = &Pass{Snapshot: snapshot, check: c}
	defer func() {
		if bug := recover(); bug != nil {
			pass.Break("bug in %s: %v", c.Code, bug)
		}
	}()
	c.Run(pass)
	return pass
}

func worst(findings []finding.Finding) finding.Severity {
	result := finding.Info
	for _, f := range findings {
		if f.Severity.Rank() < result.Rank() {
			result = f.Severity
		}
	}
	return result
}
