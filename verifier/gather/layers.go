//go:build linux

package gather

import (
	"cmp"
	"maps"
	"path/filepath"
	"strings"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

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
		declared.Declare(g.config.ContainerEnv(), container)
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
	layers = append(layers, g.remoteLayers(probed, remote)...)
	return append(layers, e.editor().layers[name]...)
}

// remoteLayers tells what remoteEnv sets from what this process was started with otherwise, by a shell or by hand.
func (g *gatherer) remoteLayers(probed, remote goenv.Environ) []goenv.Layer {
	started := goenv.Difference(goenv.Process, probed, remote)
	declared := goenv.Layer{Kind: goenv.RemoteEnv, Set: map[string]string{}}
	for name := range g.config.RemoteEnv() {
		if value, ok := started.Set[name]; ok {
			declared.Set[name] = value
			delete(started.Set, name)
		}
	}
	declared.Declare(g.config.RemoteEnv(), remote)
	return []goenv.Layer{started, declared}
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
