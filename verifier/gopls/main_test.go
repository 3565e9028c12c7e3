//go:build linux

package gopls

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dcverify/dcverify/verifier/child/childtest"
)

// The test binary plays a gopls with every fault, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "fake-gopls" {
		os.Exit(fakeGopls(os.Args[2]))
	}
	os.Exit(m.Run())
}

// realGopls is the gopls of this machine, or one that is installed for the tests.
var realGopls = sync.OnceValues(func() (string, error) {
	if path, err := exec.LookPath("gopls"); err == nil {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(cache, "dcverify-test", "gopls-0.23.0")
	for _, path := range []string{filepath.Join(cache, "dcverify-test", "gopls", "gopls"), filepath.Join(bin, "gopls")} {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	install := exec.Command("go", "install", "golang.org/x/tools/gopls@v0.23.0")
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=", "CGO_ENABLED=0")
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go install: %w\n%s", err, out)
	}
	return filepath.Join(bin, "gopls"), nil
})

var goEnv = sync.OnceValues(func() ([]string, error) {
	out, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output()
	return strings.Split(string(out), "\n"), err
})

// scratch writes the module, which asks for the given Go or for the one that is there, and makes the test fail when anything is written into it.
func scratch(t testing.TB, asks string) Module {
	t.Helper()
	env, err := goEnv()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files := Files(cmp.Or(asks, strings.TrimPrefix(env[1], "go")))
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, _ := filepath.Rel(folder, path)
			if text, err := os.ReadFile(path); err != nil || files[name] != string(text) {
				t.Errorf("%s was written: %v\n%s", name, err, text)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	return Module{Folder: folder, Goroot: env[0], GoVersion: env[1]}
}

// marked returns the environment of a gopls with a temporary folder in it, and makes the test fail when something that it started
// outlives it, or a file is left in the folder.
func marked(t testing.TB) []string {
	t.Helper()
	temp := t.TempDir()
	t.Cleanup(func() {
		if left, _ := filepath.Glob(temp + "/*"); len(left) > 0 {
			t.Errorf("files are left: %q", left)
		}
	})
	return append(childtest.Environ(t), "TMPDIR="+temp, "GOWORK=off", "GOPROXY=off") // its processes are looked for first
}
