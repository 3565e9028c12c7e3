package engine

import (
	"context"

	"github.com/dcverify/dcverify/verifier/dockerfile"
)

// Config is the configuration of an image that the engine has, as a build starts from it; false where the engine does not
// have it or does not answer before the context ends.
func (e *Engine) Config(ctx context.Context, reference string) (dockerfile.Base, bool) {
	inspected, err := e.api.ImageInspect(ctx, reference)
	if err != nil || inspected.Config == nil {
		return dockerfile.Base{}, false
	}
	config := inspected.Config
	return dockerfile.Base{
		Env: config.Env, User: config.User, Workdir: config.WorkingDir, Shell: config.Shell, OnBuild: config.OnBuild, Labels: config.Labels,
	}, true
}
