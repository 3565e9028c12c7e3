package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

const goplsPackage = "golang.org/x/tools/gopls"

var goplsFound = check.Check{
	Code: "DV701", Name: "gopls-found", Severity: finding.Error, Scope: "IC",
	Summary: "gopls is not where the Go extension looks, or cannot run here",
	Needs:   []facts.Need{facts.Tools, facts.GoCommands},
	Run: func(p *check.Pass) {
		gopls, ok := p.Tools["gopls"].Get()
		if !ok {
			p.Skip("%s", p.Tools["gopls"].Why())
			return
		}
		f := finding.Finding{Fixes: []finding.Fix{{Message: "install it in the image", Safe: true, Commands: []string{"go install " + fittingTool(goplsPackage, workspaceGo(p))}}}}
		switch {
		case gopls.Binary.Path == "":
			f.Severity = finding.Warning // the extension installs it, once somebody waits for it
			f.Message = "gopls is not installed" + untilInstalled
			if _, ok := p.Image.Get(); ok {
				f.Message = "the image has no gopls" + untilInstalled
			}
			f.Cause = "looked in " + list(gopls.Searched)
			f.Upstream = []string{`The "gopls" command is not available. Run "go install -v golang.org/x/tools/gopls@latest" to install.`}
		case gopls.Binary.Problem != "":
			f.Message = fmt.Sprintf("%s cannot run: %s", gopls.Binary.Path, gopls.Binary.Problem)
			f.Cause = "the Go extension finds this file and no other"
			f.Evidence = map[string]string{"path": gopls.Binary.Path, "arch": gopls.Binary.Arch}
			f.Upstream = []string{"Error starting language server", "exec format error"}
		default:
			return
		}
		if gopls.Unused != "" {
			f.Severity = finding.Info
			f.Message = strings.TrimSuffix(f.Message, untilInstalled) + ", and nothing starts it: " + gopls.Unused
		}
		p.Report(f, gopls.Binary.Path)
	},
}

// untilInstalled is what a missing gopls means to those who work in the container.
const untilInstalled = ": completion, navigation and diagnostics wait until the Go extension has installed it, in every new container"

var toolsBuiltWith = check.Check{
	Code: "DV702", Name: "tools-built-with", Severity: finding.Warning, Scope: "SIC",
	Summary: "gopls, dlv or a linter was built with an older Go than the workspace's, whose code it then refuses or misreads",
	Needs:   []facts.Need{facts.Tools, facts.GoCommands, facts.Declared},
	Run: func(p *check.Pass) {
		if project, ok := predicted(p); ok {
			predictLinter(p, project)
			return
		}
		workspace, judged := workspaceGo(p), 0
		if workspace == "" {
			p.Skip("the Go version of the workspace is not known")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(p.Tools)) {
			tool, _ := p.Tools[name].Get()
			built := tool.Binary.GoVersion
			if tool.Binary.Problem != "" || goenv.Minor(built) == "" {
				continue // a script, or of no release: nothing is known of it
			}
			judged++
			if !needsRecompiling(built, workspace) {
				continue
			}
			if name == "dlv" && goenv.CompareVersions(strings.TrimPrefix(built, "go"), "1.25") < 0 && goenv.CompareVersions(strings.TrimPrefix(workspace, "go"), "1.25") >= 0 {
				continue // DV602's: between these two the debug information changed its form
			}
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("%s was built with %s, and the workspace uses Go %s", tool.Binary.Path, built, strings.TrimPrefix(workspace, "go")),
				Cause:    refusal[name],
				Evidence: map[string]string{"path": tool.Binary.Path, "version": tool.Binary.Version, "builtWith": built, "go": workspace},
				Upstream: []string{
					fmt.Sprintf("Tools (%s) need recompiling to work with go version %s", name, workspace),
					fmt.Sprintf("package requires newer Go version go%s (application built with go%s)", goenv.Minor(workspace), goenv.Minor(built)),
					fmt.Sprintf("the Go language version (go%s) used to build golangci-lint is lower than the targeted Go version (%s)", goenv.Minor(built), goenv.Minor(workspace)),
				},
				Fixes: []finding.Fix{{Message: "build it with the workspace's Go", Safe: true, Commands: []string{
					fmt.Sprintf("GOTOOLCHAIN=%s go install %s", workspace, rebuilt(name, tool.Binary.Module, workspace)),
				}}},
			}, name)
		}
		if judged == 0 {
			p.Skip("no tool was found that says which Go built it")
		}
	},
}

// refusal is how each tool meets code of a newer Go.
var refusal = map[string]string{
	"gopls":         "the type checker inside of gopls is that of the Go which built it: it reports newer code as an error",
	"dlv":           "debug information has changed between Gos: what the older reader does not know it shows wrongly or not at all",
	"staticcheck":   "the type checker inside of staticcheck is that of the Go which built it: it refuses packages that ask for a newer one",
	"golangci-lint": "golangci-lint refuses to run where go.mod asks for a newer Go than the one that built it",
	"revive":        "the type checker inside of revive is that of the Go which built it: it refuses packages that ask for a newer one",
}

// needsRecompiling is the extension's rule (goInstallTools.ts:911-967): an older minor version, or a release candidate or
// beta of a minor version that has been released since.
func needsRecompiling(built, workspace string) bool {
	preview := func(version string) bool { return strings.Contains(version, "rc") || strings.Contains(version, "beta") }
	switch order := goenv.CompareVersions(goenv.Minor(built), goenv.Minor(workspace)); {
	case goenv.Minor(workspace) == "":
		return false
	case order != 0:
		return order < 0
	}
	return preview(built) && !preview(workspace)
}

// rebuilt is what to install.
func rebuilt(name, module, workspace string) string {
	switch name {
	case "dlv":
		return delvePackage + "@" + fittingDelve(workspace)
	case "gopls":
		return fittingTool(goplsPackage, workspace)
	case "staticcheck":
		return fittingTool("honnef.co/go/tools/cmd/staticcheck", workspace)
	case "golangci-lint":
		if module == "github.com/golangci/golangci-lint" {
			return fittingTool(module+"/cmd/golangci-lint", workspace)
		}
		return fittingTool("github.com/golangci/golangci-lint/v2/cmd/golangci-lint", workspace)
	}
	return fittingTool("github.com/mgechev/"+name, workspace)
}

// fittingTool is a package with its newest release that the given Go can build.
func fittingTool(importPath, goVersion string) string {
	if need, tooNew := neededGo(importPath, "latest", goVersion); tooNew && goVersion != "" && need.fitting != "" {
		return importPath + "@" + need.fitting
	}
	return importPath + "@latest"
}

var goplsProof = check.Check{
	Code: "DV703", Name: "gopls-proof", Severity: finding.Error, Scope: "P",
	Summary: "gopls, started as the Go extension starts it, cannot load a module, find fmt.Println under the right GOROOT, report a planted error in a file and in go.mod, and end",
	Needs:   []facts.Need{facts.Gopls, facts.Tools, facts.GoCommands},
	Run: func(p *check.Pass) {
		proof, ok := p.Proofs[facts.GoplsProof].Get()
		if build, built := p.BuildOf(goenv.ToolsView, "scratch"); built && build.Status == facts.Fails {
			p.Skip("go builds nothing in the editor's environment (DV803, DV106), and gopls asks go")
			return
		}
		switch {
		case !ok:
			p.Skip("%s", p.Proofs[facts.GoplsProof].Why())
		case proof.Status == facts.Skipped:
			p.Skip("%s", proof.Reason)
		case proof.Status == facts.Broken:
			p.Break("%s", proof.Reason)
		case proof.Status == facts.Fails:
			step := lastStep(proof)
			cause, fix := whyGoplsFailed(step, proof.Reason)
			evidence := map[string]string{"view": proof.View, "step": step, "gopls": proof.Tool.Path, "goplsVersion": proof.Tool.Version}
			if proof.Output != "" {
				evidence["output"] = proof.Output
			}
			f := finding.Finding{
				Message:  fmt.Sprintf("gopls does not work (step %s): %s", step, proof.Reason),
				Cause:    cause,
				Evidence: evidence,
				Upstream: []string{proof.Reason},
				Fixes:    []finding.Fix{{Message: fix, Safe: true}},
			}
			if value, declared := p.View(proof.View).Goroot(); declared && ofRoot(proof.Reason) {
				f.Cause += "; GOROOT is set by " + said(value.Origin)
				f.Location = value.Origin.Place
				f.Fixes = []finding.Fix{removeGoroot(value.Origin)}
			}
			p.Report(f)
		}
	},
}

// ofRoot tells whether a reason speaks of a wrong Go root.
func ofRoot(reason string) bool {
	return strings.Contains(reason, "is not in std") || strings.Contains(reason, "GOROOT") || strings.Contains(reason, "the standard library of")
}

// whyGoplsFailed points from the failed proof to the check that knows the cause.
func whyGoplsFailed(step, reason string) (cause, fix string) {
	switch {
	case strings.Contains(reason, "go command required"):
		return "gopls asks the go command about everything, and the environment that the editor gives it has none on PATH", "put go on PATH (DV102)"
	case strings.Contains(reason, "requires go >="), strings.Contains(reason, "toolchain not available"):
		return "the Go that the editor finds is older than what go.mod asks for, and may not switch", "raise the image's Go, or let it switch (DV117)"
	case strings.Contains(reason, "requires newer Go version"):
		return "this gopls was built with an older Go than the workspace's", "build it again (DV702)"
	case ofRoot(reason):
		return "gopls takes the standard library from the GOROOT of its environment, and the go command is another one: go lists packages all the same, so nobody says so", "set GOROOT nowhere (DV104)"
	case strings.Contains(reason, "$GOFLAGS") || strings.Contains(reason, "GOFLAGS"):
		return "gopls runs the go command with the GOFLAGS of the editor's environment", "mend GOFLAGS (DV121)"
	case step == "go.mod":
		return "gopls understands packages and not the module: it works in GOPATH mode, or the go command cannot tidy a module there", "use modules (DV112)"
	case step == "start" || step == "initialize":
		return "what lies at this path is no gopls that runs here, or go.languageServerFlags has a flag that it does not know", "install gopls again (DV701)"
	}
	return "gopls' own words, from a module that uses nothing but the standard library", "see what gopls says in the editor's output channel \"gopls (server)\""
}
