package delve

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/ptrace"
)

// LeftProcesses finds debuggers, and programs that they debugged, whose session is over. Besides it gives the files of all
// programs by the name of one that Delve has built, which run.
func LeftProcesses() (left []facts.Leftover, running []string) {
	tables := readTables()
	first, err := child.Look(1)
	if err != nil {
		return nil, nil // without the first process nothing can be told of the others
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		exe, err := os.Readlink(filepath.Join(filepath.Dir(stat), "exe"))
		if err != nil {
			continue // of another user, or of the kernel
		}
		exe = strings.TrimSuffix(exe, " (deleted)")
		if debugBinary.MatchString(filepath.Base(exe)) {
			running = append(running, exe)
		}
		at, err := child.Look(pid)
		process, err2 := ptrace.Look(pid)
		if err != nil || err2 != nil || process.Parent != 1 {
			continue
		}
		c := candidate{Process: process, session: at.Session}
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		c.args = strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		if isDelve(exe) {
			c.address, c.clients = listenerOf(pid, tables)
		}
		if l, ok := c.leftover(first.Session); ok {
			left = append(left, l)
		}
	}
	return left, running
}

// readTables reads all sockets of this network namespace.
func readTables() []socket {
	var all []socket
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // a kernel without IPv6 has one of them
		all = append(all, sockets(text)...)
	}
	return all
}

// listenerOf tells where a process listens, and how many are connected there.
func listenerOf(pid int, tables []socket) (address string, clients int) {
	var inodes []string
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, _ := os.ReadDir(folder) // of another user: then nothing is known
	for _, entry := range entries {
		link, _ := os.Readlink(filepath.Join(folder, entry.Name()))
		if inode, ok := strings.CutPrefix(link, "socket:["); ok {
			inodes = append(inodes, strings.TrimSuffix(inode, "]"))
		}
	}
	for _, s := range tables {
		switch {
		case !slices.Contains(inodes, s.inode):
		case s.state == listens:
			address = s.local.String()
		case s.state == established:
			clients++
		}
	}
	return address, clients
}
