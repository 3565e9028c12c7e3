// Package devcontainer reads what a devcontainer.json declares.
//
// Its one rule: it says what is written and where, in the words of the file. What becomes of it in a container is observed
// there.
package devcontainer

import (
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Files is where the reference CLI looks for the configuration of a workspace, in this order (its
// getDefaultDevContainerConfigPath).
var Files = []string{".devcontainer/devcontainer.json", ".devcontainer.json"}

// Config is the part of a devcontainer.json that decides Go's environment inside the container.
type Config struct {
	Root     jsonc.Node      `json:"root"`               // everything, as it is written
	Problems []jsonc.Problem `json:"problems,omitempty"` // what the reference CLI tolerates without a word

	File         string                       `json:"file"`
	ContainerEnv map[string]goenv.Declaration `json:"containerEnv,omitempty"`
	RemoteEnv    map[string]goenv.Declaration `json:"remoteEnv,omitempty"`
	Dockerfile   string                       `json:"dockerfile,omitempty"`   // path as it is written, relative to the folder of the file
	Target       string                       `json:"target,omitempty"`       // build stage; empty for the last
	UserEnvProbe string                       `json:"userEnvProbe,omitempty"` // none, loginShell, interactiveShell or loginInteractiveShell, the default
	Settings     source.File                  `json:"-"`                      // the whole text, whose customizations.vscode.settings are editor settings
}

// Parse reads a devcontainer.json.
func Parse(file source.File) (Config, error) {
	doc, err := jsonc.Parse(file)
	if err != nil {
		return Config{}, err
	}
	config := Config{
		File:         file.Name,
		ContainerEnv: declarations(doc.Members("containerEnv")),
		RemoteEnv:    declarations(doc.Members("remoteEnv")),
		Settings:     file,
	}
	for _, m := range append(doc.Members(), doc.Members("build")...) {
		text, _ := m.Value.(string)
		switch m.Name {
		case "dockerFile", "dockerfile": // the one of old, at the top, and the one inside build
			config.Dockerfile = text
		case "target":
			config.Target = text
		case "userEnvProbe":
			config.UserEnvProbe = text
		}
	}
	return config, nil
}

// declarations reads an object of variables. The reference CLI hands every value to docker as text, so that null becomes
// the four letters null (devcontainers/cli, src/spec-shutdown/dockerUtils.ts, toExecParameters). JSON writes null, numbers
// and truth values as JavaScript does; fmt would make 1e+06 of a million.
func declarations(members []jsonc.Member) map[string]goenv.Declaration {
	result := map[string]goenv.Declaration{}
	for _, m := range members {
		result[m.Name] = goenv.Declaration{Value: m.Text(), Place: m.Place}
	}
	return result
}
