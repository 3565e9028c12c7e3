package delve

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-dap"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

// Session is what an editor debugs with F5: a package that Delve builds by itself in the package's folder.
type Session struct {
	Name   string            // of the proof; empty for facts.DAPProof
	Mode   string            // what Delve builds: "debug", or "test"; empty for debug
	Folder string            // of the package; also where Delve is started, as the Go extension does
	Args   []string          // of the program
	Env    map[string]string // the env of the launch configuration
	File   string            // absolute path of the source file to stop in
	Line   int               // and the line of it, from 1
	Locals map[string]string // name and value, as Delve shows it, of variables visible there
}

// DebuggeeSession is the scratch program, to be debugged as an editor does: the folder holds its module.
func DebuggeeSession(folder string) Session {
	before, _, _ := strings.Cut(DebuggeeSource, "sum := answer")
	return Session{
		Folder: folder, Args: []string{"launch", debuggeeWord},
		File: filepath.Join(folder, "main.go"), Line: strings.Count(before, "\n") + 1, Locals: debuggeeLocals(),
	}
}

// TestSession is a test of the scratch program, to be debugged as by the extension's "debug test": Delve builds the test
// binary, and its flags have the prefix that such a binary wants.
func TestSession(folder string) Session {
	before, _, _ := strings.Cut(DebuggeeTest, "if got := work")
	return Session{
		Name: facts.TestProof, Mode: "test",
		Folder: folder, Args: []string{"-test.run", "^TestWork$"},
		File: filepath.Join(folder, "main_test.go"), Line: strings.Count(before, "\n") + 1,
		Locals: map[string]string{"word": `"` + debuggeeWord + `"`},
	}
}

// Debug starts `dlv dap` exactly as the Go extension does (goDebugFactory.ts, spawnDlvDapServerProcess) and debugs a package
// through it: Delve builds it, stops where the editor set a breakpoint, shows the stack and the variables, and lets it end.
func Debug(ctx context.Context, tool Tool, session Session) facts.Proof {
	return debug(ctx, tool, session, editorLimits())
}

// editorLimits are those of the Go extension where it has some: 30 s for the server to listen and 1 s for the connection
// (goDebugFactory.ts). The first answer to a launch comes after the build, which compiles the standard library the first
// time.
func editorLimits() limits {
	l := usualLimits()
	l.listen, l.dial = 30*time.Second, time.Second
	l.first = 4 * time.Minute
	l.whole = 5 * time.Minute
	return l
}

func debug(ctx context.Context, tool Tool, wanted Session, l limits) facts.Proof {
	return prove(ctx, cmp.Or(wanted.Name, facts.DAPProof), tool, l, func(s *session) error {
		address, err := s.start(tool, dapArgs(tool), wanted.Folder)
		if err != nil {
			return err
		}
		e := &editor{session: s}
		return e.debug(address, wanted)
	})
}

// dapArgs is the command line of the Go extension: the user's flags come first, so that of several the extension's own count.
func dapArgs(tool Tool) []string {
	return slices.Concat([]string{"dap"}, tool.EditorFlags, []string{"--listen=127.0.0.1:0", "--log-dest=3"})
}

// editor is the other end of the Debug Adapter Protocol. It speaks in turns: it sends, and reads until the answer comes;
// what the server says meanwhile is kept.
type editor struct {
	*session
	reader *bufio.Reader
	seq    int
	output strings.Builder // of output events, for the reason of a failed build
	keep   int             // how much of that is kept, if more than usual
	thread int             // that stopped
	frame  int
}

// messageLimit is the size in bytes of the largest message that is read.
const messageLimit = 4 << 20

func (e *editor) debug(address string, wanted Session) error {
	steps := []struct {
		name  string
		limit time.Duration
		do    func() (string, error)
	}{
		{"connect", e.limits.dial, func() (string, error) { return e.dial(address) }},
		{"initialize", e.limits.step, e.initialize},
		{"launch", e.limits.first, func() (string, error) { return e.launch(wanted) }},
		{"breakpoint", e.limits.step, func() (string, error) { return e.setBreakpoint(wanted) }},
		{"stop", e.limits.step, e.runToBreakpoint},
		{"stack", e.limits.step, func() (string, error) { return e.readStack(wanted) }},
		{"locals", e.limits.step, func() (string, error) { return e.readLocals(wanted.Locals) }},
		{"exit", e.limits.step + e.limits.end, e.runToEnd},
	}
	for _, step := range steps {
		if err := e.step(step.name, step.limit, step.do); err != nil {
			return err
		}
	}
	return nil
}

func (e *editor) dial(address string) (string, error) {
	dialer := net.Dialer{Timeout: e.limits.dial}
	conn, err := dialer.DialContext(e.ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	e.conn = &bounded{Conn: conn}
	context.AfterFunc(e.ctx, e.hurry)
	e.reader = bufio.NewReader(e.conn)
	return address, nil
}

func (e *editor) request(command string) dap.Request {
	e.seq++
	return dap.Request{ProtocolMessage: dap.ProtocolMessage{Seq: e.seq, Type: "request"}, Command: command}
}

// ask sends a request and reads until its response, or until the given event when there is one to wait for.
func (e *editor) ask(request dap.RequestMessage, until func(dap.Message) bool) (dap.Message, error) {
	if err := dap.WriteProtocolMessage(e.conn, request); err != nil {
		return nil, err
	}
	return e.await(func(m dap.Message) bool {
		if until != nil && until(m) {
			return true
		}
		response, ok := m.(dap.ResponseMessage)
		return ok && until == nil && response.GetResponse().RequestSeq == request.GetRequest().Seq
	})
}

// await reads until the message that is waited for. A response that says no is an error, with what the server printed
// before it: of a build that fails the response only says that it did.
func (e *editor) await(wanted func(dap.Message) bool) (dap.Message, error) {
	for {
		message, err := readMessage(e.reader)
		if err != nil {
			return nil, err
		}
		switch m := message.(type) {
		case *dap.OutputEvent:
			if e.output.Len() < max(child.TailSize, e.keep) {
				e.output.WriteString(m.Body.Output)
			}
			e.server.all.Write([]byte(m.Body.Output))
		case *dap.ErrorResponse:
			return nil, wrong(e.refusal(m))
		case dap.ResponseMessage:
			if response := m.GetResponse(); !response.Success {
				return nil, wrong(response.Message)
			}
		case *dap.TerminatedEvent:
			if !wanted(message) {
				return nil, wrong("the program ended before it reached the breakpoint" + e.said())
			}
		}
		if wanted(message) {
			return message, nil
		}
	}
}

// readMessage reads one message; one that is no message of the protocol ends the conversation.
func readMessage(reader *bufio.Reader) (dap.Message, error) {
	content, err := dap.ReadBaseMessage(reader)
	var protocol *dap.BaseProtocolError
	if errors.As(err, &protocol) {
		return nil, wrong("the server speaks another language: " + err.Error())
	}
	if err != nil {
		return nil, err
	}
	if len(content) > messageLimit {
		return nil, wrong(fmt.Sprintf("the server sent a message of %d bytes", len(content)))
	}
	message, err := dap.DecodeProtocolMessage(content)
	if err != nil {
		return nil, wrong("the server speaks another language: " + err.Error())
	}
	return message, nil
}

func (e *editor) refusal(response *dap.ErrorResponse) string {
	text := response.Message
	if response.Body.Error != nil && response.Body.Error.Format != "" {
		text = response.Body.Error.Format
	}
	return text + e.said()
}

// said is what the server printed, in one line: it holds the words of go and of the kernel.
func (e *editor) said() string {
	if words := oneLine(e.output.String()); words != "" {
		return " " + words
	}
	return ""
}

func (e *editor) initialize() (string, error) {
	request := &dap.InitializeRequest{Request: e.request("initialize")}
	request.Arguments = dap.InitializeRequestArguments{
		ClientID: "dcverify", AdapterID: "go", PathFormat: "path", LinesStartAt1: true, ColumnsStartAt1: true,
		SupportsVariableType: true, Locale: "en",
	}
	if _, err := e.ask(request, nil); err != nil {
		return "", err
	}
	return "", nil
}

// launch asks for what the extension makes of a launch configuration: the folder of the package becomes __buildDir, where
// Delve is started, and the program ".".
func (e *editor) launch(wanted Session) (string, error) {
	arguments, err := json.Marshal(map[string]any{
		"request": "launch", "mode": cmp.Or(wanted.Mode, "debug"), "program": ".", "cwd": wanted.Folder, "args": wanted.Args, "env": wanted.Env,
		"stopOnEntry": false, "hideSystemGoroutines": true,
	})
	if err != nil {
		return "", err
	}
	request := &dap.LaunchRequest{Request: e.request("launch"), Arguments: arguments}
	// Delve says that it is ready for breakpoints when it has built the program and started it.
	_, err = e.ask(request, func(m dap.Message) bool { _, ok := m.(*dap.InitializedEvent); return ok })
	if err != nil {
		return "", err
	}
	return "built with go on PATH", nil
}

func (e *editor) setBreakpoint(wanted Session) (string, error) {
	request := &dap.SetBreakpointsRequest{Request: e.request("setBreakpoints")}
	request.Arguments = dap.SetBreakpointsArguments{
		Source:      dap.Source{Name: filepath.Base(wanted.File), Path: wanted.File},
		Breakpoints: []dap.SourceBreakpoint{{Line: wanted.Line}},
	}
	answer, err := e.ask(request, nil)
	if err != nil {
		return "", err
	}
	response, ok := answer.(*dap.SetBreakpointsResponse)
	if !ok || len(response.Body.Breakpoints) != 1 {
		return "", wrong("the server did not say what became of the breakpoint")
	}
	if point := response.Body.Breakpoints[0]; !point.Verified {
		return "", wrong(fmt.Sprintf("the breakpoint at %s:%d is not verified: %s", filepath.Base(wanted.File), wanted.Line, point.Message))
	}
	return fmt.Sprintf("verified at %s:%d", filepath.Base(wanted.File), wanted.Line), nil
}

func (e *editor) runToBreakpoint() (string, error) {
	request := &dap.ConfigurationDoneRequest{Request: e.request("configurationDone")}
	stopped, err := e.ask(request, func(m dap.Message) bool { _, ok := m.(*dap.StoppedEvent); return ok })
	if err != nil {
		return "", err
	}
	event := stopped.(*dap.StoppedEvent)
	if event.Body.Reason != "breakpoint" {
		return "", wrong(fmt.Sprintf("the program stopped for %s instead of the breakpoint: %s", event.Body.Reason, event.Body.Text))
	}
	e.thread = event.Body.ThreadId
	return "", nil
}

func (e *editor) readStack(wanted Session) (string, error) {
	request := &dap.StackTraceRequest{Request: e.request("stackTrace")}
	request.Arguments = dap.StackTraceArguments{ThreadId: e.thread, Levels: 64}
	answer, err := e.ask(request, nil)
	if err != nil {
		return "", err
	}
	response, ok := answer.(*dap.StackTraceResponse)
	if !ok || len(response.Body.StackFrames) == 0 {
		return "", wrong("the stack is empty")
	}
	frames := response.Body.StackFrames
	top := frames[0]
	e.frame = top.Id
	if top.Source == nil || top.Source.Path != wanted.File || top.Line != wanted.Line {
		return "", wrong(fmt.Sprintf("the program stopped in %s, line %d, instead of %s:%d", top.Name, top.Line, filepath.Base(wanted.File), wanted.Line))
	}
	var names []string
	for _, frame := range frames {
		names = append(names, frame.Name)
		if frame.Source == nil || frame.Source.Path == "" {
			continue
		}
		if _, err := os.Stat(frame.Source.Path); err != nil {
			return "", wrong(fmt.Sprintf("the source of %s is not where the debugger says: %v", frame.Name, err))
		}
	}
	return strings.Join(names, " < "), nil
}

func (e *editor) readLocals(want map[string]string) (string, error) {
	request := &dap.ScopesRequest{Request: e.request("scopes"), Arguments: dap.ScopesArguments{FrameId: e.frame}}
	answer, err := e.ask(request, nil)
	if err != nil {
		return "", err
	}
	got := map[string]string{}
	scopes, _ := answer.(*dap.ScopesResponse)
	if scopes == nil {
		return "", wrong("the server did not say which variables there are")
	}
	for _, scope := range scopes.Body.Scopes {
		request := &dap.VariablesRequest{Request: e.request("variables")}
		request.Arguments = dap.VariablesArguments{VariablesReference: scope.VariablesReference}
		answer, err := e.ask(request, nil)
		if err != nil {
			return "", err
		}
		if response, ok := answer.(*dap.VariablesResponse); ok {
			for _, v := range response.Body.Variables {
				got[v.Name] = v.Value
			}
		}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			return "", wrong(fmt.Sprintf("local %q is %s instead of %s", name, orEmpty(got[name]), want[name]))
		}
		all = append(all, name+"="+got[name])
	}
	return strings.Join(all, " "), nil
}

func orEmpty(text string) string {
	if text == "" {
		return `""`
	}
	return text
}

// runToEnd lets the program end and the server with it, as the extension does when a session is over.
func (e *editor) runToEnd() (string, error) {
	request := &dap.ContinueRequest{Request: e.request("continue"), Arguments: dap.ContinueArguments{ThreadId: e.thread}}
	_, err := e.ask(request, func(m dap.Message) bool { _, ok := m.(*dap.TerminatedEvent); return ok })
	if err != nil {
		return "", err
	}
	disconnect := &dap.DisconnectRequest{Request: e.request("disconnect")}
	if _, err := e.ask(disconnect, func(m dap.Message) bool { _, ok := m.(*dap.DisconnectResponse); return ok }); err != nil && err != io.EOF {
		return "", err
	}
	if !e.server.EndsWithin(e.limits.end) {
		return "", wrong(fmt.Sprintf("dlv did not end within %s after the session", e.limits.end))
	}
	if !e.server.Succeeded() {
		return "", wrong("dlv ended with " + e.server.HowEnded())
	}
	return "program ended, dlv ended with " + e.server.HowEnded(), nil
}
