package verifier

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dcverify/dcverify/"

// law is every package, in the order in which data moves: a package imports only what stands above it. The deciding half
// is pure: it runs nothing, connects to nothing and reads no file by itself.
var law = []struct {
	path string
	pure bool
	owns string // heavy dependencies that this package alone may import, by prefix, between blanks
}{
	{path: "verifier/source", pure: true},
	{path: "verifier/finding", pure: true},
	{path: "verifier/jsonc", pure: true, owns: "github.com/tailscale/hujson"},
	{path: "verifier/shell", pure: true, owns: "mvdan.cc/sh"},
	{path: "verifier/program", pure: true},
	{path: "verifier/goenv", pure: true},
	{path: "verifier/dockerfile", pure: true, owns: "github.com/moby/buildkit"},
	{path: "verifier/knowledge", pure: true},
	{path: "verifier/pinned", pure: true},
	{path: "verifier/compose", pure: true, owns: "github.com/compose-spec/compose-go"},
	{path: "verifier/devcontainer", pure: true},
	{path: "verifier/image", pure: true},
	{path: "verifier/metadata", pure: true},
	{path: "verifier/vscode", pure: true},
	{path: "verifier/facts", pure: true},
	{path: "verifier/resolve", pure: true},
	{path: "verifier/machine"},
	{path: "verifier/ptrace"},
	{path: "verifier/child"},
	{path: "verifier/child/childtest"},
	{path: "verifier/delve", owns: "github.com/go-delve/delve github.com/google/go-dap"},
	{path: "verifier/gopls", owns: "github.com/sourcegraph/jsonrpc2"},
	{path: "verifier/engine", owns: "github.com/docker/docker"},
	{path: "verifier/registry", owns: "github.com/google/go-containerregistry"},
	{path: "verifier/gather"},
	{path: "verifier/check", pure: true},
	{path: "verifier/checks", pure: true},
	{path: "verifier/report", pure: true},
	{path: "verifier"},
	{path: "cmd/dcverify", owns: "github.com/spf13/cobra"},
	{path: "feature/assemble"},
}

// impure is what the deciding half must not import, by prefix.
var impure = []string{"os", "net", "syscall", "golang.org/x/sys", "io/ioutil", "plugin", "unsafe"}

// TestLaw reads the import lines of every package in this process: a test that asked `go list` would be answered from
// the test cache after somebody broke the law.
func TestLaw(t *testing.T) {
	rank := map[string]int{}
	for i, p := range law {
		rank[p.path] = i
	}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), "../"))
		if entry.IsDir() {
			if name := entry.Name(); name != ".." && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(folder, "test") {
			return nil
		}
		at, ok := rank[folder]
		if !ok {
			t.Errorf("%s: the package %s does not stand in the law", path, folder)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, line := range file.Imports {
			imported, _ := strconv.Unquote(line.Path.Value)
			if own, ok := strings.CutPrefix(imported, module); ok {
				if above, ok := rank[own]; !ok || above >= at {
					t.Errorf("%s imports %s, which does not stand above it", path, own)
				}
			}
			if law[at].pure && slices.ContainsFunc(impure, func(p string) bool { return under(imported, p) }) {
				t.Errorf("%s imports %s, but %s is pure", path, imported, folder)
			}
			for _, other := range law {
				for _, owned := range strings.Fields(other.owns) {
					if under(imported, owned) && other.path != folder && !strings.HasPrefix(imported, "github.com/docker/docker/api/") {
						t.Errorf("%s imports %s, which only %s may", path, imported, other.path)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range law {
		if entries, err := os.ReadDir(filepath.Join("..", p.path)); err != nil || len(entries) == 0 {
			t.Errorf("the law names %s, which is not there", p.path)
		}
	}
}

func under(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
