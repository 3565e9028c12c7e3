package checks

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

var gopathValid = check.Check{
	Code: "DV109", Name: "gopath-valid", Severity: finding.Error, Scope: "SIC", Hard: true,
	Summary: "GOPATH or GOMODCACHE is relative, is text that no shell replaces, lies in GOROOT, or GOPATH is the module's own folder",
	Needs:   []facts.Need{facts.Environment, facts.GoCommands, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		skipUnknown(p, "GOPATH")
		for _, s := range declaredValues(p, "GOPATH") {
			for i, entry := range strings.Split(s.Effective, ":") {
				switch root, inside := rootOver(p, s.views, entry); {
				case entry == "": // go ignores it
				case strings.HasPrefix(entry, "~"):
					reportFolder(p, s, "GOPATH", "no shell replaces the ~ there", finding.Error,
						fmt.Sprintf("go: GOPATH entry cannot start with shell metacharacter '~': %q", entry))
				case !path.IsAbs(entry):
					reportFolder(p, s, "GOPATH", "it is not absolute, and every go command stops", finding.Error,
						fmt.Sprintf("go: GOPATH entry is relative; must be absolute path: %q.", entry))
				case inside && path.Clean(entry) == root:
					reportFolder(p, s, "GOPATH", "that is GOROOT, whose folders it must not share", finding.Error,
						fmt.Sprintf("warning: both GOPATH and GOROOT are the same directory (%s); see https://go.dev/wiki/InstallTroubleshooting", root))
				case i == 0 && moduleIn(p, path.Clean(entry)) != "" && p.View(s.views[0]).Lookup("GO111MODULE").Effective != "off":
					reportFolder(p, s, "GOPATH", moduleIn(p, path.Clean(entry))+" lies there itself: before 1.22 every go command stops at that, and since then go mod tidy and go get find no go.mod", finding.Error,
						"$GOPATH/go.mod exists but should not")
				}
			}
		}
		for _, s := range declaredValues(p, "GOMODCACHE") {
			switch root, inside := rootOver(p, s.views, s.Effective); {
			case !path.IsAbs(s.Effective):
				reportFolder(p, s, "GOMODCACHE", "it is not absolute, and no module can be read", finding.Error,
					fmt.Sprintf("GOMODCACHE entry is relative; must be absolute path: %q.", s.Effective))
			case inside:
				reportFolder(p, s, "GOMODCACHE", "that lies inside of GOROOT "+root+", which belongs to root and goes away with the next Go", finding.Warning,
					"go: could not create module cache: mkdir "+s.Effective+": permission denied")
			}
		}
	},
}

// moduleIn is the go.mod that lies in a folder of the container; empty where files tell of none.
func moduleIn(p *check.Pass, folder string) string {
	project, _ := p.Project.Get()
	for _, m := range project.Modules {
		if m.Folder == folder && path.Base(m.File) == "go.mod" {
			return m.File
		}
	}
	return ""
}

// rootOver is the Go root of the views that a folder lies in.
func rootOver(p *check.Pass, views []string, folder string) (root string, inside bool) {
	var roots []string
	for _, name := range views {
		if value, declared := p.View(name).Goroot(); declared {
			roots = append(roots, value.Effective)
		}
		if command, ok := p.Go[name].Get(); ok {
			roots = append(roots, command.Root)
		}
	}
	if project, ok := predicted(p); ok {
		for _, g := range installedGos(project) {
			roots = append(roots, g.Root)
		}
	}
	for _, root := range roots {
		if path.IsAbs(root) && path.IsAbs(folder) && lies(folder, root) {
			return path.Clean(root), true
		}
	}
	return "", false
}

func reportFolder(p *check.Pass, s declaredValue, name, what string, severity finding.Severity, upstream string) {
	fix := finding.Fix{Message: name + " must be a folder of its own, written from the root, such as /go", Safe: true}
	if name == "GOMODCACHE" {
		fix.Message = "leave GOMODCACHE out (it is pkg/mod in GOPATH), or name a folder of its own, such as /go/pkg/mod"
	}
	p.Report(finding.Finding{
		Severity: severity,
		Message:  fmt.Sprintf("%s=%s: %s (view %s)", name, s.Effective, what, list(s.views)),
		Location: s.Origin.Place,
		Cause:    "it is set by " + said(s.Origin),
		Evidence: map[string]string{name: s.Effective, "views": list(s.views), "setBy": s.Origin.Layer},
		Upstream: []string{upstream},
		Fixes:    []finding.Fix{fix},
	}, name, s.Effective, s.Origin.Layer)
}

var moduleMode = check.Check{
	Code: "DV112", Name: "module-mode", Severity: finding.Error, Scope: "SIC", Hard: true,
	Summary: "GO111MODULE switches modules off, or leaves it to chance whether they are used",
	Needs:   []facts.Need{facts.Environment, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		_, onlyFiles := predicted(p)
		skipUnknown(p, "GO111MODULE")
		for _, s := range declaredValues(p, "GO111MODULE") {
			f := finding.Finding{
				Location: s.Origin.Place,
				Cause:    "it is set by " + said(s.Origin) + "; it was made for the time in which GOPATH was given up, and Go 1.16 made it superfluous",
				Evidence: map[string]string{"GO111MODULE": s.Effective, "views": list(s.views), "setBy": s.Origin.Layer},
				Fixes:    []finding.Fix{{Message: "remove GO111MODULE", Safe: true}},
			}
			switch s.Effective {
			case "on":
				continue
			case "off":
				f.Message = fmt.Sprintf("GO111MODULE=off: %s (view %s)", moduleless(p), list(s.views))
				f.Upstream = []string{"go: modules disabled by GO111MODULE=off; see 'go help modules'"}
			case "auto":
				f.Severity = finding.Warning
				if onlyFiles {
					f.Severity = finding.Info
				}
				f.Message = fmt.Sprintf("GO111MODULE=auto: in a folder without go.mod go looks into GOPATH instead of saying so (view %s)", list(s.views))
				f.Upstream = []string{"cannot find package \".\" in:"}
			default:
				f.Message = fmt.Sprintf("GO111MODULE=%s is none of on, off and auto, and every go command stops (view %s)", s.Effective, list(s.views))
				f.Upstream = []string{"go: unknown environment setting GO111MODULE=" + s.Effective}
			}
			p.Report(f, s.Effective, s.Origin.Layer)
		}
	},
}

// moduleless says what GO111MODULE=off takes from the project.
func moduleless(p *check.Pass) string {
	if p.Workspace.Module != "" {
		return path.Base(p.Workspace.Module) + " is not read, and packages are looked for in GOPATH"
	}
	return "no go.mod and no go.work is read, and `go install tool@version` fails"
}

// unknownReference is a reference to what a base that is not at hand may set.
var unknownReference = regexp.MustCompile(`\$(?:\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)`)

var pathSane = check.Check{
	Code: "DV120", Name: "path-sane", Severity: finding.Warning, Scope: "SIC",
	Summary: "PATH holds text that nobody replaced, or folders that depend on where a process stands",
	Needs:   []facts.Need{facts.Environment, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		skipUnknown(p, "PATH")
		_, onlyFiles := predicted(p)
		type flaw struct {
			entry  string
			origin goenv.Origin
			views  []string
		}
		var flaws []flaw
		for _, view := range p.Views {
			value := view.Lookup("PATH")
			if value.Unknown != "" { // what is written is known all the same
				value.Value = unknownReference.ReplaceAllString(value.Origin.Value, "/")
			}
			if value.Value == "" {
				continue
			}
			// What is written as ${containerEnv:PATH} holds a colon of its own.
			literals := literalReference.FindAllString(value.Value, -1)
			for _, entry := range append(strings.Split(literalReference.ReplaceAllString(value.Value, "/"), ":"), literals...) {
				if path.IsAbs(entry) {
					continue
				}
				at := slices.IndexFunc(flaws, func(f flaw) bool { return f.entry == entry })
				if at < 0 {
					at = len(flaws)
					flaws = append(flaws, flaw{entry: entry, origin: whoBrought(value, entry)})
				}
				flaws[at].views = append(flaws[at].views, view.Name)
			}
		}
		for _, flaw := range flaws {
			f := finding.Finding{
				Location: flaw.origin.Place,
				Cause:    "it is set by " + said(flaw.origin),
				Evidence: map[string]string{"entry": flaw.entry, "views": list(flaw.views), "setBy": flaw.origin.Layer},
				Upstream: []string{`exec: "go": cannot run executable found relative to current directory`},
				Fixes:    []finding.Fix{{Message: "write the folder from the root, or take it out", Safe: true}},
			}
			switch {
			case strings.Contains(flaw.entry, "$") && onlyFiles && (flaw.origin.Layer == goenv.RemoteEnv || flaw.origin.Layer == goenv.ContainerEnv):
				continue // DV302's
			case strings.Contains(flaw.entry, "$"):
				f.Message = fmt.Sprintf("PATH holds the text %s, which nobody replaces (view %s)", flaw.entry, list(flaw.views))
				f.Upstream = []string{"go: command not found"}
				f.Fixes[0].Message = "in remoteEnv write ${containerEnv:PATH}, in a Dockerfile or a feature ${PATH}; containerEnv replaces neither"
			case flaw.entry == "":
				f.Severity = finding.Info
				f.Message = fmt.Sprintf("PATH has an empty entry, which means the folder where a process stands (view %s)", list(flaw.views))
			case strings.HasPrefix(flaw.entry, "~"):
				f.Message = fmt.Sprintf("PATH holds %s, whose ~ only some shells replace (view %s)", flaw.entry, list(flaw.views))
			default:
				f.Message = fmt.Sprintf("PATH holds %q, which is another folder wherever a process stands (view %s)", flaw.entry, list(flaw.views))
			}
			p.Report(f, flaw.entry, flaw.origin.Layer)
		}
	},
}

var literalReference = regexp.MustCompile(`\$\{[^}]*\}`)

// whoBrought is who put an entry into PATH: the lowest layer whose value has it.
func whoBrought(value goenv.Value, entry string) goenv.Origin {
	for _, shadow := range slices.Backward(value.Shadows) {
		if slices.Contains(strings.Split(shadow.Value, ":"), entry) || strings.HasPrefix(entry, "$") && strings.Contains(shadow.Value, entry) {
			return shadow
		}
	}
	return value.Origin
}
