package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/containerd/errdefs"
)

const (
	maxText    = 1 << 20   // /etc/passwd, VERSION
	maxProgram = 256 << 20 // the largest of them, gopls with debugging data, has 60 MiB
	maxLinks   = 40        // as Linux has it
)

// node is one name in the image, with nothing followed that it may link to.
type node struct {
	mode   fs.FileMode
	target string // of a link
	exists bool
}

// owned is whose a file or folder is.
type owned struct {
	uid, gid int
	mode     uint32 // as in stat(2), without the type
}

// fileSystem is a read-only view of a container's files. It is for one goroutine: engines serve one archive of a container
// at a time, and one that is left open blocks all others.
type fileSystem struct {
	api       API
	container string
	nodes     map[string]node
	owners    map[string]owned
}

func newFileSystem(api API, container string) *fileSystem {
	return &fileSystem{api: api, container: container, nodes: map[string]node{}, owners: map[string]owned{}}
}

// alive tells whether the container is still there.
func (f *fileSystem) alive(ctx context.Context) error {
	if _, err := f.api.ContainerStatPath(ctx, f.container, "/"); err != nil {
		return fmt.Errorf("container %s disappeared while it was read: %w", f.container, err)
	}
	return nil
}

// lstat looks at one name. The folder that it is in must have no links in its path.
func (f *fileSystem) lstat(ctx context.Context, name string) (node, error) {
	if n, ok := f.nodes[name]; ok {
		return n, nil
	}
	n, err := f.ask(ctx, name)
	if err != nil {
		return node{}, err
	}
	f.nodes[name] = n
	return n, nil
}

func (f *fileSystem) ask(ctx context.Context, name string) (node, error) {
	if len(path.Base(name)) > 255 || strings.ContainsRune(name, 0) {
		return node{}, nil // no file system has such names, and engines answer them with a failure
	}
	stat, err := f.api.ContainerStatPath(ctx, f.container, name)
	switch {
	case errdefs.IsNotFound(err):
		return node{}, nil
	case err != nil && ctx.Err() != nil:
		return node{}, fmt.Errorf("looking at %s: %w", name, err)
	case err == nil && stat.Mode&fs.ModeSymlink == 0:
		return node{mode: stat.Mode, exists: true}, nil
	case err == nil && stat.LinkTarget != "":
		// Engines tell where the link leads in the end, without saying whether anything is there. That saves an archive,
		// which costs Docker a process of its own.
		return node{mode: fs.ModeSymlink, target: stat.LinkTarget, exists: true}, nil
	}
	// Only the archive says why the engine cannot tell; the answer to a question about a path has no room for it.
	header, err := f.header(ctx, name)
	switch {
	case err != nil && strings.Contains(err.Error(), "too many l"): // links, levels of symbolic links
		return node{mode: fs.ModeSymlink, target: name, exists: true}, nil
	case err != nil:
		return node{}, err
	}
	return node{mode: header.FileInfo().Mode(), target: header.Linkname, exists: true}, nil
}

// found is where a path leads.
type found struct {
	real    string
	mode    fs.FileMode
	through []string // folders that were gone through, links resolved, without the root
}

// resolve follows a path, step by step, to what is no link. Nothing leads out of the image: its root is its own parent.
// A path that leads nowhere is an *unreadable.
func (f *fileSystem) resolve(ctx context.Context, name string) (found, error) {
	if !path.IsAbs(name) {
		return found{}, &unreadable{name, "it is no absolute path"}
	}
	at := found{real: "/", mode: fs.ModeDir | 0o755}
	rest := strings.Split(name, "/")
	for links := 0; len(rest) > 0; {
		step := rest[0]
		rest = rest[1:]
		if step == "" || step == "." {
			continue
		}
		if !at.mode.IsDir() {
			return found{}, &unreadable{name, "it does not exist: " + at.real + " is no folder"}
		}
		if at.real != "/" {
			at.through = append(at.through, at.real)
		}
		if step == ".." {
			at.real = path.Dir(at.real)
			continue
		}
		next := path.Join(at.real, step)
		n, err := f.lstat(ctx, next)
		switch {
		case err != nil:
			return found{}, err
		case !n.exists && links > 0:
			return found{}, &unreadable{name, "it is a broken link: there is no " + next}
		case !n.exists:
			return found{}, &unreadable{name, "it does not exist"}
		case n.mode&fs.ModeSymlink == 0:
			at.real, at.mode = next, n.mode
			continue
		}
		if links++; links > maxLinks {
			return found{}, &unreadable{name, "it is a link that leads back to itself"}
		}
		rest = append(strings.Split(n.target, "/"), rest...)
		if path.IsAbs(n.target) {
			at.real = "/"
		}
	}
	return at, nil
}

// open asks for the archive of one name and reads its first header. The caller closes the reader, whatever is unread.
func (f *fileSystem) open(ctx context.Context, name string) (io.ReadCloser, *tar.Reader, *tar.Header, error) {
	body, _, err := f.api.CopyFromContainer(ctx, f.container, name)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("reading %s: %w", name, err)
	}
	archive := tar.NewReader(body)
	header, err := archive.Next()
	if err != nil {
		_ = body.Close() // the archive is of no use, and why is known
		return nil, nil, nil, fmt.Errorf("reading %s: the engine's archive: %w", name, err)
	}
	return body, archive, header, nil
}

func (f *fileSystem) header(ctx context.Context, name string) (*tar.Header, error) {
	body, _, header, err := f.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	f.owners[name] = ownerOf(header)
	return header, nil
}

// owner tells whose a file or folder is; the path must have no links. Of a folder's archive no more than the beginning
// is read: it holds everything below.
func (f *fileSystem) owner(ctx context.Context, real string) (owned, error) {
	if o, ok := f.owners[real]; ok {
		return o, nil
	}
	header, err := f.header(ctx, real)
	if err != nil {
		return owned{}, err
	}
	return ownerOf(header), nil
}

func ownerOf(header *tar.Header) owned {
	return owned{uid: header.Uid, gid: header.Gid, mode: uint32(header.Mode) & 0o7777}
}

// read reads a regular file into the buffer; the path must have no links. What is no regular file or larger than the
// limit is an *unreadable.
func (f *fileSystem) read(ctx context.Context, real string, limit int64, buffer *bytes.Buffer) (owned, error) {
	buffer.Reset()
	body, archive, header, err := f.open(ctx, real)
	if err != nil {
		return owned{}, err
	}
	defer body.Close()
	f.owners[real] = ownerOf(header)
	switch {
	case header.Typeflag != tar.TypeReg:
		return ownerOf(header), &unreadable{real, "it is no regular file"}
	case header.Size > limit:
		return ownerOf(header), &unreadable{real, fmt.Sprintf("it is larger than %d MiB", limit>>20)}
	}
	buffer.Grow(int(header.Size) + bytes.MinRead) // else it doubles its way up, with a copy each time
	if _, err := buffer.ReadFrom(archive); err != nil {
		return owned{}, fmt.Errorf("reading %s: the engine's archive: %w", real, err)
	}
	return ownerOf(header), nil
}
