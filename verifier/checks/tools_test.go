package checks

import "testing"

func TestNeedsRecompiling(t *testing.T) {
	for _, test := range []struct {
		built, workspace string
		want             bool
	}{
		{"go1.25.9", "go1.26.0", true},
		{"go1.26.0", "go1.26.8", false},
		{"go1.27.0", "go1.26.8", false},
		{"go1.9", "go1.10", true},
		{"go1.26rc1", "go1.26.0", true},
		{"go1.26beta1", "go1.26.0", true},
		{"go1.26rc1", "go1.26rc2", false},
		{"go1.26.0", "go1.26rc2", false},
		{"go1.27rc1", "go1.26.0", false},
		{"go1.26.0", "", false},
		{"go1.26.0", "devel", false},
	} {
		if got := needsRecompiling(test.built, test.workspace); got != test.want {
			t.Errorf("built with %s, workspace %s: %t", test.built, test.workspace, got)
		}
	}
}

func TestRebuilt(t *testing.T) {
	for _, test := range []struct{ name, module, workspace, want string }{
		{"gopls", "golang.org/x/tools/gopls", "go1.27.1", "golang.org/x/tools/gopls@latest"},
		{"gopls", "golang.org/x/tools/gopls", "go1.23.11", "golang.org/x/tools/gopls@v0.18.1"},
		{"gopls", "golang.org/x/tools/gopls", "go1.26.8", "golang.org/x/tools/gopls@v0.23.0"},
		{"gopls", "", "", "golang.org/x/tools/gopls@latest"},
		{"dlv", "", "go1.24.1", "github.com/go-delve/delve/cmd/dlv@v1.26.3"},
		{"golangci-lint", "github.com/golangci/golangci-lint", "go1.26.8", "github.com/golangci/golangci-lint/cmd/golangci-lint@latest"},
		{"golangci-lint", "", "go1.26.8", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@latest"},
		{"revive", "", "go1.26.8", "github.com/mgechev/revive@latest"},
	} {
		if got := rebuilt(test.name, test.module, test.workspace); got != test.want {
			t.Errorf("%s of %q, workspace %s: %s, want %s", test.name, test.module, test.workspace, got, test.want)
		}
	}
}
