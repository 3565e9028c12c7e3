//go:build linux

package gather

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
)

// buildDeadline is how long one step of a build may take. In a new container the build cache is empty and compiling the
// standard library is the whole cost: 10 s on two cores, minutes under emulation.
const buildDeadline = 4 * time.Minute

// debugFlags are those that Delve and the Go extension build with. Compiling with them from the start is the cheapest way
// in a new container, and what it leaves in the build cache makes the first F5 fast.
const debugFlags = "-gcflags=all=-N -l"

// building is a build under way: the program is there to be debugged before the tests have run.
type building struct {
	program func() facts.Build // compiled and linked
	whole   func() facts.Build // tested and vetted, too

	signature string // the same for all views that share it
	module    module
}

// build compiles, vets and tests the scratch module in the environment of a view. Views that lead the same go to the same
// result share one build.
func (g *gatherer) build(ctx context.Context, view string, environment environment, command facts.Part[facts.GoCommand]) building {
	skipped := func(why string) building {
		build := func() facts.Build { return facts.Build{Where: "scratch", Status: facts.Skipped, Error: why} }
		return building{program: build, whole: build, signature: why}
	}
	debugged := view == goenv.ToolsView && g.debugs() || view == goenv.TerminalView && g.Needs[facts.Launch]
	if !g.Needs[facts.Builds] && (!debugged || g.ConnectTo != "") {
		return skipped(notNeeded)
	}
	found, ok := command.Get()
	if !ok {
		return skipped(command.Why())
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	signature := signature(found, environment.env)
	if shared, ok := g.built[signature]; ok {
		return shared
	}
	scratch := module{
		folder: filepath.Join(g.Scratch(), fmt.Sprintf("build%d", len(g.built))),
		asks:   g.workspace.Go,
		env:    environment.env,
		goPath: found.Binary.Path,
		goroot: cmp.Or(found.Outside.Env["GOROOT"], environment.env["GOROOT"]),

		goflags: cmp.Or(found.Outside.Env["GOFLAGS"], environment.env["GOFLAGS"]),
		gowork:  found.Inside.Env["GOWORK"],
		gocache: found.Outside.Env["GOCACHE"],
		version: cmp.Or(found.Inside.Env["GOVERSION"], found.Outside.Env["GOVERSION"]),
		cgo:     found.Outside.Env["CGO_ENABLED"],
	}
	first, second := g.pioneers[scratch.cacheKey()]
	program := async(func() facts.Build {
		if second {
			first.program()
		}
		return g.compile(ctx, scratch)
	})
	whole := program
	if g.Needs[facts.Builds] {
		whole = async(func() facts.Build {
			if second {
				first.settle()
			}
			return g.test(ctx, scratch, program())
		})
	}
	made := building{program, whole, signature, scratch}
	if !second {
		g.pioneers[scratch.cacheKey()] = made
	}
	g.built[signature] = made
	return made
}

// warmBuild is what compiling the scratch module takes at most where the build cache has the standard library.
const warmBuild = 2 * time.Second

// settle waits until the build cache has what this build compiles, program and test. Two go commands at once compile a package
// twice: in a new container, where the standard library is all the work, whoever waits for the first is sooner done.
func (b building) settle() {
	if program := b.program(); len(program.Steps) > 0 && program.Steps[0].Ms > warmBuild.Milliseconds() {
		b.whole()
	}
}

// cacheKey is the same for modules whose compilers fill the same cache with the same packages.
func (m module) cacheKey() string {
	return strings.Join([]string{m.goPath, m.gocache, m.goflags, m.goroot, m.version, m.cgo}, "\x00")
}

// signature is what decides how a build goes: the go command, and what it says of its own environment. A variable that
// one view sets to what another view's go takes by default makes no difference.
func signature(command facts.GoCommand, env goenv.Environ) string {
	parts := []string{command.Binary.Path, env["HOME"], env["LD_LIBRARY_PATH"], env["LD_PRELOAD"]}
	said := goenv.Environ(command.Outside.Env)
	if command.Outside.Error != "" {
		said = env
	}
	for _, entry := range said.List() {
		// GOGCCFLAGS names a temporary folder; the others do not reach a compiler.
		if name, _, _ := strings.Cut(entry, "="); !slices.Contains([]string{"GOGCCFLAGS", "PATH", "PWD", "SHLVL", "_"}, name) {
			parts = append(parts, entry)
		}
	}
	return strings.Join(parts, "\x00")
}

// module is the scratch module of one build.
type module struct {
	folder string
	asks   string // the Go version of the workspace, so that the go command switches toolchains as it does there
	env    goenv.Environ
	goPath string
	goroot string // that it builds with

	goflags string // GOFLAGS as go takes them
	gowork  string // the go.work that this go finds in the workspace
	gocache string
	version string // GOVERSION
	cgo     string // CGO_ENABLED: "0" also where go finds no C compiler
}

// compile builds the program of the scratch module.
func (g *gatherer) compile(ctx context.Context, m module) facts.Build {
	build := facts.Build{Where: "scratch", Go: m.goPath, Goroot: m.goroot, Status: facts.Passed}
	if err := m.write(); err != nil {
		build.Status, build.Error = facts.Broken, err.Error()
		return build
	}
	g.Progress("compiling with " + m.goPath)
	build.Binary = filepath.Join(m.folder, "debuggee")
	return g.step(ctx, m, build, "build", debugFlags, "-o", build.Binary, ".")
}

// test tests the scratch module once it was built, and vets its smallest package: vet analyzes all that a package imports,
// which for the tests costs as much as half of compiling them and tells nothing more of the environment.
func (g *gatherer) test(ctx context.Context, m module, build facts.Build) facts.Build {
	if build.Status == facts.Passed {
		build = g.step(ctx, m, build, "test", "-vet=off", debugFlags, ".")
	}
	if build.Status == facts.Passed {
		build = g.step(ctx, m, build, "vet", debugFlags, "./"+smallest)
	}
	return build
}

// step runs one go command in the scratch module and writes down how it went.
func (g *gatherer) step(ctx context.Context, m module, build facts.Build, args ...string) facts.Build {
	g.pool <- struct{}{}
	defer func() { <-g.pool }()
	env := g.offline(m.env).With("GOWORK=off", "PWD="+m.folder) // a go.work of the workspace would not know the module
	// An interrupted go leaves its folder behind. This one is where go would make its own, so that a folder in which no
	// program can run, or nothing be written, shows.
	env = g.ownTemp(env)
	run := g.Run(ctx, machine.Command{Path: m.goPath, Args: args, Dir: m.folder, Env: env, Timeout: buildDeadline})
	build.Steps = append(slices.Clone(build.Steps), facts.Step{Name: args[0], Ms: run.Duration.Milliseconds()})
	if run.Err == nil {
		return build
	}
	output := string(run.Stderr) + string(run.Stdout)
	build.Status, build.Error, build.Output = facts.Fails, telling(output), tail(output)
	switch missing := g.missingToolchain(output, m.env); {
	case run.Exit < 0 && (ctx.Err() != nil || run.Late()):
		build.Status, build.Error = facts.Broken, fmt.Sprintf("go %s: %v", args[0], run.Err)
	case missing != "":
		build.Status, build.Error = facts.Skipped, missing+" is not downloaded yet, and without --online dcverify does not download it"
	case starved(output + run.Err.Error()):
		build.Status = facts.Broken
	case strings.Contains(build.Error, "is not in std") && g.buildsWithoutCache(ctx, m, args, env):
		if m.gocache != "" && g.Full(m.gocache) {
			build.Error += fmt.Sprintf(" (with an empty GOCACHE it builds: no space left on device in GOCACHE=%s)", m.gocache)
			break
		}
		build.Error += facts.EmptyCacheBuilds
	case build.Error == "":
		build.Error = run.Err.Error()
	}
	return build
}

// ownTemp lets go, and the C compiler that it starts, work in folders of dcverify's own, inside those that they would have
// taken: what an interrupted one leaves behind goes with the folder.
func (g *gatherer) ownTemp(env goenv.Environ) goenv.Environ {
	own := env
	for _, name := range []string{"TMPDIR", "GOTMPDIR"} {
		if env[name] == "" && name == "GOTMPDIR" {
			continue // go takes TMPDIR then
		}
		if temp := g.TempIn(cmp.Or(env[name], "/tmp")); temp != "" {
			own = own.With(name + "=" + temp)
		}
	}
	return own
}

// scratchTemp does the same for a go that builds nothing, and has to answer also where those folders cannot be written.
func (g *gatherer) scratchTemp(env goenv.Environ) goenv.Environ {
	return env.With("TMPDIR="+g.Scratch(), "GOTMPDIR="+g.Scratch())
}

// buildsWithoutCache finds out whether "package x is not in std" means what it says: an unreadable build cache gives the
// same words as a wrong GOROOT.
func (g *gatherer) buildsWithoutCache(ctx context.Context, m module, args []string, env goenv.Environ) bool {
	fresh := env.With("GOCACHE=" + filepath.Join(m.folder, "cache"))
	return g.Run(ctx, machine.Command{Path: m.goPath, Args: args, Dir: m.folder, Env: fresh, Timeout: buildDeadline}).Err == nil
}

// smallest is a package of the scratch module that imports one which imports nothing.
const smallest = "smallest"

const smallestSource = `package smallest

import "unicode/utf8"

func Length(word string) int { return utf8.RuneCountInString(word) }
`

// asked is the Go version for the go.mod of a scratch module.
func (m module) asked() string { return cmp.Or(m.asks, "1.18") } // any Go of today can build that

func (m module) write() error {
	files := map[string]string{
		"go.mod":       "module dcverify.test/debuggee\n\ngo " + m.asked() + "\n",
		"main.go":      delve.DebuggeeSource,
		"main_test.go": delve.DebuggeeTest,

		smallest + "/smallest.go": smallestSource,
	}
	if err := os.MkdirAll(filepath.Join(m.folder, smallest), 0o755); err != nil {
		return fmt.Errorf("writing the scratch module: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(m.folder, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("writing the scratch module: %w", err)
		}
	}
	return nil
}

// merged joins the views that shared one build, in the order of the views.
func merged(builds map[string]func() building, others []facts.Build) []facts.Build {
	var result []facts.Build
	for _, view := range goenv.Views {
		wait, ok := builds[view]
		if !ok {
			continue
		}
		build := wait().whole()
		same := slices.IndexFunc(result, func(b facts.Build) bool { return b.Binary == build.Binary && b.Error == build.Error })
		if same < 0 {
			same = len(result)
			result = append(result, build)
		}
		result[same].Views = append(result[same].Views, view)
	}
	return append(result, others...)
}

// tail is the end of an output, for the evidence.
func tail(text string) string {
	const most = 4 << 10
	text = strings.TrimSpace(text)
	if len(text) > most {
		text = "…" + strings.ToValidUTF8(text[len(text)-most:], "") // a character may be cut in two
	}
	return text
}

// debuggee gives a program to attach to: the one that the tools view builds, or else any that some view built, or else one
// that asks for no particular Go.
func (g *gatherer) debuggee(ctx context.Context, e *environments, builds map[string]func() building) (facts.Build, bool) {
	for _, view := range []string{goenv.ToolsView, goenv.TerminalView, goenv.RemoteView, goenv.ContainerView, goenv.LoginView} {
		if wait, ok := builds[view]; ok {
			if build := wait().program(); g.Executable(build.Binary) {
				return build, true
			}
		}
	}
	remote := e.get(goenv.RemoteView)
	goPath := cmp.Or(g.find("go", remote.env), "/usr/local/go/bin/go")
	if !g.Executable(goPath) {
		return facts.Build{Error: g.whyNoGo(remote.env)}, false
	}
	// With no GOROOT and no switch every complete Go can build.
	g.fallback.Do(func() {
		g.fallbackMade = g.compile(ctx, module{
			folder: filepath.Join(g.Scratch(), "fallback"),
			env:    remote.env.With("GOROOT=", "GOTOOLCHAIN=local", "GOFLAGS="),
			goPath: goPath,
		})
	})
	return g.fallbackMade, g.Executable(g.fallbackMade.Binary)
}
