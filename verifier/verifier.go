// Package verifier is the whole product in one page: gather the facts, ask the checks, make the report.
package verifier

import (
	"context"
	"fmt"
	"io/fs"
	"runtime/debug"
	"time"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/engine"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/gather"
	"github.com/dcverify/dcverify/verifier/report"
	"github.com/dcverify/dcverify/verifier/resolve"
)

// Options is what a user may say about a run.
type Options struct {
	Checks  []check.Check // the checks to ask
	FailOn  report.FailOn
	Timeout time.Duration // for everything together
}

// Image audits an image of the engine without starting it.
func Image(ctx context.Context, docker *engine.Engine, reference string, options Options) (report.Report, error) {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	image, err := docker.Image(ctx, reference)
	if err != nil {
		return report.Report{}, err
	}
	return judge(gather.FromImage(image), options, started, ""), nil
}

// Config judges a dev container by the files of its workspace alone. Nothing is run; what may be asked besides the files,
// an engine or a registry, is in the options of the resolver, and keeps to ctx by itself.
func Config(ctx context.Context, workspace fs.FS, files resolve.Options, options Options) report.Report {
	started := time.Now()
	snapshot := resolve.Snapshot(workspace, files)
	return judge(snapshot, options, started, interrupted(ctx, options))
}

// interrupted says why a run ended before its time; nothing when it did not.
func interrupted(ctx context.Context, options Options) string {
	switch ctx.Err() {
	case nil:
		return ""
	case context.DeadlineExceeded:
		return fmt.Sprintf("the time of %s ran out", options.Timeout)
	}
	return "interrupted"
}

// judge asks the checks and makes the report.
func judge(snapshot *facts.Snapshot, options Options, started time.Time, interrupted string) report.Report {
	outcomes, findings := check.Run(options.Checks, snapshot)
	return report.New(report.Run{
		Version:     Version(),
		Started:     started,
		Duration:    time.Since(started),
		Snapshot:    snapshot,
		Outcomes:    outcomes,
		Findings:    findings,
		FailOn:      options.FailOn,
		Interrupted: interrupted,
	})
}

// version is set by the linker in releases.
var version string

// Version is the version of dcverify: the release's, or the module's, or "devel".
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
