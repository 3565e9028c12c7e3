package checks

import (
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/jsonc"
)

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
			f.Message = what + " holds $&, $` or $': the image's label and the generated Dockerfile get a mangled text"
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
