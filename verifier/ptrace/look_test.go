//go:build linux

package ptrace

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
)

func TestLook(t *testing.T) {
	p, err := Look(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	uid, gid := os.Getuid(), os.Getgid()
	if p.Go != runtime.Version() || p.Arch != runtime.GOARCH || p.Exe != exe || p.Deleted || p.Kernel || p.Unreadable != "" || p.Parent != os.Getppid() {
		t.Errorf("%+v", p)
	}
	if p.UIDs != [3]int{uid, uid, uid} || p.GIDs != [3]int{gid, gid, gid} || p.OtherUserNS || p.OtherMounts {
		t.Errorf("%+v", p)
	}
	if _, err := Look(noProcess); err == nil || err.Error() != "there is no process 1073741824" {
		t.Errorf("%v", err)
	}
}

// A process in every state in which nobody can attach to it, or only with care.
func TestLookAtTheUnusual(t *testing.T) {
	program := program(t)
	h := helper{self: program, args: []string{"ptrace-helper"}}
	target, stdin, err := h.target(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	pid := target.Process.Pid
	until := func(what string, is func(facts.Process) bool) {
		t.Helper()
		var p facts.Process
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if p, err = Look(pid); err == nil && is(p) {
				return
			}
		}
		t.Errorf("never %s: %+v, %v", what, p, err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until("stopped", func(p facts.Process) bool { return p.State == "T" })
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	until("of a deleted program", func(p facts.Process) bool {
		return p.Deleted && p.Exe == program && p.Go == runtime.Version()
	})
	stdin.Close()
	until("a zombie", func(p facts.Process) bool { return p.State == "Z" })
	target.Wait()
	if _, err := Look(pid); err == nil {
		t.Error("it is there although it was reaped")
	}

	traced := make(chan int)
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // and ends with its thread, which is the tracer
		cmd := exec.Command("/bin/sleep", "60")
		cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			close(traced)
			return
		}
		traced <- cmd.Process.Pid
		<-done
		cmd.Process.Kill()
		cmd.Wait()
		close(traced)
	}()
	var ok bool
	if pid, ok = <-traced; !ok {
		t.Fatal("nothing could be traced")
	}
	until("traced", func(p facts.Process) bool { return p.State == "t" && p.Tracer == os.Getpid() && p.Go == "" })
	close(done)
	<-traced
}

func TestLookAtKernelThread(t *testing.T) {
	p := facts.Process{PID: 2}
	if err := readProcess(&p, []byte("Name:\tkthreadd\nState:\tS (sleeping)\nPPid:\t0\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nKthread:\t1\n")); err != nil || !p.Kernel || p.Name != "kthreadd" {
		t.Errorf("%+v, %v", p, err)
	}
	for _, nonsense := range []string{"Uid:\tx\n", "CapPrm:\tz\n", "TracerPid:\t-\n", "PPid:\tnone\n"} {
		if err := readProcess(&p, []byte(nonsense)); err == nil || !strings.Contains(err.Error(), "/proc/2/status") {
			t.Errorf("%q: %v", nonsense, err)
		}
	}
}

func FuzzReadProcess(f *testing.F) {
	f.Add([]byte("Name:\ta:b\nState:\tR (running)\nUid:\t1\t2\t3\t4\nCapPrm:\tff\n"))
	f.Add([]byte("Uid:\t1\nState:\n:::\n"))
	f.Fuzz(func(t *testing.T, status []byte) {
		var p facts.Process
		_ = readProcess(&p, status) // an error is fine, a panic is not
		if strings.Contains(p.State, " ") {
			t.Errorf("state %q", p.State)
		}
	})
}
