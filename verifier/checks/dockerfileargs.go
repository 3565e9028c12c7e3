package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

var argMissing = check.Check{
	Code: "DV208", Name: "arg-missing", Severity: finding.Error, Scope: "S",
	Summary: "FROM or ENV uses an ARG without a value, or a build argument is given that no ARG takes",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok || project.Build == nil {
			return
		}
		build := *project.Build
		broken := false
		for _, problem := range build.Problems {
			broken = broken || problem.Kind == "syntax"
			stage := problem.Stage
			switch {
			case problem.Kind == "empty-from":
				f := finding.Finding{
					Message:  "FROM has no image: " + problem.Message,
					Location: problem.Place,
					Cause:    "an ARG that FROM uses stands before the first FROM, and has no value but its default or the build argument",
					Upstream: []string{"failed to solve: base name (${VARIANT}) should not be blank", "failed to parse stage name: invalid reference format"},
					Fixes:    []finding.Fix{{Message: "give the ARG a default, or pass it in build.args of devcontainer.json", Safe: true}},
				}
				switch {
				case stage >= 0 && stage < len(build.Stages) && !build.Stages[stage].Built:
					f.Severity = finding.Warning // nobody builds it yet
				case emptied(project):
					f.Severity = finding.Info // the machine where it is built, or a .env that nobody commits, may have the value
				}
				p.Report(f, build.File, build.Stages[max(min(stage, len(build.Stages)-1), 0)].From)
			case problem.Kind == "undefined-arg":
				name := goVariableAt(build, problem.Place)
				if name == "" {
					continue
				}
				p.Report(finding.Finding{
					Severity: finding.Warning,
					Message:  fmt.Sprintf("ENV %s: %s", name, problem.Message),
					Location: problem.Place,
					Cause:    "no ARG or ENV before it in this stage, and nothing in the base image, sets the variable",
					Upstream: []string{"UndefinedVar: Usage of undefined variable"},
					Fixes:    []finding.Fix{{Message: "set the variable before, or write the value itself", Safe: true}},
				}, build.File, name, problem.Message)
			}
		}
		if broken {
			return // an ARG may stand in what could not be read
		}
		for _, given := range givenArgs(project) {
			if takes(build, given.name) {
				continue
			}
			p.Report(finding.Finding{
				Severity: finding.Warning,
				Message:  fmt.Sprintf("the build argument %s is given, but no ARG of %s takes it", given.name, build.File),
				Location: given.place,
				Cause:    "a build argument reaches only an ARG of its name",
				Upstream: []string{fmt.Sprintf("[Warning] One or more build-args [%s] were not consumed", given.name)},
				Fixes: []finding.Fix{
					{Message: fmt.Sprintf("add ARG %s to the Dockerfile where it is used", given.name), Safe: true},
					{Message: "remove the argument", Safe: true},
				},
			}, given.name)
		}
	},
}

// emptied tells whether a build argument may be empty because of the machine: devcontainer.json takes it from the host, or
// compose gives it the empty text, which it makes of a variable that nothing sets.
func emptied(project facts.Project) bool {
	for _, m := range project.Config.Root.Get("build", "args").Members {
		if strings.Contains(m.Value.Text, "${localEnv:") || strings.Contains(m.Value.Text, "${env:") {
			return true
		}
	}
	if project.Compose == nil || project.Compose.Build == nil {
		return false
	}
	for _, value := range project.Compose.Build.Args {
		if value == "" {
			return true
		}
	}
	return false
}

// goVariableAt is the Go variable that the ENV instruction at a place sets; empty for others.
func goVariableAt(build dockerfile.Build, place source.Place) string {
	for _, stage := range build.Stages {
		for _, instruction := range stage.Instructions {
			if instruction.Keyword != "ENV" || place.Line < instruction.Place.Line || place.Line > max(instruction.Place.EndLine, instruction.Place.Line) {
				continue
			}
			for i := 0; i < len(instruction.Words); i += 2 {
				if slices.Contains(goenv.Variables, instruction.Words[i]) {
					return instruction.Words[i]
				}
			}
		}
	}
	return ""
}

type givenArg struct {
	name  string
	place source.Place
}

// givenArgs is the build arguments of devcontainer.json, or of the compose service.
func givenArgs(project facts.Project) []givenArg {
	var given []givenArg
	if project.Compose != nil {
		if build := project.Compose.Build; build != nil {
			for name := range build.Args {
				given = append(given, givenArg{name, build.ArgPlaces[name]})
			}
		}
		slices.SortFunc(given, func(a, b givenArg) int { return strings.Compare(a.name, b.name) })
		return given
	}
	args := project.Config.Root.Get("build", "args")
	if !args.Is(jsonc.Object) {
		return nil
	}
	for _, member := range args.Members {
		given = append(given, givenArg{member.Name, member.Place})
	}
	return given
}

// takes tells whether a build takes an argument: by an ARG, or because the builder or the reference CLI brings it.
func takes(build dockerfile.Build, name string) bool {
	return dockerfile.Predefined(name) || name == "_DEV_CONTAINERS_BASE_IMAGE" ||
		slices.ContainsFunc(build.Args, func(a dockerfile.Arg) bool { return a.Name == name })
}
