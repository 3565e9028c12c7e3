//go:build linux

package gather

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

func TestParseEtcEnvironment(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want goenv.Environ
	}{
		"empty":                          {"", goenv.Environ{}},
		"as the reference CLI writes it": {"GOROOT=\"/usr/local/go\"\nPATH=\"/go/bin:/usr/bin\"\n", goenv.Environ{"GOROOT": "/usr/local/go", "PATH": "/go/bin:/usr/bin"}},
		"nothing is escaped":             {`X="a"b\n"` + "\n", goenv.Environ{"X": `a"b\n`}},
		"without quotes":                 {"PATH=/bin\nEMPTY=\nQUOTED=\"\"", goenv.Environ{"PATH": "/bin", "EMPTY": "", "QUOTED": ""}},
		"one quote is a character":       {"A=\"\nB=\"x\nC=x\"\n", goenv.Environ{"A": `"`, "B": `"x`, "C": `x"`}},
		"equals signs in values":         {"GOFLAGS=\"-ldflags=-X=a=b\"\n", goenv.Environ{"GOFLAGS": "-ldflags=-X=a=b"}},
		"the last counts":                {"A=1\nA=2\n", goenv.Environ{"A": "2"}},
		"comments and rubbish":           {"# A=1\n=x\nword\n\n", goenv.Environ{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, parseEtcEnvironment(source.File{Text: test.text})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadEnvFile(t *testing.T) {
	h := newHome(t)
	known := func(path string) facts.Part[facts.EnvFile] {
		return facts.Known(facts.EnvFile{Path: path, Layer: goenv.Layer{
			Kind: goenv.UserEnvFile, Set: map[string]string{"GOPROXY": filepath.Base(filepath.Dir(path))},
			Places: map[string]source.Place{
				"GOPROXY": {File: path, Line: 1, Column: 1, EndLine: 1, EndColumn: 9 + len(filepath.Base(filepath.Dir(path)))},
				"SECRET":  {File: path, Line: 2, Column: 1, EndLine: 2, EndColumn: 9},
			},
		}})
	}
	inHome := h.write(".config/go/env", "GOPROXY=go\nSECRET=x\n")
	inXDG := h.write("xdg/go/env", "GOPROXY=go\nSECRET=x\n")
	named := h.write("named/file", "GOPROXY=named\nSECRET=x\n")
	for name, test := range map[string]struct {
		env  goenv.Environ
		want facts.Part[facts.EnvFile]
	}{
		"off":                {goenv.Environ{"GOENV": "off", "HOME": h.folder}, facts.Absent[facts.EnvFile]("GOENV=off")},
		"home":               {goenv.Environ{"HOME": h.folder}, known(inHome)},
		"XDG before home":    {goenv.Environ{"HOME": h.folder, "XDG_CONFIG_HOME": h.folder + "/xdg"}, known(inXDG)},
		"GOENV before both":  {goenv.Environ{"HOME": h.folder, "XDG_CONFIG_HOME": h.folder + "/xdg", "GOENV": named}, known(named)},
		"an empty GOENV":     {goenv.Environ{"HOME": h.folder, "GOENV": ""}, known(inHome)},
		"nowhere":            {goenv.Environ{}, facts.Absent[facts.EnvFile]("no home folder")},
		"not written yet":    {goenv.Environ{"HOME": h.workspace}, facts.Absent[facts.EnvFile](h.workspace + "/.config/go/env does not exist")},
		"a folder":           {goenv.Environ{"GOENV": h.folder}, facts.Failed[facts.EnvFile]("read " + h.folder + ": is a directory")},
		"nothing can be set": {goenv.Environ{"GOENV": "/dev/null"}, facts.Known(facts.EnvFile{Path: "/dev/null", Layer: goenv.Layer{Kind: goenv.UserEnvFile, Set: map[string]string{}, Places: map[string]source.Place{}}})},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.gatherer().readEnvFile(test.env)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestExtensionHost(t *testing.T) {
	h := newHome(t)
	h.write("proc/1/cmdline", "/sbin/init\x00")
	h.write("proc/1/environ", "A=init\x00")
	h.write("proc/self/cmdline", "node\x00--type=extensionHost\x00") // no process
	h.write("proc/self/environ", "A=self\x00")
	h.write("proc/7/cmdline", "grep\x00x--type=extensionHost\x00")
	h.write("proc/7/environ", "A=grep\x00")
	proc := filepath.Join(h.folder, "proc")
	if env, ok := extensionHost(proc); ok {
		t.Errorf("there is none, and it has %v", env)
	}
	h.write("proc/8/cmdline", "node\x00server-main.js\x00--type=extensionHost\x00") // of somebody else: its environment is not for us
	h.write("proc/9/cmdline", "node\x00bootstrap-fork\x00--type=extensionHost\x00--x\x00")
	h.write("proc/9/environ", "PATH=/bin\x00GOROOT=/x\x00")
	env, ok := extensionHost(proc)
	if diff := cmp.Diff(goenv.Environ{"PATH": "/bin", "GOROOT": "/x"}, env); diff != "" || !ok {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What `devcontainer exec` hands over is the remote view already; `docker exec` gives the container's, and the rest is put
// together.
func TestRemoteEnvironment(t *testing.T) {
	h := newHome(t)
	container := goenv.Environ{"PATH": "/usr/bin", "GOROOT": "/container", "ONLY": "container", "HOME": "/h"}
	probe := goenv.Environ{"PATH": "/probe:/usr/bin", "GOROOT": "/probe", "HOME": "/h"}
	e := &environments{inContainer: true, login: func() loginShells { return loginShells{probe: environment{env: probe}} }}
	composed := goenv.Environ{
		"PATH": "/x:/usr/bin", "GOROOT": "/probe", "ONLY": "container", "HOME": "/h", "NULL": "null",
	}
	for name, test := range map[string]struct {
		from        string
		inContainer bool
		environ     goenv.Environ
		want        goenv.Environ
	}{
		"said to be remote":              {goenv.RemoteView, true, goenv.Environ{"OWN": "1"}, goenv.Environ{"OWN": "1"}},
		"said to be the container":       {goenv.ContainerView, true, goenv.Environ{"OWN": "1", "SHLVL": "1"}, composed},
		"a machine":                      {"", false, goenv.Environ{"OWN": "1"}, goenv.Environ{"OWN": "1"}},
		"a shell of somebody":            {"", true, goenv.Environ{"OWN": "1", "SHLVL": "1"}, goenv.Environ{"OWN": "1", "SHLVL": "1"}},
		"a terminal of the editor, bare": {"", true, goenv.Environ{"TERM_PROGRAM": "vscode"}, goenv.Environ{"TERM_PROGRAM": "vscode"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := h.gatherer()
			g.From, g.Environ, g.proc = test.from, test.environ, h.folder // where no editor is connected
			g.config = written(`{"remoteEnv": {"PATH": "/x:${containerEnv:PATH}", "NULL": null, "HOST": "${localEnv:USER}"}}`)
			e.inContainer = test.inContainer
			got := g.remoteEnvironment(e, container)
			if diff := cmp.Diff(test.want, got.env); diff != "" || got.unknown != "" || got.view != goenv.RemoteView {
				t.Errorf("%+v; -want +got:\n%s", got, diff)
			}
		})
	}
	if container["GOROOT"] != "/container" || probe["ONLY"] != "" {
		t.Error("other views' environments were changed")
	}
}

func TestShellEnvironment(t *testing.T) {
	h := newHome(t)
	h.install()
	base := goenv.Environ{"PATH": "/usr/bin:/bin", "X": "it's"}
	for name, test := range map[string]struct {
		script  string
		unknown string // a part
	}{
		"good":                 {`exec /bin/sh -c "$2"`, ""},
		"start-up files chat":  {`echo hello; printf 'dcverify-0-mark'; /bin/sh -c "$2"; echo bye`, ""},
		"ended by its files":   {`echo "profile: line 3: boom" >&2; exit 7`, "-lc did not come to a prompt: its start-up files ended it with status 7: profile: line 3: boom"},
		"ended well, but mute": {`exit 0`, "-lc did not come to a prompt: its start-up files ended it with status 0"},
	} {
		t.Run(name, func(t *testing.T) {
			shell := h.program("oneshell", test.script)
			got := h.gatherer().shellEnvironment(t.Context(), shell, "-lc", base)
			if (got.unknown != "") != (test.unknown != "") || !strings.Contains(got.unknown, test.unknown) {
				t.Errorf("unknown %q, want %q", got.unknown, test.unknown)
			}
			if test.unknown == "" && got.env["X"] != "it's" {
				t.Errorf("got %v", got.env)
			}
		})
	}
	// The user's home may not be there, and the shell is none the worse for it.
	g := h.gatherer()
	g.system.Home = "/does/not/exist"
	if got := g.shellEnvironment(t.Context(), h.program("oneshell", `exec /bin/sh -c "$2"`), "-lc", base); got.unknown != "" {
		t.Errorf("without a home folder: %s", got.unknown)
	}
	if got := g.shellEnvironment(t.Context(), "/does/not/exist", "-lc", base); !strings.Contains(got.unknown, "no such file") {
		t.Errorf("a shell that is not there: %q", got.unknown)
	}
}
