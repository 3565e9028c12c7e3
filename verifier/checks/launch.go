package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/vscode"
)

var launchJSON = check.Check{
	Code: "DV311", Name: "launch-json", Severity: finding.Warning, Scope: "S",
	Summary: "a debug configuration of launch.json that cannot work in the container, or says something that the Go extension passes over",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, configuration := range project.Launch {
			judgeLaunch(p, project, launch{configuration, legacyAdapter(project, configuration)})
		}
	},
}

// launch is a configuration with the adapter that it gets.
type launch struct {
	vscode.LaunchConfiguration
	legacy bool // the adapter of before dlv-dap, to which other rules apply
}

// legacyAdapter tells whether the configuration, or else the setting go.delveConfig, asks for the old adapter
// (goDebugConfiguration.ts, resolveDebugConfiguration).
func legacyAdapter(project facts.Project, configuration vscode.LaunchConfiguration) bool {
	adapter := configuration.Root.Get("debugAdapter")
	for _, s := range project.Settings {
		if own := s.Value.Get("debugAdapter"); s.Name == "go.delveConfig" && own.Kind != "" && configuration.Root.Get("debugAdapter").Kind == "" {
			adapter = own
		}
		if s.Name == "go.delveConfig.debugAdapter" && configuration.Root.Get("debugAdapter").Kind == "" {
			adapter = s.Value
		}
	}
	return adapter.Text == "legacy"
}

// remote tells whether the configuration talks to a Delve that somebody else has started.
func (l launch) remote() bool { return l.Root.Get("mode").Text == "remote" }

// attribute is an attribute that is written, with its place.
func (l launch) attribute(name string) (jsonc.Property, bool) {
	i := slices.IndexFunc(l.Root.Members, func(m jsonc.Property) bool { return m.Name == name })
	if i < 0 {
		return jsonc.Property{}, false
	}
	property := l.Root.Members[i]
	property.Value = l.Root.Get(name) // of several the last counts
	return property, true
}

// hostPath is a path that no Linux container has: a home folder of macOS, or a drive of Windows.
var hostPath = regexp.MustCompile(`^(/Users/|[A-Za-z]:[\\/])`)

func judgeLaunch(p *check.Pass, project facts.Project, l launch) {
	report := func(name, message, cause string, fix finding.Fix, upstream ...string) {
		property, ok := l.attribute(name)
		if !ok {
			return
		}
		severity := finding.Warning
		if name == "dlvLoadConfig" || name == "mode" {
			severity = finding.Info
		}
		p.Report(finding.Finding{
			Severity: severity, Location: property.Place,
			Message: fmt.Sprintf("the debug configuration %q %s", l.Name, message),
			Cause:   cause, Fixes: []finding.Fix{fix}, Upstream: upstream,
		}, l.Name, name)
	}
	report("dlvToolPath", "sets dlvToolPath, which the extension replaces by the dlv that it finds itself",
		"the attribute is none of the extension's (goDebugConfiguration.ts)", finding.Fix{Message: "name the program in the setting go.alternateTools", Safe: true})
	for _, name := range []string{"program", "cwd", "envFile", "output"} {
		if value := l.Root.Get(name); value.Is(jsonc.String) && hostPath.MatchString(value.Text) {
			report(name, fmt.Sprintf("has %s %s, a path of somebody's own machine: the container has no such folder", name, value.Text),
				"the Go extension and Delve run inside the container", finding.Fix{Message: "write it with ${workspaceFolder}"})
		}
	}
	judgeProgram(project, l, report)
	judgeEnvFiles(p, project, l)
	judgePort(l, report)
	judgeBuildFlags(l, report)
	if remotePath := l.Root.Get("remotePath"); remotePath.Text != "" && !l.legacy && !l.remote() {
		report("remotePath", "sets remotePath, which counts only for mode remote", "what is debugged here lies where the editor sees it",
			finding.Fix{Message: "remove it", Safe: true})
	}
	if l.Root.Get("asRoot").Text == "true" && !slices.Contains([]string{"integratedTerminal", "externalTerminal"}, l.Root.Get("console").Text) && !l.legacy {
		report("asRoot", "sets asRoot without a terminal: Delve runs as the remote user all the same",
			"the extension puts sudo in front of dlv only where the console is a terminal (goDebugFactory.ts)",
			finding.Fix{Message: `add "console": "integratedTerminal"`, Safe: true})
	}
	if l.remote() && l.Root.Get("request").Text == "launch" {
		report("mode", "launches with mode remote, which is the old form of attach", "the extension attaches, and says that it is deprecated",
			finding.Fix{Message: `write "request": "attach"`, Safe: true})
	}
	if !l.legacy && !l.remote() {
		report("dlvLoadConfig", "sets dlvLoadConfig, which dlv-dap does not read", "it loads values when somebody opens them",
			finding.Fix{Message: "remove it", Safe: true})
	}
}

// judgeEnvFiles finds an envFile that the extension cannot read: it stops the start of the program then (envUtils.ts,
// parseEnvFile). One that nobody commits is worth knowing.
func judgeEnvFiles(p *check.Pass, project facts.Project, l launch) {
	for _, file := range l.EnvFiles() {
		f := finding.Finding{
			Severity: finding.Warning, Location: file.Place,
			Cause: "the Go extension reads envFile before it starts the program, and starts nothing without it",
		}
		name, inside := project.Named(file.Text)
		there, asked := project.Exists[name]
		switch {
		case hostPath.MatchString(file.Text):
			continue // told as a path of somebody's own machine
		case !strings.HasPrefix(file.Text, "/") && !strings.Contains(file.Text, "${") && !strings.HasPrefix(file.Text, "~"):
			f.Message = fmt.Sprintf("the debug configuration %q has envFile %s, which is not meant from the project's folder: the extension reads it from where it runs itself", l.Name, file.Text)
			f.Fixes = []finding.Fix{{Message: "write ${workspaceFolder}/" + strings.TrimPrefix(file.Text, "./"), Safe: true}}
		case !inside || !asked || there:
			continue
		default:
			f.Message = fmt.Sprintf("the debug configuration %q has envFile %s, but there is no %s", l.Name, file.Text, name)
			f.Fixes = []finding.Fix{{Message: "make it, or take envFile out"}}
			if project.Ignored[name] || secretFile.MatchString(name) {
				f.Severity = finding.Info
				f.Message += ": everybody makes it for himself"
				f.Fixes = []finding.Fix{{Message: "make it in postCreateCommand, from an example that is committed"}}
			}
		}
		f.Upstream = []string{"Cannot load environment variables from file"}
		p.Report(f, l.Name, "envFile", file.Text)
	}
}

// secretFile is the name of a file that by custom stays out of a repository.
var secretFile = regexp.MustCompile(`(^|/)[^/]*\.env(\.[^/]*)?$`)

// judgeProgram finds what is no program for the mode: a source where one is executed, and where one is built, a path that is not
// there (goDebugFactory.ts, parseDebugProgramArgSync). A task that runs before may make it, and so may whoever ignores it in git.
func judgeProgram(project facts.Project, l launch, report reporter) {
	program, mode := l.Root.Get("program").Text, l.Root.Get("mode").Text
	if l.Root.Get("request").Text != "launch" || l.Root.Get("preLaunchTask").Kind != "" {
		return
	}
	name, inside := project.Named(program)
	there, asked := project.Exists[name]
	switch {
	case mode == "exec" && strings.HasSuffix(program, ".go"):
		report("program", "executes "+program+", which is a source file", "mode exec starts a program that is built already",
			finding.Fix{Message: `write "mode": "debug", or name the program`, Safe: true}, "could not launch process: not an executable file")
	case slices.Contains([]string{"", "auto", "debug", "test"}, mode) && inside && asked && !there && !project.Ignored[name]:
		report("program", fmt.Sprintf("builds %s, but there is no %s", program, name), "the Go extension builds the package of that folder or file before it debugs",
			finding.Fix{Message: "name a package that is there, as in ${workspaceFolder}/cmd/app, or the one in the editor: ${fileDirname}"},
			"must be a valid directory or .go file in debug/test/auto modes")
	}
}

type reporter func(name, message, cause string, fix finding.Fix, upstream ...string)

// judgePort finds a port where the extension is to start Delve itself. It then connects to a server that nobody has started
// (goDebugFactory.ts, createDebugAdapterDescriptorDlvDap); a task that runs before may have, and then the port is right.
func judgePort(l launch, report reporter) {
	port := l.Root.Get("port")
	if !port.Truthy() || l.remote() || l.legacy || l.Root.Get("preLaunchTask").Kind != "" {
		return
	}
	host := "127.0.0.1"
	if text := l.Root.Get("host").Text; text != "" {
		host = text
	}
	report("port", fmt.Sprintf("sets port %s, so that nothing is started: the extension connects to a `dlv dap` that is to run at %s:%s already", port.String(), host, port.String()),
		"with the adapter dlv-dap a port that is written means a server of one's own",
		finding.Fix{Message: "remove host and port; to attach to `dlv --headless`, write mode remote", Safe: true},
		fmt.Sprintf("connect ECONNREFUSED %s:%s", host, port.String()))
}

var (
	gcflags  = regexp.MustCompile(`(^|\s)--?gcflags\b`)
	stripped = regexp.MustCompile(`(^|\s)--?ldflags[= ]?['"]?[^'"]*(^|[\s='"])-[sw]\b`)
)

// judgeBuildFlags finds flags that the extension takes away, or that take away what a debugger needs.
func judgeBuildFlags(l launch, report reporter) {
	flags := l.Root.Get("buildFlags")
	text := flags.Text
	for _, element := range flags.Elements {
		text += " " + element.Text
	}
	if !slices.Contains([]string{"", "auto", "debug", "test"}, l.Root.Get("mode").Text) || l.Root.Get("request").Text == "attach" {
		return // nothing is built
	}
	if flags.Is(jsonc.String) && gcflags.MatchString(text) {
		report("buildFlags", "sets -gcflags in buildFlags, which the extension takes out", "Delve sets its own: -gcflags 'all=-N -l'",
			finding.Fix{Message: "remove -gcflags", Safe: true}, "User specified build flag '-gcflags' in 'buildFlags' is being ignored")
	}
	if stripped.MatchString(strings.TrimSpace(text)) {
		report("buildFlags", "builds with -ldflags -s or -w, which removes what a debugger reads", "-s and -w leave the symbols and DWARF out of the program",
			finding.Fix{Message: "remove -s and -w from buildFlags", Safe: true}, "could not open debug info", "decoding dwarf section info at offset 0x0: too short")
	}
}
