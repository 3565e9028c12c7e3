//go:build linux

package gopls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sourcegraph/jsonrpc2"

	"github.com/dcverify/dcverify/verifier/facts"
)

// session is one proof in work: one gopls, one connection, one step after another.
type session struct {
	ctx    context.Context // ends when the caller cancels, and when the whole takes too long
	caller context.Context
	limits limits
	module Module
	began  time.Time
	proof  facts.Proof

	process *process
	client  *client
	conn    *jsonrpc2.Conn
	answers bool // although the proof has failed
}

// wrong is a step's own complaint: gopls answered, and the answer is not what it has to be.
type wrong string

func (w wrong) Error() string { return string(w) }

// unfinished is that gopls had not come to a result when its time was over: no word against it.
type unfinished string

func (u unfinished) Error() string { return string(u) }

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
func prove(ctx context.Context, server Server, module Module, l limits) facts.Proof {
	whole, cancel := context.WithTimeout(ctx, l.whole)
	defer cancel()
	s := &session{ctx: whole, caller: ctx, limits: l, module: module, began: time.Now()}
	s.proof.Name = facts.GoplsProof
	s.proof.Tool = facts.ProofTool{Path: server.Path, Version: server.Version}
	s.proof.Steps = []facts.Step{}
	func() {
		defer s.end()
		s.judge(s.run(server))
	}()
	if s.process != nil {
		s.proof.Output = s.process.stderr.String()
	}
	return s.proof
}

// step runs one step within its time and writes it down, with its end if it is one.
func (s *session) step(name string, limit time.Duration, do func(context.Context) (string, error)) error {
	ctx, cancel := context.WithTimeout(s.ctx, limit)
	defer cancel()
	if s.process != nil {
		// A gopls that reads nothing lets the pipe run full: writing knows no context.
		s.process.In.SetWriteDeadline(time.Time{})
		defer context.AfterFunc(ctx, func() { s.process.In.SetWriteDeadline(time.Now()) })()
	}
	began := time.Now()
	var detail string
	err := ctx.Err()
	if err == nil {
		detail, err = do(ctx)
	}
	took := time.Since(began)
	s.proof.Steps = append(s.proof.Steps, facts.Step{Name: name, Ms: took.Milliseconds(), Detail: detail})
	if err == nil {
		return nil
	}
	late := ctx.Err() != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded))
	return &failure{step: name, limit: limit, late: late, cause: err}
}

// answered tells whether an error came from gopls, or from a look at what gopls said.
func answered(err error) bool {
	var said *jsonrpc2.Error
	var w wrong
	return errors.As(err, &said) || errors.As(err, &w)
}

// call asks gopls. What is no error of its own words is the end of the connection.
func (s *session) call(ctx context.Context, method string, params any) (json.RawMessage, error) {
	var answer json.RawMessage
	if err := s.conn.Call(ctx, method, params, &answer); err != nil {
		var said *jsonrpc2.Error
		if errors.As(err, &said) {
			return nil, wrong(oneLine(said.Message))
		}
		return nil, err
	}
	return answer, nil
}

// judge turns the end of the steps into the verdict. A broken connection says nothing about why: gopls does, in its last
// words, so it is given a moment to say them.
func (s *session) judge(err error) {
	if err == nil {
		s.proof.Status = facts.Passed
		return
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{step: "start", cause: err}
	}
	s.answers = answered(err)
	var still unfinished
	switch {
	case errors.As(err, &still):
		s.answers = true
		s.proof.Status, s.proof.Reason = facts.Broken, with(still.Error(), s.client.shown())
	case s.ctx.Err() != nil && !s.answers:
		s.proof.Status, s.proof.Reason = facts.Broken, s.cutShort(f)
	case s.answers:
		s.proof.Status, s.proof.Reason = facts.Fails, oneLine(f.cause.Error())
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

// lost tells why gopls can't be talked to (any more).
func (s *session) lost(f *failure) (facts.Status, string) {
	if f.late && !s.process.EndsWithin(0) {
		return facts.Broken, with(fmt.Sprintf("gopls gave no answer for %s, in step %s", f.limit, f.step), s.client.shown())
	}
	// What it has said is read to its end, also where writing found out first that it is gone.
	select {
	case <-s.conn.DisconnectNotify():
	case <-time.After(s.limits.farewell):
	}
	s.client.mu.Lock()
	broken := s.client.broken
	s.client.mu.Unlock()
	var garbage wrong
	if errors.As(broken, &garbage) || errors.Is(broken, errTooMuch) {
		return facts.Fails, broken.Error()
	}
	if !s.process.EndsWithin(s.limits.farewell) {
		reason := fmt.Sprintf("gopls broke the connection in step %s", f.step)
		if broken != nil {
			reason = fmt.Sprintf("gopls sent what is no message, in step %s: %v", f.step, broken)
		}
		return facts.Fails, with(reason, lastWords(&s.process.stderr))
	}
	if words := lastWords(&s.process.stderr); words != "" {
		return facts.Fails, words
	}
	return facts.Fails, with(fmt.Sprintf("gopls ended with %s in step %s, and said no reason", s.process.HowEnded(), f.step), s.client.shown())
}

func with(text, words string) string {
	if words == "" {
		return text
	}
	return text + ": " + words
}

// end leaves nothing behind. A gopls that still answers is told to end as the editor does it, so that it takes its own
// temporary files away.
func (s *session) end() {
	if s.process == nil {
		return
	}
	if s.answers && !s.process.EndsWithin(0) {
		ctx, cancel := context.WithTimeout(context.Background(), s.limits.term)
		defer cancel()
		s.process.In.SetWriteDeadline(time.Now().Add(s.limits.term))
		_, refused := s.call(ctx, "shutdown", nil)
		if refused == nil && s.conn.Notify(ctx, "exit", nil) == nil {
			s.process.EndsWithin(s.limits.term)
		}
	}
	s.conn.Close()
	s.process.Stop(s.limits.term)
}
