package compose

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dcverify/dcverify/verifier/source"
)

// maxLayers bounds how many says about the service are followed: documents of one file that extend each other may
// multiply.
const maxLayers = 1000

// Read reads what the files, whose later ones win, say of a service. The host's variables win over those of the .env
// next to the first file. Paths are relative to the root of the workspace.
//
// What compose would refuse is a problem, and the service is what could be understood in spite of it.
func Read(workspace fs.FS, files []string, service string, host map[string]string) (Service, []Problem) {
	r := &reader{workspace: workspace, host: host, read: map[loaded]*composeFile{}, includes: map[*node][]inclusion{}}
	result := Service{Name: service}
	if len(files) == 0 {
		return result, r.problems
	}
	// compose resolves the paths of every file, not only of the first, from the folder of the first
	r.dir = path.Dir(path.Clean(files[0]))
	r.scope = r.dotenv(nil, r.dir)

	var layers []layer
	var broken bool
	names := map[string]bool{}
	for _, name := range files {
		file := r.load(name, source.Place{})
		if file == nil {
			broken = true
			continue
		}
		for _, known := range r.services(file, r.dir) {
			names[known.name] = true
			if known.name == service && result.Place == (source.Place{}) {
				result.Place = known.place
			}
		}
		layers = r.layers(layers, file, r.dir, service, nil)
	}
	if !names[service] && !broken && !r.unseen {
		r.problem("missing-service", source.Place{File: path.Clean(files[0])}, "no service %q; there are: %s", service,
			strings.Join(slices.Sorted(maps.Keys(names)), ", "))
	}
	r.fill(&result, layers)
	return result, r.problems
}

// A reader is one call of [Read].
type reader struct {
	workspace fs.FS
	host      map[string]string
	scope     *scope                  // the variables in force: of the project, or of the one that a file includes
	dir       string                  // of the project
	read      map[loaded]*composeFile // nil for those that could not be read
	includes  map[*node][]inclusion   // by document
	unseen    bool                    // something is included that is not in the workspace
	problems  []Problem
	replaced  int // bytes put in for variables
	exhausted bool
	followed  int // services looked for
}

type composeFile struct {
	name      string
	documents []*node
	scope     *scope
	from      *composeFile // that includes it
}

// loaded is a file with the variables that it is read with.
type loaded struct {
	name  string
	scope *scope
}

// A layer is what one place says of the service; later ones win.
type layer struct {
	node  *node
	dir   string // that its paths are relative to
	scope *scope // where its names without values are looked up
}

func (r *reader) problem(kind string, place source.Place, format string, args ...any) {
	r.problems = append(r.problems, Problem{Kind: kind, Message: fmt.Sprintf(format, args...), Place: place})
}

func (r *reader) wrong(n *node, want string) {
	kind := "syntax"
	if n != nil && n.lacks {
		kind = "missing-variable"
	}
	r.problem(kind, n.place, "want %s, not %s", want, n)
}

// outside tells whether a clean path leads out of the workspace.
func outside(name string) bool {
	return name == ".." || strings.HasPrefix(name, "../") || path.IsAbs(name)
}

// join resolves a path of a compose file.
func join(dir, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(dir, name)
}

// dotenv reads the .env file of a project, or those that an include names instead.
func (r *reader) dotenv(around *scope, dir string, files ...*node) *scope {
	type named struct {
		name string
		at   source.Place // who names it
	}
	names := []named{{name: path.Join(dir, ".env")}}
	if len(files) > 0 {
		names = nil
	}
	for _, file := range files {
		if file.text != "/dev/null" {
			names = append(names, named{join(dir, file.text), file.place})
		}
	}
	made := &scope{variables: map[string]Variable{}, around: around}
	known := map[string]string{}
	for _, n := range names {
		if outside(n.name) {
			continue
		}
		file, err := source.Read(r.workspace, n.name)
		switch {
		case err != nil && n.at.Known():
			r.problem("missing-env-file", n.at, "%v", err)
			continue
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			r.problem("missing-env-file", source.Place{File: n.name}, "%v", err)
			continue
		}
		// Its own statements do not see themselves but through known.
		for _, v := range r.variables(file, func(name string) (string, bool) {
			value, _, ok := around.lookup(r.host, name)
			return value, ok
		}, known) {
			if !v.Unset {
				made.variables[v.Name] = v
			}
		}
	}
	return made
}

// load reads a compose file once; at is the place that names it.
func (r *reader) load(name string, at source.Place) *composeFile {
	name = path.Clean(name)
	if !at.Known() {
		at = source.Place{File: name}
	}
	key := loaded{name, r.scope}
	if file, ok := r.read[key]; ok {
		return file
	}
	r.read[key] = nil
	if outside(name) {
		r.problem("outside", at, "%s is outside of the workspace", name)
		return nil
	}
	text, err := source.Read(r.workspace, name)
	if err != nil {
		if at.Line > 0 && errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s does not exist", name)
		}
		r.problem("missing-file", at, "%v", err)
		return nil
	}
	documents, ok := r.parse(text)
	if !ok {
		return nil
	}
	file := &composeFile{name: name, documents: documents, scope: r.scope}
	r.read[key] = file
	for _, document := range documents {
		if document.null() {
			continue
		}
		if document.kind != yaml.MappingNode {
			r.wrong(document, "a mapping")
		} else if services := document.get("services"); services != nil && !services.value.null() &&
			services.value.kind != yaml.MappingNode {
			r.wrong(services.value, "a mapping of services")
		}
	}
	return file
}

func (f *composeFile) services() []field {
	var all []field
	for _, document := range f.documents {
		if services := document.get("services"); services != nil {
			all = append(all, services.value.fields...)
		}
	}
	return all
}

// layers appends what a file says of a service, after what that extends. The chain holds the services that led here.
func (r *reader) layers(layers []layer, file *composeFile, dir, service string, chain []string) []layer {
	key := file.name + "\x00" + service
	chain = append(slices.Clip(chain), key)
	for _, document := range file.documents {
		for _, included := range slices.Backward(r.included(file, document, dir)) {
			for _, file := range included.files { // what a file says itself wins, and then what it includes first
				layers = r.layers(layers, file, included.dir, service, chain)
			}
		}
		services := document.get("services")
		if services == nil {
			continue
		}
		found := services.value.get(service)
		if found == nil || found.value.null() {
			continue
		}
		if found.value.reset() {
			layers = nil
			continue
		}
		if found.value.kind != yaml.MappingNode {
			r.wrong(found.value, "a mapping")
			continue
		}
		if found.value.override() {
			layers = nil
		}
		if r.followed++; r.followed > maxLayers {
			if r.followed == maxLayers+1 {
				r.problem("syntax", found.place, "over %d services extend each other", maxLayers)
			}
			return layers
		}
		if extends := found.value.get("extends"); extends != nil && !extends.value.null() && !extends.value.reset() {
			layers = r.extend(layers, file, dir, extends.value, chain)
		}
		layers = append(layers, layer{node: found.value, dir: dir, scope: file.scope})
	}
	return layers
}

// extend appends the layers of the service that extends names.
func (r *reader) extend(layers []layer, file *composeFile, dir string, extends *node, chain []string) []layer {
	named, base := extends, file
	if extends.kind == yaml.MappingNode {
		found := extends.get("service")
		if found == nil {
			r.problem("syntax", extends.place, "extends has to name a service")
			return layers
		}
		named = found.value
		if from := extends.get("file"); from != nil && !from.value.null() {
			if from.value.kind != yaml.ScalarNode {
				r.wrong(from.value, "a path")
				return layers
			}
			name := join(dir, from.value.text)
			if base = r.load(name, from.value.place); base == nil {
				return layers
			}
			dir = path.Dir(base.name)
		}
	}
	if named.kind != yaml.ScalarNode || named.null() {
		r.wrong(named, "the name of a service")
		return layers
	}
	if slices.Contains(chain, base.name+"\x00"+named.text) {
		r.problem("syntax", named.place, "the service %q extends itself", named.text)
		return layers
	}
	if !slices.ContainsFunc(r.services(base, dir), func(f field) bool { return f.name == named.text }) {
		r.problem("missing-service", named.place, "no service %q to extend in %s", named.text, base.name)
		return layers
	}
	return r.layers(layers, base, dir, named.text, chain)
}
