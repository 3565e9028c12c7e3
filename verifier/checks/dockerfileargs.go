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
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

var argMissing = check.Check{
	Code: "DV208", Name: "arg-missing", Severity: finding.Error, Scope: "S",
	Summary: "FROM, ENV or RUN uses an ARG that has no value there, or a build argument is given that no ARG takes",
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
		leftBeforeFrom(p, project)
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

// leftBeforeFrom reports RUN instructions that use an ARG of before the first FROM: FROM alone sees it, unless the stage takes it
// again.
func leftBeforeFrom(p *check.Pass, project facts.Project) {
	build := *project.Build
	told := map[string]bool{}
	for _, script := range project.Scripts {
		if script.Kind != "run" || script.Stage < 0 || script.Stage >= len(build.Stages) || !needed(project, script) {
			continue
		}
		for _, word := range usesOf(script.Shell) {
			name := word.Uses[0]
			at := slices.IndexFunc(build.Args, func(a dockerfile.Arg) bool { return a.Name == name && a.Stage < 0 })
			key := fmt.Sprint(name, script.Stage)
			if at < 0 || told[key] || setInStage(build, script, name) {
				continue
			}
			told[key] = true
			f := finding.Finding{
				Message:  fmt.Sprintf("RUN uses $%s, which is empty here: its ARG stands before the first FROM", name),
				Location: inScript(script, word.Line, word.Column),
				Cause:    "an ARG of before the first FROM is for FROM alone, until a stage takes it again",
				Related:  []finding.Related{{Message: "the ARG", Location: build.Args[at].Place}},
				Fixes:    []finding.Fix{{Message: fmt.Sprintf("write ARG %s after the FROM of this stage", name), Safe: true}},
			}
			switch {
			case strings.Contains(word.Text, "@"+reference(word.Text, name)):
				f.Upstream = []string{"version must not be empty"}
			case strings.Contains(word.Text, "/go"+reference(word.Text, name)):
				f.Upstream = []string{"curl: (22) The requested URL returned error: 404", "gzip: stdin: not in gzip format"}
			default:
				f.Severity = finding.Warning // what a command makes of nothing is its own affair
			}
			p.Report(f, build.File, name, fmt.Sprint(script.Stage))
		}
	}
}

// reference is how a word writes a variable.
func reference(text, name string) string {
	if braced := "${" + name + "}"; strings.Contains(text, braced) {
		return braced
	}
	return "$" + name
}

// usesOf is the words of a script that use a variable which the script neither sets nor looks at first, one for each variable.
func usesOf(script shell.Script) []shell.Word {
	var words []shell.Word
	own := map[string]bool{}
	for _, command := range script.Commands {
		for _, assign := range command.Assigns {
			own[assign.Name] = true
		}
		for _, word := range command.Words {
			if slices.Contains([]string{"[", "test", "[[", "read", "getopts"}, command.Program()) {
				own[word.Text] = true
				for _, name := range word.Uses {
					own[name] = true
				}
			}
			for _, name := range word.Uses {
				if strings.Contains(word.Text, "${"+name+"}") || !strings.Contains(word.Text, "${"+name) {
					word.Uses = []string{name}
					words = append(words, word)
				}
			}
		}
	}
	return slices.DeleteFunc(words, func(word shell.Word) bool { return own[word.Uses[0]] })
}

// setInStage tells whether an ARG before a script, or any ENV, gives a variable to the stage or to those that it starts from.
func setInStage(build dockerfile.Build, script facts.Script, name string) bool {
	if slices.ContainsFunc(build.Stages[script.Stage].Env, func(v dockerfile.Variable) bool {
		// Go's official images set both, but of golang:1.26 it is not known which patch it holds.
		return v.Name == name || v.Name == "GOPATH" && name == "GOLANG_VERSION"
	}) {
		return true
	}
	for i := script.Stage; i >= 0; {
		if slices.ContainsFunc(build.Args, func(a dockerfile.Arg) bool {
			return a.Name == name && a.Stage == i && (i != script.Stage || a.Place.Line < script.Place.Line)
		}) {
			return true
		}
		parent := build.Stages[i].Parent
		if parent >= i {
			break
		}
		i = parent
	}
	return false
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
