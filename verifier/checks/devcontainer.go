package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/source"
)

var configValid = check.Check{
	Code: "DV301", Name: "config-valid", Severity: finding.Error, Scope: "S",
	Summary: "a file of the dev container is broken or missing, or says something that no tool reads",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		told := map[string]bool{}
		for _, problem := range project.Problems {
			// What is no JSON breaks in several places of one line.
			line := fmt.Sprint(problem.Place.File, problem.Place.Line)
			if (problem.Kind == "dropped" || problem.Kind == "syntax") && told[line] {
				continue
			}
			told[line] = problem.Kind == "dropped" || problem.Kind == "syntax" || told[line]
			if f, ok := judgeProblem(project, problem); ok {
				f.Location = problem.Place
				p.Report(f, problem.Kind, problem.Message)
			}
		}
		unreadProperties(p, project)
		if at := project.Config.File; at != "" && !devcontainer.Found(at) {
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  "no tool looks for a configuration at " + at,
				Location: source.Place{File: at, Line: 1, Column: 1},
				Cause:    "tools look for .devcontainer/devcontainer.json, .devcontainer.json and .devcontainer/NAME/devcontainer.json, one folder deep",
				Fixes:    []finding.Fix{{Message: "move it to one of these places, or name it with --config every time"}},
			}, at)
		}
	},
}

// judgeProblem says how bad it is what a reader of a file had to say.
func judgeProblem(project facts.Project, problem facts.Problem) (finding.Finding, bool) {
	f := finding.Finding{Severity: finding.Error, Message: problem.Message}
	switch problem.Kind {
	case "syntax", "dropped":
		f.Cause = "the dev container tools read broken files without a word, and lose what they do not understand"
		f.Fixes = []finding.Fix{{Message: "mend the syntax here"}}
		if strings.HasSuffix(problem.Message, "a comma is missing") {
			f.Severity = finding.Warning // nothing is lost
		}
	case "trailing", "bom":
		f.Severity, f.Cause = finding.Info, "the dev container tools read on without a word"
		f.Fixes = []finding.Fix{{Message: "take it out", Safe: true}}
	case "duplicate":
		f.Cause = "of several members with one name the last one counts, whole"
		f.Fixes = []finding.Fix{{Message: "keep one of the two"}}
		if strings.HasSuffix(problem.Message, "with the same value") {
			f.Severity = finding.Info
		}
	case "missing-env-file": // which holds what nobody commits
		if project.Config.Root.Get("initializeCommand").Kind != "" {
			return f, false // which is there to make it
		}
		f.Severity, f.Cause = finding.Info, "compose refuses to start without it"
		f.Fixes = []finding.Fix{{Message: "make it in initializeCommand, or say required: false"}}
	case "missing-variable": // of the machine where the container is made, which need not be this one
		f.Severity, f.Cause = finding.Info, "a variable in it is set neither here nor in the .env next to the first compose file, and compose refuses it so"
		f.Fixes = []finding.Fix{{Message: "give it a default, ${NAME:-value}, or set it in .env"}}
	case "missing-file", "unreadable", "outside":
		f.Cause = "the dev container cannot be built without it"
		f.Fixes = []finding.Fix{{Message: "put it there, or mend the path (it is meant from the folder of the file that names it)"}}
		for name, ignored := range project.Ignored {
			if ignored && strings.HasPrefix(problem.Message, name+" ") {
				f.Severity = finding.Warning
				f.Cause = "git ignores it, so that every fresh clone lacks it"
				f.Fixes = []finding.Fix{{Message: "make it in initializeCommand, from the example that is committed"}}
			}
		}
		if problem.Kind == "outside" {
			f.Severity, f.Cause = finding.Warning, "dcverify reads nothing outside of the folder that it was given"
			f.Fixes = []finding.Fix{{Message: "give dcverify the folder above, with --config"}}
		}
	case "missing-service", "unknown-stage", "no-image", "bad-image", "unsupported-expansion", "no-name", "feature", "feature-cycle", "feature-env":
		f.Cause = "the dev container cannot be built so"
		f.Fixes = []finding.Fix{{Message: "mend it here"}}
	case "lock":
		f.Cause = "who builds the dev container follows the lock file, and of an entry nothing but the integrity; `devcontainer read-configuration` does not look at it"
		f.Fixes = []finding.Fix{{Message: "write it anew", Commands: []string{"devcontainer upgrade --workspace-folder ."}}}
	case "lock-void", "lock-stale":
		f.Severity, f.Cause = finding.Warning, "an entry counts under the very reference that devcontainer.json or dependsOn writes; without one the newest release is taken, and --frozen-lockfile refuses to build"
		if problem.Kind == "lock-stale" {
			f.Severity = finding.Info // the next build writes the file anew
		}
		f.Fixes = []finding.Fix{{Message: "write it anew", Commands: []string{"devcontainer upgrade --workspace-folder ."}}}
	case "type-stops", "type-lost":
		if f.Cause = "the reference CLI has no schema: it takes what it finds and works with it"; problem.Kind == "type-lost" {
			f.Severity = finding.Warning
		}
		f.Fixes = []finding.Fix{{Message: "write what is wanted here, or take it out"}}
	case "cli-fails", "cli-other-image", "cli-no-user", "cli-image", "cli-user":
		f.Cause = "the reference CLI reads a Dockerfile with regular expressions, line by line: it knows no continued lines, no here documents, one variable an instruction, and stages by their very letters"
		f.Fixes = []finding.Fix{{Message: "write it so that both understand it: FROM and USER plainly, at the beginning of a line, and no other line that begins with them"}}
		switch problem.Kind {
		case "cli-image":
			f.Severity = finding.Warning
		case "cli-user", "cli-no-user":
			if problem.Kind == "cli-user" {
				f.Severity = finding.Warning
			}
			f.Fixes = append([]finding.Fix{{Message: "name the user in devcontainer.json: remoteUser and containerUser", Safe: true}}, f.Fixes...)
		}
	case "escape":
		f.Severity, f.Cause = finding.Warning, "a directive counts only above everything else"
		f.Fixes = []finding.Fix{{Message: "use the backslash"}}
	case "too-big", "label":
		f.Severity, f.Cause = finding.Warning, "what comes after it is not known"
		f.Fixes = []finding.Fix{{Message: "make it smaller, or valid"}}
	default:
		return f, false
	}
	return f, true
}

// unreadProperties names members of devcontainer.json that no tool reads where they stand.
func unreadProperties(p *check.Pass, project facts.Project) {
	root := project.Config.Root
	report := func(m jsonc.Property, severity finding.Severity, message, fix string) {
		p.Report(finding.Finding{
			Severity: severity, Message: message, Location: m.Place,
			Cause: "properties that are not known are passed over without a word", Fixes: []finding.Fix{{Message: fix}},
		}, m.Name, message)
	}
	compose := root.Get("dockerComposeFile").Kind != ""
	for _, m := range root.Members {
		switch {
		case m.Name == "runArgs" && compose, m.Name == "workspaceMount" && compose, m.Name == "appPort" && compose:
			severity := finding.Warning
			if m.Name == "appPort" {
				severity = finding.Info // the service publishes what it has to, and the editor forwards the rest
			}
			report(m, severity, m.Name+" is not read where dockerComposeFile is", "say it in the compose file")
		case m.Name == "context" && compose && root.Get("dockerFile").Kind == "":
			report(m, finding.Warning, "context is not read where dockerComposeFile is: it belongs to dockerFile", "remove it: the context of the build stands in the compose file")
		case knowledge.Property(m.Name):
		default:
			if near := nearProperty(m.Name, ""); near != "" {
				report(m, finding.Warning, fmt.Sprintf("%s is no property; %s is meant", m.Name, near), "write "+near)
			}
		}
	}
	for _, m := range root.Get("build").Members {
		if !knowledge.Property("build." + m.Name) {
			fix := "take it out"
			if near := nearProperty(m.Name, "build."); near != "" {
				fix = "write " + near
			}
			report(m, finding.Warning, "build."+m.Name+" is no property: nobody reads it", fix)
		}
	}
	var astray *jsonc.Property // a setting that stands beside settings; the first of them
	for _, m := range root.Get("customizations", "vscode").Members {
		if strings.Contains(m.Name, ".") && astray == nil {
			astray = &m
		}
	}
	if astray != nil {
		report(*astray, finding.Error, "customizations.vscode has the setting "+astray.Name+" beside settings, where nobody reads it", "move it, and what stands there with it, into customizations.vscode.settings")
	}
	// What belongs into customizations.vscode is lost one level above.
	for _, m := range root.Get("customizations").Members {
		if (m.Name == "settings" || m.Name == "extensions") && (m.Value.Is(jsonc.Object) || m.Value.Is(jsonc.Array)) {
			report(m, finding.Error, "customizations."+m.Name+" is read by nobody: it belongs into customizations.vscode", "move it into customizations.vscode")
		}
	}
}

// nearProperty is the property that a name is a slip of the pen away from.
func nearProperty(name, prefix string) string {
	for _, known := range knowledge.Properties() {
		own, inside := strings.CutPrefix(known, prefix)
		if !inside || prefix == "" && strings.Contains(known, ".") {
			continue
		}
		if distance := editDistance(strings.ToLower(name), strings.ToLower(own)); distance <= 2 && distance < len(own)/3 {
			return own
		}
	}
	return ""
}

var remoteEnvPathClobbered = check.Check{
	Code: "DV302", Name: "remoteenv-path-clobbered", Severity: finding.Error, Scope: "S",
	Summary: "PATH in remoteEnv or containerEnv without the PATH that was there, or with a reference that stays literal",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for object, said := range map[string][]devcontainer.Variable{"containerEnv": project.Merged.ContainerEnv, "remoteEnv": project.Merged.RemoteEnv} {
			for _, v := range said {
				if v.Name != "PATH" || v.From != project.Config.File {
					continue
				}
				f := finding.Finding{Location: v.Place, Evidence: map[string]string{"PATH": v.Raw}}
				switch {
				case object == "containerEnv" && strings.Contains(v.Raw, "${"), object == "containerEnv" && strings.Contains(v.Raw, "$PATH"):
					f.Message = fmt.Sprintf("containerEnv sets PATH to the text %q: nothing replaces what was there, and the container cannot start", v.Raw)
					f.Cause = "containerEnv becomes docker run -e, which expands nothing"
					f.Upstream = []string{`exec: "/bin/sh": executable file not found in $PATH`}
					f.Fixes = []finding.Fix{{Message: "set PATH with ENV in the Dockerfile, or in remoteEnv with ${containerEnv:PATH}", Safe: true}}
				case object == "containerEnv" && !keepsSystem(v.Value):
					f.Message = fmt.Sprintf("containerEnv sets PATH to %q and drops what was there", v.Raw)
					f.Cause = "containerEnv replaces a variable whole"
					f.Upstream = []string{`exec: "sh": executable file not found in $PATH`}
					f.Fixes = []finding.Fix{{Message: "set PATH with ENV in the Dockerfile, or in remoteEnv with ${containerEnv:PATH}", Safe: true}}
				case object == "remoteEnv" && !strings.Contains(v.Raw, "${containerEnv:PATH") && !keepsSystem(v.Value):
					f.Message = fmt.Sprintf("remoteEnv sets PATH to %q and drops what was there", v.Raw)
					f.Cause = "remoteEnv replaces a variable whole"
					f.Upstream = []string{"bash: ls: command not found"}
					f.Fixes = []finding.Fix{{Message: "write ${containerEnv:PATH} into it", Safe: true}}
				default:
					continue
				}
				p.Report(f, object)
			}
		}
	},
}

// keepsSystem tells whether a PATH holds the folders without which no command runs.
func keepsSystem(value string) bool {
	folders := strings.Split(value, ":")
	return slices.Contains(folders, "/usr/bin") && slices.Contains(folders, "/bin") || slices.Contains(folders, "/usr/local/bin") && slices.Contains(folders, "/usr/bin")
}

// shellForm is what a shell would replace: a leading ~, $NAME, ${NAME} and $(…), but none of the dev container tool's own forms.
var shellForm = regexp.MustCompile(`^~(/|$)|\$[A-Za-z_][A-Za-z0-9_]*|\$\(|\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

var envNotExpanded = check.Check{
	Code: "DV303", Name: "env-not-expanded", Severity: finding.Error, Scope: "S",
	Summary: "~, $HOME or $(…) in containerEnv or remoteEnv, where no shell replaces them",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for object, said := range map[string][]devcontainer.Variable{"containerEnv": project.Merged.ContainerEnv, "remoteEnv": project.Merged.RemoteEnv} {
			for _, v := range said {
				match := shellForm.FindString(v.Raw)
				if match == "" || v.From != project.Config.File || v.Name == "PATH" {
					continue // PATH is DV302's
				}
				severity := finding.Warning // a program may replace it by itself
				if slices.Contains(goenv.Variables, v.Name) {
					severity = finding.Error
				}
				p.Report(finding.Finding{
					Severity: severity,
					Message:  fmt.Sprintf("%s sets %s with %s in it, which stays as it is written", object, v.Name, strings.TrimRight(match, "/")),
					Location: v.Place,
					Cause:    "no shell reads these values",
					Evidence: map[string]string{v.Name: v.Raw},
					Fixes:    []finding.Fix{{Message: "write the path out, or ${containerEnv:NAME} in remoteEnv"}},
				}, object, v.Name)
			}
		}
	},
}

var remoteEnvNull = check.Check{
	Code: "DV304", Name: "remoteenv-null", Severity: finding.Warning, Scope: "S",
	Summary: "null in remoteEnv, which the reference CLI makes the text null",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, v := range project.Merged.RemoteEnv {
			if v.Null && v.From == project.Config.File {
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("remoteEnv sets %s to null, which does not unset it: the reference CLI makes it the four letters null", v.Name),
					Location: v.Place,
					Cause:    "docker exec gets -e " + v.Name + "=null",
					Upstream: []string{"go: cannot find GOROOT directory: null"},
					Fixes:    []finding.Fix{{Message: `write ""`, Safe: true}},
				}, v.Name)
			}
		}
	},
}

var obsoleteConfig = check.Check{
	Code: "DV307", Name: "obsolete-config", Severity: finding.Error, Scope: "S",
	Summary: "an extension or a setting that does not exist any more, or a form that is read only for old times' sake",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		obsoleteExtensions(p, project)
		obsoleteSettings(p, project)
		obsoleteForms(p, project)
	},
}

func obsoleteExtensions(p *check.Pass, project facts.Project) {
	for _, extension := range project.Extensions {
		state, now, ok := knowledge.ExtensionOf(strings.TrimPrefix(extension.ID, "-"))
		if !ok || state == knowledge.Known || !extension.Place.Known() || strings.HasPrefix(extension.ID, "-") {
			continue
		}
		severity := finding.Error
		if strings.HasPrefix(extension.Layer, ".vscode") { // a recommendation that nobody can follow
			severity = finding.Warning
		}
		p.Report(finding.Finding{
			Severity: severity,
			Message:  fmt.Sprintf("the extension %s does not exist: the editor installs nothing for it", extension.ID),
			Location: extension.Place,
			Cause:    "the Go extension is " + now + " since 2020",
			Upstream: []string{"Extension '" + strings.ToLower(extension.ID) + "' not found."},
			Fixes:    []finding.Fix{{Message: "write " + now, Safe: true}},
		}, extension.ID, extension.Layer)
	}
}

func obsoleteSettings(p *check.Pass, project facts.Project) {
	for _, setting := range project.Settings {
		if !setting.Place.Known() {
			continue
		}
		known, ok := knowledge.SettingOf(setting.Name)
		if ok && known.State == knowledge.Removed {
			fix := "remove it"
			if known.Hint != "" {
				fix = "remove it (" + known.Hint + ")"
			}
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  fmt.Sprintf("the setting %s does not exist any more: it does nothing", setting.Name),
				Location: setting.Place,
				Cause:    "by " + known.Source,
				Fixes:    []finding.Fix{{Message: fix, Safe: true}},
			}, setting.Name, setting.Layer)
		}
		if setting.Name == "go.alternateTools" {
			for _, tool := range setting.Value.Members {
				if tool.Name == "go-langserver" {
					p.Report(finding.Finding{
						Severity: finding.Warning,
						Message:  "go.alternateTools names go-langserver, which the extension does not know any more",
						Location: tool.Place,
						Cause:    "gopls is the language server since 2020",
						Fixes:    []finding.Fix{{Message: "remove it", Safe: true}},
					}, tool.Name)
				}
			}
		}
	}
}

// obsoleteForms names what still works and is read only for old times' sake.
func obsoleteForms(p *check.Pass, project facts.Project) {
	instead := map[string]string{
		"settings": "customizations.vscode.settings", "extensions": "customizations.vscode.extensions", "dockerFile": "build.dockerfile",
		"context": "build.context", "devPort": "customizations.vscode.devPort", "appPort": "forwardPorts",
	}
	for _, m := range project.Config.Root.Members {
		now, ok := instead[m.Name]
		if m.Name == "context" && project.Config.Root.Get("dockerFile").Kind == "" {
			continue // nobody reads it without dockerFile, in whatever form
		}
		if ok {
			p.Report(finding.Finding{
				Severity: finding.Info, Location: m.Place,
				Message: fmt.Sprintf("%s at the top level is the form of before 2022; it is %s now", m.Name, now),
				Cause:   "the tools still read it", Fixes: []finding.Fix{{Message: "write " + now, Safe: true}},
			}, m.Name)
		}
	}
	for _, feature := range project.Features {
		if feature.Kind == "legacy" {
			p.Report(finding.Finding{
				Severity: finding.Info, Location: feature.Place,
				Message: fmt.Sprintf("the feature %s is named in the form of before 2022", feature.Reference),
				Cause:   "the tools take it for " + feature.ID + ":" + feature.Version, Fixes: []finding.Fix{{Message: "write " + feature.ID + ":" + feature.Version, Safe: true}},
			}, feature.Reference)
		}
	}
}

var substitutionSurprise = check.Check{
	Code: "DV313", Name: "substitution-surprise", Severity: finding.Warning, Scope: "S",
	Summary: "a ${…} that becomes something else than it says: a default cut at a colon, a form that stays literal, a name that is empty here",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, surprise := range project.Surprises {
			p.Report(finding.Finding{
				Message:  surprise.Text + ": " + surprise.Message,
				Location: surprise.Place,
				Cause:    "the reference CLI splits what stands in ${…} at every colon, and knows no nesting and no escape",
				Fixes:    []finding.Fix{{Message: "set the default in the Dockerfile or in the shell that starts the editor"}},
			}, surprise.Kind, surprise.Text)
		}
		if folder := project.Config.Root.Get("workspaceFolder"); folder.Is(jsonc.String) && strings.Contains(folder.Text, "${containerWorkspaceFolder") {
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("workspaceFolder %s refers to itself: the container gets %s", folder.Text, project.Folder),
				Location: folder.Place,
				Cause:    "${containerWorkspaceFolder} is what workspaceFolder says, and is put in twice",
				Fixes:    []finding.Fix{{Message: "write the folder out, or with ${localWorkspaceFolderBasename}", Safe: true}},
			}, "workspaceFolder")
		}
		for _, v := range project.Merged.ContainerEnv {
			if v.From == project.Config.File && v.Name != "PATH" && len(devcontainer.References(v.Raw, "containerEnv")) > 0 {
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("containerEnv sets %s with ${containerEnv:…} in it, which stays as it is written: there is no container yet", v.Name),
					Location: v.Place,
					Cause:    "${containerEnv:…} is replaced once the container runs, in remoteEnv alone",
					Fixes:    []finding.Fix{{Message: "move it into remoteEnv", Safe: true}},
				}, "containerEnv", v.Name)
			}
		}
	},
}

var stringCorrupted = check.Check{
	Code: "DV314", Name: "string-corrupted", Severity: finding.Error, Scope: "S",
	Summary: "$&, $` or $' in containerEnv or a lifecycle command while features are used: the reference CLI mangles the text",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok || len(project.Features) == 0 {
			return
		}
		report := func(what, text string, f finding.Finding) {
			if !devcontainer.Corrupted(text) {
				return
			}
			f.Message = what + " holds $&, $` or $', which the image's label and Dockerfile get mangled"
			f.Cause = "where features are used, the reference CLI puts the text into a Dockerfile with a JavaScript function that takes these for what it found"
			f.Fixes = []finding.Fix{{Message: "move the text into a script file, or write the $ otherwise"}}
			p.Report(f, what)
		}
		for _, v := range project.Merged.ContainerEnv {
			if v.From == project.Config.File {
				report("containerEnv "+v.Name, v.Raw, finding.Finding{Location: v.Place})
			}
		}
		for _, hook := range project.Merged.Hooks {
			if hook.From == project.Config.File {
				report(hook.Event, hook.Shell+strings.Join(hook.Args, " "), finding.Finding{Location: hook.Place, Severity: finding.Warning})
			}
		}
	},
}

var labelEnvWins = check.Check{
	Code: "DV315", Name: "label-env-wins", Severity: finding.Error, Scope: "S",
	Summary: "containerEnv in the metadata label of the base image silently beats ENV of the Dockerfile and of features",
	Needs:   []facts.Need{facts.Declared, facts.Environment},
	Run: func(p *check.Pass) {
		for _, name := range append([]string{"PATH"}, goenv.Variables...) {
			value := p.View(goenv.ContainerView).Lookup(name)
			if value.Origin.Layer != goenv.Label || value.Unknown != "" {
				continue
			}
			for _, shadow := range value.Shadows {
				if (shadow.Layer == goenv.Dockerfile || shadow.Layer == goenv.Feature) && shadow.Value != value.Value {
					p.Report(finding.Finding{
						Message:  fmt.Sprintf("%s sets %s=%s, but in the container it is %s: the label of the base image wins", layerName(shadow), name, shadow.Value, value.Value),
						Location: shadow.Place,
						Cause:    "containerEnv in the label " + devcontainer.LabelName + " becomes docker run -e, which beats every ENV",
						Evidence: map[string]string{"label": value.Value, "written": shadow.Value},
						Fixes:    []finding.Fix{{Message: "set it in containerEnv of devcontainer.json, which comes last", Safe: true}},
					}, name)
					break
				}
			}
		}
	},
}

var probeFragile = check.Check{
	Code: "DV316", Name: "probe-fragile", Severity: finding.Warning, Scope: "S",
	Summary: "userEnvProbe is mistyped, so that another shell is asked than was meant",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		modes := []string{"none", "loginShell", "interactiveShell", "loginInteractiveShell"}
		if probe := project.Config.Root.Get("userEnvProbe"); probe.Kind != "" && !slices.Contains(modes, probe.Text) {
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("userEnvProbe %q is no mode: a shell that is neither login nor interactive is asked", probe.String()),
				Location: probe.Place,
				Cause:    "the reference CLI takes every text, and reads no start-up file for one that it does not know",
				Fixes:    []finding.Fix{{Message: "write one of " + strings.Join(modes, ", "), Safe: true}},
			})
		}
	},
}
