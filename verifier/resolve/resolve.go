// Package resolve works out of the files of a workspace what every process of its dev container will see.
//
// Its one rule: it says what the reference CLI and the builder will really make of the files, bugs included; what depends on
// something that is not at hand is unknown or assumed, and says so.
package resolve

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Options is what the resolver is told besides the files of the workspace.
type Options struct {
	Config string            // the devcontainer.json, relative to the workspace
	Host   devcontainer.Host // the machine on which a container would be made
	Away   bool              // that machine is not known: what it decides is not known either

	// Image gives the configuration of an image and who knows it; false where it is not at hand. Nil asks nobody.
	Image func(reference string) (config dockerfile.Base, from string, ok bool)
	// Feature gives the devcontainer-feature.json of an OCI or tarball feature at its address. An error that is
	// fs.ErrNotExist says that there is no such feature; any other only that it is not at hand. Nil asks nobody.
	Feature func(address string) (manifest string, err error)
}

// resolver is one resolution under way.
type resolver struct {
	Options
	workspace fs.FS
	folder    string     // of the project, relative to the workspace: the one that holds .devcontainer
	root      jsonc.Node // devcontainer.json, as far as it is substituted
	project   facts.Project
	unnamed   bool // no container exists yet, so that it has no id

	lock     devcontainer.Lock
	unlocked bool                     // nobody looks at the lock file
	answers  map[string]featureAnswer // by address: what Feature said

	build     *dockerfile.Build          // of the Dockerfile, or of one that only says FROM the image
	reading   *dockerfile.Reading        // what the reference CLI believes of the Dockerfile
	context   string                     // folder of the workspace that the build copies from
	images    map[string]facts.BaseImage // by reference: what was found out
	argPlaces map[string]source.Place    // build arguments that devcontainer.json or compose gives
	views     []goenv.View
}

// Project resolves the dev container that a devcontainer.json declares, and the environments of its processes with all their
// variables. Whatever is wrong with the files stands in the project's Problems.
func Project(workspace fs.FS, options Options) (facts.Project, []goenv.View) {
	r := &resolver{Options: options, workspace: workspace, folder: devcontainer.ProjectFolder(options.Config)}
	file, err := source.Read(workspace, options.Config)
	if err != nil {
		r.missing(options.Config, err, source.Place{File: options.Config})
		return r.project, nil
	}
	r.readConfig(file)
	r.readImage()
	r.readFeatures()
	r.merge()
	r.judgeReading()
	r.readModules()
	r.readPinned()
	r.layViews()
	r.readFolders()
	r.findGos()
	r.readScripts()
	r.findCopied()
	r.readSettings()
	for _, view := range r.views {
		shown := goenv.View{Name: view.Name, Unknown: view.Unknown}
		for _, layer := range view.Layers {
			shown.Layers = append(shown.Layers, layer.Only(goenv.Variables))
		}
		r.project.Views = append(r.project.Views, shown)
	}
	return r.project, r.views
}

// readConfig reads devcontainer.json and substitutes what the host decides.
func (r *resolver) readConfig(file source.File) {
	config := devcontainer.Read(file)
	r.project.Config = config
	for _, p := range append(config.Problems[:len(config.Problems):len(config.Problems)], devcontainer.Shapes(config.Root)...) {
		r.problem(p.Kind, p.Message, p.Place)
	}
	if r.Away {
		r.root = config.Root
		r.project.Folder, _ = r.Host.Folders(config)
		return
	}
	root, surprises := devcontainer.AtRead(r.Host, config).Node(config.Root)
	for _, surprise := range surprises {
		if surprise.Kind == "no-name" {
			r.problem("no-name", surprise.Text+": "+surprise.Message, surprise.Place)
			continue
		}
		r.project.Surprises = append(r.project.Surprises, surprise)
	}
	r.root = root
	if !r.unnamed {
		r.root, _ = devcontainer.WithID(r.Host.ID()).Node(root)
	}
	folder, _ := r.Host.Folders(config)
	r.project.Folder = r.text(folder, source.Place{})
}

// decidedAway tells why a value is not known, where it depends on a machine that is not known.
func (r *resolver) decidedAway(v devcontainer.Variable) string {
	if !r.Away || v.Unknown != "" {
		return v.Unknown
	}
	if form := devcontainer.OfHost(v.Value); form != "" {
		return "the machine on which the container was made decides " + form
	}
	if v.From == "runArgs" && !strings.Contains(v.Raw, "=") {
		return "the machine on which the container was made decides it"
	}
	return ""
}

// text substitutes in a single text what the host decides.
func (r *resolver) text(text string, at source.Place) string {
	text, _ = devcontainer.AtRead(r.Host, r.project.Config).Text(text, at)
	text, _ = devcontainer.WithID(r.Host.ID()).Text(text, at)
	return text
}

func (r *resolver) problem(kind, message string, place source.Place) {
	r.project.Problems = append(r.project.Problems, facts.Problem{Kind: kind, Message: message, Place: place})
}

// missing notes a file that something refers to and that cannot be read; the place is the one that refers to it.
func (r *resolver) missing(name string, err error, place source.Place) {
	switch {
	case filepath.IsLocal(name) && errors.Is(err, fs.ErrNotExist):
		r.exists(name)
		r.problem("missing-file", name+" does not exist", place)
	case !filepath.IsLocal(name), errors.Is(err, fs.ErrInvalid), strings.Contains(err.Error(), "escapes"):
		r.problem("outside", name+" lies outside of the workspace and is not read", place)
	default:
		r.problem("unreadable", fmt.Sprintf("%s cannot be read: %v", name, cause(err)), place)
	}
}

// cause is an error without the path that a message names already.
func cause(err error) error {
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		return inPath.Err
	}
	return err
}

// exists tells whether the workspace has something of that name, and keeps the answer.
func (r *resolver) exists(name string) bool {
	if r.project.Exists == nil {
		r.project.Exists, r.project.Ignored = map[string]bool{}, map[string]bool{}
	}
	if there, asked := r.project.Exists[name]; asked {
		return there
	}
	_, err := fs.Stat(r.workspace, name)
	r.project.Exists[name] = err == nil
	if err != nil {
		r.project.Ignored[name] = r.ignored(name)
	}
	return err == nil
}

// readFolders asks for the folders of the workspace that Go's variables name.
func (r *resolver) readFolders() {
	for _, view := range r.views {
		for _, name := range []string{"TMPDIR", "GOTMPDIR", "GOCACHE", "GOMODCACHE", "GOPATH", "GOBIN"} {
			if value := view.Lookup(name); value.Set && value.Unknown == "" {
				if inside, ok := r.project.Inside(value.Value); ok {
					r.exists(path.Join(r.folder, inside))
				}
			}
		}
	}
}

// beside is a path that devcontainer.json writes, relative to the workspace: it is meant from the file's own folder.
func (r *resolver) beside(name string) string {
	return path.Join(path.Dir(r.Config), filepath.ToSlash(name))
}
