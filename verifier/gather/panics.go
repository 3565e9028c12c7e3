//go:build linux

package gather

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
)

// panicDeadline is how long a program that panics at once may take.
const panicDeadline = 10 * time.Second

// tracebacks are the values of GOTRACEBACK that Go promises something for.
var tracebacks = []string{"none", "single", "all", "system", "crash"}

// panics lets the scratch program panic with every value of GOTRACEBACK, and with those that somebody here sets, in the
// environment of what F5 starts.
func (g *gatherer) panics(ctx context.Context, e *environments, all []*debugged, builds map[string]func() building) facts.Part[facts.Panics] {
	build, ok := g.debuggee(ctx, e, builds)
	if !ok {
		return facts.Failed[facts.Panics]("no program that panics could be built: " + build.Error)
	}
	env := e.get(goenv.RemoteView).env
	if tools := e.get(goenv.ToolsView); tools.unknown == "" {
		env = tools.env
	}
	values := slices.Clone(tracebacks)
	consider := func(environ goenv.Environ) {
		if value, ok := environ["GOTRACEBACK"]; ok && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	for _, name := range e.names {
		consider(e.get(name).env)
	}
	for _, d := range all {
		consider(d.view.Environ())
	}
	g.Progress("letting a program panic")
	result := facts.Panics{Core: g.core(), Traces: []facts.PanicTrace{g.panicOnce(ctx, build.Binary, without(env, "GOTRACEBACK"), "", false)}}
	for _, value := range values {
		result.Traces = append(result.Traces, g.panicOnce(ctx, build.Binary, env, value, true))
	}
	return facts.Known(result)
}

func without(env goenv.Environ, name string) goenv.Environ {
	env = maps.Clone(env)
	delete(env, name)
	return env
}

// panicOnce runs the program to its panic. GODEBUG stays away: a value that the runtime refuses would end it before.
func (g *gatherer) panicOnce(ctx context.Context, binary string, env goenv.Environ, value string, set bool) facts.PanicTrace {
	env = without(env, "GODEBUG")
	if set {
		env = env.With("GOTRACEBACK=" + value)
	}
	trace := facts.PanicTrace{Value: value, Set: set}
	run := g.Run(ctx, machine.Command{Path: binary, Args: []string{"panic", "gopher"}, Dir: filepath.Dir(binary), Env: env, Timeout: panicDeadline})
	switch {
	case run.Err == nil:
		trace.Failed = "the program ended without a panic"
	case ctx.Err() != nil || run.Late():
		trace.Failed = run.Err.Error()
	default:
		trace.Trace, trace.End = facts.ReadTrace(string(run.Stderr)), run.Err.Error()
	}
	return trace
}

// panicUnderDelve lets the program panic under Delve with every value of GOTRACEBACK that it has not had: one after another,
// because other proofs are at work.
func panicUnderDelve(seen []facts.PanicTrace, inspect func(value string) (facts.Proof, delve.Inspected)) []facts.PanicTrace {
	for _, value := range tracebacks {
		if slices.ContainsFunc(seen, func(t facts.PanicTrace) bool { return t.Set && t.Value == value }) {
			continue
		}
		proof, got := inspect(value)
		trace := facts.PanicTrace{Value: value, Set: true, Debugger: true, Trace: facts.ReadTrace(got.Panic), End: got.End}
		if proof.Status != facts.Passed {
			trace.Failed = proof.Reason
			return append(seen, trace) // the next would meet the same
		}
		seen = append(seen, trace)
	}
	return seen
}

// core is what the kernel does with a program that is aborted here.
func (g *gatherer) core() facts.Core {
	core := facts.Core{Limit: "not known", Pattern: "not known"}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &limit) == nil {
		core.Limit = strconv.FormatUint(limit.Cur, 10)
		if limit.Cur == unix.RLIM_INFINITY {
			core.Limit = "unlimited"
		}
	}
	if pattern, err := g.Text(filepath.Join(g.proc, "sys/kernel/core_pattern"), "core_pattern"); err == nil {
		core.Pattern = cmp.Or(firstLine(pattern.Text), "empty")
	}
	return core
}

// withDebugger adds what was seen under Delve.
func withDebugger(part facts.Part[facts.Panics], all []*debugged) facts.Part[facts.Panics] {
	panics, ok := part.Get()
	if !ok {
		return part
	}
	for _, d := range all {
		for _, seen := range d.panics {
			if !slices.ContainsFunc(panics.Traces, func(t facts.PanicTrace) bool { return t.Debugger && t.Set == seen.Set && t.Value == seen.Value }) {
				panics.Traces = append(panics.Traces, seen)
			}
		}
	}
	return facts.Known(panics)
}
