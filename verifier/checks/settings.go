package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/vscode"
)

var settingsEffective = check.Check{
	Code: "DV309", Name: "settings-effective", Severity: finding.Warning, Scope: "S",
	Summary: "a go.* setting has a value that the extension does not know, or says one thing in devcontainer.json and another in .vscode/settings.json",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, setting := range project.Settings {
			if setting.Place.Known() {
				judgeValue(p, setting)
			}
		}
		for _, over := range project.Settings {
			if over.Layer != vscode.FolderLayer {
				continue
			}
			if under, ok := beneath(project.Settings, over.Name); ok {
				judgeContradiction(p, under, over)
			}
		}
	},
}

// judgeValue holds a value against the extension's schema. Null takes a setting back and is always right.
func judgeValue(p *check.Pass, setting vscode.Setting) {
	known, ok := knowledge.SettingOf(setting.Name)
	if !ok || known.State != knowledge.Known || setting.Value.Is(jsonc.Null) || setting.Value.Kind == "" {
		return
	}
	f := finding.Finding{Location: setting.Place, Cause: "by " + known.Source}
	switch {
	case !hasType(setting.Value, known.Types):
		f.Message = fmt.Sprintf("%s is %s, but the extension takes %s", setting.Name, named(setting.Value), strings.Join(known.Types, " or "))
		f.Fixes = []finding.Fix{{Message: "write " + strings.Join(known.Types, " or ")}}
	case setting.Value.Is(jsonc.String) && !known.Allows(setting.Value.Text):
		f.Message = fmt.Sprintf("%s is %q, which the extension does not know", setting.Name, setting.Value.Text)
		f.Fixes = []finding.Fix{{Message: "write one of " + strings.Join(known.Values, ", ")}}
	default:
		return
	}
	if len(known.Values) > 0 {
		f.Fixes = []finding.Fix{{Message: "write one of " + strings.Join(known.Values, ", ")}}
	}
	p.Report(f, setting.Name, setting.Layer)
}

// named is a value as a message shows it: what is written is short, or may be anybody's.
func named(value jsonc.Node) string {
	if value.Is(jsonc.Bool) || value.Is(jsonc.Number) {
		return value.Text
	}
	return "of type " + string(value.Kind)
}

// hasType compares with JSON Schema's names of types.
func hasType(value jsonc.Node, types []string) bool {
	name := string(value.Kind)
	if value.Is(jsonc.Bool) {
		name = "boolean"
	}
	return len(types) == 0 || slices.Contains(types, name) || value.Is(jsonc.Number) && slices.Contains(types, "integer")
}

// beneath is what counts of a setting without the folder's own file: the last of label, features and devcontainer.json.
func beneath(settings []vscode.Setting, name string) (vscode.Setting, bool) {
	for _, s := range slices.Backward(settings) {
		if s.Name == name && s.Layer != vscode.FolderLayer && s.Layer != vscode.WorkspaceFileLayer {
			return s, true
		}
	}
	return vscode.Setting{}, false
}

// deciding is the settings that decide which programs run and in which environment. That a folder has its own taste in
// linters is what its settings are for.
var deciding = []string{"go.goroot", "go.gopath", "go.toolsGopath", "go.toolsManagement.go", "go.useLanguageServer", "go.terminal.activateEnvironment",
	"go.inferGopath"}

// judgeContradiction compares what devcontainer.json says with what the folder's settings make of it. Objects are merged,
// so that only members count that both have.
func judgeContradiction(p *check.Pass, under, over vscode.Setting) {
	if !strings.HasPrefix(under.Layer, "devcontainer.json") {
		return // what an image or a feature brings is there to be replaced
	}
	report := func(name string, under, over jsonc.Node, at finding.Finding) {
		at.Message = fmt.Sprintf("%s is %s in devcontainer.json, but %s in %s, which wins", name, shownValue(name, under), shownValue(name, over), vscode.FolderLayer)
		at.Cause = "the editor lays the folder's settings over those of the machine, to which devcontainer.json belongs"
		at.Fixes = []finding.Fix{{Message: "say it in one of the two"}}
		p.Report(at, name, "contradiction")
	}
	switch {
	case slices.Contains(deciding, under.Name):
		if under.Value.JSON() != over.Value.JSON() {
			report(under.Name, under.Value, over.Value, finding.Finding{
				Location: over.Place, Related: []finding.Related{{Message: "the other value is here", Location: under.Place}},
			})
		}
	case under.Name == "go.toolsEnvVars" || under.Name == "go.alternateTools":
		for _, m := range over.Value.Members {
			other := under.Value.Get(m.Name)
			if other.Kind != "" && other.JSON() != m.Value.JSON() {
				report(under.Name+" "+m.Name, other, m.Value, finding.Finding{
					Location: m.Place, Related: []finding.Related{{Message: "the other value is here", Location: other.Place}},
				})
			}
		}
	}
}

// shownValue is a value for a message. What is none of Go's variables, and what may hold a password, is not repeated.
func shownValue(name string, value jsonc.Node) string {
	if variable, ok := strings.CutPrefix(name, "go.toolsEnvVars "); ok && (!slices.Contains(goenv.Variables, variable) || strings.Contains(value.Text, "@")) {
		return "one thing"
	}
	if value.Is(jsonc.String) && value.Text == "" {
		return "empty"
	}
	return value.String()
}

// twoReleases finds the extension's nightly build beside the extension: both register the same commands, and one of them fails to start.
func twoReleases(p *check.Pass, project facts.Project) {
	at := func(id string) int {
		return slices.IndexFunc(project.Extensions, func(e vscode.Extension) bool {
			return strings.EqualFold(e.ID, id) && e.Layer != vscode.RecommendedLayer
		})
	}
	stable, nightly := at("golang.go"), at("golang.go-nightly")
	if stable < 0 || nightly < 0 {
		return
	}
	p.Report(finding.Finding{
		Severity: finding.Warning,
		Message:  "golang.go and golang.go-nightly are both asked for, and only one of them can run",
		Location: project.Extensions[nightly].Place,
		Related:  []finding.Related{{Message: "golang.go is asked for here", Location: project.Extensions[stable].Place}},
		Cause:    "the nightly build has the same commands and settings under another name; its own page asks to disable the other one first",
		Upstream: []string{"command 'go.gopath' already exists"},
		Fixes:    []finding.Fix{{Message: "keep one of the two", Safe: true}},
	}, "nightly")
}

var extensionCheck = check.Check{
	Code: "DV704", Name: "extension", Severity: finding.Info, Scope: "S",
	Summary: "nothing asks the editor for the Go extension, or two things ask for two of its releases",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		if project.Config.File == "" {
			return // there is no dev container to ask for anything
		}
		if _, hasGo := project.Go(); !hasGo && len(project.Modules) == 0 {
			p.Skip("there is no Go to be edited")
			return
		}
		if why := unseenMetadata(project); why != "" {
			p.Skip("%s", why)
			return
		}
		twoReleases(p, project)
		asked, taken := false, vscode.Extension{}
		for _, extension := range project.Extensions {
			state, _, ok := knowledge.ExtensionOf(strings.TrimPrefix(extension.ID, "-"))
			switch {
			case !ok || extension.Layer == vscode.RecommendedLayer:
			case strings.HasPrefix(extension.ID, "-"):
				asked, taken = false, extension
			case state == knowledge.Known:
				asked = true
			default:
				return // DV307 speaks of an id that does not exist
			}
		}
		if asked {
			return
		}
		f := finding.Finding{
			Message: "nothing asks for the extension golang.go: whoever opens this dev container has no Go support unless it is installed by hand",
			Cause:   "looked in customizations.vscode.extensions of devcontainer.json, of the features and of the image's metadata label",
			Fixes:   []finding.Fix{{Message: `add "golang.go" to customizations.vscode.extensions`, Safe: true}},
		}
		f.Location.File = project.Config.File
		if taken.ID != "" {
			f.Location = taken.Place
			f.Message = fmt.Sprintf("%s takes the Go extension away", taken.ID)
			f.Fixes = []finding.Fix{{Message: "remove it, unless that is meant", Safe: true}}
		}
		p.Report(f)
	},
}
