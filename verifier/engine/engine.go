// Package engine talks to Docker and the engines that speak its language.
//
// Its one rule: nothing of an image is started. Files are read from a container that is created, never runs, and is
// removed before the function that made it returns, whatever happens.
package engine

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dcverify/dcverify/verifier/image"
)

// API is what this package asks of an engine; *client.Client has it. There is no way to start anything through it.
type API interface {
	DaemonHost() string
	ClientVersion() string
	ImageInspect(ctx context.Context, ref string, options ...client.ImageInspectOption) (dockerimage.InspectResponse, error)
	ImageHistory(ctx context.Context, ref string, options ...client.ImageHistoryOption) ([]dockerimage.HistoryResponseItem, error)
	ContainerCreate(ctx context.Context, config *container.Config, host *container.HostConfig, net *network.NetworkingConfig, platform *ocispec.Platform, name string) (container.CreateResponse, error)
	ContainerStatPath(ctx context.Context, name, path string) (container.PathStat, error)
	CopyFromContainer(ctx context.Context, name, path string) (io.ReadCloser, container.PathStat, error)
	ContainerRemove(ctx context.Context, name string, options container.RemoveOptions) error
	Close() error
}

// Engine is one engine. Its methods may be called from several goroutines.
type Engine struct {
	api API
}

// New is an engine behind the given interface; [Connect] finds a real one.
func New(api API) *Engine { return &Engine{api: api} }

// Close gives the connections back.
func (e *Engine) Close() error { return e.api.Close() }

// Image reads everything about an image that matters to Go. An image that the engine does not have is an *[ErrNoImage];
// an engine that went away meanwhile is an *[ErrAway].
func (e *Engine) Image(ctx context.Context, ref string) (image.Image, error) {
	img, err := e.image(ctx, ref)
	if client.IsErrConnectionFailed(err) && ctx.Err() == nil {
		err = &ErrAway{Tried: []Attempt{{Address: e.api.DaemonHost(), Err: err}}}
	}
	if err != nil {
		return image.Image{}, err
	}
	return img, nil
}

func (e *Engine) image(ctx context.Context, ref string) (image.Image, error) {
	inspected, err := e.api.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) || errdefs.IsInvalidArgument(err) { // a name that no image can have is not pulled either
		return image.Image{}, &ErrNoImage{Reference: ref, Err: err}
	}
	if err != nil {
		return image.Image{}, fmt.Errorf("inspecting image %s: %w", ref, err)
	}
	img := describe(ref, inspected)
	// From here on the image is asked for by its id: the name may come to mean another one at any time.
	history, err := e.api.ImageHistory(ctx, img.ID)
	if err != nil {
		return image.Image{}, fmt.Errorf("reading the history of image %s: %w", ref, err)
	}
	img.History = steps(history)
	platform := &ocispec.Platform{OS: inspected.Os, Architecture: inspected.Architecture, Variant: inspected.Variant}
	img.Files, err = e.files(ctx, img, platform)
	if err != nil {
		return image.Image{}, fmt.Errorf("reading the files of image %s: %w", ref, err)
	}
	return img, nil
}

func describe(ref string, inspected dockerimage.InspectResponse) image.Image {
	img := image.Image{Reference: ref, ID: inspected.ID, OS: inspected.Os, Architecture: inspected.Architecture}
	img.Created, _ = time.Parse(time.RFC3339Nano, inspected.Created) // reproducible builds may have none
	if config := inspected.Config; config != nil {
		img.Env, img.User, img.WorkingDir, img.Labels = config.Env, config.User, config.WorkingDir, config.Labels
	}
	return img
}

// steps turns the engine's history, newest first, into the image's, oldest first. The engine does not tell which steps
// made no layer; those have no size.
func steps(history []dockerimage.HistoryResponseItem) []image.Step {
	var result []image.Step
	for _, item := range slices.Backward(history) {
		step := image.Step{CreatedBy: item.CreatedBy, Empty: item.Size == 0}
		if item.Created > 0 {
			step.Created = time.Unix(item.Created, 0).UTC()
		}
		result = append(result, step)
	}
	return result
}
