package pinned

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/source"
)

// parse reads the first document of a YAML file; nil where there is none. Nothing is decoded, so that aliases cost nothing.
func parse(file source.File) *yaml.Node {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(file.Text), &document); err != nil || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// resolved is what an alias stands for. An alias never stands for another.
func resolved(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// get is the value at a path of keys; nil where there is none.
func get(n *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		var next *yaml.Node
		for key, value := range members(n) {
			if key.Value == name {
				next = value
			}
		}
		n = next
	}
	return n
}

// members goes through the keys and values of a mapping, and of nothing else.
func members(n *yaml.Node) func(func(key, value *yaml.Node) bool) {
	n = resolved(n)
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], resolved(n.Content[i+1])) {
				return
			}
		}
	}
}

// scalars is a scalar, or those of a list.
func scalars(n *yaml.Node) []*yaml.Node {
	n = resolved(n)
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.ScalarNode:
		return []*yaml.Node{n}
	case n.Kind != yaml.SequenceNode:
		return nil
	}
	var list []*yaml.Node
	for _, item := range n.Content {
		if item = resolved(item); item.Kind == yaml.ScalarNode {
			list = append(list, item)
		}
	}
	return list
}

// text is what a scalar says to those who ask for a text: 1.20 without quotes is the number 1.2.
func text(n *yaml.Node) string {
	if n.ShortTag() == "!!float" {
		if number, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return strconv.FormatFloat(number, 'f', -1, 64)
		}
	}
	return n.Value
}

func place(file source.File, n *yaml.Node) source.Place {
	return source.Place{File: file.Name, Line: n.Line, Column: n.Column}
}

// expression is one ${{ matrix.NAME }} or ${{ env.NAME }}, which is all of a text.
var expression = regexp.MustCompile(`^\$\{\{\s*(matrix|env)\.([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}$`)

// inImage is such an expression anywhere in the name of an image.
var inImage = regexp.MustCompile(`\$\{\{\s*(matrix|env)\.([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}`)

// Workflow reads a workflow of GitHub Actions: the go-version of actions/setup-go, and the official images that jobs run in.
// A go-version-file names no Go of its own.
func Workflow(file source.File) []Version {
	root := parse(file)
	var found []Version
	add := func(by, text string, n *yaml.Node) {
		if v, ok := version(by, text, place(file, n)); ok {
			found = append(found, v)
		}
	}
	for _, job := range members(get(root, "jobs")) {
		// deciding is the scalars that an expression may stand for.
		deciding := func(step *yaml.Node, source, name string) []*yaml.Node {
			if source == "env" {
				for _, at := range []*yaml.Node{step, job, root} {
					if value := get(at, "env", name); value != nil {
						return scalars(value)
					}
				}
				return nil
			}
			matrix := get(job, "strategy", "matrix")
			values := scalars(get(matrix, name))
			if more := get(matrix, "include"); more != nil && more.Kind == yaml.SequenceNode {
				for _, item := range more.Content {
					values = append(values, scalars(get(item, name))...)
				}
			}
			return values
		}
		for _, container := range []*yaml.Node{get(job, "container"), get(job, "container", "image")} {
			if container == nil || container.Kind != yaml.ScalarNode {
				continue
			}
			match := inImage.FindStringSubmatch(container.Value)
			if match == nil {
				if minor, ok := ofImage(container.Value); ok {
					add("container", minor, container)
				}
				continue
			}
			for _, value := range deciding(nil, match[1], match[2]) {
				if minor, ok := ofImage(strings.Replace(container.Value, match[0], text(value), 1)); ok {
					add("container", minor, value)
				}
			}
		}
		steps := get(job, "steps")
		if steps == nil || steps.Kind != yaml.SequenceNode {
			continue
		}
		for _, step := range steps.Content {
			uses := get(step, "uses")
			if uses == nil || !strings.HasPrefix(uses.Value, "actions/setup-go@") {
				continue
			}
			for _, written := range scalars(get(step, "with", "go-version")) {
				match := expression.FindStringSubmatch(strings.TrimSpace(written.Value))
				if match == nil {
					add("setup-go", text(written), written)
					continue
				}
				for _, value := range deciding(step, match[1], match[2]) {
					add("setup-go", text(value), value)
				}
			}
		}
	}
	return found
}

// gitLabVariable is $NAME or ${NAME} in .gitlab-ci.yml.
var gitLabVariable = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?`)

// GitLab reads .gitlab-ci.yml: the official images that its jobs run in, with the variables of the job or of the file put in.
func GitLab(file source.File) []Version {
	root := parse(file)
	var found []Version
	image := func(of *yaml.Node) {
		n := get(of, "image")
		if name := get(n, "name"); name != nil {
			n = name
		}
		if n == nil || n.Kind != yaml.ScalarNode {
			return
		}
		at := n
		reference := gitLabVariable.ReplaceAllStringFunc(n.Value, func(form string) string {
			name := gitLabVariable.FindStringSubmatch(form)[1]
			for _, level := range []*yaml.Node{of, root} {
				value := get(level, "variables", name)
				if inner := get(value, "value"); inner != nil {
					value = inner
				}
				if value != nil && value.Kind == yaml.ScalarNode {
					at = value
					return value.Value
				}
			}
			return form
		})
		if minor, ok := ofImage(reference); ok {
			if v, ok := version("GitLab CI", minor, place(file, at)); ok {
				found = append(found, v)
			}
		}
	}
	image(root)
	for key, job := range members(root) {
		if key.Value != "variables" && key.Value != "image" {
			image(job)
		}
	}
	return found
}

// ofImage is the Go that an image has by its name, where it is a well-known one with a tag that does not move on to the next
// minor.
func ofImage(reference string) (string, bool) {
	if strings.Contains(reference, "$") {
		return "", false
	}
	image, ok := knowledge.ImageOf(reference)
	return image.Go, ok && image.Go != "" && !image.Moving
}
