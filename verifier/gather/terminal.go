//go:build linux

package gather

import (
	"context"
	"path/filepath"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// editorLaunch is the launch in the environment of the editor's tools. Where the terminal's leads to the same program and the
// same dlv, one proof stands for both.
func (g *gatherer) editorLaunch(ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool]) facts.Part[facts.Proof] {
	part := g.launch(ctx, e, builds, dlv)
	if proof, ok := part.Get(); ok && e.get(goenv.TerminalView).unknown == "" && g.terminalIsTools(e, builds, dlv) {
		proof.Also = []string{goenv.TerminalView}
		return facts.Known(proof)
	}
	return part
}

// terminalLaunch proves that a person who types `dlv` in the editor's terminal can launch a program, where that is another dlv
// or another Go environment than the editor's own.
func (g *gatherer) terminalLaunch(ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool]) facts.Part[facts.Proof] {
	terminal := e.get(goenv.TerminalView)
	if terminal.unknown != "" {
		return facts.Absent[facts.Proof](terminal.unknown)
	}
	if g.terminalIsTools(e, builds, dlv) {
		return facts.Absent[facts.Proof]("the terminal has the go and the dlv of the editor's tools: " + facts.LaunchProof + " stands for both")
	}
	build := builds[goenv.TerminalView]().program()
	proof := facts.Proof{Name: facts.TerminalProof, View: goenv.TerminalView, Status: facts.Fails, Reason: build.Error, Steps: build.Steps}
	switch {
	case build.Status == facts.Skipped || build.Status == facts.Broken:
		proof.Status = build.Status // why, DV803 and DV904 tell
		return facts.Known(proof)
	case !g.Executable(build.Binary):
		return facts.Known(proof)
	}
	g.Progress("launching a program under Delve in the editor's terminal")
	program := delve.DebuggeeProgram(build.Binary, filepath.Dir(build.Binary))
	if build.Goroot != "" {
		program.Sources, _ = filepath.EvalSymlinks(filepath.Join(build.Goroot, "src"))
	}
	proof = g.repeat(ctx, func() facts.Proof { return delve.Launch(ctx, g.terminalDebugger(dlv, terminal.env), program) })
	proof.Name, proof.View = facts.TerminalProof, goenv.TerminalView
	return facts.Known(proof)
}

// terminalAttach proves that a person who types `dlv attach` in the editor's terminal can, where that is another dlv. Nothing else
// of an environment matters to attaching.
func (g *gatherer) terminalAttach(ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool]) facts.Part[facts.Proof] {
	terminal := e.get(goenv.TerminalView)
	switch {
	case g.ConnectTo != "" || g.AttachTo != 0:
		return facts.Absent[facts.Proof]("something else was named to be debugged")
	case terminal.unknown != "":
		return facts.Absent[facts.Proof](terminal.unknown)
	}
	debugger := g.terminalDebugger(dlv, terminal.env)
	if debugger.Linked || real(debugger.Path) == real(g.debugger(dlv, nil).Path) {
		return facts.Absent[facts.Proof]("the terminal has the dlv of the editor's tools: " + facts.AttachProof + " stands for both")
	}
	build, ok := g.debuggee(ctx, e, builds)
	if !ok {
		return facts.Absent[facts.Proof]("no program to attach to could be built: " + build.Error)
	}
	proof := g.attachWith(ctx, debugger, build, terminal)
	proof.Name, proof.View = facts.ShellProof, goenv.TerminalView
	return facts.Known(proof)
}

// terminalDebugger is the dlv that PATH finds. Where it finds none it is that of the editor, which starts it by its whole path
// in the terminal when a launch configuration says console (goDebugFactory.ts:409-460).
func (g *gatherer) terminalDebugger(dlv facts.Part[facts.Tool], terminal goenv.Environ) delve.Tool {
	if path := g.find("dlv", terminal); path != "" {
		if found := g.Program(path); found.Problem == "" {
			return delve.Tool{Path: path, Env: terminal.List(), Version: found.Version}
		}
	}
	return g.debugger(dlv, terminal)
}

// terminalIsTools tells whether the terminal and the tools debug the same program with the same dlv.
func (g *gatherer) terminalIsTools(e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool]) bool {
	terminal, tools := builds[goenv.TerminalView]().program(), builds[goenv.ToolsView]().program()
	if terminal.Binary != tools.Binary || terminal.Error != tools.Error {
		return false
	}
	return real(g.terminalDebugger(dlv, e.get(goenv.TerminalView).env).Path) == real(g.debugger(dlv, nil).Path)
}

// real is the file that a path leads to.
func real(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}
