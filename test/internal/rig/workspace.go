package rig

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/report"
)

// Workspace makes a folder with a dev container: its devcontainer.json, and other files by path. Its container, once it
// has one, goes away with the test.
func Workspace(t testing.TB, config map[string]any, files map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	// The folder of a test belongs to root, and the remote user must get in.
	for above := folder; strings.HasPrefix(above, os.TempDir()+"/"); above = filepath.Dir(above) {
		if err := os.Chmod(above, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	Write(t, folder, ".devcontainer/devcontainer.json", string(text))
	for name, text := range files {
		Write(t, folder, name, text)
	}
	t.Cleanup(func() { Remove(t, folder) })
	return folder
}

// Write writes one file of a workspace.
func Write(t testing.TB, folder, name, text string) {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Up brings the dev container of a workspace up.
func Up(t testing.TB, folder string) {
	t.Helper()
	Output(t, "devcontainer", "up", "--workspace-folder", folder, "--buildkit", "never")
}

// Container is the id of a workspace's container.
func Container(t testing.TB, folder string) string {
	t.Helper()
	return strings.TrimSpace(Output(t, "docker", "ps", "-q", "--filter", "label=devcontainer.local_folder="+folder))
}

// Exec runs a command in a workspace's container as the lifecycle commands are run.
func Exec(t testing.TB, folder string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return Run(t, append([]string{"devcontainer", "exec", "--workspace-folder", folder}, args...)...)
}

// Remove takes a workspace's container and its images away, also when the test has failed or was cancelled.
func Remove(t testing.TB, folder string) {
	quiet := func(args ...string) string {
		text, err := exec.Command(args[0], args[1:]...).Output()
		if err != nil {
			t.Logf("cleaning up: %v: %v", args, err)
		}
		return strings.TrimSpace(string(text))
	}
	for _, id := range strings.Fields(quiet("docker", "ps", "-aq", "--filter", "label=devcontainer.local_folder="+folder)) {
		image := quiet("docker", "inspect", "-f", "{{.Config.Image}}", id)
		quiet("docker", "rm", "-f", id)
		if strings.HasPrefix(image, "vsc-") {
			Building.Lock()
			quiet("docker", "rmi", image)
			Building.Unlock()
		}
	}
}

// Report reads what dcverify printed with --format json.
func Report(t testing.TB, stdout, stderr string, status int) report.Report {
	t.Helper()
	r, err := report.ReadJSON(strings.NewReader(stdout))
	if err != nil {
		t.Fatalf("exit status %d: %v\n%s\n%s", status, err, stdout, stderr)
	}
	if r.ExitStatus != status {
		t.Errorf("the report says exit status %d, the program ended with %d", r.ExitStatus, status)
	}
	return r
}
