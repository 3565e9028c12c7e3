package devcontainer

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// The orders are those of the reference CLI's own computeDependsOnInstallationOrder; refused is what it ends with an error.
func TestOrder(t *testing.T) {
	const refused = "refused"
	for _, test := range []struct {
		name      string
		features  string
		override  []string
		manifests map[string]string // by id, or by path from .devcontainer; every other one has nothing in it
		same      bool              // all tags of an id lead to one manifest
		want      string            // references, with the options that the user or a dependency gave
	}{
		{
			name: "by path, whatever the order of the file", features: `{"./zz": {}, "./aa": {}, "./Bb": {}, "./a-b": {}, "./a_b": {}, "./a10": {}, "./a2": {}}`,
			want: "./a_b ./a-b ./a10 ./a2 ./aa ./Bb ./zz",
		},
		{
			name: "by registry, path, id and tag", features: `{"localhost:5000/q/z": {}, "ghcr.io/y/f/go": {}, "ghcr.io/x/f/node:1": {}, "ghcr.io/x/f/go:2": {}, "ghcr.io/x/f/go:1.10": {}, "ghcr.io/x/f/go:1.9": {}}`,
			want: "ghcr.io/x/f/go:1.10 ghcr.io/x/f/go:1.9 ghcr.io/x/f/go:2 ghcr.io/x/f/node:1 ghcr.io/y/f/go localhost:5000/q/z",
		},
		{
			name: "kinds among one another", features: `{"golang": {}, "ghcr.io/a/b/c": {}, "./local": {}, "git": {}}`,
			want: "./local ghcr.io/a/b/c git golang",
		},
		{
			name: "what moved is sorted where it is now", features: `{"ghcr.io/devcontainers-contrib/features/act": {}, "ghcr.io/devcontainers/features/go": {}, "ghcr.io/devcontainers-d/features/x": {}}`,
			want: "ghcr.io/devcontainers-d/features/x ghcr.io/devcontainers-contrib/features/act ghcr.io/devcontainers/features/go",
		},
		{
			name: "installsAfter", features: `{"./aa": {}, "./zz": {}, "./mm": {}}`,
			manifests: map[string]string{
				"./aa": `{"installsAfter": ["./zz"]}`,
			},
			want: "./mm ./zz ./aa",
		},
		{
			name: "installsAfter of what is not used", features: `{"./aa": {}, "./zz": {}}`,
			manifests: map[string]string{
				"./aa": `{"installsAfter": ["./nowhere"]}`,
			},
			want: "./aa ./zz",
		},
		{
			name: "installsAfter whatever the tag", features: `{"ghcr.io/x/f/aa": {}, "ghcr.io/x/f/zz:3": {}}`,
			manifests: map[string]string{
				"ghcr.io/x/f/aa": `{"installsAfter": ["ghcr.io/x/f/zz"]}`,
			},
			want: "ghcr.io/x/f/zz:3 ghcr.io/x/f/aa",
		},
		{
			name: "installsAfter of the new id holds for the old one", features: `{"ghcr.io/x/f/aa": {}, "ghcr.io/x/f/old:1": {}}`,
			manifests: map[string]string{
				"ghcr.io/x/f/aa":  `{"installsAfter": ["ghcr.io/x/f/new"]}`,
				"ghcr.io/x/f/new": `{"legacyIds": ["older", "old"]}`,
			},
			want: "ghcr.io/x/f/old:1 ghcr.io/x/f/aa",
		},
		{
			name: "override of the new id does not hold for the old one", features: `{"ghcr.io/x/f/aa": {}, "ghcr.io/x/f/old:1": {}}`,
			override: []string{"ghcr.io/x/f/new"},
			manifests: map[string]string{
				"ghcr.io/x/f/new": `{"legacyIds": ["older", "old"]}`,
			},
			want: "ghcr.io/x/f/aa ghcr.io/x/f/old:1",
		},
		{
			name: "of a release nobody reads what it depends on", features: `{"x/y/aa": {}}`,
			manifests: map[string]string{
				"x/y/aa": `{"dependsOn": {"./zz": {}}, "installsAfter": ["fish"]}`,
			},
			want: "x/y/aa",
		},
		{
			name: "dependsOn brings a feature", features: `{"./aa": {}}`,
			manifests: map[string]string{
				"./aa": `{"dependsOn": {"./zz": {"a": true}}}`,
			},
			want: "./zz(a=true) ./aa",
		},
		{
			name: "dependsOn with other options installs twice", features: `{"./aa": {}, "./zz": {}}`,
			manifests: map[string]string{
				"./aa": `{"dependsOn": {"./zz": {"version": "2"}}}`,
			},
			want: "./zz ./zz(version=2) ./aa",
		},
		{
			name: "dependsOn with the same options installs once", features: `{"./aa": {}, "./zz": {"version": "2"}}`,
			manifests: map[string]string{
				"./aa": `{"dependsOn": {"./zz": {"version": "2"}}}`,
			},
			want: "./zz(version=2) ./aa",
		},
		{
			name: "one manifest under two tags is one feature", features: `{"ghcr.io/x/f/go:1": {}, "ghcr.io/x/f/aa": {}}`,
			manifests: map[string]string{
				"ghcr.io/x/f/aa": `{"dependsOn": {"ghcr.io/x/f/go": {}}}`,
			},
			same: true,
			want: "ghcr.io/x/f/go:1 ghcr.io/x/f/aa",
		},
		{
			name: "options go by their types", features: `{"./aa": {}, "./bb": {}, "./cc": {}, "./zz": {"a": "1"}}`,
			manifests: map[string]string{
				"./aa": `{"dependsOn": {"./zz": "x"}}`,
				"./bb": `{"dependsOn": {"./zz": true}}`,
				"./cc": `{"dependsOn": {"./zz": {}}}`,
			},
			want: "./zz(true) ./zz ./zz(a=1) ./zz(x) ./aa ./bb ./cc",
		},
		{
			name: "a circle", features: `{"./aa": {}}`,
			manifests: map[string]string{
				"./aa": `{"dependsOn": {"./zz": {}}}`,
				"./zz": `{"dependsOn": {"./aa": {}}}`,
			},
			want: refused,
		},
		{
			name: "a circle of wishes", features: `{"./aa": {}, "./zz": {}}`,
			manifests: map[string]string{
				"./aa": `{"installsAfter": ["./zz"]}`,
				"./zz": `{"installsAfter": ["./aa"]}`,
			},
			want: refused,
		},
		{
			name: "override", features: `{"./aa": {}, "./mm": {}, "./zz": {}}`,
			override: []string{"./zz", "./mm"},
			want:     "./zz ./mm ./aa",
		},
		{
			name: "override does not beat installsAfter", features: `{"./aa": {}, "./zz": {}}`,
			override: []string{"./aa"},
			manifests: map[string]string{
				"./aa": `{"installsAfter": ["./zz"]}`,
			},
			want: "./zz ./aa",
		},
		{
			name: "override names what is not used", features: `{"./aa": {}, "./zz": {}}`,
			override: []string{"./nowhere", "./zz"},
			want:     "./zz ./aa",
		},
		{
			name: "override with a bare name", features: `{"./aa": {}}`,
			override: []string{"common-utils"},
			want:     refused,
		},
		{
			name: "override with a mapped name", features: `{"ghcr.io/devcontainers/features/git": {}, "ghcr.io/devcontainers/features/act": {}}`,
			override: []string{"git"},
			want:     "ghcr.io/devcontainers/features/git ghcr.io/devcontainers/features/act",
		},
		{
			name: "options that were features", features: `{"maven": {}, "gradle": {}, "java": "17"}`,
			want: "java(installGradle=true,installMaven=true,version=17)",
		},
		{
			name: "options without their feature", features: `{"jupyterlab": {"version": "3"}}`,
			want: "ghcr.io/devcontainers/features/python:1(installJupyterlab=true)",
		},
		{
			name: "a bare name", features: `{"fish": {}}`,
			want: refused,
		},
		{
			name: "outside of .devcontainer", features: `{"../up": {}}`,
			want: refused,
		},
		{
			name: "two dots anywhere", features: `{"./a..b": {}}`,
			want: refused,
		},
		{
			name: "a dependency that is none", features: `{"./aa": {}}`,
			manifests: map[string]string{
				"./aa": `{"dependsOn": {"fish": {}}}`,
			},
			want: refused,
		},
		{
			name: "a wish that is none", features: `{"./aa": {}}`,
			manifests: map[string]string{
				"./aa": `{"installsAfter": ["fish"]}`,
			},
			want: refused,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, _ := jsonc.Read(source.File{Name: "f", Text: `{"features": ` + test.features + `}`})
			features, problems := Order(UserFeatures(root), ".devcontainer/devcontainer.json", "", test.override, func(f Feature) Manifest {
				id := f.ID
				if f.Kind == "local" {
					id = "./" + strings.TrimPrefix(f.Folder, ".devcontainer/")
				}
				text := test.manifests[id]
				if text == "" {
					text = `{}`
				}
				manifest, _ := jsonc.Read(source.File{Text: text})
				manifest = with(manifest, "id", jsonc.Node{Kind: jsonc.String, Text: path.Base(id)})
				if !test.same {
					manifest = with(manifest, "version", jsonc.Node{Kind: jsonc.String, Text: f.Version})
				}
				return Manifest{Root: manifest}
			})
			var got []string
			for _, f := range features {
				var options []string
				for _, name := range slices.Sorted(maps.Keys(f.Options)) {
					options = append(options, name+"="+f.Options[name])
				}
				shown := strings.Join(options, ",")
				if f.Short != "" {
					_, shown, _ = strings.Cut(f.Short, ":")
				}
				if shown != "" {
					shown = "(" + shown + ")"
				}
				got = append(got, f.Reference+shown)
			}
			want := strings.Join(got, " ")
			if len(problems) > 0 {
				want = refused
			}
			if diff := cmp.Diff(test.want, want); diff != "" {
				t.Errorf("-reference +got:\n%s", diff)
			}
			for _, p := range problems {
				if p.Message == "" || !p.Place.Known() {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

// Whatever the graph: every feature of the user is there at least once, and nothing hangs.
func FuzzOrder(f *testing.F) {
	f.Add(`{"./a": {}, "ghcr.io/x/y:1": "2", "gradle": true}`, `{"dependsOn": {"./a": {}, "./b": {"c": "d"}}, "installsAfter": ["./b", 1, "fish"]}`, "./a")
	f.Add(`{"../a": {}, "https://x": null}`, `{"dependsOn": {"ghcr.io/x/y": {}}, "legacyIds": ["z"], "currentId": "y"}`, "git")
	f.Fuzz(func(t *testing.T, features, manifest, override string) {
		root, _ := jsonc.Read(source.File{Text: `{"features": ` + features + `}`})
		declared, _ := jsonc.Read(source.File{Text: manifest})
		used := UserFeatures(root)
		ordered, _ := Order(used, ".devcontainer/devcontainer.json", "", []string{override}, func(Feature) Manifest { return Manifest{Root: declared} })
		for _, f := range used {
			there := slices.ContainsFunc(ordered, func(o Feature) bool {
				inRegistry := kindOf(&node{Feature: f}) == "oci" // where one manifest may have several names
				return kindOf(&node{Feature: o}) == kindOf(&node{Feature: f}) && (o.ID == f.ID || inRegistry || f.Kind == "local")
			})
			if !there {
				t.Errorf("%s is missing in %v", f.Reference, ordered)
			}
		}
	})
}
