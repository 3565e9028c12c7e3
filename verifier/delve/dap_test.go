//go:build linux

package delve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
)

// scratchPackage is the scratch program as a package to be built.
func scratchPackage(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module debuggee\n\ngo 1.25\n", "main.go": DebuggeeSource} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestDebug(t *testing.T) {
	_, dlv := workbench(t)
	folder := scratchPackage(t)
	p := Debug(t.Context(), Tool{Path: dlv, Env: marked(t), Version: "1.27.2"}, DebuggeeSession(folder))
	wantPassed(t, p, facts.DAPProof, "start connect initialize launch breakpoint stop stack locals exit")
	if d := detail(p, "locals"); d != `answer=42 word="gopher"` {
		t.Errorf("locals: %q", d)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

// What the user has as dlvFlags comes before the extension's own flags, which win.
func TestDebugWithFlags(t *testing.T) {
	_, dlv := workbench(t)
	tool := Tool{Path: dlv, Env: marked(t), Version: "1.27.2", EditorFlags: []string{"--check-go-version=false", "--listen=127.0.0.1:1"}}
	p := Debug(t.Context(), tool, DebuggeeSession(scratchPackage(t)))
	wantPassed(t, p, facts.DAPProof, "start connect initialize launch breakpoint stop stack locals exit")
}

func TestDebugFails(t *testing.T) {
	_, dlv := workbench(t)
	for name, test := range map[string]struct {
		change func(*Session, *Tool)
		step   string
		want   string
	}{
		"does not build": {func(s *Session, _ *Tool) {
			if err := os.WriteFile(filepath.Join(s.Folder, "broken.go"), []byte("package main\n\nvar _ int = \"\"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "launch", "cannot use"},
		"no go":               {func(_ *Session, tool *Tool) { tool.Env = append(tool.Env, "PATH=/nonexistent") }, "launch", "executable file not found"},
		"missing GOROOT":      {func(s *Session, _ *Tool) { s.Env = map[string]string{"GOROOT": "/nonexistent"} }, "launch", "cannot find GOROOT directory"},
		"no such line":        {func(s *Session, _ *Tool) { s.Line = 9999 }, "breakpoint", "not verified"},
		"another value":       {func(s *Session, _ *Tool) { s.Locals = map[string]string{"answer": "43"} }, "locals", `local "answer" is 42 instead of 43`},
		"no dlv":              {func(_ *Session, tool *Tool) { tool.Path = "/nonexistent/dlv" }, "start", "no such file"},
		"never at the line":   {func(s *Session, _ *Tool) { s.Args = []string{"other", "x"} }, "stop", "ended before it reached"},
		"unknown flag":        {func(_ *Session, tool *Tool) { tool.EditorFlags = []string{"--bogus"} }, "start", "unknown flag: --bogus"},
		"ends without a word": {func(_ *Session, tool *Tool) { tool.Path = "/bin/true" }, "start", "status 0 without listening"},
	} {
		t.Run(name, func(t *testing.T) {
			session, tool := DebuggeeSession(scratchPackage(t)), Tool{Path: dlv, Env: marked(t)}
			test.change(&session, &tool)
			p := Debug(t.Context(), tool, session)
			if p.Status != facts.Fails || !strings.Contains(p.Reason, test.want) {
				t.Errorf("%s: %s; want failed: %s", p.Status, p.Reason, test.want)
			}
			if len(p.Steps) == 0 || p.Steps[len(p.Steps)-1].Name != test.step {
				t.Errorf("steps: %+v; want the last to be %s", p.Steps, test.step)
			}
		})
	}
}

// A test is debugged in the same way: Delve builds the test binary.
func TestDebugTest(t *testing.T) {
	_, dlv := workbench(t)
	folder := scratchPackage(t)
	if err := os.WriteFile(filepath.Join(folder, "main_test.go"), []byte(DebuggeeTest), 0o644); err != nil {
		t.Fatal(err)
	}
	p := Debug(t.Context(), Tool{Path: dlv, Env: marked(t), Version: "1.27.2"}, TestSession(folder))
	wantPassed(t, p, facts.TestProof, "start connect initialize launch breakpoint stop stack locals exit")
	if d := detail(p, "stack"); !strings.HasPrefix(d, "debuggee.TestWork < testing.tRunner") {
		t.Errorf("stack: %q", d)
	}
	if d := detail(p, "locals"); d != `word="gopher"` {
		t.Errorf("locals: %q", d)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 3 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}
