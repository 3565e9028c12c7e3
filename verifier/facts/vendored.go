package facts

import (
	"strings"

	"golang.org/x/mod/semver"

	"github.com/dcverify/dcverify/verifier/source"
)

// Vendored is one module of a vendor/modules.txt.
type Vendored struct {
	Path     string       `json:"path"`
	Version  string       `json:"version,omitempty"`  // empty for a replacement of every version
	Explicit bool         `json:"explicit,omitempty"` // go.mod required it when the folder was made
	Place    source.Place `json:"place,omitzero"`
}

// ParseVendored reads a vendor/modules.txt as the go command does (cmd/go/internal/modload, readVendorList): lines that it
// does not understand are ignored, and of several entries for one module the annotations add up.
func ParseVendored(file source.File) []Vendored {
	var modules []Vendored
	index := map[Vendored]int{}
	current := -1
	start := 0
	for line := range strings.Lines(file.Text) {
		text := strings.TrimRight(line, "\r\n")
		switch fields := strings.Fields(text); {
		case strings.HasPrefix(text, "# "):
			if len(fields) < 3 {
				break // a comment, in whose module the next lines still are
			}
			current = -1
			key := Vendored{Path: fields[1]}
			if semver.IsValid(fields[2]) {
				key.Version = fields[2]
			} else if fields[2] != "=>" {
				break
			}
			at, seen := index[key]
			if !seen {
				at = len(modules)
				index[key] = at
				modules = append(modules, Vendored{Path: key.Path, Version: key.Version, Place: file.Place(start, start+len(text))})
			}
			current = at
		case strings.HasPrefix(text, "## ") && current >= 0:
			for entry := range strings.SplitSeq(text[len("## "):], ";") {
				if strings.TrimSpace(entry) == "explicit" {
					modules[current].Explicit = true
				}
			}
		}
		start += len(line)
	}
	return modules
}
