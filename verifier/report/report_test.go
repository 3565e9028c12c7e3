package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/program"
	"github.com/dcverify/dcverify/verifier/source"
)

var update = flag.Bool("update", false, "rewrite the golden reports in testdata")

// cleanRun is a container in which all is well.
func cleanRun() Run {
	layers := []goenv.Layer{
		{Kind: goenv.Default, Set: map[string]string{"GOROOT": "/usr/local/go", "GOTOOLCHAIN": "auto"}},
		{Kind: goenv.Image, Set: map[string]string{"PATH": "/go/bin:/usr/local/go/bin:/usr/bin", "GOPATH": "/go"}},
	}
	s := &facts.Snapshot{
		Target: facts.Target{Kind: "container", Name: "shop", ID: "4f1c"},
		System: facts.System{OS: "linux", Arch: "amd64", UID: 1000, User: "vscode"},
		Go:     map[string]facts.Part[facts.GoCommand]{},
		Tools: map[string]facts.Part[facts.Tool]{
			"dlv": facts.Known(facts.Tool{Binary: program.File{Path: "/go/bin/dlv", Version: "v1.27.2"}}),
		},
		Proofs: map[string]facts.Part[facts.Proof]{
			facts.LaunchProof: facts.Known(facts.Proof{
				Name: facts.LaunchProof, View: goenv.ToolsView, Status: facts.Passed,
				Tool:  facts.ProofTool{Path: "/go/bin/dlv", Version: "1.27.2"},
				Steps: []facts.Step{{Name: "start", Ms: 12}, {Name: "breakpoint", Ms: 30, Detail: "main.work"}},
			}),
			facts.AttachProof: facts.Known(facts.Proof{
				Name: facts.AttachProof, View: goenv.ToolsView, Status: facts.Passed,
				Tool: facts.ProofTool{Path: "/usr/local/bin/dcverify", Linked: true}, Steps: []facts.Step{{Name: "attach", Ms: 8}},
			}),
		},
	}
	for _, name := range []string{goenv.ContainerView, goenv.RemoteView, goenv.TerminalView, goenv.ToolsView} {
		s.Views = append(s.Views, goenv.View{Name: name, Layers: layers})
		s.Go[name] = facts.Known(facts.GoCommand{Binary: program.File{Path: "/usr/local/go/bin/go", GoVersion: "go1.26.8"}})
	}
	return Run{
		Version:  "0.1.0",
		Started:  time.Date(2026, 3, 4, 5, 6, 7, 8_900_000, time.FixedZone("", 3600)),
		Duration: 2149 * time.Millisecond,
		Snapshot: s,
		Outcomes: []check.Outcome{
			{Code: "DV101", Name: "go-runs", Status: facts.Passed, DurationMs: 1},
			{Code: "DV803", Name: "build-proof", Status: facts.Passed},
		},
		FailOn: FailOnError,
	}
}

func sealed(f finding.Finding) finding.Finding {
	f.Seal(f.Message)
	return f
}

// gorootError is a finding with everything that one can have.
func gorootError() finding.Finding {
	return sealed(finding.Finding{
		Code: "DV104", Name: "goroot-consistent", Severity: finding.Error,
		Message:  "GOROOT is set to different values: the image sets /usr/local/go (view container), remoteEnv sets /opt/go1.25.9 (view remote, terminal, tools)",
		Location: source.Place{File: ".devcontainer/devcontainer.json", Line: 7, Column: 5, EndLine: 7, EndColumn: 31},
		Related: []finding.Related{
			{Message: "sets /usr/local/go", Location: source.Place{File: ".devcontainer/Dockerfile", Line: 3, Column: 5}},
			{Message: "a place that nobody knows is not shown"},
		},
		Evidence: map[string]string{"view": "remote", "go": "go1.25.9 <&>"},
		Cause:    "remoteEnv pins one Go while the image has another",
		Fixes: []finding.Fix{
			{Message: "remove GOROOT from .devcontainer/devcontainer.json:7:5", Safe: true},
			{Message: "drop the line", Commands: []string{"sed -i '/^GOROOT=/d' ~/.config/go/env", "first\nsecond"}},
		},
		Upstream: []string{`compile: version "go1.26.8" does not match go tool version "go1.25.9"`},
	})
}

func withGoroot(r Run) Run {
	for i, view := range r.Snapshot.Views {
		if view.Name != goenv.ContainerView {
			r.Snapshot.Views[i].Layers = append(view.Layers[:2:2], goenv.Layer{
				Kind: goenv.RemoteEnv, Set: map[string]string{"GOROOT": "/opt/go1.25.9"},
				Places: map[string]source.Place{"GOROOT": {File: ".devcontainer/devcontainer.json", Line: 7, Column: 5}},
			})
		}
	}
	return r
}

// runs are the runs whose reports are kept in testdata.
var runs = map[string]func() Run{
	"clean": cleanRun,
	"error": func() Run {
		r := withGoroot(cleanRun())
		r.Outcomes = []check.Outcome{
			{Code: "DV104", Name: "goroot-consistent", Status: facts.Fails},
			{Code: "DV101", Name: "go-runs", Status: facts.Passed},
			{Code: "DV110", Name: "go-env-file", Status: facts.Skipped, Reason: "/home/vscode/.config/go/env does not exist"},
		}
		r.Findings = []finding.Finding{gorootError()}
		return r
	},
	"warning": func() Run {
		r := cleanRun()
		r.FailOn = FailOnWarning
		r.Outcomes = []check.Outcome{{Code: "DV108", Name: "gobin-on-path", Status: facts.Warned}, {Code: "DV107", Name: "goroot-redundant", Status: facts.Passed}}
		r.Findings = []finding.Finding{
			sealed(finding.Finding{Code: "DV108", Name: "gobin-on-path", Severity: finding.Warning, Message: "what `go install` makes is not on PATH", Fixes: []finding.Fix{{Message: "add /go/bin to PATH"}}}),
			sealed(finding.Finding{Code: "DV107", Name: "goroot-redundant", Severity: finding.Info, Message: "GOROOT says what go knows anyway"}),
		}
		return r
	},
	"incomplete": func() Run {
		r := cleanRun()
		r.Snapshot.Proofs = map[string]facts.Part[facts.Proof]{
			facts.LaunchProof: facts.Known(facts.Proof{Name: facts.LaunchProof, Status: facts.Broken, Reason: "no answer within 30s", Output: "API server listening"}),
			facts.AttachProof: facts.Absent[facts.Proof]("no selected check needs it"),
		}
		r.Outcomes = []check.Outcome{
			{Code: "DV604", Name: "delve-launch", Status: facts.Broken, Reason: "no answer within 30s"},
			{Code: "DV803", Name: "build-proof", Status: facts.Broken, Reason: "bug in DV803: line\n\tof a stack"},
		}
		r.Interrupted = "the time of 2s ran out"
		return r
	},
	"unknown-views": func() Run {
		r := cleanRun()
		for i, name := range []string{goenv.ContainerView, goenv.RemoteView, goenv.TerminalView, goenv.ToolsView} {
			if i != 1 {
				r.Snapshot.Views[i] = goenv.View{Name: name, Unknown: "user vscode may not read the environment of PID 1"}
				r.Snapshot.Go[name] = facts.Absent[facts.GoCommand]("user vscode may not read the environment of PID 1")
			}
		}
		r.Snapshot.Go[goenv.RemoteView] = facts.Absent[facts.GoCommand]("no go in PATH=/usr/bin")
		r.Snapshot.Tools["dlv"] = facts.Known(facts.Tool{Searched: []string{"/usr/bin"}})
		r.Snapshot.Proofs = nil
		r.Outcomes = r.Outcomes[:1]
		return r
	},
	"image": func() Run {
		r := cleanRun()
		r.Snapshot.Target = facts.Target{Kind: "image", Name: "golang:1.26", ID: "sha256:1"}
		r.Snapshot.System = facts.System{}
		r.Snapshot.Views = []goenv.View{{Name: goenv.ImageView, Layers: r.Snapshot.Views[0].Layers}}
		r.Snapshot.Go = map[string]facts.Part[facts.GoCommand]{goenv.ImageView: r.Snapshot.Go[goenv.RemoteView]}
		r.Snapshot.Proofs = nil
		r.Duration = 40 * time.Millisecond
		return r
	},
	// Files alone: values that a table says, others that are known in part or not at all, and nothing was run.
	"workspace": func() Run {
		const table = "docker-library/golang, 2026-07-01"
		at := func(file string, line int) map[string]source.Place {
			place := source.Place{File: file, Line: line, Column: 5}
			return map[string]source.Place{"GOROOT": place, "GOPATH": place, "PATH": place, "GOPROXY": place}
		}
		r := cleanRun()
		image := []goenv.Layer{
			{Kind: goenv.Default, Set: map[string]string{"GOTOOLCHAIN": "auto"}},
			{Kind: goenv.Image, Name: "golang:1.25", Assumed: table, Set: map[string]string{"PATH": "/go/bin:/usr/local/go/bin:/usr/bin", "GOPATH": "/go", "GOTOOLCHAIN": "local"}},
			{Kind: goenv.Feature, Name: "ghcr.io/devcontainers/features/go:1", Set: map[string]string{"GOROOT": "/usr/local/go"}, Places: at(".devcontainer/devcontainer.json", 4)},
		}
		remote := append(image[:3:3], goenv.Layer{
			Kind: goenv.RemoteEnv, Places: at(".devcontainer/devcontainer.json", 9),
			Set: map[string]string{"PATH": "/x:${localEnv:PATH}", "GOPATH": "/home/dev/go"}, Unknown: map[string]string{"PATH": "PATH is of the host", "GOPROXY": "PROXY is of the host"},
		})
		r.Snapshot = &facts.Snapshot{
			Target: facts.Target{Kind: "workspace", Name: "shop"},
			Views: []goenv.View{
				{Name: goenv.ImageView, Layers: image},
				{Name: goenv.ContainerView, Layers: image},
				{Name: goenv.LoginView, Unknown: "no shell is run"},
				{Name: goenv.RemoteView, Layers: remote},
			},
			Go: map[string]facts.Part[facts.GoCommand]{goenv.RemoteView: facts.Absent[facts.GoCommand]("nothing is run")},
		}
		r.Outcomes = r.Outcomes[:1]
		return r
	},
	// An image that nobody has: nothing is known, and it is said once.
	"unknown-base": func() Run {
		const away = "the configuration of registry.example/base:1 is not at hand"
		r := cleanRun()
		unseen := []goenv.Layer{{Kind: goenv.Image, Unknown: map[string]string{"GOROOT": away, "GOPATH": away}}}
		r.Snapshot = &facts.Snapshot{
			Target: facts.Target{Kind: "workspace", Name: "shop"},
			Views:  []goenv.View{{Name: goenv.ImageView, Layers: unseen}, {Name: goenv.RemoteView, Layers: unseen}},
		}
		r.Outcomes = r.Outcomes[:1]
		for i := range 12 {
			r.Outcomes = append(r.Outcomes, check.Outcome{Code: fmt.Sprintf("DV5%02d", i), Status: facts.Skipped, Reason: away})
		}
		r.Outcomes = append(r.Outcomes,
			check.Outcome{Code: "DV704", Status: facts.Skipped, Reason: "there is no Go to be edited"},
			check.Outcome{Code: "DV801", Status: facts.Broken, Reason: away})
		return r
	},
	"long": func() Run {
		r := cleanRun()
		flags := strings.TrimSpace(strings.Repeat("-tags=ä ", 400)) + " end"
		r.Snapshot.Views[1].Layers = append(r.Snapshot.Views[1].Layers[:2:2], goenv.Layer{Kind: goenv.RemoteEnv, Set: map[string]string{"GOFLAGS": flags}})
		r.Snapshot.Target.Name = strings.Repeat("n", 200)
		r.Outcomes = []check.Outcome{{Code: "DV101", Name: "go-runs", Status: facts.Fails}}
		r.Findings = []finding.Finding{sealed(finding.Finding{
			Code: "DV101", Name: "go-runs", Severity: finding.Error,
			Message: "a word that fits nowhere: " + strings.Repeat("w", 150) + " and " + strings.Repeat("many words ", 40),
			Fixes:   []finding.Fix{{Message: "x", Commands: []string{"export GOFLAGS=" + strings.Repeat("y", 200)}}}, // never wrapped: people paste it
		})}
		return r
	},
	"control-characters": func() Run {
		const evil = "a\x1b[2Jb\u009bc\nd\te\u202ef\x00\xff"
		r := withGoroot(cleanRun())
		r.Version = "0.1.0"
		r.Snapshot.Target.Name, r.Snapshot.System.User = evil, evil
		layers := r.Snapshot.Views[1].Layers
		layers[2].Set["GOROOT"], layers[2].Set["GOFLAGS"] = evil, evil
		layers[2].Places["GOROOT"] = source.Place{File: evil, Line: 1}
		r.Snapshot.Views[2] = goenv.View{Name: goenv.TerminalView, Unknown: evil}
		r.Snapshot.Tools["dlv"] = facts.Known(facts.Tool{Binary: program.File{Path: evil, Version: evil}})
		r.Snapshot.Proofs[facts.LaunchProof] = facts.Known(facts.Proof{
			Name: facts.LaunchProof, Status: facts.Passed, Tool: facts.ProofTool{Path: evil, Version: evil}, Steps: []facts.Step{{Name: "start", Detail: evil}},
		})
		f := gorootError()
		f.Message, f.Cause, f.Location.File = evil, evil, evil
		f.Related = []finding.Related{{Message: evil, Location: source.Place{File: evil}}}
		f.Fixes = []finding.Fix{{Message: evil, Commands: []string{evil}}}
		r.Findings = []finding.Finding{f}
		r.Outcomes = []check.Outcome{{Code: "DV104", Name: "goroot-consistent", Status: facts.Fails}, {Code: "DV110", Name: "x", Status: facts.Skipped, Reason: evil}}
		return r
	},
}

func textOf(t *testing.T, r Report, options TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := Text(&b, r, options); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func environmentOf(t *testing.T, r Report) string {
	t.Helper()
	var b strings.Builder
	if err := EnvironmentText(&b, r.Environment, true); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func jsonOf(t *testing.T, r Report) string {
	t.Helper()
	var b strings.Builder
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden compares with a file of testdata. On a build server nothing is rewritten, or every test would pass there.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if os.Getenv("CI") != "" {
			t.Fatal("-update is for people: golden files are never rewritten where CI is set")
		}
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./verifier/report -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got (go test ./verifier/report -update accepts it):\n%s", path, diff)
	}
}

func TestGolden(t *testing.T) {
	for name, run := range runs {
		t.Run(name, func(t *testing.T) {
			r := New(run())
			golden(t, name+".txt", textOf(t, r, TextOptions{}))
			if name != "long" && name != "control-characters" { // nobody could read what they hold
				golden(t, name+".json", jsonOf(t, r))
			}
		})
	}
	for _, name := range []string{"error", "unknown-views", "unknown-base", "workspace", "control-characters"} {
		golden(t, name+"-environment.txt", environmentOf(t, New(runs[name]())))
	}
	r := New(runs["error"]())
	golden(t, "error-color.txt", textOf(t, r, TextOptions{Color: true}))
	golden(t, "error-quiet.txt", textOf(t, r, TextOptions{Quiet: true}))
	golden(t, "error-narrow.txt", textOf(t, r, TextOptions{Width: 1}))
	golden(t, "error-wide.txt", textOf(t, r, TextOptions{Width: 1000}))
}

// Of the layer table only what somebody declared is shown, unless all is asked for; a name that was asked for is answered
// also when nobody sets it.
func TestEnvironmentText(t *testing.T) {
	r := New(runs["error"]())
	var b strings.Builder
	if err := EnvironmentText(&b, append(r.Environment, Variable{Name: "GOFLAGS"}), false); err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(b.String()) {
		if !strings.HasPrefix(line, " ") {
			names = append(names, strings.TrimSpace(line))
		}
	}
	if diff := cmp.Diff([]string{"GOROOT", "GOPATH", "PATH"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	b.Reset()
	if err := EnvironmentText(&b, []Variable{{Name: "GOFLAGS"}}, true); err != nil || b.String() != "GOFLAGS\n  nobody sets it\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

// The table shows GOROOT always, and of the others those about which the views do not agree.
func TestAgree(t *testing.T) {
	value := func(layer, effective string) Value {
		v := Value{Effective: effective}
		if layer != "" {
			v.Origin = &Origin{Layer: layer}
		}
		return v
	}
	for name, test := range map[string]struct {
		views []Value
		want  bool
	}{
		"all the same":              {[]Value{value(goenv.Image, "/go"), value(goenv.RemoteEnv, "/go")}, true},
		"another":                   {[]Value{value(goenv.Image, "/go"), value(goenv.RemoteEnv, "/x")}, false},
		"against a default":         {[]Value{value(goenv.Default, "/home/x/go"), value(goenv.RemoteEnv, "/x")}, false},
		"what the default is":       {[]Value{value(goenv.Default, "/go"), value(goenv.RemoteEnv, "/go")}, true},
		"go alone":                  {[]Value{value(goenv.Default, "a"), value(goenv.Default, "b"), value(goenv.Extension, "c")}, true},
		"go.env alone":              {[]Value{value("", ""), value(goenv.GorootEnv, "a"), value(goenv.Extension, "a")}, true}, // the image knows no defaults
		"set in one, nothing else":  {[]Value{value("", ""), value(goenv.RemoteEnv, "-mod=vendor")}, false},
		"the other view is unknown": {[]Value{{Unknown: "why"}, value(goenv.RemoteEnv, "-mod=vendor")}, true},
	} {
		v := Variable{Views: map[string]Value{}}
		for i, value := range test.views {
			v.Views[goenv.Views[i]] = value
		}
		if got := agree(v); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A saved report says exactly what the run said.
func TestThroughJSON(t *testing.T) {
	for name, run := range runs {
		t.Run(name, func(t *testing.T) {
			direct := New(run())
			first := jsonOf(t, direct)
			saved, err := ReadJSON(strings.NewReader(first))
			if err != nil {
				t.Fatal(err)
			}
			if name != "control-characters" { // bytes that are no text are replaced once they become JSON
				if diff := cmp.Diff(first, jsonOf(t, saved)); diff != "" {
					t.Errorf("JSON, -direct +saved:\n%s", diff)
				}
				if diff := cmp.Diff(direct, saved); diff != "" {
					t.Errorf("-direct +saved:\n%s", diff)
				}
			}
			for _, options := range []TextOptions{{}, {Color: true}, {Quiet: true}, {Width: 60}} {
				if diff := cmp.Diff(textOf(t, direct, options), textOf(t, saved, options)); diff != "" {
					t.Errorf("text with %+v, -direct +saved:\n%s", options, diff)
				}
			}
			if diff := cmp.Diff(environmentOf(t, direct), environmentOf(t, saved)); diff != "" {
				t.Errorf("environment, -direct +saved:\n%s", diff)
			}
		})
	}
}

// Colour changes no word, and without it no control character of the container reaches the terminal.
func TestColor(t *testing.T) {
	for name, run := range runs {
		t.Run(name, func(t *testing.T) {
			r := New(run())
			plain, colored := textOf(t, r, TextOptions{}), textOf(t, r, TextOptions{Color: true})
			if strings.ContainsFunc(plain+environmentOf(t, r)+Line(r), func(c rune) bool { return c < ' ' && c != '\n' || c == 0x9b || c == 0x202e }) {
				t.Errorf("control characters in %q", plain)
			}
			if colored == plain {
				t.Error("there is no colour")
			}
			for _, code := range []string{red, yellow, green, cyan, dim, "0"} {
				colored = strings.ReplaceAll(colored, "\x1b["+code+"m", "")
			}
			if diff := cmp.Diff(plain, colored); diff != "" {
				t.Errorf("-plain +coloured:\n%s", diff)
			}
		})
	}
}

// The contract's table of exit statuses, with what it says about several at once.
func TestVerdict(t *testing.T) {
	type result struct {
		verdict Verdict
		exit    int
	}
	passed, warned, failed, broken := facts.Passed, facts.Warned, facts.Fails, facts.Broken
	for _, test := range []struct {
		outcomes                []facts.Status
		interrupted             bool
		onError, warning, never result
	}{
		{[]facts.Status{}, false, result{Passed, 0}, result{Passed, 0}, result{Passed, 0}},
		{[]facts.Status{passed, facts.Skipped}, false, result{Passed, 0}, result{Passed, 0}, result{Passed, 0}},
		{[]facts.Status{facts.Skipped, facts.Skipped}, false, result{Incomplete, 4}, result{Incomplete, 4}, result{Incomplete, 4}},
		{[]facts.Status{passed, warned}, false, result{Warned, 0}, result{Warned, 2}, result{Warned, 0}},
		{[]facts.Status{passed, failed}, false, result{Failed, 1}, result{Failed, 1}, result{Failed, 0}},
		{[]facts.Status{warned, failed}, false, result{Failed, 1}, result{Failed, 1}, result{Failed, 0}},
		{[]facts.Status{passed, broken}, false, result{Incomplete, 4}, result{Incomplete, 4}, result{Incomplete, 4}},
		{[]facts.Status{warned, broken}, false, result{Incomplete, 4}, result{Incomplete, 4}, result{Incomplete, 4}},
		{[]facts.Status{failed, broken}, false, result{Failed, 1}, result{Failed, 1}, result{Failed, 0}},
		{[]facts.Status{passed}, true, result{Incomplete, 4}, result{Incomplete, 4}, result{Incomplete, 4}},
		{[]facts.Status{warned}, true, result{Incomplete, 4}, result{Incomplete, 4}, result{Incomplete, 4}},
		{[]facts.Status{failed}, true, result{Failed, 4}, result{Failed, 4}, result{Failed, 4}},
	} {
		for failOn, want := range map[FailOn]result{FailOnError: test.onError, FailOnWarning: test.warning, FailOnNever: test.never} {
			t.Run(fmt.Sprint(test.outcomes, " interrupted ", test.interrupted, " fail-on ", failOn), func(t *testing.T) {
				run := Run{Snapshot: &facts.Snapshot{}, FailOn: failOn}
				if test.interrupted {
					run.Interrupted = "context canceled"
				}
				for i, status := range test.outcomes {
					code := fmt.Sprintf("DV%d", i)
					run.Outcomes = append(run.Outcomes, check.Outcome{Code: code, Status: status})
					switch status {
					case failed:
						run.Findings = append(run.Findings, sealed(finding.Finding{Code: code, Severity: finding.Error}))
					case warned:
						run.Findings = append(run.Findings, sealed(finding.Finding{Code: code, Severity: finding.Warning}))
					}
				}
				r := New(run)
				if got := (result{r.Verdict, r.ExitStatus}); got != want {
					t.Errorf("got %v, want %v", got, want)
				}
				if got := strings.ToLower(Line(r)); !strings.HasPrefix(got, string(want.verdict)) {
					t.Errorf("the last line is %q", got)
				}
			})
		}
	}
}

// What only informs changes no verdict.
func TestVerdictOfInformation(t *testing.T) {
	r := New(Run{Snapshot: &facts.Snapshot{}, FailOn: FailOnWarning, Findings: []finding.Finding{sealed(finding.Finding{Severity: finding.Info})}})
	if r.Verdict != Passed || r.ExitStatus != 0 {
		t.Errorf("%s, %d", r.Verdict, r.ExitStatus)
	}
}

func TestLine(t *testing.T) {
	for name, want := range map[string]string{
		"clean":         "PASSED: go builds in every view, the debugger launches, the debugger attaches",
		"unknown-views": "PASSED",
		"image":         "PASSED: the image is fit for Go",
		"workspace":     "PASSED: the files declare nothing that is known to break Go (nothing was run)",
		"error":         "FAILED: 1 check (DV104)",
		"warning":       "WARNED: 1 check (DV108)",
		"incomplete":    "INCOMPLETE: the time of 2s ran out",
	} {
		if got := Line(New(runs[name]())); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	r := Report{Verdict: Failed, Findings: []finding.Finding{{Code: "DV2", Severity: finding.Error}, {Code: "DV1", Severity: finding.Error}, {Code: "DV2", Severity: finding.Error}, {Code: "DV0", Severity: finding.Warning}}}
	if got, want := Line(r), "FAILED: 2 checks (DV1 DV2)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSummary(t *testing.T) {
	run := cleanRun()
	run.Outcomes = nil
	for _, status := range []facts.Status{facts.Passed, facts.Warned, facts.Warned, facts.Fails, facts.Skipped, facts.Broken, facts.Broken, facts.Broken} {
		run.Outcomes = append(run.Outcomes, check.Outcome{Status: status})
	}
	if diff := cmp.Diff(Summary{Passed: 1, Warned: 2, Failed: 1, Skipped: 1, Broken: 3}, New(run).Summary); diff != "" {
		t.Error(diff)
	}
}

// Readers of the JSON count on lists where the contract has lists, also when there is nothing in them.
func TestEmptyLists(t *testing.T) {
	text := jsonOf(t, New(Run{Snapshot: &facts.Snapshot{Proofs: map[string]facts.Part[facts.Proof]{facts.LaunchProof: facts.Known(facts.Proof{})}}}))
	if strings.Contains(text, "null") {
		t.Errorf("null in\n%s", text)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"environment", "programs", "outcomes", "proofs", "findings"} {
		if _, ok := members[name].([]any); !ok {
			t.Errorf("%s is %#v", name, members[name])
		}
	}
}

func TestReadJSONRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                                 "reading the report: EOF",
		`{`:                                "reading the report: unexpected EOF",
		`{}`:                               `reading the report: its schema is "", not "dcverify/report/v1"`,
		`{"schema": "dcverify/report/v2"}`: `reading the report: its schema is "dcverify/report/v2", not "dcverify/report/v1"`,
		`[]`:                               "reading the report: json: cannot unmarshal array",
	} {
		if _, err := ReadJSON(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"https://proxy.golang.org":      "https://proxy.golang.org",
		"https://user:pass@host/x":      "https://***@host/x",
		"https://token@host":            "https://***@host",
		"https://u:p@ss@host/x":         "https://***@host/x", // the password holds one
		"https://u:1@a,https://u:2@b|c": "https://***@a,https://***@b|c",
		"go: Get \"https://u:p@host/golang.org/x/mod/@v/list\": denied": "go: Get \"https://***@host/golang.org/x/mod/@v/list\": denied",
		"https://host/a/@v/list":                        "https://host/a/@v/list",
		"https://host?mail=a@b.example":                 "https://host?mail=a@b.example",
		"golang.org/toolchain@v0.0.1-go1.26.8":          "golang.org/toolchain@v0.0.1-go1.26.8",
		"see https://host and a@b":                      "see https://host and a@b",
		"git@github.com:x/y":                            "git@github.com:x/y",
		"https://host/x?access_token=abc&y=1":           "https://host/x?access_token=***&y=1",
		"-ldflags=-X=main.apiKey=abc,-s":                "-ldflags=-X=main.apiKey=***,-s",
		"GOAUTH git ghp_0123456789abcdefghijABCDEFGHIJ": "GOAUTH git ***",
	} {
		if got := mask(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

// A password that the container has in a URL gets into no report, whatever quotes it.
func TestNoCredentialsAnywhere(t *testing.T) {
	const secret = "hunter2"
	const url = "https://someone:" + secret + "@proxy.corp/go"
	r := withGoroot(cleanRun())
	for i := range r.Snapshot.Views[1:] {
		r.Snapshot.Views[i].Layers = append(r.Snapshot.Views[i].Layers,
			goenv.Layer{Kind: goenv.UserEnvFile, Set: map[string]string{"GOPROXY": url + ",direct"}},
			goenv.Layer{Kind: goenv.ContainerEnv, Set: map[string]string{"GOPROXY": url + "|" + url}},
			goenv.Layer{Kind: goenv.RemoteEnv, Set: map[string]string{"GOPROXY": url}})
	}
	r.Snapshot.Views[3] = goenv.View{Name: goenv.ToolsView, Unknown: "failed: " + url}
	r.Snapshot.Go[goenv.RemoteView] = facts.Failed[facts.GoCommand]("failed: " + url)
	r.Snapshot.Proofs[facts.LaunchProof] = facts.Known(facts.Proof{
		Name: facts.LaunchProof, Status: facts.Fails, Reason: url, Output: url, Steps: []facts.Step{{Name: "x", Detail: url}},
	})
	f := gorootError()
	f.Message, f.Cause, f.Evidence, f.Upstream = url, url, map[string]string{"GOPROXY": url}, []string{url}
	f.Related = []finding.Related{{Message: url, Location: source.Place{File: "f"}}}
	f.Fixes = []finding.Fix{{Message: url, Commands: []string{"go env -w GOPROXY=" + url}}}
	r.Findings = []finding.Finding{f}
	r.Outcomes = []check.Outcome{{Code: "DV104", Status: facts.Fails}, {Code: "DV1", Status: facts.Broken, Reason: url}, {Code: "DV2", Status: facts.Skipped, Reason: url}}
	before, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}

	report := New(r)
	text := jsonOf(t, report) + textOf(t, report, TextOptions{}) + environmentOf(t, report)
	for line := range strings.Lines(text) {
		if strings.Contains(line, secret) {
			t.Errorf("%s", strings.TrimSpace(line))
		}
	}
	if !strings.Contains(text, "https://***@proxy.corp/go") {
		t.Error("the rest of the URL is gone too")
	}
	if after, err := json.Marshal(r); err != nil || !bytes.Equal(before, after) {
		t.Errorf("masking changed the run: %v", err)
	}
}

// A reader that goes away ends the writing with its error.
func TestTextWriteError(t *testing.T) {
	if err := Text(closed{}, New(cleanRun()), TextOptions{}); err != errClosed {
		t.Errorf("error %v", err)
	}
	if err := JSON(closed{}, New(cleanRun())); err != errClosed {
		t.Errorf("error %v", err)
	}
}

type closed struct{}

var errClosed = fmt.Errorf("closed")

func (closed) Write([]byte) (int, error) { return 0, errClosed }

// TestNobodySetsAnything wants words even where there is nothing to show.
func TestNobodySetsAnything(t *testing.T) {
	var b strings.Builder
	if err := EnvironmentText(&b, []Variable{{Name: "GOROOT", Views: map[string]Value{goenv.RemoteView: {Unknown: "x"}}}}, false); err != nil {
		t.Fatal(err)
	}
	if want := "nobody is seen to set a variable of Go's, or PATH\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
