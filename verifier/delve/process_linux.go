package delve

import (
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/dcverify/dcverify/verifier/child"
)

// ownGroup makes a command the leader of a new process group: ctrl-C in a terminal reaches dcverify alone.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// closeOnExec keeps a file descriptor from the programs that are started.
func closeOnExec(fd int) { syscall.CloseOnExec(fd) }

// killProcess ends the process that was launched for debugging, which outlives a debugger that was killed.
func killProcess(p child.Stat) {
	if p.PID > 1 && p.Lives() {
		syscall.Kill(p.PID, syscall.SIGKILL)
	}
}

// resume makes sure that a process that a debugger left in disorder goes on: a stop signal that was on its way may
// arrive only after the debugger is gone. A process that was stopped before stays so.
func resume(before child.Stat, watch time.Duration) {
	if before.PID == 0 {
		return
	}
	if before.State == 'T' {
		stopAgain(before)
		return
	}
	for until := time.Now().Add(watch); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		now, err := child.Look(before.PID)
		if err != nil || now.Start != before.Start {
			return
		}
		if now.State == 'T' {
			syscall.Kill(before.PID, syscall.SIGCONT)
		}
	}
}

// stopAgain stops a process that somebody had stopped before the debugger came: Delve sends SIGCONT to every process that it
// lets go and that is stopped (pkg/proc/native/proc_linux.go, detach).
func stopAgain(before child.Stat) {
	if now, err := child.Look(before.PID); before.State == 'T' && err == nil && now.Start == before.Start && now.State != 'T' {
		syscall.Kill(before.PID, syscall.SIGSTOP)
	}
}

// goesOn waits until a process is neither stopped nor traced. An error says what it is instead.
func goesOn(p child.Stat, within time.Duration) error {
	for until := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		now, err := child.Look(p.PID)
		switch {
		case err != nil || now.Start != p.Start || now.State == 'Z':
			return fmt.Errorf("process %d has ended", p.PID)
		case now.State != 'T' && now.State != 't' && p.State != 'T', now.State == 'T' && p.State == 'T':
			return nil
		case time.Now().After(until) && p.State == 'T':
			return fmt.Errorf("process %d, which was stopped, is not any more (state %c)", p.PID, now.State)
		case time.Now().After(until):
			return fmt.Errorf("process %d is stopped (state %c)", p.PID, now.State)
		}
	}
}
