package real

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFeature runs `devcontainer features test` on the assembled collection: every scenario of test/dcverify.
func TestFeature(t *testing.T) {
	stdout, stderr, status := run(t, "devcontainer", "features", "test", "-p", collection, "-f", "dcverify", "-i", "dcv/go:1.26", "-u", "dev")
	if status != 0 {
		t.Fatalf("exit status %d\n%s\n%s", status, stdout, stderr)
	}
	_, result, ok := strings.Cut(stdout+stderr, "TEST REPORT")
	if !ok || strings.Contains(result, "❌") {
		t.Fatalf("no report, or a failure:\n%s", result)
	}
	if passed := strings.Count(result, "Passed:"); passed < 12 {
		t.Errorf("only %d scenarios passed:\n%s", passed, result)
	}
}

// TestTemplate publishes feature and template to a registry of its own, applies the template from there, and brings the
// dev container up: its creation verifies it, and finds nothing to be mended.
func TestTemplate(t *testing.T) {
	registry := startRegistry(t)
	folder := t.TempDir()
	assembled := filepath.Join(folder, "collection")
	cmd := command(t.Context(), "../..", "go", "run", "./feature/assemble", "--output", assembled, "--offline", "--registry", registry+"/dcverify/dcverify")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	output(t, "devcontainer", "features", "publish", filepath.Join(assembled, "src"), "-r", registry, "-n", "dcverify/dcverify")
	output(t, "devcontainer", "templates", "publish", filepath.Join(assembled, "templates/src"), "-r", registry, "-n", "dcverify/dcverify/templates")

	w := workspace{filepath.Join(folder, "app")}
	t.Cleanup(func() { w.remove(t) })
	w.write(t, "go.mod", "module example.com/app\n\ngo 1.26.0\n")
	output(t, "devcontainer", "templates", "apply", "-w", w.folder, "-t", registry+"/dcverify/dcverify/templates/go-verified:latest", "-a", `{"goVersion": "1.26"}`)
	_, log, status := run(t, "devcontainer", "up", "--workspace-folder", w.folder, "--buildkit", "never")
	if status != 0 || !strings.Contains(log, "PASSED: go builds in every view, the debugger launches, the debugger attaches") {
		t.Fatalf("exit status %d\n%s", status, log)
	}
	expect(t, w.verify(t, "run"), "i DV306") // the privileges that Go's feature gives
}

// startRegistry starts an OCI registry of its own on a free port.
func startRegistry(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	folder := t.TempDir()
	config := filepath.Join(folder, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: 127.0.0.1:%d}\n", folder, port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	server := exec.Command("docker-registry", "serve", config)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	for range 100 {
		if response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/v2/", port)); err == nil {
			response.Body.Close()
			return fmt.Sprintf("localhost:%d", port) // the CLI speaks plain HTTP to this name alone
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the registry does not answer")
	return ""
}
