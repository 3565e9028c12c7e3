package real

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// build makes an image of the given Dockerfile for one test.
func build(t *testing.T, dockerfile string) string {
	t.Helper()
	name := "dcverify-test/" + strings.ToLower(strings.NewReplacer("/", "-", " ", "-", ",", "").Replace(t.Name()))
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	output(t, "docker", "build", "-q", "-t", name, folder)
	t.Cleanup(func() { _ = exec.Command("docker", "rmi", "-f", name).Run() })
	return name
}

// TestImage audits images of which one thing is wrong; nothing is ever started.
func TestImage(t *testing.T) {
	for _, test := range []struct {
		name       string
		image      string
		dockerfile string
		want       string
		says       map[string]string
	}{
		{name: "Go and no tools", image: "golang:1.26-bookworm", want: "W DV402, W DV701", says: map[string]string{"DV402": "the image has no dlv", "DV701": "the image has no gopls"}},
		{name: "the image of the devcontainers project", image: "mcr.microsoft.com/devcontainers/go:2-1.26-bookworm", want: "i DV108"},
		{name: "arm64 on another machine", image: "dcv/go-arm64:1.26", want: "W DV701"},
		{name: "clean", image: "dcv/go:1.26"},
		{name: "two Gos", dockerfile: "FROM dcv/go:1.26\nENV PATH=$PATH:/opt/go1.25.9/bin\n", want: "W DV401", says: map[string]string{"DV401": "/opt/go1.25.9 (go1.25.9), /usr/local/go (go1.26.8)"}},
		{name: "no Go", image: "dcv/debian:bookworm", want: "E DV102, E DV401, W DV402, W DV701"},
		{name: "GOROOT of a missing folder", dockerfile: "FROM dcv/go:1.26\nENV GOROOT=/opt/gone\n", want: "E DV103", says: map[string]string{"DV103": "GOROOT=/opt/gone does not exist (view image)"}},
		{name: "GOROOT of another release", dockerfile: "FROM dcv/go:1.26\nENV GOROOT=/opt/go1.25.9\n", want: "E DV105, W DV401", says: map[string]string{"DV105": "/usr/local/go/bin/go is go1.26.8, but GOROOT=/opt/go1.25.9 holds the compiler of go1.25.9"}},
		{name: "the label against ENV", dockerfile: "FROM dcv/go:1.26\nENV GOROOT=/usr/local/go\nLABEL devcontainer.metadata='[{\"remoteEnv\": {\"GOROOT\": \"/opt/go1.25.9\"}}]'\n",
			want: "E DV104, E DV105, W DV401, i DV108", says: map[string]string{"DV104": "remoteEnv sets /opt/go1.25.9 (view remote)"}},
		{name: "tools off PATH", dockerfile: "FROM dcv/go:1.26\nENV PATH=/usr/local/go/bin:/usr/bin:/bin\n", want: "E DV110"},
		{name: "tools that nobody may run", dockerfile: "FROM golang:1.26-bookworm\nRUN touch /go/bin/dlv /go/bin/gopls && chmod 644 /go/bin/dlv /go/bin/gopls\n", want: "E DV701, W DV402",
			says: map[string]string{"DV402": "/go/bin/dlv cannot run: it is not executable", "DV701": "/go/bin/gopls cannot run: it is not executable"}},
		{name: "no language server wanted", dockerfile: "FROM golang:1.26-bookworm\nLABEL devcontainer.metadata='[{\"customizations\": {\"vscode\": {\"settings\": {\"go.useLanguageServer\": false}}}}]'\n",
			want: "W DV402, i DV701", says: map[string]string{"DV701": "nothing starts it: go.useLanguageServer is false"}},
		{name: "a Go of another architecture", dockerfile: "FROM golang:1.26-bookworm\nCOPY --from=dcv/go-arm64:1.26 /usr/local/go/bin/go /usr/local/go/bin/go\n", want: "E DV102, E DV401, W DV402, W DV701", says: map[string]string{"DV401": "arm64"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.dockerfile != "" {
				test.image = build(t, test.dockerfile)
			}
			stdout, stderr, status := run(t, program, "image", "--format", "json", test.image)
			r := read(t, stdout, stderr, status)
			expect(t, r, test.want)
			for code, words := range test.says {
				if found := finds(r, code); len(found) == 0 || !strings.Contains(found[0].Message, words) {
					t.Errorf("%s does not say %q: %v", code, words, found)
				}
			}
			noContainer(t)
		})
	}
}

// noContainer makes sure that reading an image leaves no container.
func noContainer(t *testing.T) {
	t.Helper()
	if left := output(t, "docker", "ps", "-aq", "--filter", "name=^dcverify-"); left != "" {
		t.Errorf("containers are left: %s", left)
	}
}

// TestImageInterrupted ends the reading of an image at several moments: the container that it reads from must go.
func TestImageInterrupted(t *testing.T) {
	for _, after := range []time.Duration{20, 60, 120, 250, 500, 900} {
		ctx, cancel := context.WithTimeout(t.Context(), after*time.Millisecond)
		cmd := command(ctx, "", program, "image", "mcr.microsoft.com/devcontainers/go:2-1.26-bookworm")
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 20 * time.Second
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		_ = cmd.Run() // that it was interrupted is the point
		cancel()
		state := cmd.ProcessState.Sys().(syscall.WaitStatus)
		begun := !state.Signaled() || state.Signal() != syscall.SIGINT || said.Len() > 0 // main had asked for signals
		if status := state.ExitStatus(); begun && status != 4 && status != 0 {
			t.Errorf("interrupted after %d ms: exit status %d\n%s", after, status, &said)
		}
		noContainer(t)
	}
}
