//go:build linux

package gather

import (
	"cmp"
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
	"github.com/dcverify/dcverify/verifier/vscode"
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
	if env, ok := g.extensionHost(); ok {
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
	for name, declared := range g.config.RemoteEnv {
		if value, ok := metadata.Substitute(declared.Value, base); ok {
			result.env[name] = value
		}
	}
	return result
}

// extensionHost is the environment in which the editor's server started the process that runs extensions.
func (g *gatherer) extensionHost() (goenv.Environ, bool) {
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		arguments, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if err != nil || !strings.Contains(string(arguments), "\x00--type=extensionHost") {
			continue
		}
		if block, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ")); err == nil {
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

// editor is what the Go extension makes of the remote environment.
type editor struct {
	extension       facts.Part[facts.Extension]
	terminal, tools environment
	layers          map[string][]goenv.Layer // what it lays over the remote view, by view
}

// readEditor repeats what the extension does when it starts: find go, ask it, change PATH.
func (g *gatherer) readEditor(ctx context.Context, remote environment) editor {
	lookup := vscode.Lookup{Env: remote.env, Settings: g.settings, Workspace: g.Workspace, Executable: g.Executable}
	toolsEnvVars := lookup.ToolsEnvVars()
	extension := facts.Extension{Go: lookup.Go(), Settings: g.settings}
	result := editor{
		terminal: environment{view: goenv.TerminalView},
		tools:    environment{view: goenv.ToolsView},
		layers:   map[string][]goenv.Layer{},
	}
	if extension.Go.Path != "" {
		asked := maps.Clone(remote.env)
		maps.Copy(asked, toolsEnvVars.Set)
		extension.Answer = g.askGo(ctx, extension.Go.Path, asked, g.Workspace)
	}
	activation := lookup.Activation(extension.Go, extension.Answer.Env)
	if path, ok := activation.Set["PATH"]; ok {
		extension.Prefix, _, _ = strings.Cut(path, ":")
	}
	result.extension = facts.Known(extension)
	if missing := missingToolchain(extension.Answer.Error); missing != "" {
		why := fmt.Sprintf("the workspace asks for %s, which is not downloaded yet, and without --online dcverify does not download it", missing)
		result.terminal.unknown, result.tools.unknown = why, why
		return result
	}
	terminal := maps.Clone(remote.env)
	maps.Copy(terminal, activation.Set)
	tools := maps.Clone(terminal)
	exported := goenv.Layer{Kind: goenv.Extension, Set: lookup.Exported(extension.Answer.Env)}
	maps.Copy(tools, exported.Set)
	maps.Copy(tools, toolsEnvVars.Set)
	result.terminal.env, result.tools.env = terminal, tools
	result.layers[goenv.TerminalView] = []goenv.Layer{activation}
	result.layers[goenv.ToolsView] = []goenv.Layer{activation, exported, toolsEnvVars}
	return result
}

// views lays everything out for the report: per view its layers, lowest first, with the variables that may be shown.
func (g *gatherer) views(e *environments, commands map[string]facts.Part[facts.GoCommand]) []goenv.View {
	var views []goenv.View
	for _, name := range e.names {
		environment := e.get(name)
		if environment.unknown != "" {
			views = append(views, goenv.View{Name: name, Unknown: environment.unknown})
			continue
		}
		view := goenv.View{Name: name, Layers: g.goLayers(e, environment, commands[name])}
		for _, layer := range g.processLayers(e, name) {
			if layer = layer.Only(goenv.Variables); len(layer.Set)+len(layer.Unset) > 0 {
				view.Layers = append(view.Layers, layer)
			}
		}
		views = append(views, view)
	}
	return views
}

// goLayers is what lies beneath the environment and only the go command reads, lowest first.
func (g *gatherer) goLayers(e *environments, environment environment, command facts.Part[facts.GoCommand]) []goenv.Layer {
	var files []goenv.Layer
	file, hasFile := e.envFile.Get()
	found, hasGo := command.Get()
	if root := cmp.Or(environment.env["GOROOT"], file.Layer.Set["GOROOT"], found.Root); root != "" {
		path := filepath.Join(root, "go.env")
		if text, err := g.Text(path, path); err == nil {
			layer := goenv.ParseFile(text)
			layer.Kind = goenv.GorootEnv
			delete(layer.Set, "GOROOT")
			files = append(files, layer.Only(goenv.Variables))
		}
	}
	if hasFile {
		files = append(files, file.Layer)
	}
	if !hasGo {
		return files
	}
	// What go answers and nobody said is its default.
	defaults := goenv.Layer{Kind: goenv.Default, Set: map[string]string{}}
	for _, name := range goenv.Variables {
		value, said := found.Outside.Env[name], environment.env[name] != ""
		for _, layer := range files {
			said = said || layer.Set[name] != ""
		}
		if value != "" && !said {
			defaults.Set[name] = value
		}
	}
	if found.Root != "" {
		defaults.Set["GOROOT"] = found.Root
	}
	return append([]goenv.Layer{defaults}, files...)
}

// processLayers is how the environment of a view came about.
func (g *gatherer) processLayers(e *environments, name string) []goenv.Layer {
	login := e.login()
	var layers []goenv.Layer
	container := e.fixed[goenv.ContainerView].env
	image := e.fixed[goenv.ImageView]
	switch {
	case !e.inContainer || (name != goenv.ImageView && e.fixed[goenv.ContainerView].unknown != ""):
		layers = []goenv.Layer{{Kind: goenv.Process, Set: e.get(name).env}}
		if name == goenv.TerminalView || name == goenv.ToolsView {
			layers = append([]goenv.Layer{{Kind: goenv.Process, Set: e.get(goenv.RemoteView).env}}, e.editor().layers[name]...)
		}
		return layers
	case image.env == nil:
		layers = append(layers, goenv.Layer{Kind: goenv.Process, Set: container})
	default:
		layers = append(layers, g.imageLayers(image.env)...)
		if name == goenv.ImageView {
			return layers
		}
		// The record holds Go's variables and PATH alone; of the others the difference would be noise.
		declared := goenv.Difference(goenv.ContainerEnv, image.env, container)
		declared.Declare(g.config.ContainerEnv, container)
		layers = append(layers, declared)
	}
	switch name {
	case goenv.ContainerView:
		return layers
	case goenv.LoginView:
		return append(layers, g.fileLayer(container, login.view.env, login.files))
	}
	remote := e.get(goenv.RemoteView).env
	probed := login.probe.env
	layers = append(layers, g.fileLayer(container, probed, login.files))
	declared := goenv.Difference(goenv.RemoteEnv, probed, remote)
	declared.Declare(g.config.RemoteEnv, remote)
	layers = append(layers, declared)
	return append(layers, e.editor().layers[name]...)
}

// imageLayers tells, of the image's environment, what the workspace's Dockerfile sets from what came otherwise.
func (g *gatherer) imageLayers(env goenv.Environ) []goenv.Layer {
	written := goenv.Layer{Kind: goenv.Dockerfile, Set: map[string]string{}}
	rest := goenv.Layer{Kind: goenv.Image, Set: maps.Clone(env)}
	for name, declared := range g.declared {
		if value, ok := env[name]; ok && (value == declared.Value || strings.Contains(declared.Value, "$")) {
			written.Set[name] = value
			delete(rest.Set, name)
		}
	}
	written.Declare(g.declared, env)
	return []goenv.Layer{rest, written}
}

// fileLayer is what login files changed, with the line that did it where it can be found.
func (g *gatherer) fileLayer(before, after goenv.Environ, files []source.File) goenv.Layer {
	layer := goenv.Difference(goenv.LoginFiles, before, after).Only(goenv.Variables)
	layer.Places = map[string]source.Place{}
	for name := range layer.Set {
		if place, ok := goenv.FindAssignment(files, name); ok {
			layer.Places[name] = place
		}
	}
	return layer
}
