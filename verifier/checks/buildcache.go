package checks

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

var buildcacheHealthy = check.Check{
	Code: "DV114", Name: "buildcache-healthy", Severity: finding.Error, Scope: "SC", Hard: true,
	Summary: "the folder for temporary files or the build cache cannot be used: it is relative, or a folder of the workspace that is not there; or a volume for a cache lies where go has none",
	Needs:   []facts.Need{facts.Environment, facts.Declared},
	Run: func(p *check.Pass) {
		for _, s := range declaredValues(p, "GOCACHE") {
			if s.Effective == "off" || path.IsAbs(s.Effective) {
				continue // off has its own words in every go since 1.12
			}
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("GOCACHE=%s is not absolute, and nothing can be built (view %s)", s.Effective, list(s.views)),
				Location: s.Origin.Place,
				Cause:    "it is set by " + said(s.Origin),
				Upstream: []string{"build cache is required, but could not be located: GOCACHE is not an absolute path"},
				Fixes:    []finding.Fix{{Message: "leave GOCACHE out, or write it from the root", Safe: true}},
			}, "GOCACHE", s.Effective)
		}
		project, ok := p.Project.Get()
		if !ok {
			if p.Target.Kind == "workspace" {
				p.Skip("%s", p.Project.Why())
			}
			return
		}
		for _, name := range []string{"GOTMPDIR", "TMPDIR"} {
			folder, place, where := declaredVariable(project, name)
			inside, isInside := project.Inside(folder)
			there, asked := project.Exists[inside]
			made := anyCommand(project, func(c shell.Command) bool { return c.Program() == "mkdir" && mentions(c, path.Base(inside)) })
			if !isInside || !asked || there || made {
				continue
			}
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  fmt.Sprintf("%s=%s is a folder of the workspace that is not in it: go build and go test stop until somebody makes it", name, folder),
				Location: place,
				Cause:    "it is set by " + where + "; go makes its working folder inside of this one, but not this one itself",
				Evidence: map[string]string{name: folder, "missing": inside},
				Upstream: []string{"go: creating work dir: stat " + folder + ": no such file or directory"},
				Fixes: []finding.Fix{
					{Message: "take a folder that every container has, such as /tmp", Safe: true},
					{Message: "or make it in time: \"onCreateCommand\": \"mkdir -p " + inside + "\"", Safe: true},
				},
			}, name, folder)
		}
		idleVolumes(p, project)
	},
}

// idleVolumes finds a volume that is to keep one of Go's caches and is mounted where this Go has none.
func idleVolumes(p *check.Pass, project facts.Project) {
	view := p.View(goenv.RemoteView)
	if p.Target.Kind != "workspace" || project.RemoteUser.Unknown != "" || view.Unknown != "" {
		return
	}
	caches := map[string]string{} // by the variable that moves it
	if gopath := remoteGopath(project); gopath != "" {
		caches["GOMODCACHE"] = path.Join(gopath, "pkg/mod")
	}
	if home := project.RemoteUser.Home; home != "" {
		caches["GOCACHE"] = path.Join(home, ".cache/go-build")
	}
	ends := map[string]string{"GOMODCACHE": "/pkg/mod", "GOCACHE": "/go-build"}
	for _, name := range slices.Sorted(maps.Keys(caches)) {
		cache := caches[name]
		switch value := view.Lookup(name); {
		case value.Unknown != "" || anyCommand(project, func(c shell.Command) bool { return mentions(c, name) }):
			continue
		case value.Effective != "":
			cache = value.Effective
		}
		for _, mount := range volumes(project) {
			target := path.Clean(mount.Target)
			if !strings.HasSuffix(target, ends[name]) || strings.Contains(target, "$") || lies(cache, target) || lies(target, cache) ||
				anyCommand(project, func(c shell.Command) bool { return c.Program() == "ln" && mentions(c, target) }) {
				continue
			}
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  fmt.Sprintf("the volume at %s keeps nothing: %s is %s (view %s)", target, name, cache, view.Name),
				Location: mount.Place,
				Cause:    "a volume keeps what is written below it, and go writes elsewhere",
				Evidence: map[string]string{name: cache, "volume": target},
				Fixes:    []finding.Fix{{Message: "mount it at " + cache, Safe: true}},
			}, name, target)
		}
	}
}

// volumes is all that is mounted by name, of devcontainer.json and of the compose service.
func volumes(project facts.Project) []devcontainer.Mount {
	var found []devcontainer.Mount
	for _, m := range project.Merged.Mounts {
		if m.Type == "volume" {
			found = append(found, m)
		}
	}
	if project.Compose != nil {
		for _, v := range project.Compose.Volumes {
			if v.Type == "volume" {
				found = append(found, devcontainer.Mount{Type: v.Type, Source: v.Source, Target: v.Target, Place: v.Place})
			}
		}
	}
	return found
}

// declaredVariable is the value of a variable that is not Go's, as the files set it: the views, which reports show, have no such.
func declaredVariable(project facts.Project, name string) (value string, place source.Place, where string) {
	if project.Build != nil {
		for _, v := range project.Build.Env {
			if v.Name == name && v.Unknown == "" && v.Place.Known() {
				value, place, where = v.Value, v.Place, "Dockerfile ENV"
			}
		}
	}
	if project.Compose != nil {
		for _, v := range slices.Concat(project.Compose.EnvFile, project.Compose.Environment) {
			if v.Name == name && !v.Unset && !v.FromHost {
				value, place, where = v.Value, v.Place, "the compose service's environment"
			}
		}
	}
	for _, say := range []struct {
		where     string
		variables []devcontainer.Variable
	}{{"containerEnv", project.Merged.ContainerEnv}, {"remoteEnv", project.Merged.RemoteEnv}} {
		for _, v := range say.variables {
			if v.Name == name {
				value, place, where = v.Value, v.Place, say.where
				if v.Unknown != "" {
					value = ""
				}
			}
		}
	}
	return value, place, where
}
