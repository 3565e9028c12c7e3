// Command assemble lays out the collection from which the feature is tested, packed and published, and the templates too.
//
// The dev container CLI packs the whole folder that holds a devcontainer-feature.json, wants install.sh beside it, and looks
// for tests in src/ID and test/ID. The repository is not shaped like that, so this step makes a throw-away folder that is:
//
//	DIR/src/dcverify/        the manifest, feature/*.sh, README.md, a packed binary for each architecture, SHA256SUMS
//	DIR/test/dcverify/       test/dcverify
//	DIR/templates/src/       devcontainer-templates/src, with references to the feature's registry replaced
//
// Run it at the top of the repository: go run ./feature/assemble --output DIR
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "assemble: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	c := collection{repo: "."}
	flags := flag.NewFlagSet("assemble", flag.ContinueOnError)
	flags.StringVar(&c.output, "output", "", "the folder to fill; it must be empty, absent, or one that assemble made")
	flags.StringVar(&c.registry, "registry", publicRegistry, "registry and namespace that the feature is published to")
	flags.BoolVar(&c.offline, "offline", false, "leave installsAfter out, so that tests need no registry; not for publishing")
	version := flags.String("version", "", "the version to expect in the manifest (default: whatever stands there)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case c.output == "":
		return fmt.Errorf("--output is missing")
	}
	c.registry = strings.TrimSuffix(c.registry, "/")

	var err error
	if c.version, err = manifestVersion(c.repo); err != nil {
		return err
	}
	// A release tag and the manifest are written by hand in two places.
	if want := strings.TrimPrefix(*version, "v"); want != "" && want != c.version {
		return fmt.Errorf("devcontainer-feature.json says version %s, not %s", c.version, want)
	}
	if err := c.assemble(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "dcverify %s assembled in %s\n", c.version, c.output)
	return err
}
