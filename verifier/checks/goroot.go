package checks

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

var gorootValid = check.Check{
	Code: "DV103", Name: "goroot-valid", Severity: finding.Error, Scope: "SIC", Hard: true,
	Summary: "a GOROOT that is set is no Go root: missing, empty, a wrong folder, relative, or one level too deep",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		project, onlyFiles := predicted(p)
		for _, d := range declaredRoots(p) {
			tree, severity := p.Trees[d.root], finding.Severity("")
			problem, upstream := "", "package fmt is not in std ("+d.root+"/src/fmt)"
			switch {
			case d.root == "null":
				problem = "is the text null, which the dev container tool makes of null in remoteEnv"
				upstream = "go: cannot find GOROOT directory: null"
			case !strings.HasPrefix(d.root, "/"):
				problem = "is relative"
				if strings.HasPrefix(d.root, "~") || strings.HasPrefix(d.root, "$") {
					problem = "is text that no shell replaces, and so no folder"
				}
				upstream = "go: cannot find GOROOT directory: " + d.root
			case onlyFiles:
				if problem, severity = strangeRoot(project, d.root); problem == "" {
					continue
				}
			case tree.Real == "":
				problem = "does not exist"
				upstream = "go: cannot find GOROOT directory: " + d.root
			case !tree.Folder:
				problem = "is no folder"
				upstream = "go: cannot find GOROOT directory: " + d.root
			case path.Base(d.root) == "bin" && p.Trees[path.Dir(d.root)].Valid():
				problem = "is the bin folder of a Go root, and not the root"
			case !tree.Valid():
				problem = "is no Go root: it lacks " + strings.Join(tree.Lacks(), ", ")
			default:
				continue
			}
			p.Report(finding.Finding{
				Severity: severity,
				Message:  fmt.Sprintf("GOROOT=%s %s (view %s)", d.root, problem, list(d.views)),
				Location: d.origin.Place,
				Cause:    "it is set by " + said(d.origin),
				Evidence: map[string]string{"GOROOT": d.root, "views": list(d.views), "setBy": d.origin.Layer},
				Upstream: []string{upstream},
				Fixes:    []finding.Fix{removeGoroot(d.origin)},
			}, d.root, d.origin.Layer)
		}
	},
}

var gorootConsistent = check.Check{
	Code: "DV104", Name: "goroot-consistent", Severity: finding.Error, Scope: "SIC",
	Summary: "several places set GOROOT to different values: names the winner and each loser, per view",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		type said struct {
			goenv.Origin
			views []string
		}
		var saying []said // who sets GOROOT, and in which views that one wins
		for _, view := range p.Views {
			value := view.Lookup("GOROOT")
			if value.Unknown != "" {
				continue
			}
			for i, origin := range append([]goenv.Origin{value.Origin}, value.Shadows...) {
				if origin.Layer == "" || origin.Layer == goenv.Default || origin.Layer == goenv.GorootEnv || (origin.Value == "" && i > 0) {
					continue
				}
				at := slices.IndexFunc(saying, func(s said) bool { return s.Layer == origin.Layer && s.Name == origin.Name && s.Value == origin.Value })
				if at < 0 {
					at = len(saying)
					saying = append(saying, said{Origin: origin})
				}
				if i == 0 {
					saying[at].views = append(saying[at].views, view.Name)
				}
			}
		}
		roots, releases := map[string]bool{}, map[string]bool{}
		for _, s := range saying {
			if s.Value != "" { // an empty GOROOT is a deliberate "let go decide", in conflict with nobody
				roots[p.RealRoot(s.Value)] = true
				releases[p.Trees[s.Value].Version] = true
			}
		}
		if len(roots) < 2 {
			return
		}
		_, onlyFiles := predicted(p)
		severity := finding.Info
		reason := "they are copies of one release"
		if len(releases) > 1 || releases[""] {
			severity, reason = finding.Warning, "every view is consistent in itself, but not with the others"
		}
		for _, view := range p.Views {
			value, declared := view.Goroot()
			if !declared {
				continue
			}
			tree, looked := p.Trees[value.Effective]
			if onlyFiles && !looked && strings.HasPrefix(value.Effective, "/") {
				continue // what the folder holds cannot be told from files
			}
			if !tree.Valid() && !(onlyFiles && tree.Go) {
				severity, reason = finding.Error, fmt.Sprintf("in view %s that leaves %s, which is no Go root", view.Name, value.Effective)
				break
			}
			if command, ok := p.Go[view.Name].Get(); ok && !p.Switched(view.Name) && command.Binary.GoVersion != tree.Compiler {
				severity = finding.Error
				reason = fmt.Sprintf("in view %s that leaves %s with the tree of %s", view.Name, command.Binary.GoVersion, tree.Compiler)
				break
			}
		}
		var words []string
		f := finding.Finding{Severity: severity, Cause: reason, Evidence: map[string]string{}}
		for _, s := range saying {
			text := fmt.Sprintf("%s sets %s", layerName(s.Origin), quoted(s.Value))
			if s.Assumed != "" {
				text += ", assumed from " + s.Assumed
			}
			if len(s.views) > 0 {
				text += " (view " + list(s.views) + ")"
				f.Evidence[list(s.views)] = s.Value
			}
			words = append(words, text)
			f.Related = append(f.Related, finding.Related{Message: text, Location: s.Place})
		}
		last := saying[len(saying)-1]
		f.Message = "GOROOT is set to different values: " + strings.Join(words, ", ")
		f.Location = last.Place
		for _, s := range slices.Backward(saying) { // the image's own has no place that anybody could look at
			if !f.Location.Known() {
				f.Location = s.Place
			}
		}
		f.Fixes = []finding.Fix{{Message: "set GOROOT nowhere: go derives it from its own place, in every view the same", Safe: true}}
		if severity == finding.Error {
			f.Upstream = []string{`compile: version "go1.25.9" does not match go tool version "go1.26.2"`}
		}
		p.Report(f, slices.Sorted(maps.Keys(roots))...)
	},
}

var gorootMatchesGo = check.Check{
	Code: "DV105", Name: "goroot-matches-go", Severity: finding.Error, Scope: "SIC",
	Summary: "the go command of a view and the tree that GOROOT names are of different releases",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		if project, onlyFiles := predicted(p); onlyFiles {
			predictMismatch(p, project)
			return
		}
		asked := 0
		type mismatch struct {
			origin            goenv.Origin
			binary, goVersion string
			root, treeVersion string
			compiler          string
			views             []string
		}
		var mismatches []mismatch
		for _, view := range p.Views {
			command, ok := p.Go[view.Name].Get()
			if !ok {
				continue
			}
			value, declared := view.Goroot()
			root := value.Effective
			if !declared {
				root = command.Root
			}
			tree := p.Trees[root]
			if command.Binary.GoVersion == "" || tree.Compiler == "" || p.Switched(view.Name) {
				continue // not a Go that can be compared, or DV106's
			}
			asked++
			if command.Binary.GoVersion == tree.Compiler && (tree.Version == "" || tree.Version == tree.Compiler) {
				continue
			}
			at := slices.IndexFunc(mismatches, func(m mismatch) bool { return m.root == root && m.binary == command.Binary.Path })
			if at < 0 {
				at = len(mismatches)
				mismatches = append(mismatches, mismatch{value.Origin, command.Binary.Path, command.Binary.GoVersion, root, tree.Version, tree.Compiler, nil})
			}
			mismatches[at].views = append(mismatches[at].views, view.Name)
		}
		if asked == 0 {
			p.Skip("no view has a go command and a Go root to compare")
		}
		for _, m := range mismatches {
			f := finding.Finding{
				Message: fmt.Sprintf("%s is %s, but GOROOT=%s holds the compiler of %s (view %s)", m.binary, m.goVersion, m.root, m.compiler, list(m.views)),
				Cause:   "GOROOT is set by " + said(m.origin),
				Evidence: map[string]string{"go": m.binary, "goVersion": m.goVersion, "GOROOT": m.root, "VERSION": m.treeVersion, "compiler": m.compiler,
					"views": list(m.views)},
				Location: m.origin.Place,
				Upstream: []string{fmt.Sprintf("compile: version %q does not match go tool version %q", m.compiler, m.goVersion)},
				Fixes:    []finding.Fix{removeGoroot(m.origin)},
			}
			if m.goVersion == m.compiler { // the tree disagrees with itself
				f.Message = fmt.Sprintf("%s/VERSION says %s, but its compiler is %s: two releases were unpacked over one another", m.root, m.treeVersion, m.compiler)
				f.Cause, f.Upstream = "a release was unpacked into the folder of another one without removing that first", nil
				f.Fixes = []finding.Fix{{Message: "remove " + m.root + " and install Go again", Commands: []string{"rm -rf " + m.root}}}
			}
			p.Report(f, m.root, m.binary)
		}
	},
}

var gorootToolchainSwitch = check.Check{
	Code: "DV106", Name: "goroot-toolchain-switch", Severity: finding.Error, Scope: "SP", Hard: true,
	Summary: "GOROOT is set and go.mod or go.work switches the toolchain: the editor mixes two Gos while a plain shell works",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Builds, facts.Declared},
	Run: func(p *check.Pass) {
		if project, ok := predicted(p); ok {
			predictSwitch(p, project)
			return
		}
		value, declared := p.View(goenv.RemoteView).Goroot()
		command, ok := p.Go[goenv.RemoteView].Get()
		switch {
		case !ok:
			p.Skip("%s", p.Go[goenv.RemoteView].Why())
			return
		case p.Workspace.Module == "" || !declared || !p.Trees[value.Effective].Valid():
			return // nothing to switch for, or nothing that stays behind
		}
		pinned := p.Trees[value.Effective].Version
		f := finding.Finding{
			Location: value.Origin.Place,
			Cause: fmt.Sprintf("GOROOT=%s (%s) stays in the environment while the Go extension puts the toolchain that %s asks for in front of PATH",
				value.Effective, said(value.Origin), path.Base(p.Workspace.Module)),
			Related:  []finding.Related{{Message: "go " + p.Workspace.Go + " is asked for here", Location: p.Workspace.GoPlace}},
			Evidence: map[string]string{"GOROOT": value.Effective, "pinned": pinned, "asked": p.Workspace.Go, "setBy": value.Origin.Layer},
			Fixes: []finding.Fix{
				removeGoroot(value.Origin),
				{Message: `clear it in devcontainer.json: "remoteEnv": {"GOROOT": ""}`, Safe: true},
			},
		}
		if command.Missing != "" {
			f.Message = fmt.Sprintf("as soon as %s is downloaded, every build in the editor's terminal and debugger will fail", command.Missing)
			f.Evidence["proved"] = "no: " + command.Missing + " is not in the module cache; with --online dcverify downloads it and compiles"
			f.Upstream = []string{fmt.Sprintf("compile: version %q does not match go tool version %q", pinned, command.Missing)}
			p.Report(f, value.Effective)
			return
		}
		build, built := p.BuildOf(goenv.TerminalView, "scratch")
		if !p.Switched(goenv.TerminalView) || !built {
			return
		}
		switch build.Status {
		case facts.Fails:
			f.Message = "in the editor's terminal and debugger every build fails: " + build.Error
			f.Upstream = []string{build.Error}
			f.Evidence["proved"] = "compiled with " + build.Go
			if plain, ok := p.BuildOf(goenv.RemoteView, "scratch"); ok && plain.Status == facts.Passed {
				f.Evidence["plainShell"] = "builds"
			}
			p.Report(f, value.Effective)
		case facts.Broken:
			p.Break("%s", build.Error)
		case facts.Skipped:
			p.Skip("%s", build.Error)
		}
	},
}

var gorootRedundant = check.Check{
	Code: "DV108", Name: "goroot-redundant", Severity: finding.Info, Scope: "SIC",
	Summary: "GOROOT is set to what go would derive anyway",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		project, onlyFiles := predicted(p)
		gos := installedGos(project)
		for _, d := range declaredRoots(p) {
			var same []string
			for _, name := range d.views {
				if folders := p.View(name).Lookup("PATH"); onlyFiles && folders.Unknown == "" {
					g, found := facts.FirstGo(gos, folders.Value)
					if found && path.Clean(d.root) == g.Root && name != goenv.TerminalView && name != goenv.ToolsView {
						same = append(same, name)
					}
					continue
				}
				if name == goenv.TerminalView || name == goenv.ToolsView {
					continue // there the extension chose the go after GOROOT: without it, it would choose another
				}
				command, ok := p.Go[name].Get()
				if ok && command.Root != "" && p.RealRoot(command.Root) == p.RealRoot(d.root) {
					same = append(same, name)
				}
			}
			if len(same) == 0 || onlyFiles && !d.origin.Place.Known() {
				continue // or it is the image's own affair: no file of the project says it
			}
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("GOROOT=%s is what go derives by itself (view %s)", d.root, list(same)),
				Location: d.origin.Place,
				Cause:    "it is set by " + said(d.origin) + "; it does nothing until a second Go appears, and then it breaks builds",
				Evidence: map[string]string{"GOROOT": d.root, "views": list(same), "setBy": d.origin.Layer},
				Fixes:    []finding.Fix{removeGoroot(d.origin)},
			}, d.root, d.origin.Layer)
		}
	},
}

// declaredRoot is a GOROOT that wins somewhere.
type declaredRoot struct {
	root   string
	origin goenv.Origin
	views  []string
}

// declaredRoots lists every GOROOT that somebody sets and that wins in some view.
func declaredRoots(p *check.Pass) []declaredRoot {
	var roots []declaredRoot
	for _, view := range p.Views {
		value, declared := view.Goroot()
		if !declared {
			continue
		}
		at := slices.IndexFunc(roots, func(d declaredRoot) bool {
			return d.root == value.Effective && d.origin.Layer == value.Origin.Layer && d.origin.Name == value.Origin.Name
		})
		if at < 0 {
			at = len(roots)
			roots = append(roots, declaredRoot{root: value.Effective, origin: value.Origin})
		}
		roots[at].views = append(roots[at].views, view.Name)
	}
	return roots
}
