package knowledge

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestImageOf(t *testing.T) {
	for _, test := range []struct {
		reference, family, version, goes string
		exact, moving, published         bool
		last, toolchain                  string
	}{
		{"golang:1.22.5-alpine3.19", "golang", "", "1.22.5", true, false, true, "", "local"},
		{"docker.io/library/golang:1.22", "golang", "", "1.22", false, false, true, "", "local"},
		{"public.ecr.aws/docker/library/golang:1.20-bookworm", "golang", "", "1.20", false, false, true, "", ""},
		{"golang", "golang", "", "1.27", false, true, true, "", "local"},
		{"golang:alpine@sha256:00", "golang", "", "1.27", false, true, true, "", "local"},
		{"golang:1-bookworm", "golang", "", "1.27", false, true, true, "", "local"},
		{"golang:1.22.13", "golang", "", "1.22.13", true, false, false, "", "local"},
		{"golang:1.20.0", "golang", "", "1.20.0", true, false, true, "", ""},
		{"golang:1.21.0-alpine", "golang", "", "1.21.0", true, false, true, "", ""},
		{"golang:1.26.99", "golang", "", "1.26.99", true, false, true, "", "local"},
		{"golang:1.21-buster", "golang", "", "1.21", false, false, false, "", "local"},
		{"golang:1.24-bullseye", "golang", "", "1.24", false, false, true, "", "local"},
		{"golang:1.25-bullseye", "golang", "", "1.25", false, false, false, "", "local"},
		{"golang:1-buster", "golang", "", "1.20", false, false, true, "2023-06-13", ""},
		{"golang:bullseye", "golang", "", "1.24", false, false, true, "2025-08-12", "local"},
		{"golang:1-alpine3.17", "golang", "", "1.21", false, false, true, "2023-12-08", "local"},
		{"golang:1.25-alpine3.20", "golang", "", "1.25", false, false, false, "", "local"},
		{"golang:1.25rc1-bullseye", "golang", "", "1.25rc1", true, false, true, "", "local"},
		{"golang:1.18-bookworm", "golang", "", "1.18", false, false, false, "", ""},
		{"golang:1.23rc1-bookworm", "golang", "", "1.23rc1", true, false, true, "", "local"},
		{"mcr.microsoft.com/devcontainers/go:1-1.22-bookworm", "devcontainers/go", "1", "1.22", false, false, true, "2025-02-25", "local"},
		{"mcr.microsoft.com/vscode/devcontainers/go:0-1.18-bullseye", "devcontainers/go", "0", "1.18", false, false, true, "2023-02-07", ""},
		{"mcr.microsoft.com/devcontainers/go:1.3.3-1.23-bookworm", "devcontainers/go", "1.3.3", "1.23", false, false, true, "2025-02-25", "local"},
		{"mcr.microsoft.com/devcontainers/go:2-1.26-bookworm", "devcontainers/go", "2", "1.26", false, false, true, "", "local"},
		{"mcr.microsoft.com/devcontainers/go:1.24", "devcontainers/go", "", "1.24", false, false, true, "2026-01-30", "local"},
		{"mcr.microsoft.com/devcontainers/go:1-bookworm", "devcontainers/go", "", "1.26", false, true, true, "", "local"},
		{"mcr.microsoft.com/devcontainers/go:1", "devcontainers/go", "", "1.26", false, true, true, "", "local"},
		{"mcr.microsoft.com/devcontainers/go:0-1", "devcontainers/go", "0", "1.20", false, false, true, "2023-06-15", ""},
		{"mcr.microsoft.com/devcontainers/go:0-1.21", "devcontainers/go", "0", "1.21", false, false, false, "", "local"},
		{"mcr.microsoft.com/devcontainers/go:dev-1.22", "devcontainers/go", "", "1.22", false, false, true, "", "local"},
		{"mcr.microsoft.com/devcontainers/go:2-1.28-trixie", "devcontainers/go", "2", "1.28", false, false, true, "", "local"},
		{"mcr.microsoft.com/devcontainers/go:9.0.0", "devcontainers/go", "9.0.0", "1.26", false, false, true, "", "local"},
		{"mcr.microsoft.com/devcontainers/go", "devcontainers/go", "", "1.26", false, true, true, "", "local"},
		{"mcr.microsoft.com/devcontainers/base:ubuntu", "devcontainers/base", "", "", false, false, true, "", ""},
		{"mcr.microsoft.com/devcontainers/universal:2", "devcontainers/universal", "", "1.24.3", true, false, true, "", "auto"},
		{"mcr.microsoft.com/devcontainers/universal:2.0.4-focal", "devcontainers/universal", "", "1.18.4", true, false, true, "", ""},
		{"mcr.microsoft.com/vscode/devcontainers/universal:linux", "devcontainers/universal", "", "1.26", false, true, true, "", ""},
		{"mcr.microsoft.com/devcontainers/universal:6", "devcontainers/universal", "", "1.26", false, true, true, "", ""},
		{"mcr.microsoft.com/devcontainers/universal:6.0.8", "devcontainers/universal", "", "", false, false, true, "", ""},
		{"ubuntu:24.04", "ubuntu", "", "", false, false, true, "", ""},
	} {
		image, ok := ImageOf(test.reference)
		if !ok || image.Family != test.family || image.Version != test.version || image.Go != test.goes || image.Exact != test.exact ||
			image.Moving != test.moving || image.Published != test.published || image.Toolchain != test.toolchain {
			t.Errorf("%s: %+v, %t", test.reference, image, ok)
		}
		if test.last != image.Last {
			t.Errorf("%s: last rebuilt %q, want %q", test.reference, image.Last, test.last)
		}
		if local := slices.Contains(image.Config.Env, "GOTOOLCHAIN=local"); image.HasConfig && local != (test.toolchain == "local") {
			t.Errorf("%s: %q", test.reference, image.Config.Env)
		}
		if label := image.Config.Labels["devcontainer.metadata"]; (label != "") != (test.family == "devcontainers/go" || test.family == "devcontainers/base") || label != "" && !json.Valid([]byte(label)) {
			t.Errorf("%s: label %s", test.reference, label)
		}
	}
	for _, reference := range []string{"", "me/golang:1.22", "ghcr.io/x/golang", "mcr.microsoft.com/devcontainers/other", "golang@sha256:00", "golang:${V}"} {
		if image, ok := ImageOf(reference); ok {
			t.Errorf("%q: %+v", reference, image)
		}
	}
}

// Every tag of the table is one that exists, and its form is understood.
func TestTable(t *testing.T) {
	for tag := range tagRows().last {
		image, ok := ImageOf("mcr.microsoft.com/devcontainers/go:" + tag)
		if _, parsed := parseGoTag(tag); !ok || !image.Published || !parsed || minor(image.Go) < 14 {
			t.Errorf("%s: %+v", tag, image)
		}
	}
}

func TestMinGo(t *testing.T) {
	for _, test := range []struct {
		path, version, min, resolved string
		ok                           bool
	}{
		{"golang.org/x/tools/gopls", "latest", "1.27.0", "v0.24.0", true},
		{"golang.org/x/tools/gopls", "v0.19.1", "1.24.2", "v0.19.1", true},
		{"golang.org/x/tools/gopls", "v0.19", "1.24.2", "v0.19.1", true},
		{"golang.org/x/tools/gopls", "v0.99.0", "", "", false},
		{"github.com/go-delve/delve/cmd/dlv", "", "1.25.0", "v1.27.2", true},
		{"github.com/derekparker/delve/cmd/dlv", "v1.5.0", "1.11", "v1.5.0", true},
		{"honnef.co/go/tools/cmd/staticcheck", "v0.4.7", "1.19", "v0.4.7", true},
		{"golang.org/x/tools/cmd/godoc", "v0.20.0", "1.19", "v0.20.0", true},
		{"golang.org/x/tools/cmd/godoc", "latest", "1.24.0", "v0.1.0-deprecated", true},
		{"golang.org/x/tools/cmd/guru", "v0.20.0", "", "", false},
		{"github.com/cosmtrek/air", "latest", "", "", false},
		{"golang.org/x/lint/golint", "latest", "1.11", "v0.0.0-20210508222113-6edffad5e616", true},
		{"github.com/golangci/golangci-lint/v3/cmd/golangci-lint", "latest", "", "", false},
		{"github.com/golangci/golangci-lint/cmd/golangci-lint", "latest", "1.23.0", "v1.64.8", true},
		{"mvdan.cc/gofumpt", "master", "", "", false},
		{"example.com/x", "latest", "", "", false},
	} {
		least, resolved, ok := MinGo(test.path, test.version)
		if least != test.min || resolved != test.resolved || ok != test.ok {
			t.Errorf("%s@%s: %q, %q, %t", test.path, test.version, least, resolved, ok)
		}
	}
	for _, test := range []struct{ path, goes, want string }{
		{"golang.org/x/tools/gopls", "1.24", "v0.20.0"},
		{"golang.org/x/tools/gopls", "1.24.1", "v0.18.1"},
		{"golang.org/x/tools/gopls", "go1.26.1", "v0.23.0"},
		{"golang.org/x/tools/gopls", "1.2", ""},
		{"example.com/x", "1.24", ""},
	} {
		if got, ok := NewestFitting(test.path, test.goes); got != test.want || ok != (test.want != "") {
			t.Errorf("%s for Go %s: %s", test.path, test.goes, got)
		}
	}
	if tool, ok := ToolOf("github.com/go-delve/delve/cmd/dlv"); !ok || tool.Module != delveModule || tool.Latest != "v1.27.2" {
		t.Error(tool, ok)
	}
}

func TestNews(t *testing.T) {
	if day, ok := News("golang.org/x/tools/gopls", "1.26.4"); day != "2026-10-14" || !ok {
		t.Error(day, ok)
	}
	for _, old := range [][2]string{{"golang.org/x/tools/gopls", "1.25"}, {"golang.org/x/tools/gopls", "1.27"}, {"honnef.co/go/tools/cmd/staticcheck", "1.25"}, {"example.com/x", "1.25"}} {
		if day, ok := News(old[0], old[1]); ok {
			t.Errorf("%s asks for more than Go %s since %s", old[0], old[1], day)
		}
	}
}

func TestLinter(t *testing.T) {
	for release, want := range map[string]string{"v1.59.1": "", "v1.60.3": "1.23", "v1.64.8": "1.24", "v2.3.1": "1.24", "v2.4.0": "1.25", "v2.9.0": "1.26", "v9.0.0": ""} {
		if got, ok := LinterGo(release); got != want || ok != (want != "") {
			t.Errorf("%s was built with %q, want %q", release, got, want)
		}
	}
	for goVersion, want := range map[string]string{"1.23.4": "v1.60.0", "1.25": "v2.4.0", "1.26.1": "v2.9.0", "1.99": ""} {
		if got, _ := LinterFor(goVersion); got != want {
			t.Errorf("Go %s is fit for %q, want %q", goVersion, got, want)
		}
	}
}
