package main

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

// TestMain lets the test binary be dcverify, for the scripts and for dcverify's own helper processes.
func TestMain(m *testing.M) {
	if os.Getenv("DCVERIFY_TEST_PROGRAM") != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		os.Exit(execute(ctx, system{os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr}))
	}
	os.Exit(m.Run())
}

// TestScripts runs the whole program, in the scripts of test/script.
func TestScripts(t *testing.T) {
	if *update && os.Getenv("CI") != "" {
		t.Fatal("-update in CI would make every script pass")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../test/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			bin := filepath.Join(env.WorkDir, ".bin")
			if err := os.Mkdir(bin, 0o755); err != nil {
				return err
			}
			if err := os.Symlink(program, filepath.Join(bin, "dcverify")); err != nil {
				return err
			}
			goroot := strings.TrimSuffix(goPath(t), "/bin/go")
			env.Setenv("DCVERIFY_TEST_PROGRAM", "1")
			env.Setenv("GODIR", filepath.Join(goroot, "bin"))
			env.Setenv("PATH", strings.Join([]string{bin, filepath.Join(goroot, "bin"), "/usr/bin", "/bin"}, ":"))
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("TMPDIR", filepath.Join(env.WorkDir, ".tmp"))
			env.Setenv("SHELL", "/bin/sh")
			env.Setenv("GOCACHE", goCache(t)) // the machine's, so that nothing is compiled twice
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": withStatus,
			"alone":  alone,
		},
	})
}
