package checks

import (
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

// whyNotThis points out what it is about a process that somebody named that keeps a debugger from it; empty where that is
// not the process.
func whyNotThis(process facts.Process) (cause, fix string) {
	switch {
	case process.State == "Z" || process.State == "X":
		return "an exit status waits to be asked for; nothing runs that could be stopped", "attach to a process that lives"
	case process.Kernel:
		return "only programs can be debugged", "attach to a process of your own"
	case process.Tracer != 0:
		return "another debugger, or strace, has it", fmt.Sprintf("end process %d first, or debug through it", process.Tracer)
	case process.Stripped && process.Go != "":
		return "its program was built without debug information (-ldflags=-s, -w, or strip)", "build it without -s and -w, and with -gcflags=all='-N -l'"
	case process.Go == "" && process.Unreadable == "":
		return "Delve understands programs that Go has built", "attach to the Go program itself, not to a shell or a tool around it"
	}
	return "", ""
}

// judgeServer turns what is known of a named server into an outcome.
func judgeServer(p *check.Pass, proof facts.Proof) {
	server := facts.Server{}
	if proof.Server != nil {
		server = *proof.Server
	}
	evidence := map[string]string{"address": server.Address, "kind": server.Kind, "version": server.Version, "target": server.Target, "state": server.State}
	switch {
	case proof.Status == facts.Broken:
		p.Break("%s", proof.Reason)
	case proof.Status == facts.Fails:
		f := finding.Finding{
			Message:  "an editor cannot use the Delve at " + server.Address + ": " + proof.Reason,
			Cause:    "Delve serves the user that started it, one client unless it was told otherwise, and by version 2 of its interface",
			Evidence: evidence,
			Upstream: []string{proof.Reason, "connect ECONNREFUSED " + server.Address, "closing connection from different user"},
			Fixes: []finding.Fix{{
				Message: "start it as the user of the editor's server, for several clients", Safe: true,
				Commands: []string{"dlv exec PROGRAM --headless --api-version=2 --accept-multiclient --listen=" + server.Address},
			}},
		}
		switch {
		case server.Stopped:
			f.Cause = "the kernel takes connections for a program that is stopped (ctrl-Z, SIGSTOP), so that an editor waits for ever"
			f.Fixes = []finding.Fix{{Message: "let it go on", Safe: true, Commands: []string{fmt.Sprintf("kill -CONT %d", server.PID)}}}
		case strings.HasPrefix(proof.Reason, "nothing listens"):
			f.Cause = "a server that has not started, or has ended: one for one client ends when that client leaves"
		}
		p.Report(f, server.Address)
	case server.State == "ended":
		p.Report(finding.Finding{
			Severity: finding.Warning,
			Message:  "the Delve at " + server.Address + " answers, and the program that it debugs has ended: there is nothing left to stop or to look at",
			Cause:    "a server for several clients outlives its program",
			Evidence: evidence,
			Upstream: []string{"has exited with status"},
			Fixes:    []finding.Fix{{Message: "start the program again: `restart` in a client", Safe: true, Commands: []string{"dlv connect " + server.Address}}},
		}, server.Address)
	case server.Asked && server.Multi != nil && !*server.Multi:
		p.Report(finding.Finding{
			Severity: finding.Warning,
			Message:  "the Delve at " + server.Address + " takes one client, which this question was: it has ended, and has let its program go on",
			Cause:    "that it takes one client could not be seen before, because it is not in this container, or belongs to somebody else",
			Evidence: evidence,
			Fixes:    []finding.Fix{{Message: "start it again, with --accept-multiclient", Safe: true}},
		}, server.Address)
	}
}
