package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/vscode"
)

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
		fix := "write " + now
		if slices.ContainsFunc(project.Extensions, func(e vscode.Extension) bool { return strings.EqualFold(e.ID, now) }) {
			fix = "remove it: " + now + " is asked for already"
		}
		p.Report(finding.Finding{
			Severity: severity,
			Message:  fmt.Sprintf("the extension %s does not exist: the editor installs nothing for it", extension.ID),
			Location: extension.Place,
			Cause:    "the Go extension is " + now + " since 2020",
			Upstream: []string{"Extension '" + strings.ToLower(extension.ID) + "' not found."},
			Fixes:    []finding.Fix{{Message: fix, Safe: true}},
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
		"context": "build.context", "devPort": "customizations.vscode.devPort",
	}
	var old, now []string
	f := finding.Finding{Severity: finding.Info, Cause: "the tools still read it"}
	for _, m := range project.Config.Root.Members {
		place, ok := instead[m.Name]
		if !ok || m.Name == "context" && project.Config.Root.Get("dockerFile").Kind == "" {
			continue // nobody reads context without dockerFile, in whatever form
		}
		if old = append(old, m.Name); len(old) == 1 {
			f.Location = m.Place
		} else {
			f.Related = append(f.Related, finding.Related{Message: "and " + m.Name, Location: m.Place})
		}
		now = append(now, place)
	}
	if len(old) > 0 {
		f.Message = fmt.Sprintf("%s at the top level: the form of before 2022", list(old))
		f.Fixes = []finding.Fix{{Message: "write " + list(now), Safe: true}}
		p.Report(f, old...)
	}
	for _, feature := range project.Features {
		if feature.Kind == "legacy" {
			id := strings.Replace(feature.ID, "/docker-from-docker", "/docker-outside-of-docker", 1) // its name since
			p.Report(finding.Finding{
				Severity: finding.Info, Location: feature.Place,
				Message: fmt.Sprintf("the feature %s is named in the form of before 2022", feature.Reference),
				Cause:   "the tools take it for " + feature.ID + ":" + feature.Version, Fixes: []finding.Fix{{Message: "write " + id + ":" + feature.Version, Safe: true}},
			}, feature.Reference)
		}
	}
}
