package checks

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

var panicTrace = check.Check{
	Code: "DV609", Name: "panic-trace", Severity: finding.Warning, Scope: "P", Hard: true,
	Summary: "a panic shows less than GOTRACEBACK promises, with or without the debugger, or GOTRACEBACK takes the whole trace away",
	Needs:   []facts.Need{facts.PanicTraces, facts.Debugged, facts.Environment, facts.GoCommands},
	Run: func(p *check.Pass) {
		panics, ok := p.Panics.Get()
		if !ok {
			p.Skip("%s", p.Panics.Why())
			return
		}
		for _, trace := range panics.Traces {
			judgeTrace(p, trace)
		}
		for _, s := range saidTracebacks(p) {
			judgeTraceback(p, panics.Core, s)
		}
	},
}

// promise is what a value of GOTRACEBACK promises of a panic (go doc runtime, runtime1.go setTraceback).
type promise struct {
	own, others, runtime, abort bool
	known                       bool // a word or a number that the runtime knows
}

// promised reads a value as the runtime does: words, or a level; 0 is none, 1 all, 2 and more system. Whatever else it is
// counts as all goroutines on level 0, and level 0 prints none.
func promised(value string, set bool) promise {
	switch {
	case !set, value == "", value == "single":
		return promise{own: true, known: true}
	case value == "none":
		return promise{known: true}
	case value == "all":
		return promise{own: true, others: true, known: true}
	case value == "system":
		return promise{own: true, others: true, runtime: true, known: true}
	case value == "crash":
		return promise{own: true, others: true, runtime: true, abort: true, known: true}
	}
	level, err := strconv.Atoi(value)
	if err != nil || level != int(uint32(level)) {
		return promise{}
	}
	return promise{own: level > 0, others: level > 0, runtime: level > 1, known: true}
}

// judgeTrace holds one panic against its promise.
func judgeTrace(p *check.Pass, trace facts.PanicTrace) {
	how := "without the debugger"
	if trace.Debugger {
		how = "under Delve"
	}
	value := "GOTRACEBACK=" + trace.Value
	if !trace.Set {
		value = "no GOTRACEBACK"
	}
	if trace.Failed != "" {
		p.Break("a panic with %s, %s: %s", value, how, trace.Failed)
		return
	}
	want := promised(trace.Value, trace.Set)
	var lacks []string
	lack := func(promised, there bool, what string) {
		if promised && !there {
			lacks = append(lacks, what)
		}
	}
	lack(true, trace.Trace.Message, "the message")
	lack(want.own, trace.Trace.Own, "the goroutine that panicked")
	lack(want.others, trace.Trace.Others >= 3, "the other goroutines")
	lack(want.runtime, trace.Trace.Runtime, "the runtime's goroutines")
	lack(want.abort && !trace.Debugger, strings.Contains(trace.End, "abort"), "the abort")
	if len(lacks) == 0 {
		return
	}
	p.Report(finding.Finding{
		Message:  fmt.Sprintf("a panic with %s lacks %s, %s", value, list(lacks), how),
		Cause:    "a program with three more goroutines was made to panic, and what it printed was read",
		Evidence: map[string]string{"GOTRACEBACK": trace.Value, "goroutines": fmt.Sprint(trace.Trace.Goroutines), "end": trace.End},
		Fixes:    []finding.Fix{{Message: "see what stands between the program and its standard error, and whether this Go is changed"}},
	}, value, how)
}

// saidTraceback is a GOTRACEBACK with who sets it and in which views it is in force.
type saidTraceback struct {
	value goenv.Value
	views []string
}

func saidTracebacks(p *check.Pass) []saidTraceback {
	var all []saidTraceback
	views := slices.Clone(p.Views)
	debuggees, _ := p.Debuggees.Get()
	for _, d := range debuggees {
		views = append(views, d.View)
	}
	for _, view := range views {
		value := view.Lookup("GOTRACEBACK")
		if value.Unknown != "" || !value.Set {
			continue
		}
		at := slices.IndexFunc(all, func(s saidTraceback) bool {
			return s.value.Value == value.Value && s.value.Origin == value.Origin
		})
		if at < 0 {
			at = len(all)
			all = append(all, saidTraceback{value: value})
		}
		if !slices.Contains(all[at].views, view.Name) {
			all[at].views = append(all[at].views, view.Name)
		}
	}
	return all
}

// judgeTraceback tells what a value that is in force does to every panic.
func judgeTraceback(p *check.Pass, core facts.Core, s saidTraceback) {
	value := s.value.Value
	want := promised(value, true)
	f := finding.Finding{
		Location: s.value.Origin.Place, Cause: "it is set by " + said(s.value.Origin),
		Evidence: map[string]string{"GOTRACEBACK": value, "views": list(s.views)},
		Fixes:    []finding.Fix{{Message: "remove it, or set it to all", Safe: true}},
	}
	switch {
	case !want.known:
		f.Message = fmt.Sprintf("GOTRACEBACK=%s is no word that Go knows: a panic prints its message and not one goroutine (view %s)", value, list(s.views))
		f.Fixes = []finding.Fix{{Message: "write none, single, all, system or crash", Safe: true}}
	case !want.own:
		f.Message = fmt.Sprintf("GOTRACEBACK=%s: a panic prints its message and not one goroutine, so that nobody sees where it was (view %s)", value, list(s.views))
	case want.abort:
		f.Severity = finding.Info
		f.Message = fmt.Sprintf("GOTRACEBACK=crash aborts a program that panics (SIGABRT); %s (view %s)", afterAbort(core), list(s.views))
		f.Fixes = []finding.Fix{{Message: "allow core files where they are wanted: \"runArgs\": [\"--ulimit\", \"core=-1\"]; or set GOTRACEBACK to system", Safe: true}}
	default:
		return
	}
	p.Report(f, value, s.value.Origin.Layer, s.value.Origin.Name)
}

// afterAbort is what the kernel does with the memory of an aborted program.
func afterAbort(core facts.Core) string {
	switch {
	case strings.HasPrefix(core.Pattern, "|"):
		return "the core goes to a program of the host, " + strings.TrimPrefix(core.Pattern, "|") + ", and not into the container"
	case core.Limit == "0":
		return "no core file is written, because its limit is 0 (ulimit -c)"
	case core.Pattern == "not known":
		return "where the core file goes is not known"
	}
	return fmt.Sprintf("the core file is called %s, and its limit is %s bytes", core.Pattern, core.Limit)
}
