package registry

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(text)
	}
	return files
}

func TestCache(t *testing.T) {
	host := serve(t, nil)
	push(t, host+"/go:1", imageOf(t, "vscode"))
	// A manifest with comments is kept byte by byte.
	manifest := "{\n\t\"id\": \"f\", // comment\n}"
	push(t, host+"/f:1", mutate.Annotations(emptyFeature, map[string]string{"dev.containers.metadata": manifest}).(v1.Image))
	online := Options{Online: true, Cache: filepath.Join(t.TempDir(), "new", "dcverify")}
	offline := Options{Cache: online.Cache, Transport: never(t)}

	if _, _, err := Image(t.Context(), host+"/go:1", offline); !errors.Is(err, ErrOffline) {
		t.Errorf("got %v", err)
	}
	before := time.Now().UTC().Format(time.DateOnly)
	if _, _, err := Image(t.Context(), host+"/go:1", online); err != nil {
		t.Fatal(err)
	}
	if _, err := Feature(t.Context(), host+"/f:1", online); err != nil {
		t.Fatal(err)
	}
	after := time.Now().UTC().Format(time.DateOnly)

	base, from, err := Image(t.Context(), host+"/go:1", offline)
	if err != nil || from != "cache of "+before && from != "cache of "+after {
		t.Errorf("from %q, error %v", from, err)
	}
	if diff := cmp.Diff(baseOf("vscode"), base); diff != "" {
		t.Error(diff)
	}
	if text, err := Feature(t.Context(), host+"/f:1", offline); err != nil || text != manifest {
		t.Errorf("got %q, error %v", text, err)
	}
	if _, err := Feature(t.Context(), host+"/f:2", offline); !errors.Is(err, ErrOffline) {
		t.Errorf("got %v", err)
	}
	for path := range contents(t, online.Cache) {
		if !strings.HasSuffix(path, ".json") {
			t.Errorf("%s is left over", path)
		}
	}
}

func TestDatedCache(t *testing.T) {
	o := Options{Cache: t.TempDir(), Transport: never(t)}
	const reference = "index.docker.io/library/golang:1.26"
	for _, test := range []struct{ name, text, from string }{
		{"whole", `{"asked": "2026-01-31", "reference": "` + reference + `", "answer": {"user": "vscode"}}`, "cache of 2026-01-31"},
		{"empty", ``, ""},
		{"cut", `{"asked": "2026-01-31", "reference": "` + reference + `", "answer": {"us`, ""},
		{"no envelope", `{"user": "vscode"}`, ""},
		{"no date", `{"reference": "` + reference + `", "answer": {"user": "vscode"}}`, ""},
		{"broken date", `{"asked": "2026-02-31", "reference": "` + reference + `", "answer": {"user": "vscode"}}`, ""},
		{"another reference", `{"asked": "2026-01-31", "reference": "golang", "answer": {"user": "vscode"}}`, ""},
		{"no answer", `{"asked": "2026-01-31", "reference": "` + reference + `"}`, ""},
		{"null", `{"asked": "2026-01-31", "reference": "` + reference + `", "answer": null}`, ""},
		{"another kind", `{"asked": "2026-01-31", "reference": "` + reference + `", "answer": "text"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(o.file("image", reference), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			base, from, err := Image(t.Context(), "golang:1.26", o)
			if test.from == "" {
				if !errors.Is(err, ErrOffline) || base.User != "" {
					t.Errorf("got %v, error %v", base, err)
				}
			} else if err != nil || from != test.from || base.User != "vscode" {
				t.Errorf("got %v from %q, error %v", base, from, err)
			}
		})
	}
}

// A cache that cannot be used is like none. The tests may run as root, whom no mode stops, so a file and folders stand in
// the way.
func TestUnusableCache(t *testing.T) {
	host := serve(t, nil)
	push(t, host+"/go:1", imageOf(t, "vscode"))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken := Options{Cache: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(taken.file("image", host+"/go:1"), "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, cache := range []string{"", file, filepath.Join(file, "below"), taken.Cache} {
		if _, from, err := Image(t.Context(), host+"/go:1", Options{Online: true, Cache: cache}); err != nil || from != "registry" {
			t.Errorf("%q: from %q, error %v", cache, from, err)
		}
		if _, _, err := Image(t.Context(), host+"/go:1", Options{Cache: cache, Transport: never(t)}); !errors.Is(err, ErrOffline) {
			t.Errorf("%q: got %v", cache, err)
		}
	}
	if entries, _ := os.ReadDir(taken.Cache); len(entries) != 1 {
		t.Errorf("something is left over: %v", entries)
	}
}

func TestEnvelope(t *testing.T) {
	o := Options{Cache: t.TempDir()}
	o.keep("feature", "key", "reference", "{}")
	text, err := os.ReadFile(o.file("feature", "key"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "asked")
	if diff := cmp.Diff(map[string]any{"reference": "reference", "answer": "{}"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultCache(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/dcverify"},
		{map[string]string{"XDG_CACHE_HOME": "c", "HOME": "/h"}, "/h/.cache/dcverify"},
		{map[string]string{"HOME": "h"}, ""},
		{nil, ""},
	} {
		if got := DefaultCache(test.env); got != test.want {
			t.Errorf("%v: got %q, want %q", test.env, got, test.want)
		}
	}
}
