package compose

import (
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

// maxIncludes bounds how many files are included in all: files that include each other may multiply.
const maxIncludes = 200

// An inclusion is one entry of include: a file with those that are laid over it, read as a project of its own.
type inclusion struct {
	files []*composeFile
	dir   string // that their paths are relative to
}

// included reads what a document includes (compose-go, loader/include.go, ApplyInclude): in the folder of the file, or of
// project_directory, with a .env file of its own, over which the variables of the project around it win.
func (r *reader) included(file *composeFile, document *node, dir string) []inclusion {
	if known, ok := r.includes[document]; ok {
		return known
	}
	field := document.get("include")
	if field == nil || field.value.null() {
		return nil
	}
	var list []inclusion
	for _, entry := range r.items(field.value) {
		paths, directory, environment := []*node{entry}, (*node)(nil), []*node(nil)
		if entry.kind == yaml.MappingNode {
			paths, environment = r.texts(entry, "path"), r.texts(entry, "env_file")
			if found := entry.get("project_directory"); found != nil {
				directory = found.value
			}
		}
		if made, ok := r.include(file, dir, paths, directory, environment); ok {
			list = append(list, made)
		}
	}
	r.includes[document] = list
	return list
}

func (r *reader) include(file *composeFile, dir string, paths []*node, directory *node, environment []*node) (inclusion, bool) {
	var made inclusion
	outer := r.scope
	defer func() { r.scope = outer }()
	for i, named := range paths {
		text, ok := r.scalar(named, "a path")
		if !ok {
			continue
		}
		if remote(text) {
			r.unseen = true
			continue
		}
		name := join(dir, text)
		if i == 0 {
			made.dir = path.Dir(name)
			if directory != nil {
				if text, ok := r.scalar(directory, "a path"); ok {
					made.dir = join(dir, text)
				}
			}
			r.scope = file.scope
			if len(environment) > 0 {
				r.scope = r.dotenv(file.scope, dir, environment...)
			} else {
				r.scope = r.dotenv(file.scope, made.dir)
			}
		}
		for from := file; from != nil; from = from.from {
			if from.name == name {
				r.problem("syntax", named.place, "%s includes itself", name)
				return made, false
			}
		}
		if len(r.read) >= maxIncludes {
			r.problem("syntax", named.place, "over %d files are included", maxIncludes)
			return made, false
		}
		if loaded := r.load(name, named.place); loaded != nil {
			loaded.from = file
			made.files = append(made.files, loaded)
		} else {
			r.unseen = true // told already; whether it has the service nobody knows
		}
	}
	return made, len(made.files) > 0
}

// texts is a field that is a text or a list of them.
func (r *reader) texts(n *node, name string) []*node {
	found := n.get(name)
	switch {
	case found == nil || found.value.null():
		return nil
	case found.value.kind == yaml.SequenceNode:
		return slices.DeleteFunc(slices.Clone(found.value.items), func(item *node) bool { return item.kind != yaml.ScalarNode || item.null() })
	case found.value.kind == yaml.ScalarNode:
		return []*node{found.value}
	}
	r.wrong(found.value, "a path or a list of them")
	return nil
}

// services is those of a file and of what it includes, its own first.
func (r *reader) services(file *composeFile, dir string) []field {
	all := file.services()
	for _, document := range file.documents {
		for _, included := range r.included(file, document, dir) {
			for _, inner := range included.files {
				all = append(all, r.services(inner, included.dir)...)
			}
		}
	}
	return all
}
