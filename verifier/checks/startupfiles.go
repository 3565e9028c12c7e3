package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/shell"
)

var pathFrozen = check.Check{
	Code: "DV209", Name: "path-frozen", Severity: finding.Error, Scope: "S",
	Summary: "a build writes the PATH of its own time into a start-up file, because $PATH stands there without a backslash or single quotes",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		for _, script := range project.Scripts {
			if !counts(script) {
				continue
			}
			var frozen []finding.Related
			severity, file := finding.Warning, ""
			if !inBuild(script) {
				severity = finding.Info // by then PATH holds what images, features and files put there
			}
			for _, command := range script.Shell.Commands {
				for _, write := range command.Writes() {
					if !freezes(write) {
						continue
					}
					frozen = append(frozen, finding.Related{Message: "and " + write.File.Text, Location: inScript(script, command.Line, command.Column)})
					if file == "" {
						file = write.File.Text
					}
					if inBuild(script) && losesLater(project, script) {
						severity = finding.Error
					}
				}
			}
			if len(frozen) == 0 {
				continue
			}
			p.Report(finding.Finding{
				Severity: severity,
				Message:  fmt.Sprintf("%s writes the PATH of its own moment into %s: the shell expands $PATH before it is written", scriptName(script), file),
				Location: frozen[0].Location,
				Related:  frozen[1:],
				Cause:    "inside of double quotes, and in a here document whose end is not quoted, $PATH is replaced at once; every later shell then gets the old PATH and loses what came after",
				Upstream: []string{"bash: go: command not found"},
				Fixes: []finding.Fix{
					{Message: `write \$PATH, or put the whole text in single quotes: echo 'export PATH=$PATH:…' >> ` + file, Safe: true},
					{Message: "set PATH with ENV in the Dockerfile or containerEnv of the feature, and not in a start-up file", Safe: true},
				},
			}, script.File, file)
		}
	},
}

// startup is the files that shells read when they start. /etc/environment is none: nobody expands anything in it, so that a
// whole PATH must stand there.
var startup = regexp.MustCompile(`(^|/)(\.?bashrc|bash\.bashrc|\.?zshrc|\.?zshenv|\.?zprofile|\.bash_profile|\.bash_login|\.?profile|profile\.d/[^/]+)$`)

var setsPath = regexp.MustCompile(`(^|[\s;"'&])PATH=[^\n]*\$(PATH\b|\{PATH\})`)

func freezes(write shell.Write) bool {
	return startup.MatchString(write.File.Text) && slices.ContainsFunc(write.Text, func(word shell.Word) bool {
		// ${PATH//…/\$PATH} puts the reference in place of what is frozen, as Microsoft's library scripts do.
		return slices.Contains(word.Uses, "PATH") && setsPath.MatchString(word.Text) && !strings.Contains(word.Text, "${PATH/")
	})
}

// losesLater tells whether something comes onto PATH after the script has run: by a feature, a later ENV, or devcontainer.json.
// Without that the frozen PATH holds everything, and does harm only when somebody adds to it.
func losesLater(project facts.Project, script facts.Script) bool {
	if script.Kind == "feature" || script.Kind == "file" && script.Stage < 0 {
		return true // features add to PATH when all of them are installed
	}
	for _, feature := range project.Features {
		for _, name := range []string{"/go", "/node", "/python", "/rust", "/java", "/golang"} {
			if strings.HasSuffix(feature.ID, name) {
				return true
			}
		}
		if feature.Manifest.Get("containerEnv", "PATH").Kind != "" {
			return true
		}
	}
	for _, v := range slices.Concat(project.Merged.ContainerEnv, project.Merged.RemoteEnv) {
		if v.Name == "PATH" {
			return true
		}
	}
	if project.Build != nil {
		if v, ok := variableOf(project.Build.Env, "PATH"); ok && v.Place.Known() && v.Place.Line > script.Line {
			return true
		}
	}
	return false
}

var goEnvWrongUser = check.Check{
	Code: "DV210", Name: "go-env-wrong-user", Severity: finding.Error, Scope: "S",
	Summary: "`go env -w` as root writes root's own file, which the remote user never reads",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok || project.RemoteUser.Unknown != "" || project.RemoteUser.Name == "" || project.RemoteUser.IsRoot() {
			return
		}
		var places []finding.Related
		variables := ""
		for _, script := range project.Scripts {
			if !counts(script) {
				continue
			}
			for _, command := range script.Shell.Commands {
				if slices.ContainsFunc(command.Args(), func(w shell.Word) bool { return strings.Contains(w.Text, ".config/go") }) {
					return // somebody copies or links the file
				}
				user, known := runner(script, command)
				if !known || !isRoot(user) || !command.Is("go", "env", "-w") || command.Env["GOENV"] != "" || script.Env["GOENV"] != "" {
					continue
				}
				var names []string
				for _, word := range command.Words[3:] {
					name, value, _ := strings.Cut(word.Text, "=")
					if name == "GOPATH" && value == remoteGopath(project) {
						continue // the remote user has that anyway
					}
					names = append(names, name)
				}
				if len(names) == 0 {
					continue
				}
				if variables == "" {
					variables = list(names)
				}
				places = append(places, finding.Related{Message: "and here", Location: inScript(script, command.Line, command.Column)})
			}
		}
		if len(places) == 0 {
			return
		}
		p.Report(finding.Finding{
			Message:  fmt.Sprintf("`go env -w` of %s runs as root, but %s works in the container and does not read root's file", variables, project.RemoteUser.Name),
			Location: places[0].Location,
			Related:  places[1:],
			Cause:    "`go env -w` writes into the home folder of whoever runs it: /root/.config/go/env",
			Upstream: []string{"go env shows another value than the Dockerfile set"},
			Fixes: []finding.Fix{
				{Message: "use ENV in the Dockerfile instead: ENV " + strings.ReplaceAll(variables, ", ", "=… ") + "=…", Safe: true},
				{Message: "run it as the remote user: RUN su " + project.RemoteUser.Name + " -c 'go env -w …'", Safe: true},
			},
		}, variables)
	},
}
