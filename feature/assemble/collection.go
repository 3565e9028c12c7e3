package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// publicRegistry is where the feature is published: `devcontainer features publish -r ghcr.io -n dcverify/dcverify` adds the
// feature's id to it, which makes the reference ghcr.io/dcverify/dcverify/dcverify.
const publicRegistry = "ghcr.io/dcverify/dcverify"

// marker is the file by which assemble knows its own output again, and may empty it.
const marker = ".assembled"

// collection is one folder to be laid out.
type collection struct {
	repo     string // top of the repository
	output   string
	registry string // registry and namespace that the templates refer to
	version  string // of the feature, and so of the binaries
	offline  bool   // no installsAfter
}

// manifestVersion reads the one place where the feature's version stands.
func manifestVersion(repo string) (string, error) {
	text, err := os.ReadFile(filepath.Join(repo, "devcontainer-feature.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("no devcontainer-feature.json here: run assemble at the top of the repository")
	}
	if err != nil {
		return "", err
	}
	var manifest struct{ Version string }
	if err := json.Unmarshal(text, &manifest); err != nil {
		return "", fmt.Errorf("devcontainer-feature.json: %w", err)
	}
	if manifest.Version == "" {
		return "", fmt.Errorf("devcontainer-feature.json has no version")
	}
	return manifest.Version, nil
}

func (c *collection) assemble(ctx context.Context) error {
	if err := c.claim(); err != nil {
		return err
	}
	packed, err := c.build(ctx)
	if err != nil {
		return err
	}

	// What left the repository must leave the collection; only the cache of the binaries stays.
	for _, dir := range []string{"src", "test", "templates"} {
		if err := os.RemoveAll(filepath.Join(c.output, dir)); err != nil {
			return err
		}
	}
	feature := filepath.Join(c.output, "src", "dcverify")
	if err := os.MkdirAll(feature, 0o755); err != nil {
		return err
	}
	if err := copyFile(filepath.Join(feature, "devcontainer-feature.json"), filepath.Join(c.repo, "devcontainer-feature.json"), c.manifest); err != nil {
		return err
	}
	for _, file := range []string{
		"feature/install.sh", "feature/on-create.sh", "feature/on-attach.sh", "feature/README.md",
	} {
		if err := copyFile(filepath.Join(feature, filepath.Base(file)), filepath.Join(c.repo, file), nil); err != nil {
			return err
		}
	}
	for _, file := range packed {
		if err := copyFile(filepath.Join(feature, filepath.Base(file)), file, nil); err != nil {
			return err
		}
	}
	if err := copyTree(filepath.Join(c.output, "test", "dcverify"), filepath.Join(c.repo, "test", "dcverify"), nil); err != nil {
		return err
	}
	return c.templates()
}

// installsAfter is that property of the manifest, up to the next one.
var installsAfter = regexp.MustCompile(`"installsAfter": \[[^]]*\],\s*`)

// manifest is the manifest as published, or without installsAfter: the CLI fetches the manifest of each feature named there,
// used or not, and gives up when it cannot.
func (c *collection) manifest(text string) string {
	if c.offline {
		return installsAfter.ReplaceAllString(text, "")
	}
	return text
}

// claim makes the output folder, or makes sure that what is in it came from here.
func (c *collection) claim() error {
	if err := os.MkdirAll(c.output, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.output)
	if err != nil {
		return err
	}
	mark := filepath.Join(c.output, marker)
	if _, err := os.Lstat(mark); err != nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty and not made by assemble: give another --output", c.output)
	}
	return os.WriteFile(mark, []byte("Made by feature/assemble, which empties this folder each time.\n"), 0o644)
}

// templates copies the templates, with the feature's public place replaced by the one that this collection goes to.
func (c *collection) templates() error {
	const public = publicRegistry + "/dcverify:"
	referring := 0
	err := copyTree(filepath.Join(c.output, "templates", "src"), filepath.Join(c.repo, "devcontainer-templates", "src"),
		func(text string) string {
			if strings.Contains(text, public) {
				referring++
			}
			return strings.ReplaceAll(text, public, c.registry+"/dcverify:")
		})
	if err == nil && referring == 0 {
		err = fmt.Errorf("no template refers to %s: has the feature moved?", public)
	}
	return err
}

// copyTree copies a folder; edit, where given, changes the text of each file on its way.
func copyTree(to, from string, edit func(string) string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch target := filepath.Join(to, rel); {
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is neither a file nor a folder", path) // a link would point elsewhere from the copy
		default:
			return copyFile(target, path, edit)
		}
	})
}

// copyFile copies a file. Of its mode only the executable bit is kept, so that the collection does not depend on a umask.
func copyFile(to, from string, edit func(string) string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if edit != nil {
		text = []byte(edit(string(text)))
	}
	mode := fs.FileMode(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	if err := os.WriteFile(to, text, mode); err != nil {
		return err
	}
	return os.Chmod(to, mode)
}
