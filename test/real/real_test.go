// Package real holds the tests on real dev containers: the reference CLI, a real engine, a real dlv. test/setup.sh makes
// the machine and the images that they need.
package real

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/test/internal/rig"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/report"
)

// The assembled collection and the program for this machine, made once.
var collection, program string

func TestMain(m *testing.M) {
	os.Exit(rig.Main(m, func(folder string) error {
		collection, program = filepath.Join(folder, "collection"), filepath.Join(folder, "dcverify")
		return errors.Join(
			// Without installsAfter, which the CLI looks up in its registry even where nobody uses those features.
			rig.Prepare("../..", "go", "run", "./feature/assemble", "--output", collection, "--offline"),
			rig.Prepare("../..", "go", "build", "-o", program, "./cmd/dcverify"),
		)
	}))
}

func command(ctx context.Context, folder string, args ...string) *exec.Cmd {
	return rig.Command(ctx, folder, args...)
}

func output(t testing.TB, args ...string) string {
	t.Helper()
	return rig.Output(t, args...)
}

func run(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return rig.Run(t, args...)
}

// object is JSON as a test writes it.
type object = map[string]any

// workspace is a folder with a dev container in it.
type workspace struct {
	folder string
}

// newWorkspace writes a workspace; files are by path, and the configuration gets the dcverify feature, which does not
// verify at creation: the test does.
func newWorkspace(t testing.TB, config object, files map[string]string) workspace {
	t.Helper()
	if _, ok := config["features"]; !ok {
		config["features"] = object{"./dcverify": object{"onCreate": false}}
	}
	w := workspace{rig.Workspace(t, config, files)}
	if err := os.CopyFS(filepath.Join(w.folder, ".devcontainer/dcverify"), os.DirFS(filepath.Join(collection, "src/dcverify"))); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w workspace) write(t testing.TB, name, text string) {
	t.Helper()
	rig.Write(t, w.folder, name, text)
}

func (w workspace) up(t testing.TB) {
	t.Helper()
	rig.Up(t, w.folder)
}

func (w workspace) container(t testing.TB) string {
	t.Helper()
	return rig.Container(t, w.folder)
}

func (w workspace) remove(t testing.TB) { rig.Remove(t, w.folder) }

// exec runs a command as the lifecycle commands are run.
func (w workspace) exec(t testing.TB, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	return rig.Exec(t, w.folder, args...)
}

// verify runs dcverify in the container and reads its report.
func (w workspace) verify(t testing.TB, args ...string) report.Report {
	t.Helper()
	stdout, stderr, status := w.exec(t, append([]string{"/usr/local/bin/dcverify"}, append(args, "--format", "json")...)...) // PATH may be what is broken
	return read(t, stdout, stderr, status)
}

func read(t testing.TB, stdout, stderr string, status int) report.Report {
	t.Helper()
	return rig.Report(t, stdout, stderr, status)
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
