//go:build linux

package gather

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// A go that builds, and tells the flags that it was given.
const flaggedGo = `case "$1" in
env) echo '{"GOROOT": "/made/up", "GOFLAGS": "'$GOFLAGS'"}' ;;
build) echo '#!/bin/sh' > "$4"; chmod 755 "$4" ;;
esac`

// TestTerminalLaunch is about which launches are made: one where the terminal and the tools come to the same, and else two.
func TestTerminalLaunch(t *testing.T) {
	for name, test := range map[string]struct {
		prepare  func(*home)
		also     []string // views that the editor's launch stands for
		terminal string   // why the terminal's has failed
	}{
		"the same":                       {func(h *home) {}, []string{goenv.TerminalView}, ""},
		"a variable of no consequence":   {func(h *home) { h.write("work/.vscode/settings.json", `{"go.toolsEnvVars": {"X": "1"}}`) }, []string{goenv.TerminalView}, ""},
		"a variable of go's":             {func(h *home) { h.write("work/.vscode/settings.json", `{"go.toolsEnvVars": {"GOFLAGS": "-x"}}`) }, nil, "of PATH"},
		"another dlv":                    {func(h *home) { h.alternate() }, nil, "of PATH"},
		"another name for the same dlv":  {func(h *home) { h.alternate(); h.link() }, []string{goenv.TerminalView}, ""},
		"no dlv on PATH, and one aside":  {func(h *home) { h.alternate(); os.Remove(h.bin + "/dlv") }, []string{goenv.TerminalView}, ""},
		"only dcverify's own everywhere": {func(h *home) { os.Remove(h.bin + "/dlv") }, []string{goenv.TerminalView}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.install()
			h.program("go", flaggedGo)
			h.program("dlv", "echo of PATH >&2; exit 3")
			test.prepare(h)
			snapshot := Take(t.Context(), h.open(), h.options(facts.Launch, facts.GoCommands))
			launch, ok := snapshot.Proofs[facts.LaunchProof].Get()
			if diff := cmp.Diff(test.also, launch.Also); !ok || diff != "" {
				t.Errorf("the editor's launch stands for: %s", diff)
			}
			terminal, apart := snapshot.Proofs[facts.TerminalProof].Get()
			if apart != (test.also == nil) || terminal.Reason != test.terminal {
				t.Errorf("%t, %+v", apart, terminal)
			}
			if apart && (terminal.Name != facts.TerminalProof || terminal.View != goenv.TerminalView || terminal.Status != facts.Fails) {
				t.Errorf("%+v", terminal)
			}
		})
	}
}

// alternate makes a dlv of the editor's own.
func (h *home) alternate() {
	path := h.program("alternate-dlv", "echo of the editor >&2; exit 3")
	h.write("work/.vscode/settings.json", `{"go.alternateTools": {"dlv": "`+path+`"}}`)
}

// link makes the dlv of PATH the editor's own.
func (h *home) link() {
	os.Remove(h.bin + "/dlv")
	if err := os.Symlink("alternate-dlv", h.bin+"/dlv"); err != nil {
		h.t.Fatal(err)
	}
}

// With another dlv in the terminal than the editor's, both attach.
func TestTerminalAttach(t *testing.T) {
	h := newHome(t)
	h.install()
	h.program("go", `case "$1" in
env) echo '{"GOROOT": "/made/up", "GOPATH": "/made/up/path"}' ;;
build) printf '#!/bin/sh\nwhile echo; do sleep 0.05; done\n' >"$4" && chmod 755 "$4" ;;
*) exit 3 ;;
esac`)
	if err := os.Chmod(h.write("editors/dlv", "#!/bin/sh\necho \"editors-dlv $1\" >> '"+h.log+"'\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	attached := func() (calls []string) {
		for _, call := range h.calls() {
			if name, rest, _ := strings.Cut(call, " "); strings.HasSuffix(name, "dlv") && strings.HasPrefix(rest, "attach") {
				calls = append(calls, name)
			}
		}
		return calls
	}
	Take(t.Context(), h.open(), h.options(facts.Attach))
	if diff := cmp.Diff([]string{"dlv"}, attached()); diff != "" {
		t.Errorf("with one dlv: -want +got:\n%s", diff)
	}
	h.write("work/.vscode/settings.json", `{"go.alternateTools": {"dlv": "`+h.folder+`/editors/dlv"}}`)
	snapshot := Take(t.Context(), h.open(), h.options(facts.Attach))
	if diff := cmp.Diff([]string{"dlv", "dlv", "editors-dlv"}, attached()); diff != "" {
		t.Errorf("with two: -want +got:\n%s", diff)
	}
	if proof, _ := snapshot.Proofs[facts.ShellProof].Get(); proof.Name != facts.ShellProof || proof.Status != facts.Fails || proof.View != goenv.TerminalView || proof.Tool.Path != h.bin+"/dlv" {
		t.Errorf("%+v", proof)
	}
}
