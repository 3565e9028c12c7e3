package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier"
	"github.com/dcverify/dcverify/verifier/checks"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/report"
)

func newEnv(sys system) *cobra.Command {
	h := here{flags: flags{failOn: "never"}}
	var project string
	cmd := &cobra.Command{
		Use:   "env [NAME...]",
		Short: "Show each view's value of Go's variables, who set it and what it shadows",
		Long: `env shows, for each view, the value of the variables that somebody sets: Go's, and PATH. Beneath the environment the
go command reads the go env -w file, $GOROOT/go.env and its own defaults, so they count too. A variable that is named is
shown whoever sets it. With --config nothing is run: the files of a project tell.`,
		Example: "  dcverify env GOROOT\n  dcverify env --format json GOROOT PATH\n  dcverify env --config ~/src/app GOROOT",
		RunE: func(cmd *cobra.Command, names []string) error {
			for i, name := range names {
				names[i] = strings.ToUpper(name)
				if err := oneOf("env", names[i], goenv.Variables...); err != nil {
					return fmt.Errorf("%s is neither a variable of Go nor PATH; values of others are not shown", name)
				}
			}
			h.timeout = time.Minute
			result, err := h.environment(cmd.Context(), sys, project)
			if err != nil {
				return err
			}
			variables := result.Environment
			if len(names) > 0 {
				variables = only(variables, names)
			}
			if h.format == "json" {
				return writeJSON(sys, variables)
			}
			return written(report.EnvironmentText(sys.stdout, variables, len(names) > 0))
		},
	}
	cmd.Flags().StringVar(&project, "config", "", "read the files of this project, or this devcontainer.json, instead of looking at this machine")
	h.registerHere(cmd)
	h.registerOutput(cmd)
	return cmd
}

// environment is a report for the sake of its layer table: of a project's files, or of this machine.
func (h *here) environment(ctx context.Context, sys system, project string) (report.Report, error) {
	if project != "" {
		if err := h.check(); err != nil {
			return report.Report{}, err
		}
		return h.declaredEnvironment(ctx, sys, project)
	}
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

// declaredEnvironment is a report of what the files of a project declare.
func (h *here) declaredEnvironment(ctx context.Context, sys system, project string) (report.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	shown := startProgress(ctx, sys, h.quiet, h.verbose)
	defer shown.stop()
	d := declared{online: h.online, engine: true}
	workspace, options, asked, err := d.open(ctx, sys, project, shown.say)
	if err != nil {
		return report.Report{}, err
	}
	defer asked.close()
	return verifier.Config(ctx, workspace, options, verifier.Options{FailOn: report.FailOnNever, Timeout: h.timeout}), nil
}

// only keeps the variables asked for; those that nobody sets are kept empty.
func only(variables []report.Variable, names []string) []report.Variable {
	kept := []report.Variable{}
	for _, name := range names {
		found := report.Variable{Name: name, Views: map[string]report.Value{}}
		for _, variable := range variables {
			if variable.Name == name {
				found = variable
			}
		}
		kept = append(kept, found)
	}
	return kept
}
