package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier"
	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/gather"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/report"
)

// here is what the commands share that look at the container or machine they run in.
type here struct {
	flags
	workspace string
	from      string
	online    bool
}

func (h *here) registerHere(cmd *cobra.Command) {
	cmd.Flags().StringVar(&h.workspace, "workspace", ".", "folder of the project")
	cmd.Flags().StringVar(&h.from, "from", "", "the view that dcverify was started in: remote (lifecycle command, devcontainer exec) or container (docker exec); found out when empty")
	cmd.Flags().BoolVar(&h.online, "online", false, "let the go command use the network")
}

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

// finish gives the report out and says on standard error when it is not the whole.
func (f *flags) finish(sys system, result report.Report) error {
	if err := f.write(sys, result); err != nil {
		return err
	}
	if result.Interrupted != "" {
		fmt.Fprintf(sys.stderr, "dcverify: %s; what was found until then is reported\n", result.Interrupted)
	}
	return nil
}

func exit(results ...report.Report) error {
	// The order in which one result counts more than another.
	for _, worst := range []int{report.ExitIncomplete, report.ExitFailed, report.ExitWarned} {
		for _, r := range results {
			if r.ExitStatus == worst {
				return status(worst)
			}
		}
	}
	return nil
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
