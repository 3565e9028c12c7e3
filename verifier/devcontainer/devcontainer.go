// Package devcontainer reads what a devcontainer.json declares.
//
// Its one rule: it says what is written and where, in the words of the file. What becomes of it in a container is observed
// there.
package devcontainer

import (
	"fmt"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Files is where the reference CLI looks for the configuration of a workspace, in this order (its
// getDefaultDevContainerConfigPath).
var Files = []string{".devcontainer/devcontainer.json", ".devcontainer.json"}

// Config is the part of a devcontainer.json that decides Go's environment inside the container.
type Config struct {
	File         string                       `json:"file"`
	ContainerEnv map[string]goenv.Declaration `json:"containerEnv,omitempty"`
	RemoteEnv    map[string]goenv.Declaration `json:"remoteEnv,omitempty"`
	Settings     source.File                  `json:"-"` // the whole text, whose customizations.vscode.settings are editor settings
}

// Parse reads a devcontainer.json.
func Parse(file source.File) (Config, error) {
	doc, err := jsonc.Parse(file)
	if err != nil {
		return Config{}, err
	}
	return Config{
		File:         file.Name,
		ContainerEnv: declarations(doc.Members("containerEnv")),
		RemoteEnv:    declarations(doc.Members("remoteEnv")),
		Settings:     file,
	}, nil
}

// declarations reads an object of variables. The reference CLI hands every value to docker as text, so that null becomes
// the four letters null (devcontainers/cli, src/spec-shutdown/dockerUtils.ts, toExecParameters).
func declarations(members []jsonc.Member) map[string]goenv.Declaration {
	result := map[string]goenv.Declaration{}
	for _, m := range members {
		value := fmt.Sprint(m.Value)
		if m.Value == nil {
			value = "null"
		}
		result[m.Name] = goenv.Declaration{Value: value, Place: m.Place}
	}
	return result
}
