//go:build linux

// Package gopls proves that the editor's language server works by using it: it starts gopls as the Go extension does, lets
// it load a small module, asks where a symbol of the standard library is defined, and plants mistakes that it has to report.
//
// It owns the whole life of one gopls over stdio per proof. Its one rule: a proof ends, always, with a verdict that quotes
// what gopls itself said, and leaves nothing behind; the mistakes are planted in texts that gopls holds in memory, never in
// a file.
package gopls

import (
	"context"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
)

// Server is the gopls that a proof runs, as the Go extension would start it.
type Server struct {
	Path    string
	Args    []string       // go.languageServerFlags
	Env     []string       // complete
	Version string         // for the record; empty: as gopls tells it
	Options map[string]any // initializationOptions, and the answer to workspace/configuration
}

// Module is the scratch module that gopls works on; see [Files].
type Module struct {
	Folder    string // absolute, links resolved
	Goroot    string // what `go env GOROOT` says there
	GoVersion string // what `go env GOVERSION` says there: "go1.26.8"; empty where it is not known
}

// Prove runs one session.
func Prove(ctx context.Context, server Server, module Module) facts.Proof {
	return prove(ctx, server, module, usualLimits())
}

// limits are the longest times that a proof waits. The usual ones are twenty times and more what was measured on a small
// machine with an empty cache, so that only something that hangs reaches them; the one for loading is what the Go
// extension's own tests wait (extension/test/gopls/goplsTestEnv.utils.ts).
type limits struct {
	initialize time.Duration // to the answer to the first request
	load       time.Duration // from there to the end of the progress that gopls reports
	answer     time.Duration // for the answer to a question
	report     time.Duration // for a planted mistake to be reported
	end        time.Duration // for gopls to end by itself
	term       time.Duration // for gopls to end after SIGTERM
	farewell   time.Duration // for the reason of gopls, after it broke the connection
	whole      time.Duration // for all of it
}

func usualLimits() limits {
	return limits{
		initialize: 20 * time.Second,
		load:       60 * time.Second,
		answer:     20 * time.Second,
		report:     time.Minute, // a machine with forty processes at work has taken more than half of it
		end:        5 * time.Second,
		term:       2 * time.Second,
		farewell:   time.Second,
		whole:      4 * time.Minute,
	}
}
