//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// answersWithin is how long gopls may take for one thing. It is asked for nothing that needs a build.
const answersWithin = 20 * time.Second

// languageClient is a client of gopls.
type languageClient struct {
	messages
	uri     string
	errors  *int // how many the last report has; nil before any
	problem string
}

type serverMessage struct {
	ID     json.RawMessage
	Method string
	Params struct {
		URI         string
		Message     string
		Type        int
		Diagnostics []struct {
			Severity int
			Message  string
		}
		Items []any
		Value struct{ Kind, Title, Message string }
	}
	Result json.RawMessage
	Error  *struct{ Message string }
}

// edit opens the module in gopls with a mistake in it, which gopls must find; mends it, upon which gopls must find nothing;
// and goes to the definition of fmt.Println, which must be of the Go that builds here.
func edit(b bench) error {
	cmd, err := b.env.command(b.module, "gopls", "serve")
	if err != nil {
		return err
	}
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	late := time.AfterFunc(3*answersWithin, func() { _ = cmd.Process.Kill() })
	file := filepath.Join(b.module, "main.go")
	c := &languageClient{messages: messages{writer: input, reader: bufio.NewReader(output)}, uri: (&url.URL{Scheme: "file", Path: file}).String()}
	err = c.session(b, file)
	if err != nil {
		_ = cmd.Process.Kill()
	}
	if ended := cmd.Wait(); err == nil {
		err = ended
	}
	if !late.Stop() && err != nil {
		return fmt.Errorf("gopls is late: %w", err)
	}
	return err
}

func (c *languageClient) session(b bench, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	source := string(text)
	root := (&url.URL{Scheme: "file", Path: b.module}).String()
	if _, err := c.ask("initialize", map[string]any{
		"processId": os.Getpid(), "rootUri": root,
		"workspaceFolders": []any{map[string]any{"uri": root, "name": "program"}},
		"capabilities":     map[string]any{"window": map[string]any{"workDoneProgress": true}},
	}); err != nil {
		return err
	}
	if err := c.notify("initialized", map[string]any{}); err != nil {
		return err
	}
	if err := c.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": c.uri, "languageId": "go", "version": 1, "text": source + "\nvar mistake int = \"text\"\n"}}); err != nil {
		return err
	}
	if err := c.reports(1); err != nil {
		return err
	}
	if err := c.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": c.uri, "version": 2},
		"contentChanges": []any{map[string]any{"text": source}}}); err != nil {
		return err
	}
	if err := c.reports(0); err != nil {
		return err
	}
	if err := c.definition(b, source); err != nil {
		return err
	}
	if _, err := c.ask("shutdown", nil); err != nil {
		return err
	}
	return c.notify("exit", nil)
}

// reports waits for gopls to find so many errors in the file.
func (c *languageClient) reports(want int) error {
	c.errors = nil
	for c.errors == nil || *c.errors != want {
		if _, err := c.next(); err != nil {
			return fmt.Errorf("waiting for %d diagnostics: %w", want, err)
		}
		if c.problem != "" {
			return errors.New(c.problem)
		}
	}
	return nil
}

// definition goes to fmt.Println. The sources must lie in the tree of the release that the go command here is.
func (c *languageClient) definition(b bench, source string) error {
	at := strings.Index(source, "Println(")
	line := strings.Count(source[:at], "\n")
	column := at - strings.LastIndexByte(source[:at], '\n') - 1
	answer, err := c.ask("textDocument/definition", map[string]any{
		"textDocument": map[string]any{"uri": c.uri}, "position": map[string]any{"line": line, "character": column}})
	if err != nil {
		return err
	}
	var places []struct{ URI string }
	if err := json.Unmarshal(answer, &places); err != nil || len(places) != 1 {
		return fmt.Errorf("the definition of fmt.Println is %s", answer)
	}
	found, err := url.Parse(places[0].URI)
	if err != nil {
		return err
	}
	tree, ok := strings.CutSuffix(found.Path, "/src/fmt/print.go")
	if !ok {
		return fmt.Errorf("the definition of fmt.Println is in %s", found.Path)
	}
	version, err := os.ReadFile(filepath.Join(tree, "VERSION"))
	if err != nil {
		return err
	}
	release, _, _ := strings.Cut(string(version), "\n")
	running, err := b.output("go", "version") // "go version go1.26.8 linux/amd64"
	if err != nil {
		return err
	}
	if fields := strings.Fields(running); len(fields) < 3 || fields[2] != release {
		return fmt.Errorf("the definition of fmt.Println is in %s, of %s, and here is %s", found.Path, release, strings.TrimSpace(running))
	}
	return nil
}

func (c *languageClient) notify(method string, params any) error {
	return c.send(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
}

func (c *languageClient) ask(method string, params any) (json.RawMessage, error) {
	c.last++
	if err := c.send(map[string]any{"jsonrpc": "2.0", "id": c.last, "method": method, "params": params}); err != nil {
		return nil, err
	}
	for {
		m, err := c.next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		if m.Method != "" || string(m.ID) != fmt.Sprint(c.last) {
			continue
		}
		if m.Error != nil {
			return nil, fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		return m.Result, nil
	}
}

// next reads a message, answers what gopls asks, and keeps what it reports.
func (c *languageClient) next() (serverMessage, error) {
	var m serverMessage
	if err := c.receive(&m); err != nil {
		return m, err
	}
	switch {
	case m.Method == "workspace/configuration":
		return m, c.send(map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": make([]any, len(m.Params.Items))})
	case m.Method != "" && m.ID != nil:
		return m, c.send(map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": nil})
	case m.Method == "textDocument/publishDiagnostics" && m.Params.URI == c.uri:
		errors := 0
		for _, d := range m.Params.Diagnostics {
			if d.Severity == 1 {
				errors++
			}
		}
		c.errors = &errors
	case m.Method == "$/progress" && strings.HasPrefix(m.Params.Value.Message, "Error loading"):
		c.problem = m.Params.Value.Message
	}
	return m, nil
}
