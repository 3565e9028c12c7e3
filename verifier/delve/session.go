package delve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"strings"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

// session is one proof in work: one Delve, one connection, one step after another.
type session struct {
	ctx    context.Context // ends when the caller cancels, and when the whole takes too long
	caller context.Context
	limits limits
	began  time.Time
	proof  facts.Proof

	server    *server
	conn      *bounded
	client    *rpc2.RPCClient
	connected bool // the connection can still carry a call
	point     *api.Breakpoint
	debuggee  child.Stat // the program that Delve launched
	target    child.Stat // the process that Delve attached to, as it was before
}

// wrong is a step's own complaint: Delve answered, and the answer is not what it has to be.
type wrong string

func (w wrong) Error() string { return string(w) }

// failure is the end of a proof in one of its steps.
type failure struct {
	step  string
	limit time.Duration
	late  bool // it took all of its time
	cause error
}

func (f *failure) Error() string { return f.step + ": " + f.cause.Error() }
func (f *failure) Unwrap() error { return f.cause }

// prove runs the steps of a proof, judges how they ended, and leaves nothing behind.
func prove(ctx context.Context, name string, tool Tool, l limits, steps func(*session) error) facts.Proof {
	whole, cancel := context.WithTimeout(ctx, l.whole)
	defer cancel()
	s := &session{ctx: whole, caller: ctx, limits: l, began: time.Now()}
	s.proof.Name = name
	s.proof.Tool = facts.ProofTool{Path: tool.Path, Version: tool.Version, Linked: tool.Linked}
	s.proof.Steps = []facts.Step{}
	func() {
		defer s.end()
		s.judge(steps(s))
	}()
	if s.server != nil {
		s.proof.Output = s.server.all.String()
	}
	return s.proof
}

// step runs one step within its time and writes it down, with its end if it is one. A proof that was canceled ends
// before its next step, while the connection still serves to bring everything in order.
func (s *session) step(name string, limit time.Duration, do func() (string, error)) error {
	if s.conn != nil && s.ctx.Err() != nil {
		return &failure{step: name, limit: limit, cause: s.ctx.Err()}
	}
	began := time.Now()
	s.deadline(began.Add(limit))
	detail, err := do()
	took := time.Since(began)
	s.proof.Steps = append(s.proof.Steps, facts.Step{Name: name, Ms: took.Milliseconds(), Detail: detail})
	if err == nil {
		return nil
	}
	if !answered(err) {
		s.connected = false
	}
	return &failure{step: name, limit: limit, late: took >= limit, cause: err}
}

// answered tells whether an error came from Delve, or from a look at what Delve said, over a connection that works.
func answered(err error) bool {
	var said rpc.ServerError
	var w wrong
	return errors.As(err, &said) || errors.As(err, &w)
}

// deadline sets when calls over the connection end. A canceled context ends them too, but not at once: a Delve that
// loses its connection while the program runs halts it and detaches, and when the program meets the breakpoint in that
// very moment, it dies of it. The answer, which comes soon where all is well, makes the orderly end possible.
func (s *session) deadline(at time.Time) {
	if s.conn == nil {
		return
	}
	s.conn.SetDeadline(at)
	if s.ctx.Err() != nil {
		s.hurry()
	}
}

func (s *session) hurry() { s.conn.SetDeadline(time.Now().Add(s.limits.farewell)) }

// start starts Delve and waits for its listening line.
func (s *session) start(tool Tool, args []string, dir string) (address string, err error) {
	err = s.step("start", s.limits.listen, func() (string, error) {
		var err error
		if s.server, err = startServer(tool, args, dir); err != nil {
			return "", wrong(err.Error()) // "fork/exec /x/dlv: no such file or directory"
		}
		timer := time.NewTimer(s.limits.listen)
		defer timer.Stop()
		otherwise := errNotListening
		select {
		case address = <-s.server.listening:
		case <-s.server.Ended:
		case <-timer.C:
		case <-s.ctx.Done():
			otherwise = s.ctx.Err()
		}
		if address == "" {
			select {
			case address = <-s.server.listening: // at the same time: the next step tells more
			default:
				return "", otherwise
			}
		}
		return "listening at " + address, nil
	})
	return address, err
}

// connect opens the connection and asks for the first answer, which Delve gives when it has the program.
func (s *session) connect(address string) error {
	return s.step("connect", s.limits.first, func() (string, error) {
		// Also after a cancel: Delve is at work on the program by now, and only a connection can call it off in order.
		dialer := net.Dialer{Timeout: s.limits.dial}
		conn, err := dialer.DialContext(context.WithoutCancel(s.ctx), "tcp", address)
		if err != nil {
			return "", err
		}
		s.conn = &bounded{Conn: conn}
		context.AfterFunc(s.ctx, s.hurry)
		s.deadline(time.Now().Add(s.limits.first))
		s.client = rpc2.NewClientFromConn(s.conn) // calls, and hides what comes of it
		version := s.client.GetVersion()          // hides it too
		state, err := s.client.GetState()         // tells it
		if err != nil {
			return "", err
		}
		s.connected = true
		if version.APIVersion != 2 {
			return "", wrong(fmt.Sprintf("Delve speaks version %d of its API instead of 2", version.APIVersion))
		}
		if s.target.PID == 0 && state.Pid > 0 {
			s.debuggee, _ = child.Look(state.Pid) // not there: nothing to end
		}
		if s.proof.Tool.Version == "" {
			s.proof.Tool.Version = shortVersion(version.DelveVersion)
		}
		s.proof.Tool.LeastGo, s.proof.Tool.MostGo = version.MinSupportedVersionOfGo, version.MaxSupportedVersionOfGo
		program := strings.TrimPrefix(version.TargetGoVersion, "Go cmd/compile ")
		if program == "" {
			program = "an unknown Go"
		}
		return fmt.Sprintf("Delve %s for Go %s to %s, program built with %s", shortVersion(version.DelveVersion),
			version.MinSupportedVersionOfGo, version.MaxSupportedVersionOfGo, program), nil
	})
}

// shortVersion takes the number out of "Version: 1.27.2\nBuild: ...".
func shortVersion(long string) string {
	first, _, _ := strings.Cut(long, "\n")
	return strings.TrimSpace(strings.TrimPrefix(first, "Version:"))
}

// judge turns the end of the steps into the verdict. A failed connection says nothing about why: Delve does, in its
// last words, so it is given a moment to say them.
func (s *session) judge(err error) {
	if err == nil {
		s.proof.Status = facts.Passed
		return
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{step: "start", cause: err}
	}
	if at, ok := s.ctx.Deadline(); ok && !time.Now().Before(at) {
		<-s.ctx.Done() // the network may notice a deadline a moment before the context does
	}
	s.proof.Status = facts.Fails
	switch {
	case s.ctx.Err() != nil && !answered(err):
		s.proof.Status, s.proof.Reason = facts.Broken, s.cutShort(f)
	case answered(err):
		s.proof.Reason = oneLine(f.cause.Error())
	default:
		s.proof.Status, s.proof.Reason = s.lost(f)
	}
}

// cutShort tells of a proof that the caller or the clock ended.
func (s *session) cutShort(f *failure) string {
	took := time.Since(s.began).Round(time.Millisecond)
	if s.caller.Err() == nil {
		return fmt.Sprintf("the proof was given up in step %s: it took longer than %s", f.step, s.limits.whole)
	}
	return fmt.Sprintf("the proof was ended from outside in step %s after %s: %v", f.step, took, context.Cause(s.caller))
}

// lost tells why Delve can't be talked to (any more).
func (s *session) lost(f *failure) (facts.Status, string) {
	if s.conn != nil {
		s.conn.Close() // one that still runs ends by itself now
		if s.conn.flooded() {
			return facts.Fails, fmt.Sprintf("Delve sent more than %d MiB, in step %s", floodLimit>>20, f.step)
		}
	}
	wait := s.limits.farewell
	if f.late {
		wait = 0 // it had its time
	}
	ended := s.server.EndsWithin(wait)
	if f.late && !ended {
		if f.step == "start" {
			return facts.Broken, withWords(fmt.Sprintf("Delve did not listen within %s, in step start", f.limit), s.server.words())
		}
		return facts.Broken, fmt.Sprintf("Delve gave no answer for %s, in step %s", f.limit, f.step)
	}
	words := s.server.words()
	switch {
	case !ended:
		s.server.Stop(s.limits.term)
		if words == "" {
			return facts.Fails, fmt.Sprintf("Delve broke the connection in step %s, and said no reason", f.step)
		}
		return facts.Fails, words
	case errors.Is(f.cause, errNotListening) && s.server.Succeeded():
		return facts.Fails, withWords("dlv ended with status 0 without listening", words)
	case words == "":
		return facts.Fails, fmt.Sprintf("dlv ended with %s in step %s, and said no reason", s.server.HowEnded(), f.step)
	}
	return facts.Fails, words
}

func withWords(text, words string) string {
	if words == "" {
		return text
	}
	return text + ": " + words
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// end leaves nothing behind. While the connection works Delve puts everything in order itself; it also does so when
// the connection closes, and at SIGTERM. For a Delve that doesn't, the rest is done by hand.
func (s *session) end() {
	if s.server == nil {
		return
	}
	if s.connected && !s.server.EndsWithin(0) {
		s.conn.SetDeadline(time.Now().Add(s.limits.term))
		s.client.Detach(s.target.PID == 0)
		s.server.EndsWithin(s.limits.term)
	}
	if s.conn != nil {
		s.conn.Close()
		if s.target.PID != 0 {
			// Delve is still loading, perhaps, and would die of SIGTERM with its own breakpoints left in the process.
			s.server.EndsWithin(s.limits.farewell)
		}
	}
	s.server.Stop(s.limits.term)
	killProcess(s.debuggee)
	if s.proof.Status != facts.Passed {
		resume(s.target, 200*time.Millisecond)
	}
}

// detach lets the program go, kills it if told to, and waits for Delve to end by itself.
func (s *session) detach(kill bool) (string, error) {
	if err := s.client.Detach(kill); err != nil {
		return "", err
	}
	s.connected = false // Detach closes it
	if !s.server.EndsWithin(s.limits.end) {
		return "", wrong(fmt.Sprintf("dlv did not end within %s after it had detached", s.limits.end))
	}
	return "dlv ended with " + s.server.HowEnded(), nil
}
