package main

import (
	"errors"
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
	if f.timeout <= 0 {
		return fmt.Errorf("--timeout wants a time above zero, not %s", f.timeout)
	}
	for _, output := range f.outputs {
		format, path, ok := strings.Cut(output, "=")
		if !ok || path == "" {
			return fmt.Errorf("--output wants FORMAT=PATH, not %q", output)
		}
		if err := oneOf("--output", format, "text", "json"); err != nil {
			return err
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return fmt.Errorf("--output %s is a folder", path)
		}
		if _, err := folder(filepath.Dir(path)); err != nil { // now, and not after minutes
			return fmt.Errorf("--output %s: %w", path, err)
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

// selected is the checks of the given scope that the flags leave. One that is asked elsewhere may be skipped here as well, so
// that one list serves everywhere.
func (f *flags) selected(scope string) ([]check.Check, error) {
	selected, err := checks.Select(checks.All(), trimmed(f.only), trimmed(f.skip))
	if err != nil {
		return nil, err
	}
	elsewhere := func(c check.Check) bool { return !strings.ContainsAny(c.Scope, scope) }
	if at := slices.IndexFunc(selected, elsewhere); at >= 0 && len(trimmed(f.only)) > 0 {
		return nil, fmt.Errorf("%s is asked elsewhere (dcverify checks lists the scopes)", selected[at].Code)
	}
	if selected = slices.DeleteFunc(selected, elsewhere); len(selected) == 0 {
		return nil, errors.New("--only and --skip leave no check to ask")
	}
	return selected, nil
}

// write gives the reports out: the one of --format to stdout, others to their files. One that cannot be written keeps no other
// from being written.
func (f *flags) write(sys system, reports ...report.Report) error {
	err := f.render(sys.stdout, f.format, f.colored(sys), reports...)
	for _, output := range f.outputs {
		format, path, _ := strings.Cut(output, "=")
		err = errors.Join(err, writeFile(path, func(w io.Writer) error { return f.render(w, format, false, reports...) }))
	}
	return written(err)
}

// written is the end of writing: a full disk or a broken pipe is no mistake in what the user asked.
func written(err error) error {
	if err != nil {
		return incomplete{fmt.Errorf("writing the output: %w", err)}
	}
	return nil
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

func (f *flags) render(w io.Writer, format string, color bool, reports ...report.Report) error {
	for _, r := range reports {
		var err error
		if format == "json" {
			err = report.JSON(w, r)
		} else {
			err = report.Text(w, r, report.TextOptions{Color: color, Quiet: f.quiet, Width: terminalWidth(w)})
		}
		if err != nil {
			return err
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

// writeFile writes a file as a whole or not at all. What is no file, such as /dev/null or a pipe, is written to as it is, and a
// link is followed: neither may be replaced.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(file), file.Close())
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
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
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
