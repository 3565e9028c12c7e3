// Package registry gets the configurations of images and the manifests of features from an OCI image layout, from its
// cache and from registries, and keeps what registries answered.
//
// Its one rule: without leave it touches no network; what it once learned it answers from its cache.
package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/dcverify/dcverify/verifier/dockerfile"
)

// Options says where to ask.
type Options struct {
	Online    bool              // registries may be asked
	Layout    string            // folder of an OCI image layout that is asked for images first; empty for none
	Cache     string            // folder of earlier answers; empty for none
	Transport http.RoundTripper // nil for the usual one
}

// patience is how long one question to a registry may take, with all its requests.
const patience = 20 * time.Second

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

// Image is the configuration of an image for linux on amd64, and where it comes from: "oci layout PATH", "registry" or
// "cache of 2006-01-02". An image that is there for one other platform only is taken as it is. References are those of
// docker: golang:1.26 is docker.io/library/golang:1.26. Registries on this machine are asked over plain HTTP.
//
// With Online the registry is asked even for what is in the cache, since tags move.
func Image(ctx context.Context, reference string, o Options) (dockerfile.Base, string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return dockerfile.Base{}, "", err
	}
	if o.Layout != "" {
		base, found, err := layoutImage(o.Layout, reference, ref)
		if err != nil {
			return dockerfile.Base{}, "", fmt.Errorf("reading the oci layout %s: %w", o.Layout, err)
		}
		if found {
			return base, "oci layout " + o.Layout, nil
		}
	}
	if !o.Online {
		var base dockerfile.Base
		asked, ok := o.kept("image", ref.Name(), ref.Name(), &base)
		if !ok {
			return dockerfile.Base{}, "", ErrOffline
		}
		return base, "cache of " + asked, nil
	}
	var base dockerfile.Base
	err = patiently(ctx, func(ctx context.Context) (err error) {
		base, err = o.image(ctx, ref)
		return err
	})
	if err != nil {
		return dockerfile.Base{}, "", fmt.Errorf("asking the registry for %s: %w", reference, err)
	}
	o.keep("image", ref.Name(), ref.Name(), base)
	return base, "registry", nil
}

// Feature is the devcontainer-feature.json of a feature in a registry, or of a tarball at an https address. The error is
// fs.ErrNotExist where whoever was asked says that there is none.
func Feature(ctx context.Context, reference string, o Options) (string, error) {
	// Only part of an address may be shown and written down: its user and its query can hold secrets.
	shown := reference
	web := strings.HasPrefix(reference, "https://")
	if web {
		shown = bare(reference)
	}
	if !o.Online {
		// A text is kept as a string, since a manifest that is broken or has comments is an answer too.
		var text string
		if _, ok := o.kept("feature", reference, shown, &text); !ok {
			return "", ErrOffline
		}
		return text, nil
	}
	var text string
	err := patiently(ctx, func(ctx context.Context) (err error) {
		if web {
			text, err = o.tarball(ctx, reference)
		} else {
			text, err = o.artifact(ctx, reference)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("asking for the feature %s: %w", shown, err)
	}
	o.keep("feature", reference, shown, text)
	return text, nil
}

// patiently asks a question within its time, whatever time the caller has beyond it.
func patiently(parent context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(parent, patience)
	defer cancel()
	err := ask(ctx)
	if err != nil && parent.Err() == nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s: %w", patience, context.DeadlineExceeded)
	}
	return err
}

// configLimit is the size in bytes of the largest configuration of an image that is read.
const configLimit = 8 << 20

// configuration is what a build takes over from an image.
func configuration(image v1.Image) (dockerfile.Base, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return dockerfile.Base{}, err
	}
	if size := manifest.Config.Size; size < 0 || size > configLimit {
		return dockerfile.Base{}, fmt.Errorf("its configuration has over %d bytes", configLimit)
	}
	text, err := image.RawConfigFile()
	if err != nil {
		return dockerfile.Base{}, err
	}
	var file v1.ConfigFile
	if err := json.Unmarshal(text, &file); err != nil {
		return dockerfile.Base{}, fmt.Errorf("its configuration: %w", err)
	}
	c := file.Config
	return dockerfile.Base{
		Env: c.Env, User: c.User, Workdir: c.WorkingDir, Shell: c.Shell, OnBuild: c.OnBuild, Labels: c.Labels,
	}, nil
}

// pick finds the image for linux on amd64 in an index, or the only image there is. An entry without a platform is for
// linux on amd64, as go-containerregistry has it. The attestations that BuildKit lays beside images (platform
// unknown/unknown) are none.
func pick(entries []v1.Descriptor) (v1.Descriptor, bool) {
	images := imagesOf(entries)
	for _, d := range images {
		if d.Platform == nil || d.Platform.OS == "linux" && d.Platform.Architecture == "amd64" {
			return d, true
		}
	}
	if len(images) == 1 {
		return images[0], true
	}
	return v1.Descriptor{}, false
}

func imagesOf(entries []v1.Descriptor) []v1.Descriptor {
	var images []v1.Descriptor
	for _, d := range entries {
		if (d.MediaType.IsImage() || d.MediaType.IsIndex()) && (d.Platform == nil || d.Platform.OS != "unknown") {
			images = append(images, d)
		}
	}
	return images
}

// indexDepth is how many indexes may stand in each other.
const indexDepth = 4

// inside is the image for linux on amd64 of an index, also of an index within it.
func inside(index v1.ImageIndex, depth int) (v1.Image, error) {
	if depth == 0 {
		return nil, fmt.Errorf("over %d indexes stand in each other", indexDepth)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	entry, ok := pick(manifest.Manifests)
	if !ok {
		return nil, errors.New("it has no image for linux/amd64")
	}
	return entryOf(index, entry, depth)
}

// entryOf is the image that an entry of an index stands for.
func entryOf(index v1.ImageIndex, entry v1.Descriptor, depth int) (v1.Image, error) {
	if !entry.MediaType.IsIndex() {
		return index.Image(entry.Digest)
	}
	below, err := index.ImageIndex(entry.Digest)
	if err != nil {
		return nil, err
	}
	return inside(below, depth-1)
}
