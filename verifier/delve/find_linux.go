package delve

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/program"
)

// findServer looks who listens at an address without connecting to it.
func findServer(address string) found {
	f := found{Server: facts.Server{Address: address, User: -1}}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return f
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		return f
	}
	addresses := ownAddresses(host)
	if f.local = len(addresses) > 0; !f.local {
		return f
	}
	inodes, connected := map[string]bool{}, map[string]bool{}
	for _, s := range readTables() {
		if int(s.local.Port()) != number {
			continue
		}
		switch {
		case s.state == listens && serves(s.local.Addr(), addresses):
			f.listens, f.User, inodes[s.inode] = true, s.uid, true
			f.inside = f.inside || s.local.Addr().IsLoopback()
		case s.state == established:
			f.Clients++
			connected[s.inode] = true
		}
	}
	// A server for one client stops listening when that one has come.
	if len(inodes) == 0 {
		inodes = connected
	}
	if len(inodes) > 0 {
		f.identify(inodes)
	}
	if f.listens && !f.known {
		f.identifyByCommand(number)
	}
	return f
}

// serves tells whether a socket that listens at one address is reached by another.
func serves(listening netip.Addr, addresses []netip.Addr) bool {
	for _, address := range addresses {
		if listening == address || listening.IsUnspecified() {
			return true
		}
	}
	return false
}

// ownAddresses is what a host's name stands for, if all of it is this network namespace.
func ownAddresses(host string) []netip.Addr {
	if host == "" {
		host = "localhost"
	}
	names, err := net.LookupHost(host)
	if err != nil {
		return nil
	}
	interfaces, _ := net.InterfaceAddrs() // of those that cannot be listed nothing is ours but loopback
	var own []netip.Addr
	for _, name := range names {
		address, err := netip.ParseAddr(name)
		if err != nil {
			return nil
		}
		address = address.Unmap().WithZone("")
		ours := address.IsLoopback() || address.IsUnspecified()
		for _, i := range interfaces {
			if prefix, err := netip.ParsePrefix(i.String()); err == nil && prefix.Addr().Unmap() == address {
				ours = true
			}
		}
		if !ours {
			return nil
		}
		own = append(own, address)
	}
	return own
}

// identify finds the process that holds one of the sockets, and reads what it was told to be.
func (f *found) identify(inodes map[string]bool) {
	processes, _ := filepath.Glob("/proc/[0-9]*/fd")
	for _, folder := range processes {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue // of another user
		}
		for _, entry := range entries {
			link, _ := os.Readlink(filepath.Join(folder, entry.Name()))
			inode, ok := strings.CutPrefix(link, "socket:[")
			if !ok || !inodes[strings.TrimSuffix(inode, "]")] {
				continue
			}
			f.PID, _ = strconv.Atoi(filepath.Base(filepath.Dir(folder)))
			f.read(filepath.Dir(folder))
			return
		}
	}
}

// identifyByCommand finds another user's Delve, whose sockets cannot be told apart: everybody may read its command line, and
// that says where it was told to listen.
func (f *found) identifyByCommand(port int) {
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var folders []string
	for _, name := range processes {
		line, _ := os.ReadFile(name) // one that has ended has none
		args := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		info, err := os.Stat(filepath.Dir(name))
		if err != nil || !isDelve(args[0]) || readCommandLine(args).port != port {
			continue
		}
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) == f.User {
			folders = append(folders, filepath.Dir(name))
		}
	}
	if len(folders) == 1 { // two are of different network namespaces, and which of them is meant cannot be seen
		f.PID, _ = strconv.Atoi(filepath.Base(folders[0]))
		f.read(folders[0])
	}
}

func (f *found) read(folder string) {
	line, err := os.ReadFile(filepath.Join(folder, "cmdline"))
	if err != nil || len(line) == 0 {
		return
	}
	args := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
	command := readCommandLine(args)
	f.known, f.process = true, filepath.Base(args[0])
	var said program.File
	if file, err := os.Open(filepath.Join(folder, "exe")); err == nil {
		defer file.Close()
		program.Read(&said, file)
	}
	f.delve = command.kind != "" && (isDelve(args[0]) || said.Module == "github.com/go-delve/delve")
	f.Kind, f.Target, f.anybody, f.API = command.kind, command.target, command.anybody, command.api
	f.Multi = &command.multi
	if stat, err := child.Look(f.PID); err == nil {
		f.Stopped = stat.State == 'T'
	}
	if f.delve {
		f.Version = strings.TrimPrefix(said.Version, "v")
	}
}
