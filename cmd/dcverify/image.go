package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier"
	"github.com/dcverify/dcverify/verifier/engine"
	"github.com/dcverify/dcverify/verifier/report"
)

func newImage(sys system) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "image REF...",
		Short: "Audit images through the Docker API without starting them",
		Long: `image reads the configuration, the history and the few files that matter to Go of each image, from a
container that is created, never started, and always removed. Images are not pulled.`,
		Example: "  dcverify image golang:1.26-bookworm\n  dcverify image --format json my/devcontainer:latest",
		Args:    named("the name of an image"),
		RunE: func(cmd *cobra.Command, references []string) error {
			if err := f.check(); err != nil {
				return err
			}
			selected, err := f.selected("I")
			if err != nil {
				return err
			}
			ctx, env := cmd.Context(), sys.env()
			docker, err := engine.Connect(ctx, func(name string) string { return env[name] })
			if err != nil {
				return incomplete{err}
			}
			defer docker.Close()
			shown := startProgress(ctx, sys, f.quiet, f.verbose)
			defer shown.stop()
			var results []report.Report
			var failed error
			for _, reference := range references {
				shown.say("reading " + reference)
				var result report.Report
				result, failed = verifier.Image(ctx, docker, reference, verifier.Options{Checks: selected, FailOn: report.FailOn(f.failOn), Timeout: f.timeout})
				if failed != nil {
					break
				}
				results = append(results, result)
			}
			shown.stop()
			if err := f.write(sys, results...); err != nil {
				return err
			}
			var unknown *engine.ErrNoImage
			switch {
			case failed == nil:
				return exit(results...)
			case errors.As(failed, &unknown):
				return failed
			}
			return incomplete{failed}
		},
	}
	f.register(cmd, 2*time.Minute)
	return cmd
}
