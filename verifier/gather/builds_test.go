//go:build linux

package gather

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

func TestMerged(t *testing.T) {
	build := func(b facts.Build) func() building {
		return func() building { return building{whole: func() facts.Build { return b }} }
	}
	shared := facts.Build{Where: "scratch", Binary: "/b0", Status: facts.Passed}
	listing := facts.Build{Where: "workspace", Views: []string{goenv.ToolsView}}
	got := merged(map[string]func() building{
		goenv.ToolsView:     build(facts.Build{Binary: "/b1", Status: facts.Fails, Error: "x"}),
		goenv.TerminalView:  build(shared),
		goenv.RemoteView:    build(facts.Build{Status: facts.Skipped, Error: "no go"}),
		goenv.LoginView:     build(facts.Build{Status: facts.Skipped, Error: "no go"}), // no binary, one reason
		goenv.ContainerView: build(shared),
	}, []facts.Build{listing})
	want := []facts.Build{
		{Views: []string{goenv.ContainerView, goenv.TerminalView}, Where: "scratch", Binary: "/b0", Status: facts.Passed},
		{Views: []string{goenv.LoginView, goenv.RemoteView}, Status: facts.Skipped, Error: "no go"},
		{Views: []string{goenv.ToolsView}, Binary: "/b1", Status: facts.Fails, Error: "x"},
		listing,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := merged(nil, nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// A go that builds what it is told to, or fails as its arguments say.
const buildingGo = `case "$1" in
env) echo '{"GOROOT": "/made/up"}' ;;
build) echo '#!/bin/sh' > "$4"; chmod 755 "$4" ;;
esac`

func TestBuild(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		online bool
		status facts.Status
		err    string // beginning
		steps  []string
	}{
		"good":           {buildingGo, false, facts.Passed, "", []string{"build", "test", "vet"}},
		"no vet":         {buildingGo + "\n[ $1 != vet ] || { echo 'go: no such tool \"vet\"'; exit 1; }", false, facts.Fails, `go: no such tool "vet"`, []string{"build", "test", "vet"}},
		"does not build": {`echo '# x' >&2; echo 'main.go:3:2: boom' >&2; exit 1`, false, facts.Fails, "main.go:3:2: boom", []string{"build"}},
		"tests fail":     {buildingGo + "\n[ $1 != test ] || { echo 'fork/exec /tmp/x: permission denied'; exit 1; }", false, facts.Fails, "fork/exec /tmp/x: permission denied", []string{"build", "test"}},
		"says nothing":   {"exit 5", false, facts.Fails, "exit status 5", []string{"build"}},
		"toolchain":      {"printf '" + strings.ReplaceAll(noDownload, "\n", `\n`) + "' >&2; exit 1", false, facts.Skipped, "go1.26.9 is not downloaded yet, and without --online", []string{"build"}},
		"toolchain that nobody has": {"printf '" + strings.ReplaceAll(noDownload, "\n", `\n`) + "' >&2; exit 1", true, facts.Fails,
			"go: download go1.26.9 for linux/amd64: toolchain not available", []string{"build"}},
		"damaged cache": {`case "$GOCACHE" in
"") echo 'main.go:3:8: package fmt is not in std (/x/src/fmt)' >&2; exit 1 ;;
esac`, false, facts.Fails, "main.go:3:8: package fmt is not in std (/x/src/fmt) (with an empty GOCACHE it builds", []string{"build"}},
		"no Go root": {`echo 'main.go:3:8: package fmt is not in std (/x/src/fmt)' >&2; exit 1`, false, facts.Fails, "main.go:3:8: package fmt is not in std (/x/src/fmt)", []string{"build"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			path := h.program("go", test.script)
			g := h.gatherer(facts.Builds)
			g.Online = test.online
			command := facts.Known(facts.GoCommand{Binary: runnable(path)})
			got := g.build(t.Context(), goenv.LoginView, environment{env: h.environ()}, command).whole()
			var steps []string
			for _, step := range got.Steps {
				steps = append(steps, step.Name)
			}
			if diff := cmp.Diff(test.steps, steps); diff != "" {
				t.Errorf("steps: -want +got:\n%s", diff)
			}
			if got.Status != test.status || !strings.HasPrefix(got.Error, test.err) || (got.Error == "") != (test.err == "") {
				t.Errorf("%s, %q; want %s, %q", got.Status, got.Error, test.status, test.err)
			}
			if strings.Contains(got.Error, "GOCACHE") != (name == "damaged cache") {
				t.Errorf("the cache is blamed: %q", got.Error)
			}
		})
	}
}

func TestBuildIsShared(t *testing.T) {
	h := newHome(t)
	path := h.program("go", buildingGo)
	g := h.gatherer(facts.Builds)
	command := facts.Known(facts.GoCommand{Binary: runnable(path), Outside: facts.Answer{Env: map[string]string{"GOROOT": "/x"}}})
	first := g.build(t.Context(), goenv.LoginView, environment{env: h.environ()}, command).whole()
	second := g.build(t.Context(), goenv.RemoteView, environment{env: h.environ().With("SHLVL=2")}, command).whole()
	third := g.build(t.Context(), goenv.ToolsView, environment{env: h.environ().With("LD_PRELOAD=")}, command).whole()
	other := g.build(t.Context(), goenv.ToolsView, environment{env: h.environ().With("LD_LIBRARY_PATH=/x")}, command).whole()
	if diff := cmp.Diff(first, second); diff != "" || third.Binary != first.Binary {
		t.Errorf("the same environment was built for twice:\n%s", diff)
	}
	if other.Binary == first.Binary {
		t.Error("another environment shares the build")
	}
	var builds int
	for _, call := range h.calls() {
		if strings.HasPrefix(call, "go build ") {
			builds++
		}
	}
	if builds != 2 {
		t.Errorf("%d builds in %q", builds, h.calls())
	}
}

func TestBuildSkipped(t *testing.T) {
	h := newHome(t)
	path := h.program("go", buildingGo)
	known := facts.Known(facts.GoCommand{Binary: runnable(path)})
	for name, test := range map[string]struct {
		needs   []facts.Need
		view    string
		command facts.Part[facts.GoCommand]
		want    string
	}{
		"not needed":              {[]facts.Need{facts.GoCommands}, goenv.ToolsView, known, notNeeded},
		"not the debugger's view": {[]facts.Need{facts.Launch}, goenv.RemoteView, known, notNeeded},
		"no go":                   {[]facts.Need{facts.Builds}, goenv.RemoteView, facts.Absent[facts.GoCommand]("no go in PATH="), "no go in PATH="},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.gatherer(test.needs...).build(t.Context(), test.view, environment{env: h.environ()}, test.command)
			want := facts.Build{Where: "scratch", Status: facts.Skipped, Error: test.want}
			for _, build := range []facts.Build{got.program(), got.whole()} {
				if diff := cmp.Diff(want, build); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
	if calls := h.calls(); calls != nil {
		t.Errorf("something was run: %q", calls)
	}
}

// A debugger needs a program, and not that its tests run.
func TestBuildForTheDebugger(t *testing.T) {
	h := newHome(t)
	path := h.program("go", buildingGo)
	got := h.gatherer(facts.Launch).build(t.Context(), goenv.ToolsView, environment{env: h.environ()}, facts.Known(facts.GoCommand{Binary: runnable(path)}))
	if build := got.whole(); build.Status != facts.Passed || len(build.Steps) != 1 {
		t.Errorf("%+v", build)
	}
}

func TestBuildInterrupted(t *testing.T) {
	h := newHome(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := h.gatherer(facts.Builds).build(ctx, goenv.LoginView, environment{env: h.environ()}, facts.Known(facts.GoCommand{Binary: runnable(h.program("go", buildingGo))})).whole()
	if got.Status != facts.Broken || !strings.HasPrefix(got.Error, "go build: interrupted: ") {
		t.Errorf("%s, %q", got.Status, got.Error)
	}
}

func TestTail(t *testing.T) {
	long := strings.Repeat("x", 4<<10)
	for text, want := range map[string]string{"": "", " a\n": "a", long: long, "y" + long: "…" + long, "end€" + long[:4<<10-1]: "…" + long[:4<<10-1]} {
		if got := tail(text); got != want {
			t.Errorf("of %d bytes it keeps %d: %.8q", len(text), len(got), got)
		}
	}
}

func TestSettle(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []facts.Step
		waits bool
	}{
		{"a new container", []facts.Step{{Name: "build", Ms: 14000}}, true},
		{"the standard library is compiled", []facts.Step{{Name: "build", Ms: 400}}, false},
		{"nothing was built", nil, false},
	} {
		waited := false
		building{
			program: func() facts.Build { return facts.Build{Steps: test.steps} },
			whole:   func() facts.Build { waited = true; return facts.Build{} },
		}.settle()
		if waited != test.waits {
			t.Errorf("%s: waits for the tests: %t", test.name, waited)
		}
	}
	one := module{goPath: "/go", gocache: "/cache", env: goenv.Environ{"HOME": "/a"}}
	other := one
	other.env = goenv.Environ{"HOME": "/b"}
	if one.cacheKey() != other.cacheKey() {
		t.Error("two homes with one build cache compile everything twice")
	}
	other.gocache = "/b/cache"
	if one.cacheKey() == other.cacheKey() {
		t.Error("two build caches count as one")
	}
}
