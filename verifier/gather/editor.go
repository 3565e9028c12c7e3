//go:build linux

package gather

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// editor is what the Go extension makes of the remote environment.
type editor struct {
	extension       facts.Part[facts.Extension]
	terminal, tools environment
	host            goenv.Environ            // of the process that runs the extension
	layers          map[string][]goenv.Layer // what it lays over the remote view, by view
	requested       []goenv.Layer            // what launch requests carry of the settings
}

// readEditor repeats what the extension does when it starts: find go, ask it, change PATH.
func (g *gatherer) readEditor(ctx context.Context, remote environment) editor {
	lookup := vscode.Lookup{Env: remote.env, Settings: g.settings, Workspace: g.Workspace, Executable: g.Executable}
	toolsEnvVars, proxy := lookup.ToolsEnvVars(), lookup.Proxy()
	extension := facts.Extension{Go: lookup.Go(), Settings: g.settings}
	result := editor{
		terminal: environment{view: goenv.TerminalView},
		tools:    environment{view: goenv.ToolsView},
		layers:   map[string][]goenv.Layer{},
	}
	if extension.Go.Path != "" {
		asked := maps.Clone(remote.env)
		maps.Copy(asked, toolsEnvVars.Set)
		if gopath := lookup.Gopath(); gopath != "" {
			asked["GOPATH"] = gopath
		}
		maps.Copy(asked, proxy.Set)
		extension.Answer = g.askGo(ctx, extension.Go.Path, asked, g.Workspace)
	}
	activation := lookup.Activation(extension.Go, extension.Answer.Env)
	if path, ok := activation.Set["PATH"]; ok {
		extension.Prefix, _, _ = strings.Cut(path, ":")
	}
	result.extension = facts.Known(extension)
	if missing := g.missingToolchain(extension.Answer.Error, remote.env); missing != "" {
		why := fmt.Sprintf("the workspace asks for %s, which is not downloaded yet, and without --online dcverify does not download it", missing)
		result.terminal.unknown, result.tools.unknown = why, why
		return result
	}
	terminal := maps.Clone(remote.env)
	maps.Copy(terminal, activation.Set)
	tools := maps.Clone(terminal)
	exported := goenv.Layer{Kind: goenv.Extension, Set: lookup.Exported(extension.Answer.Env)}
	maps.Copy(tools, exported.Set)
	result.host = maps.Clone(tools)
	maps.Copy(tools, toolsEnvVars.Set)
	current := goenv.Layer{Kind: goenv.Extension, Set: map[string]string{}}
	lookup.Env = result.host
	if gopath := lookup.Gopath(); gopath != "" && gopath != tools["GOPATH"] {
		current.Set["GOPATH"] = gopath
	}
	maps.Copy(tools, current.Set)
	maps.Copy(tools, proxy.Set)
	result.requested = append(lookup.Requested(), current)
	result.terminal.env, result.tools.env = terminal, tools
	result.layers[goenv.TerminalView] = []goenv.Layer{activation}
	result.layers[goenv.ToolsView] = []goenv.Layer{activation, exported, toolsEnvVars, current, proxy}
	return result
}
