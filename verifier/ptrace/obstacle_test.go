//go:build linux

package ptrace

import (
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
)

func TestObstacle(t *testing.T) {
	self := facts.Ptrace{UID: 1000, GID: 1000, YamaScope: -1}
	plain := facts.Process{PID: 7, Name: "server", Parent: 1, State: "S", UIDs: [3]int{1000, 1000, 1000}, GIDs: [3]int{1000, 1000, 1000}, Exe: "/app/server", Arch: "amd64", Go: "go1.26.8"}
	for _, c := range []struct {
		name   string
		change func(*facts.Process, *facts.Ptrace)
		want   string
		notes  string
	}{
		{"nothing", func(*facts.Process, *facts.Ptrace) {}, "", "server, go1.26.8, of user 1000, state S"},
		{"stopped", func(p *facts.Process, _ *facts.Ptrace) { p.State = "T" }, "", "state T, stopped before anybody came"},
		{"zombie", func(p *facts.Process, _ *facts.Ptrace) { p.State, p.Go, p.Exe = "Z", "", "" }, "process 7 (server) has ended; only its entry is left (a zombie), until its parent, process 1,", "state Z"},
		{"kernel", func(p *facts.Process, _ *facts.Ptrace) { p.Kernel = true }, "process 7 (server) is a thread of the kernel", ""},
		{"traced", func(p *facts.Process, _ *facts.Ptrace) { p.Tracer = 9 }, "process 7 (server) is being traced by process 9 already", ""},
		{"no Go", func(p *facts.Process, _ *facts.Ptrace) { p.Go = "" }, "process 7 (server) is no Go program: /app/server names no Go", ""},
		{"stripped", func(p *facts.Process, _ *facts.Ptrace) { p.Stripped = true }, "", "without debug information"},
		{"another architecture", func(p *facts.Process, _ *facts.Ptrace) { p.Arch = "arm64" }, "process 7 (server) runs a program of another architecture (arm64 server)", ""},
		{"emulated", func(p *facts.Process, _ *facts.Ptrace) { p.Exe, p.Go = "/usr/bin/qemu-aarch64-static", "" }, "process 7 (server) runs a program of another architecture (amd64 qemu-aarch64-static)", ""},
		{"deleted", func(p *facts.Process, _ *facts.Ptrace) { p.Deleted, p.OtherMounts = true, true }, "", "its program's file is deleted, in another mount namespace"},
		{"dcverify", func(p *facts.Process, _ *facts.Ptrace) { p.PID = 42 }, "process 42 (server) is dcverify itself", ""},
		{"another user's", func(p *facts.Process, _ *facts.Ptrace) {
			p.UIDs, p.Go, p.Unreadable = [3]int{}, "", "permission denied"
		}, "", "its program cannot be read (permission denied)"},
		{"another user's, which Delve would kill", func(p *facts.Process, s *facts.Ptrace) {
			p.UIDs, s.Effective = [3]int{5, 5, 5}, capSysPtrace|1<<2
		}, "process 7 (server) belongs to user 5; the kernel permits tracing it, but Delve needs KILL, without which the process would die", ""},
	} {
		process, tracer := plain, self
		c.change(&process, &tracer)
		if got := Obstacle(process, tracer, "amd64", []int{42, 41}); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if got := Describe(process); !strings.Contains(got, c.notes) {
			t.Errorf("%s: %q, want %q in it", c.name, got, c.notes)
		}
	}
}
