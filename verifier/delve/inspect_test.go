//go:build linux

package delve

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// TestInspect holds that Delve lays the env of a launch request over its own environment, takes away what is null, and
// changes nothing else; that the runtime has what GODEBUG says before the program runs; and what a panic prints.
func TestInspect(t *testing.T) {
	binary, dlv := workbench(t)
	for value, want := range map[string]facts.Trace{
		"none":   {Message: true},
		"full":   {Message: true}, // a word that the runtime does not know
		"single": {Message: true, Own: true, Goroutines: 1},
		"all":    {Message: true, Own: true, Others: 3, Goroutines: 4},
		"system": {Message: true, Own: true, Others: 3, Goroutines: 5, Runtime: true},
		"crash":  {Message: true, Own: true, Others: 3, Goroutines: 5, Runtime: true},
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			own := append(marked(t), "KEPT=1", "CHANGED=old", "TAKEN=1", "GODEBUG=schedtrace=0")
			changed, godebug := "new", "madvdontneed=0,asynctimerchan=1,tracebackancestors=2"
			request := map[string]*string{"CHANGED": &changed, "TAKEN": nil, "GODEBUG": &godebug, "GOTRACEBACK": &value}
			proof, got := Inspect(t.Context(), Tool{Path: dlv, Env: own, Version: "1.27.2"}, Inspection{
				Binary: binary, Request: request, Godebug: []string{"madvdontneed", "asynctimerchan", "tracebackancestors", "nosuch"},
			})
			wantPassed(t, proof, facts.EnvProof, "start connect initialize launch breakpoint stop environ godebug panic exit")

			wanted, _ := goenv.FromList(slices.Compact(own))
			wanted = wanted.With("CHANGED=new", "GODEBUG="+godebug, "GOTRACEBACK="+value)
			if wanted["CGO_CFLAGS"] == "" {
				wanted["CGO_CFLAGS"] = "-O0 -g" // Delve's own doing
			}
			delete(wanted, "TAKEN")
			for _, environ := range []goenv.Environ{wanted, got.Environ} {
				delete(environ, "PWD") // os/exec sets it to the folder of the process
			}
			for _, name := range slices.Sorted(maps.Keys(wanted)) {
				if got.Environ[name] != wanted[name] {
					t.Errorf("%s is %q instead of %q", name, got.Environ[name], wanted[name])
				}
			}
			for name := range got.Environ {
				if _, ok := wanted[name]; !ok {
					t.Errorf("%s is there", name)
				}
			}
			if want := map[string]string{"madvdontneed": "0", "asynctimerchan": "1", "tracebackancestors": "2"}; !maps.Equal(got.Runtime, want) {
				t.Errorf("runtime has %v, want %v", got.Runtime, want)
			}
			trace := facts.ReadTrace(got.Panic)
			if want.Runtime && trace.Goroutines > want.Goroutines {
				trace.Goroutines = want.Goroutines // the runtime starts some more when it likes
			}
			if trace != want {
				t.Errorf("trace %+v, want %+v\n%s", trace, want, got.Panic)
			}
			if !strings.Contains(got.End, "status") {
				t.Errorf("end %q in %q", got.End, got.Panic)
			}
		})
	}
}

func TestInspectFails(t *testing.T) {
	binary, dlv := workbench(t)
	fatal, nothing := "cgocheck=2", ""
	for name, test := range map[string]struct {
		tool    string
		request map[string]*string
		step    string
		want    string
	}{
		"no dlv":                    {"/nonexistent/dlv", nil, "start", "no such file"},
		"no name":                   {dlv, map[string]*string{"": &nothing}, "launch", "setenv"},
		"the runtime refuses":       {dlv, map[string]*string{"GODEBUG": &fatal}, "stop", "cgocheck > 1 mode is no longer supported"},
		"ends without ever talking": {"/bin/true", nil, "start", "status 0 without listening"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := Inspect(t.Context(), Tool{Path: test.tool, Env: marked(t)}, Inspection{Binary: binary, Request: test.request})
			if p.Status != facts.Fails || !strings.Contains(p.Reason, test.want) {
				t.Errorf("%s: %s; want failed: %s", p.Status, p.Reason, test.want)
			}
			if len(p.Steps) == 0 || p.Steps[len(p.Steps)-1].Name != test.step {
				t.Errorf("steps: %+v; want the last to be %s", p.Steps, test.step)
			}
		})
	}
}

// TestInspectEnds holds that whoever calls an inspection off gets his end, and that nothing is left of it.
func TestInspectEnds(t *testing.T) {
	binary, dlv := workbench(t)
	for _, after := range []time.Duration{0, 20 * time.Millisecond, 90 * time.Millisecond, 160 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			p, _ := Inspect(ctx, Tool{Path: dlv, Env: marked(t)}, Inspection{Binary: binary})
			if p.Status != facts.Broken && p.Status != facts.Passed {
				t.Errorf("%s: %s", p.Status, p.Reason)
			}
		})
	}
}
