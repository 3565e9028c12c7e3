//go:build linux

package machine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/program"
)

// local is a machine that has taken charge of nobody's children, and need not be closed.
func local(t *testing.T) *Local {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &Local{scratch: folder, temps: map[string]string{}}
}

const long = time.Minute // a deadline that only what hangs reaches

func TestRun(t *testing.T) {
	for name, test := range map[string]struct {
		command        Command
		stdout, stderr string
		exit           int
		err            string // beginning of the error
	}{
		"good":            {Command{Path: "/bin/sh", Args: []string{"-c", "echo out; echo err >&2"}}, "out\n", "err\n", 0, ""},
		"exit status":     {Command{Path: "/bin/sh", Args: []string{"-c", "echo out; exit 3"}}, "out\n", "", 3, "exit status 3"},
		"ended by signal": {Command{Path: "/bin/sh", Args: []string{"-c", "kill -9 $$"}}, "", "", -1, "signal: killed"},
		"no program":      {Command{Path: "/does/not/exist"}, "", "", -1, "fork/exec /does/not/exist: no such file"},
		"no folder":       {Command{Path: "/bin/sh", Dir: "/does/not/exist"}, "", "", -1, "stat /does/not/exist: no such file"},
		"no input":        {Command{Path: "/bin/sh", Args: []string{"-c", "read line || echo end"}}, "end\n", "", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.command.Timeout = long
			got := local(t).Run(t.Context(), test.command)
			if string(got.Stdout) != test.stdout || string(got.Stderr) != test.stderr || got.Exit != test.exit {
				t.Errorf("stdout %q, stderr %q, status %d", got.Stdout, got.Stderr, got.Exit)
			}
			if (got.Err == nil) != (test.err == "") || (got.Err != nil && !strings.HasPrefix(got.Err.Error(), test.err)) || got.Late() {
				t.Errorf("error %v, late %v; want %q", got.Err, got.Late(), test.err)
			}
		})
	}
}

// A command gets the environment that it is given and no other, in the folder that it is given or the scratch folder.
func TestRunEnvironment(t *testing.T) {
	t.Setenv("GOROOT", "/of/this/process")
	m := local(t)
	for name, test := range map[string]struct {
		env  goenv.Environ
		dir  string
		want string
	}{
		"none":  {nil, "", m.Scratch() + " <nil> []\n"},
		"given": {goenv.Environ{"B": "2", "A": "1"}, "/", "/ <nil> [A=1 B=2]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := m.Run(t.Context(), Command{Path: self(t), Args: []string{"play-environ"}, Env: test.env, Dir: test.dir, Timeout: long})
			if got.Err != nil || string(got.Stdout) != test.want {
				t.Errorf("got %q, %v; want %q", got.Stdout, got.Err, test.want)
			}
		})
	}
}

func TestRunDeadline(t *testing.T) {
	got := local(t).Run(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", "sleep 60"}, Timeout: 20 * time.Millisecond})
	if !got.Late() || got.Exit != -1 || got.Err.Error() != "no answer within 20ms" {
		t.Errorf("late %v, status %d, error %v", got.Late(), got.Exit, got.Err)
	}
}

// ctrl-C ends a command with all that it started, and is told apart from its deadline.
func TestRunInterrupted(t *testing.T) {
	t.Parallel() // it waits for the grace that processes get
	m := local(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	pidFile := filepath.Join(m.Scratch(), "pid")
	done := make(chan Result)
	go func() {
		// mv makes the file appear with all of its text.
		done <- m.Run(ctx, Command{Path: "/bin/sh", Args: []string{"-c", "sleep 60 & echo $! > new; mv new pid; wait"}, Env: goenv.Environ{"PATH": os.Getenv("PATH")}, Timeout: long})
	}()
	pid := awaitPID(t, pidFile)
	reason := errors.New("ctrl-C")
	cancel(reason)
	got := <-done
	if !errors.Is(got.Err, reason) || got.Late() || got.Exit != -1 {
		t.Errorf("error %v, late %v, status %d", got.Err, got.Late(), got.Exit)
	}
	awaitEnd(t, pid)

	if got := m.Run(ctx, Command{Path: "/bin/true", Timeout: long}); !errors.Is(got.Err, reason) || got.Exit != -1 {
		t.Errorf("a command after the interruption: error %v, status %d", got.Err, got.Exit)
	}
}

func TestRunBackground(t *testing.T) {
	t.Parallel() // it waits for the grace that processes get
	got := local(t).Run(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", "sleep 60 & echo $!"}, Env: goenv.Environ{"PATH": os.Getenv("PATH")}, Timeout: long})
	if got.Err != nil || got.Exit != 0 {
		t.Errorf("status %d, error %v", got.Exit, got.Err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(got.Stdout)))
	if err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, pid)
}

func awaitPID(t *testing.T, path string) int {
	t.Helper()
	for range 2000 {
		if text, err := os.ReadFile(path); err == nil {
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the command did not start")
	return 0
}

// awaitEnd waits for a process that was killed; SIGKILL takes effect when the kernel comes to it.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for range 2000 {
		if !alive(pid) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("process %d is left", pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestRunOutputBound(t *testing.T) {
	got := local(t).Run(t.Context(), Command{Path: self(t), Args: []string{"play-flood"}, Timeout: long})
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	want := append(bytes.Repeat([]byte("a"), half), bytes.Repeat([]byte("z"), half)...)
	if !bytes.Equal(got.Stdout, want) {
		t.Errorf("%d bytes, %d of them a", len(got.Stdout), bytes.Count(got.Stdout, []byte("a")))
	}
}

func TestBounded(t *testing.T) {
	for _, sizes := range [][]int{{}, {1}, {half}, {half, 1}, {half - 1, 2}, {2 * half}, {2*half + 1}, {half, half, half}, {7 * half}, {half, 2*half + 1, 3}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			var b bounded
			var all []byte
			for i, size := range sizes {
				chunk := bytes.Repeat([]byte{byte('a' + i)}, size)
				all = append(all, chunk...)
				if n, err := b.Write(chunk); n != size || err != nil { // or io.Copy would end with a short write
					t.Fatalf("wrote %d of %d, %v", n, size, err)
				}
			}
			want := all
			if len(all) > 2*half {
				want = slices.Concat(all[:half], all[len(all)-half:])
			}
			if got := b.bytes(); !bytes.Equal(got, want) {
				t.Errorf("%d bytes of %d, want %d", len(got), len(all), len(want))
			}
		})
	}
}

func TestClose(t *testing.T) {
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self(t), "play-life")
	cmd.Env = append(os.Environ(), "LIFE_TMPDIR="+folder, "GORACE=atexit_sleep_ms=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var got life
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if filepath.Dir(got.Scratch) != folder || got.Perm != 0o700 {
		t.Errorf("the scratch folder is %s with mode %v", got.Scratch, got.Perm)
	}
	if left, err := os.ReadDir(folder); got.Temp == "" || err != nil || len(left) != 0 {
		t.Errorf("of the scratch folder and %s there is left %v, %v", got.Temp, left, err)
	}
	// Without these the test would prove nothing: there must be an orphan that outlived its command.
	if !got.DaemonLived || !got.Adopted {
		t.Errorf("the orphan %d lived: %v, and was adopted: %v", got.Daemon, got.DaemonLived, got.Adopted)
	}
	if alive(got.Daemon) || len(got.Left) > 0 {
		t.Errorf("the orphan %d lives: %v; left: %v", got.Daemon, alive(got.Daemon), got.Left)
	}
}

func TestOpen(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	write(t, file, "", 0o644)
	for name, test := range map[string]struct {
		environ goenv.Environ
		want    string
	}{
		"TMPDIR":          {goenv.Environ{"TMPDIR": folder}, folder},
		"none":            {nil, "/tmp"},
		"relative TMPDIR": {goenv.Environ{"TMPDIR": "tmp"}, "/tmp"},
		"missing TMPDIR":  {goenv.Environ{"TMPDIR": filepath.Join(folder, "gone")}, "/tmp"},
		"TMPDIR a file":   {goenv.Environ{"TMPDIR": file}, "/tmp"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Open(test.environ)
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(m.Scratch()) // Close would wait for the children of other tests
			if got := filepath.Dir(m.Scratch()); got != test.want {
				t.Errorf("the scratch folder is in %s, want %s", got, test.want)
			}
		})
	}
}

func TestTempIn(t *testing.T) {
	m := local(t)
	folder := t.TempDir()
	temp := m.TempIn(folder)
	if info, err := os.Stat(temp); err != nil || !info.IsDir() || filepath.Dir(temp) != folder {
		t.Errorf("%q in %s: %v", temp, folder, err)
	}
	if again := m.TempIn(folder); again != temp {
		t.Errorf("the second time it is %s, and was %s", again, temp)
	}
	if other := m.TempIn(t.TempDir()); other == temp || other == "" {
		t.Errorf("in another folder it is %q", other)
	}
	if none := m.TempIn(filepath.Join(folder, "gone")); none != "" {
		t.Errorf("%s was made in a folder that is not there", none)
	}
}

// The name of a program may look like the rest of the line that it stands in.
func TestDescendants(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a) S 1 (b")
	if err := os.Symlink(self(t), name); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), name, "play-sleep")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if got := descendants(os.Getpid()); !slices.Contains(got, cmd.Process.Pid) {
		t.Errorf("%d is not among %v", cmd.Process.Pid, got)
	}
	if got := descendants(cmd.Process.Pid); len(got) != 0 {
		t.Errorf("below a process that started nothing: %v", got)
	}
}

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "go")
	if err := syscall.Mkfifo(path, 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestText(t *testing.T) {
	m := local(t)
	folder := t.TempDir()
	most := strings.Repeat("x", maxText)
	for name, test := range map[string]struct {
		path string
		text string
		err  string // a part of it
	}{
		"file":               {write(t, filepath.Join(folder, "a"), "ä\n", 0o600), "ä\n", ""},
		"empty":              {write(t, filepath.Join(folder, "b"), "", 0o600), "", ""},
		"the largest":        {write(t, filepath.Join(folder, "c"), most, 0o600), most, ""},
		"too large":          {write(t, filepath.Join(folder, "d"), most+"x", 0o600), "", "larger than 4 MiB"},
		"device without end": {"/dev/zero", "", "larger than 4 MiB"},
		"empty device":       {"/dev/null", "", ""},
		"folder":             {folder, "", "is a directory"},
		"pipe":               {pipe(t), "", "is a pipe"},
		"missing":            {filepath.Join(folder, "gone"), "", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := m.Text(test.path, "its name")
			if (err != nil) != (test.err != "") || (err != nil && !strings.Contains(err.Error(), test.err)) {
				t.Fatalf("error %v, want %q", err, test.err)
			}
			if got.Text != test.text || (err == nil && got.Name != "its name") {
				t.Errorf("%d bytes named %q", len(got.Text), got.Name)
			}
		})
	}
	// Files of /proc have no size.
	if got, err := m.Text("/proc/self/status", "x"); err != nil || !strings.HasPrefix(got.Text, "Name:") {
		t.Errorf("/proc/self/status: %.20q, %v", got.Text, err)
	}
	if _, err := m.Text(filepath.Join(folder, "gone"), "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("callers ask whether a file exists: %v", err)
	}
}

// foreign is an ELF header of a machine that nobody tests on (s390x), and one of a 386.
const (
	foreign = "\x7fELF\x02\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x16\x00\x00\x00\x01" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
		"\x00\x40\x00\x38\x00\x00\x00\x40\x00\x00\x00\x00"
	i386 = "\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x03\x00\x01\x00\x00\x00" +
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x34\x00\x20\x00\x00\x00\x28\x00\x00\x00\x00\x00"
)

func TestProgram(t *testing.T) {
	m := local(t)
	folder := m.Scratch()
	script := write(t, filepath.Join(folder, "bin/go"), "#!/bin/sh\n", 0o755)
	plain := write(t, filepath.Join(folder, "plain"), "#!/bin/sh\n", 0o640)
	elf := write(t, filepath.Join(folder, "s390x"), foreign, 0o755)
	link := func(name, to string) string {
		path := filepath.Join(folder, name)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	uid, gid := os.Getuid(), os.Getgid()
	fifo := pipe(t)
	for name, test := range map[string]struct {
		path string
		want program.File
	}{
		"script":         {script, program.File{Real: script, Mode: 0o755, Executable: true, Script: true}},
		"link":           {link("link", "bin/go"), program.File{Real: script, Mode: 0o755, Executable: true, Script: true}},
		"not executable": {plain, program.File{Real: plain, Mode: 0o640, Script: true, Problem: fmt.Sprintf("it is not executable (mode 0640, owner %d)", uid)}},
		"another machine": {elf, program.File{Real: elf, Mode: 0o755, Executable: true, Arch: "s390x", Stripped: true,
			Problem: "it is built for s390x, and this is " + runtime.GOARCH}},
		"folder":           {filepath.Join(folder, "bin"), program.File{Real: filepath.Join(folder, "bin"), Mode: 0o755, Problem: "it is no regular file"}},
		"pipe":             {fifo, program.File{Real: fifo, Mode: 0o755, Problem: "it is no regular file"}},
		"missing":          {filepath.Join(folder, "gone"), program.File{Problem: "it does not exist"}},
		"broken link":      {link("broken", "gone"), program.File{Problem: "it is a broken link"}},
		"link to itself":   {link("round", "round"), program.File{Problem: "it is a broken link"}},
		"a file in a file": {filepath.Join(script, "go"), program.File{Problem: "it does not exist"}}, // PATH=/usr/local/go/bin/go
	} {
		t.Run(name, func(t *testing.T) {
			test.want.Path = test.path
			if test.want.Real != "" {
				test.want.UID, test.want.GID = uid, gid
			}
			got := m.Program(test.path)
			if name == "pipe" {
				got.Mode = test.want.Mode // what the umask left
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if runs := got.Problem == "" || got.Arch != ""; m.Executable(test.path) != runs {
				t.Errorf("executable: %v", !runs)
			}
		})
	}
	if got := m.Program(write(t, filepath.Join(folder, "386"), i386, 0o755)); got.Arch != "386" || (got.Problem == "") != (runtime.GOARCH == "amd64" || runtime.GOARCH == "386") {
		t.Errorf("a program for 386 on %s: %+v", runtime.GOARCH, got)
	}
	if got := m.Program(self(t)); got.Problem != "" || got.GoVersion != runtime.Version() || !got.Executable {
		t.Errorf("the test itself: %+v", got)
	}
}

func TestTree(t *testing.T) {
	m := local(t)
	answer, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(answer))
	got := m.Tree(root)
	if !got.Valid() || got.Version == "" || got.Compiler != got.Version || len(got.Lacks()) != 0 {
		t.Errorf("%s: %+v, lacks %v", root, got, got.Lacks())
	}
	linked := filepath.Join(m.Scratch(), "linked")
	if err := os.Symlink(root, linked); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, m.Tree(linked)); diff != "" {
		t.Errorf("through a link:\n%s", diff)
	}

	empty, half := filepath.Join(m.Scratch(), "empty"), filepath.Join(m.Scratch(), "half")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(half, "bin/go"), "#!/bin/sh\n", 0o644)                // not executable
	write(t, filepath.Join(half, "src/fmt"), "", 0o644)                          // no folder
	write(t, filepath.Join(half, "VERSION"), "go1.26.8 X:a\ntime 2026\n", 0o644) // a custom build, since Go 1.21 with a time
	file := write(t, filepath.Join(m.Scratch(), "file"), "", 0o644)
	for path, want := range map[string]goenv.Tree{
		empty:                    {Real: empty, Folder: true},
		half:                     {Real: half, Folder: true, Version: "go1.26.8"},
		file:                     {Real: file},
		"/does/not/exist":        {},
		filepath.Join(file, "x"): {},
	} {
		got := m.Tree(path)
		if diff := cmp.Diff(want, got); diff != "" || got.Valid() {
			t.Errorf("%s, valid %v; -want +got:\n%s", path, got.Valid(), diff)
		}
	}
}
