package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Limit is the size in bytes of the largest file that is read: no file that people write by hand comes near it.
const Limit = 4 << 20

// ErrTooBig is the error of a file over the [Limit].
var ErrTooBig = errors.New("too big to be read")

// Workspace is a file system that opens folders and regular files alone: to open a pipe that nobody writes to would take for ever.
func Workspace(files fs.FS) fs.FS { return workspace{files} }

type workspace struct{ fs.FS }

func (w workspace) Open(name string) (fs.File, error) {
	info, err := fs.Stat(w.FS, name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNoFile}
	}
	return w.FS.Open(name)
}

func (w workspace) Stat(name string) (fs.FileInfo, error) { return fs.Stat(w.FS, name) }

var errNoFile = errors.New("is no file")

// Read reads a file of a workspace, whose paths are slash-separated and relative to its root. What leads out of the
// workspace, through .. or a link, the file system refuses; what is no file, or bigger than the [Limit], is refused here.
func Read(workspace fs.FS, name string) (File, error) {
	file, err := workspace.Open(name)
	if err != nil {
		return File{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return File{}, err
	}
	if !info.Mode().IsRegular() {
		return File{}, &fs.PathError{Op: "read", Path: name, Err: errNoFile}
	}
	text, err := io.ReadAll(io.LimitReader(file, Limit+1))
	if err != nil {
		return File{}, err
	}
	if len(text) > Limit {
		return File{}, fmt.Errorf("%s: %w: over %d bytes", name, ErrTooBig, Limit)
	}
	return File{Name: name, Text: string(text)}, nil
}
