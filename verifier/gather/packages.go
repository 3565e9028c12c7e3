//go:build linux

package gather

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
)

// packagesDeadline is how long go may look at the workspace's packages in one environment. A big project in a new container
// takes longer; then nothing is said about it.
const packagesDeadline = time.Minute

// packages lets go list and compile the workspace's packages in every view, once where views are alike.
func (g *gatherer) packages(ctx context.Context, builds map[string]func() building) []facts.Build {
	build := facts.Build{Views: []string{goenv.ToolsView}, Where: "workspace", Status: facts.Skipped}
	if !g.Needs[facts.Builds] {
		build.Error = notNeeded
		return []facts.Build{build}
	}
	if g.workspace.Module == "" {
		build.Error = "the workspace has no go.mod or go.work"
		return []facts.Build{build}
	}
	type group struct {
		views []string
		wait  func() facts.Build
	}
	var groups []group
	known := map[string]int{}
	for _, view := range goenv.Views {
		made, ok := builds[view]
		if !ok {
			continue
		}
		scratch := made()
		at, seen := known[scratch.signature]
		if !seen {
			at = len(groups)
			known[scratch.signature] = at
			groups = append(groups, group{wait: async(func() facts.Build { return g.compilePackages(ctx, scratch, at) })})
		}
		groups[at].views = append(groups[at].views, view)
	}
	var result []facts.Build
	for _, group := range groups {
		build := group.wait()
		build.Views = group.views
		result = append(result, build)
	}
	return result
}

// compilePackages lists the packages, which shows a go.mod, go.work or vendor folder that this environment cannot work with, and
// compiles them, their tests and all that they import. Nothing of them is linked or run, and nothing is written into the
// workspace. It vets nothing: an analysis of the code, and of all that it imports, tells nothing of an environment.
func (g *gatherer) compilePackages(ctx context.Context, scratch building, number int) facts.Build {
	build := facts.Build{Where: "workspace", Status: facts.Skipped}
	scratch.whole() // before it, only the debugger's program is compiled: proofs wait for that
	switch program := scratch.program(); {
	case program.Status == facts.Skipped:
		build.Error = program.Error
		return build
	case program.Status != facts.Passed:
		build.Error = "go does not even build a small module there"
		return build
	}
	m := scratch.module
	build.Go, build.Goroot, build.Status = m.goPath, m.goroot, facts.Passed
	look := &looking{gatherer: g, module: m, number: number}
	if err := look.prepare(); err != nil {
		build.Status, build.Error = facts.Broken, err.Error()
		return build
	}
	ctx, cancel := context.WithTimeout(ctx, packagesDeadline+10*time.Second) // for a go that does not end when it is told to
	defer cancel()
	build = look.step(ctx, build, "list", "-e", "-f", "{{.ImportPath}}")
	if build.Status != facts.Passed || build.Steps[0].Detail == packageCount(0) {
		return build
	}
	return look.step(ctx, build, "compile", "-export", "-test", debugFlags) // those of the debugger: what is compiled here makes F5 fast
}

func packageCount(n int) string { return fmt.Sprintf("%d packages", n) }

// looking is a look at the workspace's packages in one environment.
type looking struct {
	*gatherer
	module   module
	number   int
	moved    string // the copy of go.work that go gets
	readonly bool   // go was kept from writing go.mod, which it is told to write
	env      goenv.Environ
	spent    time.Duration
}

// prepare makes an environment in which go writes nothing into the workspace. With go.work, go completes go.work.sum whatever
// it is told; a copy of both serves as well.
func (l *looking) prepare() error {
	l.env = l.ownTemp(l.offline(l.module.env).With("PWD=" + l.Workspace))
	l.readonly = slices.Contains(strings.Fields(l.module.goflags), "-mod=mod")
	work := l.module.gowork
	if !filepath.IsAbs(work) || l.exists(filepath.Join(filepath.Dir(work), "vendor/modules.txt")) {
		return nil
	}
	text, err := os.ReadFile(work)
	if err != nil {
		return nil // go says it better
	}
	moved, err := movedWork(work, text)
	if err != nil {
		return nil // go says this, too
	}
	folder := filepath.Join(l.Scratch(), fmt.Sprintf("work%d", l.number))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("copying go.work: %w", err)
	}
	files := map[string][]byte{"go.work": moved}
	if sums, err := os.ReadFile(work + ".sum"); err == nil {
		files["go.work.sum"] = sums
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return fmt.Errorf("copying go.work: %w", err)
		}
	}
	l.moved = filepath.Join(folder, "go.work")
	l.env = l.env.With("GOWORK=" + l.moved)
	return nil
}

func (l *looking) exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// movedWork is a go.work with absolute paths, which says the same wherever it lies.
func movedWork(path string, text []byte) ([]byte, error) {
	work, err := modfile.ParseWork(path, text, nil)
	if err != nil {
		return nil, err
	}
	absolute := func(folder string) string {
		if filepath.IsAbs(folder) {
			return folder
		}
		return filepath.Join(filepath.Dir(path), folder)
	}
	for _, use := range slices.Clone(work.Use) {
		path := use.Path // dropping it empties it
		if err := work.DropUse(path); err != nil {
			return nil, err
		}
		if err := work.AddUse(absolute(path), ""); err != nil {
			return nil, err
		}
	}
	for _, replace := range slices.Clone(work.Replace) {
		if !modfile.IsDirectoryPath(replace.New.Path) {
			continue
		}
		if err := work.AddReplace(replace.Old.Path, replace.Old.Version, absolute(replace.New.Path), ""); err != nil {
			return nil, err
		}
	}
	work.Cleanup()
	return modfile.Format(work.Syntax), nil
}

// step runs go list over all packages and writes down how it went: with -export it compiles them.
func (l *looking) step(ctx context.Context, build facts.Build, name string, flags ...string) facts.Build {
	l.pool <- struct{}{}
	defer func() { <-l.pool }()
	args := append([]string{"list"}, flags...)
	if l.readonly {
		args = append(args, "-mod=readonly")
	}
	l.Progress(fmt.Sprintf("letting %s %s the workspace", l.module.goPath, name))
	run := l.Run(ctx, machine.Command{
		Path: l.module.goPath, Args: append(args, "./..."), Dir: l.Workspace, Env: l.env, Timeout: max(time.Second, packagesDeadline-l.spent),
	})
	l.spent += run.Duration
	step := facts.Step{Name: name, Ms: run.Duration.Milliseconds()}
	if name == "list" {
		step.Detail = packageCount(strings.Count(string(run.Stdout), "\n"))
	}
	build.Steps = append(slices.Clone(build.Steps), step)
	if run.Err == nil {
		return build
	}
	output := string(run.Stderr)
	if l.moved != "" {
		output = strings.ReplaceAll(output, l.moved, l.module.gowork)
	}
	build.Status, build.Error, build.Output = facts.Fails, telling(output), tail(output)
	skip := func(why string) facts.Build {
		build.Status, build.Error = facts.Skipped, why
		return build
	}
	switch {
	case run.Late():
		return skip(fmt.Sprintf("go did not %s it within %s", name, packagesDeadline))
	case run.Exit < 0:
		build.Status, build.Error = facts.Broken, fmt.Sprintf("go list: %v", run.Err)
	case !l.Online && l.module.env["GOPROXY"] != "off" && strings.Contains(output, "GOPROXY=off") || l.missingToolchain(output, l.module.env) != "":
		return skip("its modules are not downloaded yet, and without --online dcverify does not download them")
	case strings.Contains(output, "directory prefix . does not contain"):
		return skip("the workspace folder itself holds no module") // nested ones are no concern here
	case l.readonly && (strings.Contains(output, "updates to go.mod needed") || strings.Contains(output, "missing go.sum entry") || strings.Contains(output, "to add it:")):
		return skip("with the -mod=mod of GOFLAGS go would write go.mod, and dcverify writes nothing into a workspace")
	case build.Error == "":
		build.Error = run.Err.Error()
	default:
		build.OwnCode = name == "compile" && ownCode(output)
	}
	return build
}

// A message about the source at a place in the workspace: go names such files from the folder that it runs in. What is imported
// from elsewhere stands with its whole path. A package that is missing is the project's affair, too: in the same environment
// another module has found all that it asked for.
var (
	aboutSource = regexp.MustCompile(`^[^/\s:][^\s:]*\.go:\d+(:\d+)?: `)
	aboutSystem = regexp.MustCompile(`permission denied|read-only file system|no space left|does not match go tool version|no such tool|could not import`)
)

// ownCode tells whether all that go has to say is about the workspace's own source.
func ownCode(output string) bool {
	said := false
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "\t") || line == "too many errors" {
			continue
		}
		if !aboutSource.MatchString(line) || aboutSystem.MatchString(line) {
			return false
		}
		said = true
	}
	return said
}
