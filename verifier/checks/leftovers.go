package checks

import (
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

var debugLeftovers = check.Check{
	Code: "DV610", Name: "debug-leftovers", Severity: finding.Warning, Scope: "C",
	Summary: "a debugger or the program that it debugged has outlived its session; or programs that Delve has built lie in the workspace",
	Needs:   []facts.Need{facts.LeftBehind},
	Run: func(p *check.Pass) {
		left, ok := p.Leftovers.Get()
		switch {
		case p.Leftovers.IsFailed():
			p.Break("%s", p.Leftovers.Why())
			return
		case !ok:
			p.Skip("%s", p.Leftovers.Why())
			return
		}
		var files []string
		var bytes int64
		for _, l := range left {
			if l.Kind == "file" {
				files, bytes = append(files, l.Name), bytes+l.Bytes
				continue
			}
			reportLeftProcess(p, l)
		}
		if len(files) == 0 {
			return
		}
		shown := strings.Join(files[:min(len(files), 5)], ", ")
		if more := len(files) - 5; more > 0 {
			shown += fmt.Sprintf(" and %d more", more)
		}
		quoted := make([]string, len(files))
		for i, name := range files {
			quoted[i] = "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
		}
		p.Report(finding.Finding{
			Severity: finding.Info,
			Message:  fmt.Sprintf("Delve has left what it built in the workspace: %s (%.1f MB)", shown, float64(bytes)/1e6),
			Cause:    "Delve builds into the package's folder and removes the program when the session ends in order: one that was killed does not",
			Fixes:    []finding.Fix{{Message: "remove them, and ignore __debug_bin* in .gitignore", Safe: true, Commands: []string{"rm -- " + strings.Join(quoted, " ")}}},
		}, "files")
	},
}

func reportLeftProcess(p *check.Pass, l facts.Leftover) {
	f := finding.Finding{
		Evidence: map[string]string{"pid": fmt.Sprint(l.PID), "program": l.Name, "state": l.State},
		Fixes:    []finding.Fix{{Message: "end it", Safe: true, Commands: []string{fmt.Sprintf("kill %d", l.PID)}}},
	}
	switch {
	case l.Kind == "debugger" && l.Address != "":
		f.Message = fmt.Sprintf("a debugger of an earlier session (%s, process %d) still listens at %s", l.Name, l.PID, l.Address)
		f.Cause = "whoever started it has ended, and no client is connected: the port is taken, and what it debugs stands still"
		f.Upstream = []string{"couldn't start listener: listen tcp " + l.Address + ": bind: address already in use"}
		f.Evidence["address"] = l.Address
	case l.Kind == "debugger":
		f.Message = fmt.Sprintf("a debugger of an earlier session (%s, process %d) still runs", l.Name, l.PID)
		f.Cause = "whoever started it has ended, and it serves nobody"
	case l.State == "T":
		f.Message = fmt.Sprintf("%s (process %d) stands still, and no debugger has it any more", l.Name, l.PID)
		f.Cause = "its debugger was killed while it was stopped; it holds what it held: ports, locks, memory"
		f.Fixes[0] = finding.Fix{Message: "end it", Safe: true, Commands: []string{fmt.Sprintf("kill -KILL %d", l.PID)}}
	default:
		f.Message = fmt.Sprintf("%s (process %d), which a debugger has started, runs on without it", l.Name, l.PID)
		f.Cause = "a debugger that is killed (SIGKILL, SIGHUP) does not take its program along; it holds what it held: ports, locks, memory"
		f.Upstream = []string{"bind: address already in use"}
	}
	p.Report(f, fmt.Sprint(l.PID))
}
