package checks

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

var platformCheck = check.Check{
	Code: "DV116", Name: "platform", Severity: finding.Error, Scope: "SC", Hard: true,
	Summary: "GOOS or GOARCH is set away from the container's, or a Go for one architecture is downloaded whatever the machine",
	Needs:   []facts.Need{facts.Environment, facts.Declared},
	Run: func(p *check.Pass) {
		skipUnknown(p, "GOOS")
		project, onlyFiles := predicted(p)
		for _, name := range []string{"GOOS", "GOARCH"} {
			for _, s := range declaredValues(p, name) {
				own := p.System.OS
				if name == "GOARCH" {
					own = p.System.Arch
				}
				severity := finding.Error
				switch {
				case onlyFiles && name == "GOOS":
					severity, own = finding.Warning, "linux" // some mean it, and set it back in front of what runs here
				case onlyFiles && (s.Effective == "amd64" || s.Effective == "arm64"):
					severity, own = finding.Info, "that of the machine"
				case onlyFiles:
					own = "that of the machine"
				case own == "":
					continue
				}
				if s.Effective == own {
					continue
				}
				if !slices.ContainsFunc(s.views, func(view string) bool { return view != goenv.ToolsView }) {
					severity = finding.Info // gopls looks at the code of another platform: some want just that
				}
				p.Report(finding.Finding{
					Severity: severity,
					Message:  fmt.Sprintf("%s=%s, but the container's is %s: what go builds here does not run here (view %s)", name, s.Effective, own, list(s.views)),
					Location: s.Origin.Place,
					Cause:    "it is set by " + said(s.Origin),
					Evidence: map[string]string{name: s.Effective, "container": own, "views": list(s.views), "setBy": s.Origin.Layer},
					Upstream: []string{"exec format error", "could not launch process: not an executable file"},
					Fixes:    []finding.Fix{{Message: "set it in front of the command that builds for another platform, and nowhere else", Safe: true}},
				}, name, s.Effective, s.Origin.Layer)
			}
		}
		if onlyFiles {
			reportArchitecture(p, project)
			reportPinned(p, project)
		}
	},
}

// reportArchitecture finds an official image that is taken from the organisation of one architecture.
func reportArchitecture(p *check.Pass, project facts.Project) {
	arch := knowledge.ArchitectureOf(project.Image.Reference)
	if arch == "" || !project.Image.Place.Known() {
		return
	}
	_, name, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(project.Image.Reference, "index."), "docker.io/"), "/")
	p.Report(finding.Finding{
		Severity: finding.Warning,
		Message:  fmt.Sprintf("%s is the image for %s alone: elsewhere it is emulated, or does not start", project.Image.Reference, arch),
		Location: project.Image.Place,
		Cause:    "the name before the slash chooses the architecture, whatever the machine",
		Evidence: map[string]string{"architecture": arch},
		Upstream: []string{"exec format error", "The requested image's platform (linux/" + arch + ") does not match the detected host platform"},
		Fixes:    []finding.Fix{{Message: "take " + name + ", which is there for every architecture", Safe: true}},
	}, project.Image.Reference)
}

// goArchive is the name of a Go release with the architecture written out, goDownload tells that of Go from others, goRelease and
// goPlatform are such a name and its end alone.
var (
	goArchive  = regexp.MustCompile(`linux-(amd64|arm64)(\.tar\.gz|\b)`)
	goDownload = regexp.MustCompile(`(go\.dev|golang\.org|golang\.google\.cn)/dl|dl\.google\.com/go|storage\.googleapis\.com/golang/|(^|/)go\$?\{?[\w.]*\}?\.(linux-|\$)`)
	goRelease  = regexp.MustCompile(`^go[\d.]+(?:rc\d+)?\.linux-(amd64|arm64)(\.tar\.gz)?$`)
	goPlatform = regexp.MustCompile(`^(?:linux[-/])?(amd64|arm64)$`)
)

// reportPinned finds downloads of a Go that is for one architecture: with a base image for several, a machine of the other
// architecture gets a Go that cannot run.
func reportPinned(p *check.Pass, project facts.Project) {
	if project.Image.Unknown != "" && project.Image.Known == nil || strings.Contains(project.Image.Reference, "amd64") || strings.Contains(project.Image.Reference, "arm64") {
		return // whether the base is for several is not known
	}
	if project.Build != nil {
		for _, stage := range project.Build.Stages {
			if strings.HasPrefix(stage.Platform, "linux/") {
				return // somebody has thought of it
			}
		}
	}
	report := func(arch, text string, place source.Place) {
		p.Report(finding.Finding{
			Severity: finding.Warning,
			Message:  fmt.Sprintf("the Go for %s is downloaded on every machine (%s), and the base image is for others too", arch, text),
			Location: place,
			Cause:    "the architecture is written out in the name of the archive",
			Evidence: map[string]string{"architecture": arch, "archive": text},
			Upstream: []string{"cannot execute binary file: Exec format error"},
			Fixes:    []finding.Fix{{Message: "ask the builder or the system: ARG TARGETARCH, or $(dpkg --print-architecture), in place of " + arch, Safe: true}},
		}, arch, place.File)
	}
	for script, command := range shellCommands(project) {
		for _, word := range command.Words {
			arch := goArchive.FindStringSubmatch(word.Text)
			if arch == nil || !goDownload.MatchString(word.Text) || command.Maybe || choosesArchitecture(script) {
				continue
			}
			report(arch[1], word.Text, script.Position(word.Line, word.Column))
			break
		}
	}
	// An archive's name, or the end of it, may come as a build argument or stand in ENV.
	for _, arg := range append(buildArguments(project), environmentOf(project)...) {
		match := goRelease.FindStringSubmatch(arg.value)
		if match == nil {
			match = goPlatform.FindStringSubmatch(arg.value)
		}
		if match == nil || strings.HasPrefix(arg.name, "TARGET") || strings.HasPrefix(arg.name, "BUILD") {
			continue
		}
		used := anyCommand(project, func(c shell.Command) bool {
			return slices.ContainsFunc(c.Words, func(w shell.Word) bool {
				return goDownload.MatchString(w.Text) && (strings.Contains(w.Text, "$"+arg.name) || strings.Contains(w.Text, "${"+arg.name))
			})
		})
		if used {
			report(match[1], arg.name+"="+arg.value, arg.place)
		}
	}
}

// buildArgument is one say about one build argument.
type buildArgument struct {
	name, value string
	place       source.Place
}

// buildArguments lists what the files say build arguments are: compose, devcontainer.json, and the Dockerfile's own defaults.
func buildArguments(project facts.Project) []buildArgument {
	var found []buildArgument
	given := map[string]bool{}
	if project.Compose != nil && project.Compose.Build != nil {
		for _, name := range slices.Sorted(maps.Keys(project.Compose.Build.Args)) {
			found = append(found, buildArgument{name, project.Compose.Build.Args[name], project.Compose.Build.ArgPlaces[name]})
			given[name] = true
		}
	}
	for _, m := range project.Config.Root.Get("build", "args").Members {
		found = append(found, buildArgument{m.Name, m.Value.Text, m.Place})
		given[m.Name] = true
	}
	if project.Build != nil {
		for _, arg := range project.Build.Args {
			if arg.Default != nil && !given[arg.Name] {
				found = append(found, buildArgument{arg.Name, *arg.Default, arg.Place})
			}
		}
	}
	return found
}

// environmentOf lists what ENV says in the stages that the target is made of.
func environmentOf(project facts.Project) []buildArgument {
	var found []buildArgument
	for _, instruction := range targetInstructions(project) {
		for i := 0; instruction.Keyword == "ENV" && i+1 < len(instruction.Words); i += 2 {
			found = append(found, buildArgument{instruction.Words[i], instruction.Words[i+1], instruction.Place})
		}
	}
	return found
}

// choosesArchitecture tells whether a script looks at the machine before it downloads. The address of another program may hold
// the machine's architecture, and chooses nothing for Go.
func choosesArchitecture(script facts.Script) bool {
	asked, inAddresses := 0, 0
	for _, command := range script.Shell.Commands {
		if command.Program() == "uname" || command.Program() == "arch" || command.Is("dpkg", "--print-architecture") {
			asked++
			continue
		}
		for _, name := range []string{"uname", "print-architecture", "TARGETARCH"} {
			if !mentions(command, name) {
				continue
			}
			count := 0
			for _, word := range command.Words {
				if strings.Contains(word.Text, "://") {
					count += strings.Count(word.Text, name)
				}
			}
			if count == 0 {
				return true
			}
			if name != "TARGETARCH" {
				inAddresses += count
			}
		}
	}
	return asked > inAddresses
}

var cgoToolchain = check.Check{
	Code: "DV801", Name: "cgo-toolchain", Severity: finding.Error, Scope: "SC", Hard: true,
	Summary: "cgo is switched on where the files bring no C compiler, or -race is asked for and cgo is off",
	Needs:   []facts.Need{facts.Environment, facts.Declared},
	Run: func(p *check.Pass) {
		for _, s := range declaredValues(p, "GOFLAGS") {
			flags, _ := splitQuoted(s.Effective)
			if !slices.Contains(flags, "-race") && !slices.Contains(flags, "-race=true") {
				continue
			}
			for _, name := range s.views {
				cgo := p.View(name).Lookup("CGO_ENABLED")
				if cgo.Unknown != "" || cgo.Effective != "0" {
					continue
				}
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("GOFLAGS=%s asks for the race detector, and CGO_ENABLED=0 takes it away (view %s)", s.Effective, name),
					Location: s.Origin.Place,
					Cause:    fmt.Sprintf("GOFLAGS is set by %s, CGO_ENABLED by %s", said(s.Origin), said(cgo.Origin)),
					Upstream: []string{"go: -race requires cgo; enable cgo by setting CGO_ENABLED=1"},
					Fixes:    []finding.Fix{{Message: "drop -race from GOFLAGS and give it to go test, with CGO_ENABLED=1", Safe: true}},
				}, "race")
				break
			}
		}
		project, onlyFiles := predicted(p)
		if !onlyFiles || !onAlpine(project) {
			return
		}
		for _, s := range declaredValues(p, "CGO_ENABLED") {
			compiles := anyCommand(project, func(c shell.Command) bool {
				return c.Program() == "apk" && slices.ContainsFunc([]string{"gcc", "clang", "build-base", "alpine-sdk", "musl-dev", "$"}, func(name string) bool { return mentions(c, name) })
			})
			if s.Effective != "1" || compiles || len(project.Features) > 0 {
				continue
			}
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  fmt.Sprintf("CGO_ENABLED=1, and nothing is seen to bring a C compiler to %s (view %s)", project.Image.Reference, list(s.views)),
				Location: s.Origin.Place,
				Cause:    "it is set by " + said(s.Origin) + "; images of Alpine have no gcc, and without this variable go would notice that by itself",
				Upstream: []string{`cgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH`},
				Fixes: []finding.Fix{
					{Message: "install one in the Dockerfile: RUN apk add --no-cache build-base", Safe: true},
					{Message: "or remove CGO_ENABLED", Safe: true},
				},
			}, "compiler")
		}
	},
}

func onAlpine(project facts.Project) bool {
	name, _, _ := strings.Cut(project.Image.Reference, "@")
	return strings.Contains(name, "alpine")
}
