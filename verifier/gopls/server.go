//go:build linux

package gopls

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// process is a running gopls, its pipes, and its end.
type process struct {
	cmd    *exec.Cmd
	in     *os.File // its stdin
	out    *os.File // its stdout
	stderr tail
	ended  chan struct{} // closed when it has ended and was reaped and its stderr was read
}

// start starts gopls in a session of its own. That way ctrl-C in a terminal doesn't reach it, the order of its end stays
// ours, and the go commands that it leaves behind can be found.
func start(server Server, dir string) (*process, error) {
	p := &process{ended: make(chan struct{})}
	p.cmd = exec.Command(server.Path, server.Args...)
	p.cmd.Env = server.Env
	if p.cmd.Env == nil {
		p.cmd.Env = []string{} // nil would mean the environment of dcverify, which is nobody's choice
	}
	p.cmd.Dir = dir
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}

	var files [6]*os.File // the two ends of three pipes
	closeAll := func() {
		for _, file := range files {
			if file != nil {
				file.Close()
			}
		}
	}
	for i := 0; i < len(files); i += 2 {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll()
			return nil, err
		}
		files[i], files[i+1] = r, w
	}
	p.cmd.Stdin, p.in = files[0], files[1]
	p.out, p.cmd.Stdout = files[2], files[3]
	stderr := files[4]
	p.cmd.Stderr = files[5]
	if err := p.cmd.Start(); err != nil {
		closeAll()
		if _, missing := os.Stat(dir); missing != nil {
			return nil, missing // the error of Start blames the program
		}
		return nil, err
	}
	for _, theirs := range []*os.File{files[0], files[3], files[5]} {
		theirs.Close()
	}
	read := make(chan struct{})
	go func() {
		io.Copy(&p.stderr, stderr)
		close(read)
	}()
	go func() {
		p.cmd.Wait()
		// An orphan may hold the other ends open for as long as it likes: what gopls said is read by then.
		soon := time.Now().Add(100 * time.Millisecond)
		stderr.SetReadDeadline(soon)
		p.out.SetReadDeadline(soon)
		<-read
		stderr.Close()
		close(p.ended)
	}()
	return p, nil
}

// endsWithin waits for its end.
func (p *process) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.ended:
		return true
	case <-timer.C:
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	}
}

// howEnded tells the status of an ended gopls.
func (p *process) howEnded() string {
	if code := p.cmd.ProcessState.ExitCode(); code >= 0 {
		return fmt.Sprintf("status %d", code)
	}
	return p.cmd.ProcessState.String() // "signal: killed"
}

// stop ends gopls, and the go commands that it has started.
func (p *process) stop(grace time.Duration) {
	session := p.cmd.Process.Pid
	if !p.endsWithin(0) {
		syscall.Kill(-session, syscall.SIGTERM)
		if !p.endsWithin(grace) {
			syscall.Kill(-session, syscall.SIGKILL)
			<-p.ended
		}
	}
	p.in.Close()
	left := members(session)
	for _, pid := range left {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	for until := time.Now().Add(grace); len(left) > 0 && time.Now().Before(until); left = members(session) {
		time.Sleep(5 * time.Millisecond)
	}
	for _, pid := range left {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// members are the living processes of a session, by the fields of /proc/PID/stat.
func members(session int) []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what could be read is what can be ended
	var pids []int
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", name, "stat"))
		if err != nil {
			continue
		}
		// "pid (name) state ppid pgrp session …": the name may hold anything, the last parenthesis ends it.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 3 && string(fields[0]) != "Z" && string(fields[3]) == strconv.Itoa(session) {
			pids = append(pids, pid)
		}
	}
	return pids
}
