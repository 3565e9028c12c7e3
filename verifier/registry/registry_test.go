package registry

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	fake "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/dcverify/dcverify/verifier/dockerfile"
)

// serve runs a registry on 127.0.0.1, behind a handler where one is given, and tells its host and port. The credentials
// of whoever runs the tests are out of reach.
func serve(t *testing.T, before func(http.ResponseWriter, *http.Request) (done bool)) string {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	inner := fake.New(fake.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before == nil || !before(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // which tells of the attempt with TLS
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func parse(t *testing.T, reference string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func push(t *testing.T, reference string, image v1.Image) {
	t.Helper()
	if err := remote.Write(parse(t, reference), image); err != nil {
		t.Fatal(err)
	}
}

func pushIndex(t *testing.T, reference string, index v1.ImageIndex) {
	t.Helper()
	if err := remote.WriteIndex(parse(t, reference), index); err != nil {
		t.Fatal(err)
	}
}

// imageOf is an image whose user is its sign.
func imageOf(t *testing.T, user string) v1.Image {
	t.Helper()
	image, err := mutate.Config(empty.Image, v1.Config{
		Env: []string{"PATH=/usr/local/go/bin:/bin"}, User: user, WorkingDir: "/go", Shell: []string{"/bin/bash", "-c"},
		OnBuild: []string{"RUN true"}, Labels: map[string]string{"a": "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func baseOf(user string) dockerfile.Base {
	return dockerfile.Base{
		Env: []string{"PATH=/usr/local/go/bin:/bin"}, User: user, Workdir: "/go", Shell: []string{"/bin/bash", "-c"},
		OnBuild: []string{"RUN true"}, Labels: map[string]string{"a": "b"},
	}
}

// indexOf is an index of images for these platforms, each with its platform as user.
func indexOf(t *testing.T, platforms ...string) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, text := range platforms {
		platform, err := v1.ParsePlatform(text)
		if err != nil {
			t.Fatal(err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: imageOf(t, text), Descriptor: v1.Descriptor{Platform: platform}})
	}
	return index
}

func TestImage(t *testing.T) {
	host := serve(t, nil)
	push(t, host+"/go:1", imageOf(t, "vscode"))
	pushIndex(t, host+"/many:1", indexOf(t, "linux/arm64", "unknown/unknown", "linux/amd64", "windows/amd64"))
	pushIndex(t, host+"/arm:1", indexOf(t, "linux/arm64/v8", "unknown/unknown"))
	pushIndex(t, host+"/neither:1", indexOf(t, "linux/arm64", "linux/s390x"))
	pushIndex(t, host+"/nested:1", mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: indexOf(t, "linux/arm64", "linux/amd64")}))
	deep := indexOf(t, "linux/amd64")
	for range indexDepth {
		deep = mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: deep})
	}
	pushIndex(t, host+"/deep:1", deep)
	for _, test := range []struct{ reference, user, problem string }{
		{reference: "/go:1", user: "vscode"},
		{reference: "/many:1", user: "linux/amd64"},
		{reference: "/arm:1", user: "linux/arm64/v8"},
		{reference: "/nested:1", user: "linux/amd64"},
		{reference: "/neither:1", problem: "it has no image for linux/amd64"},
		{reference: "/deep:1", problem: "over 4 indexes stand in each other"},
		{reference: "/go:2", problem: "MANIFEST_UNKNOWN"},
		{reference: "/none:1", problem: "NAME_UNKNOWN"},
		{reference: "/GO:1", problem: "could not parse reference"},
	} {
		t.Run(test.reference, func(t *testing.T) {
			base, from, err := Image(t.Context(), host+test.reference, Options{Online: true})
			if test.problem != "" {
				wantProblem(t, err, test.problem)
				return
			}
			if err != nil || from != "registry" {
				t.Errorf("from %q, error %v", from, err)
			}
			if diff := cmp.Diff(baseOf(test.user), base); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLargeConfiguration(t *testing.T) {
	host := serve(t, nil)
	put(t, host, "big", v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: configLimit + 1, Digest: digest(t)},
	})
	_, _, err := Image(t.Context(), host+"/big:1", Options{Online: true})
	wantProblem(t, err, "its configuration has over 8388608 bytes")
}

// emptyFeature is a feature without metadata and archive.
var emptyFeature = mutate.ConfigMediaType(empty.Image, featureType)

func TestFeature(t *testing.T) {
	host := serve(t, nil)
	layered := func(archive []byte) v1.Image {
		image, err := mutate.AppendLayers(emptyFeature, static.NewLayer(archive, "application/vnd.devcontainers.layer.v1+tar"))
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	annotated := mutate.Annotations(layered(nil), map[string]string{"dev.containers.metadata": `{"id": "annotated"}`}).(v1.Image)
	push(t, host+"/f/annotated:1", annotated)
	push(t, host+"/f/tar:1", layered(archiveOf(t, entry{"./devcontainer-feature.json", `{"id": "tar"}`})))
	push(t, host+"/f/tgz:1", layered(packed(t, archiveOf(t, entry{"devcontainer-feature.json", `{"id": "tgz"}`}))))
	push(t, host+"/f/without:1", emptyFeature)
	push(t, host+"/f/image:1", imageOf(t, "vscode"))
	put(t, host, "f/huge", v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: featureType, Size: 2, Digest: digest(t)},
		Layers: []v1.Descriptor{{MediaType: types.OCILayer, Size: archiveLimit + 1, Digest: digest(t)}},
	})
	for _, test := range []struct {
		reference, want, problem string
		absent                   bool // the registry says so
	}{
		{reference: "/f/annotated:1", want: `{"id": "annotated"}`},
		{reference: "/f/tar:1", want: `{"id": "tar"}`},
		{reference: "/f/tgz:1", want: `{"id": "tgz"}`},
		{reference: "/f/without:1", problem: "it has no archive"},
		{reference: "/f/huge:1", problem: "its archive has over 67108864 bytes"},
		{reference: "/f/tar:2", problem: "MANIFEST_UNKNOWN", absent: true},
		{reference: "/f/none:1", problem: "NAME_UNKNOWN", absent: true},
		{reference: "/f/image:1", problem: "what is there is no feature, but of the type application/vnd.docker.container.image.v1+json", absent: true},
		{reference: "/f/UPPER:1", problem: "could not parse reference"},
	} {
		t.Run(test.reference, func(t *testing.T) {
			text, err := Feature(t.Context(), host+test.reference, Options{Online: true})
			if test.problem != "" {
				wantProblem(t, err, test.problem)
				if errors.Is(err, fs.ErrNotExist) != test.absent {
					t.Errorf("the error is fs.ErrNotExist: %v", !test.absent)
				}
			} else if err != nil || text != test.want {
				t.Errorf("got %q, error %v", text, err)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	locked := false
	host := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); locked && (user != "gopher" || password != "s3cret") {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	})
	push(t, host+"/go:1", imageOf(t, "vscode"))
	locked = true
	_, _, err := Image(t.Context(), host+"/go:1", Options{Online: true})
	wantProblem(t, err, "401 Unauthorized")

	login := func(password string) {
		text := fmt.Sprintf(`{"auths": {%q: {"username": "gopher", "password": %q}}}`, host, password)
		if err := os.WriteFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	login("0utdated")
	_, _, err = Image(t.Context(), host+"/go:1", Options{Online: true})
	wantProblem(t, err, "401 Unauthorized")
	if strings.Contains(err.Error(), "0utdated") {
		t.Errorf("the message tells the password: %v", err)
	}
	login("s3cret")
	if _, from, err := Image(t.Context(), host+"/go:1", Options{Online: true}); err != nil || from != "registry" {
		t.Errorf("from %q, error %v", from, err)
	}
}

func TestCutConnection(t *testing.T) {
	part := ""
	host := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		if part == "" || !strings.Contains(r.URL.Path, part) {
			return false
		}
		_, _ = io.WriteString(w, `{"schemaVersion": 2, `) // without a length, as with chunks
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	push(t, host+"/go:1", imageOf(t, "vscode"))
	for _, part = range []string{"/manifests/", "/blobs/"} {
		cache := t.TempDir()
		_, _, err := Image(t.Context(), host+"/go:1", Options{Online: true, Cache: cache})
		wantProblem(t, err, "unexpected EOF")
		if files, _ := os.ReadDir(cache); len(files) > 0 {
			t.Errorf("%s: a failure is kept: %v", part, files)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	slow := make(chan struct{})
	host := serve(t, func(w http.ResponseWriter, r *http.Request) bool {
		cancel()
		select {
		case <-r.Context().Done():
		case <-slow:
		}
		return true
	})
	defer close(slow)
	if _, _, err := Image(ctx, host+"/go:1", Options{Online: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestPatience(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	silent := tripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	for _, ask := range []func(context.Context) error{
		func(ctx context.Context) error {
			_, _, err := Image(ctx, "golang:1.26", Options{Online: true, Transport: silent})
			return err
		},
		func(ctx context.Context) error {
			_, err := Feature(ctx, "https://example.com/f.tgz", Options{Online: true, Transport: silent})
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := ask(t.Context())
			wantProblem(t, err, "no answer within 20s")
			if took := time.Since(start); took != patience || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("took %s: %v", took, err)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := ask(ctx); time.Since(start) != time.Second || strings.Contains(err.Error(), "20s") {
				t.Errorf("took %s: %v", time.Since(start), err)
			}
		})
	}
}

func TestTarball(t *testing.T) {
	archive := packed(t, archiveOf(t, entry{"devcontainer-feature.json", `{"id": "far"}`}))
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked over plain http") }))
	defer plain.Close()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/f.tgz":
			_, _ = w.Write(archive)
		case "/moved.tgz":
			http.Redirect(w, r, "/f.tgz", http.StatusFound)
		case "/plain.tgz":
			http.Redirect(w, r, plain.URL+"/f.tgz", http.StatusFound)
		case "/round.tgz":
			http.Redirect(w, r, "/round.tgz", http.StatusFound)
		case "/huge.tgz":
			w.Header().Set("Content-Length", fmt.Sprint(archiveLimit+1))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	sum := fmt.Sprintf("%x", sha256.Sum256(archive))
	secret := strings.Replace(server.URL, "https://", "https://gopher:s3cret@", 1)
	for _, test := range []struct{ address, want, problem string }{
		{address: server.URL + "/f.tgz", want: `{"id": "far"}`},
		{address: server.URL + "/moved.tgz", want: `{"id": "far"}`},
		{address: secret + "/f.tgz?token=s3cret", want: `{"id": "far"}`},
		{address: server.URL + "/plain.tgz", problem: "it redirects from https to http"},
		{address: secret + "/plain.tgz?token=s3cret", problem: "it redirects from https to http"},
		{address: server.URL + "/round.tgz", problem: "it redirects over and over"},
		{address: server.URL + "/huge.tgz", problem: "its archive has over 67108864 bytes"},
		{address: server.URL + "/none.tgz", problem: "404 Not Found"},
		{address: server.URL + "/f.tgz#sha256:" + sum, want: `{"id": "far"}`},
		{address: server.URL + "/f.tgz#sha256:1111", problem: "the archive there has the digest sha256:" + sum + ", not sha256:1111"},
		{address: "https://exa mple/s3cret", problem: "this is no address"},
	} {
		cache := t.TempDir()
		text, err := Feature(t.Context(), test.address, Options{Online: true, Cache: cache, Transport: server.Client().Transport})
		if test.problem != "" {
			wantProblem(t, err, test.problem)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the message tells a secret: %v", err)
			}
			continue
		}
		if err != nil || text != test.want {
			t.Errorf("%s: got %q, error %v", test.address, text, err)
		}
		if text, err := Feature(t.Context(), test.address, Options{Cache: cache, Transport: never(t)}); err != nil || text != test.want {
			t.Errorf("%s from the cache: got %q, error %v", test.address, text, err)
		}
		for _, file := range contents(t, cache) {
			if strings.Contains(file, "s3cret") {
				t.Errorf("the cache holds a secret: %s", file)
			}
		}
	}
}

func never(t *testing.T) http.RoundTripper {
	return tripper(func(r *http.Request) (*http.Response, error) {
		t.Errorf("%s was asked for", r.URL.Redacted())
		return nil, errors.New("no network")
	})
}

func wantProblem(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got the error %v, want %q", err, text)
	}
}

func digest(t *testing.T) v1.Hash {
	t.Helper()
	hash, _, err := v1.SHA256(strings.NewReader("not there"))
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// put lays a manifest into the registry whose parts are not there.
func put(t *testing.T, host, repository string, manifest v1.Manifest) {
	t.Helper()
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+host+"/v2/"+repository+"/manifests/1", strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", string(manifest.MediaType))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		t.Fatal(response.Status)
	}
}
