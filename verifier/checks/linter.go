package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/source"
)

// download is a release of golangci-lint that is not built with the container's Go, but comes with the Go of its authors.
type download struct {
	version string
	place   source.Place
}

var (
	lintRelease = regexp.MustCompile(`golangci-lint/releases/download/(v[0-9]+\.[0-9]+\.[0-9]+)/`)
	lintVersion = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+$`)
)

// predictLinter tells from files whether a downloaded golangci-lint refuses the module: since v1.60 it does where go.mod asks for a
// newer minor than that of the Go which built it (golangci-lint pkg/goutil/version.go).
func predictLinter(p *check.Pass, project facts.Project) {
	// A go.work asks for at least what its modules ask for.
	at := slices.IndexFunc(project.Modules, func(m facts.Module) bool { return m.Main && m.Go != "" })
	if at < 0 {
		p.Skip("no go.mod or go.work tells what the workspace asks for")
		return
	}
	module := project.Modules[at]
	for _, linter := range downloadedLinters(project) {
		built, ok := knowledge.LinterGo(linter.version)
		if !ok || goenv.CompareVersions(built, goenv.Minor(module.Go)) >= 0 {
			continue
		}
		fix := finding.Fix{Message: "take a golangci-lint that was built with Go " + goenv.Minor(module.Go) + " or newer"}
		if first, ok := knowledge.LinterFor(module.Go); ok {
			fix = finding.Fix{Message: "take golangci-lint " + first + " or newer", Safe: true}
		}
		p.Report(finding.Finding{
			Message:  fmt.Sprintf("golangci-lint %s was built with Go %s, and %s asks for Go %s: it refuses to run", linter.version, built, module.File, module.Go),
			Location: linter.place,
			Related:  []finding.Related{{Message: module.File + " asks here", Location: module.GoPlace}},
			Cause:    refusal["golangci-lint"],
			Evidence: map[string]string{"version": linter.version, "builtWith": built, "go": module.Go},
			Upstream: []string{fmt.Sprintf("can't load config: the Go language version (go%s) used to build golangci-lint is lower than the targeted Go version (%s)", built, module.Go)},
			Fixes:    []finding.Fix{fix},
		}, "golangci-lint", linter.version)
	}
}

// downloadedLinters is the releases of golangci-lint that scripts, and options of the Go feature, unpack.
func downloadedLinters(project facts.Project) []download {
	var found []download
	for _, feature := range project.Features {
		version := feature.Options["golangciLintVersion"]
		if knowledge.GoFeature(feature.ID) && lintVersion.MatchString(version) {
			found = append(found, download{"v" + strings.TrimPrefix(version, "v"), feature.OptionPlaces["golangciLintVersion"]})
		}
	}
	variables := map[string]string{}
	for _, v := range slices.Concat(buildArguments(project), environmentOf(project)) {
		variables[v.name] = v.value
	}
	for _, script := range project.Scripts {
		if !needed(project, script) {
			continue
		}
		piped := false // from golangci-lint's install.sh
		for _, command := range script.Shell.Commands {
			piped = piped && command.After == "|" // curl … | sed … | sh
			version := ""
			for _, word := range command.Words {
				text, _ := plainWord(word, variables, "")
				if release := lintRelease.FindStringSubmatch(text); release != nil {
					version = release[1]
				}
				if piped && slices.Contains([]string{"sh", "bash"}, command.Program()) && lintVersion.MatchString(text) {
					version = "v" + strings.TrimPrefix(text, "v")
				}
				piped = piped || strings.Contains(text, "golangci") && strings.HasSuffix(text, "install.sh")
			}
			if version != "" {
				found = append(found, download{version, inScript(script, command.Line, command.Column)})
			}
		}
	}
	return found
}
