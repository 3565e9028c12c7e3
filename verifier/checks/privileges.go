package checks

import (
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

// debugPrivileges never warns of what files leave out: a program that Delve launches needs no privilege on any engine of
// today, and whether Delve may attach to another one only a probe in the container tells (DV603). Of a container it says what
// was proved to be superfluous.
var debugPrivileges = check.Check{
	Code: "DV306", Name: "debug-privileges", Severity: finding.Warning, Scope: "SP",
	Summary: "a container has privileges for debugging that debugging is proved to work without; of files: none gives SYS_PTRACE, which attaching may need",
	Needs:   []facts.Need{facts.Declared, facts.Kernel, facts.Least},
	Run: func(p *check.Pass) {
		if p.Target.Kind == "container" {
			superfluousPrivileges(p)
			return
		}
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		if p.Target.Kind != "workspace" {
			return
		}
		if _, hasGo := project.Go(); !hasGo && len(project.Modules) == 0 {
			p.Skip("there is no Go to be debugged")
			return
		}
		if why := unseenMetadata(project); why != "" {
			p.Skip("%s", why)
			return
		}
		if mayTrace(project) {
			return
		}
		fix := `add "capAdd": ["SYS_PTRACE"]`
		if project.Compose != nil {
			fix = "add cap_add: [SYS_PTRACE] to the service " + project.Compose.Name
		}
		f := finding.Finding{
			Severity: finding.Info,
			Message:  "nothing gives the container SYS_PTRACE: launching under the debugger works without, attaching to a process of another user does not",
			Cause:    "looked for it in capAdd, privileged, runArgs, the compose service, the features and the metadata label of the image",
			Fixes:    []finding.Fix{{Message: fix + " if you attach", Safe: true}},
		}
		f.Location.File = project.Config.File
		p.Report(f)
	},
}

// mayTrace tells whether any source gives the capability, or everything. The merged properties are those of the label, the
// features and devcontainer.json.
func mayTrace(project facts.Project) bool {
	capabilities := slices.Concat(project.Merged.CapAdd, project.RunArgs.CapAdd)
	privileged := project.Merged.Privileged || project.RunArgs.Privileged
	if service := project.Compose; service != nil {
		capabilities = slices.Concat(project.Merged.CapAdd, service.CapAdd) // runArgs are not read
		privileged = project.Merged.Privileged || service.Privileged
	}
	return privileged || slices.ContainsFunc(capabilities, func(name string) bool {
		name = strings.TrimPrefix(strings.ToUpper(name), "CAP_")
		return name == "SYS_PTRACE" || name == "ALL"
	})
}

// unseenMetadata says which source of privileges and extensions, besides devcontainer.json, is not at hand.
func unseenMetadata(project facts.Project) string {
	if project.Image.Unknown != "" {
		return project.Image.Unknown
	}
	if known := project.Image.Known; project.Image.From == "" && known != nil && !known.HasConfig {
		return "the metadata label of " + project.Image.Reference + " is not known"
	}
	for _, feature := range project.Features {
		if feature.Unknown != "" {
			return feature.Unknown
		}
	}
	return ""
}
