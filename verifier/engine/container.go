package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/versions"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dcverify/dcverify/verifier/image"
)

const (
	createDeadline = time.Minute // an image with VOLUMEs has them copied
	removeDeadline = 10 * time.Second
)

// Label marks the containers that dcverify creates. None outlives its function; if the machine itself dies,
// `docker rm -v $(docker ps -aqf label=dcverify)` removes what is left.
const Label = "dcverify"

// files creates a container of the image, reads its files, and removes it.
func (e *Engine) files(ctx context.Context, img image.Image, platform *ocispec.Platform) (files image.Files, err error) {
	if ctx.Err() != nil {
		return image.Files{}, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	}
	name := "dcverify-" + strings.ToLower(rand.Text()[:16])
	// Before it is created: a create that fails or is late may have made it all the same.
	defer func() { err = errors.Join(err, e.remove(ctx, name)) }()
	if err := e.create(ctx, name, img, platform); err != nil {
		return image.Files{}, err
	}
	view := newFileSystem(e.api, name)
	files, err = read(ctx, view, img)
	switch {
	case err != nil && ctx.Err() != nil: // whatever was under way, with the address that was asked
		return image.Files{}, fmt.Errorf("interrupted: %w", context.Cause(ctx))
	case err != nil:
		return image.Files{}, err
	}
	// The engine says "not found" for a path that is not there and for a container that is not there alike.
	if err := view.alive(ctx); err != nil {
		return image.Files{}, err
	}
	return files, nil
}

// create makes the container. It is not interrupted: an engine that is left in the middle of it may finish after the
// container was asked to go, and then nobody would remove it.
func (e *Engine) create(ctx context.Context, name string, img image.Image, platform *ocispec.Platform) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createDeadline)
	defer cancel()
	config := &container.Config{
		Image:      img.ID,
		Entrypoint: []string{"/dcverify-never-starts-this"}, // engines want one, also for an image without a command
		WorkingDir: "/",                                     // else the image's is made where it is missing, as root's
		Labels:     map[string]string{Label: "read"},
	}
	host := &container.HostConfig{NetworkMode: "none"}
	if platform.OS == "" || platform.Architecture == "" || versions.LessThan(e.api.ClientVersion(), "1.41") {
		platform = nil // older engines have one platform an image, and take no wish
	}
	if _, err := e.api.ContainerCreate(ctx, config, host, nil, platform, name); err != nil {
		return fmt.Errorf("creating container %s to read files from: %w", name, err)
	}
	return nil
}

// remove takes the container away with the volumes that came with it, also after ctrl-C.
func (e *Engine) remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeDeadline)
	defer cancel()
	err := e.api.ContainerRemove(ctx, name, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("removing container %s (it never ran; `docker rm -v %s` removes it): %w", name, name, err)
	}
	return nil
}
