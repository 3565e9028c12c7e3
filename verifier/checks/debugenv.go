package checks

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/vscode"
)

var debugEnv = check.Check{
	Code: "DV608", Name: "debug-env", Severity: finding.Error, Scope: "P", Hard: true,
	Summary: "go.toolsEnvVars, envFile and the env of launch.json do not reach the debugged program in the documented order, or GODEBUG holds what this Go does not know",
	Needs:   []facts.Need{facts.Debugged, facts.Environment, facts.GoCommands, facts.Tools},
	Run: func(p *check.Pass) {
		debuggees, ok := p.Debuggees.Get()
		if !ok {
			p.Skip("%s", p.Debuggees.Why())
			return
		}
		if _, ok := p.Debuggee(); !ok {
			p.Skip("no debug configuration starts a program")
		}
		for _, d := range debuggees {
			for _, problem := range d.Problems {
				reportDebuggeeProblem(p, d, problem)
			}
			reportStrayed(p, d)
			judgeDebuggeeProof(p, d)
			judgeDebuggedRoot(p, d)
		}
		judgeGodebug(p, debuggees)
		judgeGodebugLines(p)
	},
}

// debuggeeName names a debug configuration in the middle of a sentence.
func debuggeeName(d facts.Debuggee) string {
	if d.Name == "" {
		return "what F5 starts"
	}
	return fmt.Sprintf("the debug configuration %q", d.Name)
}

// reportDebuggeeProblem tells of a line, or an attribute, that keeps a variable from the program or changes it on its way.
func reportDebuggeeProblem(p *check.Pass, d facts.Debuggee, problem vscode.DebuggeeProblem) {
	f := finding.Finding{Severity: finding.Warning, Location: problem.Place}
	subjects := []string{problem.Kind, problem.Name}
	switch problem.Kind {
	case "missing":
		f.Severity = finding.Error
		f.Message = fmt.Sprintf("%s cannot start: its envFile cannot be read: %s", debuggeeName(d), problem.Words)
		f.Cause = "the Go extension reads every envFile before it starts Delve, and gives up when one is not there"
		f.Upstream = []string{"Cannot load environment variables from file " + problem.Name}
		f.Fixes = []finding.Fix{{Message: "make the file when the container is made, or remove envFile"}}
		subjects = append(subjects, d.Name)
	case "relative":
		f.Severity = finding.Error
		f.Message = fmt.Sprintf("%s cannot start: its envFile %s is relative, and not to the workspace", debuggeeName(d), problem.Name)
		f.Cause = "the Go extension opens the path as it is written, from the folder that the editor's server happens to run in"
		f.Upstream = []string{"Cannot load environment variables from file " + problem.Name}
		f.Fixes = []finding.Fix{{Message: "write ${workspaceFolder}/" + problem.Name, Safe: true}}
		subjects = append(subjects, d.Name)
	case "no-text":
		f.Severity = finding.Error
		f.Message = fmt.Sprintf("%s cannot start: %s in its env is %s, and Delve takes texts alone", debuggeeName(d), problem.Name, withArticle(problem.Words))
		f.Cause = "the Go extension hands env on as it is written, and Delve refuses the whole request"
		f.Upstream = []string{refusedValue(problem.Words)}
		f.Fixes = []finding.Fix{{Message: "put the value in quotes", Safe: true}}
		subjects = append(subjects, d.Name)
	case "setting-no-text": // one finding, however many configurations it stops
		f.Severity = finding.Error
		f.Message = fmt.Sprintf("debug configurations cannot start: %s in go.toolsEnvVars is %s, and Delve takes texts alone", problem.Name, withArticle(problem.Words))
		f.Cause = "the Go extension puts go.toolsEnvVars into every launch request as it is written, and Delve refuses the whole request"
		f.Upstream = []string{refusedValue(problem.Words)}
		if problem.Name == "GOFLAGS" && problem.Words != string(jsonc.Array) { // goEnv.ts asks it for -json, and an array answers
			f.Cause += "; before that the extension itself fails over it as it starts, and nothing of it works"
			f.Upstream = append(f.Upstream, "TypeError: env.GOFLAGS.includes is not a function")
		}
		f.Fixes = []finding.Fix{{Message: "put the value in quotes", Safe: true}}
	case string(vscode.PassedOver):
		f.Message = fmt.Sprintf("line %d of %s is no NAME=value, and the Go extension passes over it", problem.Place.Line, problem.Place.File)
		f.Cause = "whatever it was to set, the debugged program does not get it, and nobody says so"
		f.Fixes = []finding.Fix{{Message: "write NAME=value, or # in front of a comment", Safe: true}}
		subjects = append(subjects, problem.Place.String())
	case string(vscode.KeepsComment):
		f.Message = fmt.Sprintf("the value of %s goes on to the end of the line: to the Go extension the comment is part of it", problem.Name)
		f.Cause = "the extension takes no comments off, as shells and other readers of such files do"
		f.Fixes = []finding.Fix{{Message: "put the comment on a line of its own", Safe: true}}
		subjects = append(subjects, problem.Place.File)
	case string(vscode.NotExpanded):
		f.Message = fmt.Sprintf("the value of %s is not expanded: the Go extension knows ${NAME} alone, and leaves the whole value as it is written", problem.Name)
		f.Cause = "${NAME:-default} and its like are of the shell"
		f.Fixes = []finding.Fix{{Message: "write the value, or a plain ${NAME}", Safe: true}}
		subjects = append(subjects, problem.Place.File)
	default:
		return
	}
	p.Report(f, subjects...)
}

// refusedValue is what Delve says of a launch request with a value in env that is no text (service/dap/types.go,
// unmarshalLaunchAttachArgs).
func refusedValue(kind string) string {
	return fmt.Sprintf("Failed to launch: invalid debug configuration - cannot unmarshal %s into \"env\" of type string", kind)
}

// withArticle names a kind of JSON value in a sentence.
func withArticle(kind string) string {
	if kind == string(jsonc.Array) || kind == string(jsonc.Object) {
		return "an " + kind
	}
	return "a " + kind
}

// reportStrayed tells which variables the program had otherwise than go.toolsEnvVars, envFile and env say, and never their
// values.
func reportStrayed(p *check.Pass, d facts.Debuggee) {
	for _, s := range d.Strayed {
		origin := goenv.Origin{Layer: s.Layer, Name: s.File, Place: s.Place}
		f := finding.Finding{
			Location: s.Place,
			Evidence: map[string]string{"configuration": d.Name, "variable": s.Name, "dlv": d.Proof.Tool.Path, "dlvVersion": d.Proof.Tool.Version},
			Fixes:    []finding.Fix{{Message: "let the editor start dlv itself: the program that it finds in its place drops or changes the environment", Safe: true}},
		}
		switch {
		case s.How == "missing":
			f.Message = fmt.Sprintf("%s does not get %s, which %s sets", debuggeeName(d), s.Name, said(origin))
		case s.How == "other" && s.From != "":
			f.Message = fmt.Sprintf("%s gets %s from %s, and not from %s", debuggeeName(d), s.Name, layerNames[s.From], said(origin))
		case s.How == "other":
			f.Message = fmt.Sprintf("%s gets another %s than %s sets", debuggeeName(d), s.Name, said(origin))
		case s.Layer != "":
			f.Message = fmt.Sprintf("%s gets %s, which %s takes away", debuggeeName(d), s.Name, said(origin))
		default:
			f.Message = fmt.Sprintf("%s gets %s, which nobody sets", debuggeeName(d), s.Name)
		}
		f.Cause = "a program was started with this environment as the editor starts it, and asked: go.toolsEnvVars and http.proxy, envFile and env, the last wins"
		p.Report(f, d.Name, s.Name, s.How)
	}
}

// judgeDebuggeeProof tells of a program that could not be started or read. What DV604 and DV607 tell is not said again: only
// an environment under which Delve fails, where it works without, is this check's.
func judgeDebuggeeProof(p *check.Pass, d facts.Debuggee) {
	proof := d.Proof
	switch proof.Status {
	case facts.Skipped:
		if d.Starts {
			p.Skip("%s: %s", debuggeeName(d), proof.Reason)
		}
	case facts.Broken:
		p.Break("%s: %s", debuggeeName(d), proof.Reason)
	case facts.Fails:
		if launch, ok := p.Proofs[facts.LaunchProof].Get(); !ok || launch.Status != facts.Passed {
			p.Skip("the debugger does not work here at all (DV604)")
			return
		}
		step := lastStep(proof)
		if dap, ok := p.Proofs[facts.DAPProof].Get(); ok && dap.Status == facts.Fails && dap.Reason == proof.Reason && lastStep(dap) == step {
			p.Skip("the editor cannot debug here at all (DV607)")
			return
		}
		if cause, fix, ok := flagUnknown(step, proof.Reason); ok {
			p.Report(finding.Finding{
				Location: d.Place,
				Message:  fmt.Sprintf("%s does not start (step %s): %s", debuggeeName(d), step, proof.Reason),
				Cause:    cause, Upstream: []string{proof.Reason}, Fixes: []finding.Fix{{Message: fix}},
			}, d.Name, "proof")
			return
		}
		p.Report(finding.Finding{
			Location: d.Place,
			Message:  fmt.Sprintf("with the environment of %s the debugger starts no program (step %s): %s", debuggeeName(d), step, proof.Reason),
			Cause:    "with the environment of the tools alone it does",
			Evidence: map[string]string{"configuration": d.Name, "step": step, "dlv": proof.Tool.Path, "dlvVersion": proof.Tool.Version},
			Upstream: []string{proof.Reason},
			Fixes:    []finding.Fix{{Message: "take the variables out of envFile and env one after another"}},
		}, d.Name, "proof")
	}
}

// judgeDebuggedRoot finds a GOROOT in a debug configuration with which F5 builds nothing: Delve builds with it.
func judgeDebuggedRoot(p *check.Pass, d facts.Debuggee) {
	value := d.View.Lookup("GOROOT")
	if value.Unknown != "" || value.Value == "" || value.Origin.Layer != goenv.LaunchEnv && value.Origin.Layer != goenv.LaunchFile {
		return
	}
	tree, own := p.Trees[value.Value], workspaceGo(p)
	problem := ""
	switch {
	case tree.Real == "":
		problem = "does not exist"
	case !tree.Valid():
		problem = "is no Go root: it lacks " + strings.Join(tree.Lacks(), ", ")
	case tree.Compiler != "" && own != "" && tree.Compiler != own:
		problem = fmt.Sprintf("holds the compiler of %s, and the go on PATH is %s", tree.Compiler, own)
	default:
		return
	}
	p.Report(finding.Finding{
		Location: value.Origin.Place,
		Message:  fmt.Sprintf("%s builds nothing: its GOROOT=%s %s", debuggeeName(d), value.Value, problem),
		Cause:    "Delve builds the program in the environment that it gives it",
		Upstream: []string{"Failed to launch: Build error: Check the debug console for details."},
		Fixes:    []finding.Fix{{Message: "remove GOROOT from " + said(value.Origin), Safe: true}},
	}, d.Name, "GOROOT", value.Value)
}

// saidGodebug is one GODEBUG with who sets it and whose it is.
type saidGodebug struct {
	value    goenv.Value
	views    []string
	programs []string // of the debug configurations
}

// judgeGodebug holds the GODEBUG of every view against what the Go of the workspace knows.
func judgeGodebug(p *check.Pass, debuggees []facts.Debuggee) {
	all := saidGodebugs(p, debuggees)
	godebug, ok := p.Godebug.Get()
	switch {
	case len(all) == 0:
		return
	case !ok:
		p.Skip("GODEBUG: %s", p.Godebug.Why())
		return
	}
	for _, s := range all {
		for _, key := range goenv.SplitGodebug(s.value.Value) {
			judgeGodebugKey(p, godebug, s, key)
		}
	}
	for _, d := range debuggees {
		for _, name := range slices.Sorted(maps.Keys(d.Runtime)) {
			if setting := d.Runtime[name]; setting.Want != setting.Got {
				value := d.View.Lookup("GODEBUG")
				p.Report(finding.Finding{
					Location: value.Origin.Place,
					Message:  fmt.Sprintf("GODEBUG=%s=%s does not take effect in %s: the runtime has %s", name, setting.Want, debuggeeName(d), setting.Got),
					Cause:    "the debugger read the variable of the runtime before the program did anything; it is set by " + said(value.Origin),
					Fixes:    []finding.Fix{{Message: "see go doc runtime for the values that it takes"}},
				}, d.Name, name)
			}
		}
	}
}

// saidGodebugs lists every GODEBUG that somebody sets, once for each who does.
func saidGodebugs(p *check.Pass, debuggees []facts.Debuggee) []saidGodebug {
	var all []saidGodebug
	add := func(view goenv.View, program string) {
		value := view.Lookup("GODEBUG")
		if value.Unknown != "" || value.Value == "" {
			return
		}
		at := slices.IndexFunc(all, func(s saidGodebug) bool {
			return s.value.Value == value.Value && s.value.Origin == value.Origin
		})
		if at < 0 {
			at = len(all)
			all = append(all, saidGodebug{value: value})
		}
		if !slices.Contains(all[at].views, view.Name) {
			all[at].views = append(all[at].views, view.Name)
		}
		if view.Name == goenv.DebuggeeView {
			all[at].programs = append(all[at].programs, program)
		}
	}
	for _, view := range p.Views {
		add(view, "")
	}
	for _, d := range debuggees {
		add(d.View, d.Program)
	}
	return all
}

func judgeGodebugKey(p *check.Pass, godebug facts.Godebug, s saidGodebug, key goenv.GodebugKey) {
	f := finding.Finding{
		Location: s.value.Origin.Place,
		Cause:    "it is set by " + said(s.value.Origin),
		Evidence: map[string]string{"GODEBUG": s.value.Value, "views": list(s.views), "go": godebug.Release},
		Fixes:    []finding.Fix{{Message: "take it out of GODEBUG", Safe: true}},
	}
	where := fmt.Sprintf("(view %s)", list(s.views))
	setting, ok := godebug.Settings.Find(key.Name)
	fromRuntime := ok && setting.Runtime
	switch {
	case key.Bare && !ok:
		f.Message = fmt.Sprintf("GODEBUG holds %q, which is no name=value, and the runtime passes over it %s", key.Name, where)
	case key.Bare:
		f.Message = fmt.Sprintf("GODEBUG holds %s without a value, and the runtime passes over it %s", key.Name, where)
		f.Fixes = []finding.Fix{{Message: fmt.Sprintf("write %s=1", key.Name), Safe: true}}
	case !ok:
		f.Message = fmt.Sprintf("GODEBUG=%s=%s: %s knows no setting of that name, and no Go says so %s", key.Name, key.Value, release(godebug), where)
		if nearest := nearestSetting(godebug.Settings, key.Name); nearest != "" {
			f.Message += fmt.Sprintf("; did you mean %s?", nearest)
			f.Fixes = []finding.Fix{{Message: fmt.Sprintf("write %s=%s", nearest, key.Value), Safe: true}}
		}
	case setting.Removed > 0:
		f.Severity = finding.Warning
		f.Message = fmt.Sprintf("GODEBUG=%s=%s does nothing: Go 1.%d took the setting away %s", key.Name, key.Value, setting.Removed, where)
	case key.Name == "cgocheck" && wholeNumber(key.Value) && key.Value != "0" && key.Value != "1":
		f.Message = fmt.Sprintf("GODEBUG=cgocheck=%s ends every program as it starts %s", key.Value, where)
		f.Upstream = []string{"fatal error: cgocheck > 1 mode is no longer supported at runtime. Use GOEXPERIMENT=cgocheck2 at build time instead."}
		f.Fixes = []finding.Fix{{Message: "build with GOEXPERIMENT=cgocheck2", Safe: true}}
	case fromRuntime && !wholeNumber(key.Value):
		f.Message = fmt.Sprintf("GODEBUG=%s=%s is no whole number, and the runtime passes over it %s", key.Name, key.Value, where)
		f.Fixes = []finding.Fix{{Message: fmt.Sprintf("write %s=1, or another number that go doc runtime names", key.Name), Safe: true}}
	default:
		judgeEffect(p, godebug, s, key, setting)
		return
	}
	p.Report(f, key.Name, key.Value, fmt.Sprint(key.Bare), s.value.Origin.Layer, s.value.Origin.Name)
}

// judgeEffect tells of settings that the debugged program never reads.
func judgeEffect(p *check.Pass, godebug facts.Godebug, s saidGodebug, key goenv.GodebugKey, setting goenv.GodebugSetting) {
	if len(s.programs) == 0 || s.value.Origin.Layer != goenv.LaunchEnv && s.value.Origin.Layer != goenv.LaunchFile {
		return // other programs may read it
	}
	f := finding.Finding{
		Severity: finding.Info, Location: s.value.Origin.Place,
		Cause:    "it is set by " + said(s.value.Origin),
		Evidence: map[string]string{"GODEBUG": s.value.Value, "effect": string(setting.Effect(nil)), "package": setting.Package},
		Fixes:    []finding.Fix{{Message: "take it out of GODEBUG", Safe: true}},
	}
	if setting.Effect(nil) == goenv.ForGo {
		f.Message = fmt.Sprintf("GODEBUG=%s=%s is for the go command, which builds the program; the program itself never reads it", key.Name, key.Value)
		p.Report(f, key.Name, "go", s.value.Origin.Layer)
		return
	}
	for _, name := range s.programs {
		program, ok := godebug.ProgramOf(name)
		if !ok {
			program, ok = godebug.ProgramOf("") // all of the workspace
		}
		if !ok || setting.Effect(program.Imports) != goenv.Never {
			return
		}
	}
	f.Evidence["effect"] = string(goenv.Never)
	f.Message = fmt.Sprintf("GODEBUG=%s=%s does nothing in what is debugged: no package of it imports %s, which reads the setting", key.Name, key.Value, setting.Package)
	p.Report(f, key.Name, "never", s.value.Origin.Layer)
}

// wholeNumber tells what the runtime takes for a value of one of its own variables.
func wholeNumber(text string) bool {
	_, err := strconv.ParseInt(text, 10, 32)
	return err == nil
}

func release(godebug facts.Godebug) string {
	if godebug.Release == "" {
		return "this Go"
	}
	version, _, _ := strings.Cut(godebug.Release, " ")
	return version
}

// nearestSetting is the setting that was meant, if one is near enough.
func nearestSetting(settings goenv.Godebugs, name string) string {
	nearest, distance := "", 1<<30
	name = strings.ToLower(strings.TrimSpace(name))
	for _, s := range settings {
		if d := editDistance(name, s.Name); d < distance && s.Removed == 0 {
			nearest, distance = s.Name, d
		}
	}
	if distance > max(1, len(name)/4) {
		return ""
	}
	return nearest
}
