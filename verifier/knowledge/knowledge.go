// Package knowledge owns what dcverify knows of other people's images, features, tools and settings without asking anybody:
// dated tables with their sources.
//
// Its one rule: what stands here is an assumption, and whoever uses it says so with the table's source and date.
package knowledge

import "github.com/dcverify/dcverify/verifier/dockerfile"

// Image is what is known of an image by its name and tag.
type Image struct {
	Family    string          `json:"family"`              // "golang", "devcontainers/go", "devcontainers/base", "devcontainers/universal", …
	Version   string          `json:"version,omitempty"`   // of the image's own line, where it has one: "1.3.3" of devcontainers/go:1.3.3-1.23-bookworm
	Go        string          `json:"go,omitempty"`        // "1.23", "1.23.4", empty for none; of a moving tag the newest known
	Exact     bool            `json:"exact,omitempty"`     // the tag names one Go release
	Moving    bool            `json:"moving,omitempty"`    // latest, 1, bookworm: the Go is whatever is newest when it is pulled; Go is then at least that
	Toolchain string          `json:"toolchain,omitempty"` // GOTOOLCHAIN of its environment
	Published bool            `json:"published"`           // the tag is known to exist, or nothing is known against it
	Last      string          `json:"last,omitempty"`      // the last day on which it was rebuilt, 2006-01-02, where it no longer is
	Config    dockerfile.Base `json:"config,omitzero"`     // as its builder sets it, label included, as far as the tag decides it
	HasConfig bool            `json:"hasConfig"`
	Source    string          `json:"source"` // "devcontainers/images src/go, 2026-07-01"
}
