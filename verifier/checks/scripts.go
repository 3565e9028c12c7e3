package checks

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

// declaredProject is what the files declare. Without it the checks of files have nothing to ask.
func declaredProject(p *check.Pass) (facts.Project, bool) {
	project, ok := p.Project.Get()
	if !ok {
		p.Skip("%s", p.Project.Why())
	}
	return project, ok
}

// inScript is the place of something in a script. A lifecycle command is one JSON string, in which lines and columns mean
// nothing.
func inScript(s facts.Script, line, column int) source.Place {
	if s.Kind == "hook" {
		return s.Place
	}
	return s.Position(line, column)
}

// inBuild tells whether a script runs while an image is built: RUN, an install script of a feature, and what they call.
func inBuild(s facts.Script) bool {
	return s.Stage >= 0 || s.Kind == "run" || s.Kind == "feature" || s.Target
}

// counts tells whether a script has to do with the finished container: it runs in it, or in a stage that it has everything of.
func counts(s facts.Script) bool { return s.Stage < 0 || s.Target }

// needed tells whether a script runs at all: nobody builds a stage that the target does not need.
func needed(project facts.Project, s facts.Script) bool {
	if s.Stage < 0 || s.Target || project.Build == nil || s.Stage >= len(project.Build.Stages) {
		return true
	}
	return project.Build.Stages[s.Stage].Built
}

// runner is the user that a command runs as, and whether that is known.
func runner(s facts.Script, c shell.Command) (string, bool) {
	if c.As != "" {
		return c.As, !strings.ContainsAny(c.As, "$`")
	}
	return s.User.Name, s.User.Unknown == "" && s.User.Name != ""
}

func isRoot(user string) bool {
	return user == "root" || user == "0" || strings.HasPrefix(user, "root:") || strings.HasPrefix(user, "0:")
}

// homeOf is where a user's home folder is by custom; empty where only the image knows.
func homeOf(project facts.Project, s facts.Script, user string) string {
	switch {
	case user == s.User.Name && s.User.Home != "":
		return s.User.Home
	case user == project.RemoteUser.Name && project.RemoteUser.Home != "":
		return project.RemoteUser.Home
	case isRoot(user):
		return "/root"
	case user == "" || user[0] >= '0' && user[0] <= '9':
		return ""
	}
	return "/home/" + user
}

// variable is one of Go's variables as a command sees it. It is not known where it depends on a run.
func variable(s facts.Script, c shell.Command, name, home string) (value string, known bool) {
	value, ok := c.Env[name]
	if !ok {
		return s.Env[name], true
	}
	return plainPath(value, s, home)
}

var referenced = regexp.MustCompile(`\$(\w+|\{\w+\})`)

// plainPath replaces the variables of a path that are known, and ~.
func plainPath(text string, s facts.Script, home string) (string, bool) {
	known := true
	text = referenced.ReplaceAllStringFunc(text, func(reference string) string {
		name := strings.Trim(reference, "${}")
		value, ok := s.Env[name]
		if name == "HOME" {
			value, ok = home, home != ""
		}
		known = known && ok
		return value
	})
	if text == "~" || strings.HasPrefix(text, "~/") {
		known = known && home != ""
		text = home + text[1:]
	}
	return text, known && !strings.ContainsAny(text, "$`?*")
}

// gopathOf is the first folder of GOPATH as a command sees it; empty where it is not known.
func gopathOf(project facts.Project, s facts.Script, c shell.Command) string {
	user, ok := runner(s, c)
	if !ok {
		return ""
	}
	home := homeOf(project, s, user)
	value, known := variable(s, c, "GOPATH", home)
	first, _, _ := strings.Cut(value, ":")
	switch {
	case !known:
		return ""
	case first != "":
		return path.Clean(first)
	case home == "":
		return ""
	}
	return path.Join(home, "go")
}

// remoteGopath is the first folder of GOPATH as the remote user has it; empty where it is not known.
func remoteGopath(project facts.Project) string {
	for _, view := range slices.Backward(project.Views) {
		if view.Unknown != "" {
			continue
		}
		value := view.Lookup("GOPATH")
		if value.Unknown != "" {
			return ""
		}
		if first, _, _ := strings.Cut(value.Effective, ":"); first != "" {
			return path.Clean(first)
		}
		break
	}
	if len(project.Views) == 0 && project.Build != nil {
		if value, ok := variableOf(project.Build.Env, "GOPATH"); ok && value.Unknown == "" && value.Value != "" {
			first, _, _ := strings.Cut(value.Value, ":")
			return path.Clean(first)
		}
	}
	if project.RemoteUser.Unknown == "" && project.RemoteUser.Home != "" {
		return path.Join(project.RemoteUser.Home, "go")
	}
	return ""
}

func variableOf(env []dockerfile.Variable, name string) (dockerfile.Variable, bool) {
	i := slices.IndexFunc(env, func(v dockerfile.Variable) bool { return v.Name == name })
	if i < 0 {
		return dockerfile.Variable{}, false
	}
	return env[i], true
}

// toolchainOf is GOTOOLCHAIN as a command of a script has it: "local", "auto" or a release without its "go". Go before 1.21
// cannot switch.
func toolchainOf(s facts.Script, c shell.Command) (toolchain string, known bool) {
	if s.Go == nil {
		return "", false
	}
	if goenv.CompareVersions(s.Go.Version, "1.21") < 0 && s.Go.Version != "latest" {
		return "local", true
	}
	value, known := variable(s, c, "GOTOOLCHAIN", "")
	value = cmp.Or(value, s.Go.Toolchain, "auto")
	switch {
	case value == "auto" || value == "path" || strings.HasSuffix(value, "+auto") || strings.HasSuffix(value, "+path"):
		return "auto", known
	}
	return strings.TrimPrefix(value, "go"), known
}

// scriptName is a script as messages name it.
func scriptName(s facts.Script) string {
	switch s.Kind {
	case "run":
		return "a RUN of the Dockerfile"
	case "hook":
		return s.Name
	case "feature":
		return "the feature's install.sh"
	}
	return path.Base(s.Name)
}
