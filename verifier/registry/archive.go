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

const largeArchive = "its archive has over %d bytes"

// manifestIn finds the devcontainer-feature.json at the top of an archive, compressed or not. Nothing is unpacked to disk,
// and names that lead elsewhere are just other names.
//
// The archive is read to its end first: only then has the reader of a registry's blob compared the digest.
func manifestIn(archive io.Reader) (string, error) { return manifestWithin(archive, archiveLimit) }

// manifestWithin is manifestIn with another limit for the archive.
func manifestWithin(archive io.Reader, limit int64) (string, error) {
	packed, err := io.ReadAll(io.LimitReader(archive, limit+1))
	if err != nil {
		return "", fmt.Errorf("its archive: %w", err)
	}
	if int64(len(packed)) > limit {
		return "", fmt.Errorf(largeArchive, limit)
	}
	var reader io.Reader = bytes.NewReader(packed)
	if bytes.HasPrefix(packed, []byte{0x1f, 0x8b}) {
		if reader, err = gzip.NewReader(reader); err != nil {
			return "", fmt.Errorf("its archive: %w", err)
		}
	}
	unpacked := &io.LimitedReader{R: reader, N: limit}
	files := tar.NewReader(unpacked)
	for {
		header, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return "", errors.New("its archive has no devcontainer-feature.json")
		case err != nil && unpacked.N == 0:
			return "", fmt.Errorf(largeArchive, limit)
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
