package child

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

// terminate asks a process group to end: a program may be a script around the real one.
func terminate(pgid int) { syscall.Kill(-pgid, syscall.SIGTERM) }

func kill(pgid int) { syscall.Kill(-pgid, syscall.SIGKILL) }

// endSession ends what is left of a session whose leader has ended.
func endSession(sid int, grace time.Duration) {
	left := members(sid)
	for _, p := range left {
		syscall.Kill(p.PID, syscall.SIGTERM)
	}
	for until := time.Now().Add(grace); len(left) > 0 && time.Now().Before(until); left = members(sid) {
		time.Sleep(5 * time.Millisecond)
	}
	for _, p := range left {
		syscall.Kill(p.PID, syscall.SIGKILL)
	}
}

// Look reads /proc/PID/stat. The zero Stat has no such file.
func Look(pid int) (Stat, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	stat, err := os.ReadFile(path)
	if err != nil {
		return Stat{}, err
	}
	// The name, in parentheses, may hold anything; the rest are numbers from the third field on.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return Stat{}, fmt.Errorf("%s has %d fields", path, len(fields)+2)
	}
	session, err := strconv.Atoi(string(fields[3]))
	if err != nil {
		return Stat{}, err
	}
	return Stat{PID: pid, State: fields[0][0], Session: session, Start: string(fields[19])}, nil
}

// members are the living processes of a session.
func members(sid int) []Stat {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what could be read is what can be ended
	var living []Stat
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := Look(pid); err == nil && p.Session == sid && p.State != 'Z' {
			living = append(living, p)
		}
	}
	return living
}
