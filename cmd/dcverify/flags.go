package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/checks"
	"github.com/dcverify/dcverify/verifier/report"
)

// flags are those that every verifying command has.
type flags struct {
	only, skip []string
	failOn     string
	format     string
	outputs    []string
	timeout    time.Duration
	color      string
	quiet      bool
	verbose    bool
}

func (f *flags) register(cmd *cobra.Command, timeout time.Duration) {
	cmd.Flags().StringSliceVar(&f.only, "only", nil, "ask these checks alone, by code or name")
	cmd.Flags().StringSliceVar(&f.skip, "skip", nil, "do not ask these checks")
	cmd.Flags().StringVar(&f.failOn, "fail-on", "error", "fail on findings from this severity on: error, warning or never")
	f.registerOutput(cmd)
	cmd.Flags().StringArrayVarP(&f.outputs, "output", "o", nil, "also write the report to a file, as FORMAT=PATH; may be repeated")
	cmd.Flags().DurationVar(&f.timeout, "timeout", timeout, "time for everything together")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "show findings and verdict alone")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "say what is being done")
}

func (f *flags) registerOutput(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.format, "format", "text", "form of the report: text or json")
	cmd.Flags().StringVar(&f.color, "color", "auto", "colours: auto, always or never")
}

// check refuses what cannot be meant.
func (f *flags) check() error {
	if err := oneOf("--fail-on", f.failOn, "error", "warning", "never"); err != nil {
		return err
	}
	if err := oneOf("--format", f.format, "text", "json"); err != nil {
		return err
	}
	if err := oneOf("--color", f.color, "auto", "always", "never"); err != nil {
		return err
	}
	for _, output := range f.outputs {
		format, path, ok := strings.Cut(output, "=")
		if !ok || path == "" {
			return fmt.Errorf("--output wants FORMAT=PATH, not %q", output)
		}
		if err := oneOf("--output", format, "text", "json"); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s wants one of %s, not %q", flag, strings.Join(allowed, ", "), value)
}

// trimmed takes the blanks away that people write after commas.
func trimmed(names []string) []string {
	kept := []string{}
	for _, name := range names {
		if name = strings.TrimSpace(name); name != "" {
			kept = append(kept, name)
		}
	}
	return kept
}

// selected is the checks of the given scope that the flags leave.
func (f *flags) selected(scope string) ([]check.Check, error) {
	all := slices.DeleteFunc(checks.All(), func(c check.Check) bool { return !strings.ContainsAny(c.Scope, scope) })
	f.only, f.skip = trimmed(f.only), trimmed(f.skip)
	if _, err := checks.Select(checks.All(), f.only, f.skip); err != nil {
		return nil, err // names that no check has, in this scope or another
	}
	selected, err := checks.Select(all, f.only, f.skip)
	if err != nil {
		return nil, fmt.Errorf("%w (some checks are asked elsewhere: dcverify checks lists their scopes)", err)
	}
	return selected, nil
}

// write gives the reports out: the one of --format to stdout, others to their files.
func (f *flags) write(sys system, reports ...report.Report) error {
	for _, output := range f.outputs {
		format, path, _ := strings.Cut(output, "=")
		if err := writeFile(path, func(w io.Writer) error { return f.render(w, format, sys, false, reports...) }); err != nil {
			return err
		}
	}
	return f.render(sys.stdout, f.format, sys, f.colored(sys), reports...)
}

func (f *flags) render(w io.Writer, format string, sys system, color bool, reports ...report.Report) error {
	for _, r := range reports {
		var err error
		if format == "json" {
			err = report.JSON(w, r)
		} else {
			err = report.Text(w, r, report.TextOptions{Color: color, Quiet: f.quiet, Width: terminalWidth(w)})
		}
		if err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	return nil
}

func (f *flags) colored(sys system) bool {
	switch f.color {
	case "always":
		return true
	case "never":
		return false
	}
	env := sys.env()
	return terminalWidth(sys.stdout) > 0 && env["NO_COLOR"] == "" && env["TERM"] != "dumb"
}

// writeFile writes a file as a whole or not at all.
func writeFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // the error that matters is the first
		}
	}()
	if err := write(file); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		_ = file.Close()
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return os.Rename(file.Name(), path)
}
