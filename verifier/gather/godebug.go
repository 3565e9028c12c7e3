//go:build linux

package gather

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
)

// known is what a Go knows of GODEBUG, or why that is not known.
type known struct {
	root     string
	settings goenv.Godebugs
	why      string
}

// godebugs reads what the Go of the workspace knows of GODEBUG: the one that the extension asked, after a toolchain switch.
func (g *gatherer) godebugs(e *environments) known {
	extension, _ := e.extension().Get()
	root := extension.Answer.Env["GOROOT"]
	if root == "" {
		return known{why: "which Go builds the workspace is not known"}
	}
	variables, err := g.Text(filepath.Join(root, "src/runtime/runtime1.go"), "runtime1.go")
	if err != nil {
		return known{root: root, why: "the sources of Go are not there: " + err.Error()}
	}
	table, _ := g.Text(filepath.Join(root, "src/internal/godebugs/table.go"), "table.go") // there since Go 1.21
	settings := goenv.ReadGodebugs(table, variables)
	if settings == nil {
		return known{root: root, why: "the sources of Go in " + root + " do not say what it knows"}
	}
	return known{root: root, settings: settings}
}

// ofRuntime is what a GODEBUG asks of the runtime's own variables, by name; the last of several entries counts.
func (k known) ofRuntime(godebug string) map[string]string {
	asked := map[string]string{}
	for _, key := range goenv.SplitGodebug(godebug) {
		setting, ok := k.settings.Find(key.Name)
		if _, err := strconv.ParseInt(key.Value, 10, 32); ok && err == nil && setting.Runtime && key.Name != "memprofilerate" {
			asked[key.Name] = key.Value
		}
	}
	return asked
}

// readGodebug finds out what the GODEBUG of any view, of any debug configuration, and of the lines that are built into programs
// has to do with the programs of the workspace. Where nobody sets one there is nothing to find out.
func (g *gatherer) readGodebug(ctx context.Context, e *environments, all []*debugged) facts.Part[facts.Godebug] {
	var said []string
	for _, name := range e.names {
		said = append(said, e.get(name).env["GODEBUG"])
	}
	for _, d := range all {
		said = append(said, d.view.Environ()["GODEBUG"])
	}
	lines := g.godebugLines(all)
	for _, line := range lines {
		said = append(said, line.Name+"="+line.Value)
	}
	keys := goenv.SplitGodebug(strings.Join(said, ","))
	if len(keys) == 0 {
		return facts.Absent[facts.Godebug]("nobody sets GODEBUG")
	}
	known := g.godebugs(e)
	if known.settings == nil {
		return facts.Failed[facts.Godebug](known.why)
	}
	extension, _ := e.extension().Get()
	result := facts.Godebug{Root: known.root, Release: extension.Answer.Env["GOVERSION"], Settings: known.settings, Lines: lines}
	imports := map[string]bool{}
	for _, key := range keys {
		if setting, ok := known.settings.Find(key.Name); ok && setting.Effect(map[string]bool{}) == goenv.Never && setting.Removed == 0 {
			imports[setting.Package] = false
		}
	}
	if len(imports) == 0 || g.workspace.Module == "" {
		return facts.Known(result) // it does not depend on the programs
	}
	programs := []string{""}
	for _, d := range all {
		if d.Program != "" && d.Program != g.Workspace && !slices.Contains(programs, d.Program) && len(programs) <= mostProved {
			programs = append(programs, d.Program)
		}
	}
	var waits []func() facts.GodebugProgram
	for _, program := range programs {
		waits = append(waits, async(func() facts.GodebugProgram { return g.listProgram(ctx, e.get(goenv.ToolsView), program, imports) }))
	}
	for _, wait := range waits {
		result.Programs = append(result.Programs, wait())
	}
	return facts.Known(result)
}

// withEffects writes down, in the step that reads GODEBUG back, when each of its settings takes effect in what is debugged.
func withEffects(part facts.Part[facts.Proof], godebug facts.Part[facts.Godebug], all []*debugged) facts.Part[facts.Proof] {
	proof, ok := part.Get()
	known, known2 := godebug.Get()
	at := slices.IndexFunc(proof.Steps, func(s facts.Step) bool { return s.Name == "godebug" })
	if !ok || !known2 || at < 0 {
		return part
	}
	var effects []string
	for _, d := range all {
		program, listed := known.ProgramOf(d.Program)
		if !listed {
			program, listed = known.ProgramOf("")
		}
		if !listed {
			program.Imports = nil // it may hold any package
		}
		for _, key := range goenv.SplitGodebug(d.view.Environ()["GODEBUG"]) {
			setting, ok := known.Settings.Find(key.Name)
			if effect := key.Name + " " + string(setting.Effect(program.Imports)); ok && !slices.Contains(effects, effect) {
				effects = append(effects, effect)
			}
		}
	}
	if len(effects) > 0 {
		proof.Steps = slices.Clone(proof.Steps)
		proof.Steps[at].Detail = strings.TrimPrefix(proof.Steps[at].Detail+"; in effect: "+strings.Join(effects, ", "), "; ")
	}
	return facts.Known(proof)
}

// listProgram lets go say which packages a program is made of, without compiling any. A program is a folder or a file;
// none is everything in the workspace.
func (g *gatherer) listProgram(ctx context.Context, tools environment, program string, asked map[string]bool) facts.GodebugProgram {
	result := facts.GodebugProgram{Program: program, Imports: map[string]bool{}}
	folder, pattern := g.Workspace, "./..."
	if program != "" {
		folder, pattern = program, "."
		if strings.HasSuffix(program, ".go") {
			folder, pattern = filepath.Split(program)
		}
	}
	goCommand := g.find("go", tools.env)
	if tools.unknown != "" || goCommand == "" {
		result.Error = g.whyNoGo(tools.env)
		return result
	}
	run := g.Run(ctx, machine.Command{
		Path: goCommand, Args: []string{"list", "-deps", "-f", "{{.ImportPath}}\t{{if not .DepOnly}}{{.DefaultGODEBUG}}{{end}}", pattern},
		Dir: folder, Env: g.scratchTemp(g.offline(tools.env)), Timeout: time.Minute,
	})
	if run.Err != nil {
		if result.Error = telling(string(run.Stderr)); result.Error == "" {
			result.Error = run.Err.Error()
		}
		return result
	}
	for name := range asked {
		result.Imports[name] = false
	}
	for line := range strings.Lines(string(run.Stdout)) {
		name, godebug, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if _, ok := asked[name]; ok {
			result.Imports[name] = true
		}
		if program != "" && godebug != "" {
			result.Default = godebug
		}
	}
	return result
}
