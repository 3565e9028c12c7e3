package checks

import (
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// superfluousPrivileges says of a running container which privileges debugging does without: that is proved by attaching
// once more without them.
func superfluousPrivileges(p *check.Pass) {
	ptrace, ok := p.Ptrace.Get()
	if !ok {
		p.Skip("%s", p.Ptrace.Why())
		return
	}
	capable, unfiltered := ptrace.Bounding&facts.CapSysPtrace != 0, ptrace.Seccomp == 0
	if !capable && !unfiltered {
		return
	}
	least, ok := p.Proofs[facts.LeastProof].Get()
	switch {
	case !ok:
		p.Skip("%s", p.Proofs[facts.LeastProof].Why())
		return
	case least.Status == facts.Skipped:
		p.Skip("%s", least.Reason)
		return
	case least.Status == facts.Broken:
		p.Break("%s", least.Reason)
		return
	case least.Status == facts.Fails:
		return // here they are needed
	}
	var given []string
	if capable {
		given = append(given, "SYS_PTRACE")
	}
	if unfiltered {
		given = append(given, "no filter of system calls (seccomp=unconfined, or privileged)")
	}
	f := finding.Finding{
		Severity: finding.Info,
		Message:  "the container has " + strings.Join(given, " and ") + ", and debugging works without: Delve has attached to a program although neither had SYS_PTRACE",
		Cause: fmt.Sprintf("a debugger may trace what it starts, and processes of the same user; since Linux 4.8 Docker's own filter permits that (this is Linux %s). "+
			"SYS_PTRACE is for processes of other users", ptrace.Kernel),
		Evidence: ptraceEvidence(ptrace),
	}
	project, _ := p.Project.Get()
	for _, line := range privilegeLines(project) {
		if f.Location.File == "" {
			f.Location = line.place
		}
		f.Related = append(f.Related, finding.Related{Message: line.words, Location: line.place})
		f.Fixes = append(f.Fixes, finding.Fix{Message: fmt.Sprintf("remove %s, unless something else than the debugger needs it", line.words)})
		if line.unfiltered {
			f.Severity = finding.Warning // which takes more away than a debugger's needs: every other call is let through, too
		}
	}
	if len(f.Fixes) == 0 {
		f.Fixes = []finding.Fix{{Message: "nothing in the workspace's files: a feature (Go's gives both), the image's metadata or whoever started the container does"}}
	}
	p.Report(f)
}

// privilegeLine is a place in the user's own files that gives a privilege.
type privilegeLine struct {
	words      string
	place      source.Place
	unfiltered bool
}

func privilegeLines(project facts.Project) []privilegeLine {
	var lines []privilegeLine
	add := func(node jsonc.Node, property string) {
		value := strings.TrimPrefix(strings.ToUpper(node.Text), "--CAP-ADD=")
		capability := strings.TrimPrefix(value, "CAP_") == "SYS_PTRACE"
		unfiltered := strings.HasSuffix(strings.ToLower(strings.ReplaceAll(node.Text, ":", "=")), "seccomp=unconfined")
		if capability || unfiltered {
			lines = append(lines, privilegeLine{fmt.Sprintf("%q from %s", node.Text, property), node.Place, unfiltered})
		}
	}
	root := project.Config.Root
	for _, property := range []string{"capAdd", "securityOpt", "runArgs"} {
		for _, element := range root.Get(property).Elements {
			add(element, property)
		}
	}
	if node := root.Get("privileged"); node.Truthy() {
		lines = append(lines, privilegeLine{`"privileged": true`, node.Place, true})
	}
	return lines
}
