package resolve

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/jsonc"
)

// part is a folder of the workspace and where it lies in the container.
type part struct {
	folder string // relative to the workspace
	target string
}

// mounted is the parts of the workspace that devcontainer.json or the compose service mount by their own word; nil where
// the tools mount the whole workspace by themselves, or nobody can tell what is mounted.
func (r *resolver) mounted() (parts []part) {
	if r.project.Compose != nil {
		for _, v := range r.project.Compose.Volumes {
			if v.Type == "bind" && path.IsAbs(v.Target) && filepath.IsLocal(v.Source) {
				parts = append(parts, part{path.Clean(v.Source), path.Clean(v.Target)})
			}
		}
		return parts
	}
	if r.Away || !r.project.Config.Root.Get("workspaceMount").Is(jsonc.String) || r.project.Config.Root.Get("dockerComposeFile").Kind != "" {
		return nil
	}
	_, mount := r.Host.Folders(r.project.Config)
	kind, from, target := devcontainer.ParseMount(r.text(mount, r.project.Config.Root.Place))
	inside, err := filepath.Rel(r.Host.Workspace, filepath.FromSlash(from))
	if err != nil || !filepath.IsLocal(inside) || kind != "bind" || !path.IsAbs(target) {
		return nil
	}
	return []part{{path.Join(r.folder, filepath.ToSlash(inside)), path.Clean(target)}}
}

// workingFolder is the folder of the workspace that lies at workspaceFolder, where the go command starts, and the folder above which
// the container has nothing of the workspace.
func (r *resolver) workingFolder() (folder, top string) {
	folder, top = r.folder, "."
	longest := ""
	for _, p := range r.mounted() {
		rest, ok := strings.CutPrefix(path.Clean(r.project.Folder)+"/", strings.TrimSuffix(p.target, "/")+"/")
		if _, err := fs.Stat(r.workspace, p.folder); err != nil || !ok || len(p.target) < len(longest) {
			continue
		}
		longest, folder, top = p.target, path.Join(p.folder, rest), p.folder
	}
	return folder, top
}
