package gather

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/image"
	"github.com/dcverify/dcverify/verifier/program"
)

func runnable(path string) program.File {
	return program.File{Path: path, Real: path, Mode: 0o755, Executable: true, Arch: "amd64"}
}

func goTree(root string) goenv.Tree {
	return goenv.Tree{Real: root, Folder: true, Go: true, Std: true, Version: "go1.26.8", Compiler: "go1.26.8"}
}

// goImage is an image as the devcontainers feature for Go makes it.
func goImage() image.Image {
	return image.Image{
		Reference: "some:tag", ID: "sha256:1", OS: "linux", Architecture: "amd64", User: "root",
		Env: []string{"PATH=/usr/local/go/bin:/go/bin:/usr/bin", "GOROOT=/usr/local/go", "GOPATH=/go", "SECRET=x"},
		Files: image.Files{
			Users: []image.User{{Name: "root", Home: "/root"}, {Name: "vscode", UID: 1000, GID: 1000, Home: "/home/vscode", Shell: "/bin/bash"}},
			Trees: map[string]goenv.Tree{"/usr/local/go": goTree("/usr/local/go")},
			Programs: map[string]program.File{
				"/usr/local/go/bin/go": runnable("/usr/local/go/bin/go"),
				"/go/bin/dlv":          runnable("/go/bin/dlv"),
			},
		},
	}
}

func TestFromImage(t *testing.T) {
	img := goImage()
	got := FromImage(img)
	want := &facts.Snapshot{
		Target: facts.Target{Kind: "image", Name: "some:tag", ID: "sha256:1"},
		System: facts.System{OS: "linux", Arch: "amd64", User: "root", Home: "/root"},
		Views: []goenv.View{{Name: goenv.ImageView, Layers: []goenv.Layer{
			{Kind: goenv.Default, Set: map[string]string{"GOROOT": "/usr/local/go"}},
			{Kind: goenv.Image, Set: map[string]string{"PATH": "/usr/local/go/bin:/go/bin:/usr/bin", "GOROOT": "/usr/local/go", "GOPATH": "/go"}},
		}}},
		Go: map[string]facts.Part[facts.GoCommand]{
			goenv.ImageView: facts.Known(facts.GoCommand{Binary: runnable("/usr/local/go/bin/go"), Root: "/usr/local/go"}),
		},
		Trees: img.Files.Trees,
		Tools: map[string]facts.Part[facts.Tool]{
			"dlv":   facts.Known(facts.Tool{Binary: runnable("/go/bin/dlv"), Why: "gopath"}),
			"gopls": facts.Known(facts.Tool{Searched: []string{"/go/bin", "/usr/local/go/bin", "/usr/bin"}}),
		},
		EnvFile:   facts.Absent[facts.EnvFile]("an image is not started"),
		Shells:    facts.Absent[[]facts.Shell]("an image is not started"),
		Extension: facts.Absent[facts.Extension]("an image is not started"),
		Ptrace:    facts.Absent[facts.Ptrace]("an image is not started"),
		Builds:    facts.Absent[[]facts.Build]("an image is not started"),
		Proofs: map[string]facts.Part[facts.Proof]{
			"delve-launch": facts.Absent[facts.Proof]("an image is not started"),
			"delve-attach": facts.Absent[facts.Proof]("an image is not started"),
		},
		Image: facts.Known(img),
	}
	// Facts go to JSON and back without loss, so that what is equal there is equal.
	text := func(s *facts.Snapshot) string {
		result, err := json.MarshalIndent(s, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return string(result)
	}
	if diff := cmp.Diff(text(want), text(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	again := new(facts.Snapshot)
	if err := json.Unmarshal([]byte(text(got)), again); err != nil || text(again) != text(got) {
		t.Errorf("JSON and back: %v", err)
	}
}

func TestFromImageViews(t *testing.T) {
	remote := func(label string) func(*image.Image) {
		return func(img *image.Image) { img.Labels = map[string]string{"devcontainer.metadata": label} }
	}
	for name, test := range map[string]struct {
		change func(*image.Image)
		views  string
		view   string // the one to look at
		values map[string]string
		root   string // of its go
		absent string // why there is no go
		user   string
	}{
		"no label":          {func(*image.Image) {}, "image", "image", map[string]string{"GOROOT": "/usr/local/go", "GOPATH": "/go"}, "/usr/local/go", "", "root"},
		"label without env": {remote(`{"remoteUser":"vscode"}`), "image", "image", nil, "/usr/local/go", "", "vscode"},
		"damaged label":     {remote(`[{"remoteEnv":`), "image", "image", nil, "/usr/local/go", "", "root"},
		"containerEnv wins": {remote(`[{"containerEnv":{"GOPATH":"/mine"}}]`), "image container remote", "remote", map[string]string{"GOPATH": "/mine"}, "/usr/local/go", "", "root"},
		"null is a word":    {remote(`[{"remoteEnv":{"GOROOT":null}}]`), "image container remote", "remote", map[string]string{"GOROOT": "null"}, "/usr/local/go", "", "root"},
		"the image has none of it": {remote(`[{"remoteEnv":{"GOROOT":null}}]`), "image container remote", "container",
			map[string]string{"GOROOT": "/usr/local/go"}, "/usr/local/go", "", "root"},
		"path clobbered": {remote(`[{"remoteEnv":{"PATH":"/home/vscode/bin"}}]`), "image container remote", "remote", nil, "", "no go in PATH=/home/vscode/bin", "root"},
		"path extended": {remote(`[{"remoteEnv":{"PATH":"/x:${containerEnv:PATH}"}}]`), "image container remote", "remote",
			map[string]string{"PATH": "/x:/usr/local/go/bin:/go/bin:/usr/bin"}, "/usr/local/go", "", "root"},
		"default GOPATH is the remote user's": {func(img *image.Image) {
			remote(`{"remoteUser":"vscode"}`)(img)
			img.Env = []string{"PATH=/usr/local/go/bin"}
		}, "image", "image", map[string]string{"GOROOT": "/usr/local/go", "GOPATH": "/home/vscode/go"}, "/usr/local/go", "", "vscode"},
		"GOPATH of nobody": {func(img *image.Image) { img.User, img.Env = "gone", nil }, "image", "image", map[string]string{"GOPATH": ""}, "", "no go in PATH=", "gone"},
		"link to a go elsewhere": {func(img *image.Image) {
			img.Env = []string{"PATH=/usr/bin"}
			linked := runnable("/usr/bin/go")
			linked.Real = "/usr/lib/go-1.19/bin/go"
			img.Files.Programs["/usr/bin/go"] = linked
			img.Files.Trees["/usr/lib/go-1.19"] = goTree("/usr/lib/go-1.19")
		}, "image", "image", map[string]string{"GOROOT": "/usr/lib/go-1.19"}, "/usr/lib/go-1.19", "", "root"},
		"GOROOT of another go": {func(img *image.Image) { img.Env = append(img.Env[:1:1], "GOROOT=/opt/go") }, "image", "image",
			map[string]string{"GOROOT": "/opt/go"}, "/usr/local/go", "", "root"},
		"no root of its own": {func(img *image.Image) { img.Files.Trees = nil }, "image", "image", nil, "", "", "root"},
		"go that is refused": {func(img *image.Image) {
			img.Files.Programs["/usr/local/go/bin/go"] = program.File{Path: "/usr/local/go/bin/go", Problem: "it is a broken link: there is no /x"}
		}, "image", "image", nil, "", "/usr/local/go/bin/go is there, but it is a broken link: there is no /x", "root"},
	} {
		t.Run(name, func(t *testing.T) {
			img := goImage()
			test.change(&img)
			s := FromImage(img)
			var names []string
			for _, view := range s.Views {
				names = append(names, view.Name)
			}
			if got := strings.Join(names, " "); got != test.views || len(s.Go) != len(names) {
				t.Errorf("views %s and %d go commands, want %s", got, len(s.Go), test.views)
			}
			for name, want := range test.values {
				if got := s.View(test.view).Lookup(name).Effective; got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			command, known := s.Go[test.view].Get()
			if known == (test.absent != "") || command.Root != test.root || s.Go[test.view].Why() != test.absent {
				t.Errorf("go %+v, why %q; want root %q, why %q", command, s.Go[test.view].Why(), test.root, test.absent)
			}
			if s.System.User != test.user {
				t.Errorf("user %s, want %s", s.System.User, test.user)
			}
			for _, view := range s.Views {
				if view.Environ()["SECRET"] != "" {
					t.Errorf("view %s shows a variable that is nobody's business", view.Name)
				}
			}
		})
	}
}

func TestFromImageTools(t *testing.T) {
	refused := program.File{Path: "/usr/bin/gopls", Real: "/usr/bin/gopls", Problem: "it is not executable for user root (mode 0644, owner 0)"}
	for name, test := range map[string]struct {
		env      []string
		programs map[string]program.File
		binary   program.File
		why      string
	}{
		"GOBIN first":        {[]string{"GOBIN=/b", "GOPATH=/go"}, map[string]program.File{"/b/gopls": runnable("/b/gopls"), "/go/bin/gopls": runnable("/go/bin/gopls")}, runnable("/b/gopls"), "gobin"},
		"every GOPATH":       {[]string{"GOPATH=/x:/go"}, map[string]program.File{"/go/bin/gopls": runnable("/go/bin/gopls")}, runnable("/go/bin/gopls"), "gopath"},
		"default GOPATH":     {nil, map[string]program.File{"/root/go/bin/gopls": runnable("/root/go/bin/gopls")}, runnable("/root/go/bin/gopls"), "gopath"},
		"PATH":               {[]string{"PATH=/x:/usr/bin"}, map[string]program.File{"/usr/bin/gopls": runnable("/usr/bin/gopls")}, runnable("/usr/bin/gopls"), "path"},
		"refused":            {[]string{"PATH=/usr/bin"}, map[string]program.File{"/usr/bin/gopls": refused}, refused, ""},
		"refused, another":   {[]string{"PATH=/usr/bin:/b"}, map[string]program.File{"/usr/bin/gopls": refused, "/b/gopls": runnable("/b/gopls")}, runnable("/b/gopls"), "path"},
		"where nobody looks": {[]string{"PATH=/usr/bin"}, map[string]program.File{"/opt/gopls": runnable("/opt/gopls")}, program.File{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			img := goImage()
			img.Env, img.Files.Programs = test.env, test.programs
			tool, known := FromImage(img).Tools["gopls"].Get()
			if !known || tool.Why != test.why || (len(tool.Searched) == 0) != (tool.Why != "") {
				t.Errorf("known %v, why %q, searched %q", known, tool.Why, tool.Searched)
			}
			if diff := cmp.Diff(test.binary, tool.Binary); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestFromImageSettings is about what the label tells the editor of its tools.
func TestFromImageSettings(t *testing.T) {
	for name, test := range map[string]struct{ settings, unused, goplsWhy, dlvWhy string }{
		"none":                  {"{}", "", "", ""},
		"language server":       {`{"go.useLanguageServer": true}`, "", "", ""},
		"no language server":    {`{"go.useLanguageServer": false}`, "go.useLanguageServer is false", "", ""},
		"another gopls":         {`{"go.alternateTools": {"gopls": "/opt/gopls"}}`, "", "the image's label has go.alternateTools name the gopls to use, and dcverify does not look there", ""},
		"a formatter":           {`{"go.alternateTools": {"customFormatter": "/opt/fmt"}}`, "", "", ""},
		"a folder of their own": {`{"go.toolsGopath": "~/tools"}`, "", "the image's label sets go.toolsGopath, and dcverify does not look there", "the image's label sets go.toolsGopath, and dcverify does not look there"},
	} {
		t.Run(name, func(t *testing.T) {
			img := goImage()
			img.Labels = map[string]string{"devcontainer.metadata": `[{"customizations": {"vscode": {"settings": ` + test.settings + `}}}]`}
			tools := FromImage(img).Tools
			gopls, _ := tools["gopls"].Get()
			if gopls.Unused != test.unused || tools["gopls"].Why() != test.goplsWhy || tools["dlv"].Why() != test.dlvWhy {
				t.Errorf("gopls is unused because %q, unknown because %q; dlv because %q", gopls.Unused, tools["gopls"].Why(), tools["dlv"].Why())
			}
		})
	}
}
