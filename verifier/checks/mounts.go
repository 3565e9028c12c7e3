package checks

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/compose"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/jsonc"
)

// unsplitArguments finds runArgs that are written as for a shell, which none of them sees.
func unsplitArguments(p *check.Pass, project facts.Project) {
	if project.Config.Root.Get("dockerComposeFile").Kind != "" {
		return // nobody reads runArgs
	}
	arguments := project.Config.Root.Get("runArgs").Elements
	for i, argument := range arguments {
		if i > 0 && slices.Contains([]string{"-v", "--volume"}, arguments[i-1].Text) && strings.HasPrefix(argument.Text, "~") {
			p.Report(finding.Finding{
				Message: fmt.Sprintf("runArgs mounts %s, whose ~ no shell replaces: docker refuses it", argument.Text), Location: argument.Place,
				Cause:    "runArgs are handed to docker as they are",
				Upstream: []string{"includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed"},
				Fixes:    []finding.Fix{{Message: "write ${localEnv:HOME}" + argument.Text[1:], Safe: true}},
			}, "runArgs", argument.Text)
		}
		flag, value, apart := strings.Cut(argument.Text, " ")
		if apart && argument.Is(jsonc.String) && strings.HasPrefix(flag, "--") && !strings.Contains(flag, "=") {
			p.Report(finding.Finding{
				Message: fmt.Sprintf("docker knows no flag %q: a flag and its value are two strings", argument.Text), Location: argument.Place,
				Cause:    "no shell splits runArgs at blanks",
				Upstream: []string{"unknown flag: " + argument.Text},
				Fixes:    []finding.Fix{{Message: fmt.Sprintf("write %q, %q", flag, strings.TrimSpace(value)), Safe: true}},
			}, "runArgs", argument.Text)
		}
	}
}

// unmountedFolder finds a workspaceFolder at which nothing of the project lies: without workspaceMount the tools mount it below
// /workspaces, whatever workspaceFolder says.
func unmountedFolder(p *check.Pass, project facts.Project) {
	root := project.Config.Root
	member := root.Get("workspaceFolder")
	folder := path.Clean(member.Text)
	if !member.Is(jsonc.String) || !path.IsAbs(folder) || strings.Contains(folder, "$") || folder == "/" {
		return
	}
	if root.Get("dockerComposeFile").Kind != "" {
		unmountedByCompose(p, project, member, folder)
		return
	}
	if lies(folder, "/workspaces") || root.Get("workspaceMount").Kind != "" {
		return
	}
	if slices.ContainsFunc(project.Merged.Mounts, func(m devcontainer.Mount) bool { return lies(folder, m.Target) || lies(m.Target, folder) }) ||
		slices.ContainsFunc(root.Get("runArgs").Elements, func(argument jsonc.Node) bool { return strings.Contains(argument.Text, folder) }) {
		return
	}
	f := finding.Finding{
		Message:  fmt.Sprintf("workspaceFolder is %s, where nothing is mounted: the project lies below /workspaces", folder),
		Location: member.Place,
		Cause:    "workspaceFolder says where to start, and only workspaceMount where the project is",
		Upstream: []string{"Workspace does not exist", "OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd"},
		Fixes: []finding.Fix{{
			Message: fmt.Sprintf(`add "workspaceMount": "source=${localWorkspaceFolder},target=%s,type=bind", or remove workspaceFolder`, folder), Safe: true,
		}},
	}
	known := []string{"/go", "/root", "/home", "/tmp", "/opt", "/srv", "/usr", "/var"}
	if makesFolder(project, folder) || project.Image.Known == nil || slices.Contains(known, folder) || path.Dir(folder) == "/home" {
		f.Severity = finding.Warning // the folder of the image is opened
		f.Message = fmt.Sprintf("workspaceFolder is %s, where nothing is mounted: what the image has there is opened, and the project lies below /workspaces", folder)
	}
	p.Report(f, "workspaceFolder")
}

// makesFolder tells whether the Dockerfile is seen to put something into a folder of the image.
func makesFolder(project facts.Project, folder string) bool {
	return slices.ContainsFunc(targetInstructions(project), func(i dockerfile.Instruction) bool {
		return i.Keyword != "FROM" && (strings.Contains(i.Script, folder) || lies(i.Workdir, folder) || slices.ContainsFunc(i.Words, func(word string) bool { return strings.HasPrefix(word, folder) }))
	})
}

// unmountedByCompose finds a workspaceFolder beside the folder into which the service mounts the project.
func unmountedByCompose(p *check.Pass, project facts.Project, member jsonc.Node, folder string) {
	if project.Compose == nil || slices.ContainsFunc(project.Merged.Mounts, func(m devcontainer.Mount) bool { return lies(folder, m.Target) || lies(m.Target, folder) }) {
		return
	}
	var at *compose.Volume // where the project lies
	for _, volume := range project.Compose.Volumes {
		target := path.Clean(volume.Target)
		if lies(folder, target) || lies(target, folder) || strings.Contains(target, "$") {
			return
		}
		if volume.Type == "bind" && at == nil && path.Clean(volume.Source) == devcontainer.ProjectFolder(project.Config.File) {
			at = &volume
		}
	}
	if at == nil {
		return
	}
	f := finding.Finding{
		Message:  fmt.Sprintf("workspaceFolder is %s, but the service mounts the project at %s", folder, at.Target),
		Location: member.Place,
		Cause:    "workspaceFolder says where the editor starts, and only the volumes of the service say where the project is",
		Upstream: []string{"Workspace does not exist", "OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd"},
		Related:  []finding.Related{{Message: "the project is mounted here", Location: at.Place}},
		Fixes:    []finding.Fix{{Message: fmt.Sprintf(`write "workspaceFolder": %q, or mount the project at %s`, at.Target, folder), Safe: true}},
	}
	if makesFolder(project, folder) {
		f.Severity = finding.Warning // what the image has there is opened
	}
	p.Report(f, "workspaceFolder")
}

// windowsPath is a folder of a Windows machine.
var windowsPath = regexp.MustCompile(`^[A-Za-z]:[\\/]`)

// mountOfOneMachine finds a workspaceMount that names the project's folder as one machine has it.
func mountOfOneMachine(p *check.Pass, project facts.Project) {
	mount := project.Config.Root.Get("workspaceMount")
	kind, from, _ := devcontainer.ParseMount(mount.Text)
	if !mount.Is(jsonc.String) || kind != "bind" || from == "" || strings.Contains(from, "$") || project.Config.Root.Get("dockerComposeFile").Kind != "" {
		return
	}
	f := finding.Finding{
		Severity: finding.Warning, Message: fmt.Sprintf("workspaceMount mounts %s, a folder that one machine has", from), Location: mount.Place,
		Cause:    "docker refuses to bind a folder that is not there",
		Upstream: []string{"invalid mount config for type \"bind\": bind source path does not exist: " + from},
		Fixes:    []finding.Fix{{Message: "write source=${localWorkspaceFolder}", Safe: true}},
	}
	if !path.IsAbs(from) && !windowsPath.MatchString(from) {
		f.Severity, f.Message = finding.Error, fmt.Sprintf("workspaceMount binds %s, which is no path from the root: docker refuses it", from)
		f.Upstream = []string{"invalid mount path: '" + from + "' mount path must be absolute"}
	}
	p.Report(f, "workspaceMount", from)
}
