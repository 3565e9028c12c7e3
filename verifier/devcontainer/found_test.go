package devcontainer

import "testing"

func TestFound(t *testing.T) {
	for config, want := range map[string]bool{
		".devcontainer/devcontainer.json":         true,
		".devcontainer.json":                      true,
		".devcontainer/go/devcontainer.json":      true,
		"backend/.devcontainer/devcontainer.json": true,
		"backend/.devcontainer.json":              true,
		"devcontainer.json":                       false,
		"devcontainer/devcontainer.json":          false,
		".devcontainer/.devcontainer.json":        false,
		".devcontainer/a/b/devcontainer.json":     false,
		".devcontainer/go/other.json":             false,
	} {
		if got := Found(config); got != want {
			t.Errorf("Found(%q) = %v, want %v", config, got, want)
		}
	}
}
