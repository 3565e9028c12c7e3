package resolve

import (
	"io/fs"
	"path"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// ignored tells whether git ignores a file, so that everybody makes his own and a fresh clone has none. It knows the plain
// patterns of .gitignore files between the workspace and the file, which is what people write for such files.
func (r *resolver) ignored(name string) bool {
	name = path.Clean(name)
	if !fs.ValidPath(name) {
		return false
	}
	result := false
	for folder := "."; ; {
		if file, err := source.Read(r.workspace, path.Join(folder, ".gitignore")); err == nil {
			inside := strings.TrimPrefix(name, folder+"/")
			for line := range strings.Lines(file.Text) {
				pattern := strings.TrimSpace(line)
				if pattern == "" || pattern[0] == '#' {
					continue
				}
				pattern, negated := strings.CutPrefix(pattern, "!")
				if matches(pattern, inside) {
					result = !negated
				}
			}
		}
		rest := strings.TrimPrefix(name, folder+"/")
		next, _, more := strings.Cut(rest, "/")
		if !more {
			return result
		}
		folder = path.Join(folder, next)
	}
}

// matches tells whether a pattern of .gitignore holds for a path or a folder above it.
func matches(pattern, name string) bool {
	pattern = strings.TrimSuffix(pattern, "/")
	anchored := strings.Contains(pattern, "/")
	pattern = strings.TrimPrefix(strings.TrimPrefix(pattern, "**/"), "/")
	for at := name; at != "." && at != "/"; at = path.Dir(at) {
		subject := at
		if !anchored {
			subject = path.Base(at)
		}
		if ok, err := path.Match(pattern, subject); ok && err == nil {
			return true
		}
	}
	return false
}
