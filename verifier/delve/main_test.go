//go:build linux

package delve

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/dcverify/dcverify/verifier/child/childtest"
)

// The test binary plays other programs too: the linked Delve, as dcverify does, and debuggers with every fault.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "delve-server":
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
			status := Serve(ctx, os.Args[2:], os.Stdout, os.Stderr)
			stop()
			os.Exit(status)
		case "fake-dlv":
			os.Exit(fakeDelve(os.Args[2]))
		}
	}
	os.Exit(inTemp(m.Run))
}

// inTemp gives the tests a folder for temporary files: a dlv that is killed leaves its pipes there.
func inTemp(run func() int) (status int) {
	folder, err := os.MkdirTemp("", "delve")
	if err == nil {
		err = os.Setenv("TMPDIR", folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	return run()
}

// bench is what all tests work with, made once.
var bench struct {
	once   sync.Once
	dir    string
	binary string // the scratch program
	dlv    string
	err    error
}

func workbench(t testing.TB) (binary, dlv string) {
	t.Helper()
	bench.once.Do(func() { bench.err = setUp() })
	if bench.err != nil {
		t.Fatal(bench.err) // never a skip: a machine that tests this has Go
	}
	return bench.binary, bench.dlv
}

func setUp() (err error) {
	if bench.dir, err = os.MkdirTemp("", "delve-test"); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"go.mod":       "module debuggee\n\ngo 1.25\n",
		"main.go":      DebuggeeSource,
		"main_test.go": DebuggeeTest,
	} {
		if err := os.WriteFile(filepath.Join(bench.dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	bench.binary = filepath.Join(bench.dir, "debuggee")
	if err := runGo(bench.dir, nil, "build", "-gcflags=all=-N -l", "-o", bench.binary, "."); err != nil {
		return err
	}
	if bench.dlv, err = exec.LookPath("dlv"); err == nil {
		return nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	bin := filepath.Join(cache, "dcverify-test", "dlv-1.27.2")
	bench.dlv = filepath.Join(bin, "dlv")
	if _, err := os.Stat(bench.dlv); err == nil {
		return nil
	}
	return runGo(bench.dir, []string{"GOBIN=" + bin, "CGO_ENABLED=0"}, "install", "github.com/go-delve/delve/cmd/dlv@v1.27.2")
}

func runGo(dir string, env []string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// marked returns the environment of a debugger, and makes the test fail when something of it outlives the test.
func marked(t testing.TB) []string {
	t.Helper()
	return childtest.Environ(t)
}

// tools are the Delves that every proof has to work with.
func tools(t testing.TB) map[string]Tool {
	t.Helper()
	_, dlv := workbench(t)
	return map[string]Tool{
		"installed": {Path: dlv, Env: marked(t)},
		"linked":    {Path: self(t), Args: []string{"delve-server"}, Env: marked(t), Version: "1.27.2", Linked: true},
	}
}

func self(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// startScratch starts the scratch program as a process to attach to. It must still be at work when the test ends.
func startScratch(t testing.TB) *Running {
	t.Helper()
	binary, _ := workbench(t)
	running, err := StartDebuggee(t.Context(), binary, marked(t), "/")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Alive(context.Background()); err != nil {
			t.Errorf("the process that was attached to: %v", err)
		}
		running.Stop()
	})
	return running
}
