//go:build linux

package gather

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
	"github.com/dcverify/dcverify/verifier/source"
)

// home is a made-up user: a home folder, a workspace, and programs that write down how they were called.
type home struct {
	t         *testing.T
	folder    string
	workspace string
	bin       string
	log       string
}

func newHome(t *testing.T) *home {
	t.Helper()
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := &home{t: t, folder: folder, workspace: filepath.Join(folder, "work"), bin: filepath.Join(folder, "bin"), log: filepath.Join(folder, "log")}
	for _, made := range []string{h.workspace, h.bin} {
		if err := os.Mkdir(made, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// write makes a file below the home folder.
func (h *home) write(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// program makes a script that logs its calls, with their folder, and then does what the text says.
func (h *home) program(name, script string) string {
	h.t.Helper()
	path := h.write("bin/"+name, "#!/bin/sh\necho \""+name+" $* in $PWD\" >> '"+h.log+"'\n"+script+"\n")
	if err := os.Chmod(path, 0o755); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// calls is what the log holds, sorted: things run side by side.
func (h *home) calls() []string {
	h.t.Helper()
	text, err := os.ReadFile(h.log)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		h.t.Fatal(err)
	}
	calls := strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.Sort(calls)
	return calls
}

// environ is the user's environment. The shell passes on what it got; the helper is dcverify's as a script.
func (h *home) environ() goenv.Environ {
	return goenv.Environ{"PATH": h.bin + ":/usr/bin:/bin", "HOME": h.folder, "SHELL": filepath.Join(h.bin, "fakesh"), "TMPDIR": h.folder}
}

func (h *home) install() {
	h.program("go", `case "$1" in
env) echo '{"GOROOT": "/made/up", "GOPATH": "/made/up/path", "GOTOOLCHAIN": "auto", "GOPROXY": "off"}' ;;
*) echo "fake: no $1" >&2; exit 3 ;;
esac`)
	h.program("dlv", "exit 3")
	h.program("fakesh", `exec /bin/sh -c "$2"`)
	// Of a process that logs itself there is no telling how often it was started, so that this one does not.
	path := h.write("bin/self", "#!/bin/sh\nprintf %s \"$2\"\nenv -0\nprintf %s \"$2\"\n")
	if err := os.Chmod(path, 0o755); err != nil {
		h.t.Fatal(err)
	}
}

// open makes a machine for the test. It is not closed, which would wait for the children of other tests.
func (h *home) open() *machine.Local {
	h.t.Helper()
	m, err := machine.Open(goenv.Environ{"TMPDIR": h.folder})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = os.RemoveAll(m.TempIn("/tmp")) }) // where a view has no TMPDIR
	return m
}

func (h *home) options(needs ...facts.Need) Options {
	options := Options{
		Environ: h.environ(), Workspace: h.workspace, From: goenv.RemoteView, Needs: map[facts.Need]bool{},
		Self: filepath.Join(h.bin, "self"), Progress: func(string) {},
	}
	for _, need := range needs {
		options.Needs[need] = true
	}
	return options
}

// gatherer is one that has read nothing yet.
func (h *home) gatherer(needs ...facts.Need) *gatherer {
	return &gatherer{
		Local: h.open(), Options: h.options(needs...),
		system:  facts.System{User: "someone", UID: 1000, Home: h.folder, Shell: filepath.Join(h.bin, "fakesh")},
		pool:    make(chan struct{}, 2),
		trees:   map[string]goenv.Tree{},
		answers: map[string]func() facts.Answer{},
		built:   map[string]building{},

		pioneers: map[string]building{},
	}
}

func at(name string, line int) source.Place { return source.Place{File: name, Line: line, Column: 1} }
