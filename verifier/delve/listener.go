package delve

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// socket is a line of /proc/net/tcp or /proc/net/tcp6.
type socket struct {
	local netip.AddrPort
	state string // "0A" listens, "01" is established
	uid   int
	inode string
}

const (
	listens     = "0A"
	established = "01"
)

// sockets reads /proc/net/tcp or tcp6. Lines that are none are left out.
func sockets(table []byte) []socket {
	var found []socket
	for line := range bytes.Lines(table) {
		fields := strings.Fields(string(line))
		if len(fields) < 10 {
			continue
		}
		local, ok := hexAddress(fields[1])
		uid, err := strconv.Atoi(fields[7])
		if !ok || err != nil {
			continue // the heading
		}
		found = append(found, socket{local: local, state: fields[3], uid: uid, inode: fields[9]})
	}
	return found
}

// hexAddress reads "0100007F:0929": 32-bit words in the order of a little-endian machine, and the port.
func hexAddress(text string) (netip.AddrPort, bool) {
	host, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	number, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	address, _ := netip.AddrFromSlice(raw) // of 4 or 16 bytes
	return netip.AddrPortFrom(address.Unmap(), uint16(number)), true
}

// commandLine is what a Delve was told to be.
type commandLine struct {
	kind     string // "headless" or "dap"; empty where it is no server
	multi    bool
	anybody  bool   // --only-same-user=false
	api      int    // --api-version; 0 where nothing is said
	port     int    // of --listen; 0 where none is said, or the kernel chooses
	attached int    // attach PID
	target   string // what it was told to debug: a program, a package
}

// readCommandLine understands the arguments of dlv, and of programs that call themselves otherwise and take the same.
func readCommandLine(args []string) (c commandLine) {
	// Flags of dlv that take a value, which may be the next argument.
	valued := []string{"listen", "l", "api-version", "backend", "build-flags", "init", "log-dest", "log-output", "redirect", "r", "wd", "output", "tty", "client-addr", "waitfor", "waitfor-interval", "waitfor-duration"}
	headless, words := false, []string{}
	for i := 1; i < len(args) && args[i] != "--"; i++ {
		if !strings.HasPrefix(args[i], "-") {
			words = append(words, args[i])
			continue
		}
		name, value, has := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !has && slices.Contains(valued, name) && i+1 < len(args) {
			i++
			value = args[i]
		}
		on := !has || value == "true" || value == "1"
		switch name {
		case "headless":
			headless = on
		case "accept-multiclient":
			c.multi = on
		case "only-same-user":
			c.anybody = !on
		case "api-version":
			c.api, _ = strconv.Atoi(value)
		case "listen", "l":
			_, port, _ := strings.Cut(value[strings.LastIndexByte(value, ']')+1:], ":")
			c.port, _ = strconv.Atoi(port)
		}
	}
	known := slices.IndexFunc(words, func(word string) bool {
		return slices.Contains([]string{"dap", "debug", "test", "exec", "attach", "core", "replay"}, word)
	})
	if known < 0 {
		return commandLine{}
	}
	switch command := words[known]; {
	case command == "dap":
		c.kind, c.multi = "dap", false
	case headless:
		c.kind = "headless"
	}
	if known+1 < len(words) {
		c.target = words[known+1]
		if words[known] == "attach" {
			c.attached, _ = strconv.Atoi(c.target)
		}
	}
	return c
}

// isDelve tells whether a program goes by Delve's name.
func isDelve(path string) bool {
	name := filepath.Base(path)
	return name == "dlv" || strings.HasPrefix(name, "dlv-") || name == "dlv-dap"
}
