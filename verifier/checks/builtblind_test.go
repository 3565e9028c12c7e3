package checks

import (
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// A program that nobody could debug is no fault of dlv.
func TestBuiltBlind(t *testing.T) {
	for _, test := range []struct {
		set       map[string]string
		step, fix string // no fix: another cause
	}{
		{map[string]string{"GOFLAGS": "-ldflags=-s"}, "locals", "take -s and -w out of GOFLAGS"},
		{map[string]string{"GOFLAGS": "'-ldflags=all=-X a=b -w' -v"}, "stack", "take -s and -w out of GOFLAGS"},
		{map[string]string{"GOFLAGS": "-trimpath"}, "breakpoint", "take -trimpath out of GOFLAGS"},
		{map[string]string{"GOFLAGS": "-trimpath=false"}, "breakpoint", ""},
		{map[string]string{"GOFLAGS": "-trimpath"}, "locals", ""},
		{map[string]string{"GOFLAGS": "-ldflags=-s"}, "connect", ""},
		{map[string]string{"GOARCH": "arm64"}, "stop", "set GOARCH nowhere"},
		{map[string]string{"GOARCH": "amd64"}, "stop", ""},
		{nil, "locals", ""},
	} {
		p := &check.Pass{Snapshot: &facts.Snapshot{
			System: facts.System{Arch: "amd64"},
			Views:  []goenv.View{{Name: goenv.ToolsView, Layers: []goenv.Layer{{Kind: goenv.ContainerEnv, Set: test.set}}}},
		}}
		_, fix, ok := builtBlind(p, test.step)
		if ok != (test.fix != "") || !strings.HasPrefix(fix, test.fix) {
			t.Errorf("%v, step %s: %q", test.set, test.step, fix)
		}
		if cause, fix := whyProofFailed(p, test.step, "no debug information present in binary"); ok && (!strings.HasPrefix(fix, test.fix) || cause == "") {
			t.Errorf("%v, step %s: %q, %q", test.set, test.step, cause, fix)
		}
	}
}

func TestWhyNothingBuilds(t *testing.T) {
	p := &check.Pass{Snapshot: &facts.Snapshot{}}
	for reason, want := range map[string]string{
		"go: go.mod requires go >= 1.27.5 (running go 1.26.8; GOTOOLCHAIN=local)": "raise the Go of the image or of the feature",
		"main.go:1:1: expected 'package'":                                         "mend the build first (DV803)",
	} {
		if _, fix := whyProofFailed(p, "build", reason); !strings.HasPrefix(fix, want) {
			t.Errorf("%s: %q, want %q", reason, fix, want)
		}
	}
}

// What `go install` brings is not what the extension starts where a setting names another.
func TestInstallDelve(t *testing.T) {
	for why, want := range map[string]string{"path": "", "alternateTool": "take dlv out of the setting go.alternateTools"} {
		fix := installDelve(facts.Tool{Why: why}, "go1.24.9")
		if !strings.Contains(fix.Message, want) || strings.Contains(fix.Message, "go.alternateTools") != (want != "") || !strings.HasSuffix(fix.Commands[0], "@v1.26.3") {
			t.Errorf("%s: %+v", why, fix)
		}
	}
}
