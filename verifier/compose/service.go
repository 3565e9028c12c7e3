package compose

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dcverify/dcverify/verifier/source"
)

// A say is what one layer says of a field.
type say struct {
	field
	dir   string
	scope *scope
}

// says returns what the layers say of a field, lowest first; a !reset or !override forgets what came before.
func says(layers []layer, name string) []say {
	var result []say
	for _, l := range layers {
		f := l.node.get(name)
		if f == nil {
			continue
		}
		if f.value.reset() || f.value.override() {
			result = nil
		}
		if !f.value.reset() {
			result = append(result, say{*f, l.dir, l.scope})
		}
	}
	return result
}

// fill reads the service from its layers.
func (r *reader) fill(service *Service, layers []layer) {
	service.Image, service.ImagePlace = r.text(layers, "image")
	service.User, _ = r.text(layers, "user")
	service.WorkingDir, _ = r.text(layers, "working_dir")
	service.Privileged = r.boolean(layers, "privileged")
	service.CapAdd = r.list(layers, "cap_add")
	service.SecurityOpt = r.list(layers, "security_opt")
	service.Profiles = r.list(layers, "profiles")
	service.Command = r.command(layers, "command")
	service.Entrypoint = r.command(layers, "entrypoint")
	service.Volumes = r.volumes(layers)
	service.Build = r.build(layers)
	for _, s := range says(layers, "labels") {
		for _, v := range r.pairs(s.value) {
			if v.reset {
				delete(service.Labels, v.Name)
				continue
			}
			if service.Labels == nil {
				service.Labels = map[string]string{}
			}
			service.Labels[v.Name] = v.Value
		}
	}
	for _, s := range says(layers, "environment") {
		for _, v := range r.pairs(s.value) {
			if v.reset {
				service.Environment = slices.DeleteFunc(service.Environment, func(o Variable) bool { return o.Name == v.Name })
				continue
			}
			service.Environment = append(service.Environment, r.resolve(v, s.scope))
		}
	}
	service.EnvFile = r.envFiles(layers, service.Environment)
}

// scalar gives the text of a scalar; ok is false for null, and for anything else, which is a problem.
func (r *reader) scalar(n *node, want string) (text string, ok bool) {
	if n.null() {
		return "", false
	}
	if n.kind != yaml.ScalarNode {
		r.wrong(n, want)
		return "", false
	}
	return n.text, true
}

func (r *reader) text(layers []layer, name string) (text string, place source.Place) {
	for _, s := range says(layers, name) {
		if value, ok := r.scalar(s.value, "a text"); ok {
			text, place = value, s.value.decided()
		}
	}
	return text, place
}

func (r *reader) boolean(layers []layer, name string) (result bool) {
	for _, s := range says(layers, name) {
		value, ok := r.scalar(s.value, "true or false")
		if !ok {
			continue
		}
		switch strings.ToLower(value) {
		case "true", "t", "yes", "y", "on", "1":
			result = true
		case "false", "f", "no", "n", "off", "0":
			result = false
		default:
			r.wrong(s.value, "true or false")
		}
	}
	return result
}

// list appends what the layers say, each text once.
func (r *reader) list(layers []layer, name string) (result []string) {
	seen := map[string]bool{}
	for _, s := range says(layers, name) {
		for _, item := range r.items(s.value) {
			if text, ok := r.scalar(item, "a text"); ok && !seen[text] {
				seen[text] = true
				result = append(result, text)
			}
		}
	}
	return result
}

func (r *reader) items(n *node) []*node {
	if !n.null() && n.kind != yaml.SequenceNode {
		r.wrong(n, "a list")
	}
	return n.items
}

// command is not merged: the last layer wins. Null gives the image's back; an empty one is empty, not nil.
func (r *reader) command(layers []layer, name string) (result []string) {
	for _, s := range says(layers, name) {
		switch {
		case s.value.null():
			result = nil
		case s.value.kind == yaml.ScalarNode:
			words, err := split(s.value.text)
			if err != nil {
				r.problem("syntax", s.value.place, "%v", err)
				continue
			}
			result = words
		default:
			result = []string{}
			for _, item := range r.items(s.value) {
				if text, ok := r.scalar(item, "a text"); ok {
					result = append(result, text)
				}
			}
		}
	}
	return result
}

// A pair is an entry of a list of NAME=VALUE or of a mapping.
type pair struct {
	Variable
	given bool // it has a value
	reset bool
}

func (r *reader) pairs(n *node) (result []pair) {
	switch {
	case n.null():
	case n.kind == yaml.MappingNode:
		for _, f := range n.fields {
			p := pair{Variable: Variable{Name: f.name, Place: f.place}, reset: f.value.reset()}
			if !p.reset && f.value.kind != yaml.ScalarNode {
				r.wrong(f.value, "a text")
				continue
			}
			if !p.reset && !f.value.null() {
				p.Value, p.given = f.value.text, true
				if f.value.origin.Known() {
					p.Place = f.value.origin
				}
			}
			result = append(result, p)
		}
	case n.kind == yaml.SequenceNode:
		for _, item := range n.items {
			if item.kind != yaml.ScalarNode || item.tag != "!!str" {
				r.wrong(item, "NAME=VALUE")
				continue
			}
			p := pair{Variable: Variable{Place: item.decided()}}
			p.Name, p.Value, p.given = strings.Cut(item.text, "=")
			if p.Name == "" {
				r.wrong(item, "NAME=VALUE")
				continue
			}
			result = append(result, p)
		}
	default:
		r.wrong(n, "a list or a mapping")
	}
	return result
}

// resolve looks up a name without a value.
func (r *reader) resolve(p pair, of *scope) Variable {
	if !p.given {
		var at source.Place
		p.Value, at, p.FromHost = of.lookup(r.host, p.Name)
		p.Unset = !p.FromHost
		if at.Known() {
			p.Place = at
		}
	}
	return p.Variable
}

// envFiles reads the files of env_file. A file named twice counts once, at its first place in the order, as the last
// entry says.
func (r *reader) envFiles(layers []layer, environment []Variable) (result []Variable) {
	type entry struct {
		name, format string
		required     bool
		place        source.Place
	}
	var entries []entry
	at := map[string]int{}
	for _, s := range says(layers, "env_file") {
		items := []*node{s.value}
		if s.value.kind == yaml.SequenceNode {
			items = s.value.items
		}
		for _, item := range items {
			if item.null() {
				continue
			}
			e := entry{required: true, place: item.place}
			named := item
			if item.kind == yaml.MappingNode {
				found := item.get("path")
				if found == nil {
					r.problem("syntax", item.place, "an env_file has to have a path")
					continue
				}
				named = found.value
				one := []layer{{node: item}}
				e.format, _ = r.text(one, "format")
				if required := item.get("required"); required != nil && !required.value.null() {
					e.required = r.boolean(one, "required")
				}
			}
			text, ok := r.scalar(named, "a path")
			if !ok {
				continue
			}
			e.name = join(s.dir, text)
			if i, ok := at[e.name]; ok {
				entries[i] = e
				continue
			}
			at[e.name] = len(entries)
			entries = append(entries, e)
		}
	}

	said := map[string]string{}
	for _, v := range environment {
		if delete(said, v.Name); !v.Unset {
			said[v.Name] = v.Value
		}
	}
	// compose looks first in the project, then in the service's environment, last in what files said before
	lookup := func(name string) (string, bool) {
		if value, ok := r.lookup(name); ok {
			return value, true
		}
		value, ok := said[name]
		return value, ok
	}
	known := map[string]string{}
	for _, e := range entries {
		if outside(e.name) {
			r.problem("outside", e.place, "the env_file %s is outside of the workspace", e.name)
			continue
		}
		file, err := source.Read(r.workspace, e.name)
		switch {
		case err != nil && errors.Is(err, fs.ErrNotExist) && !e.required:
		case err != nil && errors.Is(err, fs.ErrNotExist):
			r.problem("missing-env-file", e.place, "the env_file %s is not there", e.name)
		case err != nil:
			r.problem("missing-env-file", e.place, "%v", err)
		case e.format == "raw":
			result = append(result, r.raw(file, known)...)
		case e.format != "":
			r.problem("syntax", e.place, "no format %q of an env_file", e.format)
		default:
			result = append(result, r.variables(file, lookup, known)...)
		}
	}
	return result
}

// build merges the build sections; a text is one with only a context.
func (r *reader) build(layers []layer) *Build {
	var build *Build
	var inner []layer
	context, at := r.dir, source.Place{}
	for _, s := range says(layers, "build") {
		switch {
		case s.value.null():
			continue
		case s.value.kind == yaml.ScalarNode:
			context, at = buildContext(s.dir, s.value.text), s.value.place
		case s.value.kind == yaml.MappingNode:
			inner = append(inner, layer{node: s.value, dir: s.dir, scope: s.scope})
			if f := s.value.get("context"); f != nil {
				if text, ok := r.scalar(f.value, "a path"); ok && !f.value.reset() {
					context, at = buildContext(s.dir, text), f.value.place
				}
			}
		default:
			r.wrong(s.value, "a path or a mapping")
			continue
		}
		if build == nil {
			build = &Build{}
		}
		build.Place = s.place
	}
	if build == nil {
		return nil
	}
	if build.Context = context; !remote(context) && outside(context) {
		if !at.Known() {
			at = build.Place
		}
		r.problem("outside", at, "the build context %s is outside of the workspace", context)
	}
	build.Dockerfile, _ = r.text(inner, "dockerfile")
	build.Inline, _ = r.text(inner, "dockerfile_inline")
	build.Target, build.Targeted = r.text(inner, "target")
	for _, s := range says(inner, "args") {
		for _, p := range r.pairs(s.value) {
			if build.Args == nil {
				build.Args, build.ArgPlaces = map[string]string{}, map[string]source.Place{}
			}
			delete(build.Args, p.Name)
			delete(build.ArgPlaces, p.Name)
			if p.reset {
				continue
			}
			v := r.resolve(p, s.scope)
			build.ArgPlaces[p.Name] = v.Place
			if !v.Unset { // else the Dockerfile's default holds
				build.Args[p.Name] = v.Value
			}
		}
	}
	return build
}

func buildContext(dir, text string) string {
	if remote(text) {
		return text
	}
	return join(dir, text)
}

// remote tells whether a build context is for the builder to fetch.
func remote(context string) bool {
	return strings.Contains(context, "://") || strings.HasPrefix(context, "git@") ||
		strings.HasPrefix(context, "github.com/")
}

// volumes keeps one volume for each target: the last, where the first was.
func (r *reader) volumes(layers []layer) (result []Volume) {
	at := map[string]int{}
	for _, s := range says(layers, "volumes") {
		for _, item := range r.items(s.value) {
			v, ok := r.volume(item, s.dir)
			if !ok {
				continue
			}
			if i, ok := at[v.Target]; ok {
				result[i] = v
				continue
			}
			at[v.Target] = len(result)
			result = append(result, v)
		}
	}
	return result
}

func (r *reader) volume(n *node, dir string) (v Volume, ok bool) {
	switch {
	case n.kind == yaml.MappingNode:
		one := []layer{{node: n}}
		v.Type, _ = r.text(one, "type")
		v.Source, _ = r.text(one, "source")
		v.Target, _ = r.text(one, "target")
		if v.Target == "" {
			if target := n.get("target"); target != nil && target.value.lacks {
				r.problem("missing-variable", n.place, "a volume has to have a target")
				return v, false
			}
			r.problem("syntax", n.place, "a volume has to have a target")
			return v, false
		}
		if !slices.Contains([]string{"bind", "volume", "tmpfs", "cluster", "image", "npipe"}, v.Type) {
			r.problem("syntax", n.place, "no type %q of a volume", v.Type)
			return v, false
		}
	case n.kind == yaml.ScalarNode && !n.null():
		parts := volumeParts(n.text)
		if len(parts) > 3 || slices.Contains(parts, "") {
			r.wrong(n, "[source:]target[:mode]")
			return v, false
		}
		v.Type, v.Target = "volume", parts[0]
		if len(parts) > 1 {
			v.Source, v.Target = parts[0], parts[1]
		}
		if isPath(v.Source) {
			v.Type = "bind"
		}
	default:
		r.wrong(n, "a text or a mapping")
		return v, false
	}
	v.Place = n.place
	// what begins with ~ or a drive is the host's
	if v.Type == "bind" && v.Source != "" && (!isPath(v.Source) || v.Source[0] == '.') {
		v.Source = join(dir, v.Source)
	}
	return v, true
}

// volumeParts cuts at colons, but not after the letter of a Windows drive.
func volumeParts(text string) (parts []string) {
	start := 0
	for i := 0; i < len(text); i++ {
		if text[i] == ':' && !(i == start+1 && letter(text[start])) {
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	return append(parts, text[start:])
}

func letter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

// isPath tells a path from the name of a volume as compose does.
func isPath(text string) bool {
	return text != "" && strings.ContainsRune("./~", rune(text[0])) || strings.HasPrefix(text, `\\`) ||
		len(text) > 1 && letter(text[0]) && text[1] == ':'
}
