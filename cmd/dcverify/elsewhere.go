//go:build !linux

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier/report"
)

// Dev containers are Linux. Elsewhere there is no container to look at from inside, and files and images remain.

func newRun(sys system) *cobra.Command {
	return inContainer("run", "Verify the dev container that this runs in (Linux)")
}

func newDebug(sys system) *cobra.Command {
	return inContainer("debug", "Prove the debugger alone (Linux)")
}

func inContainer(name, short string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("%[1]s verifies the container that it runs in: devcontainer exec dcverify %[1]s", name)
		},
	}
}

// newHelpers is nothing: the feature and the proofs call them, in a container.
func newHelpers(system) []*cobra.Command { return nil }

func (h *here) machineEnvironment(context.Context, system) (report.Report, error) {
	return report.Report{}, fmt.Errorf("env shows the container that it runs in, or with --config DIR what files declare")
}
