// Package pinned reads which Go the files around a dev container name: workflows of continuous integration, and the files of
// version managers.
//
// Its one rule: it gives only what is written for sure. An expression that nothing in the file decides, a moving name such as
// stable, and a file that is broken give nothing: whoever reads them says what is wrong with them.
package pinned

import (
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// Version is one place that names a Go.
type Version struct {
	By    string       `json:"by"`              // "setup-go", "container", "GitLab CI", ".tool-versions", "mise", ".go-version"
	Text  string       `json:"text"`            // as it is written, references replaced
	Minor string       `json:"minor"`           // the language version that it means: "1.22"
	Newer bool         `json:"newer,omitempty"` // a newer Go will do as well: ^1.22, >=1.22
	Place source.Place `json:"place,omitzero"`
}

// mostWorkflows bounds how many workflows are read.
const mostWorkflows = 100

// Read lists the versions that the files in a folder name, in the order of the files' names. Where shared is true, the folder is
// the repository's own, and its workflows are read too.
func Read(workspace fs.FS, folder string, shared bool) []Version {
	var found []Version
	read := func(name string, parse func(source.File) []Version) {
		if file, err := source.Read(workspace, path.Join(folder, name)); err == nil {
			found = append(found, parse(file)...)
		}
	}
	if shared {
		for _, pattern := range []string{".github/workflows/*.yml", ".github/workflows/*.yaml"} {
			names, _ := fs.Glob(workspace, path.Join(folder, pattern))
			for _, name := range names[:min(len(names), mostWorkflows)] {
				if file, err := source.Read(workspace, name); err == nil {
					found = append(found, Workflow(file)...)
				}
			}
		}
		read(".gitlab-ci.yml", GitLab)
	}
	read(".go-version", goVersionFile)
	read(".tool-versions", toolVersions)
	for _, name := range []string{".mise.toml", "mise.toml"} {
		read(name, Mise)
	}
	return found
}

// specification is a version as actions/setup-go and version managers write it: 1.22, 1.22.5, 1.22.x, ^1.22.1, ~1.22, >=1.22.
var specification = regexp.MustCompile(`^(\^|~|>=|=)?\s*(?:go)?v?(1\.[0-9]{1,3})(?:\.(?:[0-9]{1,3}|x|\*))?(?:(?:rc|beta|-rc\.?|-beta\.?)[0-9]+)?$`)

// version makes a Version of a text; false for what names no single minor.
func version(by, text string, place source.Place) (Version, bool) {
	match := specification.FindStringSubmatch(strings.TrimSpace(text))
	if match == nil {
		return Version{}, false
	}
	return Version{By: by, Text: strings.TrimSpace(text), Minor: match[2], Newer: match[1] == "^" || match[1] == ">=", Place: place}, true
}
