package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// entry is a file of the fake image; with a link it is a link, with neither content nor link a folder.
type entry struct {
	content  []byte
	link     string
	mode     int64 // 0755 when 0
	uid, gid int
}

// fakeEngine is an engine with one image. It fails the test when it is used in a wrong order: files are read only between
// create and remove, one archive at a time, never through a link, and whatever was created is removed.
type fakeEngine struct {
	t       *testing.T
	inspect dockerimage.InspectResponse
	history []dockerimage.HistoryResponseItem // newest first, as engines have it
	files   map[string]entry
	raw     bool // does not say where links lead, as an engine may that is not Docker

	// before is asked ahead of every call, with "create", "stat /path", "copy /path" and so on; its error is the answer.
	before func(call string) error
	// body may replace an archive.
	body func(path string, archive []byte) []byte

	calls   []string
	name    string
	config  *container.Config
	host    *container.HostConfig
	plat    *ocispec.Platform
	version string
	gone    bool // removed
	open    int  // archives that nobody closed yet
}

func newFake(t *testing.T, files map[string]entry) *fakeEngine {
	fake := &fakeEngine{t: t, files: map[string]entry{"/": {}}, version: "1.47"}
	for name, file := range files {
		fake.files[name] = file
		for folder := path.Dir(name); folder != "/"; folder = path.Dir(folder) {
			if _, ok := files[folder]; !ok {
				fake.files[folder] = entry{}
			}
		}
	}
	t.Cleanup(func() {
		if fake.name != "" && !fake.gone {
			t.Errorf("container %s was left behind", fake.name)
		}
		if fake.open != 0 {
			t.Errorf("%d archives were never closed", fake.open)
		}
	})
	return fake
}

func (f *fakeEngine) call(call string) error {
	f.calls = append(f.calls, call)
	if f.before != nil {
		return f.before(call)
	}
	return nil
}

func (f *fakeEngine) DaemonHost() string    { return "fake://engine" }
func (f *fakeEngine) ClientVersion() string { return f.version }
func (f *fakeEngine) Close() error          { return nil }

func (f *fakeEngine) ImageInspect(_ context.Context, ref string, _ ...client.ImageInspectOption) (dockerimage.InspectResponse, error) {
	return f.inspect, f.call("inspect " + ref)
}

func (f *fakeEngine) ImageHistory(_ context.Context, ref string, _ ...client.ImageHistoryOption) ([]dockerimage.HistoryResponseItem, error) {
	return f.history, f.call("history " + ref)
}

func (f *fakeEngine) ContainerCreate(ctx context.Context, config *container.Config, host *container.HostConfig, _ *network.NetworkingConfig, platform *ocispec.Platform, name string) (container.CreateResponse, error) {
	if f.name != "" {
		f.t.Errorf("created a second container %s", name)
	}
	f.name, f.config, f.host, f.plat = name, config, host, platform
	if err := f.call("create"); err != nil {
		return container.CreateResponse{}, err
	}
	return container.CreateResponse{ID: "id of " + name}, ctx.Err()
}

func (f *fakeEngine) ContainerRemove(ctx context.Context, name string, options container.RemoveOptions) error {
	if name != f.name || f.gone {
		f.t.Errorf("removed container %q; it has %q (removed: %v)", name, f.name, f.gone)
	}
	if !options.Force || !options.RemoveVolumes {
		f.t.Errorf("removed with %+v: volumes or a stuck container would stay", options)
	}
	if _, limited := ctx.Deadline(); !limited {
		f.t.Error("removing has no deadline")
	}
	f.gone = true
	if err := f.call("remove"); err != nil {
		return err
	}
	return ctx.Err()
}

// find checks the order of calls and finds the entry; links in the folders of the path are for the caller to follow.
func (f *fakeEngine) find(ctx context.Context, call, name, file string) (entry, error) {
	switch {
	case f.name == "" || name != f.name:
		f.t.Errorf("%s %s before a container was created", call, file)
	case f.gone:
		f.t.Errorf("%s %s after the container was removed", call, file)
	case f.open > 0:
		f.t.Errorf("%s %s while another archive is open: engines would wait for ever", call, file)
	}
	if err := f.call(call + " " + file); err != nil {
		return entry{}, err
	}
	if err := ctx.Err(); err != nil {
		return entry{}, err
	}
	for folder := path.Dir(file); folder != "/"; folder = path.Dir(folder) {
		parent, ok := f.files[folder]
		if ok && (parent.link != "" || parent.content != nil) {
			f.t.Errorf("%s %s goes through %s, which is no folder", call, file, folder)
		}
	}
	found, ok := f.files[file]
	if !ok {
		return entry{}, fmt.Errorf("could not find the file %s in container %s: %w", file, name, errdefs.ErrNotFound)
	}
	return found, nil
}

// follow is where a path leads in the end, links resolved, as Docker's answer has it.
func (f *fakeEngine) follow(name string, links int) (string, error) {
	if links > 255 {
		return "", errors.New("evalSymlinksInScope: too many links in " + name)
	}
	at := "/"
	steps := strings.Split(name, "/")
	for i, step := range steps {
		at = path.Join(at, step)
		if link := f.files[at].link; link != "" {
			target := link
			if !path.IsAbs(target) {
				target = path.Join(path.Dir(at), target)
			}
			return f.follow(path.Join(append([]string{target}, steps[i+1:]...)...), links+1)
		}
	}
	return at, nil
}

func (f *fakeEngine) ContainerStatPath(ctx context.Context, name, file string) (container.PathStat, error) {
	found, err := f.find(ctx, "stat", name, file)
	if err != nil {
		return container.PathStat{}, err
	}
	return f.stat(file, found)
}

func (f *fakeEngine) stat(file string, e entry) (container.PathStat, error) {
	stat := container.PathStat{Name: path.Base(file), Size: int64(len(e.content)), Mode: header(file, e).FileInfo().Mode()}
	if e.link == "" || f.raw {
		return stat, nil
	}
	target, err := f.follow(file, 0)
	if err != nil {
		return container.PathStat{}, errors.New("request returned 500 Internal Server Error for API route and version") // HEAD has no text
	}
	stat.LinkTarget = target
	return stat, nil
}

func (f *fakeEngine) CopyFromContainer(ctx context.Context, name, file string) (io.ReadCloser, container.PathStat, error) {
	found, err := f.find(ctx, "copy", name, file)
	if err != nil {
		return nil, container.PathStat{}, err
	}
	if _, err := f.follow(file, 0); err != nil {
		return nil, container.PathStat{}, err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	write := func(name string, e entry) {
		if err := errors.Join(w.WriteHeader(header(name, e)), writeAll(w, e.content)); err != nil {
			f.t.Fatal(err)
		}
	}
	write(file, found)
	for _, below := range slices.Sorted(maps.Keys(f.files)) { // engines send all that a folder holds
		if found.link == "" && found.content == nil && strings.HasPrefix(below, file+"/") {
			write(below, f.files[below])
		}
	}
	if err := w.Close(); err != nil {
		f.t.Fatal(err)
	}
	content := archive.Bytes()
	if f.body != nil {
		content = f.body(file, content)
	}
	f.open++
	return &body{Reader: bytes.NewReader(content), closed: func() { f.open-- }}, container.PathStat{}, nil
}

func writeAll(w io.Writer, content []byte) error {
	_, err := w.Write(content)
	return err
}

func header(name string, e entry) *tar.Header {
	h := &tar.Header{Name: path.Base(name), Mode: e.mode, Uid: e.uid, Gid: e.gid, Size: int64(len(e.content)), Typeflag: tar.TypeReg}
	if h.Mode == 0 {
		h.Mode = 0o755
	}
	switch {
	case e.link != "":
		h.Typeflag, h.Linkname, h.Mode = tar.TypeSymlink, e.link, 0o777
	case e.content == nil:
		h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
	}
	return h
}

type body struct {
	io.Reader
	closed func()
}

func (b *body) Close() error {
	b.closed()
	return nil
}

// elfProgram is the least that counts as a program of an architecture, with a loader if one is named.
func elfProgram(t *testing.T, machine uint16, loader string) []byte {
	t.Helper()
	var b bytes.Buffer
	name := append([]byte(loader), 0)
	programs := uint16(0)
	if loader != "" {
		programs = 1
	}
	for _, part := range []any{
		[]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), // 64 bits, little-endian
		uint16(2), machine, uint32(1), uint64(0), uint64(64), uint64(0), uint32(0),
		uint16(64), uint16(56), programs, uint16(64), uint16(0), uint16(0),
		uint32(3), uint32(4), uint64(120), uint64(0), uint64(0), uint64(len(name)), uint64(len(name)), uint64(1), // PT_INTERP
		name,
	} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

var _ API = (*fakeEngine)(nil)
var _ API = (*client.Client)(nil)
