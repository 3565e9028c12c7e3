package delve

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// server is a running Delve, its output, and its end.
type server struct {
	cmd       *exec.Cmd
	listening chan string   // the address it listens at
	stderr    tail          // what it wrote to stderr
	all       tail          // what it wrote to stdout and stderr
	ended     chan struct{} // closed when it has ended and was reaped and its output was read
}

// startServer starts Delve in a session of its own. That way ctrl-C in a terminal doesn't reach it, the order of its
// end stays ours, and whatever it leaves behind can be found: a launched program is in a process group of its own, but
// in the session of its debugger.
func startServer(tool Tool, args []string, dir string) (*server, error) {
	s := &server{listening: make(chan string, 1), ended: make(chan struct{})}
	s.cmd = exec.Command(tool.Path)
	s.cmd.Args = append(append(s.cmd.Args, tool.Args...), args...)
	s.cmd.Env = tool.Env
	if s.cmd.Env == nil {
		s.cmd.Env = []string{} // nil would mean the environment of dcverify, which is nobody's choice
	}
	s.cmd.Dir = dir
	ownSession(s.cmd)

	var reads, writes []*os.File
	closeAll := func(files []*os.File) {
		for _, f := range files {
			f.Close()
		}
	}
	defer func() { closeAll(writes) }()
	for range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(reads)
			return nil, err
		}
		reads, writes = append(reads, r), append(writes, w)
	}
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.ExtraFiles = writes[0], writes[1], writes[2:]
	if err := s.cmd.Start(); err != nil {
		closeAll(reads)
		if _, missing := os.Stat(dir); dir != "" && missing != nil {
			return nil, missing // the error of Start blames the program
		}
		return nil, err
	}

	// Delve writes its listening line to descriptor 3, alone; one that doesn't know how writes it to stdout.
	sinks := []io.Writer{
		io.MultiWriter(&s.all, &watch{found: s.listening}),
		io.MultiWriter(&s.all, &s.stderr),
		&watch{found: s.listening},
	}
	var output, line sync.WaitGroup
	for i, sink := range sinks {
		group := &output
		if i == 2 {
			group = &line
		}
		group.Go(func() { io.Copy(sink, reads[i]) })
	}
	go func() {
		s.cmd.Wait()
		// An orphan may hold the other ends open for as long as it likes: what Delve said is read by then.
		soon := time.Now().Add(100 * time.Millisecond)
		reads[0].SetReadDeadline(soon)
		reads[1].SetReadDeadline(soon)
		reads[2].SetReadDeadline(soon)
		output.Wait()
		line.Wait()
		closeAll(reads)
		close(s.ended)
	}()
	return s, nil
}

// pid is also the id of its process group and of its session.
func (s *server) pid() int { return s.cmd.Process.Pid }

// endsWithin waits for its end.
func (s *server) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.ended:
		return true
	case <-timer.C:
		select {
		case <-s.ended:
			return true
		default:
			return false
		}
	}
}

// howEnded tells the status of an ended Delve.
func (s *server) howEnded() string {
	state := s.cmd.ProcessState
	if code := state.ExitCode(); code >= 0 {
		return fmt.Sprintf("status %d", code)
	}
	return state.String() // "signal: killed"
}

// stop ends Delve: SIGTERM makes it kill what it launched and let go what it attached to; SIGKILL comes when it is
// deaf. What is left of its session afterwards is ended too, which is never a process that it was attached to.
func (s *server) stop(grace time.Duration) {
	if !s.endsWithin(0) {
		terminate(s.pid())
		if !s.endsWithin(grace) {
			kill(s.pid())
			<-s.ended
		}
	}
	endSession(s.pid(), grace)
}

// words is why Delve ended, as far as it said so, in one line.
func (s *server) words() string { return lastWords(&s.stderr, &s.all) }

var errNotListening = errors.New("not listening")
