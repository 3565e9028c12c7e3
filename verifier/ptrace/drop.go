//go:build linux

package ptrace

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// Drop becomes another program that cannot have the capability SYS_PTRACE: args are that program and its arguments. It
// returns only when that is not possible.
func Drop(args, environ []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which program?")
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread() // capabilities belong to a thread, and the one that executes the program decides
	if err := dropSysPtrace(os.Geteuid() == 0); err != nil {
		return fmt.Errorf("SYS_PTRACE cannot be dropped: %w", err)
	}
	return unix.Exec(path, args, environ)
}

// dropSysPtrace takes the capability out of every set of this thread. A program that root executes gets all of the bounding
// set back, so that there it counts; of others what they have is what they keep.
func dropSysPtrace(root bool) error {
	const bit = unix.CAP_SYS_PTRACE
	// An ambient capability that is not there is none to be taken away.
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_LOWER, bit, 0, 0)
	if err := unix.Prctl(unix.PR_CAPBSET_DROP, bit, 0, 0, 0); err != nil && root {
		if held, _, errno := unix.Syscall(unix.SYS_PRCTL, unix.PR_CAPBSET_READ, bit, 0); errno != 0 || held != 0 {
			return err
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData // of the lower and the upper 32 capabilities
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return err
	}
	sets[0].Effective &^= 1 << bit
	sets[0].Permitted &^= 1 << bit
	sets[0].Inheritable &^= 1 << bit
	return unix.Capset(&header, &sets[0])
}
