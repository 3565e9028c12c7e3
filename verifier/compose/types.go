// Package compose reads what compose files say of the one service that a dev container is.
//
// Its one rule: it resolves as `docker compose config` does, from texts in memory, and knows the file and line of every
// variable.
package compose

import "github.com/dcverify/dcverify/verifier/source"

// Service is the service of a dev container, several files merged.
type Service struct {
	Name        string            `json:"name"`
	Place       source.Place      `json:"place,omitzero"` // of its key in the first file that has it
	Image       string            `json:"image,omitempty"`
	ImagePlace  source.Place      `json:"imagePlace,omitzero"`
	Build       *Build            `json:"build,omitempty"`
	EnvFile     []Variable        `json:"envFile,omitempty"`     // of env_file entries, lowest first, every say
	Environment []Variable        `json:"environment,omitempty"` // of environment, every say
	User        string            `json:"user,omitempty"`
	WorkingDir  string            `json:"workingDir,omitempty"`
	Privileged  bool              `json:"privileged,omitempty"`
	CapAdd      []string          `json:"capAdd,omitempty"`
	SecurityOpt []string          `json:"securityOpt,omitempty"`
	Volumes     []Volume          `json:"volumes,omitempty"`
	Profiles    []string          `json:"profiles,omitempty"`
	Command     []string          `json:"command,omitempty"`
	Entrypoint  []string          `json:"entrypoint,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// Build is the service's build section.
type Build struct {
	Context    string                  `json:"context"`              // relative to the workspace
	Dockerfile string                  `json:"dockerfile,omitempty"` // relative to the context; empty for Dockerfile
	Inline     string                  `json:"inline,omitempty"`     // dockerfile_inline
	Target     string                  `json:"target,omitempty"`
	Args       map[string]string       `json:"args,omitempty"`
	ArgPlaces  map[string]source.Place `json:"argPlaces,omitempty"`
	Place      source.Place            `json:"place,omitzero"`
	Targeted   source.Place            `json:"targeted,omitzero"` // where the target is named
}

// Variable is one say about one variable.
type Variable struct {
	Name     string       `json:"name"`
	Value    string       `json:"value"`
	Unset    bool         `json:"unset,omitempty"`    // a name alone, for which the host has no value
	FromHost bool         `json:"fromHost,omitempty"` // a name alone: the host's value
	Place    source.Place `json:"place,omitzero"`
}

// Volume is one mount.
type Volume struct {
	Type   string       `json:"type"` // bind, volume, tmpfs
	Source string       `json:"source,omitempty"`
	Target string       `json:"target"`
	Place  source.Place `json:"place,omitzero"`
}

// Problem is something that compose would refuse, or warn of.
type Problem struct {
	Kind    string       `json:"kind"` // "syntax", "missing-file", "missing-service", "missing-env-file", "missing-variable", "outside"
	Message string       `json:"message"`
	Place   source.Place `json:"place,omitzero"`
}
