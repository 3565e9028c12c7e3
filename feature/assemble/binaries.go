package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// architectures are those that install.sh knows by `uname -m`.
var architectures = []string{"amd64", "arm64"}

// versionVariable is what `dcverify version` prints.
const versionVariable = "github.com/dcverify/dcverify/verifier.version"

// build makes the packed binaries and the list of their checksums, and returns those files.
//
// They stay in DIR/.build between runs: go sees there that a binary is up to date and does not link it again, and an
// unchanged binary is not packed again.
func (c *collection) build(ctx context.Context) ([]string, error) {
	cache := filepath.Join(c.output, ".build")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	list := filepath.Join(cache, "SHA256SUMS")
	before, err := os.ReadFile(list)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	// The list stands for "all below is whole", so it goes before anything is touched and comes back at the end.
	if err := os.RemoveAll(list); err != nil {
		return nil, err
	}

	lines := make([]string, len(architectures)) // of SHA256SUMS
	errs := make([]error, len(architectures))
	var both sync.WaitGroup
	for i, arch := range architectures {
		both.Go(func() { lines[i], errs[i] = c.binary(ctx, cache, arch, string(before)) })
	}
	both.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := os.WriteFile(list, []byte(strings.Join(lines, "")), 0o644); err != nil {
		return nil, err
	}
	files := []string{list}
	for _, arch := range architectures {
		files = append(files, filepath.Join(cache, binaryName(arch)+".gz"))
	}
	return files, nil
}

func binaryName(arch string) string { return "dcverify-linux-" + arch }

// binary builds and packs one binary and returns its line for SHA256SUMS, which is of the unpacked file. It packs nothing
// where that line stands in before.
func (c *collection) binary(ctx context.Context, cache, arch, before string) (string, error) {
	path, err := filepath.Abs(filepath.Join(cache, binaryName(arch)))
	if err != nil {
		return "", err
	}
	// What is published must come out the same on every machine and run on every machine, whatever is set on this one.
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X "+versionVariable+"="+c.version, "-o", path, "./cmd/dcverify")
	cmd.Dir = c.repo
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch,
		"GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building for linux/%s: %w\n%s", arch, err, out)
	}
	if err := c.checkVersion(ctx, path, arch); err != nil {
		return "", err
	}

	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line := fmt.Sprintf("%x  %s\n", sha256.Sum256(text), binaryName(arch))
	if strings.Contains(before, line) {
		return line, nil
	}
	return line, pack(path+".gz", text)
}

// checkVersion runs the binary where this machine can. The linker says nothing when -X names a variable that does not exist.
func (c *collection) checkVersion(ctx context.Context, path, arch string) error {
	if runtime.GOOS != "linux" || runtime.GOARCH != arch {
		return nil
	}
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return fmt.Errorf("%s version: %w", filepath.Base(path), err)
	}
	if !strings.Contains(string(out), c.version) {
		return fmt.Errorf("%s version says %q, not %s: is %s still the variable?",
			filepath.Base(path), bytes.TrimSpace(out), c.version, versionVariable)
	}
	return nil
}

// pack writes a gzip file that holds no name and no time, so that equal binaries make equal features.
func pack(path string, text []byte) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w, err := gzip.NewWriterLevel(file, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, bytes.NewReader(text)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return file.Close()
}
