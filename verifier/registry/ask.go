package registry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/dcverify/dcverify/verifier/dockerfile"
)

// remote is how registries are asked: with the credentials that docker has for them, and after a failure of the network
// twice again, sooner than the library would, since somebody waits.
func (o Options) remote(ctx context.Context) []remote.Option {
	options := []remote.Option{
		remote.WithContext(ctx),
		remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithRetryBackoff(remote.Backoff{Duration: 100 * time.Millisecond, Factor: 3, Steps: 3}),
	}
	if o.Transport != nil {
		options = append(options, remote.WithTransport(o.Transport))
	}
	return options
}

func (o Options) image(ctx context.Context, ref name.Reference) (dockerfile.Base, error) {
	answer, err := remote.Get(ref, o.remote(ctx)...)
	if err != nil {
		return dockerfile.Base{}, err
	}
	if !answer.MediaType.IsIndex() {
		image, err := answer.Image()
		if err != nil {
			return dockerfile.Base{}, err
		}
		return configuration(image)
	}
	index, err := answer.ImageIndex()
	if err != nil {
		return dockerfile.Base{}, err
	}
	image, err := inside(index, indexDepth)
	if err != nil {
		return dockerfile.Base{}, err
	}
	return configuration(image)
}

// artifact reads a feature from a registry: its manifest has the metadata as an annotation, and older ones only the archive.
func (o Options) artifact(ctx context.Context, reference string) (string, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return "", err
	}
	image, err := remote.Image(ref, o.remote(ctx)...)
	if refused, ok := errors.AsType[*transport.Error](err); ok && refused.StatusCode == http.StatusNotFound {
		return "", absent{err.Error()}
	}
	if err != nil {
		return "", err
	}
	manifest, err := image.Manifest()
	if err != nil {
		return "", err
	}
	if manifest.Config.MediaType != featureType {
		return "", absent{"what is there is no feature, but of the type " + string(manifest.Config.MediaType)}
	}
	if text := manifest.Annotations["dev.containers.metadata"]; text != "" && len(text) <= manifestLimit {
		return text, nil
	}
	if len(manifest.Layers) == 0 {
		return "", errors.New("it has no archive")
	}
	if manifest.Layers[0].Size > archiveLimit {
		return "", fmt.Errorf(largeArchive, archiveLimit)
	}
	layer, err := image.LayerByDigest(manifest.Layers[0].Digest)
	if err != nil {
		return "", err
	}
	archive, err := layer.Compressed()
	if err != nil {
		return "", err
	}
	defer archive.Close()
	return manifestIn(archive)
}

// featureType is how a manifest says that it is one of a feature: the reference CLI takes no other
// (src/spec-configuration/containerCollectionsOCI.ts, fetchOCIManifestIfExists).
const featureType = "application/vnd.devcontainers"

// absent is the error of a feature that is not there, as who was asked for it has said; it is fs.ErrNotExist.
type absent struct{ why string }

func (a absent) Error() string      { return a.why }
func (absent) Is(target error) bool { return target == fs.ErrNotExist }

// tarball reads a feature from an https address. It may redirect, but never to a place that everybody on the way can change.
// Behind # may stand the digest of the archive, as a lock file has it: another archive is not the feature that is asked for.
func (o Options) tarball(ctx context.Context, address string) (string, error) {
	address, digest, _ := strings.Cut(address, "#")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", errors.New("this is no address")
	}
	client := http.Client{Transport: o.Transport, CheckRedirect: func(next *http.Request, before []*http.Request) error {
		if next.URL.Scheme != "https" {
			return fmt.Errorf("it redirects from https to %s", next.URL.Scheme)
		}
		if len(before) >= 10 { // as the usual client has it
			return errors.New("it redirects over and over")
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		if of, ok := errors.AsType[*url.Error](err); ok {
			err = of.Err // without the address, which can hold secrets
		}
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusGone {
		return "", absent{response.Status}
	}
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status)
	}
	if response.ContentLength > archiveLimit {
		return "", fmt.Errorf(largeArchive, archiveLimit)
	}
	sum := sha256.New()
	text, err := manifestIn(io.TeeReader(response.Body, sum)) // which reads it to its end
	if got := fmt.Sprintf("sha256:%x", sum.Sum(nil)); err == nil && strings.HasPrefix(digest, "sha256:") && got != digest {
		return "", absent{fmt.Sprintf("the archive there has the digest %s, not %s", got, digest)}
	}
	return text, err
}

// bare is an address without its user, query and fragment.
func bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "at an https address"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
