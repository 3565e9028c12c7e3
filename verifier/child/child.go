// Package child runs the programs that proofs talk to: a debugger, a language server.
//
// It owns the life of one such program and of everything that it starts. Its one rule: when Stop returns, the program was
// reaped, what it said was read, and of its session nothing runs on.
package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// Program is what is started.
type Program struct {
	Path string
	Args []string
	Env  []string // complete
	Dir  string   // empty: that of dcverify

	// Where its output goes. What has no writer has no pipe.
	Stdout, Stderr, Third io.Writer // Third is descriptor 3

	Talks bool // its stdin and stdout are the In and Out of the process, instead
}

// Process is a running program, and its end. Its Stop must be called.
type Process struct {
	In, Out *os.File      // of one that talks
	Ended   chan struct{} // closed when it has ended and was reaped and its output was read
	cmd     *exec.Cmd
}

// Start starts a program in a session of its own. That way ctrl-C in a terminal doesn't reach it, the order of its end stays
// ours, and whatever it leaves behind can be found, also what is in a process group of its own.
func Start(program Program) (*Process, error) {
	p := &Process{Ended: make(chan struct{})}
	p.cmd = exec.Command(program.Path, program.Args...)
	p.cmd.Env = program.Env
	if p.cmd.Env == nil {
		p.cmd.Env = []string{} // nil would mean the environment of dcverify, which is nobody's choice
	}
	p.cmd.Dir = program.Dir
	ownSession(p.cmd)

	var pipes pipes
	if program.Talks {
		theirs, ours := pipes.open()
		p.cmd.Stdin, p.In = theirs, ours
		p.Out, theirs = pipes.open()
		p.cmd.Stdout = theirs
	}
	type copying struct {
		to   io.Writer
		from *os.File
	}
	var outputs []copying
	read := func(to io.Writer) *os.File {
		ours, theirs := pipes.open()
		outputs = append(outputs, copying{to, ours})
		return theirs
	}
	if program.Stdout != nil && !program.Talks {
		p.cmd.Stdout = read(program.Stdout)
	}
	if program.Stderr != nil {
		p.cmd.Stderr = read(program.Stderr)
	}
	if program.Third != nil {
		p.cmd.ExtraFiles = []*os.File{read(program.Third)}
	}
	err := pipes.err
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		pipes.closeAll()
		if _, missing := os.Stat(program.Dir); program.Dir != "" && missing != nil {
			return nil, missing // the error of Start blames the program
		}
		return nil, err
	}
	pipes.closeTheirs(p.cmd)

	var copies sync.WaitGroup
	for _, output := range outputs {
		copies.Go(func() { io.Copy(output.to, output.from) })
	}
	go func() {
		p.cmd.Wait()
		// An orphan may hold the other ends open for as long as it likes: what the program said is read by then.
		soon := time.Now().Add(100 * time.Millisecond)
		if p.Out != nil {
			p.Out.SetReadDeadline(soon)
		}
		for _, output := range outputs {
			output.from.SetReadDeadline(soon)
		}
		copies.Wait()
		for _, output := range outputs {
			output.from.Close()
		}
		close(p.Ended)
	}()
	return p, nil
}

// pipes are the pipes of a program that is about to start.
type pipes struct {
	ends []*os.File
	err  error
}

func (p *pipes) open() (read, write *os.File) {
	read, write, err := os.Pipe()
	if err != nil {
		p.err = errors.Join(p.err, err)
		return nil, nil
	}
	p.ends = append(p.ends, read, write)
	return read, write
}

func (p *pipes) closeAll() {
	for _, end := range p.ends {
		end.Close()
	}
}

// closeTheirs closes the ends that the started program has.
func (p *pipes) closeTheirs(cmd *exec.Cmd) {
	for _, end := range p.ends {
		if cmd.Stdin == end || cmd.Stdout == end || cmd.Stderr == end || slices.Contains(cmd.ExtraFiles, end) {
			end.Close()
		}
	}
}

// PID is also the id of its process group and of its session.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Members are the living processes of the program's session, itself among them.
func (p *Process) Members() []Stat { return members(p.PID()) }

// EndsWithin waits for its end.
func (p *Process) EndsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.Ended:
		return true
	case <-timer.C:
		select {
		case <-p.Ended:
			return true
		default:
			return false
		}
	}
}

// Succeeded tells whether a program that has ended did so with status 0.
func (p *Process) Succeeded() bool { return p.cmd.ProcessState != nil && p.cmd.ProcessState.Success() }

// HowEnded tells the status of a program that has ended.
func (p *Process) HowEnded() string {
	state := p.cmd.ProcessState
	if state == nil {
		return "a status that was not seen"
	}
	if code := state.ExitCode(); code >= 0 {
		return fmt.Sprintf("status %d", code)
	}
	return state.String() // "signal: killed"
}

// Stop ends the program: SIGTERM lets it bring its things in order, SIGKILL comes when it is deaf. What is left of its session
// afterwards is ended too.
func (p *Process) Stop(grace time.Duration) {
	if !p.EndsWithin(0) {
		terminate(p.PID())
		if !p.EndsWithin(grace) {
			kill(p.PID())
			<-p.Ended
		}
	}
	if p.In != nil {
		p.In.Close()
	}
	endSession(p.PID(), grace)
}
