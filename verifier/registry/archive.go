package registry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// manifestLimit is the size in bytes of the largest manifest of a feature that is read, and archiveLimit that of the largest
// archive that is looked through for it, packed and unpacked.
const (
	manifestLimit = 1 << 20
	archiveLimit  = 64 << 20
)

var errLarge = fmt.Errorf("its archive has over %d bytes", archiveLimit)

// manifestIn finds the devcontainer-feature.json at the top of an archive, compressed or not. Nothing is unpacked to disk,
// and names that lead elsewhere are just other names.
//
// The archive is read to its end first: only then has the reader of a registry's blob compared the digest.
func manifestIn(archive io.Reader) (string, error) {
	packed, err := io.ReadAll(io.LimitReader(archive, archiveLimit+1))
	if err != nil {
		return "", fmt.Errorf("its archive: %w", err)
	}
	if len(packed) > archiveLimit {
		return "", errLarge
	}
	var reader io.Reader = bytes.NewReader(packed)
	if bytes.HasPrefix(packed, []byte{0x1f, 0x8b}) {
		if reader, err = gzip.NewReader(reader); err != nil {
			return "", fmt.Errorf("its archive: %w", err)
		}
	}
	unpacked := &io.LimitedReader{R: reader, N: archiveLimit}
	files := tar.NewReader(unpacked)
	for {
		header, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return "", errors.New("its archive has no devcontainer-feature.json")
		case err != nil && unpacked.N == 0:
			return "", errLarge
		case err != nil:
			return "", fmt.Errorf("its archive: %w", err)
		}
		if header.Typeflag != tar.TypeReg || strings.TrimPrefix(header.Name, "./") != "devcontainer-feature.json" {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(files, manifestLimit+1))
		if err != nil {
			return "", fmt.Errorf("its devcontainer-feature.json: %w", err)
		}
		if len(text) > manifestLimit {
			return "", fmt.Errorf("its devcontainer-feature.json has over %d bytes", manifestLimit)
		}
		return string(text), nil
	}
}
