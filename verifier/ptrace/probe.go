//go:build linux

package ptrace

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dcverify/dcverify/verifier/facts"
)

const (
	patience = 5 * time.Second // for one probe
	nobody   = 65534

	// noProcess is above the greatest number that Linux gives (PID_MAX_LIMIT, 2^22).
	noProcess = 1 << 30

	// machinePIDs is the pid namespace of the machine itself (include/linux/proc_ns.h, PROC_PID_INIT_INO).
	machinePIDs = "pid:[4026531836]"
)

// helper starts the running program again, in its other roles.
type helper struct {
	self string
	args []string
}

func (h helper) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, h.self, append(append([]string{}, h.args...), args...)...)
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.WaitDelay = time.Second
	return cmd
}

// child starts a child that asks to be traced and becomes another program, as what a debugger launches does, and waits for
// it to stop there. The child asks when it is a program of its own already: between fork and exec, where Go would let it
// ask, an emulator can hang for ever when it is refused (qemu-user, in the exit of a fork that has threads' locks).
func (h helper) child(ctx context.Context) facts.PtraceResult {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// All calls about a traced process must come from the thread that traces it. It is not unlocked: it ends with the
	// goroutine, so that no state of it is left to others.
	result := make(chan facts.PtraceResult, 1)
	go func() {
		runtime.LockOSThread()
		result <- h.traceChild(ctx)
	}()
	return <-result
}

func (h helper) traceChild(ctx context.Context) facts.PtraceResult {
	said, says, err := os.Pipe()
	if err != nil {
		return facts.PtraceResult{Why: errnoText(err)}
	}
	defer said.Close()
	cmd := h.command(ctx, slices.Concat([]string{"child", h.self}, h.args, []string{"target"})...)
	cmd.Stdout = says
	err = cmd.Start()
	says.Close()
	if err != nil {
		return facts.PtraceResult{Why: errnoText(err)}
	}
	defer cmd.Wait()
	defer reap(cmd.Process.Pid)
	defer cmd.Process.Kill()
	status, err := waitForChange(ctx, cmd.Process.Pid)
	switch {
	case err != nil:
		return answer(err)
	case status.Stopped():
		return facts.PtraceResult{Tried: true, OK: true}
	case status.Signaled() && status.Signal() == syscall.SIGSYS:
		return killed()
	}
	why, _ := io.ReadAll(said)
	return facts.PtraceResult{Tried: true, Why: cmp.Or(strings.TrimSpace(string(why)), "the traced process ended instead of stopping")}
}

// reap waits for the end of a child that was killed. A child that is ended between its wish to be traced and its program has
// a thread of which only the tracer hears, and is not over before that was heard of. It asks for no other process: what else
// this program has started is waited for by whoever started it.
func reap(pid int) {
	for {
		var status unix.WaitStatus
		got, err := unix.Wait4(pid, &status, unix.WNOHANG|unix.WALL, nil)
		if err != nil && err != unix.EINTR || got == pid && !status.Stopped() {
			return
		}
		threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		for _, thread := range threads {
			if tid, err := strconv.Atoi(thread.Name()); err == nil && tid != pid {
				_, _ = unix.Wait4(tid, nil, unix.WNOHANG|unix.WALL|unix.WNOTHREAD, nil) // most are not traced
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// waitForStop waits until a traced process has stopped.
func waitForStop(ctx context.Context, pid int) error {
	status, err := waitForChange(ctx, pid)
	if err == nil && !status.Stopped() {
		return errors.New("the traced process ended instead of stopping")
	}
	return err
}

// waitForChange waits until a process has stopped or ended. It polls: a wait that blocks can't be ended.
func waitForChange(ctx context.Context, pid int) (unix.WaitStatus, error) {
	for {
		var status unix.WaitStatus
		got, err := unix.Wait4(pid, &status, unix.WNOHANG|unix.WALL, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return status, fmt.Errorf("wait for the traced process: %w", err)
		case got == pid:
			return status, nil
		}
		select {
		case <-ctx.Done():
			return status, errors.New("the traced process did not stop")
		case <-time.After(time.Millisecond):
		}
	}
}

// target starts a process to be traced, and returns when it runs. Closing stdin ends it.
func (h helper) target(ctx context.Context, as *syscall.Credential) (cmd *exec.Cmd, stdin io.Closer, err error) {
	cmd = h.command(ctx, "target")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		in.Close()
		cmd.Process.Kill()
		return nil, nil, fmt.Errorf("the process to be traced did not start: %w", errors.Join(err, cmd.Wait()))
	}
	return cmd, in, nil
}

// sibling makes one process trace another, neither of which descends from the other.
func (h helper) sibling(ctx context.Context) (result facts.PtraceResult, emulatedBy string, looked facts.Process) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	target, stdin, err := h.target(ctx, nil)
	if err != nil {
		return facts.PtraceResult{Why: errnoText(err)}, "", looked
	}
	defer target.Wait()
	defer stdin.Close()
	emulatedBy = emulator(target.Process.Pid, h.self)
	looked, _ = Look(target.Process.Pid) // it is there: it waits for its end
	return h.trace(ctx, "trace", target.Process.Pid), emulatedBy, looked
}

// otherUser traces a process of another user: root one of nobody's, everybody else the first process of the container.
func (h helper) otherUser(ctx context.Context, uid int) (facts.PtraceResult, facts.Process) {
	if uid != 0 {
		first, err := Look(1)
		switch {
		case err != nil:
			return facts.PtraceResult{Why: errnoText(err)}, first
		case first.UIDs[1] == uid:
			return facts.PtraceResult{Why: "process 1 belongs to the same user"}, first
		}
		return h.first(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	target, stdin, err := h.target(ctx, &syscall.Credential{Uid: nobody, Gid: nobody})
	if err != nil {
		return facts.PtraceResult{Why: "no process of another user could be started: " + errnoText(err)}, facts.Process{}
	}
	defer target.Wait()
	defer stdin.Close()
	looked, _ := Look(target.Process.Pid)
	return h.trace(ctx, "touch", target.Process.Pid), looked
}

// first traces the first process, on which everything here depends: it is not stopped for it. That of a whole machine is
// left alone.
func (h helper) first(ctx context.Context) (facts.PtraceResult, facts.Process) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	looked, err := Look(1)
	switch own, _ := os.Readlink("/proc/self/ns/pid"); {
	case err != nil:
		return facts.PtraceResult{Why: errnoText(err)}, looked
	case os.Getpid() == 1:
		// A child that changes its user before it executes anything shares its memory with this process, which the kernel
		// keeps from its own user from then on: what is told of it is of no other.
		return facts.PtraceResult{Why: "process 1 is dcverify itself"}, looked
	case own == machinePIDs:
		return facts.PtraceResult{Why: "process 1 is that of the machine and not of a container"}, looked
	case looked.Tracer != 0:
		return facts.PtraceResult{Why: fmt.Sprintf("process %d traces it", looked.Tracer)}, looked
	}
	return h.trace(ctx, "touch", 1), looked
}

// call asks for a process that cannot exist, so that only who stands before the kernel's rule can refuse.
func (h helper) call(ctx context.Context) facts.PtraceResult {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return h.trace(ctx, "call", noProcess)
}

// trace runs a helper that traces a process and says how that went.
func (h helper) trace(ctx context.Context, how string, pid int) facts.PtraceResult {
	var out bytes.Buffer
	cmd := h.command(ctx, how, strconv.Itoa(pid))
	cmd.Stdout = &out
	err := cmd.Run()
	if state := cmd.ProcessState; state != nil {
		if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGSYS {
			return killed()
		}
	}
	if err != nil {
		return facts.PtraceResult{Why: "the helper that traces failed: " + errnoText(err)}
	}
	said := strings.TrimSpace(out.String())
	if said == traced {
		return facts.PtraceResult{Tried: true, OK: true}
	}
	return facts.PtraceResult{Tried: true, Why: said}
}

// killed is what a filter may do instead of saying no.
func killed() facts.PtraceResult {
	return facts.PtraceResult{Tried: true, Why: "killed for the system call"}
}

// answer turns the end of a probe into its result.
func answer(err error) facts.PtraceResult {
	if err == nil {
		return facts.PtraceResult{Tried: true, OK: true}
	}
	return facts.PtraceResult{Tried: true, Why: errnoText(err)}
}

// errnoText is the text of the errno inside an error, without the paths around it, or else the whole text.
func errnoText(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}
