//go:build linux

package gather

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// go.toolsEnvVars has the last word on every variable of the tools but on GOPATH: go.gopath has it, or the process.
func TestEditorGopath(t *testing.T) {
	h := newHome(t)
	h.install()
	h.program("go", `echo "{\"GOROOT\": \"/made/up\", \"GOPATH\": \"${GOPATH:-/of/go}\"}"`)
	setting := map[string]string{"GOPATH": "/setting"}
	for name, test := range map[string]struct {
		process  string
		settings vscode.Settings
		want     string
	}{
		"nobody":                 {"", vscode.Settings{}, "/of/go"},
		"the process":            {"/process", vscode.Settings{}, "/process"},
		"toolsEnvVars":           {"", vscode.Settings{ToolsEnvVars: setting}, "/setting"},
		"process, toolsEnvVars":  {"/process", vscode.Settings{ToolsEnvVars: setting}, "/process"},
		"gopath, all the others": {"/process", vscode.Settings{ToolsEnvVars: setting, Gopath: "~/own"}, h.folder + "/own"},
	} {
		t.Run(name, func(t *testing.T) {
			g := h.gatherer()
			g.settings = test.settings
			env := h.environ()
			if test.process != "" {
				env = env.With("GOPATH=" + test.process)
			}
			editor := g.readEditor(t.Context(), environment{view: goenv.RemoteView, env: env})
			view := goenv.View{Layers: append([]goenv.Layer{{Kind: goenv.Process, Set: env}}, editor.layers[goenv.ToolsView]...)}
			shown := view.Lookup("GOPATH").Value
			if got := editor.tools.env["GOPATH"]; got != test.want || shown != test.want {
				t.Errorf("GOPATH is %s, and by the layers %v; want %s", got, shown, test.want)
			}
			debugged := goenv.View{Layers: append([]goenv.Layer{{Kind: goenv.Process, Set: editor.host}}, editor.requested...)}
			if got := debugged.Lookup("GOPATH").Value; got != test.want {
				t.Errorf("GOPATH of a debugged program is %v; want %s", got, test.want)
			}
		})
	}
}

// The extension looks for tools with the environment of its own process: what go.toolsEnvVars has is for the tools.
func TestToolsAreLookedForWithoutToolsEnvVars(t *testing.T) {
	h := newHome(t)
	h.install()
	elsewhere := filepath.Join(h.folder, "elsewhere")
	for _, name := range []string{"dlv", "gopls"} {
		if err := os.Chmod(h.write("elsewhere/"+name, "#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h.write("work/.vscode/settings.json", `{"go.toolsEnvVars": {"GOBIN": "`+elsewhere+`", "PATH": "`+elsewhere+`"}}`)
	snapshot := Take(t.Context(), h.open(), h.options(facts.Tools, facts.GoCommands))
	if dlv, _ := snapshot.Tools["dlv"].Get(); dlv.Binary.Path != filepath.Join(h.bin, "dlv") {
		t.Errorf("dlv: %+v", dlv)
	}
	if gopls, _ := snapshot.Tools["gopls"].Get(); gopls.Why != "" {
		t.Errorf("gopls: %+v", gopls)
	}
}
