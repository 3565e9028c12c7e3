package checks

import (
	"fmt"
	"path"
	"regexp"
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

var runExport = check.Check{
	Code: "DV201", Name: "run-export", Severity: finding.Warning, Scope: "S",
	Summary: "RUN or a lifecycle command exports one of Go's variables or PATH, or sources a file, and ends: nobody ever sees it",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, script := range project.Scripts {
			if script.Kind != "run" && script.Kind != "hook" || script.Shell.Problem != "" || !needed(project, script) {
				continue
			}
			last := lastUseful(script.Shell)
			for i, command := range script.Shell.Commands {
				what, fix := exported(project, script, command)
				if what == "" || i < last || command.Subshell {
					continue
				}
				where, instead := "RUN", "the Dockerfile"
				if script.Kind == "hook" {
					where, instead = script.Name, "containerEnv or remoteEnv of devcontainer.json"
				}
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("%s has no effect: the shell of this %s ends with it", what, where),
					Location: inScript(script, command.Line, command.Column),
					Cause:    "every RUN and every lifecycle command has a shell of its own, and what that exports ends with it",
					Upstream: []string{"go: command not found"},
					Fixes:    []finding.Fix{{Message: fmt.Sprintf("set it in %s: %s", instead, fix), Safe: true}},
				}, script.File, what)
				break
			}
		}
	},
}

// lastUseful is the index of the last command that could use what others have set; -1 for none.
func lastUseful(script shell.Script) int {
	for i, command := range slices.Backward(script.Commands) {
		switch program := command.Program(); {
		case len(command.Words) == 0, slices.Contains([]string{"export", "source", ".", "true", ":", "set", "unset", "exit"}, program):
		case (program == "echo" || program == "printf") && len(command.Redirects) == 0 && !command.Subshell:
		default:
			return i
		}
	}
	return -1
}

// exported says which setting of a command is meant to last, and how to write it so that it does.
func exported(project facts.Project, script facts.Script, command shell.Command) (what, fix string) {
	if program := command.Program(); program == "source" || program == "." {
		if len(command.Words) < 2 || len(command.Redirects) > 0 || !setsGo(project, command.Words[1].Text) {
			return "", ""
		}
		return program + " " + command.Words[1].Text, "the variables of that file, one by one"
	}
	if len(command.Words) > 0 && !command.Is("export") {
		return "", ""
	}
	for _, assign := range command.Assigns {
		if !slices.Contains(goenv.Variables, assign.Name) || assign.Name == "CC" || assign.Name == "CXX" {
			continue
		}
		if len(command.Words) == 0 && !strings.HasPrefix(assign.Name, "GO") && assign.Name != "PATH" {
			continue
		}
		value := script.Env[assign.Name]
		if value != "" && value == strings.Trim(assign.Value.Text, `"`) {
			continue // it has that value anyway
		}
		if assign.Name == "PATH" && onlyKnownFolders(assign.Value.Text, value) {
			continue
		}
		text := assign.Name
		if len(command.Words) > 0 {
			text = "export " + text
		}
		return text, fmt.Sprintf("ENV %s=%s", assign.Name, assign.Value.Text)
	}
	return "", ""
}

var (
	managers    = regexp.MustCompile(`(^|/)\.?(gvm|goenv|g)/|/go\.sh$|/go/env$`)
	goVariables = regexp.MustCompile(`(^|[\s;"'])(PATH|GO[A-Z0-9]+)=`)
)

// setsGo tells whether a file is seen to set one of Go's variables or PATH: it belongs to a manager of Go releases, or a
// script of the project writes them into it.
func setsGo(project facts.Project, file string) bool {
	if managers.MatchString(file) {
		return true
	}
	for _, script := range project.Scripts {
		for _, command := range script.Shell.Commands {
			for _, write := range command.Writes() {
				if path.Base(write.File.Text) == path.Base(file) && slices.ContainsFunc(write.Text, func(w shell.Word) bool { return goVariables.MatchString(w.Text) }) {
					return true
				}
			}
		}
	}
	return false
}

// onlyKnownFolders tells whether a PATH brings nothing that the one before has not.
func onlyKnownFolders(text, before string) bool {
	if before == "" {
		return false
	}
	folders := strings.Split(before, ":")
	for _, folder := range strings.Split(text, ":") {
		if folder != "$PATH" && folder != "${PATH}" && !slices.Contains(folders, folder) {
			return false
		}
	}
	return true
}

var envLostBetweenStages = check.Check{
	Code: "DV202", Name: "env-lost-between-stages", Severity: finding.Warning, Scope: "S",
	Summary: "Go is copied from another stage, and the variables that ENV sets there do not come along",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok || project.Build == nil {
			return
		}
		for _, instruction := range targetInstructions(project) {
			if instruction.Keyword != "COPY" || len(instruction.Words) < 2 {
				continue
			}
			at := stageOf(*project.Build, instructionFlag(instruction, "from"))
			if at < 0 || !copiesGo(instruction) {
				continue
			}
			for _, v := range project.Build.Stages[at].Env {
				if !v.Place.Known() || v.Name == "PATH" || v.Value == "" || !slices.Contains(goenv.Variables, v.Name) || declaredAnywhere(project, v.Name) {
					continue
				}
				// What only concerns how that stage compiles is meant for it alone.
				if slices.Contains([]string{"CGO_ENABLED", "GOOS", "GOARCH", "GOFLAGS", "GOAMD64", "GOARM64", "CC", "CXX", "GOCACHE", "GOTMPDIR"}, v.Name) {
					continue
				}
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("%s is set in the stage %s, from which Go is copied, but not in the dev container", v.Name, stageName(*project.Build, at)),
					Location: v.Place,
					Related:  []finding.Related{{Message: "here Go is copied", Location: instruction.Place}},
					Cause:    "COPY --from takes files; the environment of the other stage stays behind",
					Upstream: []string{"go: command not found"},
					Fixes:    []finding.Fix{{Message: fmt.Sprintf("repeat it behind the COPY: ENV %s=…", v.Name), Safe: true}},
				}, project.Build.File, v.Name)
			}
		}
	},
}

// instructionFlag is the value of --name=value of an instruction.
func instructionFlag(instruction dockerfile.Instruction, name string) string {
	for _, flag := range instruction.Flags {
		if value, ok := strings.CutPrefix(flag, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

func stageOf(build dockerfile.Build, name string) int {
	for i, stage := range build.Stages {
		if name != "" && (strings.EqualFold(stage.Name, name) || name == fmt.Sprint(i)) {
			return i
		}
	}
	return -1
}

func stageName(build dockerfile.Build, at int) string {
	if name := build.Stages[at].Name; name != "" {
		return name
	}
	return fmt.Sprint(at)
}

// copiesGo tells whether a COPY takes a whole Go, and not a program that was built with it.
func copiesGo(instruction dockerfile.Instruction) bool {
	return slices.ContainsFunc(instruction.Words[:len(instruction.Words)-1], func(word string) bool {
		return path.Clean(word) == "/usr/local/go" || path.Clean(word) == "/usr/local"
	})
}

// declaredAnywhere tells whether somebody sets a variable for the finished container.
func declaredAnywhere(project facts.Project, name string) bool {
	if _, ok := variableOf(project.Build.Env, name); ok {
		return true
	}
	for _, v := range slices.Concat(project.Merged.ContainerEnv, project.Merged.RemoteEnv) {
		if v.Name == name {
			return true
		}
	}
	if project.Compose != nil {
		for _, v := range slices.Concat(project.Compose.EnvFile, project.Compose.Environment) {
			if v.Name == name {
				return true
			}
		}
	}
	return slices.ContainsFunc(project.Views, func(v goenv.View) bool {
		value := v.Lookup(name)
		return value.Set || value.Unknown != ""
	})
}

var envPathClobbered = check.Check{
	Code: "DV203", Name: "env-path-clobbered", Severity: finding.Error, Scope: "S",
	Summary: "ENV PATH without the old PATH: the system's programs, or go, are no longer found",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok || project.Build == nil {
			return
		}
		v, ok := variableOf(project.Build.Env, "PATH")
		if !ok || v.Unknown != "" || !v.Place.Known() || strings.Contains(v.Value, "$") {
			return
		}
		folders := cleaned(strings.Split(v.Value, ":"))
		lost := ""
		switch {
		case !slices.Contains(folders, "/usr/bin") && !slices.Contains(folders, "/bin"):
			lost = "/usr/bin"
		default:
			// Features put their own Go onto PATH behind this; what is linked into another folder is found there.
			for _, g := range project.Gos {
				bin := path.Join(g.Root, "bin")
				had := slices.ContainsFunc(v.Shadows, func(s dockerfile.Setting) bool {
					return slices.Contains(cleaned(strings.Split(s.Value, ":")), bin)
				})
				if g.Stage >= 0 || g.Root == "" || !had || slices.Contains(folders, bin) || strings.HasPrefix(g.By, "feature ") || linked(project, bin) {
					continue
				}
				lost = bin
			}
		}
		if lost == "" || restored(project, lost) {
			return
		}
		p.Report(finding.Finding{
			Message:  fmt.Sprintf("ENV PATH drops the PATH of before: %s is no longer on it", lost),
			Location: v.Place,
			Evidence: map[string]string{"PATH": v.Value},
			Cause:    "ENV replaces the whole value; only what it repeats of the old one stays",
			Upstream: []string{"go: command not found", `exec: "bash": executable file not found in $PATH`},
			Fixes:    []finding.Fix{{Message: "keep the old value: ENV PATH=" + strings.Join(firstOf(folders, 3), ":") + ":$PATH", Safe: true}},
		}, project.Build.File, lost)
	},
}

func firstOf(list []string, n int) []string { return list[:min(n, len(list))] }

// linked tells whether somebody links or copies programs out of a folder.
func linked(project facts.Project, folder string) bool {
	for _, s := range project.Scripts {
		for _, c := range s.Shell.Commands {
			if slices.Contains([]string{"ln", "cp", "mv", "update-alternatives"}, c.Program()) &&
				slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return strings.HasPrefix(w.Text, folder) }) {
				return true
			}
		}
	}
	return false
}

// restored tells whether containerEnv or remoteEnv puts a folder back onto PATH.
func restored(project facts.Project, folder string) bool {
	for _, v := range slices.Concat(project.Merged.ContainerEnv, project.Merged.RemoteEnv) {
		if v.Name == "PATH" && slices.Contains(strings.Split(v.Value, ":"), folder) {
			return true
		}
	}
	return false
}

var runBeforeFeature = check.Check{
	Code: "DV204", Name: "run-before-feature", Severity: finding.Warning, Scope: "S",
	Summary: "a RUN of the Dockerfile uses go, which only a feature brings: features are installed after the Dockerfile is built",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok || project.Build == nil || !project.Build.BaseKnown && project.Image.Known == nil {
			return
		}
		feature := slices.IndexFunc(project.Gos, func(g facts.GoInstall) bool { return strings.HasPrefix(g.By, "feature ") })
		if feature < 0 || project.Image.Known != nil && project.Image.Known.Go != "" {
			return
		}
		for _, script := range project.Scripts {
			if script.Kind != "run" || !script.Target || script.Go != nil {
				continue
			}
			for _, command := range script.Shell.Commands {
				if brings(command) {
					return // perhaps a Go, in a way that nobody can tell from outside
				}
				subcommand, _, isGo := command.IsGo()
				if !isGo || command.Maybe || command.Words[0].Text != "go" {
					continue
				}
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("RUN calls `go %s`, but Go comes only with the %s, after the Dockerfile is built", subcommand, project.Gos[feature].By),
					Location: inScript(script, command.Line, command.Column),
					Related:  []finding.Related{{Message: "the feature", Location: project.Gos[feature].Place}},
					Cause:    "the dev container tool first builds the Dockerfile and then installs the features on top of its image",
					Upstream: []string{"/bin/sh: 1: go: not found", "go: command not found"},
					Fixes: []finding.Fix{
						{Message: "move the command to onCreateCommand, which runs when the features are there", Safe: true},
						{Message: "start from an image that has Go, and drop the feature"},
					},
				}, project.Build.File, subcommand)
				return
			}
		}
	},
}

var bringsGo = regexp.MustCompile(`(?i)(^|[^a-z])(go|golang)([^a-z]|$)|gvm|asdf|brew|mise|nix`)

// brings tells whether a command may install a Go.
func brings(c shell.Command) bool {
	if _, _, isGo := c.IsGo(); isGo || c.Program() == "" && len(c.Words) == 0 {
		return false
	}
	if slices.Contains([]string{"sh", "bash", "curl", "wget", "tar", "unzip", "git", "make", "python", "python3", "."}, c.Program()) || strings.Contains(c.Words[0].Text, "/") {
		return true
	}
	return slices.ContainsFunc(c.Args(), func(w shell.Word) bool { return w.Expands || bringsGo.MatchString(w.Text) })
}

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

// takes tells whether a build takes an argument: by an ARG, or BuildKit itself does (its predefined ones, and what begins
// with BUILDKIT_: docs.docker.com/reference/dockerfile, "Predefined ARGs" and "BuildKit built-in build args").
func takes(build dockerfile.Build, name string) bool {
	upper := strings.ToUpper(name)
	if strings.HasPrefix(upper, "BUILDKIT_") || strings.HasSuffix(upper, "_PROXY") || strings.HasPrefix(upper, "TARGET") && len(upper) < 15 ||
		slices.Contains([]string{"BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT", "SOURCE_DATE_EPOCH", "_DEV_CONTAINERS_BASE_IMAGE"}, upper) {
		return true
	}
	return slices.ContainsFunc(build.Args, func(a dockerfile.Arg) bool { return a.Name == name })
}
