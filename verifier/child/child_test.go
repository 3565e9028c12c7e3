//go:build linux

package child

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/child/childtest"
)

func TestTail(t *testing.T) {
	var small, big Tail
	for i := range 3000 {
		fmt.Fprintf(&small, "%d\n", i)
	}
	big.Write([]byte(strings.Repeat("x", 3*TailSize) + "\nError: the end\n"))
	if got := small.String(); len(got) != TailSize || !strings.HasSuffix(got, "2998\n2999\n") {
		t.Errorf("%d bytes, %q", len(got), got[len(got)-20:])
	}
	if got := big.Lines(); len(got) != 1 || got[0] != "Error: the end" {
		t.Errorf("%q", got)
	}
}

func TestLastWords(t *testing.T) {
	for want, lines := range map[string][]string{
		"":                       nil,
		"the end":                {"the beginning", "the end"},
		"panic: boom":            {"starting", "panic: boom", "goroutine 1 [running]:"},
		"fatal error: all dead":  {"fatal error: all dead", "goroutine 1"},
		"Error: unknown flag -x": {"Error: unknown flag -x", "Usage:", "  dlv [command]"},
	} {
		if got := LastWords(lines, "Error: "); got != want {
			t.Errorf("%q: got %q, want %q", lines, got, want)
		}
	}
}

// TestStop ends programs of every temper, with all that they have started.
func TestStop(t *testing.T) {
	for name, test := range map[string]struct{ script, how string }{
		"ends by itself":     {"exit 3", "status 3"},
		"dies of SIGTERM":    {"exec sleep 61", "signal: terminated"},
		"is deaf":            {"trap '' TERM; echo ready; while :; do sleep 0.01; done", "signal: killed"},
		"leaves an orphan":   {"sleep 61 & exit 0", "status 0"},
		"leaves a deaf one":  {"(trap '' TERM; echo ready; while :; do sleep 0.01; done) & exit 0", "status 0"},
		"holds the pipes up": {"sleep 61 >&2 & exit 4", "status 4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var output Tail
			p, err := Start(Program{Path: "/bin/sh", Args: []string{"-c", test.script}, Env: childtest.Environ(t), Stdout: &output, Stderr: &output})
			if err != nil {
				t.Fatal(err)
			}
			for strings.Contains(test.script, "ready") && !strings.Contains(output.String(), "ready") {
				time.Sleep(time.Millisecond)
			}
			if strings.Contains(test.script, "exit") && !p.EndsWithin(10*time.Second) {
				t.Error("it does not end by itself")
			}
			p.Stop(300 * time.Millisecond)
			if got := p.HowEnded(); got != test.how {
				t.Errorf("it ended with %s, want %s", got, test.how)
			}
		})
	}
}

// TestStreams holds every stream to its writer, and a talk to its files.
func TestStreams(t *testing.T) {
	var stdout, stderr, third bytes.Buffer
	p, err := Start(Program{
		Path: "/bin/sh", Args: []string{"-c", `echo out; echo err >&2; echo "third in $PWD" >&3`}, Dir: "/", Env: childtest.Environ(t),
		Stdout: &stdout, Stderr: &stderr, Third: &third,
	})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Ended
	p.Stop(time.Second)
	if got := stdout.String() + stderr.String() + third.String(); got != "out\nerr\nthird in /\n" || !p.Succeeded() {
		t.Errorf("%q, %s", got, p.HowEnded())
	}

	p, err = Start(Program{Path: "/bin/cat", Env: childtest.Environ(t), Talks: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(time.Second)
	fmt.Fprint(p.In, "echo\n")
	got := make([]byte, 5)
	if _, err := p.Out.Read(got); err != nil || string(got) != "echo\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestNoProgram is about what does not start: no descriptor stays open.
func TestNoProgram(t *testing.T) {
	text := t.TempDir() + "/text"
	if err := os.WriteFile(text, []byte("no program"), 0o644); err != nil {
		t.Fatal(err)
	}
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	got := map[string]string{}
	before := open()
	for name, program := range map[string]Program{
		"missing":   {Path: "/nonexistent/dlv"},
		"text":      {Path: text},
		"no folder": {Path: "/bin/sh", Dir: "/nonexistent"},
	} {
		var sink Tail
		program.Stdout, program.Stderr, program.Third, program.Talks = &sink, &sink, &sink, name == "missing"
		_, err := Start(program)
		got[name] = fmt.Sprint(err)
	}
	if after := open(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	want := map[string]string{
		"missing":   "fork/exec /nonexistent/dlv: no such file or directory",
		"text":      "fork/exec " + text + ": permission denied",
		"no folder": "stat /nonexistent: no such file or directory",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLook(t *testing.T) {
	me, err := Look(os.Getpid())
	if err != nil || me.PID != os.Getpid() || !me.Lives() {
		t.Errorf("%+v, %v", me, err)
	}
	if _, err := Look(1 << 22); err == nil {
		t.Error("a process that cannot be is there")
	}
	other := me
	other.Start = "1"
	if other.Lives() {
		t.Error("another process of the same number lives")
	}
}
