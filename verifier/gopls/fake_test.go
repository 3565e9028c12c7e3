//go:build linux

package gopls

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sourcegraph/jsonrpc2"
)

// fake is a gopls that does everything right but for its fault.
type fake struct {
	fault  string
	folder string
}

func fakeGopls(fault string) int {
	switch fault {
	case "exits":
		return 3
	case "exits with words":
		fmt.Fprintln(os.Stderr, "2026/11/20 10:00:00 go command required, not found")
		return 1
	case "panics":
		fmt.Fprintf(os.Stderr, "starting\npanic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:3 +0x1\n")
		return 2
	case "prints":
		fmt.Println("gopls: a wrapper that greets")
		select {}
	case "prints usage":
		fmt.Print("Content is king\r\n\r\n")
		select {}
	case "deaf":
		time.Sleep(time.Hour)
	case "ignores SIGTERM":
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Hour)
	case "floods stderr":
		for range 1 << 16 {
			fmt.Fprintln(os.Stderr, "another line of a flood that nobody can stop", strings.Repeat("x", 50))
		}
	case "huge message":
		fmt.Print("Content-Length: 4000000000\r\n\r\n\"")
		for {
			if _, err := os.Stdout.WriteString(strings.Repeat("x", 1<<16)); err != nil {
				return 1
			}
		}
	case "bad JSON":
		fmt.Print("Content-Length: 5\r\n\r\n{]]]]")
		time.Sleep(time.Hour)
	case "leaves a child":
		child := exec.Command("/bin/sleep", "1000")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if child.Start() != nil {
			return 9
		}
	}
	f := &fake{fault: fault}
	stdio := struct {
		io.Reader
		io.WriteCloser
	}{os.Stdin, os.Stdout}
	conn := jsonrpc2.NewConn(context.Background(), jsonrpc2.NewBufferedStream(stdio, jsonrpc2.VSCodeObjectCodec{}), f, jsonrpc2.SetLogger(silent{}))
	<-conn.DisconnectNotify()
	return 0
}

func (f *fake) Handle(ctx context.Context, conn *jsonrpc2.Conn, request *jsonrpc2.Request) {
	if f.fault == "hangs at "+request.Method {
		time.Sleep(time.Hour)
	}
	if f.fault == "dies at "+request.Method {
		os.Exit(7)
	}
	if f.fault == "closes at "+request.Method {
		os.Stdout.Close()
		time.Sleep(time.Hour)
	}
	if f.fault == "refuses "+request.Method {
		conn.ReplyWithError(ctx, request.ID, &jsonrpc2.Error{Code: -32000, Message: "I will\nnot"})
		return
	}
	if f.fault == "answers nonsense to "+request.Method {
		conn.Reply(ctx, request.ID, 42)
		return
	}
	var params struct {
		RootURI        string
		TextDocument   textDocument
		ContentChanges []change
	}
	if request.Params != nil {
		json.Unmarshal(*request.Params, &params)
	}
	switch request.Method {
	case "initialize":
		f.folder = filePath(params.RootURI)
		conn.Reply(ctx, request.ID, map[string]any{"serverInfo": map[string]string{"name": "gopls", "version": `{"Main":{"Version":"v0.99.0"}}`}})
	case "initialized":
		go f.load(ctx, conn) // a server may ask while it loads
	case "textDocument/didChange":
		f.report(ctx, conn, params.TextDocument, params.ContentChanges[0].Text)
	case "textDocument/definition":
		f.definition(ctx, conn, request.ID)
	case "textDocument/hover":
		text := "```go\nfunc fmt.Println\n```\nfunc Println(a ...any) (n int, err error)"
		if f.fault == "knows nothing" {
			text = "no idea"
		}
		conn.Reply(ctx, request.ID, map[string]any{"contents": map[string]string{"kind": "markdown", "value": text}})
	case "shutdown":
		conn.Reply(ctx, request.ID, nil)
	case "exit":
		if f.fault == "ends badly" {
			fmt.Fprintln(os.Stderr, "I am not well")
			os.Exit(4)
		}
		os.Exit(0)
	}
}

func (f *fake) load(ctx context.Context, conn *jsonrpc2.Conn) {
	say := func(token, kind, title, text string) {
		conn.Notify(ctx, "$/progress", map[string]any{"token": token, "value": map[string]string{"kind": kind, "title": title, "message": text}})
	}
	switch f.fault {
	case "never loads":
		return
	case "floods with notifications":
		for i := 0; ; i++ {
			if conn.Notify(ctx, "textDocument/publishDiagnostics", diagnostics{URI: fmt.Sprintf("file:///%d%s.go", i, strings.Repeat("x", 1000))}) != nil {
				return
			}
		}
	case "floods a little":
		for i := range 5000 {
			conn.Notify(ctx, "window/logMessage", message{3, strings.Repeat("log ", 10)})
			conn.Notify(ctx, "nobody/knows", i)
			say(fmt.Sprint(i), "begin", "work", "")
		}
	case "asks":
		var got json.RawMessage
		for method, want := range map[string]string{
			"workspace/configuration":        `[{"linkifyShowMessage":true},null]`,
			"window/workDoneProgress/create": `null`,
			"client/registerCapability":      `null`,
			"window/showMessageRequest":      `null`,
			"workspace/applyEdit":            `{"applied":false,"failureReason":"nothing is edited here"}`,
			"workspace/workspaceFolders":     `[{"name":"gopls","uri":"` + fileURI(f.folder) + `"}]`,
		} {
			items := map[string]any{"items": []any{map[string]string{"section": "gopls"}, map[string]string{"section": "other"}}}
			if err := conn.Call(ctx, method, items, &got); err != nil || string(got) != want {
				fmt.Fprintf(os.Stderr, "%s: got %s, %v, want %s\n", method, got, err, want)
				os.Exit(5)
			}
		}
		if err := conn.Call(ctx, "editor/doIt", nil, nil); err == nil || !strings.Contains(err.Error(), "method not found: editor/doIt") {
			fmt.Fprintln(os.Stderr, "editor/doIt:", err)
			os.Exit(5)
		}
	case "cannot load":
		say("1", "begin", cannotLoad, "packages.Load error: err: exit status 1: stderr:\ngo: go.mod requires go >= 1.27 (running go 1.26.8; GOTOOLCHAIN=local)\n")
		return
	case "fails to load":
		say("1", "begin", settingUp, "Loading packages...")
		say("1", "end", "", loadFailure+": it went wrong")
		return
	case "shows an error":
		conn.Notify(ctx, "window/showMessage", message{1, "something is\nrotten"})
		return
	}
	say("1", "begin", settingUp, "Loading packages...")
	say("1", "end", "", loadedWell)
}

func (f *fake) definition(ctx context.Context, conn *jsonrpc2.Conn, id jsonrpc2.ID) {
	env, _ := goEnv()
	place := location{URI: fileURI(filepath.Join(env[0], "src/fmt/print.go"))}
	switch f.fault {
	case "elsewhere":
		place.URI = fileURI(filepath.Join(f.folder, "main.go"))
	case "nowhere":
		place.URI = "file:///nowhere/src/fmt/print.go"
	case "no file":
		place.URI = "https://pkg.go.dev/fmt"
	case "one place":
		conn.Reply(ctx, id, place)
		return
	case "no place":
		conn.Reply(ctx, id, nil)
		return
	}
	conn.Reply(ctx, id, []location{place})
}

// report finds the planted mistakes as a compiler would.
func (f *fake) report(ctx context.Context, conn *jsonrpc2.Conn, document textDocument, text string) {
	report := diagnostics{URI: document.URI, Version: document.Version, Diagnostics: []diagnostic{}}
	add := func(line int, text string) {
		report.Diagnostics = append(report.Diagnostics, diagnostic{Range: span{Start: position{Line: line - 1}}, Severity: severityError, Message: text})
	}
	if strings.Contains(text, "planted") {
		add(faultyLine, `cannot use "dcverify" (untyped string constant) as int value in variable declaration`)
	}
	if at := strings.Index(text, "require "+unused); at >= 0 {
		add(strings.Count(text[:at], "\n")+1, unused+" is not used in this module")
	}
	switch f.fault {
	case "blind":
		return
	case "still asks the go command":
		_ = exec.Command("/bin/sleep", "1000").Start()
		return
	case "sees ghosts":
		add(4, "could not import fmt (no package for import fmt)")
	case "sees only ghosts":
		report.Diagnostics = nil
		add(4, "could not import fmt (no package for import fmt)")
	}
	conn.Notify(ctx, "textDocument/publishDiagnostics", report)
}
