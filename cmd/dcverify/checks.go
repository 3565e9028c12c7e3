package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/checks"
)

// entry is a check as `checks --format json` lists it.
type entry struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Severity string `json:"severity"`
	Scope    string `json:"scope"`
	Hard     bool   `json:"hard23"`
	Summary  string `json:"summary"`
	Page     string `json:"page,omitempty"` // explain alone
}

func entryOf(c check.Check) entry {
	return entry{c.Code, c.Name, string(c.Severity), c.Scope, c.Hard, c.Summary, ""}
}

func newChecks(sys system) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "checks",
		Short: "List the catalogue: code, severity, scope, name and what it fails on",
		Long: `checks lists every check. Its scope says where it is asked: S files of the workspace, I images, C inside a
container, P by doing the thing itself.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			if format == "json" {
				var entries []entry
				for _, c := range checks.All() {
					entries = append(entries, entryOf(c))
				}
				return writeJSON(sys, entries)
			}
			w := tabwriter.NewWriter(sys.stdout, 0, 0, 2, ' ', 0)
			for _, c := range checks.All() {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", c.Code, c.Severity, c.Scope, c.Name, c.Summary)
			}
			return written(w.Flush())
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func newExplain(sys system) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "explain CODE-OR-NAME | MESSAGE",
		Short: "Show a check's page, or the checks that know an error message",
		Example: "  dcverify explain DV104\n" +
			"  dcverify explain 'compile: version \"go1.25.9\" does not match go tool version \"go1.26.2\"'",
		Args: named("a check's code or name, or an error message"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("--format", format, "text", "json"); err != nil {
				return err
			}
			asked := strings.Join(args, " ")
			found := []check.Check{}
			c, err := checks.Find(checks.All(), asked)
			if err == nil {
				found = append(found, c)
			} else if found = checks.Explaining(checks.All(), asked); len(found) == 0 {
				if len(strings.Fields(asked)) > 1 {
					return fmt.Errorf("no check knows the message %q", asked)
				}
				return err
			}
			entries := []entry{}
			for _, c := range found {
				e := entryOf(c)
				if e.Page, err = checks.Page(c); err != nil {
					return err
				}
				entries = append(entries, e)
			}
			if format == "json" {
				return writeJSON(sys, entries)
			}
			var text strings.Builder
			for i, e := range entries {
				if i > 0 {
					text.WriteByte('\n')
				}
				fmt.Fprintf(&text, "%s %s (%s, scope %s)\n\n%s", e.Code, e.Name, e.Severity, e.Scope, e.Page)
			}
			_, err = io.WriteString(sys.stdout, text.String())
			return written(err)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

func writeJSON(sys system, value any) error {
	encoder := json.NewEncoder(sys.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return written(encoder.Encode(value))
}
