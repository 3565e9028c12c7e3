package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// withStatus is the command `status N PROGRAM ARGS…`: it runs the program and wants that exit status. Its outputs are in the
// files stdout.txt and stderr.txt afterwards.
func withStatus(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := lookPath(ts.Getenv("PATH"), args[1])
	ts.Check(err)
	command := exec.Command(path, args[2:]...)
	command.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SHELL", "GOCACHE", "GOROOT", "GOFLAGS", "GOBIN", "GOENV", "DOCKER_HOST", "DCVERIFY_TEST_PROGRAM", "GOPROXY", "WORK", "NO_COLOR", "TERM"} {
		if value := ts.Getenv(name); value != "" {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	stdout, err := os.Create(ts.MkAbs("stdout.txt"))
	ts.Check(err)
	defer stdout.Close()
	stderr, err := os.Create(ts.MkAbs("stderr.txt"))
	ts.Check(err)
	defer stderr.Close()
	command.Stdout, command.Stderr = stdout, stderr
	got := 0
	var exit *exec.ExitError
	if err := command.Run(); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		text, _ := os.ReadFile(ts.MkAbs("stdout.txt"))
		complaint, _ := os.ReadFile(ts.MkAbs("stderr.txt"))
		ts.Fatalf("exit status %d, want %d\n%s%s", got, want, text, complaint)
	}
}

func lookPath(path, name string) (string, error) {
	for _, folder := range filepath.SplitList(path) {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.Mode()&0o111 != 0 {
			return filepath.Join(folder, name), nil
		}
	}
	return "", errors.New("no " + name + " in " + path)
}

// alone is the command `alone`: no process of this script may be left, which the script's folder in its environment or
// command line gives away, and no temporary folder of dcverify.
func alone(ts *testscript.TestScript, _ bool, _ []string) {
	left, err := filepath.Glob(filepath.Join(ts.Getenv("TMPDIR"), "dcverify-*"))
	ts.Check(err)
	if len(left) > 0 {
		ts.Fatalf("left on disk: %v", left)
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	ts.Check(err)
	for _, process := range processes {
		line, _ := os.ReadFile(filepath.Join(process, "cmdline")) // it may have ended
		env, _ := os.ReadFile(filepath.Join(process, "environ"))
		if strings.Contains(string(line)+string(env), ts.Getenv("WORK")) {
			ts.Fatalf("left running: %s: %q", process, line)
		}
	}
}

func goPath(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

func goCache(t *testing.T) string {
	t.Helper()
	output, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(output))
}
