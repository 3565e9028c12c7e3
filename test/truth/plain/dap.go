//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// debugAdapter is a client of dlv dap.
type debugAdapter struct {
	messages
	output strings.Builder // what the server wants to be shown
}

type adapterMessage struct {
	Type, Event, Command, Message string
	RequestSeq                    int `json:"request_seq"`
	Success                       bool
	Body                          json.RawMessage
}

// editorSession is F5: dlv dap builds the package and stops where the editor wants.
func editorSession(b bench) error {
	address, end, err := b.serve("DAP server listening at: ", "dap", "--listen=127.0.0.1:0")
	if err != nil {
		return err
	}
	defer end()
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	a := &debugAdapter{messages: messages{writer: conn, reader: bufio.NewReader(conn)}}
	file := filepath.Join(b.module, "main.go")
	line, err := lineOf(file, "fmt.Println(")
	if err != nil {
		return err
	}
	if _, err := a.ask("initialize", map[string]any{"adapterID": "go", "linesStartAt1": true, "columnsStartAt1": true, "pathFormat": "path"}); err != nil {
		return err
	}
	if _, err := a.ask("launch", map[string]any{"mode": "debug", "program": b.module}); err != nil {
		return fmt.Errorf("%s", telling(a.output.String(), err.Error()))
	}
	body, err := a.ask("setBreakpoints", map[string]any{"source": map[string]any{"path": file}, "breakpoints": []any{map[string]any{"line": line}}})
	if err != nil {
		return err
	}
	if !strings.Contains(string(body), `"verified":true`) {
		return fmt.Errorf("the breakpoint is not verified: %s", body)
	}
	if _, err := a.ask("configurationDone", nil); err != nil {
		return err
	}
	if body, err = a.await("stopped"); err != nil {
		return err
	}
	if err := a.look(body, file, line); err != nil {
		return err
	}
	if _, err := a.ask("continue", map[string]any{"threadId": 1}); err != nil {
		return err
	}
	if _, err := a.await("terminated"); err != nil {
		return err
	}
	_, err = a.ask("disconnect", nil)
	return err
}

// look reads where the program stands and what it has there.
func (a *debugAdapter) look(stopped json.RawMessage, file string, line int) error {
	var event struct {
		Reason   string
		ThreadID int
	}
	if err := json.Unmarshal(stopped, &event); err != nil {
		return err
	}
	if event.Reason != "breakpoint" {
		return fmt.Errorf("stopped for %s", event.Reason)
	}
	body, err := a.ask("stackTrace", map[string]any{"threadId": event.ThreadID})
	if err != nil {
		return err
	}
	var stack struct {
		StackFrames []struct {
			ID, Line int
			Name     string
			Source   struct{ Path string }
		}
	}
	if err := json.Unmarshal(body, &stack); err != nil {
		return err
	}
	if len(stack.StackFrames) == 0 || stack.StackFrames[0].Source.Path != file || stack.StackFrames[0].Line != line {
		return fmt.Errorf("the stack is %s", body)
	}
	if body, err = a.ask("scopes", map[string]any{"frameId": stack.StackFrames[0].ID}); err != nil {
		return err
	}
	var scopes struct {
		Scopes []struct{ VariablesReference int }
	}
	if err := json.Unmarshal(body, &scopes); err != nil {
		return err
	}
	for _, scope := range scopes.Scopes {
		if body, err = a.ask("variables", map[string]any{"variablesReference": scope.VariablesReference}); err != nil {
			return err
		}
		var all struct {
			Variables []struct{ Name, Value string }
		}
		if err := json.Unmarshal(body, &all); err != nil {
			return err
		}
		for _, variable := range all.Variables {
			if variable.Name == "answer" && variable.Value == "42" {
				return nil
			}
		}
	}
	return fmt.Errorf("answer is not shown: %s", body)
}

// ask sends a request and gives the body of its response.
func (a *debugAdapter) ask(command string, arguments map[string]any) (json.RawMessage, error) {
	a.last++
	if err := a.send(map[string]any{"seq": a.last, "type": "request", "command": command, "arguments": arguments}); err != nil {
		return nil, err
	}
	for {
		m, err := a.next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", command, err)
		}
		if m.Type == "response" && m.RequestSeq == a.last {
			if !m.Success {
				return nil, fmt.Errorf("%s: %s", command, m.Message)
			}
			return m.Body, nil
		}
	}
}

// await gives the body of the next event of a name.
func (a *debugAdapter) await(event string) (json.RawMessage, error) {
	for {
		m, err := a.next()
		if err != nil {
			return nil, fmt.Errorf("waiting for %s: %w", event, err)
		}
		if m.Type == "event" && m.Event == event {
			return m.Body, nil
		}
		if m.Event == "terminated" {
			return nil, fmt.Errorf("the program ended before %s", event)
		}
	}
}

func (a *debugAdapter) next() (adapterMessage, error) {
	var m adapterMessage
	if err := a.receive(&m); err != nil {
		return m, err
	}
	if m.Event == "output" {
		var output struct{ Output string }
		_ = json.Unmarshal(m.Body, &output) // what cannot be read cannot be shown
		a.output.WriteString(output.Output)
	}
	return m, nil
}
