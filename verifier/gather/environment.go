//go:build linux

package gather

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/metadata"
	"github.com/dcverify/dcverify/verifier/source"
)

// environment is what one view's processes get, or why that is not known.
type environment struct {
	view    string
	env     goenv.Environ
	unknown string
}

// environments is every view's environment. Those that take time to learn are functions that wait.
type environments struct {
	names       []string // the views that exist on this target, in order
	inContainer bool
	fixed       map[string]environment
	login       func() loginShells
	editor      func() editor
	envFile     facts.Part[facts.EnvFile]
}

func (e *environments) get(view string) environment {
	switch view {
	case goenv.LoginView:
		return e.login().view
	case goenv.TerminalView:
		return e.editor().terminal
	case goenv.ToolsView:
		return e.editor().tools
	}
	return e.fixed[view]
}

func (e *environments) shells() facts.Part[[]facts.Shell]      { return e.login().shells }
func (e *environments) extension() facts.Part[facts.Extension] { return e.editor().extension }

// environments finds out what every process class here sees.
func (g *gatherer) environments(ctx context.Context) *environments {
	e := &environments{fixed: map[string]environment{}}
	image, container := g.imageEnvironment(), g.containerEnvironment()
	e.inContainer = g.isContainer()
	e.fixed[goenv.ImageView], e.fixed[goenv.ContainerView] = image, container
	if image.env != nil || image.unknown != "" {
		e.names = append(e.names, goenv.ImageView)
	}
	if e.inContainer {
		e.names = append(e.names, goenv.ContainerView)
	}
	e.names = append(e.names, goenv.LoginView, goenv.RemoteView, goenv.TerminalView, goenv.ToolsView)

	// Shells start from what `docker exec` gives them; on a plain machine from what this process has.
	base := g.Environ
	if e.inContainer && container.unknown == "" {
		base = container.env
	}
	e.login = async(func() loginShells { return g.loginShells(ctx, base) })
	remote := g.remoteEnvironment(e, base)
	e.fixed[goenv.RemoteView] = remote
	e.envFile = g.readEnvFile(remote.env)
	e.editor = async(func() editor { return g.readEditor(ctx, remote) })
	return e
}

// isContainer tells a container from a machine by what engines and the feature leave behind.
func (g *gatherer) isContainer() bool {
	for _, path := range []string{RecordPath, "/.dockerenv", "/run/.containerenv", touchedMarker} {
		if _, err := os.Stat(path); err == nil {
			return true
		}
	}
	return g.Environ["REMOTE_CONTAINERS"] != "" || g.Environ["container"] != ""
}

// imageEnvironment is what install.sh recorded; nothing where the feature was not installed.
func (g *gatherer) imageEnvironment() environment {
	result := environment{view: goenv.ImageView}
	text, err := g.Text(RecordPath, RecordPath)
	if err != nil {
		return result
	}
	var record Record
	if err := json.Unmarshal([]byte(text.Text), &record); err != nil {
		result.unknown = fmt.Sprintf("the record %s is damaged: %v", RecordPath, err)
		return result
	}
	result.env = record.Env
	return result
}

// touchedMarker is there once the reference CLI has written the container's environment into /etc/environment
// (devcontainers/cli, src/spec-common/injectHeadless.ts, patchEtcEnvironment).
const touchedMarker = "/var/devcontainer"

// containerEnvironment is what `docker exec` gives the remote user: the environment of PID 1 with the user's own HOME. Only
// its own user and root may read that of PID 1; for others the reference CLI leaves a copy in /etc/environment.
func (g *gatherer) containerEnvironment() environment {
	result := environment{view: goenv.ContainerView}
	if block, err := os.ReadFile("/proc/1/environ"); err == nil {
		var malformed []string
		result.env, malformed = goenv.ParseBlock(block)
		for _, entry := range malformed {
			g.problems = append(g.problems, fmt.Sprintf("the environment of PID 1 has an entry without a name or a value: %q", entry))
		}
	} else if _, untouched := os.Stat(touchedMarker); untouched == nil {
		if file, err := g.Text("/etc/environment", "/etc/environment"); err == nil {
			result.env = parseEtcEnvironment(file)
		}
	}
	if result.env == nil {
		result.unknown = fmt.Sprintf("user %s may not read the environment of PID 1, and no dev container tool left a record of it in /etc/environment", g.system.User)
		return result
	}
	result.env["HOME"] = g.system.Home
	return result
}

// parseEtcEnvironment reads NAME="value" lines as the reference CLI writes them: quotes around, nothing escaped.
func parseEtcEnvironment(file source.File) goenv.Environ {
	env := goenv.Environ{}
	for line := range strings.Lines(file.Text) {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !ok || name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		if len(value) >= 2 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
			value = value[1 : len(value)-1]
		}
		env[name] = value
	}
	return env
}

// remoteEnvironment is that of the editor's server if one runs, and else that of this process, unless `docker exec` started
// it: then it is put together as the reference CLI does it, container, then shell probe, then remoteEnv.
func (g *gatherer) remoteEnvironment(e *environments, base goenv.Environ) environment {
	result := environment{view: goenv.RemoteView, env: g.Environ}
	if g.From == goenv.RemoteView {
		return result
	}
	if env, ok := extensionHost(g.proc); ok {
		result.env = env
		return result
	}
	_, touched := os.Stat(touchedMarker)
	fromEngine := g.Environ["SHLVL"] == "" && g.Environ["_"] == "" && g.Environ["TERM_PROGRAM"] == ""
	if g.From != goenv.ContainerView && (!e.inContainer || touched != nil || !fromEngine) {
		return result
	}
	result.env = maps.Clone(base)
	maps.Copy(result.env, e.login().probe.env)
	for name, declared := range g.config.RemoteEnv() {
		if value, ok := metadata.Substitute(declared.Value, base); ok {
			result.env[name] = value
		}
	}
	return result
}

// extensionHost is the environment in which the editor's server started the process that runs extensions.
func extensionHost(proc string) (goenv.Environ, bool) {
	entries, _ := os.ReadDir(proc)
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		arguments, err := os.ReadFile(filepath.Join(proc, entry.Name(), "cmdline"))
		if err != nil || !strings.Contains(string(arguments), "\x00--type=extensionHost") {
			continue
		}
		if block, err := os.ReadFile(filepath.Join(proc, entry.Name(), "environ")); err == nil {
			env, _ := goenv.ParseBlock(block)
			return env, true
		}
	}
	return nil, false
}

// readEnvFile reads the file of `go env -w`, found as the go command finds it: GOENV, or the user's configuration folder.
func (g *gatherer) readEnvFile(env goenv.Environ) facts.Part[facts.EnvFile] {
	path := env["GOENV"]
	switch {
	case path == "off":
		return facts.Absent[facts.EnvFile]("GOENV=off")
	case path == "" && env["XDG_CONFIG_HOME"] != "":
		path = filepath.Join(env["XDG_CONFIG_HOME"], "go/env")
	case path == "" && env["HOME"] != "":
		path = filepath.Join(env["HOME"], ".config/go/env")
	case path == "":
		return facts.Absent[facts.EnvFile]("no home folder")
	}
	file, err := g.Text(path, path)
	if os.IsNotExist(err) {
		return facts.Absent[facts.EnvFile](path + " does not exist")
	}
	if err != nil {
		return facts.Failed[facts.EnvFile](err.Error())
	}
	layer := goenv.ParseFile(file)
	layer.Kind = goenv.UserEnvFile
	return facts.Known(facts.EnvFile{Path: path, Layer: layer.Only(goenv.Variables)})
}
