// Package rig is the stage of the tests on real dev containers: the reference CLI and a real engine, which test/setup.sh
// sets up together with the images.
//
// Its one rule: what a test brings up goes away with the test, also when it fails.
package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Main passes a package's tests, or none where the machine is not set up for them; DCVERIFY_REQUIRE makes that a failure.
// What prepare makes in the folder that it is given lasts as long as the tests.
func Main(m *testing.M, prepare func(folder string) error) (status int) {
	if why := missing(); why != "" {
		if os.Getenv("DCVERIFY_REQUIRE") != "" {
			fmt.Fprintln(os.Stderr, "required, but", why)
			return 1
		}
		fmt.Fprintln(os.Stderr, "skipping the tests on real dev containers:", why, "(test/setup.sh sets everything up)")
		return 0
	}
	folder, err := os.MkdirTemp("", "dcverify-rig-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if err := prepare(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// missing says what of the machine is not set up.
func missing() string {
	if _, err := exec.LookPath("devcontainer"); err != nil {
		return "the devcontainer CLI is not installed"
	}
	if output, err := exec.Command("docker", "image", "inspect", "dcv/go:1.26").CombinedOutput(); err != nil {
		return "the engine has no image dcv/go:1.26: " + strings.TrimSpace(string(output))
	}
	return ""
}

// Prepare runs a command in a folder before the tests.
func Prepare(folder string, args ...string) error {
	if output, err := Command(context.Background(), folder, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", args, err, output)
	}
	return nil
}

// Command is a command with the builder that the engine has by itself.
func Command(ctx context.Context, folder string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Output runs a command that must succeed and returns what it printed on stdout.
func Output(t testing.TB, args ...string) string {
	t.Helper()
	stdout, stderr, status := Run(t, args...)
	if status != 0 {
		t.Fatalf("%s: exit status %d\n%s\n%s", strings.Join(args, " "), status, stdout, stderr)
	}
	return stdout
}

// Collided tells by its output whether the reference CLI failed over another of its kind: two that bring a container up in the
// same millisecond write the Dockerfile that changes the user's ID under one name, and only the first can rename it.
func Collided(stdout string) bool {
	return strings.Contains(stdout, "ENOENT") && strings.Contains(stdout, "updateUID.Dockerfile")
}

// Building is held by whoever brings a dev container up or removes images, by those who build no features for reading. Without
// buildx the reference CLI hands the files of features to the builder in an image that has one name for all builds of the machine
// (dev_container_feature_content_temp); and the builder of Docker 20.10 fails over an image of its cache that is removed meanwhile.
var Building sync.RWMutex

// Run runs a command that may fail, but must start.
func Run(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	if len(args) > 1 && args[0] == "devcontainer" && args[1] == "up" {
		Building.Lock()
		defer Building.Unlock()
	}
	stdout, stderr, status = once(t, args...)
	if status != 0 && args[0] == "devcontainer" && Collided(stdout) {
		stdout, stderr, status = once(t, args...)
	}
	return stdout, stderr, status
}

func once(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := Command(t.Context(), "", args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		status = exit.ExitCode()
	case err != nil:
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out.String(), problems.String(), status
}
