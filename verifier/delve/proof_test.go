//go:build linux

package delve

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

func TestLaunch(t *testing.T) {
	binary, _ := workbench(t)
	for name, tool := range tools(t) {
		t.Run(name, func(t *testing.T) {
			p := Launch(t.Context(), tool, DebuggeeProgram(binary, t.TempDir()))
			wantPassed(t, p, "delve-launch", "start connect breakpoint stop stack locals std exit")
			if d := detail(p, "std"); !strings.HasSuffix(d, "/src/os/file.go") {
				t.Errorf("std: %q", d)
			}
			if d := detail(p, "stop"); !strings.HasPrefix(d, "main.work main.go:") {
				t.Errorf("stopped at %q", d)
			}
			if d := detail(p, "locals"); d != `answer=42 word="gopher"` {
				t.Errorf("locals: %q", d)
			}
			if d := detail(p, "stack"); d != "main.work < main.main" {
				t.Errorf("stack: %q", d)
			}
		})
	}
}

func TestAttach(t *testing.T) {
	for name, tool := range tools(t) {
		t.Run(name, func(t *testing.T) {
			running := startScratch(t)
			p := Attach(t.Context(), tool, DebuggeeProcess(running))
			wantPassed(t, p, "delve-attach", "start connect stop stack locals detach alive")

			// Somebody else's: looked at only.
			p = Attach(t.Context(), tool, Process{PID: running.PID})
			wantPassed(t, p, "delve-attach", "start connect stop detach alive")
		})
	}
}

func TestFailsWithDelvesOwnWords(t *testing.T) {
	binary, dlv := workbench(t)
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	good := DebuggeeProgram(binary, dir)
	with := func(change func(*Program)) Program {
		p := good
		change(&p)
		return p
	}
	for _, c := range []struct {
		name    string
		program Program
		step    string
		reason  string
	}{
		{"wrong value", with(func(p *Program) { p.Locals = map[string]string{"answer": "43"} }), "locals", `local "answer" is 42 instead of 43`},
		{"wrong text", with(func(p *Program) { p.Locals = map[string]string{"word": `"rust"`} }), "locals", `local "word" is "gopher" instead of "rust"`},
		{"no such variable", with(func(p *Program) { p.Locals = map[string]string{"other": "1"} }), "locals", `local "other" is "" instead of 1`},
		{"no such function", with(func(p *Program) { p.Breakpoint = "main.play" }), "breakpoint", "could not find function main.play"},
		{"breakpoint not reached", with(func(p *Program) { p.Breakpoint = "main.wait" }), "stop", "the program ended with status 0 before it reached main.wait"},
		{"program fails", with(func(p *Program) { p.Args = []string{"nothing"} }), "stop", "the program ended with status 2 before it reached main.work"},
		{"no such program", with(func(p *Program) { p.Path = "/nonexistent/program" }), "connect", "could not launch process: open /nonexistent/program: no such file or directory"},
		{"no executable", with(func(p *Program) { p.Path = script }), "connect", "could not launch process: not an executable file"},
		{"no such folder", with(func(p *Program) { p.Dir = "/nonexistent" }), "start", "stat /nonexistent: no such file or directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, tool := range tools(t) {
				wantFailed(t, Launch(t.Context(), tool, c.program), name, c.step, c.reason)
			}
		})
	}

	t.Run("attach to nobody", func(t *testing.T) {
		t.Parallel()
		for name, tool := range tools(t) {
			p := Attach(t.Context(), tool, Process{PID: 1 << 22})
			wantFailed(t, p, name, "connect", "could not attach to pid 4194304: no such process")
		}
	})
	t.Run("attach, wrong value", func(t *testing.T) {
		t.Parallel()
		running := startScratch(t)
		process := DebuggeeProcess(running)
		process.Locals["answer"] = "41"
		for name, tool := range tools(t) {
			wantFailed(t, Attach(t.Context(), tool, process), name, "locals", `local "answer" is 42 instead of 41`)
		}
	})
	t.Run("attach to what is no Go program", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command("sleep", "60")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { cmd.Process.Kill(); cmd.Wait() }()
		p := Attach(t.Context(), Tool{Path: dlv, Env: marked(t)}, Process{PID: cmd.Process.Pid})
		if p.Status != facts.Fails {
			t.Errorf("%+v", p)
		}
		if state, err := child.Look(cmd.Process.Pid); err != nil || state.State != 'S' {
			t.Errorf("the process is in state %c, %v", state.State, err)
		}
	})
}

// A proof that is canceled at any moment says so, or has ended, and leaves nothing behind.
func TestCancel(t *testing.T) {
	binary, _ := workbench(t)
	for name, tool := range tools(t) {
		for _, after := range []int{0, 5, 20, 60, 100, 150} {
			after := time.Duration(after) * time.Millisecond
			t.Run(name+" "+after.String(), func(t *testing.T) {
				t.Parallel()
				tool := tool
				tool.Env = marked(t)
				process := DebuggeeProcess(startScratch(t)) // whose Cleanup sees that it lives on
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				proofs := []facts.Proof{Launch(ctx, tool, DebuggeeProgram(binary, t.TempDir()))}
				ctx, cancel = context.WithTimeout(t.Context(), after)
				defer cancel()
				proofs = append(proofs, Attach(ctx, tool, process))
				for _, p := range proofs {
					if p.Status != facts.Passed && (p.Status != facts.Broken || !strings.Contains(p.Reason, "ended from outside in step ")) {
						t.Errorf("%s: %s: %s", p.Name, p.Status, p.Reason)
					}
				}
			})
		}
	}
}

func TestDebuggeeTest(t *testing.T) {
	workbench(t)
	if err := runGo(bench.dir, nil, "test", "-gcflags=all=-N -l", "."); err != nil {
		t.Error(err)
	}
}

func wantPassed(t *testing.T, p facts.Proof, name, steps string) {
	t.Helper()
	var got []string
	for _, step := range p.Steps {
		got = append(got, step.Name)
	}
	if p.Name != name || p.Status != facts.Passed || p.Reason != "" || strings.Join(got, " ") != steps || p.Tool.Version == "" {
		t.Errorf("want %s passed in the steps %s, got %+v", name, steps, p)
	}
}

func wantFailed(t *testing.T, p facts.Proof, tool, step, reason string) {
	t.Helper()
	if p.Status != facts.Fails || !strings.Contains(p.Reason, reason) {
		t.Errorf("%s: want failed with %q, got %s with %q: %+v", tool, reason, p.Status, p.Reason, p)
	}
	if len(p.Steps) == 0 || p.Steps[len(p.Steps)-1].Name != step {
		t.Errorf("%s: want it to end in step %s: %+v", tool, step, p.Steps)
	}
}

func detail(p facts.Proof, step string) string {
	for _, s := range p.Steps {
		if s.Name == step {
			return s.Detail
		}
	}
	return ""
}

func BenchmarkLaunch(b *testing.B) {
	binary, _ := workbench(b)
	for name, tool := range tools(b) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if p := Launch(b.Context(), tool, DebuggeeProgram(binary, "/")); p.Status != facts.Passed {
					b.Fatalf("%+v", p)
				}
			}
		})
	}
}

func BenchmarkAttach(b *testing.B) {
	for name, tool := range tools(b) {
		b.Run(name, func(b *testing.B) {
			process := DebuggeeProcess(startScratch(b))
			for b.Loop() {
				if p := Attach(b.Context(), tool, process); p.Status != facts.Passed {
					b.Fatalf("%+v", p)
				}
			}
		})
	}
}
