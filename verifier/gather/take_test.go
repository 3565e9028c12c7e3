//go:build linux

package gather

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// What no check needs is not run: a person who asks one question does not wait for the answers to all.
func TestTakeHonoursNeeds(t *testing.T) {
	const inWorkspace, inScratch = "go env -json in work", "go env -json in scratch"
	// The editor's views cannot be known without go's answer, and the views' layers need the user's shell.
	always := []string{"fakesh -lc", "fakesh -lic", inWorkspace}
	for name, test := range map[string]struct {
		needs []facts.Need
		more  []string // calls beside those that are always made
		known []string // parts that are known beside the extension and the shells
	}{
		"nothing": {nil, nil, nil},
		"go":      {[]facts.Need{facts.GoCommands}, []string{inScratch}, nil},
		"tools":   {[]facts.Need{facts.Tools}, nil, []string{"dlv"}},
		"shells":  {[]facts.Need{facts.Shells}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.install()
			m := h.open()
			snapshot := Take(t.Context(), m, h.options(test.needs...))
			var calls []string
			for _, call := range h.calls() {
				call, _, _ = strings.Cut(call, " '") // a shell's command line
				call = strings.ReplaceAll(strings.ReplaceAll(call, m.Scratch(), "scratch"), h.workspace, "work")
				calls = append(calls, call)
			}
			want := append(test.more, always...)
			slices.Sort(want)
			if diff := cmp.Diff(want, slices.Compact(calls)); diff != "" { // several views may ask
				t.Errorf("calls: -want +got:\n%s", diff)
			}
			if slices.Contains(test.needs, facts.GoCommands) == (len(calls) == len(always)) {
				t.Errorf("calls %q", calls)
			}

			var known []string
			if _, ok := snapshot.Tools["dlv"].Get(); ok {
				known = append(known, "dlv")
			}
			for part, why := range map[string]string{
				"ptrace": snapshot.Ptrace.Why(), "builds": snapshot.Builds.Why(),
				"launch": snapshot.Proofs[facts.LaunchProof].Why(), "attach": snapshot.Proofs[facts.AttachProof].Why(),
			} {
				if why != notNeeded {
					t.Errorf("%s: %q", part, why)
				}
			}
			if diff := cmp.Diff(test.known, known); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			shells, _ := snapshot.Shells.Get()
			if more := len(shells) > 2; more != slices.Contains(test.needs, facts.Shells) {
				t.Errorf("shells %+v", shells)
			}
		})
	}
}

func TestTake(t *testing.T) {
	h := newHome(t)
	h.install()
	h.write("work/go.mod", "module x\n\ngo 1.25\n")
	h.write("work/.vscode/settings.json", `{"go.toolsEnvVars": {"GOFLAGS": "-tools"}}`)
	h.write(".config/go/env", "GOBIN="+h.folder+"/gobin\n")
	options := h.options(facts.Environment, facts.GoCommands, facts.Tools)
	options.Environ = options.Environ.With("GOROOT=/does/not/exist", "SECRET=hunter2")
	snapshot := Take(t.Context(), h.open(), options)

	remote := snapshot.View(goenv.RemoteView)
	if got, _ := remote.Goroot(); got.Effective != "/does/not/exist" {
		t.Errorf("GOROOT of the remote view: %+v", got)
	}
	if got := remote.Lookup("GOBIN"); got.Origin.Layer != goenv.UserEnvFile || got.Origin.Place.File != filepath.Join(h.folder, ".config/go/env") {
		t.Errorf("GOBIN of the remote view: %+v", got)
	}
	if got := snapshot.View(goenv.ToolsView).Lookup("GOFLAGS").Effective; got != "-tools" {
		t.Errorf("GOFLAGS of the tools: %q", got)
	}
	if got := snapshot.View(goenv.TerminalView).Lookup("GOFLAGS").Effective; got != "" {
		t.Errorf("GOFLAGS of the terminal: %q", got)
	}
	if tree, ok := snapshot.Trees["/does/not/exist"]; !ok || tree.Valid() {
		t.Errorf("the folder that GOROOT names was not looked at: %+v", snapshot.Trees)
	}
	if dlv, _ := snapshot.Tools["dlv"].Get(); dlv.Binary.Path != filepath.Join(h.bin, "dlv") || dlv.Why != "path" {
		t.Errorf("dlv: %+v", dlv)
	}
	if snapshot.Workspace.Go != "1.25" || snapshot.Workspace.Module != filepath.Join(h.workspace, "go.mod") {
		t.Errorf("workspace %+v", snapshot.Workspace)
	}
	text, err := json.Marshal(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hunter2") {
		t.Error("the snapshot shows a variable that is nobody's business")
	}
	again := new(facts.Snapshot)
	if err := json.Unmarshal(text, again); err != nil {
		t.Fatal(err)
	}
	if second, err := json.Marshal(again); err != nil || string(second) != string(text) {
		t.Errorf("JSON and back: %v\n%s", err, cmp.Diff(string(text), string(second)))
	}
}

// Without --online a workspace whose toolchain is not there leaves the editor's views unknown, and says why.
func TestTakeMissingToolchain(t *testing.T) {
	for _, online := range []bool{false, true} {
		h := newHome(t)
		h.install()
		h.program("go", "printf '"+strings.ReplaceAll(noDownload, "\n", `\n`)+"' >&2; exit 1")
		options := h.options(facts.GoCommands)
		options.Online = online
		snapshot := Take(t.Context(), h.open(), options)
		if unknown := snapshot.View(goenv.ToolsView).Unknown; strings.HasPrefix(unknown, "the workspace asks for go1.26.9, which is not downloaded yet") == online {
			t.Errorf("online %v: the tools' view is unknown: %q", online, unknown)
		}
		command, _ := snapshot.Go[goenv.RemoteView].Get()
		if (command.Missing == "go1.26.9") == online || command.Inside.Error != "go: download go1.26.9 for linux/amd64: toolchain not available" {
			t.Errorf("online %v: %+v", online, command)
		}
	}
}

// After an interruption there is a snapshot still, which says what was not learned, and nobody works on.
func TestTakeInterrupted(t *testing.T) {
	h := newHome(t)
	h.install()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("ctrl-C"))
	snapshot := Take(ctx, h.open(), h.options(facts.Environment, facts.GoCommands, facts.Tools, facts.Shells, facts.Builds))
	if calls := h.calls(); calls != nil {
		t.Errorf("after the interruption something was run: %q", calls)
	}
	if login := snapshot.View(goenv.LoginView).Unknown; !strings.Contains(login, "interrupted: ctrl-C") {
		t.Errorf("the login view is unknown: %q", login)
	}
	if command, _ := snapshot.Go[goenv.RemoteView].Get(); command.Outside.Error != "interrupted: ctrl-C" {
		t.Errorf("the go of the remote view: %+v", command)
	}
	builds, ok := snapshot.Builds.Get()
	if !ok || slices.ContainsFunc(builds, func(b facts.Build) bool { return b.Status == facts.Passed || b.Status == facts.Fails }) {
		t.Errorf("builds %+v", builds)
	}
}

// Whatever Take started has ended when it returns: what still ran would write into facts that are being judged.
func TestTakeLeavesNothingBehind(t *testing.T) {
	h := newHome(t)
	h.install()
	before := runtime.NumGoroutine()
	m := h.open()
	for _, needs := range [][]facts.Need{nil, {facts.GoCommands, facts.Tools, facts.Shells}} {
		Take(t.Context(), m, h.options(needs...))
	}
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(5 * time.Millisecond) // a goroutine that has said its last word is counted for a moment
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, before %d:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
	left, err := os.ReadDir(h.workspace)
	if err != nil || len(left) != 0 {
		t.Errorf("in the workspace there is %v, %v", left, err)
	}
}

// What the compilers of an interrupted go leave behind is in folders of dcverify's own, inside those that the user's go takes.
func TestTakeMovesTemporaryFiles(t *testing.T) {
	h := newHome(t)
	h.install()
	h.program("go", `touch "$TMPDIR/left" "${GOTMPDIR:-$TMPDIR}/left"
case "$1" in
env) echo '{"GOROOT": "/made/up", "GOCACHE": "/made/up/cache"}' ;;
*) exit 3 ;;
esac`)
	user := goenv.Environ{"TMPDIR": filepath.Join(h.folder, "tmp"), "GOTMPDIR": filepath.Join(h.folder, "gotmp")}
	options := h.options(facts.GoCommands, facts.Builds)
	for name, folder := range user {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		options.Environ[name] = folder
	}
	Take(t.Context(), h.open(), options)
	if calls := h.calls(); !slices.ContainsFunc(calls, func(call string) bool { return strings.HasPrefix(call, "go build ") }) {
		t.Errorf("go was called with %q", calls)
	}
	for name, folder := range user {
		left, err := filepath.Glob(filepath.Join(folder, "left"))
		own, _ := filepath.Glob(filepath.Join(folder, "dcverify-*", "left"))
		if err != nil || left != nil || own == nil {
			t.Errorf("%s: directly in it %q, in a folder of dcverify's own %q, %v", name, left, own, err)
		}
	}
}

// The scratch package is debugged as a package of its own, also where GOWORK names a go.work that does not know it, and with the
// flags that the editor would pass.
func TestTakeDebugsOutsideOfTheWorkspace(t *testing.T) {
	h := newHome(t)
	h.install()
	h.program("go", `case "$1" in
env) echo '{"GOROOT": "/made/up", "GOPATH": "/made/up/path"}' ;;
build) touch "$4" && chmod 755 "$4" ;;
*) exit 3 ;;
esac`)
	h.program("dlv", `echo "dlv with GOWORK=$GOWORK" >> '`+h.log+`'; exit 3`)
	h.write("work/.vscode/settings.json", `{"go.delveConfig": {"dlvFlags": ["--wd=${workspaceFolder}"]}}`)
	options := h.options(facts.DAP)
	options.Environ = options.Environ.With("GOWORK=" + h.workspace + "/go.work")
	Take(t.Context(), h.open(), options)
	calls := h.calls()
	started := slices.ContainsFunc(calls, func(call string) bool {
		return strings.HasPrefix(call, "dlv dap --wd="+h.workspace+" --listen=127.0.0.1:0 --log-dest=3 in ")
	})
	if !started || !slices.Contains(calls, "dlv with GOWORK=off") || slices.Contains(calls, "dlv with GOWORK="+h.workspace+"/go.work") {
		t.Errorf("calls %q", calls)
	}
}
