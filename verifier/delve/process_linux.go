package delve

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// ownSession makes a command the leader of a new session and process group, without a terminal.
func ownSession(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// ownGroup makes a command the leader of a new process group: ctrl-C in a terminal reaches dcverify alone.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// closeOnExec keeps a file descriptor from the programs that are started.
func closeOnExec(fd int) { syscall.CloseOnExec(fd) }

// terminate asks a process group to end: a debugger may be a script around the real one.
func terminate(pgid int) { syscall.Kill(-pgid, syscall.SIGTERM) }

func kill(pgid int) { syscall.Kill(-pgid, syscall.SIGKILL) }

// endSession ends what is left of a session whose leader has ended.
func endSession(sid int, grace time.Duration) {
	left := sessionMembers(sid)
	for _, p := range left {
		syscall.Kill(p.pid, syscall.SIGTERM)
	}
	for until := time.Now().Add(grace); len(left) > 0 && time.Now().Before(until); left = sessionMembers(sid) {
		time.Sleep(5 * time.Millisecond)
	}
	for _, p := range left {
		syscall.Kill(p.pid, syscall.SIGKILL)
	}
}

// process is a line of /proc/PID/stat.
type process struct {
	pid     int
	state   byte // R, S, D, T stopped, t traced, Z zombie
	session int
	start   string // in ticks since boot: with the pid it names a process for good
}

// look reads /proc/PID/stat. The zero process has no such file.
func look(pid int) (process, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	stat, err := os.ReadFile(path)
	if err != nil {
		return process{}, err
	}
	// The name, in parentheses, may hold anything; the rest are numbers from the third field on.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return process{}, fmt.Errorf("%s has %d fields", path, len(fields)+2)
	}
	session, err := strconv.Atoi(string(fields[3]))
	if err != nil {
		return process{}, err
	}
	return process{pid: pid, state: fields[0][0], session: session, start: string(fields[19])}, nil
}

// lives tells whether p is still there, and not only as the entry of a dead process that nobody has reaped.
func (p process) lives() bool {
	now, err := look(p.pid)
	return err == nil && now.start == p.start && now.state != 'Z'
}

// sessionMembers are the living processes of a session.
func sessionMembers(sid int) []process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what could be read is what can be ended
	var members []process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := look(pid); err == nil && p.session == sid && p.state != 'Z' {
			members = append(members, p)
		}
	}
	return members
}

// killProcess ends the process that was launched for debugging, which outlives a debugger that was killed.
func killProcess(p process) {
	if p.pid > 1 && p.lives() {
		syscall.Kill(p.pid, syscall.SIGKILL)
	}
}

// resume makes sure that a process that a debugger left in disorder goes on: a stop signal that was on its way may
// arrive only after the debugger is gone. A process that was stopped before stays so.
func resume(before process, watch time.Duration) {
	if before.state == 'T' || before.pid == 0 {
		return
	}
	for until := time.Now().Add(watch); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		now, err := look(before.pid)
		if err != nil || now.start != before.start {
			return
		}
		if now.state == 'T' {
			syscall.Kill(before.pid, syscall.SIGCONT)
		}
	}
}

// goesOn waits until a process is neither stopped nor traced. An error says what it is instead.
func goesOn(p process, within time.Duration) error {
	for until := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		now, err := look(p.pid)
		switch {
		case err != nil || now.start != p.start || now.state == 'Z':
			return fmt.Errorf("process %d has ended", p.pid)
		case now.state != 'T' && now.state != 't', p.state == 'T' && now.state == 'T':
			return nil
		case time.Now().After(until):
			return fmt.Errorf("process %d is stopped (state %c)", p.pid, now.state)
		}
	}
}
