// Package report owns the result as people and programs read it.
//
// Its one rule: the JSON report is the result, and every other form is rendered from it alone, so that a saved report says
// exactly what the run said.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// Schema names the form of the report. It changes only when a reader of the old form would break.
const Schema = "dcverify/report/v1"

// The exit statuses, the same in every format.
const (
	ExitPassed     = 0 // nothing at or above fail-on
	ExitFailed     = 1 // an error-level finding
	ExitWarned     = 2 // only warnings, with fail-on warning
	ExitUsage      = 3 // usage, or input that cannot be read
	ExitIncomplete = 4 // dcverify could not finish: engine away, deadline, interrupted, or nothing could be asked
)

// FailOn says from which severity on a finding fails the run.
type FailOn string

const (
	FailOnError   FailOn = "error"
	FailOnWarning FailOn = "warning"
	FailOnNever   FailOn = "never"
)

// Verdict is the result in one word.
type Verdict string

const (
	Passed     Verdict = "passed"
	Warned     Verdict = "warned"
	Failed     Verdict = "failed"
	Incomplete Verdict = "incomplete" // no error was found, but not everything could be asked
)

// Report is the whole result of one run.
type Report struct {
	Schema      string            `json:"schema"`
	Tool        Tool              `json:"tool"`
	Target      Target            `json:"target"`
	Started     time.Time         `json:"started"`
	DurationMs  int64             `json:"durationMs"`
	Verdict     Verdict           `json:"verdict"`
	ExitStatus  int               `json:"exitStatus"`
	Interrupted string            `json:"interrupted,omitempty"` // why the run ended before its time
	Summary     Summary           `json:"summary"`
	Environment []Variable        `json:"environment"`
	Programs    []Program         `json:"programs"`
	Outcomes    []check.Outcome   `json:"outcomes"`
	Proofs      []Proof           `json:"proofs"`
	Findings    []finding.Finding `json:"findings"`
}

// Tool is the dcverify that made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Target is what was verified, and by whom.
type Target struct {
	facts.Target
	User string `json:"user,omitempty"`
}

// Summary counts the outcomes.
type Summary struct {
	Passed  int `json:"passed"`
	Warned  int `json:"warned"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
	Broken  int `json:"broken"`
}

// Variable is one variable in every view.
type Variable struct {
	Name  string           `json:"name"`
	Views map[string]Value `json:"views"`
}

// Value is one variable in one view.
type Value struct {
	Unknown   string   `json:"unknown,omitempty"` // why it is not known; the rest then says no more than who speaks
	Set       bool     `json:"set"`
	Value     string   `json:"value,omitempty"`
	Effective string   `json:"effective,omitempty"`
	Origin    *Origin  `json:"origin,omitempty"`
	Shadows   []Origin `json:"shadows,omitempty"`
}

// Origin is who sets a value, and where.
type Origin struct {
	Layer   string `json:"layer"`
	Name    string `json:"name,omitempty"`    // which one of several layers of that kind: a feature, an image
	Assumed string `json:"assumed,omitempty"` // whose word the value is, when nobody has looked
	Locked  string `json:"locked,omitempty"`  // to which release a lock file holds it, where that may differ from the newest
	Value   string `json:"value,omitempty"`   // of a shadow, and what is known of an unknown value; a winner's is the value itself
	source.Place
}

// Program is which file runs under a name, by view.
type Program struct {
	Name  string                 `json:"name"`
	Views map[string]ProgramFile `json:"views"`
}

// ProgramFile is one program as a view finds it.
type ProgramFile struct {
	Path    string `json:"path,omitempty"`
	Version string `json:"version,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// Proof is a proof's record as the report has it.
type Proof struct {
	facts.Proof
	Tries  int `json:"tries"`
	Passed int `json:"passed"`
}

// Run is what a report is made of.
type Run struct {
	Version     string
	Started     time.Time
	Duration    time.Duration
	Snapshot    *facts.Snapshot
	Outcomes    []check.Outcome
	Findings    []finding.Finding
	FailOn      FailOn
	Interrupted string // why the run ended before its time; empty when it did not
}

// New makes the report of a run.
func New(run Run) Report {
	s := run.Snapshot
	r := Report{
		Schema:      Schema,
		Tool:        Tool{"dcverify", run.Version},
		Target:      Target{Target: s.Target, User: s.System.User},
		Started:     run.Started.UTC().Truncate(time.Millisecond),
		DurationMs:  run.Duration.Milliseconds(),
		Interrupted: run.Interrupted,
		Environment: Environment(s, goenv.Variables),
		Programs:    programs(s),
		Outcomes:    append([]check.Outcome{}, run.Outcomes...),
		Proofs:      proofs(s),
		Findings:    masked(run.Findings),
	}
	for i, o := range r.Outcomes {
		r.Outcomes[i].Reason = mask(o.Reason)
		switch o.Status {
		case facts.Passed:
			r.Summary.Passed++
		case facts.Warned:
			r.Summary.Warned++
		case facts.Fails:
			r.Summary.Failed++
		case facts.Skipped:
			r.Summary.Skipped++
		case facts.Broken:
			r.Summary.Broken++
		}
	}
	r.judge(run.FailOn)
	return r
}

// judge sets verdict and exit status. An error that was found counts although something else could not be asked; a
// warning does not, and where nothing could be asked nothing has passed.
func (r *Report) judge(failOn FailOn) {
	warnings := slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Severity == finding.Warning })
	switch {
	case r.Interrupted != "":
		r.Verdict, r.ExitStatus = Incomplete, ExitIncomplete
		if r.Summary.Failed > 0 {
			r.Verdict = Failed
		}
	case r.Summary.Failed > 0:
		r.Verdict, r.ExitStatus = Failed, ExitFailed
	case r.Summary.Broken > 0, r.Summary.Skipped > 0 && r.Summary.Passed+r.Summary.Warned == 0:
		r.Verdict, r.ExitStatus = Incomplete, ExitIncomplete
	case warnings:
		r.Verdict = Warned
		if failOn == FailOnWarning {
			r.ExitStatus = ExitWarned
		}
	default:
		r.Verdict = Passed
	}
	if failOn == FailOnNever && r.ExitStatus != ExitIncomplete {
		r.ExitStatus = ExitPassed
	}
}

// Environment is the layer table of the given variables, without those that nobody sets. One that a view does not know stays:
// somebody may set it.
func Environment(s *facts.Snapshot, names []string) []Variable {
	variables := []Variable{}
	for _, name := range names {
		variable := Variable{Name: name, Views: map[string]Value{}}
		said := false
		for _, view := range reportedViews(s) {
			if view.Unknown != "" {
				variable.Views[view.Name] = Value{Unknown: mask(view.Unknown)}
				continue
			}
			got := view.Lookup(name)
			value := Value{Unknown: mask(got.Unknown), Set: got.Set, Value: mask(got.Value), Effective: mask(got.Effective)}
			if got.Origin.Layer != "" {
				winner := reported(got.Origin)
				if got.Unknown == "" {
					winner.Value = ""
				} else {
					value.Value, value.Effective = "", ""
				}
				value.Origin = &winner
			}
			for _, shadow := range got.Shadows {
				value.Shadows = append(value.Shadows, reported(shadow))
			}
			said = said || got.Set || got.Origin.Layer != "" || got.Unknown != ""
			variable.Views[view.Name] = value
		}
		if said {
			variables = append(variables, variable)
		}
	}
	return variables
}

// reportedViews are the views that run a go command, and behind them what F5 starts.
func reportedViews(s *facts.Snapshot) []goenv.View {
	views := slices.Clone(s.Views)
	if debuggee, ok := s.Debuggee(); ok {
		views = append(views, debuggee.View)
	}
	return views
}

func reported(o goenv.Origin) Origin {
	return Origin{Layer: o.Layer, Name: mask(o.Name), Assumed: mask(o.Assumed), Locked: mask(o.Locked), Value: mask(o.Value), Place: o.Place}
}

// programs is which go, dlv and gopls run. In a workspace nothing is run.
func programs(s *facts.Snapshot) []Program {
	found := []Program{}
	if s.Target.Kind == "workspace" {
		return found
	}
	commands := Program{Name: "go", Views: map[string]ProgramFile{}}
	for view, part := range s.Go {
		if s.View(view).Unknown != "" {
			continue
		}
		if command, ok := part.Get(); ok {
			commands.Views[view] = ProgramFile{Path: command.Binary.Path, Version: command.Binary.GoVersion, Problem: command.Binary.Problem}
		} else {
			commands.Views[view] = ProgramFile{Problem: mask(part.Why())}
		}
	}
	if len(commands.Views) > 0 {
		found = append(found, commands)
	}
	for _, name := range []string{"dlv", "gopls"} {
		if tool, ok := s.Tools[name].Get(); ok {
			file := ProgramFile{Path: tool.Binary.Path, Version: tool.Binary.Version, Problem: tool.Binary.Problem}
			if file.Path == "" {
				file.Problem = "not found"
			}
			found = append(found, Program{Name: name, Views: map[string]ProgramFile{goenv.ToolsView: file}})
		}
	}
	return found
}

// proofs lists the proofs that were asked for, and before them the probes of the kernel.
func proofs(s *facts.Snapshot) []Proof {
	result := []Proof{}
	add := func(proof facts.Proof) {
		tried := Proof{Proof: maskedProof(proof)}
		if proof.Status != facts.Skipped {
			tried.Tries = 1
		}
		if proof.Status == facts.Passed {
			tried.Passed = 1
		}
		if proof.Repeated != nil {
			tried.Tries, tried.Passed = proof.Repeated.Tries, proof.Repeated.Passed
		}
		result = append(result, tried)
	}
	if probes, ok := s.Ptrace.Get(); ok {
		add(probes.Proof())
	}
	for _, name := range facts.ProofNames {
		if proof, ok := s.Proofs[name].Get(); ok {
			add(proof)
		}
	}
	return result
}

// JSON writes the canonical form.
func JSON(w io.Writer, r Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// ReadJSON reads the canonical form back.
func ReadJSON(reader io.Reader) (Report, error) {
	var r Report
	if err := json.NewDecoder(reader).Decode(&r); err != nil {
		return r, fmt.Errorf("reading the report: %w", err)
	}
	if r.Schema != Schema {
		return r, fmt.Errorf("reading the report: its schema is %q, not %q", r.Schema, Schema)
	}
	return r, nil
}
