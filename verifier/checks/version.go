package checks

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/source"
)

var toolchainSatisfiable = check.Check{
	Code: "DV117", Name: "toolchain-satisfiable", Severity: finding.Error, Scope: "S", Hard: true,
	Summary: "go.mod or go.work asks for a newer Go than the container has, and GOTOOLCHAIN forbids the switch (a warning where it only has to download)",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		install, ok := usedGo(p, project)
		if install.Version == "latest" {
			p.Skip("%s follows the newest Go", install.By)
			return
		}
		if !ok || install.Version == "" || install.Version == "none" {
			p.Skip("the files do not tell which Go the container has")
			return
		}
		if known := project.Image.Known; known != nil && known.Moving && install.Assumed != "" && strings.HasPrefix(install.By, "image ") {
			p.Skip("%s follows the newest Go", project.Image.Reference)
			return
		}
		toolchain := toolchainHere(p, install)
		hasMain := slices.ContainsFunc(project.Modules, func(m facts.Module) bool { return m.Main && m.Problem == "" })
		var worst finding.Finding
		asking, most := "", "" // the module that the finding speaks of, and the newest Go that one as badly off asks for
		for _, module := range project.Modules {
			severity, what, upstream := tooNew(module, install, toolchain)
			if severity == "" {
				continue
			}
			if !module.Main && hasMain && severity == finding.Error && !aside(module) && muchOf(project.Modules, install, toolchain) {
				severity = finding.Warning // it is no module on the edge
			} else if !module.Main && (hasMain || severity == finding.Warning && toolchain != "" && goenv.CompareVersions(install.Version, "1.21") >= 0) {
				severity = finding.Info // somebody works on it now and then, and sees it there
			}
			at := install.VersionPlace()
			text, asks := fmt.Sprintf("%s asks for Go %s", module.File, module.Go), module.GoPlace
			if module.Toolchain != "" && strings.HasSuffix(what, "toolchain line") {
				text, asks = fmt.Sprintf("%s names the toolchain go%s", module.File, module.Toolchain), module.ToolchainPlace
			}
			related := finding.Related{Message: text, Location: asks}
			if asking == "" || severity.Rank() < worst.Severity.Rank() || severity == worst.Severity && goenv.CompareVersions(module.Go, most) > 0 {
				most = module.Go
			}
			if asking == "" || severity.Rank() < worst.Severity.Rank() {
				earlier := worst.Related
				worst = finding.Finding{
					Severity: severity,
					Message:  fmt.Sprintf("%s, but the container has Go %s (%s)%s", text, install.Version, install.By, what),
					Location: at,
					Related:  append([]finding.Related{related}, earlier...),
					Evidence: map[string]string{"go": install.Version, "asked": module.Go, "GOTOOLCHAIN": toolchain, "by": install.By},
					Cause:    whyNoSwitch(install, toolchain),
					Upstream: upstream,
					Fixes: []finding.Fix{
						{Safe: true}, // when all modules are known
						{Message: `or let go download it: "containerEnv": {"GOTOOLCHAIN": "auto"}`},
					},
				}
				if goenv.CompareVersions(install.Version, "1.21") < 0 || toolchain != "local" {
					worst.Fixes = worst.Fixes[:1] // it knows no toolchains, or switches already
				}
				if !tooOld(install.Version, module.Go) { // the Go would do, if it could read the line
					worst.Location = module.GoPlace
					worst.Fixes = []finding.Fix{{Message: "write go " + goenv.Minor(module.Go), Safe: true}}
					if strings.Count(module.Go, ".") < 2 {
						worst.Location = module.ToolchainPlace
						worst.Fixes = []finding.Fix{{Message: "take the toolchain line out, or a Go of 1.21 or newer"}}
					}
				}
				asking = module.File
				continue
			}
			worst.Related = append(worst.Related, related)
		}
		if asking != "" {
			if worst.Fixes[0].Message == "" {
				worst.Fixes[0].Message = fmt.Sprintf("take Go %s or newer in %s", goToTake(install.Version, most), install.VersionPlace())
			}
			if at := install.VersionPlace(); worst.Location == at && at.Line != install.Place.Line {
				worst.Related = append(worst.Related, finding.Related{Message: "Go comes from here", Location: install.Place})
			}
			p.Report(worst, install.By)
		}
	},
}

// aside tells whether a module lies in one of the folders at the side, or is none.
func aside(module facts.Module) bool {
	return path.Base(module.File) != "go.mod" ||
		slices.ContainsFunc(strings.Split(module.File, "/"), func(folder string) bool { return slices.Contains(asides, folder) })
}

// asides are folders whose modules few people ever work in.
var asides = []string{"tools", "tool", "test", "tests", "testdata", "e2e", "example", "examples", "samples", "hack", "scripts", "docs", "vendor", "benchmark", "benchmarks"}

// muchOf tells whether a third of the modules or more cannot be built with a Go, not counting those at the side. A repository
// with one module among many that is ahead of the others works for nearly everybody.
func muchOf(modules []facts.Module, install facts.GoInstall, toolchain string) bool {
	all, refused := 0, 0
	for _, module := range modules {
		if aside(module) {
			continue
		}
		all++
		if severity, _, _ := tooNew(module, install, toolchain); severity == finding.Error {
			refused++
		}
	}
	return refused > 0 && 3*refused >= all
}

// toolchainHere is the GOTOOLCHAIN of whoever builds: what the remote view sets, or what came with the Go.
func toolchainHere(p *check.Pass, install facts.GoInstall) string {
	// A feature that is not at hand could set it and none is known that does: what is written counts.
	for _, layer := range slices.Backward(p.View(goenv.RemoteView).Layers) {
		if value := layer.Set["GOTOOLCHAIN"]; value != "" && layer.Kind != goenv.Default {
			return value
		}
	}
	return install.Toolchain
}

// tooNew judges one module: what its go line asks of a Go. Up to 1.20 go only warned of a newer minor, and could not read a
// go line of three numbers or a toolchain line at all; since 1.21 it refuses, unless it may switch.
func tooNew(module facts.Module, install facts.GoInstall, toolchain string) (severity finding.Severity, what string, upstream []string) {
	running := install.Version
	if goenv.CompareVersions(running, "1.21") < 0 {
		switch {
		case strings.Count(module.Go, ".") == 2:
			return finding.Error, ", which cannot read a go line of three numbers", []string{
				fmt.Sprintf("go: errors parsing go.mod: %s: invalid go version '%s': must match format 1.23", module.File, module.Go),
			}
		case module.Toolchain != "":
			return finding.Error, ", which does not know the toolchain line", []string{
				fmt.Sprintf("go: errors parsing go.mod: %s:%d: unknown directive: toolchain", module.File, module.ToolchainPlace.Line),
			}
		case module.Go == "" || !tooOld(running, module.Go):
			return "", "", nil
		}
		return finding.Warning, ", which tries all the same and fails where the code needs more", []string{
			fmt.Sprintf("note: module requires Go %s", module.Go),
		}
	}
	if module.Go == "" || !tooOld(running, module.Go) {
		return "", "", nil
	}
	if toolchain == "local" {
		return finding.Error, " and may not switch", []string{
			fmt.Sprintf("go: %s requires go >= %s (running go %s; GOTOOLCHAIN=local)", module.File, module.Go, running),
		}
	}
	if toolchain == "" {
		return "", "", nil
	}
	if goenv.Minor(running) == goenv.Minor(module.Go) {
		return finding.Info, ": every first build downloads another one", nil // a patch is soon made up for, and seldom missed
	}
	return finding.Warning, ": every first build downloads another one", nil
}

// goToTake is the version to advise: of a minor that is there already it has to be the patch.
func goToTake(has, asked string) string {
	if goenv.Minor(has) == goenv.Minor(asked) {
		return asked
	}
	return goenv.Minor(asked)
}

func whyNoSwitch(install facts.GoInstall, toolchain string) string {
	switch {
	case goenv.CompareVersions(install.Version, "1.21") < 0:
		return "before 1.21 go knows no toolchains to switch to"
	case toolchain == "local":
		return "GOTOOLCHAIN=local forbids the switch, as the official images set it"
	}
	return "GOTOOLCHAIN=" + toolchain + " lets go switch, which needs the network and mixes two Gos"
}

var imageTag = check.Check{
	Code: "DV317", Name: "image-tag", Severity: finding.Error, Scope: "S",
	Summary: "a tag of a known image that was never published, or is no longer rebuilt",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		judged := map[string]bool{}
		judge := func(reference string, f finding.Finding) {
			known, ok := knowledge.ImageOf(reference)
			if !ok || judged[reference+f.Location.String()] {
				return
			}
			judged[reference+f.Location.String()] = true
			f.Cause = "by " + known.Source
			switch {
			case !known.Published:
				f.Message = fmt.Sprintf("%s was never published%s", reference, f.Message)
				f.Upstream = []string{"manifest for " + reference + " not found: manifest unknown: manifest unknown"}
				f.Fixes = []finding.Fix{{Message: "take a tag that exists, such as 1." + newestMinor(known) + "-bookworm", Safe: true}}
				if known.Family == "go" {
					f.Upstream = []string{"pull access denied for go, repository does not exist or may require 'docker login'"}
					f.Fixes = []finding.Fix{{Message: "write golang instead of go", Safe: true}}
				}
			case known.Last != "" && f.Severity == finding.Error:
				f.Severity = finding.Info
				f.Message = fmt.Sprintf("%s is no longer rebuilt since %s: it misses every fix after that day", reference, known.Last)
				f.Fixes = []finding.Fix{{Message: "take a newer tag"}}
			default:
				return
			}
			p.Report(f, reference, f.Location.File)
		}
		judge(project.Image.Reference, finding.Finding{Severity: finding.Error, Location: project.Image.Place})
		if project.Build == nil {
			return
		}
		for _, stage := range project.Build.Stages {
			if stage.Parent < 0 && stage.Built && stage.Image != project.Image.Reference {
				judge(stage.Image, finding.Finding{Severity: finding.Error, Location: stage.ImagePlace})
			}
			// The default of an ARG is what everybody gets who builds without devcontainer.json.
			for _, arg := range project.Build.Args {
				if arg.Default == nil || arg.Stage >= 0 || !strings.Contains(stage.From, "${"+arg.Name) && !strings.Contains(stage.From, "$"+arg.Name) {
					continue
				}
				byDefault := regexp.MustCompile(`\$\{?`+regexp.QuoteMeta(arg.Name)+`\b[^}/]*\}?`).ReplaceAllLiteralString(stage.From, *arg.Default)
				if byDefault != stage.Image && !strings.Contains(byDefault, "$") {
					judge(byDefault, finding.Finding{Severity: finding.Warning, Location: arg.Place, Message: ", which the default of " + arg.Name + " makes"})
				}
			}
		}
	},
}

// newestMinor is the second number of the newest Go that the table knows of the image's family.
func newestMinor(image knowledge.Image) string {
	reference := "golang"
	if image.Family == "devcontainers/go" {
		reference = "mcr.microsoft.com/devcontainers/go"
	}
	newest, _ := knowledge.ImageOf(reference)
	_, minor, _ := strings.Cut(newest.Go, ".")
	return minor
}

// templateForm is a reference to a variable whose dollar is missing.
var templateForm = regexp.MustCompile(`(^|[^$])\{(localEnv|containerEnv|localWorkspaceFolder|containerWorkspaceFolder)(:[^}]*)?\}`)

var envName = check.Check{
	Code: "DV318", Name: "env-name", Severity: finding.Error, Scope: "S",
	Summary: "a variable whose name no program looks for: blanks, nothing, a slip of the pen; or {localEnv:X} without its $",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		judge := func(object, name string, place source.Place) {
			f := finding.Finding{Location: place, Cause: "environments have names, and a program asks for its own exactly"}
			switch near := nearGoVariable(name); {
			case strings.TrimSpace(name) == "":
				f.Message = fmt.Sprintf("a variable in %s has no name", object)
				f.Fixes = []finding.Fix{{Message: "remove it", Safe: true}}
			case strings.ContainsAny(name, " \t="):
				f.Message = fmt.Sprintf("%s sets %s, which is another variable than %s", object, strconv.Quote(name), strings.TrimSpace(name))
				f.Fixes = []finding.Fix{{Message: "write " + strconv.Quote(strings.TrimSpace(name)), Safe: true}}
				if object == "runArgs" {
					f.Fixes = []finding.Fix{{Message: "make the flag and its value two strings", Safe: true}}
				}
			case near != "":
				f.Message = fmt.Sprintf("%s sets %s, which nobody reads; %s is meant", object, name, near)
				f.Fixes = []finding.Fix{{Message: "write " + near, Safe: true}}
			default:
				return
			}
			p.Report(f, object, name)
		}
		for _, object := range []string{"containerEnv", "remoteEnv"} {
			for _, m := range project.Config.Root.Get(object).Members {
				judge(object, m.Name, m.Place)
			}
		}
		for _, v := range project.RunArgs.Env {
			if strings.ContainsAny(v.Name, " \t") { // "-e NAME=value" in one string
				judge("runArgs", v.Name, v.Place)
			}
		}
		for _, setting := range project.Settings {
			if setting.Name != "go.toolsEnvVars" && setting.Name != "go.testEnvVars" || !setting.Place.Known() {
				continue
			}
			for _, m := range setting.Value.Members {
				if m.Name != "" { // an empty one is a template's, and nothing comes of it
					judge(setting.Name, m.Name, m.Place)
				}
			}
		}
		// In a Dockerfile and in compose a name with blanks cannot be written by accident.
		for _, instruction := range targetInstructions(project) {
			for i := 0; instruction.Keyword == "ENV" && i+1 < len(instruction.Words); i += 2 {
				if nearGoVariable(instruction.Words[i]) != "" {
					judge("ENV", instruction.Words[i], instruction.Place)
				}
			}
		}
		if project.Compose != nil {
			for _, v := range project.Compose.Environment {
				if nearGoVariable(v.Name) != "" {
					judge("environment", v.Name, v.Place)
				}
			}
		}
		missingDollar(p, project.Config.Root, "")
	},
}

// missingDollar looks through every string for a reference without its dollar.
func missingDollar(p *check.Pass, node jsonc.Node, name string) {
	if node.Is(jsonc.String) {
		if match := templateForm.FindString(node.Text); match != "" {
			match = strings.TrimLeft(match, " \t,;:=\"'/")
			at := strings.IndexByte(match, '{')
			match = match[max(at, 0):]
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("%s holds the text %s: without a $ before it nothing is replaced", name, match),
				Location: node.Place,
				Cause:    "the dev container tool replaces ${…} and leaves everything else",
				Fixes:    []finding.Fix{{Message: "write $" + match, Safe: true}},
			}, name, match)
		}
	}
	for _, m := range node.Members {
		missingDollar(p, m.Value, m.Name)
	}
	for _, element := range node.Elements {
		missingDollar(p, element, name)
	}
}

// swapped tells whether two neighbouring letters of a name changed places.
func swapped(name, known string) bool {
	for i := range len(known) - 1 {
		if name == known[:i]+known[i+1:i+2]+known[i:i+1]+known[i+2:] && name != known {
			return true
		}
	}
	return false
}

// nearGoVariable is the variable of Go that a name is one slip away from; empty where the name is one itself, or has a
// meaning of its own.
func nearGoVariable(name string) string {
	if len(name) < 5 || !strings.HasPrefix(name, "G") || slices.Contains(goenv.Variables, name) {
		return ""
	}
	for _, known := range goenv.Variables {
		if strings.ReplaceAll(name, "_", "") == strings.ReplaceAll(known, "_", "") {
			return "" // GO_ENV and its like are other programs' own
		}
		// A number at the end makes a second one of a kind (GOROOT2), which is somebody's own.
		if len(known) >= 5 && (editDistance(name, known) == 1 || swapped(name, known)) && strings.TrimRight(name, "0123456789_") != known && len(name) >= len(known)-1 {
			return known
		}
	}
	return ""
}
