package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const top = "../.." // of this repository

// newRepo is this repository as assemble sees it, with a program that builds in a moment in the place of the real one.
func newRepo(t *testing.T) string {
	t.Helper()
	repo := t.TempDir()
	for _, dir := range []string{"feature", "test/dcverify", "devcontainer-templates"} {
		if err := copyTree(filepath.Join(repo, dir), filepath.Join(top, dir), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyFile(filepath.Join(repo, "devcontainer-feature.json"), filepath.Join(top, "devcontainer-feature.json"), nil); err != nil {
		t.Fatal(err)
	}
	write(t, repo, "go.mod", "module github.com/dcverify/dcverify\n\ngo 1.26\n")
	write(t, repo, "verifier/version.go", "package verifier\n\nvar version = \"devel\"\n\nfunc Version() string { return version }\n")
	write(t, repo, "cmd/dcverify/main.go", `package main

import "github.com/dcverify/dcverify/verifier"

func main() { print2(verifier.Version()) }
`)
	write(t, repo, "cmd/dcverify/print.go", `package main

import "os"

func print2(s string) { os.Stdout.WriteString("dcverify " + s + "\n") }
`)
	return repo
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files lists a folder: mode and path of each file.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		list = append(list, fmt.Sprintf("%o %s", info.Mode().Perm(), filepath.ToSlash(rel)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// assemble runs the whole command in a repository.
func assemble(t *testing.T, repo string, args ...string) error {
	t.Helper()
	t.Chdir(repo)
	return run(t.Context(), args, io.Discard)
}

func TestLayout(t *testing.T) {
	repo, out := newRepo(t), t.TempDir()
	if err := assemble(t, repo, "--output", out, "--registry", "localhost:5000/team/"); err != nil {
		t.Fatal(err)
	}
	feature := filepath.Join(out, "src", "dcverify")

	want := []string{
		"644 README.md",
		"644 SHA256SUMS",
		"644 dcverify-linux-amd64.gz",
		"644 dcverify-linux-arm64.gz",
		"644 devcontainer-feature.json",
		"755 install.sh",
		"755 on-attach.sh",
		"755 on-create.sh",
	}
	if got := files(t, feature); !slices.Equal(got, want) {
		t.Errorf("src/dcverify holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got, want := files(t, filepath.Join(out, "test/dcverify")), files(t, filepath.Join(repo, "test/dcverify")); !slices.Equal(got, want) {
		t.Errorf("test/dcverify holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	if got, want := read(t, feature, "devcontainer-feature.json"), read(t, repo, "devcontainer-feature.json"); got != want {
		t.Errorf("the manifest was changed:\n%s", got)
	}

	// The checksums are of what install.sh unpacks, and that is a static program for its architecture.
	sums := read(t, feature, "SHA256SUMS")
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		packed, err := gzip.NewReader(strings.NewReader(read(t, feature, "dcverify-linux-"+arch+".gz")))
		if err != nil {
			t.Fatal(err)
		}
		program, err := io.ReadAll(packed)
		if err != nil {
			t.Fatal(err)
		}
		if line := fmt.Sprintf("%x  dcverify-linux-%s\n", sha256.Sum256(program), arch); !strings.Contains(sums, line) {
			t.Errorf("SHA256SUMS lacks %q", line)
		}
		f, err := elf.NewFile(bytes.NewReader(program))
		if err != nil {
			t.Fatal(err)
		}
		if f.Machine != machine {
			t.Errorf("%s: built for %v", arch, f.Machine)
		}
		if f.Section(".interp") != nil || f.Section(".debug_info") != nil {
			t.Errorf("%s: not static or not stripped", arch)
		}
	}

	config := read(t, out, "templates/src/go-verified/.devcontainer/devcontainer.json")
	if !strings.Contains(config, `"localhost:5000/team/dcverify:`) || strings.Contains(config, "ghcr.io") {
		t.Errorf("the template's registry was not replaced:\n%s", config)
	}
}

func TestAgain(t *testing.T) {
	repo, out := newRepo(t), t.TempDir()
	if err := assemble(t, repo, "--output", out); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(out, ".build", "dcverify-linux-amd64.gz")
	first, err := os.Stat(packed)
	if err != nil {
		t.Fatal(err)
	}
	public := read(t, out, "templates/src/go-verified/.devcontainer/devcontainer.json")
	if public != read(t, repo, "devcontainer-templates/src/go-verified/.devcontainer/devcontainer.json") {
		t.Error("the template was changed without another registry")
	}

	// Nothing changed but a file that went away.
	write(t, out, "src/dcverify/gone.sh", "")
	if err := assemble(t, repo, "--output", out); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(files(t, out), "644 src/dcverify/gone.sh") {
		t.Error("a file that is no longer in the repository stayed")
	}
	if second, err := os.Stat(packed); err != nil || !second.ModTime().Equal(first.ModTime()) {
		t.Error("an unchanged binary was packed again")
	}

	// A new program is packed anew, and an interrupted run is not taken for a whole one.
	write(t, repo, "cmd/dcverify/more.go", "package main\n\nfunc init() { print2(\"more\") }\n")
	before := read(t, out, "src/dcverify/SHA256SUMS")
	if err := assemble(t, repo, "--output", out); err != nil {
		t.Fatal(err)
	}
	if read(t, out, "src/dcverify/SHA256SUMS") == before {
		t.Error("a changed program has the old checksum")
	}
	if err := os.Remove(filepath.Join(out, ".build", "SHA256SUMS")); err != nil {
		t.Fatal(err)
	}
	write(t, out, ".build/dcverify-linux-amd64.gz", "half")
	if err := assemble(t, repo, "--output", out); err != nil {
		t.Fatal(err)
	}
	if read(t, out, "src/dcverify/dcverify-linux-amd64.gz") == "half" {
		t.Error("half a file was published")
	}
}

func TestOffline(t *testing.T) {
	repo, out := newRepo(t), t.TempDir()
	if err := assemble(t, repo, "--output", out, "--offline"); err != nil {
		t.Fatal(err)
	}
	var whole, offline map[string]any
	for text, to := range map[string]*map[string]any{
		read(t, repo, "devcontainer-feature.json"):                &whole,
		read(t, out, "src/dcverify", "devcontainer-feature.json"): &offline,
	} {
		if err := json.Unmarshal([]byte(text), to); err != nil {
			t.Fatal(err)
		}
	}
	if whole["installsAfter"] == nil {
		t.Error("the manifest has no installsAfter any more")
	}
	delete(whole, "installsAfter")
	if !reflect.DeepEqual(whole, offline) {
		t.Errorf("offline manifest is %v, want %v", offline, whole)
	}
}

func TestRefusals(t *testing.T) {
	version, err := manifestVersion(top)
	if err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	write(t, foreign, "thesis.tex", "years of work")
	for _, test := range []struct {
		name string
		edit func(t *testing.T, repo string)
		args []string
		want string
	}{
		{"no output", nil, nil, "--output is missing"},
		{"another's folder", nil, []string{"--output", foreign}, "is not empty and not made by assemble"},
		{"another version", nil, []string{"--output", "out", "--version", "9.9.9"}, "says version " + version + ", not 9.9.9"},
		{"no repository", func(t *testing.T, repo string) {
			if err := os.Remove(filepath.Join(repo, "devcontainer-feature.json")); err != nil {
				t.Fatal(err)
			}
		}, []string{"--output", "out"}, "run assemble at the top of the repository"},
		{"does not compile", func(t *testing.T, repo string) {
			write(t, repo, "cmd/dcverify/main.go", "package main\n\nfunc main() { nonsense() }\n")
		}, []string{"--output", "out"}, "undefined: nonsense"},
		{"version not stamped", func(t *testing.T, repo string) {
			write(t, repo, "verifier/version.go", "package verifier\n\nvar renamed = \"devel\"\n\nfunc Version() string { return renamed }\n")
		}, []string{"--output", "out"}, "is github.com/dcverify/dcverify/verifier.version still the variable?"},
		{"template without the feature", func(t *testing.T, repo string) {
			write(t, repo, "devcontainer-templates/src/go-verified/.devcontainer/devcontainer.json", "{}")
		}, []string{"--output", "out"}, "no template refers to"},
	} {
		t.Run(test.name, func(t *testing.T) {
			repo := newRepo(t)
			if test.edit != nil {
				test.edit(t, repo)
			}
			err := assemble(t, repo, test.args...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
	if got := files(t, foreign); !slices.Equal(got, []string{"644 thesis.tex"}) {
		t.Errorf("another's folder was touched: %v", got)
	}
	t.Run("release tag", func(t *testing.T) {
		if err := assemble(t, newRepo(t), "--output", "out", "--version", "v"+version); err != nil {
			t.Error(err)
		}
	})
}

// The same facts stand in the manifest, the scripts and the texts; nobody but this test keeps them together.
func TestManifestAgrees(t *testing.T) {
	var manifest struct {
		ID, Version string
		Options     map[string]struct {
			Default any
			Enum    []string
		}
	}
	if err := json.Unmarshal([]byte(read(t, top, "devcontainer-feature.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	install, create := read(t, top, "feature/install.sh"), read(t, top, "feature/on-create.sh")
	readme := read(t, top, "feature/README.md")
	for name, option := range manifest.Options {
		given := "${" + strings.ToUpper(name) + "-" + fmt.Sprint(option.Default) + "}"
		if !strings.Contains(install, given) {
			t.Errorf("install.sh does not read option %s as %s", name, given)
		}
		if !strings.Contains(install, "\n"+name+"=$") || !strings.Contains(create, "\n    "+name+") ") {
			t.Errorf("option %s does not get from install.sh to on-create.sh", name)
		}
		if enum := strings.Join(option.Enum, " "); !strings.Contains(install, enum) {
			t.Errorf("install.sh does not allow %s for option %s", enum, name)
		}
		if !strings.Contains(readme, "| `"+name+"` |") {
			t.Errorf("README.md does not describe option %s", name)
		}
	}

	major, _, _ := strings.Cut(manifest.Version, ".")
	reference := publicRegistry + "/" + manifest.ID + ":" + major
	for _, text := range []string{"feature/README.md", "devcontainer-templates/src/go-verified/.devcontainer/devcontainer.json"} {
		if !strings.Contains(read(t, top, text), `"`+reference+`"`) {
			t.Errorf("%s does not refer to %s", text, reference)
		}
	}
}
