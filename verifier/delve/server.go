package delve

import (
	"errors"
	"io"
	"slices"

	"github.com/dcverify/dcverify/verifier/child"
)

// server is a running Delve and its output. What is left of its session when it stops is never a process that it was attached
// to: a launched program is in a process group of its own, but in the session of its debugger.
type server struct {
	*child.Process
	listening chan string // the address it listens at
	stderr    child.Tail  // what it wrote to stderr
	all       child.Tail  // what it wrote to stdout and stderr
}

// startServer starts Delve. It writes its listening line to descriptor 3, alone; one that doesn't know how writes it to stdout.
func startServer(tool Tool, args []string, dir string) (*server, error) {
	s := &server{listening: make(chan string, 1)}
	var err error
	s.Process, err = child.Start(child.Program{
		Path: tool.Path, Args: slices.Concat(tool.Args, args), Env: tool.Env, Dir: dir,
		Stdout: io.MultiWriter(&s.all, &watch{found: s.listening}),
		Stderr: io.MultiWriter(&s.all, &s.stderr),
		Third:  &watch{found: s.listening},
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// words is why Delve ended, as far as it said so, in one line.
func (s *server) words() string { return lastWords(&s.stderr, &s.all) }

var errNotListening = errors.New("not listening")
