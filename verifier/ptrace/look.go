//go:build linux

package ptrace

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/dcverify/dcverify/verifier/facts"
	binary "github.com/dcverify/dcverify/verifier/program"
)

// Look reads what the kernel says of a process. It does nothing to it. An error means that there is no such process.
func Look(pid int) (facts.Process, error) {
	proc := fmt.Sprintf("/proc/%d/", pid)
	p := facts.Process{PID: pid}
	status, err := os.ReadFile(proc + "status")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return p, fmt.Errorf("there is no process %d", pid)
	}
	if err != nil {
		return p, err
	}
	if err := readProcess(&p, status); err != nil {
		return p, err
	}
	p.Tracer = processOf(p.Tracer)
	if p.State == "Z" || p.State == "X" {
		return p, nil
	}
	p.OtherUserNS = elsewhere(proc, "user")
	p.OtherMounts = elsewhere(proc, "mnt")
	if owner, err := os.Stat(proc + "environ"); err == nil {
		// The kernel makes root the owner of what it keeps from a process's own user.
		if stat, ok := owner.Sys().(*syscall.Stat_t); ok {
			p.Undumpable = stat.Uid == 0 && p.UIDs[1] != 0
		}
	}
	if ids, err := os.ReadFile("/proc/self/uid_map"); err == nil && foreign(ids) != "" && !p.Undumpable {
		// From a user namespace the numbers of a process outside look like those of one inside; but it may not be asked.
		_, err := os.Readlink(proc + "ns/user")
		p.OtherUserNS = p.OtherUserNS || errors.Is(err, fs.ErrPermission)
	}
	line, _ := os.ReadFile(proc + "cmdline") // of a thread of the kernel it is empty
	p.Exe, err = os.Readlink(proc + "exe")
	if err != nil {
		p.Kernel = p.Kernel || errors.Is(err, fs.ErrNotExist) && len(line) == 0
		p.Unreadable = errnoText(err)
		return p, nil
	}
	p.Exe, p.Deleted = strings.CutSuffix(p.Exe, " (deleted)")
	file, err := os.Open(proc + "exe") // the program itself, whatever lies at its path by now
	if err != nil {
		p.Unreadable = errnoText(err)
		return p, nil
	}
	defer file.Close()
	var said binary.File
	binary.Read(&said, file)
	p.Arch, p.Go, p.Stripped = said.Arch, said.GoVersion, said.Stripped
	return p, nil
}

// processOf tells the process that a thread belongs to. The kernel names the thread that traces, in a debugger written in Go
// seldom the first, and a thread's number is in no list of processes.
func processOf(thread int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", thread))
	for line := range bytes.Lines(status) {
		if value, ok := bytes.CutPrefix(line, []byte("Tgid:")); ok {
			if pid, err := strconv.Atoi(string(bytes.TrimSpace(value))); err == nil {
				return pid
			}
		}
	}
	return thread
}

// elsewhere tells whether a process is known to be in another namespace than this one.
func elsewhere(proc, kind string) bool {
	theirs, err := os.Readlink(proc + "ns/" + kind)
	if err != nil {
		return false // it may not be asked, and most are in the same
	}
	ours, err := os.Readlink("/proc/self/ns/" + kind)
	return err == nil && ours != theirs
}

// readProcess reads /proc/PID/status.
func readProcess(p *facts.Process, status []byte) error {
	for line := range bytes.Lines(status) {
		key, value, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		var err error
		switch key {
		case "Name":
			p.Name = strings.TrimSpace(value)
		case "State":
			p.State = fields[0]
		case "PPid":
			p.Parent, err = strconv.Atoi(fields[0])
		case "TracerPid":
			p.Tracer, err = strconv.Atoi(fields[0])
		case "Uid":
			err = readThree(&p.UIDs, fields)
		case "Gid":
			err = readThree(&p.GIDs, fields)
		case "CapPrm":
			p.Permitted, err = strconv.ParseUint(fields[0], 16, 64)
		case "Kthread":
			p.Kernel = fields[0] == "1"
		}
		if err != nil {
			return fmt.Errorf("/proc/%d/status: %s: %w", p.PID, key, err)
		}
	}
	return nil
}

func readThree(into *[3]int, fields []string) (err error) {
	for i := range min(3, len(fields)) {
		if into[i], err = strconv.Atoi(fields[i]); err != nil {
			return err
		}
	}
	return nil
}
