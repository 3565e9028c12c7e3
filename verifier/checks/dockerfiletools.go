package checks

import (
	"cmp"
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
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

var toolNeedsNewerGo = check.Check{
	Code: "DV206", Name: "tool-needs-newer-go", Severity: finding.Error, Scope: "S",
	Summary: "`go install TOOL@latest`, or of a pinned release, with a Go that the tool does not support, and that may not switch",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, script := range project.Scripts {
			if script.Go == nil || script.Go.Version == "" || script.Go.Version == "latest" || !needed(project, script) {
				continue
			}
			script = script.WithValues()
			var lacking, outgrown pile // what needs a newer Go, and what is too old for this one: the advice is the opposite
			for _, install := range script.Shell.Installs() {
				if install.Version == "latest" && !lacking.unpinned.Known() {
					lacking.unpinned = inScript(script, install.Line, install.Column)
				}
				f, ok := judgeInstall(script, install)
				switch {
				case !ok:
				case f.Evidence["upTo"] != "":
					outgrown.add(f, install)
				default:
					lacking.add(f, install)
				}
			}
			lacking.report(p, script)
			outgrown.report(p, script)
		}
	},
}

// A pile is the tools of one script that fail for the same reason: one finding, at the worst of them, which names the others.
type pile struct {
	first    finding.Finding
	subject  string       // what the first one installs; empty for none
	most     string       // the newest Go that one of them needs
	unpinned source.Place // the first tool that is taken as it comes: with it the list begins
}

func (t *pile) add(f finding.Finding, install shell.Install) {
	if needs := f.Evidence["needs"]; needs != "" && f.Severity != finding.Info && (t.most == "" || goenv.CompareVersions(needs, t.most) > 0) {
		t.most = needs
	}
	rank, before := cmp.Or(f.Severity, finding.Error).Rank(), cmp.Or(t.first.Severity, finding.Error).Rank()
	stops := f.Evidence["needs"] != "" && t.first.Evidence["needs"] == "" // it stops the build, and not only later work
	switch {
	case t.subject == "":
		t.first, t.subject = f, cmp.Or(install.Path, "a list")
	case rank < before || rank == before && stops:
		f.Related = append(f.Related, finding.Related{Message: t.first.Message, Location: t.first.Location})
		f.Related = append(f.Related, t.first.Related...)
		t.first, t.subject = f, cmp.Or(install.Path, "a list")
	default:
		t.first.Related = append(t.first.Related, finding.Related{Message: f.Message, Location: f.Location})
	}
}

func (t *pile) report(p *check.Pass, script facts.Script) {
	if t.subject == "" {
		return
	}
	if t.unpinned.Known() && t.unpinned.Line < t.first.Location.Line {
		t.first.Related = append(t.first.Related, finding.Related{Message: "the line that installs it", Location: t.first.Location})
		t.first.Location = t.unpinned
	}
	if i := slices.IndexFunc(t.first.Fixes, func(fix finding.Fix) bool { return fix.Message == takeNewer }); i >= 0 && t.most != "" {
		t.first.Fixes[i].Message = fmt.Sprintf("take Go %s or newer", goToTake(t.first.Evidence["go"], t.most))
	}
	p.Report(t.first, script.File, t.subject, fmt.Sprint(script.Stage))
}

// majorVersion is the end of an import path that names no program.
var majorVersion = regexp.MustCompile(`/v[0-9]+$`)

// takeNewer is the advice that is made exact when all tools of a script are known.
const takeNewer = "take a newer Go"

// judgeInstall judges one tool that a script installs.
func judgeInstall(script facts.Script, install shell.Install) (finding.Finding, bool) {
	command := script.Shell.Commands[install.Command]
	running := script.Go.Version
	if install.Unknown && command.Input && install.Get && goenv.CompareVersions(running, "1.18") < 0 {
		return unpinnedList(script, command, running), true
	}
	if install.Unknown || install.Local || install.Downloads() || command.Words[0].Expands || command.Program() != "go" {
		return finding.Finding{}, false
	}
	if install.Version == "" && (!install.Get || goenv.CompareVersions(running, "1.18") >= 0) {
		return finding.Finding{}, false // of the version in go.mod, or DV207's
	}
	toolchain, known := toolchainOf(script, command)
	if !known {
		return finding.Finding{}, false
	}
	if toolchain != "auto" && toolchain != "local" {
		running = toolchain
	}
	if now, gone := knowledge.Renamed(install.Path); gone && (install.Version == "latest" || install.Version == "") {
		fix := finding.Fix{Message: "install " + now, Safe: true}
		if _, tooNew := neededGo(now, "latest", running); tooNew {
			for _, name := range []string{now, install.Path} {
				if release, ok := knowledge.NewestFitting(name, running); ok {
					fix = finding.Fix{Message: "install one that Go " + goenv.Minor(running) + " can build", Safe: true, Commands: []string{installs(running, name, release)}}
					break
				}
			}
		}
		return finding.Finding{
			Location: inScript(script, command.Line, command.Column),
			Message:  fmt.Sprintf("%s@latest cannot be installed any more: the module is %s now", install.Path, now),
			Cause:    "its newest releases call themselves by the new name, and go refuses them under the old one",
			Evidence: map[string]string{"tool": install.Path},
			Upstream: []string{fmt.Sprintf("module declares its path as: %s but was required as: %s", now, install.Path)},
			Fixes:    []finding.Fix{fix},
		}, true
	}
	tool, ok := neededGo(install.Path, install.Version, running)
	if !ok {
		return finding.Finding{}, false
	}
	importPath := strings.TrimSuffix(strings.TrimSuffix(strings.TrimRight(install.Path, "/"), "/..."), "/")
	name := path.Base(majorVersion.ReplaceAllString(importPath, ""))
	said := name + " " + tool.version
	if asked := install.Version; asked != tool.version {
		if !strings.HasPrefix(asked, "v") {
			asked = "latest"
		}
		said = fmt.Sprintf("%s@%s, which is %s,", name, asked, tool.version)
	}
	f := finding.Finding{
		Location: inScript(script, command.Line, command.Column),
		Evidence: map[string]string{"tool": install.Path, "version": tool.version, "go": running, "by": script.Go.By, "source": tool.source},
	}
	fitting := installs(running, install.Path, tool.fitting)
	if tool.most == "" {
		f.Evidence["needs"] = tool.least
		f.Fixes = []finding.Fix{{Message: takeNewer, Safe: true}}
	}
	if tool.fitting != "" {
		f.Fixes = append([]finding.Fix{{Message: fmt.Sprintf("install a %s that Go %s can build", name, goenv.Minor(running)), Safe: true, Commands: []string{fitting}}}, f.Fixes...)
	}
	of := fmt.Sprintf("%s has Go %s", strings.TrimPrefix(script.Go.By, "image "), running)
	if strings.HasPrefix(script.Go.By, "an archive") {
		of = "the Go here is " + running
	}
	switch {
	case tool.most != "":
		f.Evidence["upTo"] = tool.most
		f.Message = fmt.Sprintf("%s works up to Go %s, but %s", said, tool.most, of)
		f.Cause = "Delve refuses programs of a Go that is newer than it knows"
		f.Upstream = []string{fmt.Sprintf("Version of Delve is too old for Go version go%s (maximum supported version %s, suppress this error with --check-go-version=false)", running, tool.most)}
	case toolchain == "auto":
		f.Severity = finding.Info
		f.Message = fmt.Sprintf("%s needs Go %s and %s: go downloads another Go only to build it", said, tool.least, of)
		f.Cause = "GOTOOLCHAIN=auto lets go switch to a newer release, which needs the network and a minute"
		f.Upstream = []string{fmt.Sprintf("go: %s@%s requires go >= %s; switching to go%s", tool.module, tool.version, tool.least, tool.least)}
		return f, true
	case goenv.CompareVersions(running, "1.21") < 0:
		f.Message = fmt.Sprintf("%s needs Go %s, but %s, which cannot switch to a newer one", said, tool.least, of)
		f.Cause = "before 1.21 go knows no toolchains: it tries to compile sources that it does not understand"
		if strings.Count(tool.least, ".") < 2 && minorsBetween(running, tool.least) <= 2 {
			f.Severity = finding.Warning // a go line that it can read is no refusal: it tries, and little is new in so few releases
		}
		f.Upstream = []string{
			fmt.Sprintf("note: module requires Go %s", tool.least),
			fmt.Sprintf("go: errors parsing go.mod: invalid go version '%s': must match format 1.23", tool.least),
			"package slices is not in GOROOT (/usr/local/go/src/slices)",
		}
	default:
		f.Message = fmt.Sprintf("%s needs Go %s, but %s and GOTOOLCHAIN=%s", said, tool.least, of, toolchain)
		f.Cause = "the tool's go.mod asks for a newer Go than the one at hand, and GOTOOLCHAIN forbids to fetch it; the official images set GOTOOLCHAIN=local"
		f.Upstream = []string{fmt.Sprintf("go: %s@%s requires go >= %s (running go %s; GOTOOLCHAIN=%s)", tool.module, tool.version, tool.least, running, toolchain)}
		f.Fixes = append(f.Fixes, finding.Fix{Message: "let go fetch the release that the tool needs, for this command alone: GOTOOLCHAIN=auto go install …", Safe: true})
	}
	switch {
	case tool.since != "":
		f.Severity = finding.Info
		f.Message += fmt.Sprintf(", since a release of %s: whoever builds anew has to pin an older one", tool.since)
	case command.Maybe:
		f.Severity = finding.Warning
	}
	return f, true
}

// installs is the command that installs a release of a tool: since 1.16 go install takes versions, and before that go get did.
func installs(goVersion, importPath, release string) string {
	command := "go install "
	if goenv.CompareVersions(goVersion, "1.16") < 0 {
		command = "GO111MODULE=on go get "
	}
	return command + strings.TrimRight(importPath, "/") + "@" + release
}

// minorsBetween is how many releases lie between two Gos of major version 1.
func minorsBetween(from, to string) int {
	number := func(version string) int {
		n, _ := strconv.Atoi(strings.TrimPrefix(goenv.Minor(version), "1."))
		return n
	}
	return number(to) - number(from)
}

// unpinnedList judges xargs go get, whose list is not known: whatever stands in it, its newest releases ask for a newer Go.
func unpinnedList(script facts.Script, command shell.Command, running string) finding.Finding {
	return finding.Finding{
		Severity: finding.Warning,
		Location: inScript(script, command.Line, command.Column),
		Message:  fmt.Sprintf("a list of tools is taken in its newest releases, but %s has Go %s, which cannot switch to a newer one", strings.TrimPrefix(script.Go.By, "image "), running),
		Cause:    "go get without a version takes the newest release, and few tools still build with a Go of that age",
		Evidence: map[string]string{"go": running, "by": script.Go.By},
		Upstream: []string{"note: module requires Go 1.26"},
		Fixes:    []finding.Fix{{Message: "pin each tool to a release that Go " + goenv.Minor(running) + " can build, or take a newer Go"}},
	}
}

var goGetInstall = check.Check{
	Code: "DV207", Name: "go-get-install", Severity: finding.Error, Scope: "S",
	Summary: "`go get` is used to install a tool outside of a module: since Go 1.18 that is an error",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, script := range project.Scripts {
			if script.Go == nil || script.Go.Version == "" || !needed(project, script) {
				continue
			}
			script = script.WithValues()
			newest := script.Go.Version == "latest"
			if !newest && goenv.CompareVersions(script.Go.Version, "1.18") < 0 {
				continue
			}
			var first finding.Finding
			subject := ""
			for _, install := range script.Shell.Installs() {
				command := script.Shell.Commands[install.Command]
				if !install.Get || install.Local || command.Program() != "go" || inModule(project, script, install.Command) || fallsBack(script.Shell, install.Command) {
					continue
				}
				mode, known := variable(script, command, "GO111MODULE", "")
				// Before 1.22 GOPATH mode still had its own go get.
				if !known || mode == "off" && !newest && goenv.CompareVersions(script.Go.Version, "1.22") < 0 {
					continue
				}
				place := inScript(script, command.Line, command.Column)
				if subject != "" {
					first.Related = append(first.Related, finding.Related{Message: "and " + install.Path, Location: place})
					continue
				}
				version := cmp.Or(install.Version, "latest")
				is := "is Go " + script.Go.Version
				if newest {
					is = "brings the newest Go"
				}
				subject = cmp.Or(install.Path, "…")
				first = finding.Finding{
					Message:  fmt.Sprintf("`go get %s` outside of a module fails since Go 1.18, and %s %s", subject, strings.TrimPrefix(script.Go.By, "image "), is),
					Location: place,
					Cause:    "go get only changes go.mod since Go 1.18; programs are installed by go install with a version",
					Upstream: []string{"go: go.mod file not found in current directory or any parent directory.", "'go get' is no longer supported outside a module."},
					Fixes: []finding.Fix{{
						Message: "use go install with a version", Safe: true,
					}},
				}
				if install.Path != "" {
					first.Fixes[0].Commands = []string{fmt.Sprintf("go install %s@%s", strings.TrimSuffix(install.Path, "/..."), version)}
				}
				if mode == "off" {
					first.Upstream = []string{"go: modules disabled by GO111MODULE=off; see 'go help modules'"}
				}
				if command.Maybe || strings.Contains(script.Go.By, ":dev-") {
					first.Severity = finding.Warning // it may not run, or the tag may mean something older
				}
			}
			if subject != "" {
				p.Report(first, script.File, subject, fmt.Sprint(script.Stage))
			}
		}
	},
}

// fallsBack tells whether a command is the first try of several: go get x || go install x.
func fallsBack(script shell.Script, at int) bool {
	for i, command := range script.Commands {
		if command.After == "||" && (i == at || i == at+1 && command.Program() != "exit" && command.Program() != "true" && command.Program() != "echo" && command.Program() != "false") {
			return true
		}
	}
	return false
}

// inModule tells whether a command of a script may run inside of a module. What cannot be told counts as inside, because
// there go get is right.
func inModule(project facts.Project, script facts.Script, at int) bool {
	command := script.Shell.Commands[at]
	outside := func(folder string) bool { // folders in which nobody keeps a go.mod
		if strings.HasPrefix(folder, "/tmp/") { // made to be removed again, as the old templates do with /tmp/gotools
			return script.Kind == "run"
		}
		return slices.Contains([]string{"/", "/tmp", "~", "/root", "/go", "/go/src", "/usr/local", "/opt"}, folder)
	}
	if command.Dir != "" && !outside(command.Dir) {
		return true
	}
	for _, earlier := range script.Shell.Commands[:at] {
		if earlier.Is("go", "mod") || mentionsModule(earlier) {
			return true
		}
	}
	if outside(command.Dir) {
		return false
	}
	if !inBuild(script) {
		return slices.ContainsFunc(project.Modules, func(m facts.Module) bool { return m.Main }) || script.Workdir == "" && script.Kind == "file"
	}
	if project.Build == nil || script.Stage < 0 || script.Stage >= len(project.Build.Stages) {
		return script.Kind == "file"
	}
	for i := script.Stage; i >= 0 && i < len(project.Build.Stages); i = project.Build.Stages[i].Parent {
		for _, instruction := range project.Build.Stages[i].Instructions {
			if i == script.Stage && instruction.Place.Line > script.Place.Line {
				break
			}
			if (instruction.Keyword == "COPY" || instruction.Keyword == "ADD") && len(instruction.Words) > 1 && instructionFlag(instruction, "from") == "" &&
				slices.ContainsFunc(instruction.Words[:len(instruction.Words)-1], func(word string) bool { return bringsModule(project, word) }) {
				return true
			}
			if instruction.Place == script.Place && slices.ContainsFunc(instruction.Flags, func(flag string) bool {
				return strings.HasPrefix(flag, "--mount=") && !strings.Contains(flag, "type=cache") && !strings.Contains(flag, "type=secret") && !strings.Contains(flag, "type=ssh")
			}) {
				return true
			}
		}
		if project.Build.Stages[i].Parent >= i {
			break
		}
	}
	for _, earlier := range project.Scripts {
		if earlier.Stage == script.Stage && earlier.Place.Line < script.Place.Line && slices.ContainsFunc(earlier.Shell.Commands, mentionsModule) {
			return true
		}
	}
	return false
}

// bringsModule tells whether something that is copied out of the build's context may hold a go.mod.
func bringsModule(project facts.Project, word string) bool {
	base, folder := path.Base(word), path.Clean(strings.TrimPrefix(word, "/"))
	if matched, err := path.Match(base, "go.mod"); err == nil && matched {
		return true
	}
	return slices.ContainsFunc(project.Modules, func(m facts.Module) bool {
		inside := path.Dir(m.File)
		return folder == "." || folder == "" || inside == folder || strings.HasSuffix(inside, "/"+folder) || strings.Contains("/"+inside+"/", "/"+folder+"/")
	})
}

func mentionsModule(command shell.Command) bool {
	return command.Is("go", "mod", "init") || command.Is("git", "clone") || slices.ContainsFunc(command.Words, func(w shell.Word) bool { return strings.Contains(w.Text, "go.mod") })
}

// toolNeed is what one release of a tool asks of Go.
type toolNeed struct {
	module  string
	version string // of the tool; of latest, the newest known
	least   string // the Go that it needs; empty where the Go at hand is new enough
	most    string // the Go that it works with at most, where the Go at hand is newer
	fitting string // the newest release that fits; empty where none is known
	since   string // the day of the release, where it is news and the one before still fits
	source  string
}

// tooOld tells whether a Go is older than what is needed. A release without its third number is taken for its newest patch.
func tooOld(running, needed string) bool {
	if strings.Count(needed, ".") < 2 && strings.ContainsAny(running, "rb") { // a release candidate knows the language of its release
		return goenv.CompareVersions(goenv.Minor(running), goenv.Minor(needed)) < 0
	}
	if strings.Count(running, ".") < 2 && !strings.ContainsAny(running, "rb") {
		return goenv.CompareVersions(running, goenv.Minor(needed)) < 0
	}
	return goenv.CompareVersions(running, needed) < 0
}
