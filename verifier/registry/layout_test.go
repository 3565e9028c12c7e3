package registry

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

const (
	refName   = "org.opencontainers.image.ref.name"
	imageName = "io.containerd.image.name"
)

// part is an entry of a layout: an image with this user, or an index of platforms, and its annotations.
type part struct {
	user        string
	platforms   []string
	annotations map[string]string
}

func layoutOf(t *testing.T, parts ...part) string {
	t.Helper()
	folder := t.TempDir()
	l, err := layout.Write(folder, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		if p.platforms != nil {
			err = l.AppendIndex(indexOf(t, p.platforms...), layout.WithAnnotations(p.annotations))
		} else {
			err = l.AppendImage(imageOf(t, p.user), layout.WithAnnotations(p.annotations))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestLayout(t *testing.T) {
	named := func(key, name string) map[string]string { return map[string]string{key: name} }
	for _, test := range []struct {
		name  string
		parts []part
		user  string // empty for a miss
	}{
		{"only one, without a name", []part{{user: "a"}}, "a"},
		{"only one, with a tag", []part{{user: "a", annotations: named(refName, "latest")}}, "a"},
		{"only one, another image", []part{{user: "a", annotations: named(refName, "postgres:17")}}, ""},
		{"only one, another image of BuildKit's",
			[]part{{user: "a", annotations: map[string]string{refName: "17", imageName: "docker.io/library/postgres:17"}}}, ""},
		{"as written", []part{{user: "a"}, {user: "b", annotations: named(refName, "golang:1.26")}}, "b"},
		{"in full", []part{{user: "a"}, {user: "b", annotations: named(refName, "docker.io/library/golang:1.26")}}, "b"},
		{"in full, by BuildKit", []part{{user: "a"}, {user: "b", annotations: named(imageName, "docker.io/library/golang:1.26")}}, "b"},
		{"a mere tag among several", []part{{user: "a"}, {user: "b", annotations: named(refName, "1.26")}}, ""},
		{"several, none with a name", []part{{user: "a"}, {user: "b"}}, ""},
		{"none", nil, ""},
		{"an index", []part{{platforms: []string{"linux/arm64", "linux/amd64", "unknown/unknown"}}}, "linux/amd64"},
		{"an index of another platform", []part{{platforms: []string{"linux/arm64", "unknown/unknown"}}}, "linux/arm64"},
		{"an index by name", []part{{user: "a"}, {platforms: []string{"linux/amd64"}, annotations: named(refName, "golang:1.26")}}, "linux/amd64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := layoutOf(t, test.parts...)
			base, from, err := Image(t.Context(), "golang:1.26", Options{Layout: folder, Transport: never(t)})
			if test.user == "" {
				if !errors.Is(err, ErrOffline) {
					t.Errorf("got %v from %q, error %v", base, from, err)
				}
			} else if err != nil || base.User != test.user || from != "oci layout "+folder {
				t.Errorf("got %v from %q, error %v", base, from, err)
			}
		})
	}
}

// A layout goes before the cache and the registry, and what it does not have is asked there.
func TestLayoutFirst(t *testing.T) {
	host := serve(t, nil)
	push(t, host+"/go:1", imageOf(t, "registry"))
	o := Options{Online: true, Cache: t.TempDir(), Layout: layoutOf(t, part{user: "layout", annotations: map[string]string{refName: "postgres:17"}})}
	if base, from, err := Image(t.Context(), host+"/go:1", o); err != nil || base.User != "registry" || from != "registry" {
		t.Errorf("got %v from %q, error %v", base, from, err)
	}
	o.Transport = never(t)
	o.Layout = layoutOf(t, part{user: "layout", annotations: map[string]string{refName: host + "/go:1"}})
	if base, _, err := Image(t.Context(), host+"/go:1", o); err != nil || base.User != "layout" {
		t.Errorf("got %v, error %v", base, err)
	}
	o.Online = false
	if base, _, err := Image(t.Context(), host+"/go:1", o); err != nil || base.User != "layout" {
		t.Errorf("got %v, error %v", base, err)
	}
}

func TestDamagedLayout(t *testing.T) {
	lost := layoutOf(t, part{user: "a"})
	if err := os.RemoveAll(filepath.Join(lost, "blobs")); err != nil {
		t.Fatal(err)
	}
	broken := layoutOf(t, part{user: "a"})
	if err := os.WriteFile(filepath.Join(broken, "index.json"), []byte(`{"manifests": [{"digest": "sha256:../../x"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	neither := layoutOf(t, part{platforms: []string{"linux/arm64", "linux/s390x"}})
	for _, folder := range []string{lost, broken, neither, filepath.Join(lost, "none")} {
		_, _, err := Image(t.Context(), "golang:1.26", Options{Layout: folder})
		wantProblem(t, err, "reading the oci layout "+folder)
	}
}

func TestPickSkipsWhatIsNoImage(t *testing.T) {
	if got, ok := pick([]v1.Descriptor{{MediaType: "application/vnd.example"}}); ok {
		t.Errorf("got %v", got)
	}
}
