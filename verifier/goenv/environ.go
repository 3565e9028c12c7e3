package goenv

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// Environ is a process environment by name.
type Environ map[string]string

// ParseBlock reads NUL-separated NAME=value entries, as /proc/PID/environ and `env -0` have them. The first of several
// entries with one name counts, as it does for getenv(3). Entries without a name or an equals sign are returned as
// malformed; they are nobody's variable, but whoever made them has a bug.
func ParseBlock(block []byte) (env Environ, malformed []string) {
	return FromList(strings.Split(strings.TrimRight(string(block), "\x00"), "\x00"))
}

// FromList reads NAME=value entries, as os.Environ and image configurations have them.
func FromList(list []string) (env Environ, malformed []string) {
	env = Environ{}
	for _, entry := range list {
		name, value, ok := strings.Cut(entry, "=")
		switch {
		case entry == "":
		case !ok || name == "":
			malformed = append(malformed, entry)
		default:
			if _, twice := env[name]; !twice {
				env[name] = value
			}
		}
	}
	return env, malformed
}

// List gives NAME=value entries in the order of the names.
func (e Environ) List() []string {
	list := make([]string, 0, len(e))
	for _, name := range slices.Sorted(maps.Keys(e)) {
		list = append(list, name+"="+e[name])
	}
	return list
}

// With is a copy with the given NAME=value entries set over it.
func (e Environ) With(entries ...string) Environ {
	result := maps.Clone(e)
	if result == nil {
		result = Environ{}
	}
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		result[name] = value
	}
	return result
}

// Path is the folders of PATH that can find a program: the absolute ones, in order.
func (e Environ) Path() []string {
	var folders []string
	for _, folder := range strings.Split(e["PATH"], ":") {
		if strings.HasPrefix(folder, "/") {
			folders = append(folders, folder)
		}
	}
	return folders
}

// ParseFile reads a go env file (`go env -w`, $GOROOT/go.env) by the go command's own rules: NAME=value to the end of the
// line, names begin with a capital letter, all other lines are ignored, the last of several lines with one name counts.
func ParseFile(file source.File) Layer {
	layer := Layer{Set: map[string]string{}, Places: map[string]source.Place{}}
	start := 0
	for line := range strings.Lines(file.Text) {
		text := strings.TrimSuffix(line, "\n")
		name, value, ok := strings.Cut(text, "=")
		if ok && name != "" && name[0] >= 'A' && name[0] <= 'Z' {
			layer.Set[name] = value
			layer.Places[name] = file.Place(start, start+len(text))
		}
		start += len(line)
	}
	return layer
}

// FindAssignment looks through shell start-up files, in the order in which shells read them, for the last line that sets
// the variable anew, or else for the last that adds to what it was (PATH=/x:$PATH). It reads no shell: it says where to
// look, not what happens.
func FindAssignment(files []source.File, name string) (place source.Place, found bool) {
	assignment := regexp.MustCompile(fmt.Sprintf(`(?m)^[^#\n]*?\b(%s)=`, regexp.QuoteMeta(name)))
	added := true
	for _, file := range files {
		for _, match := range assignment.FindAllStringSubmatchIndex(file.Text, -1) {
			start := match[2]
			end := start + strings.IndexByte(file.Text[start:]+"\n", '\n')
			adds := strings.Contains(file.Text[start:end], "$"+name) || strings.Contains(file.Text[start:end], "${"+name)
			if !adds || added {
				place, found, added = file.Place(start, end), true, adds
			}
		}
	}
	return place, found
}
