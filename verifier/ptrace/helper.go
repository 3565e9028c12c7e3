//go:build linux

package ptrace

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

const traced = "ok"

// Helper is the other side of Probe, in the program that Probe started. It returns the exit status. Its arguments:
//
//	target     say that it runs, and wait for the end of stdin
//	child PATH ARGS...  ask to be traced by the parent, and become that program, or say why not
//	trace PID  stop a process as a debugger does, let it go, and say how that went
//	touch PID  begin to trace a process without stopping it, and say how that went
//	call PID   make the system call for a process that does not exist, and say whether the kernel noticed
func Helper(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) int {
	if len(args) == 1 && args[0] == "target" {
		fmt.Fprintln(stdout, "ready")
		io.Copy(io.Discard, bufio.NewReader(stdin))
		return 0
	}
	if len(args) > 1 && args[0] == "child" {
		fmt.Fprintln(stdout, errnoText(becomeTraced(args[1:])))
		return 0
	}
	if len(args) != 2 {
		return 2
	}
	pid, err := strconv.Atoi(args[1])
	if err != nil || pid < 1 {
		return 2
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	switch args[0] {
	case "trace":
		err = attachAndDetach(ctx, pid)
	case "touch":
		// The kernel lets go of it when this process ends: to be let go earlier it would have to be stopped.
		err = unix.PtraceSeize(pid)
	case "call":
		if err = unix.PtraceCont(pid, 0); errors.Is(err, unix.ESRCH) {
			err = nil // the kernel itself has looked for the process
		}
	default:
		return 2
	}
	said := traced
	if err != nil {
		said = errnoText(err)
	}
	fmt.Fprintln(stdout, said)
	return 0
}

// becomeTraced asks to be traced and executes a program, at which the kernel stops it. It returns only when that fails.
func becomeTraced(args []string) error {
	runtime.LockOSThread() // it is the thread that is traced
	defer runtime.UnlockOSThread()
	if _, _, errno := unix.Syscall(unix.SYS_PTRACE, unix.PTRACE_TRACEME, 0, 0); errno != 0 {
		return errno
	}
	return unix.Exec(args[0], args, []string{})
}

// attachAndDetach makes the same calls as a debugger.
func attachAndDetach(ctx context.Context, pid int) error {
	if err := unix.PtraceAttach(pid); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience/2) // less than what its starter waits
	defer cancel()
	return errors.Join(waitForStop(ctx, pid), unix.PtraceDetach(pid))
}
