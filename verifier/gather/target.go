//go:build linux

package gather

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/ptrace"
)

// attachTo attaches to the process that somebody asks for by its number. It looks first, without touching it: to attach to
// what cannot be debugged makes no sense, and to some it would do harm.
func (g *gatherer) attachTo(ctx context.Context, e *environments, dlv facts.Part[facts.Tool], kernel facts.Part[facts.Ptrace]) facts.Part[facts.Proof] {
	g.Progress(fmt.Sprintf("attaching to process %d", g.AttachTo))
	began := time.Now()
	self, ok := kernel.Get()
	if !ok {
		var err error
		if self, err = ptrace.Self(); err != nil {
			return facts.Failed[facts.Proof](err.Error())
		}
	}
	look := facts.Step{Name: facts.LookStep}
	ended := func(reason string) facts.Part[facts.Proof] {
		return facts.Known(facts.Proof{
			Name: facts.AttachProof, View: goenv.ToolsView, Status: facts.Fails, Reason: reason, Steps: []facts.Step{look},
		})
	}
	process, err := ptrace.Look(g.AttachTo)
	if err != nil {
		return ended(err.Error())
	}
	look.Ms, look.Detail = time.Since(began).Milliseconds(), ptrace.Describe(process)
	permitted, why := ptrace.Predict(self, process, false)
	look.Predicted = "refused: " + why
	if permitted {
		look.Predicted = "permitted: " + why
	}
	if obstacle := ptrace.Obstacle(process, self, runtime.GOARCH, ancestors()); obstacle != "" {
		part := ended(obstacle)
		proof, _ := part.Get()
		proof.Process = &process
		return facts.Known(proof)
	}
	tools := e.get(goenv.ToolsView)
	if tools.unknown != "" {
		tools = e.get(goenv.RemoteView)
	}
	proof := g.repeat(ctx, func() facts.Proof {
		return delve.Attach(ctx, g.debugger(dlv, tools.env), delve.Process{PID: g.AttachTo})
	})
	proof.View, proof.Process = goenv.ToolsView, &process
	proof.Steps = append([]facts.Step{look}, proof.Steps...)
	return facts.Known(proof)
}

// connectTo asks the Delve that somebody names by its address.
func (g *gatherer) connectTo(ctx context.Context) facts.Part[facts.Proof] {
	if g.ConnectTo == "" {
		return facts.Absent[facts.Proof]("no server was named (dcverify debug --connect)")
	}
	g.Progress("asking the Delve at " + g.ConnectTo)
	return facts.Known(g.repeat(ctx, func() facts.Proof { return delve.Connect(ctx, g.ConnectTo) }))
}

// ancestors is this process and all that it descends from.
func ancestors() []int {
	var own []int
	for pid := os.Getpid(); pid > 1; {
		own = append(own, pid)
		p, err := ptrace.Look(pid)
		if err != nil {
			break
		}
		pid = p.Parent
	}
	return own
}
