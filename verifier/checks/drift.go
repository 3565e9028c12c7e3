package checks

import (
	"fmt"
	"slices"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

var envDrift = check.Check{
	Code: "DV123", Name: "env-drift", Severity: finding.Error, Scope: "SC",
	Summary: "a Go variable that the files declare has another value in the running container, which must be rebuilt; or they give it two",
	Needs:   []facts.Need{facts.Environment, facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		if _, onlyFiles := predicted(p); onlyFiles {
			predictDrift(p)
			return
		}
		for _, name := range goenv.Variables {
			if name == "PATH" {
				continue // everybody adds to it on the way
			}
			type drift struct {
				goenv.Origin
				declared, has string
				views         []string
			}
			var drifts []drift
			for _, expected := range project.Views {
				seen := p.View(expected.Name)
				if (expected.Name != goenv.ContainerView && expected.Name != goenv.RemoteView) || expected.Unknown != "" || seen.Unknown != "" {
					continue
				}
				want, got := expected.Lookup(name), seen.Lookup(name)
				declared := want.Unknown == "" && want.Set && want.Origin.Place.Known() && want.Origin.Assumed == "" && want.Value == want.Origin.Value
				if !declared || got.Unknown != "" || want.Value == got.Value {
					continue // an empty value and none are the same to go
				}
				if got.Origin.Layer == goenv.LoginFiles {
					continue // a start-up file of the container is stronger, whenever that was made
				}
				at := slices.IndexFunc(drifts, func(d drift) bool { return d.Place == want.Origin.Place && d.has == got.Value })
				if at < 0 {
					at = len(drifts)
					drifts = append(drifts, drift{Origin: want.Origin, declared: want.Value, has: got.Value})
				}
				drifts[at].views = append(drifts[at].views, expected.Name)
			}
			for _, d := range drifts {
				fix := finding.Fix{Message: "rebuild the container", Commands: []string{"devcontainer up --remove-existing-container --workspace-folder ."}}
				if d.Layer == goenv.RemoteEnv {
					fix = finding.Fix{Message: "reload the editor's window, or rebuild the container", Safe: true}
				}
				d.declared, d.has = withoutCredentials(d.declared), withoutCredentials(d.has)
				p.Report(finding.Finding{
					Message: fmt.Sprintf("%s sets %s=%s, but the container has %s (view %s): it was made before this change",
						layerName(d.Origin), name, quoted(d.declared), quoted(d.has), list(d.views)),
					Location: d.Place,
					Cause:    "environments are made with the container; an edited file changes nothing in one that runs",
					Evidence: map[string]string{"variable": name, "declared": d.declared, "container": d.has, "views": list(d.views)},
					Fixes:    []finding.Fix{fix},
				}, name, d.Layer)
			}
		}
	},
}

// predictDrift finds a variable to which the project's own files give one value in the container and another in remoteEnv: lifecycle
// commands and the editor then build with other settings than `docker exec`. Of GOROOT DV104 speaks.
func predictDrift(p *check.Pass) {
	container, remote := p.View(goenv.ContainerView), p.View(goenv.RemoteView)
	for _, name := range goenv.Variables {
		had, has := container.Lookup(name), remote.Lookup(name)
		declared := had.Set && had.Unknown == "" && had.Value != "" && had.Origin.Place.Known() && had.Origin.Assumed == ""
		if name == "PATH" || name == "GOROOT" || !declared || has.Unknown != "" || has.Origin.Layer != goenv.RemoteEnv || has.Value == "" || has.Value == had.Value {
			continue
		}
		before, after := quoted(withoutCredentials(had.Value)), quoted(withoutCredentials(has.Value))
		p.Report(finding.Finding{
			Severity: finding.Warning,
			Message:  fmt.Sprintf("%s is %s for whatever runs in the container, and %s for lifecycle commands and the editor (view remote)", name, before, after),
			Location: has.Origin.Place,
			Related:  []finding.Related{{Message: layerName(had.Origin) + " sets " + before, Location: had.Origin.Place}},
			Cause:    "remoteEnv reaches only what the dev container tools start; `docker exec`, PID 1 and its children keep the other value",
			Evidence: map[string]string{"variable": name, "container": before, "remote": after},
			Fixes:    []finding.Fix{{Message: "say it once, in containerEnv, which everything sees", Safe: true}},
		}, name)
	}
}
