//go:build linux

// Package gather fills the snapshot: the only place where many things are asked at once.
//
// Its one rule: every question has a deadline, and every answer that does not come is written down as such.
package gather

import (
	"context"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// Options says what to gather and where.
type Options struct {
	Environ   goenv.Environ // of this process
	Workspace string        // absolute path of the project's folder
	From      string        // the view that this process runs in: goenv.RemoteView, goenv.ContainerView, or empty to find out
	Online    bool          // the go command may use the network
	AttachTo  int           // a process to attach to instead of dcverify's own; 0 for none
	ConnectTo string        // HOST:PORT of a running Delve to ask, instead of attaching to anything; empty for none
	Repeat    int           // how often each proof of the debugger is made; 0 is once
	Needs     map[facts.Need]bool
	Self      string       // path of the dcverify program, which also is its own helper
	Progress  func(string) // told what is being done, for people who wait; never nil
}

// The hidden commands of dcverify that gather runs as separate processes.
const (
	EnvironHelper = "helper-environ" // prints its environment between marks
	PtraceHelper  = "helper-ptrace"  // traces and is traced
	DelveHelper   = "helper-delve"   // the linked Delve
	LeastHelper   = "helper-least"   // another program without SYS_PTRACE
)

// Record is what install.sh wrote down when the feature was installed; see [RecordPath].
type Record struct {
	Version string        `json:"version"` // of dcverify
	User    string        `json:"user"`    // _REMOTE_USER
	Env     goenv.Environ `json:"env"`     // Go's variables and PATH of the image as it was then
}

// RecordPath is where the feature leaves its record.
const RecordPath = "/usr/local/share/dcverify/image.json"

// gatherer is one run. Its methods are called from several goroutines; the fields are set before the first of them.
type gatherer struct {
	*machine.Local
	Options
	proc      string // where the kernel lists processes: /proc, but for tests
	system    facts.System
	workspace facts.Workspace
	config    devcontainer.Config
	declared  map[string]goenv.Declaration // by the ENV instructions of the workspace's Dockerfile
	settings  vscode.Settings
	problems  []string // files that could not be read, for the report

	pool    chan struct{} // how many compilers run at once
	mutex   sync.Mutex
	trees   map[string]goenv.Tree
	answers map[string]func() facts.Answer // by question to a go command
	built   map[string]building            // by signature of the environment

	pioneers map[string]building // the first build by what it leaves in the build cache

	fallback     sync.Once // compiles a program with no particular Go; see debuggee
	fallbackMade facts.Build
}

// Take gathers the snapshot of the container or machine that this process runs in. It always returns one: what could
// not be learned in time says so.
func Take(ctx context.Context, m *machine.Local, options Options) *facts.Snapshot {
	g := &gatherer{
		Local: m, Options: options, proc: "/proc",
		pool:    make(chan struct{}, runtime.GOMAXPROCS(0)),
		trees:   map[string]goenv.Tree{},
		answers: map[string]func() facts.Answer{},
		built:   map[string]building{},

		pioneers: map[string]building{},
	}
	g.system = g.readSystem()
	g.readWorkspace()
	envs := g.environments(ctx)

	kernel := part(ctx, g, facts.Kernel, g.probePtrace)
	commands := map[string]func() facts.Part[facts.GoCommand]{}
	builds := map[string]func() building{}
	for _, name := range envs.names {
		if name == goenv.ImageView {
			continue // no process runs in it
		}
		command := async(func() facts.Part[facts.GoCommand] { return g.goCommand(ctx, envs.get(name)) })
		commands[name] = command // which the loop goes on to write: the build must not look it up there
		builds[name] = async(func() building { return g.build(ctx, name, envs.get(name), command()) })
	}
	packages := async(func() []facts.Build { return g.packages(ctx, builds) })
	caches := part(ctx, g, facts.BuildCaches, func(ctx context.Context) facts.Part[[]facts.BuildCache] { return g.buildCaches(ctx, builds) })
	resolvers := part(ctx, g, facts.Resolvers, func(ctx context.Context) facts.Part[facts.Resolution] { return g.resolvers(ctx, builds) })
	dlv := async(func() facts.Part[facts.Tool] { return g.tool(ctx, "dlv", envs) })
	proofs := g.startProofs(ctx, envs, builds, dlv, kernel)
	left := part(ctx, g, facts.LeftBehind, g.leftovers)

	launched := g.readLaunch()
	configurations := async(func() []*debugged { return g.debuggees(envs, launched) })
	debugs := part(ctx, g, facts.Debugged, func(ctx context.Context) facts.Part[facts.Proof] {
		return g.proveDebuggees(ctx, envs, configurations(), builds, dlv())
	})
	godebug := part(ctx, g, facts.Debugged, func(ctx context.Context) facts.Part[facts.Godebug] { return g.readGodebug(ctx, envs, configurations()) })
	panics := part(ctx, g, facts.PanicTraces, func(ctx context.Context) facts.Part[facts.Panics] {
		return g.panics(ctx, envs, configurations(), builds)
	})

	languageServer := async(func() facts.Part[facts.Tool] { return g.languageServer(ctx, envs) })
	proofs[facts.GoplsProof] = part(ctx, g, facts.Gopls, func(ctx context.Context) facts.Part[facts.Proof] {
		return g.editing(ctx, envs, languageServer())
	})

	snapshot := &facts.Snapshot{
		Target:      g.target(envs.inContainer),
		System:      g.system,
		Workspace:   g.workspace,
		Go:          map[string]facts.Part[facts.GoCommand]{},
		Tools:       g.tools(ctx, envs, dlv(), languageServer()),
		Proofs:      map[string]facts.Part[facts.Proof]{facts.EnvProof: fair(withEffects(debugs(), godebug(), configurations()))},
		Ptrace:      kernel(),
		Leftovers:   left(),
		Godebug:     godebug(),
		Builds:      facts.Absent[[]facts.Build](notNeeded),
		BuildCaches: caches(),
		Resolvers:   resolvers(),
		EnvFile:     envs.envFile,
		Shells:      envs.shells(),
		Extension:   envs.extension(),
		Project:     g.project(envs.inContainer),
		Problems:    g.problems,
	}
	for name, proof := range proofs {
		snapshot.Proofs[name] = fair(proof())
	}
	snapshot.Panics = withDebugger(panics(), configurations())
	for name, command := range commands {
		snapshot.Go[name] = command()
	}
	snapshot.Views = g.views(envs, snapshot.Go)
	for _, view := range snapshot.Views {
		for _, layer := range view.Layers {
			if root := layer.Set["GOROOT"]; root != "" {
				g.tree(root) // the losers, too: what they name decides how bad a conflict is
			}
		}
	}
	snapshot.Debuggees = facts.Known(shownDebuggees(configurations(), snapshot.View(goenv.ToolsView)))
	if g.Needs[facts.Builds] {
		snapshot.Builds = facts.Known(merged(builds, packages()))
	}
	for _, build := range builds {
		build().whole() // also where nobody asked for it: nothing that was begun may outlive its folder
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	snapshot.Trees = g.trees
	return snapshot
}

// startProofs begins what is proved with the debugger, all at once, each by its name.
func (g *gatherer) startProofs(
	ctx context.Context, envs *environments, builds map[string]func() building, dlv func() facts.Part[facts.Tool], kernel func() facts.Part[facts.Ptrace],
) map[string]func() facts.Part[facts.Proof] {
	return map[string]func() facts.Part[facts.Proof]{
		facts.LaunchProof: part(ctx, g, facts.Launch, func(ctx context.Context) facts.Part[facts.Proof] {
			return g.editorLaunch(ctx, envs, builds, dlv())
		}),
		facts.TerminalProof: part(ctx, g, facts.Launch, func(ctx context.Context) facts.Part[facts.Proof] {
			return g.terminalLaunch(ctx, envs, builds, dlv())
		}),
		facts.AttachProof: part(ctx, g, facts.Attach, func(ctx context.Context) facts.Part[facts.Proof] {
			switch {
			case g.ConnectTo != "":
				return facts.Absent[facts.Proof]("a server was named instead")
			case g.AttachTo != 0:
				return g.attachTo(ctx, envs, dlv(), kernel())
			}
			return g.attach(ctx, envs, builds, dlv())
		}),
		facts.ShellProof: part(ctx, g, facts.Attach, func(ctx context.Context) facts.Part[facts.Proof] {
			return g.terminalAttach(ctx, envs, builds, dlv())
		}),
		facts.ServerProof: part(ctx, g, facts.Connect, g.connectTo),
		facts.LeastProof: part(ctx, g, facts.Least, func(ctx context.Context) facts.Part[facts.Proof] {
			return g.leastPrivilege(ctx, envs, builds, dlv(), kernel())
		}),
		facts.TestProof: part(ctx, g, facts.DAP, func(ctx context.Context) facts.Part[facts.Proof] {
			return g.testSession(ctx, envs, builds, dlv(), kernel())
		}),
		facts.DAPProof: part(ctx, g, facts.DAP, func(ctx context.Context) facts.Part[facts.Proof] {
			return g.editorSession(ctx, envs, builds, dlv(), kernel())
		}),
	}
}

const notNeeded = "no selected check needs it"

// async starts the work and returns a function that waits for its result. It may be called many times.
func async[T any](work func() T) func() T {
	wait := sync.OnceValue(work)
	go wait()
	return wait
}

// part is async for a part of the snapshot that is only gathered when a check needs it.
func part[T any](ctx context.Context, g *gatherer, need facts.Need, work func(context.Context) facts.Part[T]) func() facts.Part[T] {
	if !g.Needs[need] {
		return func() facts.Part[T] { return facts.Absent[T](notNeeded) }
	}
	return async(func() facts.Part[T] { return work(ctx) })
}

func (g *gatherer) readSystem() facts.System {
	system := facts.System{OS: runtime.GOOS, Arch: runtime.GOARCH, UID: -1, Home: g.Environ["HOME"], Shell: g.Environ["SHELL"]}
	if me, err := user.Current(); err == nil {
		system.User = me.Username
		system.UID, _ = strconv.Atoi(me.Uid)
		if system.Home == "" {
			system.Home = me.HomeDir
		}
	}
	if system.Shell == "" {
		system.Shell = g.passwdShell(system.UID)
	}
	return system
}

func (g *gatherer) target(inContainer bool) facts.Target {
	target := facts.Target{Kind: "machine", Name: filepath.Base(g.Workspace)}
	if inContainer {
		target.Kind = "container"
		if host, err := g.Text("/etc/hostname", ""); err == nil {
			target.ID = firstLine(host.Text)
		}
	}
	return target
}

// tree looks at a Go root once and remembers it.
func (g *gatherer) tree(root string) goenv.Tree {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	tree, ok := g.trees[root]
	if !ok {
		tree = g.Tree(root)
		g.trees[root] = tree
	}
	return tree
}
