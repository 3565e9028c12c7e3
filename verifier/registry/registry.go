// Package registry gets the configurations of images and the manifests of features from registries, and keeps them.
//
// Its one rule: without leave it touches no network; what it once learned it answers from its cache.
package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/dcverify/dcverify/verifier/dockerfile"
)

// Options says where to ask.
type Options struct {
	Online    bool              // registries may be asked
	Cache     string            // folder of earlier answers; empty for none
	Transport http.RoundTripper // nil for the usual one
}

// manifestLimit is the size in bytes of the largest manifest of a feature that is read, and archiveLimit that of the largest
// archive that is looked through for it.
const (
	manifestLimit = 1 << 20
	archiveLimit  = 64 << 20
)

// ErrOffline is the error of what is not in the cache and may not be asked for.
var ErrOffline = errors.New("not in the cache, and registries are not asked without --online")

// DefaultCache is the folder for answers of the user with this environment; empty where there is none.
func DefaultCache(env map[string]string) string {
	if folder := env["XDG_CACHE_HOME"]; filepath.IsAbs(folder) {
		return filepath.Join(folder, "dcverify")
	}
	if home := env["HOME"]; filepath.IsAbs(home) {
		return filepath.Join(home, ".cache", "dcverify")
	}
	return ""
}

// Image is the configuration of an image for linux on amd64, and where it comes from: "cache" or "registry". References are
// those of docker: golang:1.26 is docker.io/library/golang:1.26. Registries on this machine are asked over plain HTTP.
func Image(ctx context.Context, reference string, o Options) (dockerfile.Base, string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return dockerfile.Base{}, "", err
	}
	if o.Online {
		image, err := remote.Image(ref, o.remote(ctx, v1.Platform{OS: "linux", Architecture: "amd64"})...)
		if err != nil {
			return dockerfile.Base{}, "", fmt.Errorf("asking the registry for %s: %w", reference, err)
		}
		file, err := image.ConfigFile()
		if err != nil {
			return dockerfile.Base{}, "", fmt.Errorf("reading the configuration of %s: %w", reference, err)
		}
		config := file.Config
		base := dockerfile.Base{
			Env: config.Env, User: config.User, Workdir: config.WorkingDir, Shell: config.Shell, OnBuild: config.OnBuild, Labels: config.Labels,
		}
		if text, err := json.Marshal(base); err == nil {
			o.keep("image", ref.Name(), text)
		}
		return base, "registry", nil
	}
	var base dockerfile.Base
	text, err := o.kept("image", ref.Name())
	if err == nil {
		err = json.Unmarshal(text, &base)
	}
	return base, "cache", err
}

// Feature is the devcontainer-feature.json of a feature in a registry, or of a tarball at an https address.
func Feature(ctx context.Context, reference string, o Options) (string, error) {
	if !o.Online {
		text, err := o.kept("feature", reference)
		return string(text), err
	}
	var text string
	var err error
	if strings.HasPrefix(reference, "https://") {
		text, err = o.tarball(ctx, reference)
	} else {
		text, err = o.artifact(ctx, reference)
	}
	if err != nil {
		return "", fmt.Errorf("asking for the feature %s: %w", reference, err)
	}
	o.keep("feature", reference, []byte(text))
	return text, nil
}

func (o Options) remote(ctx context.Context, platform v1.Platform) []remote.Option {
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithPlatform(platform)}
	if o.Transport != nil {
		options = append(options, remote.WithTransport(o.Transport))
	}
	return options
}

// artifact reads a feature from a registry: its manifest has the metadata as an annotation, and older ones only the archive.
func (o Options) artifact(ctx context.Context, reference string) (string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	image, err := remote.Image(ref, o.remote(ctx, v1.Platform{})...)
	if err != nil {
		return "", err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return "", err
	}
	if text := manifest.Annotations["dev.containers.metadata"]; text != "" && len(text) <= manifestLimit {
		return text, nil
	}
	layers, err := image.Layers()
	if err != nil {
		return "", err
	}
	if len(layers) == 0 {
		return "", errors.New("it has no archive")
	}
	archive, err := layers[0].Compressed()
	if err != nil {
		return "", err
	}
	defer archive.Close()
	return manifestIn(archive)
}

func (o Options) tarball(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	client := http.Client{Transport: o.Transport}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status)
	}
	return manifestIn(response.Body)
}

// manifestIn finds the devcontainer-feature.json at the top of an archive, compressed or not. Nothing is unpacked.
func manifestIn(archive io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(archive, archiveLimit+1))
	if err != nil {
		return "", err
	}
	if len(text) > archiveLimit {
		return "", fmt.Errorf("its archive has over %d bytes", archiveLimit)
	}
	var reader io.Reader = bytes.NewReader(text)
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		if reader, err = gzip.NewReader(reader); err != nil {
			return "", err
		}
	}
	files := tar.NewReader(io.LimitReader(reader, archiveLimit))
	for {
		header, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("its archive has no devcontainer-feature.json: %w", err)
		}
		if path.Clean(header.Name) == "devcontainer-feature.json" {
			text, err := io.ReadAll(io.LimitReader(files, manifestLimit))
			return string(text), err
		}
	}
}

func (o Options) file(kind, key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(o.Cache, kind+"-"+hex.EncodeToString(sum[:])+".json")
}

func (o Options) kept(kind, key string) ([]byte, error) {
	if o.Cache == "" {
		return nil, ErrOffline
	}
	text, err := os.ReadFile(o.file(kind, key))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrOffline
	}
	return text, err
}

// keep writes an answer down, as a whole or not at all. A cache that cannot be written is none.
func (o Options) keep(kind, key string, text []byte) {
	if o.Cache == "" || os.MkdirAll(o.Cache, 0o755) != nil {
		return
	}
	file, err := os.CreateTemp(o.Cache, ".answer-*")
	if err != nil {
		return
	}
	_, err = file.Write(text)
	if errors.Join(err, file.Close()) != nil || os.Rename(file.Name(), o.file(kind, key)) != nil {
		_ = os.Remove(file.Name()) // the next run asks again
	}
}
