//go:build linux

package ptrace

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
)

func TestDrop(t *testing.T) {
	program := program(t)
	out, err := exec.Command(program, "ptrace-drop", "/bin/cat", "/proc/self/status").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var p facts.Ptrace
	if err := readStatus(&p, out); err != nil {
		t.Fatal(err)
	}
	if p.Effective&capSysPtrace != 0 || p.Permitted&capSysPtrace != 0 {
		t.Errorf("effective %#x, permitted %#x", p.Effective, p.Permitted)
	}
	for _, args := range [][]string{{"ptrace-drop", "/nonexistent/program"}, {"ptrace-drop", ""}} {
		if out, err := exec.Command(program, args...).CombinedOutput(); err == nil || !strings.Contains(string(out), "no such file") && !strings.Contains(string(out), "not found") {
			t.Errorf("%q: %v, %s", args, err, out)
		}
	}
}
