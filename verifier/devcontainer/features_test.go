package devcontainer

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

func TestParseReference(t *testing.T) {
	for _, test := range []struct {
		reference string
		want      Reference
	}{
		{"ghcr.io/devcontainers/features/go:1", Reference{Kind: "oci", ID: "ghcr.io/devcontainers/features/go", Version: "1"}},
		{"ghcr.io/devcontainers/features/go", Reference{Kind: "oci", ID: "ghcr.io/devcontainers/features/go", Version: "latest"}},
		{"ghcr.io/a/b:", Reference{Kind: "oci", ID: "ghcr.io/a/b", Version: "latest"}},
		{"GHCR.io/A/B:1.2.3", Reference{Kind: "oci", ID: "ghcr.io/a/b", Version: "1.2.3"}},
		{"localhost:5000/a/b", Reference{Kind: "oci", ID: "localhost:5000/a/b", Version: "latest"}},
		{"localhost:5000/a/b:2", Reference{Kind: "oci", ID: "localhost:5000/a/b", Version: "2"}},
		{"ghcr.io/a/b@sha256:0123", Reference{Kind: "oci", ID: "ghcr.io/a/b", Version: "sha256:0123"}},
		{"owner/repository/id", Reference{Kind: "release", ID: "owner/repository/id", Version: "latest"}},
		{"Owner/repository/id@v1", Reference{Kind: "release", ID: "Owner/repository/id", Version: "v1"}},
		{"ghcr.io/a/b:x+y", Reference{Kind: "unsupported", ID: "ghcr.io/a/b:x+y", Problem: "no reference of a feature: a registry's is HOST/PATH/ID:VERSION"}},
		{"./mine", Reference{Kind: "local", ID: "./mine"}},
		{"../mine", Reference{Kind: "local", ID: "../mine"}},
		{"https://x/devcontainer-feature-a.tgz", Reference{Kind: "tarball", ID: "https://x/devcontainer-feature-a.tgz"}},
		{"https://x/a.tgz", Reference{Kind: "unsupported", ID: "https://x/a.tgz", Problem: "the name of the archive must be devcontainer-feature-ID.tgz"}},
		{"https://x/devcontainer-feature-.tgz", Reference{Kind: "unsupported", ID: "https://x/devcontainer-feature-.tgz", Problem: "the name of the archive must be devcontainer-feature-ID.tgz"}},
		{"/abs", Reference{Kind: "unsupported", ID: "/abs", Problem: "an absolute path: local features must lie below .devcontainer and be written ./NAME"}},
		{"node", Reference{Kind: "legacy", ID: "ghcr.io/devcontainers/features/node", Version: "1", Mapped: "ghcr.io/devcontainers/features/node:1"}},
		{"golang", Reference{Kind: "legacy", ID: "ghcr.io/devcontainers/features/go", Version: "1", Mapped: "ghcr.io/devcontainers/features/go:1"}},
		{"mine", Reference{Kind: "unsupported", ID: "mine", Problem: "a bare name that no registry knows: write ./mine for a local feature"}},
		{"", Reference{Kind: "unsupported", Problem: "a bare name that no registry knows: write ./ for a local feature"}},
	} {
		if diff := cmp.Diff(test.want, ParseReference(test.reference)); diff != "" {
			t.Errorf("%q, -want +got:\n%s", test.reference, diff)
		}
	}
}

// The addresses are those that the reference CLI asks.
func TestAddress(t *testing.T) {
	for _, test := range []struct{ reference, want string }{
		{"ghcr.io/a/b:1.2", "ghcr.io/a/b:1.2"},
		{"GHCR.io/A/b", "ghcr.io/a/b:latest"},
		{"ghcr.io/a/b:", "ghcr.io/a/b:latest"},
		{"localhost:5000/a/b@sha256:0123", "localhost:5000/a/b@sha256:0123"},
		{"golang", "ghcr.io/devcontainers/features/go:1"},
		{"ghcr.io/devcontainers-contrib/features/act:1", "ghcr.io/devcontainers-extra/features/act:1"},
		{"https://x/devcontainer-feature-a.tgz", "https://x/devcontainer-feature-a.tgz"},
		{"Owner/repository/id", "https://github.com/Owner/repository/releases/latest/download/id.tgz"},
		{"Owner/repository/id@v1", "https://github.com/Owner/repository/releases/download/v1/id.tgz"},
		{"./mine", ""},
		{"fish", ""},
	} {
		root := parse(`{"features": {"` + test.reference + `": {}}}`)
		if got := UserFeatures(root)[0].Address(); got != test.want {
			t.Errorf("%s is asked for at %q, want %q", test.reference, got, test.want)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	for _, reference := range []string{"", ":", "/", "a/b:", "a/b@sha256:", "https://", "./", "../..", "node", `a\b`, "a:1/b", "@sha256:/"} {
		f.Add(reference)
	}
	f.Fuzz(func(t *testing.T, reference string) {
		r := ParseReference(reference)
		switch r.Kind {
		case "oci", "legacy", "release":
			if r.Version == "" {
				t.Errorf("%q has no version: %+v", reference, r)
			}
		case "unsupported":
			if r.Problem == "" {
				t.Errorf("%q is unsupported and nobody says why", reference)
			}
		case "local", "tarball":
			if r.ID != reference {
				t.Errorf("%q becomes %+v", reference, r)
			}
		default:
			t.Errorf("%q is of the kind %q", reference, r.Kind)
		}
	})
}

func TestUserFeatures(t *testing.T) {
	got := UserFeatures(parse(`{"features": {"./a": "1.2",
  "./b": true, "./c": {"version": 3, "x": false}}}`))
	want := []Feature{
		{Reference: "./a", Place: place(1, 15, 20), Kind: "local", ID: "./a", Short: "string:1.2",
			Options: map[string]string{"version": "1.2"}, OptionPlaces: map[string]source.Place{"version": place(1, 22, 27)}},
		{Reference: "./b", Place: place(2, 3, 8), Kind: "local", ID: "./b", Short: "boolean:true", Options: map[string]string{}},
		{Reference: "./c", Place: place(2, 16, 21), Kind: "local", ID: "./c", Options: map[string]string{"version": "3", "x": "false"},
			OptionPlaces: map[string]source.Place{"version": place(2, 24, 36), "x": place(2, 38, 48)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFeaturesThatBecameOptions(t *testing.T) {
	got := UserFeatures(parse(`{"features": {"gradle": "latest", "java": {"version": "17"}, "maven": {}, "jupyterlab": {}}}`))
	type short struct {
		ID      string
		Options map[string]string
	}
	var list []short
	for _, f := range got {
		list = append(list, short{f.ID, f.Options})
	}
	want := []short{
		{"ghcr.io/devcontainers/features/java", map[string]string{"version": "17", "installGradle": "true", "installMaven": "true"}},
		{"ghcr.io/devcontainers/features/python", map[string]string{"installJupyterlab": "true"}},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestManifest(t *testing.T) {
	workspace := fstest.MapFS{"f/devcontainer-feature.json": {Data: []byte(`{"id": "f",
"options": {"a": {"default": "x"}, "b": {"default": true}, "c": {}},
"containerEnv": {"A": "\"$$HOME\\\"", "B": 1}}`)}}
	feature := Feature{Reference: "./f", Options: map[string]string{"a": "mine"}}
	feature.fill(LocalManifest(workspace, "f"))
	if diff := cmp.Diff(map[string]string{"b": "true"}, feature.Defaults); diff != "" {
		t.Errorf("defaults, -want +got:\n%s", diff)
	}
	file := "f/devcontainer-feature.json"
	want := []Variable{
		{Name: "A", Raw: `"$$HOME\"`, Value: `\"$HOME\\\"`, From: "./f", Kind: "string", Place: source.Place{File: file, Line: 3, Column: 18, EndLine: 3, EndColumn: 37}},
		{Name: "B", Raw: "1", Value: "1", From: "./f", Kind: "number", Place: source.Place{File: file, Line: 3, Column: 39, EndLine: 3, EndColumn: 45}},
	}
	if diff := cmp.Diff(want, feature.Env()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if missing := LocalManifest(workspace, "g"); missing.Unknown == "" {
		t.Errorf("a missing manifest is read: %+v", missing)
	}
}
