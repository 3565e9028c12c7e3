package knowledge

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestFeatureManifest(t *testing.T) {
	const golang = "ghcr.io/devcontainers/features/go"
	for _, test := range []struct {
		id, version, want string // a part of the text; empty for none
	}{
		{golang, "1", `"GOROOT":"/usr/local/go"`},
		{golang, "", `"golangciLintVersion"`},
		{golang, "latest", `"golangciLintVersion"`},
		{golang, "1.3.2", `"golangciLintVersion"`},
		{golang, "1.0.6", `"GOPATH":"/go"`},
		{golang, "1.0.5", `"PATH":"/usr/local/go:${PATH}"`},
		{golang, "1.0.3", `"PATH":"${GOPATH}/bin:${PATH}"`},
		{golang, "1.0", `"installsAfter"`}, // the newest of 1.0
		{"GHCR.io/devcontainers/features/go", "1", `"GOROOT"`},
		{"ghcr.io/devcontainers/features/docker-in-docker", "2", `"privileged":true`},
		{"ghcr.io/devcontainers/features/docker-in-docker", "4.0.0", `"dind-var-lib-containerd-${devcontainerId}"`},
		{golang, "9", ""},
		{golang, "0.9.0", ""},
		{golang, "sha256:0123", ""},
		{golang, "1.x", ""},
		{"ghcr.io/others/features/go", "1", ""},
		{"ghcr.io/devcontainers/features/none", "1", ""},
	} {
		text, source, ok := FeatureManifest(test.id, test.version)
		if ok != (test.want != "") || !strings.Contains(text, test.want) || ok && source == "" {
			t.Errorf("%s:%s: %q, %q, %v; want %s", test.id, test.version, text, source, ok, test.want)
		}
	}
	if text, _, _ := FeatureManifest(golang, "1.0"); strings.Contains(text, "golangci") {
		t.Errorf("1.0 is answered with 1.1: %s", text)
	}
	for id, versions := range featureRows() {
		for i, row := range versions {
			if !json.Valid([]byte(row.manifest)) {
				t.Errorf("%s %s is no JSON", id, row.version)
			}
			if i > 0 && compareVersions(versions[i-1].version, row.version) >= 0 {
				t.Errorf("%s: %s does not follow %s", id, row.version, versions[i-1].version)
			}
		}
	}
}

func TestSettingOf(t *testing.T) {
	for name, want := range map[string]State{
		"go.goroot": Known, "go.gopath": Known, "go.useLanguageServer": Known, "gopls": Known, "gopls.env": Known,
		"go.delveConfig.dlvFlags": Known, "go.logging.level": Deprecated, "go.buildOnSave": Deprecated,
		"go.useGoProxyToCheckForToolUpdates": Removed, "go.autocompleteUnimportedPackages": Removed,
		"go.gotoSymbol.includeImports": Removed, "go.languageServerExperimentalFeatures": Removed, "go.gocodeAutoBuild": Removed,
		"go.gocodePackageLookupMode": Removed, "go.liveErrors": Removed, "go.useCodeSnippetsOnFunctionSuggest": Removed,
		"go.docsTool": Removed, "go.gorot": Never, "go.goroot.x": Never, "editor.tabSize": "",
	} {
		if got, ok := SettingOf(name); got.State != want || ok != (want != "") {
			t.Errorf("%s: %+v, %v; want %s", name, got, ok, want)
		}
	}
	lint, _ := SettingOf("go.lintTool")
	if !lint.Allows("golangci-lint-v2") || lint.Allows("gometalinter") {
		t.Errorf("go.lintTool: %v", lint.Values)
	}
}
