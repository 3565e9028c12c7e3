//go:build linux

package gather

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// leastPrivilege attaches once more, in a container that has SYS_PTRACE or no filter of system calls, as a container without
// the capability would: neither the debugger nor the program has it then. The filter cannot be put back from inside.
func (g *gatherer) leastPrivilege(
	ctx context.Context, e *environments, builds map[string]func() building, dlv facts.Part[facts.Tool], kernel facts.Part[facts.Ptrace],
) facts.Part[facts.Proof] {
	skipped := func(reason string) facts.Part[facts.Proof] {
		return facts.Known(facts.Proof{Name: facts.LeastProof, View: goenv.ToolsView, Status: facts.Skipped, Reason: reason, Steps: []facts.Step{}})
	}
	self, ok := kernel.Get()
	switch {
	case !e.inContainer:
		return facts.Absent[facts.Proof]("this is no container")
	case !ok:
		return facts.Absent[facts.Proof](kernel.Why())
	case self.Bounding&facts.CapSysPtrace == 0 && self.Seccomp != 0:
		return facts.Absent[facts.Proof]("the container has no privilege that debugging could do without")
	}
	tools := e.get(goenv.ToolsView)
	if tools.unknown != "" {
		tools = e.get(goenv.RemoteView)
	}
	build, ok := g.debuggee(ctx, e, builds)
	if !ok {
		return skipped("no program to attach to could be built: " + build.Error)
	}
	by := []string{g.Self, LeastHelper}
	running, err := delve.StartDebuggeeBy(ctx, by, build.Binary, tools.env.List(), filepath.Dir(build.Binary))
	if err != nil {
		return skipped("SYS_PTRACE could not be taken away from the program to attach to: " + err.Error())
	}
	defer running.Stop()
	g.Progress("attaching Delve to a process without SYS_PTRACE")
	debugger := g.debugger(dlv, tools.env)
	debugger.Path, debugger.Args = by[0], append(slices.Clone(by[1:]), append([]string{debugger.Path}, debugger.Args...)...)
	proof := g.repeat(ctx, func() facts.Proof { return delve.Attach(ctx, debugger, delve.DebuggeeProcess(running)) })
	proof.Name, proof.View, proof.Tool.Path = facts.LeastProof, goenv.ToolsView, debugger.Args[len(by)-1]
	return facts.Known(proof)
}
