package main

import (
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
	cmd := &cobra.Command{
		Use:     "env [NAME...]",
		Short:   "Show each view's value of Go's variables, who set it and what it shadows",
		Example: "  dcverify env GOROOT\n  dcverify env --format json GOROOT PATH",
		RunE: func(cmd *cobra.Command, names []string) error {
			for i, name := range names {
				names[i] = strings.ToUpper(name)
				if err := oneOf("env", names[i], goenv.Variables...); err != nil {
					return fmt.Errorf("%s is neither a variable of Go nor PATH; values of others are not shown", name)
				}
			}
			h.timeout = time.Minute
			selected, err := checks.Select(checks.All(), []string{"DV101", "DV904"}, nil) // what they need is what the table needs
			if err != nil {
				return err
			}
			options, stop, err := h.options(cmd.Context(), sys, selected)
			if err != nil {
				return err
			}
			result, err := verifier.Verify(cmd.Context(), options)
			stop()
			if err != nil {
				return incomplete{err}
			}
			variables := result.Environment
			if len(names) > 0 {
				variables = named(variables, names)
			}
			if h.format == "json" {
				return writeJSON(sys, variables)
			}
			return report.EnvironmentText(sys.stdout, variables, len(names) > 0)
		},
	}
	h.registerHere(cmd)
	h.registerOutput(cmd)
	return cmd
}

// named keeps the variables asked for; those that nobody sets are kept empty.
func named(variables []report.Variable, names []string) []report.Variable {
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
