package ptrace

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/facts"
)

// Obstacle says why it makes no sense, or would do harm, to let a debugger attach to a process; empty where it may try. What
// the kernel refuses is no obstacle: to be refused is harmless, and the debugger has its own words for it.
func Obstacle(p facts.Process, self facts.Ptrace, arch string, own []int) string {
	permitted, _ := Predict(self, p, false)
	needs := DelveNeeds(self, p)
	switch {
	case slices.Contains(own, p.PID):
		return fmt.Sprintf("process %d (%s) is dcverify itself, or has started it: stopped, it could not be let go again", p.PID, p.Name)
	case p.State == "Z" || p.State == "X":
		return fmt.Sprintf("process %d (%s) has ended; only its entry is left (a zombie), until its parent, process %d, asks for its exit status", p.PID, p.Name, p.Parent)
	case p.Kernel:
		return fmt.Sprintf("process %d (%s) is a thread of the kernel: it has no program", p.PID, p.Name)
	case p.Tracer != 0:
		return fmt.Sprintf("process %d (%s) is being traced by process %d already, and the kernel permits one tracer", p.PID, p.Name, p.Tracer)
	case p.Unreadable != "":
		return "" // of another user, most likely: the debugger is told so
	case knownEmulator(p.Exe) || p.Arch != "" && p.Arch != arch:
		return fmt.Sprintf("process %d (%s) runs a program of another architecture (%s): a debugger for %s cannot understand it", p.PID, p.Name, strings.TrimSpace(p.Arch+" "+filepath.Base(p.Exe)), arch)
	case p.Go == "":
		return fmt.Sprintf("process %d (%s) is no Go program: %s names no Go that built it", p.PID, p.Name, p.Exe)
	case permitted && needs != "":
		return fmt.Sprintf("process %d (%s) belongs to user %d; the kernel permits tracing it, but Delve needs %s", p.PID, p.Name, p.UIDs[1], needs)
	}
	return ""
}

// Describe is a process in a few words: "gopls, go1.26.8, of user 1000, state S, its program's file is deleted".
func Describe(p facts.Process) string {
	words := []string{p.Name}
	if p.Go != "" {
		words = append(words, p.Go)
	}
	words = append(words, fmt.Sprintf("of user %d", p.UIDs[1]), "state "+p.State)
	for _, note := range []struct {
		holds bool
		words string
	}{
		{p.State == "T", "stopped before anybody came"},
		{p.Stripped, "without debug information"},
		{p.Deleted, "its program's file is deleted"},
		{p.OtherMounts, "in another mount namespace"},
		{p.OtherUserNS, "in another user namespace"},
		{p.Undumpable, "kept from its own user"},
		{p.Unreadable != "", "its program cannot be read (" + p.Unreadable + ")"},
	} {
		if note.holds {
			words = append(words, note.words)
		}
	}
	return strings.Join(words, ", ")
}
