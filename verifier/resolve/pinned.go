package resolve

import (
	"path"

	"github.com/dcverify/dcverify/verifier/pinned"
)

// readPinned reads the files that name a Go beside the dev container: those of the project's folder and of the folders above
// it. The workflows of a repository are about the project where it is the whole repository.
func (r *resolver) readPinned() {
	for folder := r.folder; ; folder = path.Dir(folder) {
		r.project.Pinned = append(r.project.Pinned, pinned.Read(r.workspace, folder, r.folder == ".")...)
		if folder == "." || folder == "/" {
			return
		}
	}
}
