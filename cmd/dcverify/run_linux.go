package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier"
	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/checks"
	"github.com/dcverify/dcverify/verifier/gather"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/report"
)

// options gathers everything for a look at this machine.
func (h *here) options(ctx context.Context, sys system, selected []check.Check) (gather.Options, verifier.Options, func(), error) {
	if err := h.check(); err != nil {
		return gather.Options{}, verifier.Options{}, nil, err
	}
	if h.from != "" {
		if err := oneOf("--from", h.from, goenv.RemoteView, goenv.ContainerView); err != nil {
			return gather.Options{}, verifier.Options{}, nil, err
		}
	}
	workspace, err := folder(h.workspace)
	if err != nil {
		return gather.Options{}, verifier.Options{}, nil, fmt.Errorf("--workspace %w", err)
	}
	program, err := self()
	if err != nil {
		return gather.Options{}, verifier.Options{}, nil, err
	}
	shown := startProgress(ctx, sys, h.quiet, h.verbose)
	look := gather.Options{Environ: sys.env(), Workspace: workspace, From: h.from, Online: h.online, Self: program, Progress: shown.say}
	return look, verifier.Options{Checks: selected, FailOn: report.FailOn(h.failOn), Timeout: h.timeout}, shown.stop, nil
}

// verify runs, reports, and ends with the report's exit status.
func (h *here) verify(ctx context.Context, sys system, selected []check.Check, adjust func(*gather.Options)) error {
	look, options, stop, err := h.options(ctx, sys, selected)
	if err != nil {
		return err
	}
	if adjust != nil {
		adjust(&look)
	}
	result, err := verifier.Verify(ctx, look, options)
	stop()
	if err != nil {
		return incomplete{err}
	}
	if err := h.finish(sys, result); err != nil {
		return err
	}
	return exit(result)
}

// machineEnvironment is a report of what this machine's views see.
func (h *here) machineEnvironment(ctx context.Context, sys system) (report.Report, error) {
	selected, err := checks.Select(checks.All(), []string{"DV101", "DV904"}, nil) // what they need is what the table needs
	if err != nil {
		return report.Report{}, err
	}
	look, options, stop, err := h.options(ctx, sys, selected)
	if err != nil {
		return report.Report{}, err
	}
	result, err := verifier.Verify(ctx, look, options)
	stop()
	if err != nil {
		return report.Report{}, incomplete{err}
	}
	return result, nil
}

const runTimeout = 10 * time.Minute // a first compile under emulation takes minutes

func newRun(sys system) *cobra.Command {
	var h here
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Verify the dev container, or machine, that this runs in",
		Long: `run finds out what every view of this container sees, asks all checks, and proves by doing: it builds and
tests a small module in every view, launches a program under Delve, attaches to a running one, debugs a package as
the editor does, and asks gopls. Nothing of the workspace is run or changed, and without --online nothing touches
the network.`,
		Example: "  dcverify run\n  dcverify run --only goroot-consistent,DV605 --format json\n  dcverify run --fail-on never -o json=report.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			selected, err := h.selected("CP")
			if err != nil {
				return err
			}
			return h.verify(cmd.Context(), sys, selected, nil)
		},
	}
	h.registerHere(cmd)
	h.register(cmd, runTimeout)
	return cmd
}
