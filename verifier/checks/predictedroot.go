package checks

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// strangeRoot says what is wrong with a GOROOT as far as files tell: a folder where no Go is seen to be put is no more than a
// suspicion.
func strangeRoot(project facts.Project, root string) (problem string, severity finding.Severity) {
	gos := installedGos(project)
	if slices.ContainsFunc(gos, func(g facts.GoInstall) bool { return g.Root != "" && path.Clean(root) == path.Join(g.Root, "bin") }) {
		return "is the bin folder of a Go root, and not the root", finding.Error
	}
	// Distributions link their roots under /usr/lib, scripts may make any folder, and an unknown image may hold any.
	unsure := slices.ContainsFunc(gos, func(g facts.GoInstall) bool {
		return g.Root == "" || lies(root, g.Root) && lies(g.Root, root) || lies(g.Root, "/usr/lib") && lies(root, "/usr/lib")
	})
	named := anyCommand(project, func(c shell.Command) bool { return mentions(c, root) || mentions(c, path.Base(root)) })
	if len(gos) == 0 || unsure || named || project.Image.Unknown != "" {
		return "", ""
	}
	return fmt.Sprintf("is a folder where the files are seen to put no Go: %s is in %s", described(gos[len(gos)-1]), gos[len(gos)-1].Root), finding.Warning
}

// predictMismatch tells from files which views have the go of one release and the tree of another. In the editor's own views the
// extension follows GOROOT to its go.
func predictMismatch(p *check.Pass, project facts.Project) {
	type clash struct {
		root        string
		origin      goenv.Origin
		found, tree facts.GoInstall
		views       []string
	}
	var clashes []clash
	gos := installedGos(project)
	for _, name := range []string{goenv.ContainerView, goenv.RemoteView} {
		view := p.View(name)
		value, declared := view.Goroot()
		folders := view.Lookup("PATH")
		if view.Unknown != "" || !declared || value.Unknown != "" || folders.Unknown != "" {
			continue
		}
		root := path.Clean(value.Effective)
		g, found := facts.FirstGo(gos, folders.Value)
		at := slices.IndexFunc(gos, func(g facts.GoInstall) bool { return g.Root != "" && path.Clean(g.Root) == root })
		if !found || at < 0 || path.Clean(g.Root) == root || !otherRelease(g, gos[at]) || !unpacked(project, g) || !unpacked(project, gos[at]) {
			continue
		}
		if i := slices.IndexFunc(clashes, func(c clash) bool { return c.root == root && c.origin == value.Origin }); i >= 0 {
			clashes[i].views = append(clashes[i].views, name)
			continue
		}
		clashes = append(clashes, clash{root, value.Origin, g, gos[at], []string{name}})
	}
	for _, c := range clashes {
		p.Report(finding.Finding{
			Message:  fmt.Sprintf("%s/bin/go is Go %s, but GOROOT=%s holds Go %s (view %s)", c.found.Root, c.found.Version, c.root, c.tree.Version, list(c.views)),
			Location: c.origin.Place,
			Cause:    "the go that PATH finds compiles with what GOROOT holds, and GOROOT is set by " + said(c.origin),
			Related: []finding.Related{
				{Message: described(c.found) + " comes from here", Location: c.found.Place},
				{Message: described(c.tree) + " comes from here", Location: c.tree.Place},
			},
			Evidence: map[string]string{"go": c.found.Root, "goVersion": c.found.Version, "GOROOT": c.root, "tree": c.tree.Version, "views": list(c.views)},
			Upstream: []string{fmt.Sprintf("compile: version \"go%s\" does not match go tool version \"go%s\"", c.tree.Version, c.found.Version)},
			Fixes:    []finding.Fix{removeGoroot(c.origin)},
		}, c.root, c.origin.Layer)
	}
}

// otherRelease tells whether two Gos are surely of different releases.
func otherRelease(a, b facts.GoInstall) bool {
	if goenv.Minor(a.Version) == "" || goenv.Minor(b.Version) == "" {
		return false // one of them moves
	}
	return goenv.Minor(a.Version) != goenv.Minor(b.Version) || a.Exact && b.Exact && a.Version != b.Version
}

// predictSwitch tells the same from files. It is a warning: only a compile proves it, and `dcverify run` does that.
func predictSwitch(p *check.Pass, project facts.Project) {
	value, declared := p.View(goenv.RemoteView).Goroot()
	target, g := toolchainDue(p, project)
	asked, place, file := askedGo(p, project)
	extension := slices.ContainsFunc(project.Extensions, func(e vscode.Extension) bool { return strings.EqualFold(e.ID, "golang.go") })
	activates := true // the extension's own default; the last setting wins
	for _, s := range project.Settings {
		if s.Name == "go.terminal.activateEnvironment" {
			activates = s.Value.Text != "false"
		}
	}
	if !declared || target == "" || g.Root == "" || path.Clean(value.Effective) != path.Clean(g.Root) || !activates {
		return
	}
	f := finding.Finding{
		Severity: finding.Warning,
		Message: fmt.Sprintf("GOROOT=%s stays behind when %s, asking for go %s, makes %s switch to go%s: every build in the editor's terminal and debugger "+
			"will fail, which `dcverify run` proves in the container", value.Effective, file, asked, described(g), target),
		Location: value.Origin.Place,
		Cause: fmt.Sprintf("GOROOT (%s) is not changed when the Go extension puts the downloaded toolchain in front of PATH; a plain shell goes on to work",
			said(value.Origin)),
		Related:  []finding.Related{{Message: "go " + asked + " is asked for here", Location: place}},
		Evidence: map[string]string{"GOROOT": value.Effective, "pinned": g.Version, "asked": asked, "setBy": value.Origin.Layer, "proved": "no: nothing was run"},
		Upstream: []string{fmt.Sprintf("compile: version \"go%s\" does not match go tool version \"go%s\"", g.Version, target)},
		Fixes: []finding.Fix{
			{Message: `clear it in devcontainer.json: "remoteEnv": {"GOROOT": ""}`, Safe: true},
			{Message: "bring Go " + target + " into the container instead of " + g.Version, Safe: true},
		},
	}
	if !extension {
		f.Severity = finding.Info
		f.Cause += "; the files do not ask for the extension golang.go, which people may have all the same"
	}
	p.Report(f, value.Effective)
}

// gorootIntact is told from files alone: what a container's tree is made of, its compiler says (DV105).
var gorootIntact = check.Check{
	Code: "DV107", Name: "goroot-intact", Severity: finding.Error, Scope: "S",
	Summary: "two releases of Go are unpacked over one another into one folder",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		gos := installedGos(project)
		for i, over := range gos {
			for _, under := range gos[:i] {
				if over.Root == "" || path.Clean(over.Root) != path.Clean(under.Root) {
					continue
				}
				if severity, why := overlaid(project, under, over); severity != "" {
					reportOverlay(p, severity, why, under, over)
				}
			}
		}
	},
}

// overlaid judges one Go that is put into the root of another.
func overlaid(project facts.Project, under, over facts.GoInstall) (severity finding.Severity, why string) {
	byFeature := strings.HasPrefix(over.By, "feature")
	moves := goenv.Minor(over.Version) == "" || goenv.Minor(under.Version) == ""
	switch {
	case !unpacked(project, over), !unpacked(project, under):
		return "", ""
	case over.Version == "none", strings.Contains(over.By, "go-debian"), strings.Contains(over.By, "package"):
		return "", "" // the script leaves a Go alone that it finds, and a package knows what it owns
	case !byFeature && anyCommand(project, func(c shell.Command) bool { return c.Program() == "rm" && mentions(c, path.Clean(over.Root)) }):
		return "", ""
	case over.Exact && under.Exact && over.Version == under.Version:
		return "", "" // the same files; the feature even leaves them alone (devcontainers/features src/go/install.sh)
	case goenv.Minor(over.Version) != goenv.Minor(under.Version) && !(moves && goenv.Minor(under.Version) == ""):
		return finding.Error, "files of the one release that the other has no more stay in between, and the compiler finds both"
	case moves:
		return finding.Warning, "they are the same release on some days only; on all others the newer is unpacked over the older"
	case over.Exact && under.Exact:
		return finding.Warning, "patch releases seldom add or remove files, and one day one does"
	}
	return finding.Info, "as long as both are the same patch release nothing happens; when the image lags behind, the newer is unpacked over the older"
}

func reportOverlay(p *check.Pass, severity finding.Severity, why string, under, over facts.GoInstall) {
	f := finding.Finding{
		Severity: severity,
		Message:  fmt.Sprintf("%s is unpacked into %s over %s", described(over), over.Root, described(under)),
		Location: over.Place,
		Cause:    "nobody removes the folder before: " + why,
		Evidence: map[string]string{"root": over.Root, "first": described(under), "then": described(over)},
		Upstream: []string{"mapiterinit redeclared in this block"},
		Fixes:    []finding.Fix{{Message: "remove " + over.Root + " before the archive is unpacked: rm -rf " + over.Root, Safe: true}},
	}
	if under.Place.Known() {
		f.Related = []finding.Related{{Message: described(under) + " comes from here", Location: under.Place}}
	}
	if strings.HasPrefix(over.By, "feature") {
		f.Cause += "; the feature leaves a Go alone only when `go version` prints the very version that it is to install"
		f.Fixes = []finding.Fix{
			{Message: `let the feature install no Go, only its tools: "version": "none"`, Safe: true},
			{Message: "or take an image without Go, such as mcr.microsoft.com/devcontainers/base", Safe: true},
		}
	}
	p.Report(f, over.Root, over.By, under.By)
}
