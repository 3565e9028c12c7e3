//go:build linux

package gather

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/ptrace"
)

// A process that cannot be debugged is told from one that can before a debugger is started: here is none to be started.
func TestAttachToWhatCannotBeDebugged(t *testing.T) {
	h := newHome(t)
	sleeper := exec.Command("/bin/sleep", "3600")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleeper.Wait()
	defer sleeper.Process.Kill()
	ended := exec.Command("/bin/true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	defer ended.Wait()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if p, err := ptrace.Look(ended.Process.Pid); err == nil && p.State == "Z" {
			break
		}
	}
	for name, test := range map[string]struct {
		pid  int
		want string
	}{
		"no Go program": {sleeper.Process.Pid, "(sleep) is no Go program: "},
		"a zombie":      {ended.Process.Pid, "has ended; only its entry is left (a zombie)"},
		"nothing":       {1 << 30, "there is no process 1073741824"},
		"dcverify":      {os.Getpid(), "is dcverify itself"},
		"its parent":    {os.Getppid(), "is dcverify itself, or has started it"},
	} {
		options := h.options(facts.Attach)
		options.AttachTo = test.pid
		snapshot := Take(t.Context(), h.open(), options)
		proof, ok := snapshot.Proofs[facts.AttachProof].Get()
		if !ok || proof.Status != facts.Fails || !strings.Contains(proof.Reason, test.want) || len(proof.Steps) != 1 || proof.Steps[0].Name != facts.LookStep {
			t.Errorf("%s: %+v; want %q", name, proof, test.want)
		}
		if (proof.Process == nil) != (name == "nothing") {
			t.Errorf("%s: %+v", name, proof.Process)
		}
	}
	if err := sleeper.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("it was disturbed: %v", err)
	}
}

func TestConnectTo(t *testing.T) {
	h := newHome(t)
	options := h.options(facts.Attach, facts.Connect)
	options.ConnectTo, options.Repeat = "127.0.0.1:1", 2
	snapshot := Take(t.Context(), h.open(), options)
	proof, _ := snapshot.Proofs[facts.ServerProof].Get()
	if proof.Status != facts.Fails || !strings.HasPrefix(proof.Reason, "nothing listens at 127.0.0.1:1") || proof.Repeated.Tries != 2 {
		t.Errorf("%+v", proof)
	}
	if why := snapshot.Proofs[facts.AttachProof].Why(); why != "a server was named instead" {
		t.Errorf("attaching: %q", why)
	}
}
