//go:build linux

package gather

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/ptrace"
	"github.com/dcverify/dcverify/verifier/vscode"
)

func (g *gatherer) probePtrace(ctx context.Context) facts.Part[facts.Ptrace] {
	g.Progress("probing ptrace")
	result, err := ptrace.Probe(ctx, g.Self, []string{PtraceHelper})
	if err != nil {
		return facts.Failed[facts.Ptrace](err.Error())
	}
	return facts.Known(result)
}

// debugs tells whether any proof of the debugger is asked for.
func (g *gatherer) debugs() bool {
	return g.Needs[facts.Launch] || g.Needs[facts.Attach] || g.Needs[facts.DAP] || g.Needs[facts.Debugged] || g.Needs[facts.PanicTraces]
}

// tool looks for a program as the Go extension does.
func (g *gatherer) tool(ctx context.Context, name string, e *environments) facts.Part[facts.Tool] {
	if !g.Needs[facts.Tools] && !g.debugs() {
		return facts.Absent[facts.Tool](notNeeded)
	}
	// It looks with its own environment, which has no go.toolsEnvVars.
	env := e.editor().host
	if e.get(goenv.ToolsView).unknown != "" {
		env = e.get(goenv.RemoteView).env
	}
	extension, _ := e.extension().Get()
	lookup := vscode.Lookup{Env: env, Settings: g.settings, Workspace: g.Workspace, Executable: g.Executable}
	gopath := lookup.Gopath()
	if gopath == "" {
		gopath = extension.Answer.Env["GOPATH"]
	}
	if gopath == "" && g.system.Home != "" {
		gopath = filepath.Join(g.system.Home, "go")
	}
	found, searched := lookup.Tool(name, gopath, extension.Answer.Env["GOROOT"])
	tool := facts.Tool{Why: found.Why, Searched: searched}
	if found.Path != "" {
		tool.Binary = g.Program(found.Path)
		return facts.Known(tool)
	}
	// A file that is there but cannot be run is worth more than "not found".
	for _, folder := range searched {
		if file := g.Program(filepath.Join(folder, name)); file.Problem != "it does not exist" {
			tool.Binary = file
			break
		}
	}
	return facts.Known(tool)
}

// debugger is the dlv that proofs run: the container's own, or, where there is none that can run, the linked one.
func (g *gatherer) debugger(dlv facts.Part[facts.Tool], env goenv.Environ) delve.Tool {
	if tool, ok := dlv.Get(); ok && tool.Binary.Path != "" && tool.Binary.Problem == "" {
		return delve.Tool{
			Path: tool.Binary.Path, Env: env.List(), Version: tool.Binary.Version,
			NoVersionCheck: slices.Contains(g.settings.DlvFlags, vscode.NoVersionCheck),
		}
	}
	return delve.Tool{Path: g.Self, Args: []string{DelveHelper}, Env: env.List(), Linked: true, NoVersionCheck: true}
}

// launch proves that the editor's debugger can start a program. What the editor's environment cannot build it cannot
// debug: then the proof has failed at its first step.
func (g *gatherer) launch(ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool]) facts.Part[facts.Proof] {
	tools := e.get(goenv.ToolsView)
	build, own := builds[goenv.ToolsView]().program(), true
	failed := func(status facts.Status, reason string) facts.Part[facts.Proof] {
		return facts.Known(facts.Proof{
			Name: facts.LaunchProof, View: goenv.ToolsView, Status: status, Reason: reason,
			Steps: build.Steps,
		})
	}
	switch {
	case tools.unknown != "" || build.Status == facts.Skipped && build.Go != "":
		var ok bool
		if tools.unknown != "" {
			tools = e.get(goenv.RemoteView)
		}
		own = false
		if build, ok = g.debuggee(ctx, e, builds); !ok {
			return failed(facts.Skipped, "no program to debug could be built: "+build.Error)
		}
	case build.Status == facts.Skipped:
		return failed(facts.Fails, build.Error)
	case build.Status == facts.Broken && !g.Executable(build.Binary):
		return failed(facts.Broken, build.Error)
	case !g.Executable(build.Binary):
		return failed(facts.Fails, build.Error)
	}
	g.Progress("launching a program under Delve")
	program := delve.DebuggeeProgram(build.Binary, filepath.Dir(build.Binary))
	// Only what the editor's own go has built tells which sources the editor would show; the extension asked it in the
	// workspace, after a toolchain switch.
	if extension, ok := e.extension().Get(); ok && own {
		program.Sources, _ = filepath.EvalSymlinks(filepath.Join(extension.Answer.Env["GOROOT"], "src"))
	}
	proof := g.repeat(ctx, func() facts.Proof { return delve.Launch(ctx, g.debugger(dlv, tools.env), program) })
	proof.View = goenv.ToolsView
	return facts.Known(proof)
}

// attach proves that a debugger can attach to a running process. Attaching never depends on how Go is set up, so any
// program will do.
func (g *gatherer) attach(ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool]) facts.Part[facts.Proof] {
	tools := e.get(goenv.ToolsView)
	if tools.unknown != "" {
		tools = e.get(goenv.RemoteView)
	}
	debugger := g.debugger(dlv, tools.env)
	skipped := func(reason string) facts.Part[facts.Proof] {
		return facts.Known(facts.Proof{Name: facts.AttachProof, View: goenv.ToolsView, Status: facts.Skipped, Reason: reason})
	}
	build, ok := g.debuggee(ctx, e, builds)
	if !ok {
		return skipped("no program to attach to could be built: " + build.Error)
	}
	g.Progress("attaching Delve to a process")
	proof := g.attachWith(ctx, debugger, build, tools)
	proof.View = goenv.ToolsView
	return facts.Known(proof)
}

// attachWith attaches a debugger to the scratch program, which runs beside it.
func (g *gatherer) attachWith(ctx context.Context, debugger delve.Tool, build facts.Build, as environment) facts.Proof {
	return g.repeat(ctx, func() facts.Proof {
		running, err := delve.StartDebuggee(ctx, build.Binary, as.env.List(), filepath.Dir(build.Binary))
		if err != nil {
			return facts.Proof{Name: facts.AttachProof, Status: facts.Skipped, Reason: "the program to attach to did not start: " + err.Error()}
		}
		defer running.Stop()
		return delve.Attach(ctx, debugger, delve.DebuggeeProcess(running))
	})
}

// editorSession proves F5: the container's dlv, started as the Go extension starts it, builds a package and debugs it. The
// linked Delve proves nothing here, because no editor has it.
func (g *gatherer) editorSession(
	ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool], kernel facts.Part[facts.Ptrace],
) facts.Part[facts.Proof] {
	return g.edit(ctx, e, builds, dlv, kernel, facts.DAPProof, "debugging a package as the editor does", delve.DebuggeeSession)
}

// testSession proves "debug test" in the same way.
func (g *gatherer) testSession(
	ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool], kernel facts.Part[facts.Ptrace],
) facts.Part[facts.Proof] {
	return g.edit(ctx, e, builds, dlv, kernel, facts.TestProof, "debugging a test as the editor does", func(folder string) delve.Session {
		builds[goenv.ToolsView]().settle()
		// A folder of its own: up to 1.20 Delve gave all programs that it built one name, and both sessions run at once.
		own := module{folder: folder + "-test", asks: g.workspace.Go}
		if err := own.write(); err != nil {
			return delve.TestSession(folder) // which will fail in the same way, and say so
		}
		return delve.TestSession(own.folder)
	})
}

// refusesChildren tells whether the kernel was asked, and refused a debugger its own child.
func refusesChildren(kernel facts.Part[facts.Ptrace]) bool {
	probes, ok := kernel.Get()
	return ok && probes.Child.Refused()
}

func (g *gatherer) edit(
	ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool], kernel facts.Part[facts.Ptrace],
	name, doing string, session func(folder string) delve.Session,
) facts.Part[facts.Proof] {
	tools := e.get(goenv.ToolsView)
	build := builds[goenv.ToolsView]().program()
	ended := func(status facts.Status, reason string) facts.Part[facts.Proof] {
		return facts.Known(facts.Proof{Name: name, View: goenv.ToolsView, Status: status, Reason: reason, Steps: []facts.Step{}})
	}
	// Delve starts go, which ends at SIGTERM without removing its folder; and a go.work that GOWORK names does not know the package.
	own, env := []string{"TMPDIR", "GOTMPDIR", "GOWORK"}, g.ownTemp(tools.env).With("GOWORK=off")
	debugger := g.debugger(dlv, env)
	usual := vscode.Debuggees{Workspace: g.Workspace, Host: e.editor().host, Flags: g.settings.DlvFlags}.Of(vscode.LaunchConfiguration{})
	debugger.EditorFlags = usual.Flags
	switch {
	case tools.unknown != "":
		return ended(facts.Skipped, tools.unknown)
	case debugger.Linked:
		return ended(facts.Skipped, "the container has no dlv that the Go extension could start")
	case refusesChildren(kernel):
		// Delve would build first, which takes minutes under emulation, and then fail as the launch does.
		return ended(facts.Skipped, "the kernel lets no debugger trace what it starts (DV603)")
	case !g.Executable(build.Binary):
		return ended(facts.Skipped, "what Delve would have to build does not build: "+build.Error)
	}
	g.Progress(doing)
	wanted := session(filepath.Dir(build.Binary))
	wanted.Env = map[string]string{}
	for _, layer := range e.sent() {
		for name, value := range layer.Set {
			if wanted.Env[name] = value; slices.Contains(own, name) {
				wanted.Env[name] = env[name]
			}
		}
	}
	proof := g.repeat(ctx, func() facts.Proof { return delve.Debug(ctx, debugger, wanted) })
	proof.View = goenv.ToolsView
	return facts.Known(proof)
}
