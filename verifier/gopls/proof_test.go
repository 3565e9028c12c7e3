//go:build linux

package gopls

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
)

func realServer(t testing.TB, env ...string) Server {
	t.Helper()
	path, err := realGopls()
	if err != nil {
		t.Fatal(err) // never a skip: a machine that tests this has Go
	}
	return Server{Path: path, Env: append(marked(t), env...), Options: map[string]any{"linkifyShowMessage": true}}
}

// TestProof holds the proof to the real gopls, in environments that are well and in those that are not.
func TestProof(t *testing.T) {
	empty := t.TempDir()
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		env     []string
		options map[string]any
		goroot  string // what `go env GOROOT` would say
		asks    string
		version string // what `go env GOVERSION` would say
		step    string // where it fails; empty: it passes
		reason  string
	}{
		"as it is":      {},
		"cold":          {env: []string{"GOPLSCACHE=" + t.TempDir(), "GOCACHE=" + t.TempDir()}},
		"mod=mod":       {env: []string{"GOFLAGS=-mod=mod"}},
		"mod=vendor":    {env: []string{"GOFLAGS=-mod=vendor"}},
		"on save":       {options: map[string]any{"ui.diagnostic.diagnosticsTrigger": "Save"}},
		"no go":         {env: []string{"PATH=" + empty}, step: "load", reason: `go command required, not found: exec: "go": executable file not found in \$PATH`},
		"wrong flags":   {env: []string{"GOFLAGS=-nosuchflag"}, step: "load", reason: `go: parsing \$GOFLAGS: unknown flag -nosuchflag`},
		"no root":       {env: []string{"GOROOT=/nowhere"}, step: "load", reason: `go: cannot find GOROOT directory: /nowhere`},
		"empty root":    {env: []string{"GOROOT=" + empty}, step: "load", reason: `package \w+ is not in std \(` + empty + `/src/\w+\)`},
		"other root":    {goroot: empty, step: "definition", reason: `the definition of fmt\.Println is in /.*/src/fmt/print\.go, and GOROOT=` + empty + ` has no sources: .*`},
		"relative root": {goroot: "go", step: "definition", reason: "`go env GOROOT` names no folder to look for the definition of fmt\\.Println in: \"go\""},
		"other release": {version: "go1.20.3", step: "definition",
			reason: `the definition of fmt\.Println is in /.*/src/fmt/print\.go, the standard library of go1\.\S+, and the go command is go1\.20\.3`},
		"newer Go": {asks: "1.99", env: []string{"GOTOOLCHAIN=local"}, step: "load",
			reason: `go: go\.mod requires go >= 1\.99 \(running go 1\.\S+; GOTOOLCHAIN=local\)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module := scratch(t, test.asks)
			if test.goroot != "" {
				module.Goroot = test.goroot
			}
			if test.version != "" {
				module.GoVersion = test.version
			}
			server := realServer(t, "PATH="+filepath.Dir(goCommand)+":"+os.Getenv("PATH"))
			server.Env = append(server.Env, test.env...)
			if test.options != nil {
				server.Options = test.options
			}
			proof := Prove(context.Background(), server, module)
			var steps []string
			for _, step := range proof.Steps {
				steps = append(steps, step.Name)
				t.Logf("%-12s %5d ms  %s", step.Name, step.Ms, step.Detail)
			}
			walked := strings.Join(steps, " ")
			if test.step == "" {
				if proof.Status != facts.Passed || walked != "start initialize load definition hover diagnostics go.mod exit" {
					t.Errorf("%s after %s: %s\n%s", proof.Status, walked, proof.Reason, proof.Output)
				}
				if !strings.HasPrefix(proof.Tool.Version, "v") && proof.Tool.Version != "(devel)" {
					t.Errorf("version %q", proof.Tool.Version)
				}
				return
			}
			if proof.Status != facts.Fails || !strings.HasSuffix(walked, " "+test.step) || !regexp.MustCompile("^(?:"+test.reason+")$").MatchString(proof.Reason) {
				t.Errorf("%s after %s: %s\nwant it to fail in %s: %s", proof.Status, walked, proof.Reason, test.step, test.reason)
			}
		})
	}
}

// TestFlags is about what the user tells gopls to do, which it does not understand.
func TestFlags(t *testing.T) {
	server := realServer(t)
	server.Args = []string{"-nosuchflag"}
	proof := Prove(context.Background(), server, scratch(t, ""))
	if want := "flag provided but not defined: -nosuchflag"; proof.Status != facts.Fails || proof.Reason != want {
		t.Errorf("got %s: %s", proof.Status, proof.Reason)
	}
}
