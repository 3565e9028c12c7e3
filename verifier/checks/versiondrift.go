package checks

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/pinned"
	"github.com/dcverify/dcverify/verifier/source"
)

var versionDrift = check.Check{
	Code: "DV305", Name: "version-drift", Severity: finding.Error, Scope: "S",
	Summary: "go.work allows less than its modules ask for; as information, a workflow, version manager or variable that names another minor of Go than the container has",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		workBehind(p, project)
		install, ok := usedGo(p, project)
		if !ok || goenv.Minor(install.Version) == "" {
			p.Skip("the files do not tell which Go the container has")
			return
		}
		if known := project.Image.Known; known != nil && known.Moving && strings.HasPrefix(install.By, "image ") {
			p.Skip("%s follows the newest Go", project.Image.Reference)
			return
		}
		drift(p, project, install)
	},
}

// workBehind finds a go.work whose go line is behind that of a module that it uses, which every go since 1.21 refuses
// (cmd/go/internal/modload, init.go, loadModFile).
func workBehind(p *check.Pass, project facts.Project) {
	for _, work := range project.Modules {
		if path.Base(work.File) != "go.work" || work.Problem != "" || work.Go == "" {
			continue
		}
		for _, use := range work.Uses {
			if path.IsAbs(use) {
				continue
			}
			file := path.Join(path.Dir(work.File), use, "go.mod")
			at := slices.IndexFunc(project.Modules, func(m facts.Module) bool { return m.File == file && m.Problem == "" })
			if at < 0 || goenv.CompareVersions(project.Modules[at].Go, work.Go) <= 0 || project.Modules[at].Go == "" {
				continue
			}
			module := project.Modules[at]
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("%s says go %s, but %s, which it uses, asks for go %s: go refuses to work here", work.File, work.Go, module.File, module.Go),
				Location: work.GoPlace,
				Related:  []finding.Related{{Message: "the module asks here", Location: module.GoPlace}},
				Evidence: map[string]string{"go.work": work.Go, "go.mod": module.Go},
				Cause:    "since 1.21 the go line of go.work must be at least that of every module in it",
				Upstream: []string{fmt.Sprintf("go: module %s listed in go.work file requires go >= %s, but go.work lists go %s; to update it:", path.Clean(use), module.Go, work.Go)},
				Fixes:    []finding.Fix{{Message: "write go " + module.Go + " into " + work.File, Safe: true, Commands: []string{"go work use"}}},
			}, work.File, module.File)
		}
	}
}

// drift gathers everybody who names another minor than the container's in one finding: to differ can be meant.
func drift(p *check.Pass, project facts.Project, install facts.GoInstall) {
	minor := goenv.Minor(install.Version)
	var words []string
	var related []finding.Related
	add := func(text, message string, place source.Place) {
		if slices.Contains(words, text) {
			return // one place is enough to find the others by
		}
		words = append(words, text)
		related = append(related, finding.Related{Message: message, Location: place})
	}
	for i, pin := range project.Pinned {
		file := pin.Place.File
		if slices.ContainsFunc(project.Pinned[:i], func(v pinned.Version) bool { return v.Place.File == file }) {
			continue // told with the first of its file
		}
		var others []pinned.Version
		agrees := false
		for _, v := range project.Pinned[i:] {
			if v.Place.File != file {
				continue
			}
			agrees = agrees || v.Minor == minor || v.Newer && goenv.CompareVersions(v.Minor, minor) < 0
			others = append(others, v)
		}
		if agrees {
			continue // of a matrix, or of several jobs, one is enough
		}
		for _, v := range others {
			add(fmt.Sprintf("%s Go %s", file, v.Minor), fmt.Sprintf("%s %s", v.By, v.Text), v.Place)
		}
	}
	for _, v := range namedVersions(project) {
		if named := goenv.Minor(v.value); named != "" && named != minor {
			add(fmt.Sprintf("%s Go %s", v.name, named), fmt.Sprintf("%s is %s", v.name, v.value), v.place)
		}
	}
	if len(words) == 0 {
		return
	}
	p.Report(finding.Finding{
		Severity: finding.Info,
		Message:  fmt.Sprintf("the container has Go %s (%s), but %s", install.Version, install.By, "other files name others: "+strings.Join(words, ", ")),
		Location: install.VersionPlace(),
		Related:  related,
		Evidence: map[string]string{"go": install.Version, "by": install.By},
		Cause:    "each of them was written by itself, and what passes with one Go may fail with another",
		Fixes: []finding.Fix{
			{Message: "write the same minor everywhere; in a workflow go-version-file: go.mod needs no version of its own", Safe: true},
		},
	}, "drift")
}

// namedVersion is a variable that says which Go there is.
type namedVersion struct {
	name, value string
	place       source.Place
}

var (
	versionName = regexp.MustCompile(`^(GOLANG_VERSION|GO_VERSION|GOVERSION)$`)
	versionText = regexp.MustCompile(`^(go)?1\.[0-9]+(\.[0-9]+)?$`)
)

// namedVersions lists the variables of the container that say which Go it has, and the defaults of build arguments that nobody
// replaces. What an image or a feature says of itself is right.
func namedVersions(project facts.Project) []namedVersion {
	var list []namedVersion
	add := func(name, value string, place source.Place) {
		if versionName.MatchString(name) && versionText.MatchString(value) && place.Known() {
			list = append(list, namedVersion{name, value, place})
		}
	}
	if build := project.Build; build != nil {
		given := map[string]bool{}
		for _, m := range project.Config.Root.Get("build", "args").Members {
			given[m.Name] = true
		}
		if project.Compose != nil && project.Compose.Build != nil {
			for name := range project.Compose.Build.Args {
				given[name] = true
			}
		}
		for _, arg := range build.Args {
			if arg.Default != nil && !given[arg.Name] {
				add(arg.Name, *arg.Default, arg.Place)
			}
		}
		for _, v := range build.Env {
			if v.Unknown == "" {
				add(v.Name, v.Value, v.Place)
			}
		}
	}
	for _, object := range []string{"containerEnv", "remoteEnv"} {
		for _, m := range project.Config.Root.Get(object).Members {
			if m.Value.Is(jsonc.String) {
				add(m.Name, m.Value.Text, m.Place)
			}
		}
	}
	return list
}
