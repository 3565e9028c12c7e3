package checks

import (
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// removeGoroot is the remedy for nearly everything that GOROOT does.
func removeGoroot(origin goenv.Origin) finding.Fix {
	switch origin.Layer {
	case goenv.UserEnvFile:
		return finding.Fix{
			Message: "remove the GOROOT line from " + origin.Place.File, Safe: true,
			Commands: []string{"sed -i '/^GOROOT=/d' " + origin.Place.File}, // `go env -u` needs a go that still runs
		}
	case goenv.Feature, goenv.Label:
		return finding.Fix{Message: `clear it in devcontainer.json, for ` + layerName(origin) + ` always sets it: "remoteEnv": {"GOROOT": ""}`, Safe: true}
	case goenv.Image:
		return finding.Fix{Message: `clear it in devcontainer.json, "remoteEnv": {"GOROOT": ""}, or remove it where the image is made`, Safe: true}
	case goenv.Dockerfile:
		return finding.Fix{Message: "remove GOROOT from " + origin.Place.String(), Safe: true}
	case goenv.LoginFiles:
		if origin.Place.Known() {
			return finding.Fix{Message: "remove GOROOT from " + origin.Place.String(), Safe: true}
		}
		return finding.Fix{Message: "remove GOROOT from the shell's start-up files", Safe: true}
	}
	return finding.Fix{Message: "remove GOROOT from " + layerName(origin), Safe: true}
}

// layerNames is how people know the layers.
var layerNames = map[string]string{
	goenv.Default:      "go itself",
	goenv.GorootEnv:    "$GOROOT/go.env",
	goenv.UserEnvFile:  "the `go env -w` file",
	goenv.Image:        "the image (a feature, the base image or Dockerfile ENV)",
	goenv.Dockerfile:   "Dockerfile ENV",
	goenv.Feature:      "a feature",
	goenv.EnvFile:      "an env_file of the compose service",
	goenv.Compose:      "the compose service's environment",
	goenv.Label:        "the metadata label of the image",
	goenv.RunArgs:      "runArgs",
	goenv.ContainerEnv: "containerEnv",
	goenv.LoginFiles:   "the shell's start-up files",
	goenv.RemoteEnv:    "remoteEnv",
	goenv.ToolsEnvVars: "the setting go.toolsEnvVars",
	goenv.HTTPProxy:    "the setting http.proxy",
	goenv.Extension:    "the Go extension",
	goenv.Delve:        "Delve",
	goenv.LaunchFile:   "the envFile of the debug configuration",
	goenv.LaunchEnv:    "the env of the debug configuration",
	goenv.Process:      "this process's environment",
}

// said names a layer with its place, for the middle of a sentence, and whose word it is where nobody has looked.
func said(o goenv.Origin) string {
	words := layerName(o)
	if o.Place.Known() {
		words += fmt.Sprintf(" at %s", o.Place)
	}
	if o.Locked != "" {
		words += fmt.Sprintf(" (%s)", o.Locked)
	}
	if o.Assumed != "" {
		words += fmt.Sprintf(" (assumed from %s)", o.Assumed)
	}
	return words
}

// layerName is a layer alone: the place stands elsewhere in the report.
func layerName(o goenv.Origin) string {
	switch {
	case o.Name == "":
	case o.Layer == goenv.Feature:
		return "feature " + o.Name
	case o.Layer == goenv.Image:
		return "image " + o.Name
	}
	return layerNames[o.Layer]
}

func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

func list(names []string) string { return strings.Join(names, ", ") }
