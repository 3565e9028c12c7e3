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
)

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
				if match == "" || v.From != project.Config.File || slices.Contains([]string{"PATH", "GOPATH", "GOMODCACHE"}, v.Name) {
					continue // PATH is DV302's, and the others DV109's
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
