package resolve

import (
	"cmp"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dcverify/dcverify/verifier/compose"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/source"
)

// readImage finds what the container is made of, as the reference CLI does: compose files, a Dockerfile or an image.
func (r *resolver) readImage() {
	switch compose, build := r.root.Get("dockerComposeFile"), r.dockerfileNode(); {
	case compose.Kind != "":
		r.readCompose(compose)
	case build.Kind != "":
		r.context = r.beside(cmp.Or(r.root.Get("build", "context").Text, r.root.Get("context").Text, "."))
		r.argPlaces = placesOf(r.project.Config.Root.Get("build", "args"))
		r.readDockerfile(recipe{
			file: r.beside(build.Text), place: build.Place,
			target: r.root.Get("build", "target").Text, targeted: r.root.Get("build", "target").Place,
			args: texts(r.root.Get("build", "args")),
		})
	default:
		image := r.root.Get("image")
		if !image.Is(jsonc.String) || image.Text == "" {
			if r.project.Config.Refused == "" && len(r.root.Members) > 0 {
				message, place := "it names no image, no Dockerfile and no compose file", source.Place{File: r.Config, Line: 1, Column: 1}
				if service := r.project.Config.Root.Get("service"); service.Kind != "" {
					message, place = "it names a service, and no compose file that has it", service.Place
				}
				r.problem("no-image", message, place)
			}
			r.project.Image.Unknown = "devcontainer.json names no image"
			return
		}
		r.fromImage(image.Text, r.project.Config.Root.Get("image").Place)
	}
}

// dockerfileNode is the path of the Dockerfile as it is written: build.dockerfile, or dockerFile of old.
func (r *resolver) dockerfileNode() jsonc.Node {
	for _, path := range [][]string{{"dockerFile"}, {"build", "dockerfile"}} {
		if node := r.root.Get(path...); node.Is(jsonc.String) && node.Text != "" {
			return node
		}
	}
	return jsonc.Node{}
}

func texts(object jsonc.Node) map[string]string {
	result := map[string]string{}
	for _, m := range object.Members {
		result[m.Name] = m.Value.String()
	}
	return result
}

func placesOf(object jsonc.Node) map[string]source.Place {
	places := map[string]source.Place{}
	for _, m := range object.Members {
		places[m.Name] = m.Place
	}
	return places
}

// recipe is one Dockerfile and what its build is told.
type recipe struct {
	file     string       // relative to the workspace
	text     string       // instead of a file: dockerfile_inline
	place    source.Place // who names it
	target   string
	targeted source.Place // who names the target
	args     map[string]string
	platform string
}

func (r *resolver) readDockerfile(recipe recipe) {
	file := source.File{Name: recipe.file, Text: recipe.text}
	if recipe.text == "" {
		var err error
		if file, err = source.Read(r.workspace, recipe.file); err != nil {
			r.missing(recipe.file, err, recipe.place)
			r.project.Image.Unknown = recipe.file + " cannot be read"
			return
		}
		r.exists(recipe.file)
	}
	if mark := "\ufeff"; strings.HasPrefix(file.Text, mark) && !r.Away {
		r.problem("cli-fails", "the reference CLI writes an ARG above the byte order mark, which the builder then takes for a part of the first instruction", file.Place(0, len(mark)))
	}
	file = r.withoutEscape(file)
	options := dockerfile.Options{Target: recipe.target, Args: recipe.args, Platform: recipe.platform, Base: r.base}
	parsed := dockerfile.Parse(file)
	build, reading := parsed.Build(options), parsed.CLI(options)
	r.reading = &reading
	for _, p := range build.Problems {
		if p.Kind != "undefined-arg" && (p.Stage < 0 || p.Stage >= len(build.Stages) || build.Stages[p.Stage].Built) {
			r.problem(p.Kind, p.Message, cmp.Or(p.Place, recipe.targeted)) // only a target's name is in no Dockerfile
		}
	}
	r.build, r.project.Build = &build, &build
	r.project.Image.Reference = build.Image
	if build.Target < 0 || build.Target >= len(build.Stages) {
		r.project.Image.Unknown = "the Dockerfile has no stage to build"
		return
	}
	bottom := build.Target
	for build.Stages[bottom].Parent >= 0 {
		bottom = build.Stages[bottom].Parent
	}
	r.describe(build.Image, build.Stages[bottom].ImagePlace)
}

// escapeDirective is the line that makes another character escape, which only counts above everything else.
var escapeDirective = regexp.MustCompile(`(?i)^((?:#[ \t]*[a-z]+[ \t]*=[^\n]*\n)*#[ \t]*escape[ \t]*)(=)`)

// withoutEscape takes the directive away that the reference CLI disarms: it writes an ARG above the file, below which it is
// a comment. Every offset stays.
func (r *resolver) withoutEscape(file source.File) source.File {
	at := escapeDirective.FindStringSubmatchIndex(file.Text)
	if at == nil {
		return file
	}
	r.problem("escape", "the reference CLI writes an ARG above the Dockerfile, so that the escape directive is a comment", file.Place(at[4], at[5]))
	file.Text = file.Text[:at[4]] + ":" + file.Text[at[5]:]
	return file
}

// fromImage makes of an image what a Dockerfile that only says FROM it would make.
func (r *resolver) fromImage(reference string, place source.Place) {
	r.describe(reference, place)
	if strings.ContainsAny(reference, " \t\n$") {
		r.problem("bad-image", "\""+reference+"\" is no name of an image", place)
		r.project.Image.Unknown = "its name is none"
		return
	}
	build := dockerfile.Parse(source.File{Text: "FROM " + reference + "\n"}).Build(dockerfile.Options{Base: r.base})
	r.build = &build
}

// base is the configuration of an image: what somebody knows who has it, or else the table of well-known images.
func (r *resolver) base(reference string) (dockerfile.Base, bool) {
	image := r.look(reference)
	return image.Config, image.Unknown == ""
}

// look asks for an image once.
func (r *resolver) look(reference string) facts.BaseImage {
	if image, ok := r.images[reference]; ok {
		return image
	}
	image := facts.BaseImage{Reference: reference, Unknown: "the configuration of " + reference + " is not at hand"}
	if known, ok := knowledge.ImageOf(reference); ok {
		image.Known = &known
		if known.HasConfig {
			image.Config, image.Assumed, image.Unknown = known.Config, known.Source, ""
		}
	}
	if r.Image != nil && reference != "scratch" && reference != "" {
		if config, from, ok := r.Image(reference); ok {
			image.Config, image.From, image.Assumed, image.Unknown = config, from, "", ""
		}
	}
	if reference == "scratch" {
		image.Unknown = ""
	}
	if r.images == nil {
		r.images = map[string]facts.BaseImage{}
	}
	r.images[reference] = image
	return image
}

func (r *resolver) describe(reference string, place source.Place) {
	if reference == "" {
		r.project.Image.Unknown = "its name cannot be told"
		r.project.Image.Place = place
		return
	}
	r.project.Image = r.look(reference)
	r.project.Image.Place = place
	if r.project.Image.Unknown == "" {
		label, problems := devcontainer.ParseLabel(r.project.Image.Config.Labels[devcontainer.LabelName])
		for _, p := range problems {
			r.problem(p.Kind, p.Message, place)
		}
		r.project.Label = label
		for _, entry := range label {
			for _, p := range devcontainer.Shapes(entry.Root) {
				if p.Kind == "type-stops" {
					r.problem(p.Kind, "in the metadata label of "+reference+" "+p.Message, place)
				}
			}
		}
	}
}

// readCompose reads the service that is the dev container.
func (r *resolver) readCompose(node jsonc.Node) {
	var files []string
	for _, file := range append(node.Elements, node) {
		if file.Is(jsonc.String) {
			files = append(files, r.beside(file.Text))
		}
	}
	if len(files) == 0 {
		files = r.defaultComposeFiles()
	}
	for i, file := range files {
		if _, err := source.Read(r.workspace, file); err != nil {
			place := node.Place
			if i < len(node.Elements) {
				place = node.Elements[i].Place
			}
			r.missing(file, err, place)
		}
	}
	name := r.root.Get("service")
	service, problems := compose.Read(r.workspace, files, name.Text, r.Host.Env)
	for _, p := range problems {
		if p.Kind == "missing-file" && p.Place.Line == 0 {
			continue // said above, where it is named
		}
		place := p.Place
		switch {
		case p.Kind == "missing-service" && name.Place.Known():
			place = name.Place
		case p.Kind == "missing-service" && name.Kind == "":
			p.Message, place = "it names no service of its compose files", node.Place
		}
		r.problem(p.Kind, p.Message, place)
	}
	r.project.Compose = &service
	switch build := service.Build; {
	case build != nil:
		recipe := recipe{place: build.Place, target: build.Target, targeted: cmp.Or(build.Targeted, build.Place), args: build.Args, text: build.Inline}
		r.context, r.argPlaces = build.Context, build.ArgPlaces
		recipe.file = path.Join(build.Context, cmp.Or(filepath.ToSlash(build.Dockerfile), "Dockerfile"))
		if build.Inline != "" {
			recipe.file = build.Place.File
		}
		r.readDockerfile(recipe)
	case service.Image != "":
		r.fromImage(service.Image, service.ImagePlace)
	default:
		r.project.Image.Unknown = "the compose service has neither image nor build"
		if service.Place.Known() && len(problems) == 0 {
			r.problem("no-image", "the service "+service.Name+" has neither an image nor a build", service.Place)
		}
	}
}

// composeFile is COMPOSE_FILE in a .env file, as the reference CLI looks for it.
var composeFile = regexp.MustCompile(`(?m)^COMPOSE_FILE=(.+)$`)

// defaultComposeFiles is what counts where dockerComposeFile names none: those of COMPOSE_FILE, or docker-compose.yml and its
// override in the folder that is opened (src/spec-configuration/configuration.ts, getDockerComposeFilePaths).
func (r *resolver) defaultComposeFiles() []string {
	named := r.Host.Env["COMPOSE_FILE"]
	if file, err := source.Read(r.workspace, path.Join(r.folder, ".env")); err == nil && named == "" {
		if match := composeFile.FindStringSubmatch(file.Text); match != nil {
			named = strings.TrimSpace(match[1])
		}
	}
	if named != "" {
		var files []string
		for _, name := range strings.Split(named, ":") {
			files = append(files, path.Join(r.folder, name))
		}
		return files
	}
	files := []string{path.Join(r.folder, "docker-compose.yml")}
	if override := path.Join(r.folder, "docker-compose.override.yml"); r.exists(override) {
		files = append(files, override)
	}
	return files
}
