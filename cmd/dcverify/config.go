package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dcverify/dcverify/verifier"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/engine"
	"github.com/dcverify/dcverify/verifier/registry"
	"github.com/dcverify/dcverify/verifier/report"
	"github.com/dcverify/dcverify/verifier/resolve"
)

func newConfig(sys system) *cobra.Command {
	var f flags
	var d declared
	cmd := &cobra.Command{
		Use:   "config [DIR]",
		Short: "Judge the dev container that the files of a project declare, without Docker",
		Long: `config reads devcontainer.json, the Dockerfile, compose files, features, go.mod and the editor's settings of a
project, works out what every process of its dev container will see, and asks every check that files can answer.
Nothing of the project is run and no file outside of DIR is read. The configuration of the base image comes from the
local engine if it has the image and answers at once, from the cache, with --online from the registry, and otherwise
from dcverify's own table of well-known images; what is assumed is marked so.`,
		Example: "  dcverify config\n  dcverify config --config .devcontainer/go/devcontainer.json ~/src/app\n  dcverify config --format json --fail-on warning .",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, folders []string) error {
			if err := f.check(); err != nil {
				return err
			}
			selected, err := f.selected("S")
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
			defer cancel()
			workspace, options, done, err := d.open(ctx, sys, folders)
			if err != nil {
				return err
			}
			defer done()
			result := verifier.Config(ctx, workspace, options, verifier.Options{Checks: selected, FailOn: report.FailOn(f.failOn)})
			if err := f.write(sys, result); err != nil {
				return err
			}
			return exit(result)
		},
	}
	d.register(cmd)
	f.register(cmd, time.Minute)
	return cmd
}

// declared is what the commands share that read the files of a project.
type declared struct {
	config string
	online bool
	engine bool
	layout string
}

func (d *declared) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.config, "config", "", "the devcontainer.json to judge, where a project has several")
	cmd.Flags().BoolVar(&d.online, "online", false, "ask registries for images and features that are not at hand")
	cmd.Flags().StringVar(&d.layout, "oci-layout", "", "folder of an OCI image layout that is asked for base images")
	cmd.Flags().BoolVar(&d.engine, "engine", true, "ask the local engine for images, if one answers at once")
}

// open finds the project's configuration and everything that may be asked about it. The caller calls done at the end.
func (d *declared) open(ctx context.Context, sys system, folders []string) (workspace fs.FS, options resolve.Options, done func(), err error) {
	name := "."
	if len(folders) > 0 {
		name = folders[0]
	}
	absolute, err := folder(name)
	if err != nil {
		return nil, options, nil, err
	}
	root, err := os.OpenRoot(absolute) // which refuses whatever leads out of it
	if err != nil {
		return nil, options, nil, err
	}
	workspace = root.FS()
	chosen, err := d.choose(workspace, absolute)
	if err == nil && d.layout != "" {
		if _, err = os.Stat(filepath.Join(d.layout, "index.json")); err != nil {
			err = fmt.Errorf("--oci-layout: %w", err)
		}
	}
	if err != nil {
		_ = root.Close()
		return nil, options, nil, err
	}
	// A dev container further down is the project of its own folder, which is what an editor opens.
	project := filepath.Join(absolute, filepath.FromSlash(devcontainer.ProjectFolder(chosen)))
	asked := newAsked(ctx, sys, *d)
	options = resolve.Options{
		Config: chosen,
		Host:   devcontainer.Host{Env: sys.env(), Workspace: project, Mounted: mounted(project), Config: filepath.Join(absolute, chosen)},
		Image:  asked.image, Feature: asked.feature,
	}
	return workspace, options, func() { asked.close(); _ = root.Close() }, nil
}

// choose is the devcontainer.json of a project: the one that was named, or the one that there is.
func (d *declared) choose(workspace fs.FS, absolute string) (string, error) {
	if d.config != "" {
		name := d.config
		if filepath.IsAbs(name) {
			inside, err := filepath.Rel(absolute, name)
			if err != nil || !filepath.IsLocal(inside) {
				return "", fmt.Errorf("--config: %s lies outside of %s", name, absolute)
			}
			name = inside
		}
		name = path.Clean(filepath.ToSlash(name))
		if info, err := fs.Stat(workspace, name); err != nil {
			return "", fmt.Errorf("--config: %w", err)
		} else if !info.Mode().IsRegular() {
			return "", fmt.Errorf("--config: %s is no file", name)
		}
		return name, nil
	}
	found := devcontainer.Find(workspace)
	switch {
	case len(found) == 0:
		return "", fmt.Errorf("%s has no devcontainer.json: neither %s nor .devcontainer/NAME/devcontainer.json", absolute, strings.Join(devcontainer.Files, " nor "))
	case len(found) == 1, found[0] == devcontainer.Files[0], found[0] == devcontainer.Files[1]:
		return found[0], nil
	}
	return "", fmt.Errorf("%s has several dev containers; pick one with --config: %s", absolute, strings.Join(found, ", "))
}

// mounted is the folder that dev container tools mount: the git repository around the workspace, or the workspace.
func mounted(workspace string) string {
	for folder := workspace; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, ".git")); err == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			return workspace
		}
	}
}

// atOnce is how long an engine may take that nobody asked for by name.
const atOnce = 500 * time.Millisecond

// asked is everybody who is asked about images and features, in this order: the engine, an OCI layout, and then the registry
// with leave or the cache without.
type asked struct {
	ctx    context.Context
	sys    system
	docker *engine.Engine
	ask    bool // whether the engine is still to be asked

	elsewhere registry.Options
}

func newAsked(ctx context.Context, sys system, d declared) *asked {
	cache := registry.DefaultCache(sys.env())
	return &asked{ctx: ctx, sys: sys, ask: d.engine, elsewhere: registry.Options{Online: d.online, Cache: cache, Layout: d.layout}}
}

func (a *asked) image(reference string) (dockerfile.Base, string, bool) {
	if a.ask {
		a.ask = false
		env := a.sys.env()
		ctx, cancel := context.WithTimeout(a.ctx, atOnce)
		defer cancel()
		if docker, err := engine.Connect(ctx, func(name string) string { return env[name] }); err == nil {
			a.docker = docker
		}
	}
	if a.docker != nil {
		ctx, cancel := context.WithTimeout(a.ctx, atOnce)
		defer cancel()
		if config, ok := a.docker.Config(ctx, reference); ok {
			return config, "engine", true
		}
	}
	config, from, err := registry.Image(a.ctx, reference, a.elsewhere)
	return config, from, err == nil
}

func (a *asked) feature(address string) (string, error) {
	return registry.Feature(a.ctx, address, a.elsewhere)
}

func (a *asked) close() {
	if a.docker != nil {
		_ = a.docker.Close()
	}
}
