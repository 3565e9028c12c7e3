//go:build linux

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// patience is how long anything may take: a cold build of the standard library is the longest.
const patience = 3 * time.Minute

// build compiles the module with go and runs what came out.
func build(b bench) error {
	binary := filepath.Join(b.module, "built")
	if _, err := b.output("go", "build", "-o", binary, "."); err != nil {
		return err
	}
	output, err := exec.Command(binary).Output()
	if err != nil || string(output) != "gopher 42\n" {
		return fmt.Errorf("the program says %q: %v", output, err)
	}
	return nil
}

// output runs a command in the module's folder; an error holds the command's own words.
func (b bench) output(name string, args ...string) (string, error) {
	cmd, err := b.env.command(b.module, name, args...)
	if err != nil {
		return "", err
	}
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		return "", err
	}
	defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
	if err := cmd.Wait(); err != nil {
		return "", errors.New(telling(stderr.String(), err.Error()))
	}
	return stdout.String(), nil
}

// telling is the line of a tool's output that says what is wrong.
func telling(output, otherwise string) string {
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "Build Error:") || strings.HasPrefix(line, "Building ") {
			continue
		}
		return line
	}
	return otherwise
}
