//go:build linux

// Package machine is where commands are run and files are read on the machine that dcverify runs on.
//
// Its one rule: whatever it starts has ended, and whatever it writes is gone, when it is closed; also after a deadline,
// also after ctrl-C.
package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/program"
	"github.com/dcverify/dcverify/verifier/source"
)

// Local is this machine.
type Local struct {
	scratch string // for everything that is written

	mutex sync.Mutex
	temps map[string]string // by folder: one of dcverify's own inside it
}

// Open prepares the machine: it makes a scratch folder in the first of the usual places that can hold programs, and takes
// charge of orphans, so that what a shell or a debugger leaves behind comes back to this process and can be ended.
func Open(environ goenv.Environ) (*Local, error) {
	// Without this an orphaned debuggee would be adopted by PID 1 and run on (SIGKILL of dlv does not take it along). An
	// emulator does not implement it; there no debugger works either, and nothing is orphaned that does not end by itself.
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	if err := reserveThreads("/sys/fs/cgroup"); err != nil {
		return nil, err
	}
	var refused error
	for _, folder := range []string{environ["TMPDIR"], "/tmp", "/var/tmp", environ["XDG_CACHE_HOME"], environ["HOME"], "/dev/shm"} {
		if !filepath.IsAbs(folder) {
			continue
		}
		var mount unix.Statfs_t
		if err := unix.Statfs(folder, &mount); err == nil && mount.Flags&unix.ST_NOEXEC != 0 {
			refused = errors.Join(refused, fmt.Errorf("%s is mounted noexec", folder))
			continue
		}
		scratch, err := os.MkdirTemp(folder, "dcverify-")
		if err == nil {
			return &Local{scratch: scratch, temps: map[string]string{}}, nil
		}
		refused = errors.Join(refused, err)
	}
	return nil, fmt.Errorf("no folder for temporary programs (set TMPDIR to one): %w", refused)
}

// Close ends every process that is left of those it started, and removes the scratch folder.
func (m *Local) Close() error {
	started := time.Now()
	for {
		children := descendants(os.Getpid())
		if len(children) == 0 || time.Since(started) > 2*grace {
			break
		}
		// What start-up files began may hold a lock that only its own trap takes away.
		signal := syscall.SIGTERM
		if time.Since(started) > grace/4 {
			signal = syscall.SIGKILL
		}
		for _, pid := range children {
			_ = syscall.Kill(pid, signal) // already gone is fine
		}
		for {
			var status syscall.WaitStatus
			if pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	err := os.RemoveAll(m.scratch)
	for _, temp := range m.temps {
		err = errors.Join(err, os.RemoveAll(temp))
	}
	return err
}

// descendants lists the processes below pid, by the parent field of /proc/PID/stat.
func descendants(pid int) []int {
	parents := map[int][]int{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue
		}
		// "pid (name) state ppid …": the name may hold anything, the last parenthesis ends it.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			parents[parent] = append(parents[parent], child)
		}
	}
	var all []int
	queue := []int{pid}
	for len(queue) > 0 {
		children := parents[queue[0]]
		all, queue = append(all, children...), append(queue[1:], children...)
	}
	return all
}

// Scratch is the folder for everything that is written; Close removes it.
func (m *Local) Scratch() string { return m.scratch }

// TempIn gives a folder of dcverify's own inside the given one, where a command can leave what it likes; Close removes it.
// It is empty where none can be made: then the command meets the same obstacle by itself.
func (m *Local) TempIn(folder string) string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if temp, ok := m.temps[folder]; ok {
		return temp
	}
	temp, err := os.MkdirTemp(folder, "dcverify-")
	if err != nil {
		return ""
	}
	m.temps[folder] = temp
	return temp
}

// Full tells whether the disk of a folder has no room left, for data or for files.
func (m *Local) Full(folder string) bool {
	var mount unix.Statfs_t
	if err := unix.Statfs(folder, &mount); err != nil {
		return false
	}
	const little = 1 << 20 // in bytes; less than what go writes for one package
	return mount.Bavail*uint64(mount.Bsize) < little || mount.Files > 0 && mount.Ffree == 0
}

// Command is a program to run.
type Command struct {
	Path    string
	Args    []string
	Dir     string // the scratch folder when empty
	Env     goenv.Environ
	Timeout time.Duration
}

// grace is how long a command has for its own clean-up after ctrl-C.
const grace = 2 * time.Second

// Result is what came of a command.
type Result struct {
	Stdout, Stderr []byte // at most 4 MiB each; what is over is dropped from the middle
	Exit           int    // -1 when it was ended by a signal or never started
	Err            error  // nil after exit status 0
	Duration       time.Duration
}

// Run runs a command to its end, or to its deadline. The command gets no input and its own process group; the group is
// told to end when the command has ended, so that no background job of a shell goes on.
func (m *Local) Run(ctx context.Context, c Command) Result {
	deadline, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	cmd := exec.CommandContext(deadline, c.Path, c.Args...)
	cmd.Dir = c.Dir
	if cmd.Dir == "" {
		cmd.Dir = m.scratch
	}
	cmd.Env = c.Env.List()
	var stdout, stderr bounded
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// As ctrl-C does: the go command removes its folders in TMPDIR then, and at SIGKILL it could not.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = grace // also where a grandchild holds the pipes open
	started := time.Now()
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // usually nobody is left; Close sees to the stubborn
	}
	result := Result{Stdout: stdout.bytes(), Stderr: stderr.bytes(), Exit: -1, Err: err, Duration: time.Since(started)}
	if cmd.ProcessState != nil {
		result.Exit = cmd.ProcessState.ExitCode()
	}
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		result.Err = nil // it ended well, were it in the last moment; at most its background jobs held the pipes
	case ctx.Err() != nil:
		result.Err = fmt.Errorf("interrupted: %w", context.Cause(ctx))
	case deadline.Err() != nil:
		result.Err = lateError(c.Timeout)
	case cmd.Process == nil:
		if _, err := os.Stat(cmd.Dir); err != nil {
			result.Err = err // exec would blame the program
		}
	}
	return result
}

// lateError says that a command was ended at its deadline.
type lateError time.Duration

func (e lateError) Error() string { return "no answer within " + time.Duration(e).String() }

// Late tells whether the command was ended at its own deadline.
func (r Result) Late() bool {
	var late lateError
	return errors.As(r.Err, &late)
}

// bounded keeps the beginning and the end of what is written to it.
type bounded struct {
	head, tail []byte
}

const half = 2 << 20

func (b *bounded) Write(p []byte) (int, error) {
	n := len(p)
	if room := half - len(b.head); room > 0 {
		taken := min(room, len(p))
		b.head, p = append(b.head, p[:taken]...), p[taken:]
	}
	b.tail = append(b.tail, p...)
	if len(b.tail) > 2*half {
		b.tail = append(b.tail[:0], b.tail[len(b.tail)-half:]...)
	}
	return n, nil
}

func (b *bounded) bytes() []byte {
	return append(b.head[:len(b.head):len(b.head)], b.tail[max(0, len(b.tail)-half):]...)
}

// maxText is the most that is read of a text file: configuration files are smaller, and devices and logs have no end.
const maxText = 4 << 20

// Text reads a file as a text with the name that the user knows it by.
func (m *Local) Text(path, name string) (source.File, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		return source.File{}, fmt.Errorf("%s is a pipe", path) // nobody may ever write into it
	}
	file, err := os.Open(path)
	if err != nil {
		return source.File{}, err
	}
	defer file.Close()
	buffer := make([]byte, maxText+1)
	n := 0
	for n < len(buffer) {
		read, err := file.Read(buffer[n:])
		n += read
		if err == io.EOF {
			break
		}
		if err != nil {
			return source.File{}, err // a folder, for one
		}
	}
	if n > maxText {
		return source.File{}, fmt.Errorf("%s is larger than 4 MiB", path)
	}
	return source.File{Name: name, Text: string(buffer[:n])}, nil
}

// Executable tells whether the path is a regular file that this process may run, links followed.
func (m *Local) Executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && unix.Access(path, unix.X_OK) == nil
}

// Program reads what the program file says of itself, and why it cannot run here, if so.
func (m *Local) Program(path string) program.File {
	result := program.File{Path: path}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		result.Problem = "it does not exist" // for this user: what lies in a folder that it may not search cannot run either
		if _, err := os.Lstat(path); err == nil {
			result.Problem = "it is a broken link"
		}
		return result
	}
	result.Real = real
	info, err := os.Stat(real)
	if err != nil {
		result.Problem = err.Error()
		return result
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		result.UID, result.GID = int(owner.Uid), int(owner.Gid)
	}
	result.Mode = uint32(info.Mode().Perm())
	result.Executable = m.Executable(path)
	if info.Mode().IsRegular() { // to open a pipe would wait for whoever writes into it
		if file, err := os.Open(real); err == nil {
			defer file.Close()
			program.Read(&result, file)
		}
	}
	switch {
	case !info.Mode().IsRegular():
		result.Problem = "it is no regular file"
	case !result.Executable:
		result.Problem = fmt.Sprintf("it is not executable (mode %#o, owner %d)", result.Mode, result.UID)
	case result.Arch != "" && result.Arch != runtime.GOARCH && (runtime.GOARCH != "amd64" || result.Arch != "386"):
		result.Problem = fmt.Sprintf("it is built for %s, and this is %s", result.Arch, runtime.GOARCH)
	}
	return result
}

// Tree looks at a folder that somebody takes for a Go root.
func (m *Local) Tree(root string) goenv.Tree {
	var tree goenv.Tree
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return tree
	}
	tree.Real = real
	info, err := os.Stat(real)
	tree.Folder = err == nil && info.IsDir()
	tree.Go = m.Executable(filepath.Join(real, "bin/go"))
	std, err := os.Stat(filepath.Join(real, "src/fmt"))
	tree.Std = err == nil && std.IsDir()
	if version, err := m.Text(filepath.Join(real, "VERSION"), "VERSION"); err == nil {
		tree.Version, _, _ = strings.Cut(strings.TrimSpace(strings.SplitN(version.Text, "\n", 2)[0]), " ")
	}
	compiler := m.Program(filepath.Join(real, "pkg/tool", runtime.GOOS+"_"+runtime.GOARCH, "compile"))
	tree.Compiler = compiler.GoVersion
	return tree
}
