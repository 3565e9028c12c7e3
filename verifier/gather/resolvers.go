//go:build linux

package gather

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
)

//go:embed resolver/main.go.txt
var resolverSource string

// resolvers looks names up with a program that the tools view builds, once as Go does it and once as the C library does.
func (g *gatherer) resolvers(ctx context.Context, builds map[string]func() building) facts.Part[facts.Resolution] {
	scratch := builds[goenv.ToolsView]()
	scratch.whole() // what the debugger needs is compiled first
	m := scratch.module
	switch program := scratch.program(); {
	case program.Status != facts.Passed:
		return facts.Absent[facts.Resolution]("no program can be built: " + program.Error)
	case m.cgo == "0":
		return facts.Absent[facts.Resolution]("CGO_ENABLED is 0, or there is no C compiler: programs that are built here have Go's resolver alone")
	}
	folder, err := g.writeModule("resolver", map[string]string{"go.mod": "module dcverify.test/resolver\n\ngo " + m.asked() + "\n", "main.go": resolverSource})
	if err != nil {
		return facts.Failed[facts.Resolution](err.Error())
	}
	m.folder = folder
	program := filepath.Join(folder, "resolver")
	build := g.step(ctx, m, facts.Build{Status: facts.Passed}, "build", debugFlags, "-o", program, ".")
	if build.Status != facts.Passed {
		return facts.Absent[facts.Resolution]("a program that looks names up cannot be built: " + build.Error) // DV801 says why
	}
	result := facts.Resolution{View: goenv.ToolsView, Musl: len(glob("/lib/ld-musl-*")) > 0}
	g.readResolverFiles(&result)
	names := g.namesToResolve()
	ask := func(choice string) ([]facts.Lookup, string, error) {
		run := g.Run(ctx, machine.Command{Path: program, Args: names, Dir: folder, Env: m.env.With("GODEBUG=netdns=" + choice), Timeout: 20 * time.Second})
		if run.Err != nil {
			return nil, "", fmt.Errorf("looking names up: %w", run.Err)
		}
		var answers []facts.Lookup
		if err := json.Unmarshal(run.Stdout, &answers); err != nil || len(answers) != len(names) {
			return nil, "", fmt.Errorf("looking names up: %.200q is no answer", run.Stdout)
		}
		return answers, string(run.Stderr), nil
	}
	g.Progress("looking names up")
	byC, words, err := ask("cgo+1")
	if err == nil && strings.Contains(words, "without support for the cgo resolver") {
		return facts.Absent[facts.Resolution]("programs that are built here have Go's resolver alone")
	}
	if err != nil {
		return facts.Failed[facts.Resolution](err.Error())
	}
	byGo, _, err := ask("go")
	if err != nil {
		return facts.Failed[facts.Resolution](err.Error())
	}
	_, words, err = ask("2")
	if err != nil {
		return facts.Failed[facts.Resolution](err.Error())
	}
	orders := map[string]string{}
	for _, match := range lookupOrder.FindAllStringSubmatch(words, -1) {
		orders[match[1]] = match[2]
	}
	for i, name := range names {
		result.Names = append(result.Names, facts.ResolvedName{Name: name, Go: byGo[i], C: byC[i], Order: orders[name]})
	}
	return facts.Known(result)
}

// lookupOrder is what a program says of its choice under GODEBUG=netdns=2 (net/conf.go).
var lookupOrder = regexp.MustCompile(`(?m)hostLookupOrder\(([^)]*)\) = (\S+)`)

func glob(pattern string) []string {
	found, _ := filepath.Glob(pattern) // of a pattern that is right there is no error
	return found
}

// namesToResolve are those that a container has of its own: localhost, its own name, those of its hosts file, and the name that
// engines give to the host. Only that one may reach a server, which is the one that the container is told to ask; with --online
// there are two more.
func (g *gatherer) namesToResolve() []string {
	names := []string{"localhost"}
	add := func(name string) {
		const most = 12
		if name != "" && !slices.Contains(names, name) && len(names) < most {
			names = append(names, name)
		}
	}
	if name, err := os.Hostname(); err == nil {
		add(name)
	}
	add("host.docker.internal")
	if g.Online {
		add("proxy.golang.org")
		add("sum.golang.org")
	}
	if file, err := g.Text("/etc/hosts", "/etc/hosts"); err == nil {
		for line := range strings.Lines(file.Text) {
			line, _, _ = strings.Cut(line, "#")
			if fields := strings.Fields(line); len(fields) > 1 && !strings.HasPrefix(fields[0], "f") { // ff02::1 is nobody's address
				for _, name := range fields[1:] {
					add(name)
				}
			}
		}
	}
	return names
}

// readResolverFiles reads what the resolvers are told.
func (g *gatherer) readResolverFiles(result *facts.Resolution) {
	if file, err := g.Text("/etc/nsswitch.conf", "/etc/nsswitch.conf"); err == nil {
		for line := range strings.Lines(file.Text) {
			if sources, ok := strings.CutPrefix(strings.TrimSpace(line), "hosts:"); ok {
				result.Hosts = strings.Join(strings.Fields(sources), " ")
			}
		}
	}
	if file, err := g.Text("/etc/resolv.conf", "/etc/resolv.conf"); err == nil {
		for line := range strings.Lines(file.Text) {
			switch fields := strings.Fields(line); {
			case len(fields) > 1 && (fields[0] == "search" || fields[0] == "domain"):
				result.Search = fields[1:]
			case len(fields) > 1 && fields[0] == "options":
				result.Options = append(result.Options, fields[1:]...)
			}
		}
	}
}
