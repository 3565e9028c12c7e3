package real

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tools is a folder with programs for containers that are started without the devcontainer CLI: dcverify, probe, and target,
// which can be debugged. Everybody may run them.
func tools(t testing.TB, arch string) string {
	t.Helper()
	folder := t.TempDir()
	for parent := folder; strings.HasPrefix(parent, os.TempDir()+"/"); parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"../..", "-trimpath", "-o", filepath.Join(folder, "dcverify"), "./cmd/dcverify"},
		{"../..", "-trimpath", "-o", filepath.Join(folder, "probe"), "./test/real/probe"},
		{"testdata/target", "-gcflags=all=-N -l", "-o", filepath.Join(folder, "target"), "."},
	} {
		cmd := command(t.Context(), args[0], append([]string{"go", "build"}, args[1:]...)...)
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0", "GOARCH="+arch)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, output)
		}
	}
	return folder
}

// containerLabel is on every container that these tests start, so that they can be told from others.
const containerLabel = "dcverify.test=real"

// start starts a container in the background, which is removed when the test is over. An engine that refuses the flags is the
// error.
func start(t testing.TB, args ...string) (id string, refused error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker", append([]string{"run", "-d", "--label", containerLabel}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if made := strings.TrimSpace(string(stdout)); made != "" { // also one that does not start
		id = made
		t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", "-v", made).Run() })
	}
	if err != nil {
		return "", &refusal{strings.TrimSpace(stderr.String())}
	}
	return id, nil
}

// refusal is what the engine said.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }
