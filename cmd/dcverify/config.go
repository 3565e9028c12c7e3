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
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/registry"
	"github.com/dcverify/dcverify/verifier/report"
	"github.com/dcverify/dcverify/verifier/resolve"
	"github.com/dcverify/dcverify/verifier/source"
)

func newConfig(sys system) *cobra.Command {
	var f flags
	var d declared
	cmd := &cobra.Command{
		Use:   "config [DIR]",
		Short: "Judge the dev container that the files of a project declare, without Docker",
		Long: `config reads devcontainer.json, the Dockerfile, compose files, features, go.mod and the editor's settings of a
project, works out what every process of its dev container will see, and asks every check that files can answer.
DIR is the project's folder, or a devcontainer.json in it; without it the folder that config runs in is meant.
Nothing of the project is run and no file outside of it is read. The configuration of the base image comes from the
local engine if it has the image and answers at once, from the cache, with --online from the registry, and otherwise
from dcverify's own table of well-known images; what is assumed is marked so.`,
		Example: "  dcverify config\n  dcverify config --config .devcontainer/go/devcontainer.json ~/src/app\n  dcverify config --format json --fail-on warning .",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			project := "."
			if len(args) > 0 {
				project = args[0]
			}
			if err := f.check(); err != nil {
				return err
			}
			selected, err := f.selected("S")
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
			defer cancel()
			shown := startProgress(ctx, sys, f.quiet, f.verbose)
			defer shown.stop()
			workspace, options, asked, err := d.open(ctx, sys, project, shown.say)
			if err != nil {
				return err
			}
			defer asked.close()
			result := verifier.Config(ctx, workspace, options, verifier.Options{Checks: selected, FailOn: report.FailOn(f.failOn), Timeout: f.timeout})
			shown.stop()
			if err := f.finish(sys, result); err != nil {
				return err
			}
			if asked.away && result.Summary.Skipped > 0 && !d.online && !f.quiet {
				fmt.Fprintln(sys.stderr, "dcverify: --online asks the registries for what is not at hand")
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

// open finds a project's configuration and whoever may be asked about it. The project is named by its folder, or by the
// devcontainer.json itself, and is the folder above .devcontainer then. The caller closes asked at the end.
func (d *declared) open(ctx context.Context, sys system, project string, say func(string)) (fs.FS, resolve.Options, *asked, error) {
	if info, err := os.Stat(project); err == nil && info.Mode().IsRegular() {
		if d.config != "" {
			return nil, resolve.Options{}, nil, fmt.Errorf("%s and --config both name a devcontainer.json", project)
		}
		if d.config, err = filepath.Abs(project); err != nil {
			return nil, resolve.Options{}, nil, err
		}
		project = filepath.FromSlash(devcontainer.ProjectFolder(filepath.ToSlash(d.config)))
	}
	absolute, err := folder(project)
	if err != nil {
		return nil, resolve.Options{}, nil, err
	}
	if d.layout != "" {
		if _, err := os.Stat(filepath.Join(d.layout, "index.json")); err != nil {
			return nil, resolve.Options{}, nil, fmt.Errorf("--oci-layout %s is no OCI layout: it has no index.json", d.layout)
		}
	}
	root, err := os.OpenRoot(absolute) // which refuses whatever leads out of it
	if err != nil {
		return nil, resolve.Options{}, nil, err
	}
	workspace := source.Workspace(root.FS())
	chosen, err := d.choose(workspace, absolute)
	if err != nil {
		_ = root.Close()
		return nil, resolve.Options{}, nil, err
	}
	// A dev container further down is the project of its own folder, which is what an editor opens.
	opened := filepath.Join(absolute, filepath.FromSlash(devcontainer.ProjectFolder(chosen)))
	asked := &asked{ctx: ctx, env: sys.env(), say: say, root: root, ask: d.engine}
	asked.elsewhere = registry.Options{Online: d.online, Cache: registry.DefaultCache(asked.env), Layout: d.layout}
	return workspace, resolve.Options{
		Config: chosen,
		Host:   devcontainer.Host{Env: asked.env, Workspace: opened, Mounted: mounted(opened), Config: filepath.Join(absolute, chosen)},
		Image:  asked.image, Feature: asked.feature,
	}, asked, nil
}

// choose is the devcontainer.json of a project: the one that was named, or the one that there is.
func (d *declared) choose(workspace fs.FS, absolute string) (string, error) {
	if d.config != "" {
		name := d.config
		if filepath.IsAbs(name) {
			if inside, err := filepath.Rel(absolute, name); err == nil {
				name = inside
			}
		}
		if !filepath.IsLocal(name) {
			return "", fmt.Errorf("--config %s lies outside of %s", d.config, absolute)
		}
		name = path.Clean(filepath.ToSlash(name))
		if info, err := fs.Stat(workspace, name); err != nil {
			return "", fmt.Errorf("--config %s: %w", d.config, reason(err))
		} else if !info.Mode().IsRegular() {
			return "", fmt.Errorf("--config %s is no file", d.config)
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
	ctx       context.Context
	env       goenv.Environ
	say       func(string)
	root      *os.Root // of the project
	docker    *engine.Engine
	ask       bool // whether the engine is still to be asked
	elsewhere registry.Options
	away      bool // whether something was asked for that nobody has
}

func (a *asked) image(reference string) (dockerfile.Base, string, bool) {
	a.say("reading the image " + reference)
	if a.ask {
		a.ask = false
		ctx, cancel := context.WithTimeout(a.ctx, atOnce)
		defer cancel()
		if docker, err := engine.Connect(ctx, func(name string) string { return a.env[name] }); err == nil {
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
	a.away = a.away || err != nil
	return config, from, err == nil
}

func (a *asked) feature(address string) (string, error) {
	a.say("reading the feature " + address)
	manifest, err := registry.Feature(a.ctx, address, a.elsewhere)
	a.away = a.away || err != nil
	return manifest, err
}

func (a *asked) close() {
	if a.docker != nil {
		_ = a.docker.Close()
	}
	_ = a.root.Close()
}
