package delve

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/dcverify/dcverify/verifier/facts"
)

// Connect finds out what serves at an address, as an editor that attaches to a remote Delve would meet it, and leaves what
// is debugged there as it is.
//
// To connect is no harmless question: a Delve that takes one client takes no second one, and when its client leaves it ends,
// and with it the program that it launched. So a server in this container is looked at from outside first, by its socket and
// its command line, and asked only when it takes several clients. Nothing is continued, halted or set, and the version of
// the interface is not negotiated, because that would change it for the other clients, too.
func Connect(ctx context.Context, address string) facts.Proof {
	return connect(ctx, address, findServer, usualLimits())
}

// found is what could be seen of a server from outside.
type found struct {
	facts.Server
	local   bool // the address is of this network namespace: what listens there can be seen
	listens bool
	inside  bool   // it listens at a loopback address, where Delve asks who comes
	known   bool   // its command line was read
	anybody bool   // it takes clients of other users
	process string // name of the program that listens
	delve   bool   // it is one
}

type find func(address string) found

func connect(ctx context.Context, address string, look find, l limits) facts.Proof {
	proof := facts.Proof{Name: facts.ServerProof, Steps: []facts.Step{}}
	ctx, cancel := context.WithTimeout(ctx, l.whole)
	defer cancel()
	began := time.Now()
	step := func(name, detail string) {
		proof.Steps = append(proof.Steps, facts.Step{Name: name, Ms: time.Since(began).Milliseconds(), Detail: detail})
		began = time.Now()
	}
	end := func(status facts.Status, reason string) facts.Proof {
		proof.Status, proof.Reason = status, oneLine(reason)
		if ctx.Err() != nil && status == facts.Fails {
			proof.Status, proof.Reason = facts.Broken, "interrupted: "+context.Cause(ctx).Error()
		}
		return proof
	}
	seen := look(address)
	if seen.listens && !seen.known {
		seen = look(address) // a server for one client stops listening when that one comes, perhaps while it was looked at
	}
	server := &seen.Server
	server.Address = address
	proof.Server = server
	step(facts.FindStep, describeFound(seen))
	if reason := seen.closed(os.Getuid()); reason != "" {
		return end(facts.Fails, reason)
	}
	if seen.known && !*server.Multi {
		return end(facts.Passed, "") // to ask would be its end
	}
	asked := &question{limits: l}
	conn, err := (&net.Dialer{Timeout: l.dial}).DialContext(ctx, "tcp", address)
	if err != nil {
		step("connect", "")
		return end(facts.Fails, dialError(address, err))
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	server.Asked = true
	asked.conn, asked.reader = conn, bufio.NewReader(conn)
	step("connect", conn.RemoteAddr().String())
	reason := asked.version(server, &proof.Tool)
	step("version", describeVersion(*server, proof.Tool))
	if reason != "" {
		return end(facts.Fails, reason)
	}
	asked.target(server)
	step("target", describeTarget(*server))
	asked.leave(server)
	step("leave", "")
	return end(facts.Passed, "")
}

// closed says why there is no use in connecting; empty where there may be.
func (f found) closed(uid int) string {
	switch {
	case f.local && !f.listens && f.delve && f.Clients > 0:
		return fmt.Sprintf("the Delve at %s (process %d) takes one client, and has one", f.Address, f.PID)
	case f.local && !f.listens:
		return "nothing listens at " + f.Address
	case f.known && !f.delve:
		return fmt.Sprintf("process %d (%s) listens at %s, and is no Delve", f.PID, f.process, f.Address)
	case f.listens && f.inside && f.User >= 0 && f.User != uid && !f.anybody: // sameuser_linux.go, canAccept
		return fmt.Sprintf("what listens at %s belongs to user %d: Delve refuses clients of other users, even root (--only-same-user)", f.Address, f.User)
	case f.known && f.Stopped:
		return fmt.Sprintf("the Delve at %s (process %d) is stopped by a signal, and answers nobody until it is continued", f.Address, f.PID)
	case f.known && f.Clients > 0 && !*f.Multi: // it has come this very moment
		return fmt.Sprintf("the Delve at %s (process %d) takes one client, and has one", f.Address, f.PID)
	}
	return ""
}

func describeFound(f found) string {
	switch {
	case !f.local:
		return "not in this container: it cannot be seen from outside"
	case !f.listens && !f.delve:
		return "nothing listens there"
	case !f.known:
		return fmt.Sprintf("a process of user %d listens there, and cannot be seen from here", f.User)
	case !f.delve:
		return fmt.Sprintf("process %d, %s", f.PID, f.process)
	}
	words := fmt.Sprintf("process %d, dlv %s", f.PID, f.Kind)
	if f.Target != "" {
		words += " of " + f.Target
	}
	switch {
	case *f.Multi:
		words += fmt.Sprintf(", takes several clients, connected: %d", f.Clients)
	case f.Clients == 0:
		words += ", takes one client, which has not come: it was not asked anything, because with its client it would end"
	default:
		words += ", takes one client, and has one"
	}
	return words
}

func describeVersion(s facts.Server, tool facts.ProofTool) string {
	switch {
	case s.API == 0:
		return ""
	}
	return fmt.Sprintf("Delve %s for Go %s to %s, version %d of its interface", s.Version, tool.LeastGo, tool.MostGo, s.API)
}

func describeTarget(s facts.Server) string {
	words := []string{}
	if s.Target != "" {
		words = append(words, s.Target)
	}
	if s.State != "" {
		words = append(words, s.State)
	}
	if s.Multi != nil && *s.Multi {
		words = append(words, "takes several clients")
	}
	return strings.Join(words, ", ")
}

func dialError(address string, err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at " + address + ": connection refused"
	case os.IsTimeout(err):
		return "nothing answers at " + address + ": the connection was neither accepted nor refused"
	}
	return err.Error()
}

// question is one connection that calls without changing anything. Delve's own client would begin by setting the version of
// the interface, and hides what comes of it.
type question struct {
	limits limits
	conn   net.Conn
	reader *bufio.Reader
	id     uint64
}

// refusal is Delve's own no.
type refusal string

func (r refusal) Error() string { return string(r) }

// errOtherLanguage is the first byte of an answer that is none in JSON-RPC.
type errOtherLanguage byte

func (e errOtherLanguage) Error() string { return fmt.Sprintf("the answer begins with %q", byte(e)) }

func (q *question) call(method string, argument, result any) error {
	q.id++
	q.conn.SetDeadline(time.Now().Add(q.limits.step))
	request, err := json.Marshal(map[string]any{"method": "RPCServer." + method, "params": []any{argument}, "id": q.id})
	if err != nil {
		return err
	}
	if _, err := q.conn.Write(request); err != nil {
		return err
	}
	first, err := q.reader.Peek(1)
	if err != nil {
		return err
	}
	if first[0] != '{' && first[0] != '\n' {
		return errOtherLanguage(first[0])
	}
	var answer struct {
		Result json.RawMessage
		Error  any
	}
	if err := json.NewDecoder(io.LimitReader(q.reader, messageLimit)).Decode(&answer); err != nil {
		return err
	}
	// What follows the answer is its line break, which the decoder may have taken along: the next answer is asked for later.
	q.reader.Reset(q.conn)
	if answer.Error != nil {
		return refusal(fmt.Sprint(answer.Error))
	}
	return json.Unmarshal(answer.Result, result)
}

// version asks what serves here, and says why an editor could not use it.
func (q *question) version(s *facts.Server, tool *facts.ProofTool) string {
	var version api.GetVersionOut
	err := q.call("GetVersion", api.GetVersionIn{}, &version)
	var other errOtherLanguage
	var no refusal
	switch {
	case errors.As(err, &other), errors.As(err, &no):
		return fmt.Sprintf("what listens at %s is no Delve: %v", s.Address, err)
	case err != nil && os.IsTimeout(err):
		return fmt.Sprintf("what listens at %s takes the connection and answers nothing for %s: a Delve that has its one client already, or waits for an editor's protocol (dlv dap), or no Delve", s.Address, q.limits.step)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return fmt.Sprintf("what listens at %s closes the connection at once: Delve does that to clients of other users (--only-same-user)", s.Address)
	case err != nil:
		return fmt.Sprintf("what listens at %s is no Delve: %v", s.Address, err)
	}
	s.Kind, s.API, s.Version = "headless", version.APIVersion, shortVersion(version.DelveVersion)
	tool.Version, tool.LeastGo, tool.MostGo = s.Version, version.MinSupportedVersionOfGo, version.MaxSupportedVersionOfGo
	if s.API != 2 {
		return fmt.Sprintf("the Delve at %s speaks version %d of its interface, and the Go extension wants 2: start it with --api-version=2", s.Address, s.API)
	}
	return ""
}

// target asks what is debugged. Of a program that runs only that is asked which needs no lock: an answer that waits for it
// to stop may wait for ever.
func (q *question) target(s *facts.Server) {
	if s.Kind != "headless" {
		return
	}
	var multi rpc2.IsMulticlientOut
	if q.call("IsMulticlient", rpc2.IsMulticlientIn{}, &multi) == nil {
		s.Multi = &multi.IsMulticlient
	}
	var state rpc2.StateOut
	err := q.call("State", rpc2.StateIn{NonBlocking: true}, &state)
	var no refusal
	switch {
	case errors.As(err, &no):
		s.State = "ended" // "Process 7 has exited with status 0"
		return
	case err != nil || state.State == nil:
		return
	case state.State.Exited:
		s.State = "ended"
		return
	case state.State.Running:
		s.State = "running"
		return
	}
	s.State = "stopped"
	var targets rpc2.ListTargetsOut
	if q.call("ListTargets", rpc2.ListTargetsIn{}, &targets) == nil && len(targets.Targets) > 0 {
		program, _, _ := strings.Cut(targets.Targets[0].CmdLine, " ") // its arguments may be secrets
		s.Target = fmt.Sprintf("%s (process %d)", program, targets.Targets[0].Pid)
	}
}

// leave goes without ending what is debugged. One that turns out to take one client would kill the program that it launched
// when the connection closes; told to detach it lets it go on.
func (q *question) leave(s *facts.Server) {
	if s.Kind == "headless" && s.Multi != nil && !*s.Multi {
		_ = q.call("Detach", rpc2.DetachIn{Kill: false}, &rpc2.DetachOut{}) // whatever it says, the connection closes now
	}
}
