//go:build linux

// Package verifier is the whole product in one page: gather the facts, ask the checks, make the report.
package verifier

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/checks"
	"github.com/dcverify/dcverify/verifier/engine"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/gather"
	"github.com/dcverify/dcverify/verifier/machine"
	"github.com/dcverify/dcverify/verifier/report"
)

// Options is what a user may say about a run.
type Options struct {
	gather.Options               // where and how to gather; Needs is set here
	Checks         []check.Check // the checks to ask
	FailOn         report.FailOn
	Timeout        time.Duration // for everything together
}

// Verify verifies the container or machine that it runs in. The report holds whatever was learned before the deadline or
// an interruption; an error means that nothing could be learned at all.
func Verify(ctx context.Context, options Options) (result report.Report, err error) {
	started := time.Now()
	m, err := machine.Open(options.Environ)
	if err != nil {
		return report.Report{}, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	deadline, cancel := context.WithTimeout(ctx, options.Timeout)
	defer cancel()
	options.Needs = checks.Needs(options.Checks)
	snapshot := gather.Take(deadline, m, options.Options)
	interrupted := ""
	switch {
	case ctx.Err() != nil:
		interrupted = "interrupted"
	case deadline.Err() != nil:
		interrupted = fmt.Sprintf("the time of %s ran out", options.Timeout)
	}
	return judge(snapshot, options, started, interrupted), nil
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
