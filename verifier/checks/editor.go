package checks

import (
	"fmt"
	"path"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
)

var settingsGoroot = check.Check{
	Code: "DV310", Name: "settings-goroot", Severity: finding.Error, Scope: "S",
	Summary: "go.goroot, go.gopath, go.toolsGopath or go.alternateTools names what the container lacks, another folder than the environment, or a bin folder",
	Needs:   []facts.Need{facts.Declared, facts.Environment},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, setting := range project.Settings {
			if setting.Name == "go.alternateTools" && setting.Place.Known() {
				judgeAlternateTools(p, project, setting)
			}
			if !setting.Value.Is(jsonc.String) || setting.Value.Text == "" || !setting.Place.Known() {
				continue
			}
			switch setting.Name {
			case "go.toolsGopath":
				if path.Base(path.Clean(setting.Value.Text)) == "bin" {
					p.Report(finding.Finding{
						Severity: finding.Warning,
						Message:  fmt.Sprintf("go.toolsGopath is %s, a bin folder: the extension looks for tools in %s/bin and installs them there", setting.Value.Text, path.Clean(setting.Value.Text)),
						Location: setting.Place,
						Cause:    "the setting is a GOPATH, whose bin folder holds the tools",
						Fixes:    []finding.Fix{{Message: "write " + path.Dir(path.Clean(setting.Value.Text)), Safe: true}},
					}, setting.Name, setting.Layer)
				}
			case "go.goroot":
				install, ok := project.Go()
				if hasRoot(project, setting.Value.Text) || !ok || install.Root == "" || project.Image.Unknown != "" || path.Clean(setting.Value.Text) == install.Root || strings.Contains(setting.Value.Text, "$") {
					break
				}
				p.Report(finding.Finding{
					Severity: finding.Warning,
					Message:  fmt.Sprintf("go.goroot is %s, but the Go of the container is in %s (%s)", setting.Value.Text, install.Root, described(install)),
					Location: setting.Place,
					Cause:    "where the folder is missing the extension ignores the setting, and where it holds another Go everything in the editor uses that one",
					Upstream: []string{"go.goroot setting is ignored. " + setting.Value.Text + " is not a valid GOROOT directory."},
					Fixes:    []finding.Fix{{Message: "remove go.goroot: the extension asks go env", Safe: true}},
				}, setting.Name, setting.Layer)
			case "go.gopath":
				judgeGopath(p, setting.Value.Text, setting.Layer, finding.Finding{Location: setting.Place})
			}
		}
	},
}

// judgeGopath holds the editor's GOPATH against the environment's, where that is known.
func judgeGopath(p *check.Pass, text, layer string, f finding.Finding) {
	if strings.Contains(text, "${env:") && strings.HasPrefix(layer, "devcontainer.json") {
		f.Message = fmt.Sprintf("go.gopath is %s, which is replaced on the host: the container's variable is not asked", text)
		f.Cause = "${env:…} in devcontainer.json is another name of ${localEnv:…}"
		f.Fixes = []finding.Fix{{Message: "remove go.gopath: the extension asks go env", Safe: true}}
		p.Report(f, layer, "host")
		return
	}
	value := p.View(goenv.RemoteView).Lookup("GOPATH")
	has := strings.Split(value.Effective, ":")[0]
	if value.Unknown != "" || has == "" || strings.Contains(text, "$") || path.Clean(text) == path.Clean(has) {
		return
	}
	if _, ok := p.View(goenv.RemoteView).Environ()["GOPATH"]; !ok {
		project, ok := p.Project.Get()
		if !ok || len(project.Gos) == 0 {
			return // nobody knows how Go comes in, and what comes with it
		}
		// go-debian.sh writes GOPATH into /etc/bash.bashrc, which the userEnvProbe reads, and so do others.
		if install, ok := project.Go(); ok && install.By == "go-debian.sh" && !install.OffPath {
			return
		}
		if _, _, found := inStartupFile(project, "GOPATH"); found {
			return
		}
	}
	f.Message = fmt.Sprintf("go.gopath is %s, but GOPATH of the container is %s: the editor and the terminal use different folders for tools and modules", text, has)
	f.Cause = "GOPATH is set by " + said(value.Origin)
	f.Fixes = []finding.Fix{{Message: "remove go.gopath: the extension asks go env", Safe: true}}
	p.Report(f, layer)
}
