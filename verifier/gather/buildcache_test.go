//go:build linux

package gather

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// TestBuildCache makes the experiment with the real go: with a cache of its own, with one that a compiler filled that was altered
// under its version, and with one that go is told not to use.
func TestBuildCache(t *testing.T) {
	path, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err) // never a skip: a machine that tests this has Go
	}
	output, err := exec.Command(path, "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	goroot := strings.TrimSpace(string(output))
	experiment := func(t *testing.T, cache, root, flags string) facts.BuildCache {
		h := newHome(t)
		g := h.gatherer(facts.BuildCaches)
		g.proc = "/proc"
		passed := func() facts.Build { return facts.Build{Status: facts.Passed} }
		env := goenv.Environ{"PATH": os.Getenv("PATH"), "HOME": h.folder, "GOCACHE": cache, "GOROOT": root, "GOFLAGS": flags, "GOTOOLCHAIN": "local"}
		m := module{folder: h.workspace, env: env, goPath: path, gocache: cache, goflags: flags, version: runtime.Version()}
		part := g.buildCaches(t.Context(), map[string]func() building{
			goenv.LoginView: func() building { return building{program: passed, module: m} },
			goenv.ToolsView: func() building { return building{program: passed, module: m} },
		})
		caches, ok := part.Get()
		if !ok || len(caches) != 1 || caches[0].Error != "" {
			t.Fatalf("%+v", caches)
		}
		if diff := cmp.Diff([]string{goenv.LoginView, goenv.ToolsView}, caches[0].Views); diff != "" {
			t.Error(diff)
		}
		return caches[0]
	}
	stale := func(cache facts.BuildCache) (names []string) {
		for _, object := range cache.Objects {
			if object.Action == "" || object.Content == "" {
				t.Errorf("nothing is known of %+v", object)
			}
			if object.Stale() {
				names = append(names, object.Package)
			}
		}
		return names
	}

	t.Run("clean", func(t *testing.T) {
		t.Parallel()
		cache := experiment(t, t.TempDir(), goroot, "")
		if len(cache.Objects) != len(small) || stale(cache) != nil || cache.Again != 0 || cache.Foreign != 0 {
			t.Errorf("%+v", cache)
		}
	})
	t.Run("altered compiler", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		experiment(t, folder, altered(t, goroot), "")
		cache := experiment(t, folder, goroot, "")
		if got := stale(cache); len(got) == 0 {
			t.Errorf("%+v", cache)
		}
	})
	t.Run("everything every time", func(t *testing.T) {
		t.Parallel()
		if cache := experiment(t, t.TempDir(), goroot, "-a"); cache.Again != len(small) {
			t.Errorf("%+v", cache)
		}
	})
	t.Run("other flags", func(t *testing.T) { // its objects have other actions
		t.Parallel()
		other := experiment(t, t.TempDir(), goroot, "-trimpath")
		if cache := experiment(t, t.TempDir(), goroot, ""); cache.Objects[0].Action == other.Objects[0].Action {
			t.Errorf("%+v is %+v", cache, other)
		}
	})
}

// altered is a Go root with a compiler that does not inline, and says nothing of it.
func altered(t *testing.T, goroot string) string {
	t.Helper()
	root := t.TempDir()
	tools := filepath.Join("pkg/tool", runtime.GOOS+"_"+runtime.GOARCH)
	link := func(folder, but string) {
		entries, err := os.ReadDir(filepath.Join(goroot, folder))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.Name() == but {
				continue
			}
			if err := os.Symlink(filepath.Join(goroot, folder, entry.Name()), filepath.Join(root, folder, entry.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	link("", "pkg")
	link("pkg", "tool")
	link(tools, "compile")
	script := "#!/bin/sh\ncase \"$1\" in -V*) ;; *) set -- -l \"$@\" ;; esac\nexec '" + filepath.Join(goroot, tools, "compile") + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(root, tools, "compile"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestMountOf(t *testing.T) {
	proc := t.TempDir()
	if err := os.Mkdir(proc+"/self", 0o755); err != nil {
		t.Fatal(err)
	}
	const mounts = "1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 / /no rw - ext4 /dev/x rw\n3 1 0:3 /v /no/where rw - ext4 /dev/y rw\n4 1 0:4 / /with\\040blank rw - ext4 /dev/z rw\nbroken\n"
	if err := os.WriteFile(proc+"/self/mountinfo", []byte(mounts), 0o644); err != nil {
		t.Fatal(err)
	}
	for folder, want := range map[string]string{
		"/no/where/cache": "/no/where", "/no/where": "/no/where", "/no/whereas": "/no", "/with blank/x": "/with blank", "/else": "",
	} {
		if got := mountOf(proc, folder); got != want {
			t.Errorf("%s lies on %q, want %q", folder, got, want)
		}
	}
	if got := mountOf("/nonexistent", "/x"); got != "" {
		t.Errorf("%q", got)
	}
}
