//go:build linux

package gather

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// ownGodebugs are the settings of the Go that runs the tests.
func ownGodebugs(t *testing.T) goenv.Godebugs {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	var files []source.File
	for _, name := range []string{"src/internal/godebugs/table.go", "src/runtime/runtime1.go"} {
		text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, source.File{Name: name, Text: string(text)})
	}
	return goenv.ReadGodebugs(files[0], files[1])
}

// Every setting that the runtime counts uses of is known, and so are the runtime's own.
func TestGodebugsOfThisGo(t *testing.T) {
	settings, counted := ownGodebugs(t), 0
	for _, description := range metrics.All() {
		name, ok := strings.CutPrefix(description.Name, "/godebug/non-default-behavior/")
		if !ok {
			continue
		}
		counted++
		name = strings.TrimSuffix(name, ":events")
		if setting, ok := settings.Find(name); !ok || setting.Package == "" || setting.Removed > 0 {
			t.Errorf("%s is %+v, known %v", name, setting, ok)
		}
	}
	for _, name := range []string{"gctrace", "schedtrace", "inittrace", "madvdontneed"} {
		if setting, ok := settings.Find(name); !ok || !setting.Runtime {
			t.Errorf("%s is %+v, known %v", name, setting, ok)
		}
	}
	if counted < 20 {
		t.Errorf("the runtime counts %d settings", counted)
	}
}

// TestGodebugEffect holds when settings take effect against a program that counts: one of the runtime is there when main
// begins, one of a package counts when the package comes to the matter, and one that nobody imports never does.
func TestGodebugEffect(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module m\n\ngo 1.25\n", "main.go": `package main

import (
	"fmt"
	"math/rand"
	"runtime/metrics"
)

func events(name string) uint64 {
	sample := []metrics.Sample{{Name: "/godebug/non-default-behavior/" + name + ":events"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func main() {
	func() {
		defer func() { fmt.Println("panicnil", recover() == nil) }()
		panic(nil)
	}()
	fmt.Println("randseednop", events("randseednop"))
	rand.Seed(1)
	fmt.Println("randseednop", events("randseednop"))
	fmt.Println("tarinsecurepath", events("tarinsecurepath"))
}
`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "run", ".")
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "GOFLAGS=-buildvcs=false", "GODEBUG=panicnil=1,randseednop=0,tarinsecurepath=0")
	out, err := cmd.CombinedOutput()
	if want := "panicnil true\nrandseednop 0\nrandseednop 1\ntarinsecurepath 0\n"; err != nil || string(out) != want {
		t.Errorf("%s, %v; want %s", out, err, want)
	}
	packages, settings := map[string]bool{"math/rand": true}, ownGodebugs(t)
	for name, want := range map[string]goenv.Effect{"panicnil": goenv.AtStart, "randseednop": goenv.AtFirstUse, "tarinsecurepath": goenv.Never, "gocachehash": goenv.ForGo} {
		if setting, ok := settings.Find(name); !ok || setting.Effect(packages) != want {
			t.Errorf("%s takes effect %s, want %s", name, setting.Effect(packages), want)
		}
	}
}

func TestDebuggeesOfWorkspace(t *testing.T) {
	h := newHome(t)
	h.install()
	h.write("work/.env", "GODEBUG=gctrace=1\nAPI=secret\n")
	h.write("work/.vscode/settings.json", `{"go.toolsEnvVars": {"GOTRACEBACK": "all", "GODEBUG": "schedtrace=1"}}`)
	h.write("work/.vscode/launch.json", `{"configurations": [
  {"type": "node", "env": {"GODEBUG": "no"}},
  {"type": "go", "name": "one", "request": "launch", "envFile": "${workspaceFolder}/.env", "env": {
    "GOTRACEBACK": "none"}},
  {"type": "go", "name": "two", "request": "attach", "envFile": "/nonexistent/.env"}
]}`)
	snapshot := Take(t.Context(), h.open(), h.options(facts.GoCommands))
	debuggees, _ := snapshot.Debuggees.Get()
	if len(debuggees) != 2 {
		t.Fatalf("debuggees %+v", debuggees)
	}
	one, two := debuggees[0], debuggees[1]
	godebug, traceback := one.View.Lookup("GODEBUG"), one.View.Lookup("GOTRACEBACK")
	got := []string{godebug.Value, godebug.Origin.Layer, godebug.Origin.Place.String(), traceback.Value, traceback.Origin.Layer, traceback.Origin.Place.String()}
	want := []string{"gctrace=1", goenv.LaunchFile, ".env:1:1", "none", goenv.LaunchEnv, ".vscode/launch.json:4:5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var shadows []string
	for _, s := range godebug.Shadows {
		shadows = append(shadows, s.Layer+" "+s.Value)
	}
	if diff := cmp.Diff([]string{goenv.ToolsEnvVars + " schedtrace=1"}, shadows); diff != "" {
		t.Errorf("shadows: -want +got:\n%s", diff)
	}
	for _, layer := range one.View.Layers {
		if _, ok := layer.Set["API"]; ok {
			t.Error("a variable that is nobody's business is in the snapshot")
		}
	}
	if len(two.Problems) != 1 || two.Problems[0].Kind != "missing" || !strings.Contains(two.Problems[0].Words, "no such file") {
		t.Errorf("problems %+v", two.Problems)
	}
}

func TestStrayed(t *testing.T) {
	place := source.Place{File: ".vscode/launch.json", Line: 3, Column: 1}
	view := goenv.View{Layers: []goenv.Layer{
		{Kind: goenv.Process, Set: map[string]string{"SAME": "1", "PWD": "/a", "MODE": "of the process", "TAKEN": "1", "GONE": "1"}},
		{Kind: goenv.LaunchEnv, Set: map[string]string{"MODE": "of launch", "OTHER": "1"}, Unset: []string{"TAKEN", "GONE"}, Places: map[string]source.Place{"MODE": place, "TAKEN": place}},
		{Kind: goenv.LaunchFile, Name: ".env", Set: map[string]string{"MISSING": "1"}, Unknown: map[string]string{"ASKED": "for"}},
	}}
	got := goenv.Environ{"SAME": "1", "PWD": "/b", "MODE": "of the process", "OTHER": "2", "TAKEN": "1", "ASKED": "x", "MORE": "x"}
	want := []facts.Strayed{
		{Name: "MISSING", How: "missing", Layer: goenv.LaunchFile, File: ".env"},
		{Name: "MODE", How: "other", Layer: goenv.LaunchEnv, Place: place, From: goenv.Process},
		{Name: "OTHER", How: "other", Layer: goenv.LaunchEnv},
		{Name: "MORE", How: "extra"},
		{Name: "TAKEN", How: "extra", Layer: goenv.LaunchEnv, Place: place},
	}
	if diff := cmp.Diff(want, strayed(view, got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWithEffects(t *testing.T) {
	settings := goenv.Godebugs{{Name: "gctrace", Runtime: true}, {Name: "http2client", Package: "net/http"}, {Name: "tarinsecurepath", Package: "archive/tar"}}
	launch := func(godebug string) *debugged {
		return &debugged{Debuggee: facts.Debuggee{Program: "/x"}, view: goenv.View{Layers: []goenv.Layer{{Kind: goenv.LaunchEnv, Set: map[string]string{"GODEBUG": godebug}}}}}
	}
	proof := facts.Known(facts.Proof{Steps: []facts.Step{{Name: "environ"}, {Name: "godebug", Detail: "1 of 1 variables of the runtime"}}})
	all := []*debugged{launch("gctrace=1,http2client=0"), launch("tarinsecurepath=1,nosuch=1,gctrace=2")}
	programs := []facts.GodebugProgram{{Program: "/x", Imports: map[string]bool{"net/http": true, "archive/tar": false}}}
	for want, godebug := range map[string]facts.Part[facts.Godebug]{
		"1 of 1 variables of the runtime; in effect: gctrace at start, http2client at first use, tarinsecurepath never":        facts.Known(facts.Godebug{Settings: settings, Programs: programs}),
		"1 of 1 variables of the runtime; in effect: gctrace at start, http2client at first use, tarinsecurepath at first use": facts.Known(facts.Godebug{Settings: settings}),
		"1 of 1 variables of the runtime": facts.Absent[facts.Godebug]("nobody sets GODEBUG"),
	} {
		got, _ := withEffects(proof, godebug, all).Get()
		if got.Steps[1].Detail != want {
			t.Errorf("%q, want %q", got.Steps[1].Detail, want)
		}
	}
}
