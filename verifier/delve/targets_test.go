//go:build linux

package delve

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

var awkward struct {
	once sync.Once
	path string
	err  error
}

func startAwkward(t testing.TB, how string) *exec.Cmd {
	t.Helper()
	workbench(t)
	awkward.once.Do(func() { // the test's own binary is stripped
		awkward.path = filepath.Join(bench.dir, "awkward")
		awkward.err = runGo("testdata/awkward", nil, "build", "-gcflags=all=-N -l", "-o", awkward.path, "main.go")
	})
	if awkward.err != nil {
		t.Fatal(awkward.err)
	}
	cmd := exec.Command(awkward.path, how)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatal(line, err)
	}
	return cmd
}

// await waits until a process is in one of the given states.
func await(t testing.TB, pid int, states string) {
	t.Helper()
	var now child.Stat
	for until := time.Now().Add(5 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
		var err error
		if now, err = child.Look(pid); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsRune(states, rune(now.State)) {
			return
		}
	}
	t.Errorf("process %d is in state %c, not in one of %s", pid, now.State, states)
}

// A process that ignores every signal that can be ignored is attached to like any other, and goes on.
func TestAttachToTheDeaf(t *testing.T) {
	for name, tool := range tools(t) {
		t.Run(name, func(t *testing.T) {
			deaf := startAwkward(t, "deaf")
			if p := Attach(t.Context(), tool, Process{PID: deaf.Process.Pid}); p.Status != facts.Passed {
				t.Errorf("%+v", p)
			}
			await(t, deaf.Process.Pid, "SR")
		})
	}
}

// A process that somebody has stopped stays stopped: it is not ours to let it go on.
func TestAttachToTheStopped(t *testing.T) {
	for name, tool := range tools(t) {
		t.Run(name, func(t *testing.T) {
			stopped := startAwkward(t, "plain")
			pid := stopped.Process.Pid
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			await(t, pid, "T")
			if p := Attach(t.Context(), tool, Process{PID: pid}); p.Status != facts.Passed || detail(p, "alive") != fmt.Sprintf("process %d is stopped, as it was before", pid) {
				t.Errorf("%+v", p)
			}
			await(t, pid, "T")
		})
	}
}

// A process that is being debugged already is left to whoever does.
func TestAttachToTheTraced(t *testing.T) {
	_, dlv := workbench(t)
	for name, tool := range tools(t) {
		t.Run(name, func(t *testing.T) {
			traced := startAwkward(t, "plain")
			pid := traced.Process.Pid
			socket := filepath.Join(t.TempDir(), "socket")
			other := exec.Command(dlv, "attach", "--headless", "--api-version=2", "--listen=unix:"+socket, "--continue", "--accept-multiclient", strconv.Itoa(pid))
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = other.Process.Signal(syscall.SIGTERM)
				_ = other.Wait()
				await(t, pid, "SR")
			}()
			tracer := func() string {
				status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
				if err != nil {
					t.Fatal(err)
				}
				_, after, _ := strings.Cut(string(status), "TracerPid:\t")
				line, _, _ := strings.Cut(after, "\n")
				return line
			}
			for until := time.Now().Add(10 * time.Second); tracer() == "0"; time.Sleep(time.Millisecond) {
				if time.Now().After(until) {
					t.Fatal("the other debugger does not attach")
				}
			}
			was := tracer()
			p := Attach(t.Context(), tool, Process{PID: pid})
			if want := "could not attach to pid " + strconv.Itoa(pid) + ": already being debugged by pid " + was; p.Status != facts.Fails || !strings.Contains(p.Reason, want) {
				t.Errorf("want %q, got %s: %s", want, p.Status, p.Reason)
			}
			if got := tracer(); got != was {
				t.Errorf("process %s traced it, and now %s does", was, got)
			}
		})
	}
}

// A process that ends while it is being debugged is nobody's success.
func TestTargetEnds(t *testing.T) {
	for name, tool := range tools(t) {
		t.Run(name, func(t *testing.T) {
			target := startAwkward(t, "plain")
			pid := target.Process.Pid
			p := prove(t.Context(), "delve-attach", tool, usualLimits(), func(s *session) error {
				s.target, _ = child.Look(pid)
				address, err := s.start(tool, append(serverArgs("attach", tool), strconv.Itoa(pid)), "/")
				if err != nil {
					return err
				}
				if err := s.connect(address); err != nil {
					return err
				}
				if err := target.Process.Kill(); err != nil {
					t.Error(err)
				}
				if err := s.lookAround(); err != nil {
					return err
				}
				return s.step("detach", s.limits.step, func() (string, error) {
					if _, err := s.detach(false); err != nil {
						return "", err
					}
					return "", goesOn(s.target, time.Second)
				})
			})
			if p.Status != facts.Fails || p.Reason == "" {
				t.Errorf("%+v", p)
			}
		})
	}
}
