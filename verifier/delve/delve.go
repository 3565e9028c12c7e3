// Package delve proves that a debugger works by using it: it starts Delve, connects, stops a program where it was told
// to, reads a variable and lets the program go on.
//
// It owns the whole life of one headless Delve session per proof. Its one rule: a proof ends, always, with a verdict
// that quotes what the debugger itself said, and leaves nothing behind, neither a process of its own nor a stopped one
// of somebody else.
package delve

import (
	"context"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
)

// Tool is the Delve that a proof runs: the container's own, or the one linked into dcverify.
type Tool struct {
	Path           string   // program to start
	Args           []string // arguments that come before Delve's own (linked: the hidden subcommand of dcverify)
	Env            []string // environment of the debugger, complete
	Version        string   // for the record; empty: as Delve tells it
	Linked         bool
	NoVersionCheck bool // pass --check-go-version=false

	EditorFlags []string // of `dlv dap`, from the user's own settings (dlvFlags), before those of the Go extension
}

// Program is what a launch debugs.
type Program struct {
	Path       string
	Args       []string
	Dir        string
	Breakpoint string            // function to stop in, such as "main.work"
	Locals     map[string]string // name and value, as Delve prints it, of variables visible where Breakpoint begins
	Std        string            // function of the standard library to stop in afterwards; empty for none
	Sources    string            // the folder of the standard library's sources that it must lie in, links resolved; empty for any
}

// Process is a running process to attach to.
//
// With a Breakpoint it is stopped there and its variables are read. Without one it belongs to somebody else: it is
// stopped for a moment, looked at and let go, and nothing is written into it but what Delve writes by itself.
type Process struct {
	PID        int
	Breakpoint string
	Locals     map[string]string
	Alive      func(context.Context) error // says whether the process goes on with its work; may be nil
}

// Launch debugs a program from its start to its end.
func Launch(ctx context.Context, tool Tool, program Program) facts.Proof {
	return launch(ctx, tool, program, usualLimits())
}

// Attach debugs a running process for a moment and makes sure that it lives on.
func Attach(ctx context.Context, tool Tool, process Process) facts.Proof {
	return attach(ctx, tool, process, usualLimits())
}

// limits are the longest times that a proof waits. The usual ones are twenty times and more what was measured on a
// small machine, so that only something that hangs reaches them.
type limits struct {
	listen   time.Duration // from the start of Delve to its listening line
	dial     time.Duration // for the connection
	first    time.Duration // for the first answer, which Delve gives after it has loaded the program
	step     time.Duration // for every later step
	end      time.Duration // for Delve to end by itself
	term     time.Duration // for Delve to end after SIGTERM
	farewell time.Duration // for the reason of Delve, after it broke the connection
	whole    time.Duration // for all of it
}

func usualLimits() limits {
	return limits{
		listen:   10 * time.Second,
		dial:     2 * time.Second,
		first:    15 * time.Second,
		step:     5 * time.Second,
		end:      5 * time.Second,
		term:     2 * time.Second,
		farewell: time.Second,
		whole:    30 * time.Second,
	}
}
