package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier"
	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/gather"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/ptrace"
	"github.com/dcverify/dcverify/verifier/report"
)

// newHelpers is the commands that dcverify and its feature call, and people do not.
func newHelpers(sys system) []*cobra.Command {
	return []*cobra.Command{
		newRecord(sys),
		newLastVerdict(sys),
		helper(gather.EnvironHelper, func(_ context.Context, args []string) error { return printEnviron(sys, args) }),
		helper(gather.PtraceHelper, func(ctx context.Context, args []string) error {
			return asStatus(ptrace.Helper(ctx, args, sys.stdin, sys.stdout))
		}),
		helper(gather.LeastHelper, func(_ context.Context, args []string) error { return ptrace.Drop(args, sys.environ) }),
		helper(gather.DelveHelper, func(ctx context.Context, args []string) error {
			return asStatus(delve.Serve(ctx, args, sys.stdout, sys.stderr))
		}),
	}
}

// helper is a hidden command that takes its arguments as they are.
func helper(name string, run func(context.Context, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Hidden: true, DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), args) },
	}
}

func asStatus(code int) error {
	if code == 0 {
		return nil
	}
	return status(code)
}

// printEnviron prints this process's environment between two marks, so that whatever a shell's start-up files print can
// be told from it.
func printEnviron(sys system, args []string) error {
	if len(args) != 1 {
		return errors.New("one mark is wanted")
	}
	_, err := io.WriteString(sys.stdout, args[0]+strings.Join(sys.environ, "\x00")+args[0])
	return err
}

// newRecord writes down the environment in which a feature is installed: that of the image.
func newRecord(sys system) *cobra.Command {
	var user, output string
	cmd := &cobra.Command{
		Use: "record", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			record := gather.Record{Version: verifier.Version(), User: user}
			record.Env = goenv.Layer{Set: sys.env()}.Only(goenv.Variables).Set
			return writeFile(output, func(w io.Writer) error {
				encoder := json.NewEncoder(w)
				encoder.SetEscapeHTML(false)
				encoder.SetIndent("", "  ")
				return encoder.Encode(record)
			})
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "the remote user")
	cmd.Flags().StringVar(&output, "output", gather.RecordPath, "where to")
	return cmd
}

// newLastVerdict says in one line what a kept report says; nothing when all was well or there is none.
func newLastVerdict(sys system) *cobra.Command {
	var codes bool
	cmd := &cobra.Command{
		Use: "last-verdict FILE", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if errors.Is(err, fs.ErrNotExist) && !codes {
				return nil
			}
			if err != nil {
				return err
			}
			defer file.Close()
			r, err := report.ReadJSON(file)
			if err != nil {
				return err
			}
			switch {
			case codes:
				fmt.Fprintln(sys.stdout, strings.Join(report.Codes(r, finding.Error, finding.Warning), " "))
			case r.Verdict == report.Failed || r.Verdict == report.Incomplete:
				fmt.Fprintf(sys.stdout, "dcverify: at creation %s; `dcverify run` shows the whole\n", report.Line(r))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&codes, "codes", false, "print the codes of errors and warnings instead")
	return cmd
}
