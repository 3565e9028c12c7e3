package resolve

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/dcverify/dcverify/verifier/compose"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// layViews lays the layers of the image, the container and the remote processes, as the reference CLI and the engine do.
func (r *resolver) layViews() {
	if r.build == nil && r.project.Image.Unknown == "" {
		return // nothing that could be made
	}
	inImage := r.imageLayers()
	// With a feature the build ends with devcontainer.json's own containerEnv too; without one it has none.
	var ofImage []goenv.Layer
	if len(r.project.Features) > 0 {
		ofImage = layersOf(r.project.Merged.ContainerEnv, goenv.ContainerEnv, r.Config)
	}
	r.view(goenv.ImageView, inImage, ofImage)

	files, args := r.runArgsLayers()
	container := append(r.composeLayers(), files...)
	container = append(container, r.saidLayers(r.project.Merged.ContainerEnv, goenv.ContainerEnv)...)
	container = append(container, args...)
	r.view(goenv.ContainerView, inImage, container)

	environ, unknown := known(r.views[1])
	remote := r.saidLayers(r.inContainer(r.project.Merged.RemoteEnv, environ, unknown), goenv.RemoteEnv)
	r.view(goenv.RemoteView, inImage, container, remote)
}

func (r *resolver) view(name string, parts ...[]goenv.Layer) {
	view := goenv.View{Name: name}
	for _, part := range parts {
		view.Layers = append(view.Layers, part...)
	}
	r.views = append(r.views, view)
}

// imageLayers is the environment of the image: the base's, what the Dockerfile sets, and what each feature adds.
func (r *resolver) imageLayers() []goenv.Layer {
	base := goenv.Layer{Kind: goenv.Image, Name: r.project.Image.Reference, Set: map[string]string{}, Assumed: r.project.Image.Assumed, Unseen: r.project.Image.Unknown}
	if r.build == nil {
		return []goenv.Layer{base}
	}
	written := goenv.Layer{Kind: goenv.Dockerfile, Set: map[string]string{}, Places: map[string]source.Place{}, Unknown: map[string]string{}}
	inherited, _ := goenv.FromList(r.project.Image.Config.Env)
	for name, value := range inherited {
		base.Set[name] = value
	}
	env := r.build.Env
	for _, v := range env {
		if !v.Place.Known() {
			if _, ok := inherited[v.Name]; ok || r.built() {
				base.Set[v.Name] = v.Value // the builder's own PATH among them, and ONBUILD ENV of the base
			}
			continue
		}
		written.Set[v.Name], written.Places[v.Name] = v.Value, v.Place
		if v.Unknown != "" {
			written.Unknown[v.Name] = v.Unknown
		}
	}
	layers := []goenv.Layer{base}
	if len(written.Set) > 0 {
		layers = append(layers, written)
	}
	for _, feature := range r.project.Features {
		layer := goenv.Layer{Kind: goenv.Feature, Name: feature.Reference, Assumed: feature.Assumed, Unseen: feature.Unknown, Locked: feature.Locked.Note, Set: map[string]string{}}
		if feature.Unknown == "" {
			env = r.extend(env, &layer, feature)
		}
		if len(layer.Set) > 0 || layer.Unseen != "" {
			layers = append(layers, layer)
		}
	}
	return layers
}

// built tells whether an image is built at all: one that is only named, without a feature, is taken as it is.
func (r *resolver) built() bool { return r.project.Build != nil || len(r.project.Features) > 0 }

// extend lets the builder's own rules say what a feature's ENV instructions make of the environment before them. The
// reference CLI writes them right before the feature's installation, with $ left for the builder.
func (r *resolver) extend(env []dockerfile.Variable, layer *goenv.Layer, feature devcontainer.Feature) []dockerfile.Variable {
	said := feature.Env()
	if len(said) == 0 {
		return env
	}
	var text strings.Builder
	base := r.project.Image.Reference // it is named where a value of its is not known
	if base == "" || strings.ContainsAny(base, " \t$") {
		base = "base"
	}
	text.WriteString("FROM " + base + "\n")
	var before []string
	for _, v := range env {
		switch {
		case r.project.Image.Unknown == "":
			before = append(before, v.Name+"="+v.Value)
		case v.Unknown == "":
			fmt.Fprintf(&text, "ENV %s=\"%s\"\n", v.Name, escaped(v.Value))
		}
	}
	lines := strings.Count(text.String(), "\n")
	for _, v := range said {
		fmt.Fprintf(&text, "ENV %s=\"%s\"\n", v.Name, v.Value)
	}
	build := dockerfile.Parse(source.File{Name: "feature", Text: text.String()}).Build(dockerfile.Options{Base: func(string) (dockerfile.Base, bool) {
		return dockerfile.Base{Env: before}, r.project.Image.Unknown == ""
	}})
	for _, p := range build.Problems {
		if p.Kind == "undefined-arg" {
			continue // it becomes empty, which a feature may mean
		}
		r.problem("feature-env", fmt.Sprintf("the containerEnv of %s breaks the build: %s", feature.Reference, p.Message), feature.Place)
	}
	result := []dockerfile.Variable{}
	places := map[string]source.Place{}
	for _, v := range said {
		places[v.Name] = v.Place
	}
	for _, v := range build.Env {
		if v.Place.Line > lines {
			layer.Set[v.Name] = v.Value
			if v.Unknown != "" {
				if layer.Unknown == nil {
					layer.Unknown = map[string]string{}
				}
				layer.Unknown[v.Name] = v.Unknown
			}
			if feature.Kind == "local" {
				if layer.Places == nil {
					layer.Places = map[string]source.Place{}
				}
				layer.Places[v.Name] = places[v.Name]
			} else if feature.Place.Known() { // the file that sets it is no file of the workspace: what brings it is
				if layer.Places == nil {
					layer.Places = map[string]source.Place{}
				}
				layer.Places[v.Name] = feature.Place
			}
		}
		result = append(result, v)
	}
	return result
}

func escaped(value string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(value)
}

// composeLayers is what compose gives the container: env_file, then environment.
func (r *resolver) composeLayers() []goenv.Layer {
	if r.project.Compose == nil {
		return nil
	}
	var layers []goenv.Layer
	for _, part := range []struct {
		kind string
		said []devcontainer.Variable
	}{{goenv.EnvFile, r.fromCompose(r.project.Compose.EnvFile)}, {goenv.Compose, r.fromCompose(r.project.Compose.Environment)}} {
		layers = append(layers, layersOf(part.said, part.kind, "")...)
	}
	return layers
}

func (r *resolver) fromCompose(said []compose.Variable) []devcontainer.Variable {
	var list []devcontainer.Variable
	for _, v := range said {
		variable := devcontainer.Variable{Name: v.Name, Value: v.Value, Unset: v.Unset, Place: v.Place}
		if r.Away && (v.Unset || v.FromHost) {
			variable.Unset, variable.Unknown = false, "the machine on which the container was made decides it"
		}
		list = append(list, variable)
	}
	return list
}

// saidLayers makes a layer of each stretch of says with one origin: label entries first, then devcontainer.json.
func (r *resolver) saidLayers(said []devcontainer.Variable, kind string) []goenv.Layer {
	var label, own []devcontainer.Variable
	for _, v := range said {
		if v.From == devcontainer.LabelEntry {
			label = append(label, v)
		} else {
			own = append(own, v)
		}
	}
	layers := layersOf(label, goenv.Label, "")
	for i := range layers {
		layers[i].Name, layers[i].Assumed = r.project.Image.Reference, r.project.Image.Assumed
	}
	return append(layers, layersOf(own, kind, "")...)
}

// layersOf is one layer of the given says; from keeps those of one source alone.
func layersOf(said []devcontainer.Variable, kind, from string) []goenv.Layer {
	layer := goenv.Layer{Kind: kind, Set: map[string]string{}, Places: map[string]source.Place{}}
	for _, v := range said {
		if from != "" && v.From != from {
			continue
		}
		if v.Unset {
			delete(layer.Set, v.Name)
			layer.Unset = append(layer.Unset, v.Name)
			continue
		}
		layer.Set[v.Name] = v.Value
		if v.Place.Known() {
			layer.Places[v.Name] = v.Place
		}
		if v.Unknown != "" {
			if layer.Unknown == nil {
				layer.Unknown = map[string]string{}
			}
			layer.Unknown[v.Name] = v.Unknown
		} else {
			delete(layer.Unknown, v.Name)
		}
	}
	if len(layer.Set)+len(layer.Unset) == 0 {
		return nil
	}
	return []goenv.Layer{layer}
}

// runArgsLayers is what --env-file and -e among runArgs give the container. A file loses to any -e, also to those that
// containerEnv becomes.
func (r *resolver) runArgsLayers() (files, variables []goenv.Layer) {
	if r.project.Compose != nil {
		return nil, nil // nobody reads runArgs then
	}
	args := devcontainer.ReadRunArgs(r.root, r.Host.Env)
	for i := range args.Env {
		args.Env[i].Unknown = r.decidedAway(args.Env[i])
	}
	r.project.RunArgs = args
	for _, named := range args.EnvFiles {
		file, err := r.envFile(named.Name)
		if err != nil && r.Away {
			// Whoever made the container had it, or there would be none: what it says is not known.
			files = append(files, goenv.Layer{Kind: goenv.RunArgs, Unseen: "the file " + named.Name + " is on the machine on which the container was made"})
			continue
		}
		if err != nil {
			r.missing(file.Name, err, named.Place)
			continue
		}
		list, problems := devcontainer.ParseEnvFile(file, r.Host.Env)
		for _, p := range problems {
			r.problem(p.Kind, p.Message, p.Place)
		}
		files = append(files, layersOf(list, goenv.RunArgs, "")...)
	}
	return files, layersOf(args.Env, goenv.RunArgs, "")
}

// envFile reads a file of --env-file, whose path docker takes from the folder that is opened. The name of the file is that in
// the workspace, where it cannot be read too.
func (r *resolver) envFile(written string) (source.File, error) {
	name := written
	if r.Away {
		name = strings.TrimPrefix(name, "${localWorkspaceFolder}/")
		if devcontainer.OfHost(name) != "" {
			return source.File{Name: name}, fs.ErrNotExist
		}
	}
	name = path.Clean(name)
	if below, ok := strings.CutPrefix(name, path.Clean(r.Host.Workspace)+"/"); ok && path.IsAbs(name) {
		name = below
	}
	if !path.IsAbs(name) {
		name = path.Join(r.folder, name)
	}
	file, err := source.Read(r.workspace, name)
	file.Name = name
	return file, err
}

// inContainer replaces ${containerEnv:…}, the last of the three passes. What refers to a variable that is not known is not
// known either.
func (r *resolver) inContainer(said []devcontainer.Variable, environ goenv.Environ, unknown func(string) string) []devcontainer.Variable {
	pass := devcontainer.InContainer(environ)
	result := make([]devcontainer.Variable, len(said))
	for i, v := range said {
		for _, name := range devcontainer.References(v.Value, "containerEnv") {
			if why := unknown(name); why != "" {
				v.Unknown = why
			}
		}
		if v.Unknown == "" {
			value, surprises := pass.Text(v.Value, v.Place)
			v.Value = value
			r.project.Surprises = append(r.project.Surprises, surprises...)
		}
		result[i] = v
	}
	return result
}

// known splits the container's environment into what is known of it and, by name, why something is not.
func known(view goenv.View) (environ goenv.Environ, unknown func(name string) string) {
	environ = view.Environ()
	for name := range environ {
		if view.Lookup(name).Unknown != "" {
			delete(environ, name)
		}
	}
	return environ, func(name string) string { return view.Lookup(name).Unknown }
}
