package registry

import (
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/dcverify/dcverify/verifier/dockerfile"
)

// names are the annotations by which the entries of a layout's index.json are named: that of the OCI image specification
// (annotations.md), where BuildKit and skopeo write a mere tag, and that of containerd, where BuildKit writes the full name.
var names = [...]string{"org.opencontainers.image.ref.name", "io.containerd.image.name"}

// layoutImage is the configuration of the image in a layout that is named by the reference, or else of its only image,
// unless that is named in full as another one. False is for a layout that does not have the image.
func layoutImage(folder, reference string, ref name.Reference) (dockerfile.Base, bool, error) {
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return dockerfile.Base{}, false, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return dockerfile.Base{}, false, err
	}
	var named []v1.Descriptor
	for _, d := range manifest.Manifests {
		if namedBy(d, reference, ref) {
			named = append(named, d)
		}
	}
	entry, found := pick(named)
	if all := imagesOf(manifest.Manifests); !found && len(all) == 1 && !namedInFull(all[0]) {
		entry, found = all[0], true
	}
	if !found {
		return dockerfile.Base{}, false, nil
	}
	image, err := entryOf(index, entry, indexDepth)
	if err != nil {
		return dockerfile.Base{}, false, err
	}
	base, err := configuration(image)
	return base, err == nil, err
}

func namedBy(d v1.Descriptor, reference string, ref name.Reference) bool {
	for _, key := range names {
		text := d.Annotations[key]
		if text == "" {
			continue
		}
		if text == reference {
			return true
		}
		// A mere tag is no name: it would be read as that of a repository at docker.io.
		if other, err := name.ParseReference(text); err == nil && full(text) && other.Name() == ref.Name() {
			return true
		}
	}
	return false
}

func namedInFull(d v1.Descriptor) bool {
	for _, key := range names {
		if full(d.Annotations[key]) {
			return true
		}
	}
	return false
}

// full tells a name with a repository from a mere tag, which has neither a slash nor a colon.
func full(text string) bool { return strings.ContainsAny(text, "/:@") }
