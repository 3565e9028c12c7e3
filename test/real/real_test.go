// Package real holds the tests on real dev containers: the reference CLI, a real engine, a real dlv. test/setup.sh makes
// the machine and the images that they need.
package real

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/report"
)

// The assembled collection and the program for this machine, made once.
var collection, program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if why := missing(); why != "" {
			if os.Getenv("DCVERIFY_REQUIRE") != "" {
				fmt.Fprintln(os.Stderr, "required, but", why)
				return 1
			}
			fmt.Fprintln(os.Stderr, "skipping the tests on real dev containers:", why, "(test/setup.sh sets everything up)")
			return 0
		}
		folder, err := os.MkdirTemp("", "dcverify-real-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		collection, program = filepath.Join(folder, "collection"), filepath.Join(folder, "dcverify")
		for _, args := range [][]string{
			// Without installsAfter, which the CLI looks up in its registry even where nobody uses those features.
			{"go", "run", "./feature/assemble", "--output", collection, "--offline"},
			{"go", "build", "-o", program, "./cmd/dcverify"},
		} {
			if output, err := command(context.Background(), "../..", args...).CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "%v: %v\n%s", args, err, output)
				return 1
			}
		}
		return m.Run()
	}())
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

func command(ctx context.Context, folder string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// output runs a command that must succeed and returns what it printed on stdout.
func output(t testing.TB, args ...string) string {
	t.Helper()
	stdout, stderr, status := run(t, args...)
	if status != 0 {
		t.Fatalf("%s: exit status %d\n%s\n%s", strings.Join(args, " "), status, stdout, stderr)
	}
	return stdout
}

func run(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := command(t.Context(), "", args...)
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

// object is JSON as a test writes it.
type object = map[string]any

// workspace is a folder with a dev container in it.
type workspace struct {
	folder string
}

// devcontainer writes the workspace; files are by path, and the configuration gets the dcverify feature, which does not
// verify at creation: the test does.
func newWorkspace(t testing.TB, config object, files map[string]string) workspace {
	t.Helper()
	w := workspace{t.TempDir()}
	// The folder of a test belongs to root, and the remote user must get in.
	for folder := w.folder; strings.HasPrefix(folder, os.TempDir()+"/"); folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := config["features"]; !ok {
		config["features"] = object{"./dcverify": object{"onCreate": false}}
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, ".devcontainer/devcontainer.json", string(text))
	for name, text := range files {
		w.write(t, name, text)
	}
	if err := os.CopyFS(filepath.Join(w.folder, ".devcontainer/dcverify"), os.DirFS(filepath.Join(collection, "src/dcverify"))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.remove(t) })
	return w
}

func (w workspace) write(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(w.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// up brings the dev container up.
func (w workspace) up(t testing.TB) {
	t.Helper()
	output(t, "devcontainer", "up", "--workspace-folder", w.folder, "--buildkit", "never")
}

// container is the id of the workspace's container.
func (w workspace) container(t testing.TB) string {
	t.Helper()
	return strings.TrimSpace(output(t, "docker", "ps", "-q", "--filter", "label=devcontainer.local_folder="+w.folder))
}

// remove takes the container and its images away, also when the test has failed or was cancelled.
func (w workspace) remove(t testing.TB) {
	quiet := func(args ...string) string {
		text, err := exec.Command(args[0], args[1:]...).Output()
		if err != nil {
			t.Logf("cleaning up: %v: %v", args, err)
		}
		return strings.TrimSpace(string(text))
	}
	for _, id := range strings.Fields(quiet("docker", "ps", "-aq", "--filter", "label=devcontainer.local_folder="+w.folder)) {
		image := quiet("docker", "inspect", "-f", "{{.Config.Image}}", id)
		quiet("docker", "rm", "-f", id)
		if strings.HasPrefix(image, "vsc-") {
			quiet("docker", "rmi", image)
		}
	}
}

// exec runs a command as the lifecycle commands are run.
func (w workspace) exec(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return run(t, append([]string{"devcontainer", "exec", "--workspace-folder", w.folder}, args...)...)
}

// verify runs dcverify in the container and reads its report.
func (w workspace) verify(t testing.TB, args ...string) report.Report {
	t.Helper()
	stdout, stderr, status := w.exec(t, append([]string{"/usr/local/bin/dcverify"}, append(args, "--format", "json")...)...) // PATH may be what is broken
	return read(t, stdout, stderr, status)
}

func read(t testing.TB, stdout, stderr string, status int) report.Report {
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

// codes is every finding as "E DV104", "W DV402" or "i DV108", sorted, each once.
func codes(r report.Report) string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, map[finding.Severity]string{finding.Error: "E", finding.Warning: "W", finding.Info: "i"}[f.Severity]+" "+f.Code)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), ", ")
}

// expect compares the findings, and on a difference shows the whole report.
func expect(t testing.TB, r report.Report, want string) {
	t.Helper()
	if got := codes(r); got != want {
		var text strings.Builder
		_ = report.Text(&text, r, report.TextOptions{})
		t.Errorf("found   %s\nwanted  %s\n%s", got, want, text.String())
	}
}

// finds gives the findings of one code.
func finds(r report.Report, code string) []finding.Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f finding.Finding) bool { return f.Code != code })
}

// goModule is a workspace's own module, which asks for the given Go.
func goModule(version string) map[string]string {
	return map[string]string{
		"go.mod":  "module example.com/app\n\ngo " + version + "\n",
		"main.go": "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n",
	}
}

func readEnvironment(t testing.TB, text string) []report.Variable {
	t.Helper()
	var variables []report.Variable
	if err := json.Unmarshal([]byte(text), &variables); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return variables
}
