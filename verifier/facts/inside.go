package facts

import (
	"io/fs"
	"path"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
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

// Named is the file of the workspace that a text of the editor's settings or launch configurations names; false where it names
// none, or depends on something that only the editor knows.
func (p Project) Named(text string) (file string, ok bool) {
	inside, ok := strings.CutPrefix(text, "${workspaceFolder}/")
	if !ok {
		if inside, ok = strings.CutPrefix(text, "${workspaceRoot}/"); !ok && path.IsAbs(text) {
			inside, ok = p.Inside(text)
		}
	}
	if !ok || strings.Contains(inside, "${") {
		return "", false
	}
	file = path.Join(devcontainer.ProjectFolder(p.Config.File), inside)
	return file, fs.ValidPath(file)
}
