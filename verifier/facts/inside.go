package facts

import (
	"path"
	"strings"
)

// Inside is a path in the container as one inside of the project, slash-separated and relative; false where it lies elsewhere.
// Under /workspaces there is one folder, which is called as the folder of whoever made the container is.
func (p Project) Inside(folder string) (inside string, ok bool) {
	folder = path.Clean(folder)
	if inside, ok = strings.CutPrefix(folder, strings.TrimSuffix(path.Clean(p.Folder), "/")+"/"); ok && path.IsAbs(p.Folder) {
		return inside, true
	}
	rest, ok := strings.CutPrefix(folder, "/workspaces/")
	if !ok || !strings.HasPrefix(p.Folder, "/workspaces/") || strings.Count(path.Clean(p.Folder), "/") != 2 {
		return "", false
	}
	_, inside, ok = strings.Cut(rest, "/")
	return inside, ok
}
