//go:build linux

package gather

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// TestDebuggeeOfSettings is about what reaches the tools and the debugged program of settings that are more than texts.
func TestDebuggeeOfSettings(t *testing.T) {
	h := newHome(t)
	h.install()
	h.write(machineSettings[0], `{"http.proxy": "http://user:secret@proxy:3128", "http.useLocalProxyConfiguration": false}`)
	h.write("work/.vscode/settings.json", `{"go.toolsEnvVars": {
  "GOTRACEBACK": null, "GOFLAGS": "-mod=mod -json", "GODEBUG": 1}}`)
	h.write("work/.vscode/launch.json", `{"configurations": [
  {"type": "go", "name": "one", "request": "launch"},
  {"type": "go", "name": "two", "request": "launch", "env": {"GODEBUG": "gctrace=1"}}
]}`)
	options := h.options(facts.GoCommands)
	options.Environ["GOTRACEBACK"], options.Environ["http_proxy"] = "all", "http://other"
	snapshot := Take(t.Context(), h.open(), options)
	value := func(view goenv.View, name string) string {
		if v := view.Lookup(name); v.Set {
			return v.Value
		}
		return "unset"
	}
	tools := snapshot.View(goenv.ToolsView)
	got := []string{value(tools, "GOTRACEBACK"), value(tools, "GOFLAGS"), value(tools, "GODEBUG")}
	if diff := cmp.Diff([]string{"null", "-mod=mod", "1"}, got); diff != "" {
		t.Errorf("the tools: -want +got:\n%s", diff)
	}
	debuggees, _ := snapshot.Debuggees.Get()
	if len(debuggees) != 2 {
		t.Fatalf("debuggees %+v", debuggees)
	}
	one, two := debuggees[0], debuggees[1]
	got = []string{value(two.View, "GOTRACEBACK"), value(two.View, "GOFLAGS"), value(two.View, "GODEBUG"), one.View.Lookup("GODEBUG").Unknown}
	if diff := cmp.Diff([]string{"unset", "-mod=mod", "gctrace=1", "it is no text, which Delve refuses"}, got); diff != "" {
		t.Errorf("the debugged program: -want +got:\n%s", diff)
	}
	if len(two.Problems) != 0 || len(one.Problems) != 1 || one.Problems[0].Kind != "setting-no-text" || one.Problems[0].Place.String() != ".vscode/settings.json:2:53" {
		t.Errorf("problems %+v, %+v", one.Problems, two.Problems)
	}
	for _, view := range []goenv.View{tools, one.View, two.View} {
		for _, layer := range view.Layers {
			if _, ok := layer.Set["http_proxy"]; ok {
				t.Error("a proxy, which may hold a password, is in a view of the snapshot")
			}
		}
	}

	g := h.gatherer(facts.GoCommands)
	g.readSettings()
	editor := g.readEditor(t.Context(), environment{view: goenv.RemoteView, env: options.Environ})
	if got := editor.tools.env["http_proxy"]; got != "http://user:secret@proxy:3128" {
		t.Errorf("the tools have http_proxy=%s", got)
	}
	if got := editor.host["http_proxy"]; got != "http://other" {
		t.Errorf("the extension itself has http_proxy=%s", got)
	}
}
