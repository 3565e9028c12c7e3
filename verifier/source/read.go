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
		return File{}, &fs.PathError{Op: "read", Path: name, Err: errors.New("is no file")}
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
