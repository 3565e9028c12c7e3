//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

type environment map[string]string

func (e environment) list() []string {
	var list []string
	for name, value := range e {
		list = append(list, name+"="+value)
	}
	return list
}

// lookPath finds a program on the PATH of the environment, not on that of this process.
func (e environment) lookPath(name string) string {
	for _, folder := range filepath.SplitList(e["PATH"]) {
		if path := filepath.Join(folder, name); executable(path) {
			return path
		}
	}
	return ""
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// command is a program as a process of the class starts it.
func (e environment) command(folder, name string, args ...string) (*exec.Cmd, error) {
	path := e.lookPath(name)
	if path == "" {
		return nil, fmt.Errorf("%s is not found", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = folder, append(e.list(), "PWD="+folder)
	return cmd, nil
}

// extension is what the Go extension makes of the environment in which the editor's server starts it.
type extension struct {
	terminal, tools environment
	problem         string // why it does not start; then it changes nothing
}

// startExtension repeats the part of the Go extension's start that changes environments (golang/vscode-go v0.56.0: pathUtils.ts
// 60-133 finds go, goInstallTools.ts 527-599 asks it and exports, goEnvironmentStatus.ts 325-379 changes PATH). This process
// stands in the workspace's folder, as that go command does.
func startExtension(remote environment, toolsEnvVars string) extension {
	asked := maps.Clone(remote)
	setting, value, hasSetting := strings.Cut(toolsEnvVars, "=")
	if hasSetting {
		asked[setting] = value
	}
	goCommand, onPath := "", false
	switch {
	case remote["GOBIN"] != "" && executable(filepath.Join(remote["GOBIN"], "go")):
		goCommand = filepath.Join(remote["GOBIN"], "go")
	case remote["GOROOT"] != "" && executable(filepath.Join(remote["GOROOT"], "bin/go")):
		goCommand = filepath.Join(remote["GOROOT"], "bin/go")
	default:
		goCommand, onPath = remote.lookPath("go"), true
	}
	cmd := exec.Command(goCommand, "env", "-json", "GOPATH", "GOROOT", "GOPROXY", "GOBIN", "GOMODCACHE")
	cmd.Env = asked.list()
	var problems strings.Builder
	cmd.Stderr = &problems
	output, err := cmd.Output()
	var answer map[string]string
	if err == nil {
		err = json.Unmarshal(output, &answer)
	}
	if err != nil {
		return extension{remote, remote, fmt.Sprintf("the Go extension does not start: go env: %v: %s", err, strings.TrimSpace(problems.String()))}
	}
	terminal := maps.Clone(remote)
	if !onPath {
		terminal["PATH"] = filepath.Join(answer["GOROOT"], "bin") + ":" + terminal["PATH"]
	}
	tools := maps.Clone(terminal)
	for _, name := range []string{"GOPATH", "GOPROXY", "GOBIN", "GOMODCACHE"} {
		if tools[name] == "" && answer[name] != "" {
			tools[name] = answer[name]
		}
	}
	if hasSetting {
		tools[setting] = value
	}
	return extension{terminal: terminal, tools: tools}
}
