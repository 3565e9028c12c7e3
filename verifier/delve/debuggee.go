package delve

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"
)

// The scratch program that proofs debug: the two files of a module without dependencies, to be built with
// -gcflags='all=-N -l'. Its modes are those of DebuggeeProgram and StartDebuggee.
var (
	//go:embed debuggee/main.go.txt
	DebuggeeSource string // main.go
	//go:embed debuggee/main_test.go.txt
	DebuggeeTest string // main_test.go
)

// What the scratch program has in its variables: the word comes from its arguments, the answer is 7 times its length.
const (
	debuggeeWord   = "gopher"
	debuggeeAnswer = "42"
)

// DebuggeeProgram is the scratch program, to be launched: it stops in main.work, then in the standard library, and ends with
// status 0.
func DebuggeeProgram(binary, dir string) Program {
	return Program{
		Path:       binary,
		Args:       []string{"launch", debuggeeWord},
		Dir:        dir,
		Breakpoint: "main.work",
		Locals:     debuggeeLocals(),
		Std:        "os.(*File).Write",
	}
}

// DebuggeeProcess is the running scratch program, to be attached to: it passes main.tick fifty times a second.
func DebuggeeProcess(running *Running) Process {
	return Process{PID: running.PID, Breakpoint: "main.tick", Locals: debuggeeLocals(), Alive: running.Alive}
}

func debuggeeLocals() map[string]string {
	return map[string]string{"answer": debuggeeAnswer, "word": `"` + debuggeeWord + `"`}
}

// Running is the scratch program at work. Its Stop must be called.
type Running struct {
	PID   int
	cmd   *exec.Cmd
	stdin io.Closer
	beats chan struct{} // holds at most one: it was heard since somebody last asked
	ended chan struct{}
}

// StartDebuggee starts the scratch program as a process to attach to, and returns when it is at work. The context is
// for the start; the program ends at Stop, when dcverify ends in whatever way, and after two minutes.
func StartDebuggee(ctx context.Context, path string, env []string, dir string) (*Running, error) {
	return StartDebuggeeBy(ctx, nil, path, env, dir)
}

// StartDebuggeeBy is StartDebuggee where another program, with arguments of its own, becomes the scratch program.
func StartDebuggeeBy(ctx context.Context, by []string, path string, env []string, dir string) (*Running, error) {
	args := append(slices.Clone(by), path, "wait", debuggeeWord)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Dir = env, dir
	if env == nil {
		cmd.Env = []string{}
	}
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r := &Running{cmd: cmd, stdin: stdin, beats: make(chan struct{}, 1), ended: make(chan struct{})}
	cmd.Stdout = beatWriter(r.beats)
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r.PID = cmd.Process.Pid
	go func() {
		cmd.Wait()
		close(r.ended)
	}()
	if err := r.Alive(ctx); err != nil {
		r.Stop()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// beatWriter notes that something was written.
type beatWriter chan struct{}

func (b beatWriter) Write(p []byte) (int, error) {
	select {
	case b <- struct{}{}:
	default:
	}
	return len(p), nil
}

// Alive waits for a heartbeat that is younger than the call, for at most two seconds.
func (r *Running) Alive(ctx context.Context) error {
	const patience = 2 * time.Second
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-r.beats: // old
	default:
	}
	// The first that comes may have been under way; the second is of a program that runs.
	for range 2 {
		select {
		case <-r.beats:
		case <-r.ended:
			return errors.New("the program has ended: " + r.cmd.ProcessState.String())
		case <-timer.C:
			return fmt.Errorf("no heartbeat of the program for %s", patience)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Stop ends the program.
func (r *Running) Stop() {
	r.stdin.Close()
	timer := time.NewTimer(2 * time.Second)
	defer timer.Stop()
	select {
	case <-r.ended:
	case <-timer.C:
		r.cmd.Process.Kill()
		<-r.ended
	}
}
