//go:build linux

package gopls

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

// client answers what gopls asks, and keeps what it says.
type client struct {
	options map[string]any
	folder  string

	mu       sync.Mutex
	changed  chan struct{} // closed, and replaced, whenever something of the below changes
	reports  map[string]diagnostics
	begun    map[any]string // the titles of what gopls is at, by token
	loaded   string         // the last words of loading the workspace
	critical string         // why the workspace cannot be loaded
	errors   []string       // what it would have shown as an error
	broken   error          // why its messages cannot be read
}

func newClient(server Server, folder string) *client {
	return &client{options: server.Options, folder: folder, changed: make(chan struct{}), reports: map[string]diagnostics{}, begun: map[any]string{}}
}

// Handle takes requests and notifications in the order in which gopls sends them.
func (c *client) Handle(ctx context.Context, conn *jsonrpc2.Conn, request *jsonrpc2.Request) {
	params := json.RawMessage("null")
	if request.Params != nil {
		params = *request.Params
	}
	if request.Notif {
		c.hear(request.Method, params)
		return
	}
	answer, err := c.answer(request.Method, params)
	if err != nil {
		conn.ReplyWithError(ctx, request.ID, err) // whoever cannot be answered cannot be asked either: the next call tells
		return
	}
	conn.Reply(ctx, request.ID, answer)
}

// answer is what the editor says when nobody is there to click.
func (c *client) answer(method string, params json.RawMessage) (any, *jsonrpc2.Error) {
	switch method {
	case "workspace/configuration":
		// The extension gives every item of this section the same object (goLanguageServer.ts:771-799).
		var asked struct {
			Items []struct {
				Section string `json:"section"`
			} `json:"items"`
		}
		if err := json.Unmarshal(params, &asked); err != nil {
			return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: err.Error()}
		}
		answers := make([]any, len(asked.Items))
		for i, item := range asked.Items {
			if item.Section == "gopls" {
				answers[i] = c.options
			}
		}
		return answers, nil
	case "workspace/workspaceFolders":
		return folders(c.folder), nil
	case "workspace/applyEdit":
		return map[string]any{"applied": false, "failureReason": "nothing is edited here"}, nil
	case "window/showDocument":
		return map[string]any{"success": false}, nil
	case "window/showMessageRequest":
		c.hear("window/showMessage", params)
		return nil, nil
	case "window/workDoneProgress/create", "client/registerCapability", "client/unregisterCapability",
		"workspace/codeLens/refresh", "workspace/diagnostic/refresh", "workspace/inlayHint/refresh", "workspace/semanticTokens/refresh":
		return nil, nil
	}
	return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: "method not found: " + method}
}

func folders(folder string) []map[string]string {
	return []map[string]string{{"uri": fileURI(folder), "name": "gopls"}}
}

// hear keeps what a notification says.
func (c *client) hear(method string, params json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch method {
	case "textDocument/publishDiagnostics":
		var report diagnostics
		if json.Unmarshal(params, &report) != nil {
			return
		}
		if len(c.reports) > 100 { // those of a small module are three
			clear(c.reports)
		}
		c.reports[report.URI] = report
	case "window/showMessage":
		var shown message
		if json.Unmarshal(params, &shown) != nil || shown.Type != severityError {
			return
		}
		c.errors = append(c.errors, oneLine(shown.Message))
		c.errors = c.errors[max(0, len(c.errors)-8):]
	case "$/progress":
		var p progress
		if json.Unmarshal(params, &p) != nil {
			return
		}
		c.follow(p)
	default:
		return
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// The words of gopls for loading the workspace (gopls/internal/server/general.go and diagnostics.go). The Go extension's
// tests wait for the second.
const (
	settingUp   = "Setting up workspace"
	loadedWell  = "Finished loading packages."
	cannotLoad  = "Error loading workspace"
	loadFailure = "Error loading packages"
)

// follow follows what gopls reports of its work.
func (c *client) follow(p progress) {
	token, _ := json.Marshal(p.Token) // a number or a text
	key := string(token)
	switch p.Value.Kind {
	case "begin":
		if len(c.begun) > 100 {
			clear(c.begun)
		}
		c.begun[key] = p.Value.Title
		if p.Value.Title == cannotLoad {
			c.critical = oneLine(p.Value.Message)
		}
	case "report":
		if c.begun[key] == cannotLoad {
			c.critical = oneLine(p.Value.Message)
		}
	case "end":
		switch title := c.begun[key]; {
		case title == cannotLoad:
			c.critical = ""
		case title == settingUp || strings.HasPrefix(p.Value.Message, loadedWell) || strings.HasPrefix(p.Value.Message, loadFailure):
			c.loaded = oneLine(p.Value.Message)
			if c.loaded == "" {
				c.loaded = loadedWell
			}
		}
		delete(c.begun, key)
	}
}

// wait waits until done says so, which is asked again whenever something was heard.
func (c *client) wait(ctx context.Context, gone <-chan struct{}, done func() bool) error {
	for {
		c.mu.Lock()
		ok, changed := done(), c.changed
		c.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-gone:
			return jsonrpc2.ErrClosed
		}
	}
}

// shown is what gopls has shown as an error, the last of it.
func (c *client) shown() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.critical == "" && len(c.errors) > 0 {
		return c.errors[len(c.errors)-1]
	}
	return c.critical
}

// complaint is any error that gopls reports, of go.mod first: there it says why it cannot load. The caller holds the lock.
func (c *client) complaint() string {
	if c.critical != "" {
		return c.critical
	}
	for _, name := range []string{"/go.mod", "/main.go"} {
		for _, d := range c.reports[fileURI(c.folder+name)].Diagnostics {
			if d.Severity == severityError {
				return oneLine(d.Message)
			}
		}
	}
	if len(c.errors) > 0 {
		return c.errors[len(c.errors)-1]
	}
	return ""
}

// stream is the connection. It remembers why reading it came to its end.
type stream struct {
	jsonrpc2.ObjectStream
	client *client
}

func (s stream) ReadObject(v any) error {
	err := s.ObjectStream.ReadObject(v)
	if err != nil {
		s.client.mu.Lock()
		if s.client.broken == nil && !errors.Is(err, io.EOF) {
			s.client.broken = err
		}
		s.client.mu.Unlock()
	}
	return err
}

// pipes is the two files as one.
type pipes struct {
	io.Reader
	*process
}

func (p pipes) Write(b []byte) (int, error) { return p.In.Write(b) }

func (p pipes) Close() error { return errors.Join(p.In.Close(), p.Out.Close()) }

// silent keeps the library from writing to dcverify's stderr.
type silent struct{}

func (silent) Printf(string, ...any) {}
