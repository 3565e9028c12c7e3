//go:build linux

package gather

import (
	"os"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/resolve"
	"github.com/dcverify/dcverify/verifier/source"
)

// project resolves the workspace's own files, to be held against what runs. A container does not know which of several
// configurations it was made of, and nothing of the host that it was made on.
func (g *gatherer) project(inContainer bool) facts.Part[facts.Project] {
	if !g.Needs[facts.Declared] {
		return facts.Absent[facts.Project](notNeeded)
	}
	if !inContainer {
		return facts.Absent[facts.Project]("this is no dev container")
	}
	root, err := os.OpenRoot(g.Workspace)
	if err != nil {
		return facts.Failed[facts.Project](err.Error())
	}
	defer root.Close()
	workspace := source.Workspace(root.FS())
	switch found := devcontainer.Find(workspace); len(found) {
	case 0:
		return facts.Absent[facts.Project]("the workspace has no devcontainer.json")
	case 1:
		project, _ := resolve.Project(workspace, resolve.Options{Config: found[0], Away: true})
		return facts.Known(project)
	}
	return facts.Absent[facts.Project]("the workspace has several dev containers, and this one does not know which it is")
}
