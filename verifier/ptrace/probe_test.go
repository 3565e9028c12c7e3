//go:build linux

package ptrace

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dcverify/dcverify/verifier/facts"
)

// The test binary plays the helper too, as dcverify does.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "ptrace-helper" {
		os.Exit(Helper(context.Background(), os.Args[2:], os.Stdin, os.Stdout))
	}
	if len(os.Args) > 2 && os.Args[1] == "ptrace-drop" {
		fmt.Println(Drop(os.Args[2:], os.Environ()))
		os.Exit(1)
	}
	if len(os.Args) == 2 && os.Args[1] == "traced-thread" {
		go traceOtherThread()
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

// traceOtherThread asks to be traced by the parent, in a thread that is not the first.
func traceOtherThread() {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		go traceOtherThread() // in another: this one keeps the first
		time.Sleep(time.Hour)
	}
	_, _, errno := unix.Syscall(unix.SYS_PTRACE, unix.PTRACE_TRACEME, 0, 0)
	fmt.Println(errno)
	time.Sleep(time.Hour)
}

// program copies the test binary to where every user may run it, as dcverify is installed.
func program(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ptrace-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	path := filepath.Join(dir, "program")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if closed := to.Close(); err != nil || closed != nil {
		t.Fatal(err, closed)
	}
	return path
}

// nothingLeft makes the test fail when a process that runs the program is left.
func nothingLeft(t *testing.T, program string) {
	t.Helper()
	exes, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range exes {
		if path, _ := os.Readlink(exe); path == program {
			t.Errorf("%s still runs %s", exe, program)
		}
	}
}

func TestProbe(t *testing.T) {
	program := program(t)
	p, err := Probe(t.Context(), program, []string{"ptrace-helper"})
	if err != nil {
		t.Fatal(err)
	}
	defer nothingLeft(t, program)
	t.Logf("%+v", p)
	if !p.Child.Tried || !p.Sibling.Tried {
		t.Errorf("not tried: %+v", p)
	}
	// On a machine without emulation and without a filter of its own the rule has to be right.
	if p.EmulatedBy != "" {
		t.Errorf("emulated by %q", p.EmulatedBy)
	}
	for _, probe := range p.Probes() {
		if probe.Disagrees() {
			t.Errorf("the rule and the kernel disagree about %s: predicted %v, %s: %+v", probe.Name, probe.Predicted, probe.Observed(), p)
		}
	}
	if p.Child.OK && p.Sibling.OK && p.Explanation != "permitted" {
		t.Errorf("%q", p.Explanation)
	}
	if p.UID != os.Geteuid() || p.Kernel == "" || p.Machine == "" {
		t.Errorf("%+v", p)
	}
	if p.UID == 0 && !p.OtherUser.Tried {
		t.Errorf("another user's process: %q", p.OtherUser.Why)
	}
	if p.UID == 0 && p.Seccomp == 0 && p.Effective&capSysPtrace != 0 && !p.OtherUser.OK {
		t.Errorf("another user's process, with the capability: %q", p.OtherUser.Why)
	}
}

// Where the program can't be started, nothing is permitted and nothing hangs.
func TestProbeWithoutHelper(t *testing.T) {
	p, err := Probe(t.Context(), "/nonexistent/program", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]facts.PtraceResult{"child": p.Child, "sibling": p.Sibling, "other user": p.OtherUser} {
		if r.OK {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if p.Child.Tried || p.Explanation != "ptrace could not be tried: no such file or directory" {
		t.Errorf("%+v", p)
	}
}

func TestProbeOfWhatNeverAnswers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	const mark = "61.537"
	p, err := Probe(ctx, "/bin/sh", []string{"-c", "exec sleep " + mark})
	if err != nil {
		t.Fatal(err)
	}
	if p.Sibling.OK || p.OtherUser.OK || time.Since(began) > 20*time.Second {
		t.Errorf("%s: %+v", time.Since(began), p)
	}
	cmdlines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range cmdlines {
		if cmdline, _ := os.ReadFile(path); string(cmdline) == "sleep\x00"+mark+"\x00" {
			t.Errorf("%s is left", path)
		}
	}
}

// A killed process is over only when its tracer has heard of every thread, and what else the same thread of this program has
// started is nobody's business here.
func TestReap(t *testing.T) {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		done <- func() error {
			other := exec.Command("/bin/sh", "-c", "read line; exit 7")
			stdin, err := other.StdinPipe()
			if err != nil {
				return err
			}
			if err := other.Start(); err != nil {
				return err
			}
			ended := exec.Command("/bin/sh", "-c", "exit 8") // not waited for before
			if err := ended.Start(); err != nil {
				return err
			}
			traced := exec.Command("/proc/self/exe", "traced-thread")
			stdout, err := traced.StdoutPipe()
			if err != nil {
				return err
			}
			if err := traced.Start(); err != nil {
				return err
			}
			said, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil || said != "errno 0\n" {
				return fmt.Errorf("it said %q (%v)", said, err)
			}
			traced.Process.Kill()
			reap(traced.Process.Pid)
			if _, err := Look(traced.Process.Pid); err == nil {
				return errors.New("it is still there")
			}
			traced.Wait() // reaped already: only its pipes are closed
			stdin.Close()
			if err := errors.Join(other.Wait(), ended.Wait()); err.Error() != "exit status 7\nexit status 8" {
				return fmt.Errorf("the others: %w", err)
			}
			return nil
		}()
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("it waits for ever")
	}
}

func TestTraceSaysWhyNot(t *testing.T) {
	program := program(t)
	defer nothingLeft(t, program)
	h := helper{self: program, args: []string{"ptrace-helper"}}
	if got := h.trace(t.Context(), "trace", 1<<22); !got.Tried || got.OK || got.Why != syscall.ESRCH.Error() {
		t.Errorf("%+v", got)
	}
	if got := h.trace(t.Context(), "look", 1); got.Tried || !strings.Contains(got.Why, "exit status 2") {
		t.Errorf("%+v", got)
	}
}

// A traced process goes on afterwards, whichever way it was traced.
func TestTracedGoesOn(t *testing.T) {
	program := program(t)
	defer nothingLeft(t, program)
	h := helper{self: program, args: []string{"ptrace-helper"}}
	for _, how := range []string{"trace", "touch"} {
		target, stdin, err := h.target(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.trace(t.Context(), how, target.Process.Pid); !got.OK {
			t.Errorf("%s: %+v", how, got)
		}
		stdin.Close() // ends one that runs, and only that
		if err := target.Wait(); err != nil {
			t.Errorf("%s: %v", how, err)
		}
	}
}

// Canceled probes end at once and leave nothing.
func TestCanceled(t *testing.T) {
	program := program(t)
	defer nothingLeft(t, program)
	for _, after := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond, 10 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		began := time.Now()
		if _, err := Probe(ctx, program, []string{"ptrace-helper"}); err != nil {
			t.Error(err)
		}
		cancel()
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("canceled after %s, ended after %s", after, took)
		}
	}
}
