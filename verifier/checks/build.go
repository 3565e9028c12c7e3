package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

var buildProof = check.Check{
	Code: "DV803", Name: "build-proof", Severity: finding.Error, Scope: "P",
	Summary: "building, vetting or testing a small module fails in a view, or go cannot list or compile the workspace there",
	Needs:   []facts.Need{facts.Builds, facts.GoCommands},
	Run: func(p *check.Pass) {
		builds, ok := p.Builds.Get()
		if !ok {
			p.Skip("%s", p.Builds.Why())
			return
		}
		builds = joined(builds)
		passed := 0
		var skipped string
		well := slices.IndexFunc(builds, func(b facts.Build) bool { return b.Where == "workspace" && b.Status == facts.Passed })
		for _, build := range builds {
			switch build.Status {
			case facts.Passed:
				passed++
			case facts.Skipped:
				if build.Where == "scratch" {
					skipped = fmt.Sprintf("view %s: %s", list(build.Views), build.Error)
				}
			case facts.Broken:
				p.Break("view %s: %s", list(build.Views), build.Error)
			case facts.Fails:
				switch {
				case !build.OwnCode:
					reportBuild(p, build)
				case well >= 0:
					reportDifference(p, build, builds[well])
				default:
					passed++ // that is the code, and no environment mends it
				}
			}
		}
		if passed == 0 && skipped != "" {
			p.Skip("%s", skipped)
		}
	},
}

// joined makes one of the builds that fail with the same words: where the go command stops at once, nothing tells whether
// views that differ in something else share a build, and a finding that repeats another one is not reported.
func joined(builds []facts.Build) []facts.Build {
	var result []facts.Build
	for _, build := range builds {
		same := slices.IndexFunc(result, func(b facts.Build) bool {
			return build.Status == facts.Fails && b.Status == facts.Fails && b.Where == build.Where && b.OwnCode == build.OwnCode &&
				b.Error == build.Error && len(b.Steps) == len(build.Steps)
		})
		if same < 0 {
			result = append(result, build)
			continue
		}
		result[same].Views = slices.Concat(result[same].Views, build.Views)
	}
	return result
}

func reportBuild(p *check.Pass, build facts.Build) {
	step := build.Steps[len(build.Steps)-1].Name
	f := finding.Finding{
		Message:  fmt.Sprintf("go %s fails in view %s: %s", step, list(build.Views), build.Error),
		Evidence: map[string]string{"views": list(build.Views), "go": build.Go, "GOROOT": build.Goroot, "output": build.Output},
		Upstream: []string{build.Error},
		Cause:    "the go command's own words, from a module that uses nothing but the standard library",
		Fixes:    []finding.Fix{{Message: "see who set what in these views", Safe: true, Commands: []string{"dcverify env"}}},
	}
	if build.Where == "workspace" {
		f.Message = fmt.Sprintf("go cannot %s the workspace's packages (view %s): %s", step, list(build.Views), build.Error)
		f.Cause = "the workspace's go.mod, go.work or vendor folder and this environment do not fit each other"
		f.Location = placeInWorkspace(build.Error, p.Workspace.Folder)
	}
	if tooOldGo(build.Error) {
		f.Cause, f.Fixes = tooOldGoCause, []finding.Fix{{Message: tooOldGoFix}}
		if value := p.View(build.Views[0]).Lookup("GOTOOLCHAIN"); value.Set {
			f.Cause += "; GOTOOLCHAIN is set by " + said(value.Origin)
		}
	}
	if cause, fix, ok := exhausted(build.Error); ok {
		f.Cause, f.Fixes = cause, []finding.Fix{fix}
	}
	if value, declared := p.View(build.Views[0]).Goroot(); declared && strings.Contains(build.Error, "go tool version") {
		f.Cause = "GOROOT and the go command are of different releases; GOROOT is set by " + said(value.Origin)
		f.Location = value.Origin.Place
		f.Fixes = []finding.Fix{removeGoroot(value.Origin)}
	}
	p.Report(f, build.Where, step, build.Error)
}

// tooOldGo knows go's words for a go.mod that asks for a newer Go than the one that may be used.
func tooOldGo(reason string) bool { return strings.Contains(reason, "requires go >= ") }

const (
	tooOldGoCause = "go.mod or go.work asks for a newer Go than the container has, and GOTOOLCHAIN forbids to switch to one, as the official images set it"
	tooOldGoFix   = "raise the Go of the image or of the feature, or set GOTOOLCHAIN to auto, which downloads one"
)

// reportDifference reports that go finds fault with the workspace's code in some views and not in others: then it is not the code.
func reportDifference(p *check.Pass, build, well facts.Build) {
	p.Report(finding.Finding{
		Location: placeInWorkspace(build.Error, p.Workspace.Folder),
		Message:  fmt.Sprintf("the workspace's code compiles in view %s, and not in view %s: %s", list(well.Views), list(build.Views), build.Error),
		Cause:    fmt.Sprintf("the code is the same: the environments are not (%s against %s)", build.Go+goroot(build), well.Go+goroot(well)),
		Evidence: map[string]string{"views": list(build.Views), "go": build.Go, "GOROOT": build.Goroot, "output": build.Output},
		Upstream: []string{build.Error},
		Fixes:    []finding.Fix{{Message: "see who set what in these views: GOFLAGS, GOOS, GOARCH, CGO_ENABLED and the release of go decide which files are built", Safe: true, Commands: []string{"dcverify env"}}},
	}, build.Where, build.Error)
}

func goroot(build facts.Build) string {
	if build.Goroot == "" {
		return ""
	}
	return " with GOROOT " + build.Goroot
}

var viewUnknown = check.Check{
	Code: "DV904", Name: "view-unknown", Severity: finding.Info, Scope: "C",
	Summary: "a view's environment, or a file that decides about it, could not be read, and why",
	Needs:   []facts.Need{facts.Environment},
	Run: func(p *check.Pass) {
		unknown := newGroups()
		for _, view := range p.Views {
			if view.Unknown != "" {
				unknown.add(view.Unknown, view.Name)
			}
		}
		for why, views := range unknown.all() {
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("view %s is not known: %s", list(views), why),
				Cause:    "what is not known is not judged, and not counted as passed",
				Evidence: map[string]string{"views": list(views)},
				Fixes:    []finding.Fix{unknownFix(views[0])},
			}, views...)
		}
		for _, problem := range p.Problems {
			p.Report(finding.Finding{
				Location: placeIn(problem),
				Message:  "not everything could be understood: " + problem,
				Cause:    "what is written there was not taken into account",
				Fixes:    []finding.Fix{{Message: "mend it", Safe: true}},
			}, problem)
		}
	},
}

func unknownFix(view string) finding.Fix {
	switch view {
	case goenv.ContainerView:
		return finding.Fix{Message: "run dcverify as root once, or bring the container up with a dev container tool", Safe: true}
	case goenv.ImageView:
		return finding.Fix{Message: "add the dcverify feature to the dev container", Safe: true}
	case goenv.LoginView:
		return finding.Fix{Message: "mend the shell's start-up files: they must end, and must not exit", Safe: true}
	}
	return finding.Fix{Message: "download the toolchain", Safe: true, Commands: []string{"dcverify run --online"}}
}

var proofInconclusive = check.Check{
	Code: "DV905", Name: "proof-inconclusive", Severity: finding.Warning, Scope: "P",
	Summary: "a proof came to no verdict in time or was interrupted; never counted as passed",
	Needs:   []facts.Need{facts.Environment},
	Run: func(p *check.Pass) {
		report := func(what, why string) {
			f := finding.Finding{
				Message:  fmt.Sprintf("%s came to no verdict: %s", what, why),
				Cause:    "it ran out of time, was interrupted, or dcverify's own part of it failed",
				Fixes:    []finding.Fix{{Message: "run it again with more time", Safe: true, Commands: []string{"dcverify run --timeout 15m"}}},
				Evidence: map[string]string{"proof": what},
			}
			if cause, fix, ok := exhausted(why); ok {
				f.Cause, f.Fixes = cause, []finding.Fix{fix}
			}
			p.Report(f, what)
		}
		for _, name := range facts.ProofNames {
			if proof, ok := p.Proofs[name].Get(); ok && proof.Status == facts.Broken {
				report(name, proof.Reason)
			}
		}
		if p.Ptrace.IsFailed() {
			report("ptrace", p.Ptrace.Why())
		}
		builds, _ := p.Builds.Get()
		for _, build := range builds {
			if build.Status == facts.Broken {
				report("build in view "+list(build.Views), build.Error)
			}
		}
	},
}
