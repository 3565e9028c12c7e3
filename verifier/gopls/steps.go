//go:build linux

package gopls

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sourcegraph/jsonrpc2"
)

// run is the whole session. Every step is a thing that the editor does.
func (s *session) run(server Server) error {
	l := s.limits
	for _, next := range []struct {
		name  string
		limit time.Duration
		do    func(context.Context) (string, error)
	}{
		{"start", l.initialize, func(context.Context) (string, error) { return "", s.start(server) }},
		{"initialize", l.initialize, s.initialize},
		{"load", l.load, s.load},
		{"definition", l.answer, s.definition},
		{"hover", l.answer, s.hover},
		{"diagnostics", l.report + l.answer, s.typeError},
		{"go.mod", l.report + l.answer, s.unusedRequirement},
		{"exit", l.answer + l.end, s.exit},
	} {
		if err := s.step(next.name, next.limit, next.do); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) start(server Server) error {
	process, err := start(server, s.module.Folder)
	if err != nil {
		return wrong(err.Error()) // "fork/exec /x/gopls: permission denied"
	}
	s.process, s.client = process, newClient(server, s.module.Folder)
	plain := jsonrpc2.NewBufferedStream(pipes{&voice{Reader: process.Out}, process}, jsonrpc2.VSCodeObjectCodec{})
	s.conn = jsonrpc2.NewConn(context.Background(), stream{plain, s.client}, s.client, jsonrpc2.SetLogger(silent{}))
	return nil
}

// initialize is the first request, as the editor makes it.
func (s *session) initialize(ctx context.Context) (string, error) {
	answer, err := s.call(ctx, "initialize", map[string]any{
		"processId":             os.Getpid(), // gopls ends when this process does
		"clientInfo":            map[string]string{"name": "Visual Studio Code"},
		"rootUri":               fileURI(s.module.Folder),
		"workspaceFolders":      folders(s.module.Folder),
		"capabilities":          capabilities(),
		"initializationOptions": s.client.options,
		"trace":                 "off",
	})
	if err != nil {
		return "", err
	}
	var result initialized
	if err := decode(answer, &result); err != nil {
		return "", err
	}
	if version := result.version(); s.proof.Tool.Version == "" {
		s.proof.Tool.Version = version
	}
	if result.ServerInfo.Name == "" {
		return "a server without a name", nil
	}
	return strings.TrimSpace(result.ServerInfo.Name + " " + result.version()), nil
}

// load opens the scratch module, waits for gopls to say that it has loaded it, and makes sure that it has: gopls says so too
// when the go command could not list the packages.
func (s *session) load(ctx context.Context) (string, error) {
	if err := s.conn.Notify(ctx, "initialized", struct{}{}); err != nil {
		return "", err
	}
	for name, language := range map[string]string{"main.go": "go", "go.mod": "go.mod"} {
		text, err := os.ReadFile(s.path(name))
		if err != nil {
			return "", wrong(err.Error())
		}
		opened := didOpen{textDocument{URI: s.uri(name), LanguageID: language, Version: 1, Text: string(text)}}
		if err := s.conn.Notify(ctx, "textDocument/didOpen", opened); err != nil {
			return "", err
		}
	}
	if err := s.client.wait(ctx, s.conn.DisconnectNotify(), func() bool { return s.client.loaded != "" || s.client.critical != "" }); err != nil {
		return "", err
	}
	s.client.mu.Lock()
	loaded, critical := s.client.loaded, s.client.critical
	s.client.mu.Unlock()
	switch {
	case critical != "":
		return "", wrong(goSaid(critical))
	case strings.HasPrefix(loaded, loadFailure):
		return "", wrong(goSaid(strings.TrimPrefix(loaded, loadFailure+": ")))
	}
	if _, err := s.call(ctx, "textDocument/hover", s.symbolPlace()); err != nil {
		return "", s.explained(ctx, err)
	}
	return loaded, nil
}

// explained turns gopls' refusal to answer into its reason, which it reports as the diagnostic of a file, and later as the
// state of the workspace.
func (s *session) explained(ctx context.Context, refusal error) error {
	if !answered(refusal) {
		return refusal
	}
	patience, cancel := context.WithTimeout(ctx, s.limits.farewell)
	defer cancel()
	why := ""
	s.client.wait(patience, s.conn.DisconnectNotify(), func() bool { // what does not come is no reason
		why = s.client.complaint()
		return why != ""
	})
	if why == "" {
		return refusal
	}
	return wrong(goSaid(why))
}

// goSaid are the go command's own words, where gopls wraps them:
// "packages.Load error: err: exit status 1: stderr: go: go.mod requires go >= 1.27 (running go 1.26.8; GOTOOLCHAIN=local)".
func goSaid(text string) string {
	wrapper, words, ok := strings.Cut(text, ": stderr:")
	if words = strings.TrimSpace(words); ok && words != "" {
		return words
	}
	for _, prefix := range []string{"initialization failed: ", "packages.Load error: ", "err: "} {
		wrapper = strings.TrimPrefix(wrapper, prefix)
	}
	return wrapper
}

// definition goes to the definition of a symbol of the standard library, and makes sure that it is the one that the go
// command builds with. A wrong GOROOT shows here and nowhere before: go lists packages all the same.
func (s *session) definition(ctx context.Context) (string, error) {
	answer, err := s.call(ctx, "textDocument/definition", s.symbolPlace())
	if err != nil {
		return "", err
	}
	places, err := locations(answer)
	if err != nil {
		return "", wrong("the answer to textDocument/definition is no place: " + err.Error())
	}
	if len(places) == 0 {
		return "", s.explained(ctx, wrong("gopls knows no definition of "+symbol))
	}
	file := filePath(places[0].URI)
	if file == "" {
		return "", wrong(fmt.Sprintf("the definition of %s is in %s, which is no file", symbol, places[0].URI))
	}
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", wrong(fmt.Sprintf("the definition of %s is in %s, which is not there: %v", symbol, places[0].URI, err))
	}
	if !filepath.IsAbs(s.module.Goroot) {
		return "", wrong(fmt.Sprintf("`go env GOROOT` names no folder to look for the definition of %s in: %q", symbol, s.module.Goroot))
	}
	// Distributions keep src somewhere else and link to it.
	src, err := filepath.EvalSymlinks(filepath.Join(s.module.Goroot, "src"))
	if err != nil {
		return "", wrong(fmt.Sprintf("the definition of %s is in %s, and GOROOT=%s has no sources: %v", symbol, file, s.module.Goroot, err))
	}
	if !strings.HasPrefix(real, src+"/") {
		return "", wrong(fmt.Sprintf("the definition of %s is in %s, which is not of GOROOT=%s", symbol, file, s.module.Goroot))
	}
	if err := s.sameRelease(file); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s:%d", file, places[0].Range.Start.Line+1), nil
}

// sameRelease makes sure that the sources are of the release of the go command. Where no VERSION tells, a Go that was built
// from its repository, nothing is claimed.
func (s *session) sameRelease(file string) error {
	text, err := os.ReadFile(filepath.Join(s.module.Goroot, "VERSION"))
	if err != nil {
		return nil
	}
	release, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	release, _, _ = strings.Cut(release, " ")
	running, _, _ := strings.Cut(s.module.GoVersion, " ") // "go1.26.8 X:experiment"
	if !strings.HasPrefix(release, "go1") || !strings.HasPrefix(running, "go1") || release == running {
		return nil
	}
	return wrong(fmt.Sprintf("the definition of %s is in %s, the standard library of %s, and the go command is %s", symbol, file, release, running))
}

// hover shows the symbol, which needs the type-checked standard library.
func (s *session) hover(ctx context.Context) (string, error) {
	answer, err := s.call(ctx, "textDocument/hover", s.symbolPlace())
	if err != nil {
		return "", err
	}
	text := hoverText(answer)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "func ") && strings.Contains(line, "Println(") {
			return strings.TrimSpace(line), nil // "func fmt.Println(a ...any) (n int, err error)"
		}
	}
	return "", wrong(with("gopls shows nothing about "+symbol, oneLine(text)))
}

// typeError plants a type error in the text that gopls holds of main.go.
func (s *session) typeError(ctx context.Context) (string, error) {
	return s.plant(ctx, "main.go", faulty, faultyLine, complaint)
}

// unusedRequirement plants a requirement that nothing uses in the text that gopls holds of go.mod. To notice it gopls lets
// the go command tidy the module.
func (s *session) unusedRequirement(ctx context.Context) (string, error) {
	text, err := os.ReadFile(s.path("go.mod"))
	if err != nil {
		return "", wrong(err.Error())
	}
	mistaken, line := faultyModule(string(text))
	return s.plant(ctx, "go.mod", mistaken, line, unused)
}

// plant changes the text that gopls holds of a file, and waits for it to report the mistake, and no other.
func (s *session) plant(ctx context.Context, name, text string, line int, about string) (string, error) {
	if err := s.change(ctx, name, text); err != nil {
		return "", err
	}
	uri, found, others := s.uri(name), "", ""
	patience, cancel := context.WithTimeout(ctx, s.limits.report)
	defer cancel()
	err := s.client.wait(patience, s.conn.DisconnectNotify(), func() bool {
		report := s.client.reports[uri]
		found, others = "", ""
		for _, d := range report.Diagnostics {
			switch {
			case d.Range.Start.Line+1 == line && strings.Contains(d.Message, about):
				found = d.String()
			case d.Severity == severityError:
				others = d.String()
			}
		}
		return found != ""
	})
	switch {
	case err != nil && patience.Err() != nil && ctx.Err() == nil:
		// Deaf, or blind? One that still answers has seen the text and found nothing in it.
		if _, err := s.call(ctx, "textDocument/hover", s.symbolPlace()); err != nil {
			return "", err
		}
		// Where it lets the go command work, slow machines may take longer.
		if len(s.process.Members()) > 1 && others == "" {
			return "", unfinished(fmt.Sprintf("gopls had not reported a mistake in %s within %s, and a command of it was still running", name, s.limits.report))
		}
		reason := fmt.Sprintf("gopls did not report a mistake in %s within %s", name, s.limits.report)
		if others != "" {
			reason = fmt.Sprintf("gopls reports in %s something else than its mistake: %s", name, others)
		}
		return "", wrong(with(reason, s.client.shown()))
	case err != nil:
		return "", err
	case others != "":
		return "", wrong(fmt.Sprintf("gopls reports an error in %s where there is none: %s", name, others))
	}
	return found, nil
}

// change gives gopls a new text of a file, as typing does.
func (s *session) change(ctx context.Context, name, text string) error {
	err := s.conn.Notify(ctx, "textDocument/didChange", didChange{
		TextDocument:   textDocument{URI: s.uri(name), Version: 2},
		ContentChanges: []change{{text}},
	})
	if err != nil {
		return err
	}
	// Some want to hear of mistakes only then (ui.diagnostic.diagnosticsTrigger).
	return s.conn.Notify(ctx, "textDocument/didSave", didSave{textDocument{URI: s.uri(name)}})
}

// exit ends gopls as the editor does, and expects it to end well.
func (s *session) exit(ctx context.Context) (string, error) {
	if _, err := s.call(ctx, "shutdown", nil); err != nil {
		return "", err
	}
	_ = s.conn.Notify(ctx, "exit", nil) // one that has ended by now has no need of it
	if !s.process.EndsWithin(s.limits.end) {
		return "", wrong(fmt.Sprintf("gopls did not end within %s after it was told to", s.limits.end))
	}
	if !s.process.Succeeded() {
		return "", wrong(with(fmt.Sprintf("gopls ended with %s after it was told to", s.process.HowEnded()), lastWords(&s.process.stderr)))
	}
	return "gopls ended with status 0", nil
}

func (s *session) path(name string) string { return filepath.Join(s.module.Folder, name) }

func (s *session) uri(name string) string { return fileURI(s.path(name)) }

func (s *session) symbolPlace() textPosition {
	return textPosition{textDocument{URI: s.uri("main.go")}, positionOf(mainSource, symbol)}
}
