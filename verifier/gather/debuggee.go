//go:build linux

package gather

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// mostProved is how many different debug configurations are started: each costs a tenth of a second of computing.
const mostProved = 4

// debugged is a debug configuration with what is not for the snapshot: values of all variables.
type debugged struct {
	facts.Debuggee
	request map[string]*string // env of the launch request
	flags   []string           // of dlv
	view    goenv.View         // with every variable
	panics  []facts.PanicTrace // under Delve
}

// readLaunch reads the debug configurations of the folder. Without any, F5 debugs the package of the open file with what
// the extension takes by default: that is one configuration, which sets nothing.
func (g *gatherer) readLaunch() []vscode.LaunchConfiguration {
	const name = ".vscode/launch.json"
	var configurations []vscode.LaunchConfiguration
	if file, err := g.Text(filepath.Join(g.Workspace, name), name); err == nil && strings.TrimSpace(file.Text) != "" {
		root, problems := jsonc.Read(file)
		g.refuse(problems)
		configurations = vscode.ReadLaunch(root)
	}
	if len(configurations) == 0 {
		configurations = []vscode.LaunchConfiguration{{}}
	}
	return configurations
}

// debuggees puts the environment together that the program of each debug configuration gets.
func (g *gatherer) debuggees(e *environments, configurations []vscode.LaunchConfiguration) []*debugged {
	tools := e.get(goenv.ToolsView)
	if tools.unknown != "" {
		return []*debugged{{Debuggee: facts.Debuggee{
			View:   goenv.View{Name: goenv.DebuggeeView, Unknown: tools.unknown},
			Starts: true,
			Proof:  facts.Proof{Name: facts.EnvProof, View: goenv.DebuggeeView, Status: facts.Skipped, Steps: []facts.Step{}},
		}}}
	}
	debuggees := vscode.Debuggees{
		Workspace: g.Workspace, Host: e.editor().host, Tools: tools.env,
		Always: e.sent(), NoText: g.settings.ToolsEnvVarsNoText, Flags: g.settings.DlvFlags,
		Read: func(path string) (source.File, error) { return g.Text(path, g.shownPath(path)) },
	}
	var all []*debugged
	for _, configuration := range configurations {
		made := debuggees.Of(configuration)
		layers := slices.Concat([]goenv.Layer{{Kind: goenv.Process, Set: e.editor().host}}, e.editor().requested, made.Layers)
		all = append(all, &debugged{
			Debuggee: facts.Debuggee{
				Name: configuration.Name, Place: configuration.Place, Program: made.Program, Starts: made.Starts, Problems: made.Problems,
				Proof: facts.Proof{Name: facts.EnvProof, View: goenv.DebuggeeView, Status: facts.Skipped, Reason: made.NotProved, Steps: []facts.Step{}},
			},
			request: made.Request,
			flags:   made.Flags,
			view:    goenv.View{Name: goenv.DebuggeeView, Layers: layers},
		})
	}
	return all
}

// sent is what every launch request carries, whatever the configuration: of the settings, and GOPATH
// (toolExecutionEnvironment, goEnv.ts).
func (e *environments) sent() []goenv.Layer {
	layers := slices.Clone(e.editor().requested)
	if gopath := e.get(goenv.ToolsView).env["GOPATH"]; gopath != "" {
		layers = append(layers, goenv.Layer{Kind: goenv.Extension, Set: map[string]string{"GOPATH": gopath}})
	}
	return layers
}

// shownPath is a path as the report names it: from the workspace on, if it is inside.
func (g *gatherer) shownPath(path string) string {
	if inside, err := filepath.Rel(g.Workspace, path); err == nil && filepath.IsLocal(inside) {
		return inside
	}
	return path
}

// proveDebuggees starts the scratch program with the environment of each configuration, as Delve does for the editor, and
// compares what it got with what was put together. Configurations that send the same share one program. The proof that it
// returns stands for all of them.
func (g *gatherer) proveDebuggees(ctx context.Context, e *environments, all []*debugged, builds map[string]func() building, dlv facts.Part[facts.Tool]) facts.Part[facts.Proof] {
	tools := e.get(goenv.ToolsView)
	skip := func(why string) facts.Part[facts.Proof] {
		for _, d := range all {
			if d.Proof.Reason == "" {
				d.Proof.Reason = why
			}
		}
		return facts.Known(all[0].Proof)
	}
	if tools.unknown != "" {
		return skip(tools.unknown)
	}
	if g.debugger(dlv, tools.env).Linked {
		return skip("the container has no dlv that the Go extension could start")
	}
	build, ok := g.debuggee(ctx, e, builds)
	if !ok {
		return skip("no program to debug could be built: " + build.Error)
	}
	g.Progress("reading the environment of a debugged program")
	var proved []*debugged
	var started []func() struct{}
	for _, d := range all {
		if d.Proof.Reason != "" {
			continue
		}
		if slices.ContainsFunc(proved, func(other *debugged) bool { return sameRequest(d, other) }) {
			continue // below
		}
		if len(proved) == mostProved {
			d.Proof.Reason = "others were started, and there are more than a few"
			continue
		}
		proved = append(proved, d)
		started = append(started, async(func() struct{} {
			g.proveDebuggee(ctx, e, d, build.Binary, dlv)
			return struct{}{}
		}))
	}
	for _, wait := range started {
		wait()
	}
	for _, d := range all {
		if d.Proof.Reason != "" || slices.Contains(proved, d) {
			continue
		}
		for _, other := range proved {
			if sameRequest(d, other) {
				d.Proof, d.Strayed, d.Runtime, d.panics = other.Proof, other.Strayed, other.Runtime, other.panics
			}
		}
	}
	if base := slices.IndexFunc(proved, func(d *debugged) bool { return d.Proof.Status == facts.Passed }); base >= 0 && g.Needs[facts.PanicTraces] {
		d := proved[base]
		d.panics = panicUnderDelve(d.panics, func(value string) (facts.Proof, delve.Inspected) {
			with := debugged{request: maps.Clone(d.request), flags: d.flags}
			with.request["GOTRACEBACK"] = &value
			return delve.Inspect(ctx, g.editorsDelve(e, &with, dlv), delve.Inspection{Binary: build.Binary, Request: with.request})
		})
	}
	return facts.Known(telltale(all))
}

// telltale is the proof that a reader needs to see of several: the worst, and of equals the first.
func telltale(all []*debugged) facts.Proof {
	order := []facts.Status{facts.Fails, facts.Broken, facts.Passed, facts.Skipped}
	worst := slices.MinFunc(all, func(a, b *debugged) int {
		return cmp.Compare(slices.Index(order, a.Proof.Status), slices.Index(order, b.Proof.Status))
	})
	return worst.Proof
}

func sameRequest(a, b *debugged) bool {
	return slices.Equal(a.flags, b.flags) && maps.EqualFunc(a.request, b.request, func(x, y *string) bool {
		return x == nil && y == nil || x != nil && y != nil && *x == *y
	})
}

func (g *gatherer) proveDebuggee(ctx context.Context, e *environments, d *debugged, binary string, dlv facts.Part[facts.Tool]) {
	wanted := d.view.Environ()
	asked := g.godebugs(e).ofRuntime(wanted["GODEBUG"])
	inspection := delve.Inspection{Binary: binary, Request: d.request, Godebug: slices.Sorted(maps.Keys(asked))}
	var got delve.Inspected
	proof := g.repeat(ctx, func() facts.Proof {
		try, seen := delve.Inspect(ctx, g.editorsDelve(e, d, dlv), inspection)
		if try.Status == facts.Passed || got.Environ == nil {
			got = seen
		}
		return try
	})
	proof.View = goenv.DebuggeeView
	d.Proof = proof
	if got.Environ != nil {
		d.Strayed = strayed(d.view, got.Environ)
	}
	for name, value := range got.Runtime {
		if d.Runtime == nil {
			d.Runtime = map[string]facts.RuntimeSetting{}
		}
		d.Runtime[name] = facts.RuntimeSetting{Want: asked[name], Got: value}
	}
	if proof.Status == facts.Passed {
		value, set := wanted["GOTRACEBACK"]
		d.panics = append(d.panics, facts.PanicTrace{Value: value, Set: set, Debugger: true, Trace: facts.ReadTrace(got.Panic), End: got.End})
	}
}

// editorsDelve is Delve as the extension starts it for a configuration: with env, too, where Node writes null for a value that is
// to be taken away (goDebugFactory.ts, spawnDlvDapServerProcess).
func (g *gatherer) editorsDelve(e *environments, d *debugged, dlv facts.Part[facts.Tool]) delve.Tool {
	env := e.get(goenv.ToolsView).env.With()
	for name, value := range d.request {
		env[name] = "null"
		if value != nil {
			env[name] = *value
		}
	}
	debugger := g.debugger(dlv, env)
	debugger.EditorFlags = d.flags
	return debugger
}

// strayed compares what the program had with what was put together, without a word on values.
func strayed(view goenv.View, got goenv.Environ) []facts.Strayed {
	wanted := view.Environ()
	var list []facts.Strayed
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		value := view.Lookup(name)
		if slices.Contains(ofTheProcess, name) || value.Unknown != "" {
			continue
		}
		found, ok := got[name]
		stray := facts.Strayed{Name: name, How: "other", Layer: value.Origin.Layer, File: value.Origin.Name, Place: value.Origin.Place}
		switch {
		case !ok:
			stray.How = "missing"
		case found == value.Value:
			continue
		default:
			for _, shadow := range value.Shadows {
				if shadow.Value == found && stray.From == "" {
					stray.From = shadow.Layer
				}
			}
		}
		list = append(list, stray)
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := wanted[name]; ok || slices.Contains(ofTheProcess, name) || view.Lookup(name).Unknown != "" {
			continue
		}
		stray := facts.Strayed{Name: name, How: "extra"}
		for _, layer := range view.Layers {
			if slices.Contains(layer.Unset, name) {
				stray.Layer, stray.File, stray.Place = layer.Kind, layer.Name, layer.Places[name]
			}
		}
		list = append(list, stray)
	}
	return list
}

// ofTheProcess are variables that whoever starts a process sets for it.
var ofTheProcess = []string{"PWD", "OLDPWD", "SHLVL", "_"}

// shownDebuggees are the debuggees as the snapshot has them: the layers of the tools view beneath, and only the variables
// that may be shown.
func shownDebuggees(all []*debugged, tools goenv.View) []facts.Debuggee {
	var shown []facts.Debuggee
	for _, d := range all {
		debuggee := d.Debuggee
		debuggee.View = goenv.View{Name: goenv.DebuggeeView, Unknown: d.view.Unknown}
		if d.view.Name == "" {
			debuggee.View = d.Debuggee.View
		} else if debuggee.View.Unknown = tools.Unknown; tools.Unknown == "" {
			// What the request makes of the settings takes the place of what a process gets of them.
			debuggee.View.Layers = slices.DeleteFunc(slices.Clone(tools.Layers), func(layer goenv.Layer) bool { return layer.Kind == goenv.ToolsEnvVars })
			for _, layer := range d.view.Layers[1:] {
				if layer = layer.Only(goenv.Variables); len(layer.Set)+len(layer.Unset)+len(layer.Unknown) > 0 || layer.Unseen != "" {
					debuggee.View.Layers = append(debuggee.View.Layers, layer)
				}
			}
		}
		shown = append(shown, debuggee)
	}
	return shown
}
