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
	"github.com/dcverify/dcverify/verifier/shell"
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
				where, instead := "RUN", "in the Dockerfile: "+fix
				if script.Kind == "hook" {
					where, instead = script.Name, "in containerEnv or remoteEnv of devcontainer.json"
				} else if strings.ContainsAny(fix, "(`") { // which ENV does not run
					instead = "in the Dockerfile with ENV, its value written out"
				}
				f := finding.Finding{
					Message:  fmt.Sprintf("%s has no effect: the shell of this %s ends with it", what, where),
					Location: inScript(script, command.Line, command.Column),
					Cause:    "every RUN and every lifecycle command has a shell of its own, and what that exports ends with it",
					Upstream: []string{"go: command not found"},
					Fixes:    []finding.Fix{{Message: "set it " + instead, Safe: true}},
				}
				if fix == "" {
					f.Fixes = []finding.Fix{{Message: "take it out, or put it in front of the command that builds for another platform", Safe: true}}
				}
				p.Report(f, script.File, what)
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

// exported says which setting of a command is meant to last, and how to write it so that it does; not how where nobody should.
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
		if assign.Name == "GOOS" || assign.Name == "GOARCH" {
			return text, "" // what the container had by them, nothing that it builds could run there
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
