//go:build linux

package gather

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// What go 1.24.4 and 1.26.8 print with GOPROXY=off and a toolchain that is not there.
const noDownload = "go: downloading go1.26.9 (linux/amd64)\ngo: download go1.26.9 for linux/amd64: toolchain not available\n"

func TestMissingToolchain(t *testing.T) {
	for text, want := range map[string]string{
		noDownload: "go1.26.9",
		"go: download go1.99.0 for linux/amd64: toolchain not available":                                                 "go1.99.0",
		"go: download go1.27rc1 for linux/arm64: toolchain not available":                                                "go1.27rc1",
		"go: download go1.26.8: golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64: module lookup disabled by GOPROXY=off": "go1.26.8",
		"":                                       "",
		"go: downloading go1.26.9 (linux/amd64)": "",
		// Not for dcverify's sake: no --online would help.
		"go: go.mod requires go >= 1.26.9 (running go 1.26.8; GOTOOLCHAIN=local)":                                                              "",
		`go: cannot find "go1.28.0" in PATH`:                                                                                                   "",
		"go: golang.org/x/tools/cmd/stringer@v0.99.0: module lookup disabled by GOPROXY=off":                                                   "",
		"go: download go1.26.8: golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64: verifying module: checksum database disabled by GOSUMDB=off": "",
	} {
		if got := new(gatherer).missingToolchain(text, nil); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		// Then dcverify kept nothing from anybody, and it is go's own error.
		online := gatherer{Options: Options{Online: true}}
		if got := online.missingToolchain(text, nil); got != "" {
			t.Errorf("online, %q: %q", text, got)
		}
		if got := new(gatherer).missingToolchain(text, goenv.Environ{"GOPROXY": "off"}); got != "" {
			t.Errorf("with the user's own GOPROXY=off, %q: %q", text, got)
		}
	}
}

func TestTelling(t *testing.T) {
	for output, want := range map[string]string{
		"":     "",
		"\n\n": "",
		"# dcverify.test/debuggee\n./main.go:3:1: syntax error\n":                                                                      "./main.go:3:1: syntax error",
		"warning: both GOPATH and GOROOT are the same directory (/x); see https://go.dev/wiki/InstallTroubleshooting\nfirst\nsecond\n": "first",
		noDownload: "go: download go1.26.9 for linux/amd64: toolchain not available",
		"go: downloading golang.org/x/mod v0.1.0\nmain.go:3:2: golang.org/x/mod@v0.1.0: dial tcp: lookup proxy: no such host\n": "main.go:3:2: golang.org/x/mod@v0.1.0: dial tcp: lookup proxy: no such host",
		"go: error loading go.mod:\ngo.mod:5: unknown godebug \"foo\"\n":                                                        `go.mod:5: unknown godebug "foo"`,
		"go: errors parsing ../go.mod:\n../go.mod:5: usage: godebug key=value\nx\n":                                             "../go.mod:5: usage: godebug key=value",
		"go: errors parsing go.mod:\n":           "go: errors parsing go.mod:",
		"go: cannot find GOROOT directory: /x\n": "go: cannot find GOROOT directory: /x",
		// The cause stands among its consequences.
		"# internal/cpu\nsomething else\ncompile: version \"go1.26.8\" does not match go tool version \"go1.25.9\"\nmore\n": `compile: version "go1.26.8" does not match go tool version "go1.25.9"`,
		"a\n  main.go:4:2: package fmt is not in std (/x/src/fmt)\n":                                                        "main.go:4:2: package fmt is not in std (/x/src/fmt)",
		"b\ngo: no such tool \"compile\"\n":                                                                                 `go: no such tool "compile"`,
	} {
		if got := telling(output); got != want {
			t.Errorf("of %q it picks %q, want %q", output, got, want)
		}
	}
}

func TestOffline(t *testing.T) {
	user := goenv.Environ{"GOPROXY": "https://proxy.corp", "GOPRIVATE": "corp/*"}
	for name, test := range map[string]struct {
		online bool
		env    goenv.Environ
		want   goenv.Environ
	}{
		"offline":        {false, user, goenv.Environ{"GOPROXY": "off", "GOPRIVATE": "corp/*", "GONOPROXY": "none", "GONOSUMDB": "golang.org/toolchain"}},
		"without sum db": {false, goenv.Environ{"GOSUMDB": "off"}, goenv.Environ{"GOSUMDB": "off", "GOPROXY": "off", "GONOPROXY": "none"}},
		"online":         {true, user, user},
		"no environment": {false, nil, goenv.Environ{"GOPROXY": "off", "GONOPROXY": "none", "GONOSUMDB": "golang.org/toolchain"}},
	} {
		g := gatherer{Options: Options{Online: test.online}}
		if diff := cmp.Diff(test.want, g.offline(test.env)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	if user["GOPROXY"] != "https://proxy.corp" {
		t.Error("the view's own environment was changed")
	}
}

// Views that are alike ask one question.
func TestAskGo(t *testing.T) {
	h := newHome(t)
	h.install()
	g := h.gatherer()
	goPath := filepath.Join(h.bin, "go")
	env := h.environ()
	want := facts.Answer{Env: map[string]string{"GOROOT": "/made/up", "GOPATH": "/made/up/path", "GOTOOLCHAIN": "auto"}} // GOPROXY is dcverify's
	done := make(chan facts.Answer)
	for range 8 {
		go func() { done <- g.askGo(t.Context(), goPath, env, h.workspace) }()
	}
	for range 8 {
		if diff := cmp.Diff(want, <-done); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	g.askGo(t.Context(), goPath, env, h.folder)
	g.askGo(t.Context(), goPath, env.With("X=1"), h.workspace)
	wantCalls := []string{"go env -json in " + h.folder, "go env -json in " + h.workspace, "go env -json in " + h.workspace}
	if diff := cmp.Diff(wantCalls, h.calls()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAskGoFails(t *testing.T) {
	for name, test := range map[string]struct{ script, want string }{
		"says why":     {"echo 'go: cannot find GOROOT directory: /x' >&2; exit 2", "go: cannot find GOROOT directory: /x"},
		"says nothing": {"exit 2", "exit status 2"},
		"no JSON":      {"echo GOROOT=/x; echo more", "go env -json printed no JSON: GOROOT=/x"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			got := h.gatherer().askGo(t.Context(), h.program("go", test.script), h.environ(), h.workspace)
			if diff := cmp.Diff(facts.Answer{Error: test.want}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestGoCommand(t *testing.T) {
	h := newHome(t)
	h.install()
	ask := func(env goenv.Environ, needs ...facts.Need) facts.Part[facts.GoCommand] {
		return h.gatherer(needs...).goCommand(t.Context(), environment{view: goenv.RemoteView, env: env})
	}
	got, ok := ask(h.environ()).Get()
	if !ok || got.Binary.Path != filepath.Join(h.bin, "go") || !got.Binary.Script || got.Root != "" || got.Inside.Env != nil {
		t.Errorf("%+v, known %v", got, ok)
	}
	if calls := h.calls(); calls != nil {
		t.Errorf("no check needs its answers, and it was run: %q", calls)
	}
	if got, ok := ask(h.environ(), facts.GoCommands).Get(); !ok || got.Inside.Env["GOPATH"] != "/made/up/path" || got.Outside.Env["GOPATH"] != "/made/up/path" {
		t.Errorf("%+v, known %v", got, ok)
	}

	h.write("plain/go", "")
	file := filepath.Join(h.bin, "go")
	for env, want := range map[string]string{
		"/does/not/exist:relative:": "no go in PATH=/does/not/exist:relative:",
		h.folder + "/plain":         h.folder + "/plain/go is there, but it is not executable (mode 0644, owner ",
		h.folder:                    "no go in PATH=" + h.folder,
		file:                        "no go in PATH=" + file, // somebody put the program itself on PATH
	} {
		if got := ask(goenv.Environ{"PATH": env}); !strings.HasPrefix(got.Why(), want) {
			t.Errorf("PATH=%s: %q, want %q", env, got.Why(), want)
		}
	}
	unknown := h.gatherer(facts.GoCommands).goCommand(t.Context(), environment{unknown: "the reason"})
	if unknown.Why() != "the reason" {
		t.Errorf("a view that is not known: %+v", unknown)
	}
}

func TestSignature(t *testing.T) {
	said := func(entries ...string) facts.GoCommand {
		env, _ := goenv.FromList(append(entries, "GOROOT=/go", "GOGCCFLAGS=-x", "GOFLAGS=")) // the first counts
		return facts.GoCommand{Binary: runnable("/go/bin/go"), Outside: facts.Answer{Env: env}}
	}
	base := signature(said(), goenv.Environ{"HOME": "/h", "PATH": "/a", "GOROOT": ""})
	for name, test := range map[string]struct {
		command facts.GoCommand
		env     goenv.Environ
		same    bool
	}{
		"what go takes by default": {said(), goenv.Environ{"HOME": "/h", "PATH": "/a", "GOROOT": "/go"}, true},
		"PATH":                     {said(), goenv.Environ{"HOME": "/h", "PATH": "/b"}, true},
		"temporary folder":         {said("GOGCCFLAGS=-y"), goenv.Environ{"HOME": "/h"}, true},
		"home":                     {said(), goenv.Environ{"HOME": "/i"}, false},
		"preloaded library":        {said(), goenv.Environ{"HOME": "/h", "LD_PRELOAD": "/x.so"}, false},
		"another answer":           {said("GOAMD64=v3"), goenv.Environ{"HOME": "/h"}, false},
		"another go":               {facts.GoCommand{Binary: runnable("/x/go"), Outside: said().Outside}, goenv.Environ{"HOME": "/h"}, false},
	} {
		if got := signature(test.command, test.env) == base; got != test.same {
			t.Errorf("%s: shares the build: %v", name, got)
		}
	}
	// A go that cannot answer is known by what it was given.
	mute := facts.GoCommand{Binary: runnable("/go/bin/go"), Outside: facts.Answer{Error: "no"}}
	if signature(mute, goenv.Environ{"GOFLAGS": "a"}) == signature(mute, goenv.Environ{"GOFLAGS": "b"}) {
		t.Error("two environments share the build of a go that says nothing of them")
	}
	if signature(mute, goenv.Environ{"GOFLAGS": "a", "SHLVL": "1"}) != signature(mute, goenv.Environ{"GOFLAGS": "a", "SHLVL": "2"}) {
		t.Error("SHLVL reaches no compiler")
	}
}
