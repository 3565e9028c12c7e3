//go:build linux

package gather

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// A building whose program is there.
func built(path string, env goenv.Environ) func() building {
	passed := func() facts.Build { return facts.Build{Where: "scratch", Status: facts.Passed} }
	return func() building {
		return building{program: passed, whole: passed, signature: path, module: module{env: env, goPath: path, goflags: env["GOFLAGS"]}}
	}
}

func TestPackages(t *testing.T) {
	const listing = `[ "$2" != -e ] || { echo a; echo b; exit; }` + "\n"
	for name, test := range map[string]struct {
		module  string
		script  string
		flags   string
		online  bool
		status  facts.Status
		err     string
		steps   string
		ownCode bool
	}{
		"good":                 {"go.mod", listing, "", false, facts.Passed, "", "list compile", false},
		"no packages":          {"go.mod", "", "", false, facts.Passed, "", "list", false},
		"no module":            {"", "exit 1", "", false, facts.Skipped, "the workspace has no go.mod or go.work", "", false},
		"cannot be loaded":     {"go.mod", "echo 'go: updates to go.mod needed' >&2; exit 1", "", false, facts.Fails, "go: updates to go.mod needed", "list", false},
		"would be written":     {"go.mod", "echo 'go: updates to go.mod needed' >&2; exit 1", "-mod=mod", false, facts.Skipped, "with the -mod=mod of GOFLAGS go would write go.mod, and dcverify writes nothing into a workspace", "list", false},
		"not downloaded":       {"go.mod", "echo 'go: x@v1.0.0: module lookup disabled by GOPROXY=off' >&2; exit 1", "", false, facts.Skipped, "its modules are not downloaded yet, and without --online dcverify does not download them", "list", false},
		"the user's GOPROXY":   {"go.mod", "echo 'go: x@v1.0.0: module lookup disabled by GOPROXY=off' >&2; exit 1", "", true, facts.Fails, "go: x@v1.0.0: module lookup disabled by GOPROXY=off", "list", false},
		"modules further down": {"go.work", "echo 'pattern ./...: directory prefix . does not contain modules listed in go.work' >&2; exit 1", "", false, facts.Skipped, "the workspace folder itself holds no module", "list", false},
		"its own code":         {"go.mod", listing + "printf '# x\\n./a.go:1:2: undefined: b\\n' >&2; exit 1", "", false, facts.Fails, "./a.go:1:2: undefined: b", "list compile", true},
		"no C compiler":        {"go.mod", listing + "printf '# runtime/cgo\\ncgo: C compiler \"gcc\" not found\\n' >&2; exit 1", "", false, facts.Fails, `cgo: C compiler "gcc" not found`, "list compile", false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			path := h.program("go", test.script)
			g := h.gatherer(facts.Builds)
			g.workspace.Module, g.Online = test.module, test.online
			made := built(path, h.environ().With("GOFLAGS="+test.flags))
			got := g.packages(t.Context(), map[string]func() building{goenv.RemoteView: made, goenv.ToolsView: made})
			want := []facts.Build{{
				Views: []string{goenv.RemoteView, goenv.ToolsView}, Where: "workspace", Go: path, Status: test.status, Error: test.err, OwnCode: test.ownCode,
			}}
			if test.module == "" {
				want[0].Views, want[0].Go = []string{goenv.ToolsView}, ""
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(facts.Build{}, "Steps", "Output")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var steps []string
			for _, step := range got[0].Steps {
				steps = append(steps, step.Name)
			}
			if strings.Join(steps, " ") != test.steps {
				t.Errorf("steps %q", steps)
			}
			for _, call := range h.calls() {
				if strings.Contains(call, "-mod=readonly") != (test.flags != "") {
					t.Errorf("called as %q", call)
				}
			}
		})
	}
}

// TestPackagesOfViews looks once where views are alike, and not at all where nothing builds.
func TestPackagesOfViews(t *testing.T) {
	h := newHome(t)
	path := h.program("go", "echo a")
	g := h.gatherer(facts.Builds)
	g.workspace.Module = "go.mod"
	broken := func() facts.Build { return facts.Build{Status: facts.Fails, Error: "x"} }
	got := g.packages(t.Context(), map[string]func() building{
		goenv.ContainerView: built(path, h.environ()),
		goenv.LoginView:     func() building { return building{program: broken, whole: broken, signature: "other"} },
		goenv.TerminalView:  built(path, h.environ()),
	})
	want := []facts.Build{
		{Views: []string{goenv.ContainerView, goenv.TerminalView}, Where: "workspace", Go: path, Status: facts.Passed},
		{Views: []string{goenv.LoginView}, Where: "workspace", Status: facts.Skipped, Error: "go does not even build a small module there"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(facts.Build{}, "Steps")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if calls := h.calls(); len(calls) != 2 {
		t.Errorf("%q", calls)
	}
}

// TestPackagesWriteNothing lets the real go look at workspaces that it would write into.
func TestPackagesWriteNothing(t *testing.T) {
	path, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err) // never a skip: a machine that tests this has Go
	}
	const program = "package main\n\nimport \"example.com/lib\"\n\nfunc main() { lib.Do() }\n"
	lib := map[string]string{"work/lib/go.mod": "module example.com/lib\n\ngo 1.24\n", "work/lib/lib.go": "package lib\n\nfunc Do() {}\n"}
	for name, test := range map[string]struct {
		files  map[string]string
		gowork string
		flags  string
		status facts.Status
		err    string
	}{
		"go.work": {files: map[string]string{
			"work/go.work": "go 1.24\n\nuse (\n\t.\n\t./lib\n)\n", "work/go.mod": "module example.com/app\n\ngo 1.24\n", "work/main.go": program,
		}, gowork: "go.work", status: facts.Passed},
		"go.work that replaces": {files: map[string]string{
			"work/go.work": "go 1.24\n\nuse .\n\nreplace example.com/lib => ./lib\n", "work/go.mod": "module example.com/app\n\ngo 1.24\n\nrequire example.com/lib v1.0.0\n", "work/main.go": program,
		}, gowork: "go.work", status: facts.Passed},
		"a requirement to be added": {files: map[string]string{
			"work/go.mod": "module example.com/app\n\ngo 1.24\n\nreplace example.com/lib => ./lib\n", "work/main.go": program,
		}, flags: "-mod=mod", status: facts.Skipped, err: "with the -mod=mod of GOFLAGS go would write go.mod, and dcverify writes nothing into a workspace"},
		"a mistake": {files: map[string]string{
			"work/go.mod": "module example.com/app\n\ngo 1.24\n", "work/main.go": "package main\n\nfunc main() { var x int = \"\"; _ = x }\n",
		}, status: facts.Fails, err: `./main.go:3:27: cannot use "" (untyped string constant) as int value in variable declaration`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			for file, text := range test.files {
				h.write(file, text)
			}
			for file, text := range lib {
				h.write(file, text)
			}
			before := read(t, h.workspace)
			env := goenv.Environ{"PATH": os.Getenv("PATH"), "HOME": os.Getenv("HOME"), "GOCACHE": os.Getenv("GOCACHE"), "GOFLAGS": test.flags}
			g := h.gatherer(facts.Builds)
			g.workspace.Module = "go.mod"
			made := built(path, env)()
			if made.module.gowork = test.gowork; test.gowork != "" {
				made.module.gowork = filepath.Join(h.workspace, test.gowork)
			}
			got := g.packages(t.Context(), map[string]func() building{goenv.ToolsView: func() building { return made }})
			if got[0].Status != test.status || got[0].Error != test.err {
				t.Errorf("%s: %s\n%s", got[0].Status, got[0].Error, got[0].Output)
			}
			if diff := cmp.Diff(before, read(t, h.workspace)); diff != "" {
				t.Errorf("the workspace was written: %s", diff)
			}
		})
	}
}

// read is all that a folder holds.
func read(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestMovedWork(t *testing.T) {
	got, err := movedWork("/w/go.work", []byte("go 1.24\n\nuse (\n\t.\n\t./lib // comment\n\t../other\n\t/abs\n)\n\nreplace x.test/a => ./a\nreplace x.test/b v1.0.0 => ../b\nreplace x.test/c => x.test/d v1.0.0\n"))
	const want = "go 1.24\n\nuse (\n\t/w\n\t/w/lib\n\t/other\n\t/abs\n)\n\nreplace x.test/a => /w/a\n\nreplace x.test/b v1.0.0 => /b\n\nreplace x.test/c => x.test/d v1.0.0\n"
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := movedWork("/w/go.work", []byte("use")); err == nil {
		t.Error("no go.work is none")
	}
}

func TestOwnCode(t *testing.T) {
	for output, want := range map[string]bool{
		"": false,
		"# example.com/app\n./main.go:3:27: cannot use x\n":                                 true,
		"# example.com/app\n./main.go:3:27: fmt.Printf format %d\nb/c.go:1:1: x\n\tmore\n":  true,
		"main.go:3:8: package app/generated is not in std (/x/src/app/generated)\n":         true,
		"main.go:3:8: no required module provides package x.test/a; to add it:\n\tgo get\n": true,
		"/usr/local/go/src/fmt/print.go:3:8: undefined: x\n":                                false,
		"./main.go:3:27: x\ngo: no such tool \"compile\"\n":                                 false,
		"./main.go:3:8: could not import fmt (open /x: permission denied)\n":                false,
		"compile: version \"go1.25.9\" does not match go tool version \"go1.26.8\"\n":       false,
	} {
		if got := ownCode(output); got != want {
			t.Errorf("%q: %t", output, got)
		}
	}
}
