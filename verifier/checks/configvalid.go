package checks

import (
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
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
		unsplitArguments(p, project)
		mountOfOneMachine(p, project)
		unmountedFolder(p, project)
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
	if strings.Contains(problem.Message, "${templateOption:") {
		f.Severity, f.Message = finding.Info, "this is a template: its options are not known here"
		f.Cause = "`devcontainer templates apply` puts a value in the place of ${templateOption:…}"
		f.Fixes = []finding.Fix{{Message: "judge a project that it was applied to"}}
		return f, true
	}
	switch problem.Kind {
	case "syntax", "dropped":
		f.Cause = "the dev container tools read broken files without a word, and lose what they do not understand"
		switch at := problem.Place.File; {
		case project.Build != nil && at == project.Build.File:
			f.Cause = "the builder refuses such a file"
		case project.Config.Root.Get("dockerComposeFile").Kind != "" && !strings.Contains(at, ".json"):
			f.Cause = "compose refuses such a file"
		}
		f.Fixes = []finding.Fix{{Message: "mend the syntax here"}}
		root := project.Config.Root.Place
		before := problem.Kind == "dropped" && problem.Place.File == root.File && root.Known() &&
			(problem.Place.Line < root.Line || problem.Place.Line == root.Line && problem.Place.Column < root.Column)
		if before || strings.HasSuffix(problem.Message, "a comma is missing") {
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
		f.Cause = "the dev container cannot be made without it"
		f.Fixes = []finding.Fix{{Message: "put it there, or mend the path (it is meant from the folder of the file that names it)"}}
		for name, ignored := range project.Ignored {
			if ignored && strings.HasPrefix(problem.Message, name+" ") {
				if project.Config.Root.Get("initializeCommand").Kind != "" {
					return f, false // which is there to make it
				}
				f.Severity = finding.Warning
				f.Cause = "git ignores it, so that every fresh clone lacks it"
				f.Fixes = []finding.Fix{{Message: "make it in initializeCommand, from an example that is committed"}}
			}
		}
		if problem.Kind == "outside" {
			f.Severity, f.Cause = finding.Warning, "dcverify reads nothing outside of the folder that it was given"
			f.Fixes = []finding.Fix{{Message: "give dcverify the folder above, with --config"}}
		}
	case "missing-source":
		f.Cause, f.Upstream = "the build ends there", []string{"COPY failed: file not found in build context or excluded by .dockerignore", `failed to calculate checksum of ref: not found`}
		f.Fixes = []finding.Fix{{Message: "put it there, or mend the path: it is meant from the folder that is the build's context"}}
		for name, ignored := range project.Ignored {
			if ignored && strings.HasSuffix(problem.Message, ": "+name) {
				if project.Config.Root.Get("initializeCommand").Kind != "" {
					return f, false // which is there to make it
				}
				f.Severity, f.Cause = finding.Info, "git ignores it: somebody has to make it before the build, which ends there otherwise"
			}
		}
	case "missing-service", "unknown-stage", "no-image", "bad-image", "unsupported-expansion", "no-name", "feature", "feature-cycle", "feature-env":
		f.Cause = "the dev container cannot be built so"
		f.Fixes = []finding.Fix{{Message: "mend it here"}}
		if _, only, ok := strings.Cut(problem.Message, "there are: "); ok && !strings.Contains(only, ",") {
			f.Fixes = []finding.Fix{{Message: "write " + only}}
		}
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
			Cause: "what no tool reads where it stands is passed over without a word", Fixes: []finding.Fix{{Message: fix}},
		}, m.Name, message)
	}
	compose := root.Get("dockerComposeFile").Kind != ""
	for _, m := range root.Members {
		switch {
		case m.Name == "runArgs" && compose, m.Name == "workspaceMount" && compose, m.Name == "appPort" && compose:
			severity := finding.Warning
			if m.Name == "appPort" || m.Value.Is(jsonc.String) && m.Value.Text == "" {
				severity = finding.Info // the service publishes what it has to, and the editor forwards the rest; or nothing is lost
			}
			report(m, severity, m.Name+" is not read where dockerComposeFile is", "say it in the compose file")
		case m.Name == "build" && root.Get("image").Kind != "" && !compose && root.Get("dockerFile").Kind == "" && m.Value.Get("dockerfile").Kind == "":
			report(m, finding.Warning, "build is not read where image is: nothing is built", "remove it, or name a dockerfile in it and take image out")
		case m.Name == "context" && compose && root.Get("dockerFile").Kind == "":
			report(m, finding.Warning, "context is not read where dockerComposeFile is: it belongs to dockerFile", "remove it: the context of the build stands in the compose file")
		case knowledge.Property(m.Name):
		case strings.Contains(m.Name, "."): // no property has a dot in its name, and every setting has
			report(m, finding.Warning, "the setting "+m.Name+" is read by nobody here: it belongs into customizations.vscode.settings", "move it into customizations.vscode.settings")
		default:
			if near := nearProperty(m.Name, ""); near != "" {
				report(m, finding.Warning, fmt.Sprintf("%s is no property; %s is meant", m.Name, near), "write "+near)
			} else if m.Name != "" && !strings.ContainsAny(m.Name[:1], "$_/#") && !strings.HasPrefix(m.Name, "x-") { // a schema, a comment, or somebody's own
				report(m, finding.Warning, m.Name+" is no property: no tool reads it", "remove it, or say it where it belongs, below customizations")
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
