//go:build linux

package gather

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
)

// answerDeadline is how long `go env` may take: it needs 20 ms, and 2 s under emulation.
const answerDeadline = 15 * time.Second

// goCommand finds the go of a view and asks it.
func (g *gatherer) goCommand(ctx context.Context, view environment) facts.Part[facts.GoCommand] {
	if view.unknown != "" {
		return facts.Absent[facts.GoCommand](view.unknown)
	}
	path := g.find("go", view.env)
	if path == "" {
		return facts.Absent[facts.GoCommand](g.whyNoGo(view.env))
	}
	command := facts.GoCommand{Binary: g.Program(path)}
	command.Root = g.derivedRoot(command.Binary.Real)
	for _, root := range []string{view.env["GOROOT"], command.Root} {
		if root != "" {
			g.tree(root)
		}
	}
	if !g.Needs[facts.GoCommands] {
		return facts.Known(command)
	}
	inside := async(func() facts.Answer { return g.askGo(ctx, path, view.env, g.Workspace) })
	command.Outside = g.askGo(ctx, path, view.env, g.Scratch())
	command.Inside = inside()
	command.Missing = g.missingToolchain(command.Inside.Error, view.env)
	return facts.Known(command)
}

// whyNoGo says what a person who looks along PATH would see.
func (g *gatherer) whyNoGo(env goenv.Environ) string {
	for _, folder := range env.Path() {
		file := g.Program(filepath.Join(folder, "go"))
		if file.Problem != "" && file.Problem != "it does not exist" {
			return fmt.Sprintf("%s is there, but %s", file.Path, file.Problem)
		}
	}
	return "no go in PATH=" + env["PATH"]
}

// derivedRoot is the GOROOT that a go command derives of its own place: the folder above bin, links resolved, if it
// has pkg/tool (cmd/go/internal/cfg.findGOROOT).
func (g *gatherer) derivedRoot(real string) string {
	root := filepath.Dir(filepath.Dir(real))
	if tree := g.tree(root); tree.Folder && tree.Compiler != "" {
		return root
	}
	return ""
}

// askGo asks the go command for its environment. Views that are alike ask the same, and are answered once.
func (g *gatherer) askGo(ctx context.Context, path string, env goenv.Environ, folder string) facts.Answer {
	question := strings.Join(append(env.List(), path, folder), "\x00")
	g.mutex.Lock()
	answer, asked := g.answers[question]
	if !asked {
		answer = sync.OnceValue(func() facts.Answer { return g.goEnv(ctx, path, env, folder) })
		g.answers[question] = answer
	}
	g.mutex.Unlock()
	return answer()
}

func (g *gatherer) goEnv(ctx context.Context, path string, env goenv.Environ, folder string) facts.Answer {
	asked := g.scratchTemp(g.offline(env))
	run := g.Run(ctx, machine.Command{Path: path, Args: []string{"env", "-json"}, Dir: folder, Env: asked, Timeout: answerDeadline})
	if run.Err != nil {
		text := telling(string(run.Stderr))
		if text == "" {
			text = run.Err.Error()
		}
		return facts.Answer{Error: text}
	}
	var answer facts.Answer
	if err := json.Unmarshal(run.Stdout, &answer.Env); err != nil {
		return facts.Answer{Error: "go env -json printed no JSON: " + firstLine(string(run.Stdout))}
	}
	for _, name := range []string{"GOPROXY", "GONOPROXY", "GONOSUMDB", "GOTMPDIR"} {
		if answer.Env[name] == asked[name] && env[name] != asked[name] {
			delete(answer.Env, name) // that is what dcverify said, not go
		}
	}
	return answer
}

// offline keeps the go command from the network unless the user asked for it: no check touches the network on its own.
func (g *gatherer) offline(env goenv.Environ) goenv.Environ {
	if g.Online {
		return env
	}
	// GONOPROXY would send private modules to their origin whatever GOPROXY says.
	env = env.With("GOPROXY=off", "GONOPROXY=none")
	if env["GOSUMDB"] != "off" { // then go refuses every toolchain, and that must show
		// A toolchain that lies in the module cache would be looked up in the checksum database once more.
		env = env.With("GONOSUMDB=golang.org/toolchain")
	}
	return env
}

// The go command's words when a toolchain is due and dcverify kept it from downloading it.
var noToolchain = regexp.MustCompile(`download (go1[.0-9a-z]+)[^:]*:.*(toolchain not available|GOPROXY=off)`)

// missingToolchain is the toolchain that a go command wanted to download and dcverify kept it from; empty when its error is
// another one.
func (g *gatherer) missingToolchain(text string, env goenv.Environ) string {
	// With --online nobody has that toolchain, and with a GOPROXY=off of the user's own nobody is to ask for it.
	if match := noToolchain.FindStringSubmatch(text); match != nil && !g.Online && env["GOPROXY"] != "off" {
		return match[1]
	}
	return ""
}

// The lines of go's output that name the cause; everything around them is consequence.
var causes = regexp.MustCompile(`does not match go tool version|is not in std|cannot find GOROOT|no such tool|download go1|permission denied|read-only file system|no space left|requires go >=|not found`)

// heading is a line of go's that names a file and leaves what is wrong with it to the next one.
var heading = regexp.MustCompile(`^go: errors? (loading|parsing|reading) \S+:$`)

// telling picks the line of go's output that says what is wrong.
func telling(output string) string {
	var first string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "warning:") || strings.HasPrefix(line, "go: downloading ") {
			continue
		}
		if causes.MatchString(line) {
			return line
		}
		if first == "" || heading.MatchString(first) {
			first = line
		}
	}
	return first
}
