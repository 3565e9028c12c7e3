package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

type entry struct{ name, text string }

func archiveOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.text)), Typeflag: tar.TypeReg}
		if strings.HasPrefix(e.text, "->") {
			header.Typeflag, header.Linkname, header.Size, e.text = tar.TypeSymlink, e.text[2:], 0, ""
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packed(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestManifestIn(t *testing.T) {
	const file = "devcontainer-feature.json"
	script := entry{"install.sh", "#!/bin/sh\n"}
	whole := archiveOf(t, script, entry{file, "{}"})
	for _, test := range []struct {
		name          string
		archive       []byte
		want, problem string
	}{
		{name: "tar", archive: whole, want: "{}"},
		{name: "tar.gz", archive: packed(t, whole), want: "{}"},
		{name: "with a dot", archive: archiveOf(t, entry{"./" + file, "{}"}), want: "{}"},
		{name: "at the limit", archive: archiveOf(t, entry{file, strings.Repeat(" ", manifestLimit)}), want: strings.Repeat(" ", manifestLimit)},
		{name: "beyond the limit", archive: archiveOf(t, entry{file, strings.Repeat(" ", manifestLimit+1)}),
			problem: "its devcontainer-feature.json has over 1048576 bytes"},
		{name: "names that lead elsewhere", archive: archiveOf(t, entry{"../" + file, "1"}, entry{"/" + file, "2"}, entry{"a/" + file, "3"},
			entry{"a/../" + file, "4"}, entry{"./../" + file, "5"}), problem: "its archive has no devcontainer-feature.json"},
		{name: "link", archive: archiveOf(t, entry{file, "->/etc/passwd"}), problem: "its archive has no devcontainer-feature.json"},
		{name: "empty", archive: nil, problem: "its archive has no devcontainer-feature.json"},
		{name: "without", archive: archiveOf(t, script), problem: "its archive has no devcontainer-feature.json"},
		{name: "cut", archive: whole[:1026], problem: "its archive: unexpected EOF"},
		{name: "no tar", archive: bytes.Repeat([]byte("x"), 1024), problem: "its archive: archive/tar: invalid tar header"},
		{name: "cut gzip", archive: packed(t, whole)[:20], problem: "its archive: unexpected EOF"},
		{name: "no gzip", archive: []byte{0x1f, 0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0}, problem: "its archive: gzip: invalid header"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := manifestIn(bytes.NewReader(test.archive))
			if test.problem != "" {
				wantProblem(t, err, test.problem)
			} else if err != nil || got != test.want {
				t.Errorf("got %.40q, error %v", got, err)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestLargeArchive(t *testing.T) {
	const limit = 1 << 20
	_, err := manifestWithin(zeros{}, limit)
	wantProblem(t, err, "its archive has over 1048576 bytes")

	var bomb bytes.Buffer
	gz, err := gzip.NewWriterLevel(&bomb, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(gz)
	if err := w.WriteHeader(&tar.Header{Name: "big", Size: limit, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zeros{}, limit); err != nil {
		t.Fatal(err)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = manifestWithin(&bomb, limit)
	wantProblem(t, err, "its archive has over 1048576 bytes")
}

func FuzzManifestIn(f *testing.F) {
	whole := archiveOf(f, entry{"install.sh", "#!/bin/sh\n"}, entry{"./devcontainer-feature.json", `{"id": "f"}`})
	f.Add(whole)
	f.Add(packed(f, whole))
	f.Add(whole[:600])
	f.Add(packed(f, whole)[:40])
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, archive []byte) {
		text, err := manifestIn(bytes.NewReader(archive))
		if err != nil && text != "" || len(text) > manifestLimit {
			t.Errorf("%d bytes, error %v", len(text), err)
		}
	})
}
