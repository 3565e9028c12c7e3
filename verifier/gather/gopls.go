//go:build linux

package gather

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/gopls"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// goTools are the tools beside gopls and dlv that type-check code: one that was built with an older Go refuses to. They are
// looked for, and nobody has to have them.
var goTools = []string{"staticcheck", "golangci-lint", "revive"}

// tools looks for the programs that the Go extension starts.
func (g *gatherer) tools(ctx context.Context, e *environments, dlv, gopls facts.Part[facts.Tool]) map[string]facts.Part[facts.Tool] {
	tools := map[string]facts.Part[facts.Tool]{"dlv": dlv, "gopls": gopls}
	if !g.Needs[facts.Tools] {
		return tools
	}
	for _, name := range goTools {
		part := g.tool(ctx, name, e)
		if tool, ok := part.Get(); ok && tool.Binary.Path != "" {
			tools[name] = part
		}
	}
	return tools
}

// languageServer is the gopls that the Go extension starts, if it does.
func (g *gatherer) languageServer(ctx context.Context, e *environments) facts.Part[facts.Tool] {
	part := g.tool(ctx, "gopls", e)
	if tool, ok := part.Get(); ok {
		tool.Unused = g.noLanguageServer()
		return facts.Known(tool)
	}
	return part
}

// noLanguageServer is the setting that keeps the Go extension from starting gopls, if there is one.
func (g *gatherer) noLanguageServer() string {
	if g.settings.NoLanguageServer {
		return languageServerOff
	}
	return ""
}

// editing proves that gopls works in the environment that the Go extension gives it.
func (g *gatherer) editing(ctx context.Context, e *environments, found facts.Part[facts.Tool]) facts.Part[facts.Proof] {
	proof := facts.Proof{Name: facts.GoplsProof, View: goenv.ToolsView, Status: facts.Skipped, Steps: []facts.Step{}}
	tools := e.get(goenv.ToolsView)
	tool, ok := found.Get()
	proof.Tool = facts.ProofTool{Path: tool.Binary.Path, Version: tool.Binary.Version}
	switch {
	case tools.unknown != "":
		proof.Reason = tools.unknown
	case tool.Unused != "":
		proof.Reason = tool.Unused + ": the Go extension does not start gopls"
	case !ok:
		proof.Reason = found.Why()
	case tool.Binary.Path == "":
		proof.Reason = "gopls is not installed"
	case tool.Binary.Problem != "":
		proof.Reason = fmt.Sprintf("%s cannot run: %s", tool.Binary.Path, tool.Binary.Problem)
	}
	if proof.Reason != "" {
		return facts.Known(proof)
	}
	folder, err := g.writeModule("gopls", gopls.Files(g.workspace.Go))
	if err != nil {
		proof.Status, proof.Reason = facts.Broken, err.Error()
		return facts.Known(proof)
	}
	env := g.serverEnvironment(tools.env, folder)
	module := gopls.Module{Folder: folder}
	if goCommand := g.find("go", env); goCommand != "" { // gopls says by itself that it finds none
		answer := g.askGo(ctx, goCommand, env, folder)
		if missing := g.missingToolchain(answer.Error, tools.env); missing != "" {
			proof.Reason = missing + " is not downloaded yet, and without --online dcverify does not download it"
			return facts.Known(proof)
		}
		module.Goroot, module.GoVersion = answer.Env["GOROOT"], answer.Env["GOVERSION"]
	}
	g.Progress("asking gopls")
	proof = gopls.Prove(ctx, gopls.Server{
		Path: tool.Binary.Path, Args: alone(g.settings.LanguageServerFlags), Env: env.List(), Version: tool.Binary.Version,
		Options: g.scratchOptions(g.settings.InitializationOptions()),
	}, module)
	proof.View = goenv.ToolsView
	return facts.Known(proof)
}

// serverEnvironment is what gopls gets, for a module that is not the workspace's.
func (g *gatherer) serverEnvironment(tools goenv.Environ, folder string) goenv.Environ {
	// Neither a go.work of the workspace nor its build system would know the module.
	return vscode.WithToolFlags(g.ownTemp(g.offline(tools).With("GOWORK=off", "GOPACKAGESDRIVER=off", "PWD="+folder)))
}

// writeModule writes a module below the scratch folder.
func (g *gatherer) writeModule(name string, files map[string]string) (folder string, err error) {
	scratch, err := filepath.EvalSymlinks(g.Scratch()) // gopls names files by their real place
	if err != nil {
		return "", err
	}
	folder = filepath.Join(scratch, name)
	for file, text := range files {
		path := filepath.Join(folder, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", fmt.Errorf("writing the scratch module: %w", err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return "", fmt.Errorf("writing the scratch module: %w", err)
		}
	}
	return folder, nil
}

// alone takes away the flags that make gopls hand its work to a daemon, which several editors share and which would live on
// after the proof.
func alone(flags []string) []string {
	var kept []string
	for i := 0; i < len(flags); i++ {
		name, _, hasValue := strings.Cut(strings.TrimLeft(flags[i], "-"), "=")
		if name != "remote" && !strings.HasPrefix(name, "remote.") {
			kept = append(kept, flags[i])
		} else if !hasValue {
			i++ // its value comes next
		}
	}
	return kept
}

// scratchOptions takes out of gopls' own environment what would lead it to the network, or to the workspace's build system,
// which does not know the scratch module.
func (g *gatherer) scratchOptions(options map[string]any) map[string]any {
	instead := map[string]any{"GOWORK": "off", "GOPACKAGESDRIVER": "off"}
	if !g.Online {
		instead["GOPROXY"], instead["GONOPROXY"] = "off", "none"
	}
	options = maps.Clone(options)
	for _, name := range []string{"build.env", "env"} {
		env, ok := options[name].(map[string]any)
		if !ok {
			continue
		}
		env = maps.Clone(env)
		for name, value := range instead {
			if _, ok := env[name]; ok {
				env[name] = value
			}
		}
		options[name] = env
	}
	return options
}
