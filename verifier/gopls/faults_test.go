//go:build linux

package gopls

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func fakeServer(t testing.TB, fault string) Server {
	t.Helper()
	return Server{Path: self(t), Args: []string{"fake-gopls", fault}, Env: marked(t), Options: map[string]any{"linkifyShowMessage": true}}
}

func shortLimits() limits {
	l := usualLimits()
	l.initialize, l.load, l.answer, l.report, l.end = time.Second, time.Second, time.Second, 300*time.Millisecond, 300*time.Millisecond
	l.term, l.farewell = 200*time.Millisecond, 200*time.Millisecond
	return l
}

// TestFaults gives every fault its verdict, in time, with the step it ended in and the reason.
func TestFaults(t *testing.T) {
	type verdict struct {
		status facts.Status
		step   string
		reason string // regexp
	}
	wants := map[string]verdict{
		"":                          {facts.Passed, "exit", ""},
		"asks":                      {facts.Passed, "exit", ""},
		"one place":                 {facts.Passed, "exit", ""},
		"floods a little":           {facts.Passed, "exit", ""},
		"floods stderr":             {facts.Passed, "exit", ""},
		"leaves a child":            {facts.Passed, "exit", ""},
		"exits":                     {facts.Fails, "initialize", `gopls ended with status 3 in step initialize, and said no reason`},
		"exits with words":          {facts.Fails, "initialize", `2026/11/20 10:00:00 go command required, not found`},
		"panics":                    {facts.Fails, "initialize", `panic: boom`},
		"prints":                    {facts.Fails, "initialize", `gopls printed "gopls: a wrapper that greets" instead of a message`},
		"prints usage":              {facts.Fails, "initialize", `gopls printed "Content is king" instead of a message`},
		"bad JSON":                  {facts.Fails, "initialize", `gopls sent what is no message, in step initialize: invalid character .*`},
		"huge message":              {facts.Fails, "initialize", `gopls wrote more than 8 MiB of messages`},
		"deaf":                      {facts.Broken, "initialize", `gopls gave no answer for 1s, in step initialize`},
		"ignores SIGTERM":           {facts.Broken, "initialize", `gopls gave no answer for 1s, in step initialize`},
		"never loads":               {facts.Broken, "load", `gopls gave no answer for 1s, in step load`},
		"shows an error":            {facts.Broken, "load", `gopls gave no answer for 1s, in step load: something is rotten`},
		"cannot load":               {facts.Fails, "load", `go: go\.mod requires go >= 1\.27 \(running go 1\.26\.8; GOTOOLCHAIN=local\)`},
		"fails to load":             {facts.Fails, "load", `it went wrong`},
		"elsewhere":                 {facts.Fails, "definition", `the definition of fmt\.Println is in /.*/main\.go, which is not of GOROOT=/.*`},
		"nowhere":                   {facts.Fails, "definition", `the definition of fmt\.Println is in file:///nowhere/src/fmt/print\.go, which is not there: .*`},
		"no file":                   {facts.Fails, "definition", `the definition of fmt\.Println is in https://pkg\.go\.dev/fmt, which is no file`},
		"no place":                  {facts.Fails, "definition", `gopls knows no definition of fmt\.Println`},
		"knows nothing":             {facts.Fails, "hover", `gopls shows nothing about fmt\.Println: no idea`},
		"blind":                     {facts.Fails, "diagnostics", `gopls did not report a mistake in main\.go within 300ms`},
		"still asks the go command": {facts.Broken, "diagnostics", `gopls had not reported a mistake in main\.go within 300ms, and a command of it was still running`},
		"sees ghosts":               {facts.Fails, "diagnostics", `gopls reports an error in main\.go where there is none: line 4: could not import fmt .*`},
		"sees only ghosts":          {facts.Fails, "diagnostics", `gopls reports in main\.go something else than its mistake: line 4: could not import fmt .*`},
		"ends badly":                {facts.Fails, "exit", `gopls ended with status 4 after it was told to: I am not well`},
		"hangs at exit":             {facts.Fails, "exit", `gopls did not end within 300ms after it was told to`},
		"hangs at shutdown":         {facts.Broken, "exit", `gopls gave no answer for 1.3s, in step exit`},

		"hangs at initialize":                         {facts.Broken, "initialize", `gopls gave no answer for 1s, in step initialize`},
		"refuses initialize":                          {facts.Fails, "initialize", `I will not`},
		"refuses textDocument/hover":                  {facts.Fails, "load", `I will not`},
		"refuses textDocument/definition":             {facts.Fails, "definition", `I will not`},
		"refuses shutdown":                            {facts.Fails, "exit", `I will not`},
		"answers nonsense to initialize":              {facts.Fails, "initialize", `the answer cannot be understood: .*`},
		"answers nonsense to textDocument/hover":      {facts.Fails, "hover", `gopls shows nothing about fmt\.Println`},
		"answers nonsense to textDocument/definition": {facts.Fails, "definition", `the answer to textDocument/definition is no place: .*`},
		"hangs at textDocument/didChange":             {facts.Broken, "diagnostics", `gopls gave no answer for 1.3s, in step diagnostics`},
		"dies at initialized":                         {facts.Fails, "load", `gopls ended with status 7 in step load, and said no reason`},
		"dies at textDocument/definition":             {facts.Fails, "definition", `gopls ended with status 7 in step definition, and said no reason`},
		"dies at textDocument/didSave":                {facts.Fails, "(diagnostics|go.mod)", `gopls ended with status 7 in step (diagnostics|go.mod), and said no reason`},
		"dies at shutdown":                            {facts.Fails, "exit", `gopls ended with status 7 in step exit, and said no reason`},
		"closes at textDocument/definition":           {facts.Fails, "definition", `gopls broke the connection in step definition`},
		"floods with notifications":                   {facts.Fails, ".*", `gopls wrote more than 8 MiB of messages`},
	}
	for _, fault := range slices.Sorted(maps.Keys(wants)) {
		want := wants[fault]
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			l := shortLimits()
			if want.status != facts.Broken && !strings.Contains(want.reason, "within") { // no limit decides, and a machine may be slow
				l.initialize, l.load, l.answer, l.report = time.Minute, time.Minute, time.Minute, time.Minute
			}
			proof := prove(context.Background(), fakeServer(t, fault), scratch(t, ""), l)
			step := "none"
			if len(proof.Steps) > 0 {
				step = proof.Steps[len(proof.Steps)-1].Name
			}
			matches := func(pattern, text string) bool { return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(text) }
			if proof.Status != want.status || !matches(want.step, step) || !matches(want.reason, proof.Reason) {
				t.Errorf("got %s in step %s: %s\nwant %s in step %s: %s\n%s", proof.Status, step, proof.Reason, want.status, want.step, want.reason, proof.Output)
			}
			if len(proof.Output) > child.TailSize+len("?") {
				t.Errorf("%d bytes of output were kept", len(proof.Output))
			}
		})
	}
}

// TestNoServer is about what is no program.
func TestNoServer(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "gopls")
	if err := os.WriteFile(text, []byte("no program"), 0o644); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(folder, "foreign")
	if err := os.WriteFile(foreign, []byte("\x7fELF no program"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "missing"): "fork/exec .*/missing: no such file or directory",
		text:                             "fork/exec .*/gopls: permission denied",
		foreign:                          "fork/exec .*/foreign: exec format error",
		folder:                           "fork/exec .*: permission denied",
	} {
		proof := Prove(context.Background(), Server{Path: path, Env: marked(t)}, scratch(t, ""))
		if proof.Status != facts.Fails || !regexp.MustCompile("^"+want+"$").MatchString(proof.Reason) {
			t.Errorf("%s: got %s: %s", path, proof.Status, proof.Reason)
		}
	}
	proof := Prove(context.Background(), fakeServer(t, ""), Module{Folder: filepath.Join(folder, "nowhere")})
	if want := "stat " + folder + "/nowhere: no such file or directory"; proof.Status != facts.Fails || proof.Reason != want {
		t.Errorf("got %s: %s", proof.Status, proof.Reason)
	}
}

// TestCutShort ends a proof from outside and by its own clock: it is never counted as passed or failed, and ends soon.
func TestCutShort(t *testing.T) {
	interrupted := errors.New("ctrl-C")
	for _, fault := range []string{"deaf", "ignores SIGTERM", "never loads", "hangs at textDocument/definition", "hangs at shutdown", "floods with notifications"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(context.Background())
			l := usualLimits()
			l.term = 200 * time.Millisecond
			timer := time.AfterFunc(500*time.Millisecond, func() { cancel(interrupted) })
			defer timer.Stop()
			began := time.Now()
			proof := prove(ctx, fakeServer(t, fault), scratch(t, ""), l)
			if proof.Status != facts.Broken || !regexp.MustCompile(`^the proof was ended from outside in step \S+ after \S+: ctrl-C$`).MatchString(proof.Reason) {
				t.Errorf("got %s: %s", proof.Status, proof.Reason)
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	l := usualLimits()
	l.whole, l.term = 300*time.Millisecond, 200*time.Millisecond
	proof := prove(context.Background(), fakeServer(t, "deaf"), scratch(t, ""), l)
	if want := "the proof was given up in step initialize: it took longer than 300ms"; proof.Status != facts.Broken || proof.Reason != want {
		t.Errorf("got %s: %s", proof.Status, proof.Reason)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if proof := Prove(done, fakeServer(t, ""), scratch(t, "")); proof.Status != facts.Broken {
		t.Errorf("got %s: %s", proof.Status, proof.Reason)
	}
}

// TestNothingRunsOn makes sure that no goroutine and no descriptor of a proof outlives it.
func TestNothingRunsOn(t *testing.T) {
	files := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	run := func() {
		for _, fault := range []string{"", "prints", "dies at textDocument/definition", "leaves a child", "never loads"} {
			l := shortLimits()
			l.load = 300 * time.Millisecond
			prove(context.Background(), fakeServer(t, fault), scratch(t, ""), l)
		}
	}
	run() // the runtime opens some of its own
	goroutines, open := runtime.NumGoroutine(), files()
	run()
	for until := time.Now().Add(2 * time.Second); time.Now().Before(until) && (runtime.NumGoroutine() > goroutines || files() > open); {
		time.Sleep(10 * time.Millisecond)
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		stacks := make([]byte, 1<<16)
		t.Errorf("%d goroutines more:\n%s", now-goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	if now := files(); now > open {
		t.Errorf("%d descriptors more", now-open)
	}
}
