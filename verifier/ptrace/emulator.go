package ptrace

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// emulator tells which user-mode emulator runs a process that was started from the program self; empty when none
// does. An emulator fakes /proc/self for its own process, but not /proc of another one: there the kernel's view shows.
func emulator(pid int, self string) string {
	proc := fmt.Sprintf("/proc/%d/", pid)
	exe, err := os.Readlink(proc + "exe")
	if err != nil {
		exe = ""
	}
	same := false
	if a, err := os.Stat(proc + "exe"); err == nil {
		if b, err := os.Stat(self); err == nil {
			same = os.SameFile(a, b)
		}
	}
	cmdline, _ := os.ReadFile(proc + "cmdline") // empty says nothing
	return emulatorOf(exe, same, cmdline)
}

// emulatorOf decides by the path of the running program, by whether that is the one that was started, and by the
// arguments, whose first is the emulator in most setups.
func emulatorOf(exe string, same bool, cmdline []byte) string {
	first, _, _ := bytes.Cut(cmdline, []byte{0})
	switch {
	case same:
		return ""
	case knownEmulator(exe):
		return exe
	case knownEmulator(string(first)):
		return string(first)
	}
	return strings.TrimSuffix(exe, " (deleted)") // a stranger that runs it all the same
}

func knownEmulator(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, "qemu-") || strings.HasPrefix(name, "rosetta") || strings.HasPrefix(name, "FEX")
}

// emulatesNoPtrace tells of the emulators that are known not to implement ptrace.
func emulatesNoPtrace(path string) bool {
	return path != "" && strings.HasPrefix(filepath.Base(path), "qemu-")
}
