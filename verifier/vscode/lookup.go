package vscode

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
)

// Lookup is what the extension's search needs to know of the machine.
type Lookup struct {
	Env        goenv.Environ          // of the extension host: the remote view
	Settings   Settings               //
	Workspace  string                 // the folder that is open
	Executable func(path string) bool // a regular file that the user may run, links followed (pathUtils.ts:154-165)
}

// Found is a program with the reason that the extension gives for it.
type Found struct {
	Path string `json:"path"`
	Why  string `json:"why"` // alternateTool, gobin, gopath, goroot, path, default; empty when nothing was found
}

// Go finds the go command in the order of getBinPathWithPreferredGopathGorootWithExplanation (pathUtils.ts:60-133):
// alternateTools, $GOBIN, go.goroot or else $GOROOT, PATH, and two fixed places. Before PATH comes GOROOT: a shell that
// looks in PATH alone may run another go.
func (l Lookup) Go() Found {
	if tool := l.alternate("go"); tool != "" {
		return Found{tool, "alternateTool"}
	}
	if tool := path.Join(l.Env["GOBIN"], "go"); l.Env["GOBIN"] != "" && l.Executable(tool) {
		return Found{tool, "gobin"}
	}
	if root := l.goroot(); root != "" {
		if tool := path.Join(root, "bin/go"); l.Executable(tool) {
			return Found{tool, "goroot"}
		}
	}
	if tool := l.onPath("go"); tool != "" {
		return Found{tool, "path"}
	}
	for _, tool := range []string{"/usr/local/go/bin/go", "/usr/local/bin/go"} { // pathUtils.ts:117-127
		if l.Executable(tool) {
			return Found{tool, "default"}
		}
	}
	return Found{}
}

// Tool finds dlv, gopls and the like. The order is alternateTools, $GOBIN, go.toolsGopath, GOPATH, the GOROOT that go
// answers with, PATH; gopath and goroot are what `go env` says in the workspace. Searched lists where it looked, for the
// message when nothing is found.
func (l Lookup) Tool(name, gopath, goroot string) (found Found, searched []string) {
	if tool := l.alternate(name); tool != "" {
		return Found{tool, "alternateTool"}, nil
	}
	try := func(folder, why string) bool {
		if folder == "" || !strings.HasPrefix(folder, "/") {
			return false
		}
		if !slices.Contains(searched, folder) {
			searched = append(searched, folder)
		}
		if tool := path.Join(folder, name); found.Path == "" && l.Executable(tool) {
			found = Found{tool, why}
		}
		return found.Path != ""
	}
	if try(l.gobin(), "gobin") {
		return found, nil
	}
	for _, list := range []string{Resolve(l.Settings.ToolsGopath, l.Workspace, l.Env), gopath} {
		for _, folder := range strings.Split(list, ":") {
			if folder != "" && try(path.Join(folder, "bin"), "gopath") {
				return found, nil
			}
		}
	}
	if goroot != "" && try(path.Join(goroot, "bin"), "goroot") {
		return found, nil
	}
	for _, folder := range l.Env.Path() {
		if try(folder, "path") {
			return found, nil
		}
	}
	return Found{}, searched
}

func (l Lookup) gobin() string { return l.Env["GOBIN"] }

// goroot is the GOROOT of the extension host: the setting, if its folder has a go, replaces the variable for good
// (goEnv.ts:93-131).
func (l Lookup) goroot() string {
	if root := Resolve(l.Settings.Goroot, l.Workspace, l.Env); root != "" && l.Executable(path.Join(root, "bin/go")) {
		return root
	}
	return l.Env["GOROOT"]
}

func (l Lookup) alternate(name string) string {
	tool := Resolve(l.Settings.AlternateTools[name], l.Workspace, l.Env)
	if strings.HasPrefix(tool, "/") && l.Executable(tool) {
		return tool
	}
	return "" // an absolute path that is missing is ignored without a word
}

func (l Lookup) onPath(name string) string {
	for _, folder := range l.Env.Path() {
		tool := path.Join(folder, name)
		if l.Executable(tool) {
			if tool == "/snap/bin/go" { // pathUtils.ts:106-111
				return "/snap/go/current/bin/go"
			}
			return tool
		}
	}
	return ""
}

// Activation is what the extension does to PATH after it found a go: unless that go came from PATH, the folder bin of
// the GOROOT that `go env` answers with goes in front (goInstallTools.ts:586-591, goEnvironmentStatus.ts:325-379). With a
// toolchain switch that is the folder of the toolchain, while GOROOT in the environment stays what it was.
func (l Lookup) Activation(found Found, answer map[string]string) goenv.Layer {
	layer := goenv.Layer{Kind: goenv.Extension, Set: map[string]string{}}
	if root := l.goroot(); root != l.Env["GOROOT"] {
		layer.Set["GOROOT"] = root
	}
	if found.Why != "path" && found.Path != "" && answer["GOROOT"] != "" && !l.Settings.DoNotActivate {
		layer.Set["PATH"] = path.Join(answer["GOROOT"], "bin") + ":" + l.Env["PATH"]
	}
	return layer
}

// Gopath is the GOPATH that the extension hands to its tools, whatever go.toolsEnvVars says: go.gopath, or else that of its
// own process (getCurrentGoPath, util.ts:345-383). go.inferGopath, of the time before modules, is left out.
func (l Lookup) Gopath() string {
	return cmp.Or(Resolve(l.Settings.Gopath, l.Workspace, l.Env), l.Env["GOPATH"])
}

// Exported is what the extension adds to the environment of the tools, and of no terminal: the answers of `go env` where
// the environment has none (goInstallTools.ts:576-580).
func (l Lookup) Exported(answer map[string]string) map[string]string {
	exported := map[string]string{}
	for _, name := range []string{"GOPATH", "GOPROXY", "GOBIN", "GOMODCACHE"} {
		if l.Env[name] == "" && answer[name] != "" {
			exported[name] = answer[name]
		}
	}
	return exported
}
