//go:build linux

package delve

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
)

func TestLeftover(t *testing.T) {
	for _, c := range []struct {
		name string
		c    candidate
		kind string
	}{
		{"orphaned program", candidate{Process: facts.Process{Parent: 1, Exe: "/app/__debug_bin12", State: "S"}, session: 7}, "program"},
		{"orphaned test", candidate{Process: facts.Process{Parent: 1, Exe: "/app/debug.test12", State: "S"}, session: 7}, "program"},
		{"debugged", candidate{Process: facts.Process{Parent: 1, Exe: "/app/__debug_bin12", State: "t", Tracer: 5}, session: 7}, ""},
		{"of a living parent", candidate{Process: facts.Process{Parent: 5, Exe: "/app/__debug_bin12"}, session: 7}, ""},
		{"of the first process", candidate{Process: facts.Process{Parent: 1, Exe: "/go/bin/dlv"}, session: 1}, ""},
		{"orphaned server", candidate{Process: facts.Process{Parent: 1, Exe: "/go/bin/dlv"}, session: 7, address: "127.0.0.1:1"}, "debugger"},
		{"server with a client", candidate{Process: facts.Process{Parent: 1, Exe: "/go/bin/dlv"}, session: 7, clients: 1}, ""},
		{"telemetry", candidate{Process: facts.Process{Parent: 1, Exe: "/go/bin/dlv"}, session: 7, args: []string{"dlv", "** telemetry **"}}, ""},
		{"stopped Go program", candidate{Process: facts.Process{Parent: 1, Exe: "/app/server", Go: "go1.26.8", State: "T"}, session: 7}, "program"},
		{"stopped editor", candidate{Process: facts.Process{Parent: 1, Exe: "/usr/bin/vi", State: "T"}, session: 7}, ""},
		{"Go program", candidate{Process: facts.Process{Parent: 1, Exe: "/app/server", Go: "go1.26.8", State: "S"}, session: 7}, ""},
	} {
		left, ok := c.c.leftover(1)
		if ok != (c.kind != "") || left.Kind != c.kind {
			t.Errorf("%s: %+v, %v", c.name, left, ok)
		}
	}
}

func TestLeftFiles(t *testing.T) {
	folder := t.TempDir()
	old := time.Now().Add(-time.Hour)
	for name, mode := range map[string]os.FileMode{
		"__debug_bin": 0o755, "cmd/__debug_bin123": 0o755, "cmd/debug.test9": 0o755, "cmd/running/__debug_bin4": 0o755,
		"__debug_bin.go": 0o755, "text/__debug_bin": 0o644, "vendor/__debug_bin": 0o755, ".git/__debug_bin": 0o755, "young/__debug_bin": 0o755,
		"a/b/c/d/e/f/g/h/i/__debug_bin": 0o755,
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("program"), mode); err != nil {
			t.Fatal(err)
		}
		if name != "young/__debug_bin" {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []facts.Leftover{
		{Kind: "file", Name: "__debug_bin", Bytes: 7}, {Kind: "file", Name: "cmd/__debug_bin123", Bytes: 7}, {Kind: "file", Name: "cmd/debug.test9", Bytes: 7},
	}
	got := LeftFiles(t.Context(), os.DirFS(folder), []string{"cmd/running/__debug_bin4"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := LeftFiles(ended, os.DirFS(folder), nil); got != nil {
		t.Errorf("after its end: %+v", got)
	}
}

// The debugger of a session in work, which this test has started, is none that was left.
func TestLeftProcesses(t *testing.T) {
	address, pid := serveScratch(t, headless(t)...)
	if at, clients := listenerOf(pid, readTables()); at != address || clients != 0 {
		t.Errorf("listens at %s with %d clients, want %s", at, clients, address)
	}
	left, _ := LeftProcesses()
	for _, l := range left {
		if l.PID == pid {
			t.Errorf("%+v", l)
		}
	}
}
