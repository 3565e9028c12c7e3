//go:build linux

package delve

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-dap"

	"github.com/dcverify/dcverify/verifier/facts"
)

// fakeDAP speaks the Debug Adapter Protocol like Delve until a command comes, and then has its fault.
func fakeDAP(conn net.Conn, command, what string) int {
	reader := bufio.NewReader(conn)
	seq := 0
	for {
		message, err := dap.ReadProtocolMessage(reader)
		if err != nil {
			return 0
		}
		request := message.(dap.RequestMessage).GetRequest()
		if request.Command == command {
			switch what {
			case "dies":
				fmt.Fprintln(os.Stderr, "panic: out of luck")
				return 2
			case "hangs":
				select {}
			case "hangs up":
				conn.Close()
				select {}
			case "garbage":
				fmt.Fprint(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
				select {}
			case "another language":
				dap.WriteBaseMessage(conn, []byte(`{"jsonrpc": "2.0"}`))
				select {}
			case "huge":
				fmt.Fprint(conn, "Content-Length: 9223372036854775807\r\n\r\n")
				select {}
			case "floods":
				for err == nil {
					_, err = conn.Write([]byte(strings.Repeat("x", 1<<16)))
				}
				select {}
			case "floods with output":
				for err == nil {
					err = dap.WriteProtocolMessage(conn, &dap.OutputEvent{
						Event: dap.Event{ProtocolMessage: dap.ProtocolMessage{Seq: 1, Type: "event"}, Event: "output"},
						Body:  dap.OutputEventBody{Output: strings.Repeat("all work and no play ", 100)},
					})
				}
				select {}
			case "refuses":
				dap.WriteProtocolMessage(conn, &dap.ErrorResponse{Response: dap.Response{
					ProtocolMessage: dap.ProtocolMessage{Seq: 1, Type: "response"}, RequestSeq: request.Seq, Command: command, Message: "not today"}})
				continue
			}
		}
		event := func(name string) dap.Event {
			seq++
			return dap.Event{ProtocolMessage: dap.ProtocolMessage{Seq: seq, Type: "event"}, Event: name}
		}
		seq++
		response := dap.Response{ProtocolMessage: dap.ProtocolMessage{Seq: seq, Type: "response"}, RequestSeq: request.Seq, Command: request.Command, Success: true}
		switch request := message.(type) {
		case *dap.LaunchRequest:
			dap.WriteProtocolMessage(conn, &dap.InitializedEvent{Event: event("initialized")})
		case *dap.SetBreakpointsRequest:
			dap.WriteProtocolMessage(conn, &dap.SetBreakpointsResponse{Response: response, Body: dap.SetBreakpointsResponseBody{
				Breakpoints: []dap.Breakpoint{{Verified: true}}}})
		case *dap.ConfigurationDoneRequest:
			dap.WriteProtocolMessage(conn, &dap.StoppedEvent{Event: event("stopped"), Body: dap.StoppedEventBody{Reason: "breakpoint", ThreadId: 1}})
		case *dap.StackTraceRequest:
			dap.WriteProtocolMessage(conn, &dap.StackTraceResponse{Response: response, Body: dap.StackTraceResponseBody{
				StackFrames: []dap.StackFrame{{Name: "main.work", Line: 7, Source: &dap.Source{Path: "/etc/passwd"}}}}})
		case *dap.ScopesRequest:
			dap.WriteProtocolMessage(conn, &dap.ScopesResponse{Response: response, Body: dap.ScopesResponseBody{
				Scopes: []dap.Scope{{Name: "Locals", VariablesReference: 1}}}})
		case *dap.VariablesRequest:
			dap.WriteProtocolMessage(conn, &dap.VariablesResponse{Response: response, Body: dap.VariablesResponseBody{
				Variables: []dap.Variable{{Name: "answer", Value: "42"}}}})
		case *dap.ContinueRequest:
			dap.WriteProtocolMessage(conn, &dap.TerminatedEvent{Event: event("terminated")})
		case *dap.DisconnectRequest:
			dap.WriteProtocolMessage(conn, &dap.DisconnectResponse{Response: response})
			return 0
		default:
			dap.WriteProtocolMessage(conn, &dap.InitializeResponse{Response: dap.Response{ProtocolMessage: response.ProtocolMessage,
				RequestSeq: response.RequestSeq, Command: request.(dap.RequestMessage).GetRequest().Command, Success: true}})
		}
	}
}

// Whatever a debug adapter does, the editor's session has a verdict in bounded time, which is "passed" for the good one alone.
func TestFaultsOfDAP(t *testing.T) {
	for _, c := range []struct {
		fault  string
		status facts.Status
		step   string
		reason string
	}{
		{"nothing happens", facts.Passed, "exit", ""},
		{"initialize dies", facts.Fails, "initialize", "panic: out of luck"},
		{"initialize hangs", facts.Broken, "initialize", "Delve gave no answer for 400ms, in step initialize"},
		{"initialize hangs up", facts.Fails, "initialize", "Delve broke the connection in step initialize, and said no reason"},
		{"initialize garbage", facts.Fails, "initialize", "the server speaks another language: "},
		{"initialize another language", facts.Fails, "initialize", "the server speaks another language: "},
		{"initialize huge", facts.Fails, "initialize", "the server speaks another language: "},
		{"initialize floods", facts.Fails, "initialize", "Delve sent more than 16 MiB, in step initialize"},
		{"initialize floods with output", facts.Fails, "initialize", "Delve sent more than 16 MiB, in step initialize"},
		{"initialize refuses", facts.Fails, "initialize", "not today"},
		{"launch dies", facts.Fails, "launch", "panic: out of luck"},
		{"launch hangs", facts.Broken, "launch", "Delve gave no answer for 400ms, in step launch"},
		{"launch refuses", facts.Fails, "launch", "not today"},
		{"setBreakpoints hangs", facts.Broken, "breakpoint", "Delve gave no answer for 400ms, in step breakpoint"},
		{"setBreakpoints dies", facts.Fails, "breakpoint", "panic: out of luck"},
		{"configurationDone hangs", facts.Broken, "stop", "Delve gave no answer for 400ms, in step stop"},
		{"configurationDone floods", facts.Fails, "stop", "Delve sent more than 16 MiB, in step stop"},
		{"stackTrace dies", facts.Fails, "stack", "panic: out of luck"},
		{"scopes hangs", facts.Broken, "locals", "Delve gave no answer for 400ms, in step locals"},
		{"variables refuses", facts.Fails, "locals", "not today"},
		{"continue hangs", facts.Broken, "exit", "Delve gave no answer for 800ms, in step exit"},
		{"continue dies", facts.Fails, "exit", "panic: out of luck"},
		{"disconnect hangs", facts.Broken, "exit", "Delve gave no answer for 800ms, in step exit"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			tool := Tool{Path: self(t), Args: []string{"fake-dlv", "dap " + c.fault}, Env: marked(t)}
			session := Session{Folder: t.TempDir(), File: "/etc/passwd", Line: 7, Locals: map[string]string{"answer": "42"}}
			p := debug(t.Context(), tool, session, limitsFor(c.status, c.step))
			if p.Status != c.status || !strings.HasPrefix(p.Reason, c.reason) {
				t.Errorf("want %s: %s\n got %s: %s\n%+v", c.status, c.reason, p.Status, p.Reason, p)
			}
			if step := p.Steps[len(p.Steps)-1].Name; step != c.step {
				t.Errorf("ended in step %s, want %s", step, c.step)
			}
			if entries, err := filepath.Glob(filepath.Join(session.Folder, "*")); err != nil || len(entries) > 0 {
				t.Errorf("left: %v, %v", entries, err)
			}
		})
	}
}
