//go:build linux

package gather

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// answering is a go whose programs answer as the script says; GODEBUG tells it which resolver is asked.
func answering(script string) string {
	return `[ "$1" = build ] || exit 1
for out; do case "$out" in */resolver) break ;; esac; done
cat > "$out" <<'PROGRAM'
#!/bin/sh
answers() { printf '['; first=1; for name; do [ $first = 1 ] || printf ','; first=0; printf '{"addresses": ["127.0.0.1"]}'; done; printf ']'; }
` + script + `
PROGRAM
chmod 755 "$out"`
}

func TestResolvers(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		cgo    string
		failed bool
		why    string
	}{
		"the same": {answering(`[ "$GODEBUG" != netdns=2 ] || echo 'go package net: hostLookupOrder(localhost) = files,dns' >&2
answers "$@"`), "1", false, ""},
		"no cgo":         {"exit 9", "0", false, "CGO_ENABLED is 0, or there is no C compiler: programs that are built here have Go's resolver alone"},
		"does not build": {"echo 'cgo: C compiler \"gcc\" not found' >&2; exit 1", "1", false, `a program that looks names up cannot be built: cgo: C compiler "gcc" not found`},
		"built without": {answering(`echo 'go package net: ignoring GODEBUG=netdns=cgo as the binary was compiled without support for the cgo resolver' >&2
answers "$@"`), "1", false, "programs that are built here have Go's resolver alone"},
		"no answer":  {answering("echo hello"), "1", true, `looking names up: "hello\n" is no answer`},
		"no success": {answering("exit 7"), "1", true, "looking names up: exit status 7"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			path := h.program("go", test.script)
			made := built(path, h.environ())()
			made.module.cgo = test.cgo
			part := h.gatherer(facts.Resolvers).resolvers(t.Context(), map[string]func() building{goenv.ToolsView: func() building { return made }})
			got, ok := part.Get()
			if ok != (test.why == "") || !ok && part.Why() != test.why || part.IsFailed() != test.failed {
				t.Fatalf("%q, failed %t", part.Why(), part.IsFailed())
			}
			if !ok {
				return
			}
			home := facts.Lookup{Addresses: []string{"127.0.0.1"}}
			want := facts.ResolvedName{Name: "localhost", Go: home, C: home, Order: "files,dns"}
			if diff := cmp.Diff(want, got.Names[0]); diff != "" || got.View != goenv.ToolsView {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestResolverProgram looks localhost up with the real program.
func TestResolverProgram(t *testing.T) {
	h := newHome(t)
	g := h.gatherer()
	folder, err := g.writeModule("resolver", map[string]string{"go.mod": "module x\n\ngo 1.18\n", "main.go": resolverSource})
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "resolver")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = folder
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	output, err := exec.Command(program, "localhost").Output()
	if err != nil || !strings.HasPrefix(string(output), `[{"addresses":["127.0.0.1"`) {
		t.Errorf("%s, %v", output, err)
	}
}
