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
