package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/dcverify/dcverify/verifier"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/report"
)

// system is the process around a command; nothing below reads os.* by itself.
type system struct {
	args           []string
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// env is the process environment by name.
func (s system) env() goenv.Environ {
	env, _ := goenv.FromList(s.environ)
	return env
}

// terminalWidth is the width in columns of the terminal that w writes to; 0 when it is no terminal.
func terminalWidth(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 80
	}
	return max(width, 1)
}

// status is an exit status that a command ends with after it has said everything.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// incomplete is an error that is not the user's: dcverify could not do its work.
type incomplete struct{ error }

func (e incomplete) Unwrap() error { return e.error }

// execute runs the command line and returns the exit status. The report goes to stdout and nothing else does; what is for
// the person goes to stderr with the program's name in front.
func execute(ctx context.Context, sys system) int {
	root := newRoot(sys)
	root.SetArgs(sys.args)
	root.SetIn(sys.stdin)
	root.SetOut(sys.stdout)
	root.SetErr(sys.stderr)
	err := root.ExecuteContext(ctx)
	var ended status
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return int(ended)
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(sys.stderr, "dcverify: %s\n", strings.TrimSuffix(line, "\n"))
	}
	var unfinished incomplete
	if errors.As(err, &unfinished) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return report.ExitIncomplete
	}
	return report.ExitUsage
}

func newRoot(sys system) *cobra.Command {
	root := &cobra.Command{
		Use:   "dcverify",
		Short: "Prove that Go, its debugger and its editor work in a dev container",
		Long: `dcverify finds out what every process of a dev container really sees of Go's environment and who set it,
checks GOROOT and all of it for consistency, and proves by doing that go builds, that a headless Delve
launches a program and attaches to one, and that gopls works. On a host it judges files and images.

Exit status: 0 nothing at or above --fail-on; 1 an error was found; 2 only warnings, with --fail-on warning;
3 usage, or input that cannot be read; 4 dcverify could not finish, or nothing could be asked.`,
		Version:           verifier.Version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("dcverify {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w (%s --help shows the flags)", err, cmd.CommandPath())
	})
	root.AddCommand(
		newRun(sys), newDebug(sys), newConfig(sys), newImage(sys), newEnv(sys), newChecks(sys), newExplain(sys), newVersion(sys),
	)
	root.AddCommand(newHelpers(sys)...)
	return root
}

func newVersion(sys system) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(sys.stdout, "dcverify %s\n", verifier.Version())
			return written(err)
		},
	}
}

// named wants at least one argument, and says which where there is none.
func named(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s wants %s", cmd.Name(), what)
		}
		return nil
	}
}

// self is the path of this program, which it starts again as its own helper.
func self() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding dcverify itself: %w", err)
	}
	return path, nil
}

// folder is an absolute folder that exists.
func folder(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(absolute)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, reason(err))
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s is no folder", path)
	}
	return absolute, nil
}

// reason is why a file could not be had, without the name of the system call and the path, which the caller says.
func reason(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
