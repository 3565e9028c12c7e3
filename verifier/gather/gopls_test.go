//go:build linux

package gather

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
)

// TestServerSettings is about what the Go extension would hand to gopls.
func TestServerSettings(t *testing.T) {
	own := func(more map[string]any) map[string]any {
		more["linkifyShowMessage"] = true
		return more
	}
	type serverSettings struct {
		off     string
		flags   []string
		options map[string]any
	}
	for name, test := range map[string]struct {
		machine, container, folder string // the settings: of the remote machine, of devcontainer.json, of the workspace
		want                       serverSettings
	}{
		"none": {want: serverSettings{options: own(map[string]any{})}},
		"off": {machine: `{"go.useLanguageServer": true}`, folder: `{"go.useLanguageServer": false}`,
			want: serverSettings{off: "go.useLanguageServer is false", options: own(map[string]any{})}},
		"devcontainer.json, before an editor came": {container: `{"gopls": {"ui.semanticTokens": true}}`,
			want: serverSettings{options: own(map[string]any{"ui.semanticTokens": true})}},
		"devcontainer.json, after it": {machine: `{}`, container: `{"gopls": {"ui.semanticTokens": true}}`,
			want: serverSettings{options: own(map[string]any{})}},
		"objects are merged, arrays replaced": {
			machine: `{"gopls": {"a": 1, "b": 1}, "go.languageServerFlags": ["-v"]}`, folder: `{"gopls": {"b": 2}, "gopls.c": true, "go.languageServerFlags": ["-rpc.trace"]}`,
			want: serverSettings{flags: []string{"-rpc.trace"}, options: own(map[string]any{"a": 1.0, "b": 2.0, "c": true})},
		},
		"no daemon": {folder: `{"go.languageServerFlags": ["-remote=auto", "--remote.listen.timeout=1h", "-remote", "auto", "-v", 7]}`,
			want: serverSettings{flags: []string{"-v"}, options: own(map[string]any{})}},
		"build flags": {folder: `{"go.buildFlags": ["-race"], "go.buildTags": "x,y"}`,
			want: serverSettings{options: own(map[string]any{"build.buildFlags": []string{"-race", "-tags", "x,y"}})}},
		"tags twice": {folder: `{"go.buildFlags": ["-tags=z"], "go.buildTags": "x,y"}`,
			want: serverSettings{options: own(map[string]any{"build.buildFlags": []string{"-tags=z"}})}},
		"gopls' own build flags": {folder: `{"go.buildTags": "x,y", "gopls": {"build.buildFlags": []}}`,
			want: serverSettings{options: own(map[string]any{"build.buildFlags": []any{}})}},
		"damaged": {folder: `{"go.buildTags": `, want: serverSettings{options: own(map[string]any{})}},
		"of other types": {folder: `{"go.useLanguageServer": "false", "go.languageServerFlags": "-v", "gopls": [], "go.buildTags": 7}`,
			want: serverSettings{options: own(map[string]any{})}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			if test.machine != "" {
				h.write(machineSettings[0], test.machine)
			}
			if test.folder != "" {
				h.write("work/.vscode/settings.json", test.folder)
			}
			g := h.gatherer()
			if test.container != "" {
				g.config = written(`{"customizations": {"vscode": {"settings": ` + test.container + `}}}`)
			}
			g.readSettings()
			got := serverSettings{g.noLanguageServer(), alone(g.settings.LanguageServerFlags), g.settings.InitializationOptions()}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(serverSettings{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestScratchOptions keeps gopls from the network, unless it is asked for, and from what knows the workspace alone.
func TestScratchOptions(t *testing.T) {
	options := func(proxy, driver string) map[string]any {
		return map[string]any{"build.env": map[string]any{"GOPROXY": proxy, "GOPACKAGESDRIVER": driver, "GOFLAGS": "-mod=mod"}, "env": "odd"}
	}
	for _, online := range []bool{false, true} {
		given, want := options("https://proxy.example", "/opt/driver.sh"), options("off", "off")
		if online {
			want = options("https://proxy.example", "off")
		}
		g := &gatherer{Options: Options{Online: online}}
		if diff := cmp.Diff(want, g.scratchOptions(given)); diff != "" {
			t.Errorf("online %t: -want +got:\n%s", online, diff)
		}
		if diff := cmp.Diff(options("https://proxy.example", "/opt/driver.sh"), given); diff != "" {
			t.Errorf("what was given has changed: %s", diff)
		}
	}
}

// TestGoplsProof is about what becomes of it where gopls cannot do its work: the session itself is tested with the package.
func TestGoplsProof(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(h *home)
		status  facts.Status
		reason  string
	}{
		"none":           {func(*home) {}, facts.Skipped, "gopls is not installed"},
		"not executable": {func(h *home) { os.Chmod(h.program("gopls", ""), 0o644) }, facts.Skipped, "HOME/bin/gopls cannot run: it is not executable"},
		"switched off": {func(h *home) {
			h.program("gopls", "")
			h.write("work/.vscode/settings.json", `{"go.useLanguageServer": false}`)
		}, facts.Skipped, "go.useLanguageServer is false: the Go extension does not start gopls"},
		"no server": {func(h *home) { h.program("gopls", "echo hello") }, facts.Fails, `gopls printed "hello" instead of a message`},
		"gives up":  {func(h *home) { h.program("gopls", `echo "$GOWORK $GOPROXY $GOFLAGS $PWD" >&2; exit 3`) }, facts.Fails, "off off  SCRATCH/gopls"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.install()
			test.prepare(h)
			m := h.open()
			snapshot := Take(t.Context(), m, h.options(facts.Tools, facts.Gopls))
			proof, ok := snapshot.Proofs[facts.GoplsProof].Get()
			if !ok {
				t.Fatal(snapshot.Proofs[facts.GoplsProof].Why())
			}
			reason := strings.NewReplacer(m.Scratch(), "SCRATCH", h.folder, "HOME").Replace(proof.Reason)
			if proof.Status != test.status || !strings.HasPrefix(reason, test.reason) || proof.Name != facts.GoplsProof || proof.View != "tools" {
				t.Errorf("got %s of %q in view %q: %s", proof.Status, proof.Name, proof.View, reason)
			}
			if entries, _ := os.ReadDir(h.workspace); len(entries) > 1 {
				t.Errorf("the workspace has %d entries", len(entries))
			}
		})
	}
}
