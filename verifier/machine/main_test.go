//go:build linux

package machine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/goenv"
)

// The test binary plays other programs too. That of Close is a whole dcverify: it takes every child of its process.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "play-environ":
			folder, err := os.Getwd()
			fmt.Println(folder, err, os.Environ())
			os.Exit(0)
		case "play-flood":
			os.Stdout.Write(append(bytes.Repeat([]byte("a"), 3*half), bytes.Repeat([]byte("z"), 3*half)...))
			os.Exit(0)
		case "play-sleep":
			time.Sleep(time.Minute)
			os.Exit(0)
		case "play-daemon":
			os.Exit(playDaemon())
		case "play-life":
			os.Exit(playLife())
		}
	}
	os.Exit(m.Run())
}

// playDaemon leaves a process behind that is in nobody's process group and holds nobody's pipe, as a debugger does.
func playDaemon() int {
	cmd := exec.Command("/proc/self/exe", "play-sleep")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(cmd.Process.Pid)
	return 0
}

// life is what a process saw that opened and closed the machine.
type life struct {
	Scratch     string
	Temp        string
	Perm        os.FileMode
	Daemon      int
	DaemonLived bool // after the command that started it had ended
	Adopted     bool // it became a child of the process that opened the machine
	Left        []int
}

func playLife() int {
	env := goenv.Environ{"TMPDIR": os.Getenv("LIFE_TMPDIR")}
	m, err := Open(env)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var l life
	l.Scratch, l.Temp = m.Scratch(), m.TempIn(os.Getenv("LIFE_TMPDIR"))
	if info, err := os.Stat(l.Scratch); err == nil {
		l.Perm = info.Mode().Perm()
	}
	run := m.Run(context.Background(), Command{Path: "/proc/self/exe", Args: []string{"play-daemon"}, Timeout: time.Minute})
	l.Daemon, _ = strconv.Atoi(strings.TrimSpace(string(run.Stdout)))
	l.DaemonLived = alive(l.Daemon)
	l.Adopted = slices.Contains(descendants(os.Getpid()), l.Daemon)
	if err := os.WriteFile(l.Scratch+"/file", nil, 0o400); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := m.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	l.Left = descendants(os.Getpid())
	_ = json.NewEncoder(os.Stdout).Encode(l)
	return 0
}

// alive tells whether the process runs; what has ended and waits for its parent does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if pid <= 0 || err != nil {
		return false
	}
	return !strings.HasPrefix(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " Z")
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
