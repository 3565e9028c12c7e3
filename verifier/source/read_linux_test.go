package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A pipe in the place of a file or folder keeps nobody waiting.
func TestReadOfAPipe(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	files := Workspace(root.FS())
	for _, name := range []string{"pipe", "link"} {
		if _, err := Read(files, name); !errors.Is(err, errNoFile) {
			t.Errorf("reading %s: %v", name, err)
		}
		if _, err := fs.ReadDir(files, name); !errors.Is(err, errNoFile) {
			t.Errorf("reading the folder %s: %v", name, err)
		}
	}
	if _, err := fs.ReadDir(files, "."); err != nil {
		t.Error(err)
	}
	if _, err := Read(files, "nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
