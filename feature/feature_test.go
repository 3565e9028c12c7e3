// Package feature holds the scripts that the dev container feature ships; these tests run them without a container, on a
// copy in which /usr/local is a temporary folder. test/dcverify runs them in real ones.
package feature

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// program stands in for the binary: it writes down how it was called and with which PATH, and answers what it is told to.
const program = `#!/bin/sh
printf '%s|' "$@" >>"$CALLS"
echo "PATH=${PATH-}" >>"$CALLS"
case $1 in
version) echo dcverify 1.2.3 ;;
run) echo "the report"; for last; do :; done; case $last in json=*) : >"${last#json=}" ;; esac; exit "${STATUS:-0}" ;;
last-verdict) echo "dcverify: FAILED" ;;
esac
`

// sandbox is a feature folder as published, and the places that its scripts write to.
type sandbox struct {
	t     *testing.T
	dir   string
	calls string // what was run
	env   []string
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	s := &sandbox{t: t, dir: t.TempDir()}
	s.calls = filepath.Join(s.dir, "calls")
	s.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(s.dir, "home"), "CALLS=" + s.calls}
	for _, dir := range []string{"src", "home"} {
		if err := os.Mkdir(filepath.Join(s.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range []string{"install.sh", "on-create.sh", "on-attach.sh"} {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		// PATH is the exception: it names the system's folders.
		moved := strings.ReplaceAll(string(text), "/usr/local/", s.dir+"/usr/local/")
		s.write("src/"+script, strings.ReplaceAll(moved, ":"+s.dir+"/usr/local/", ":/usr/local/"))
	}
	s.ship(program)
	return s
}

// ship packs a program as the binary of both architectures.
func (s *sandbox) ship(text string) {
	s.t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text)); err != nil {
		s.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(text))
	s.write("src/dcverify-linux-amd64.gz", packed.String())
	s.write("src/dcverify-linux-arm64.gz", packed.String())
	s.write("src/SHA256SUMS", fmt.Sprintf("%x  dcverify-linux-amd64\n%x  dcverify-linux-arm64\n", sum, sum))
}

func (s *sandbox) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *sandbox) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

func (s *sandbox) exists(name string) bool {
	_, err := os.Lstat(filepath.Join(s.dir, name))
	return err == nil
}

// sh runs a script, with variables added to the sandbox's, and returns what it printed and its exit status. The umask is as
// strict as an image may bring it.
func (s *sandbox) sh(script string, env ...string) (stdout, stderr string, status int) {
	s.t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `umask 077; exec /bin/sh "$0"`, filepath.Join(s.dir, script))
	cmd.Dir = s.dir
	cmd.Env = slices.Concat(s.env, env)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func (s *sandbox) install(env ...string) {
	s.t.Helper()
	if _, stderr, status := s.sh("src/install.sh", env...); status != 0 || stderr != "" {
		s.t.Fatalf("install.sh: exit status %d\n%s", status, stderr)
	}
	os.Remove(s.calls)
}

func TestInstall(t *testing.T) {
	s := newSandbox(t)
	stdout, stderr, status := s.sh("src/install.sh", "_REMOTE_USER=dev", "FAILON=error", "ONLY=DV104, DV803")
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d\n%s", status, stderr)
	}
	if want := "installed dcverify 1.2.3 (onCreate true, failOn error)\n"; stdout != want {
		t.Errorf("says %q, want %q", stdout, want)
	}
	share := filepath.Join(s.dir, "usr/local/share/dcverify")
	if want := "record|--user|dev|--output|" + share + "/image.json|PATH=" + os.Getenv("PATH"); !strings.Contains(s.read("calls"), want) {
		t.Errorf("calls:\n%s\nwant %s", s.read("calls"), want)
	}
	want := "failOn=error\nonly=DV104,DV803\nskip=\nonline=false\nonCreate=true\n"
	if got := s.read("usr/local/share/dcverify/options"); got != want {
		t.Errorf("options:\n%s\nwant\n%s", got, want)
	}

	// Once more, with other options: those are in force, and nothing is left over.
	s.install("ONCREATE=false", "SKIP=DV601")
	want = "failOn=never\nonly=\nskip=DV601\nonline=false\nonCreate=false\n"
	if got := s.read("usr/local/share/dcverify/options"); got != want {
		t.Errorf("options of the second installation:\n%s\nwant\n%s", got, want)
	}
	for dir, want := range map[string]string{
		"usr/local/bin":            "755 dcverify",
		"usr/local/share/dcverify": "755 on-attach.sh, 755 on-create.sh, 644 options",
	} {
		entries, err := os.ReadDir(filepath.Join(s.dir, dir))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, entry := range entries {
			info, err := entry.Info()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%o %s", info.Mode().Perm(), entry.Name()))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s holds %s, want %s", dir, strings.Join(got, ", "), want)
		}
	}
}

func TestInstallRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(s *sandbox)
		env  string
		want string
	}{
		{"failOn", nil, "FAILON=sometimes", `option failOn: "sometimes" is not one of: error warning never`},
		{"empty failOn", nil, "FAILON=", `option failOn: "" is not one of: error warning never`},
		{"online", nil, "ONLINE=yes", `option online: "yes" is not one of: true false`},
		{"onCreate", nil, "ONCREATE=1", `option onCreate: "1" is not one of: true false`},
		{"only", nil, "ONLY=DV104\nfailOn=error", `option only: `},
		{"skip", nil, "SKIP=$(id)", `option skip: "$(id)" is not a list of codes`},
		{"changed binary", func(s *sandbox) {
			sums := s.read("src/SHA256SUMS")
			s.ship(program + "# changed\n")
			s.write("src/SHA256SUMS", sums)
		}, "", "does not match: want"},
		{"unlisted binary", func(s *sandbox) { s.write("src/SHA256SUMS", "") }, "", "SHA256SUMS does not list dcverify-linux-" + runtime.GOARCH},
		{"damaged pack", func(s *sandbox) {
			s.write("src/dcverify-linux-amd64.gz", "no gzip")
			s.write("src/dcverify-linux-arm64.gz", "no gzip")
		}, "", "cannot unpack dcverify-linux-" + runtime.GOARCH},
		{"no binary", func(s *sandbox) {
			os.Remove(filepath.Join(s.dir, "src/dcverify-linux-amd64.gz"))
			os.Remove(filepath.Join(s.dir, "src/dcverify-linux-arm64.gz"))
		}, "", ".gz is missing beside install.sh"},
		{"binary that does not run", func(s *sandbox) { s.ship("#!/bin/sh\nexit 9\n") }, "", "does not run in this image (exit status 9)"},
		{"no gzip", func(s *sandbox) { s.tools("dirname", "uname") }, "", "gzip is missing in this image"},
		{"no sha256sum", func(s *sandbox) { s.tools("dirname", "uname", "gzip") }, "", "sha256sum is missing in this image"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSandbox(t)
			if test.edit != nil {
				test.edit(s)
			}
			_, stderr, status := s.sh("src/install.sh", test.env)
			if status != 1 || !strings.Contains(stderr, "dcverify: ") || !strings.Contains(stderr, test.want) {
				t.Errorf("exit status %d, stderr %q, want 1 and %q", status, stderr, test.want)
			}
			if s.exists("usr/local/bin/dcverify") {
				t.Error("installed all the same")
			}
			if left, _ := filepath.Glob(filepath.Join(s.dir, "usr/local/bin/.*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// tools makes a PATH that holds only these programs.
func (s *sandbox) tools(names ...string) {
	s.t.Helper()
	bin := filepath.Join(s.dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		s.t.Fatal(err)
	}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			s.t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			s.t.Fatal(err)
		}
	}
	s.env[0] = "PATH=" + bin
}

func TestInstallWithoutRecord(t *testing.T) {
	s := newSandbox(t)
	s.ship(strings.Replace(program, "case $1 in", "case $1 in record) exit 4 ;;", 1))
	if err := os.MkdirAll(filepath.Join(s.dir, "usr/local/share/dcverify"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.write("usr/local/share/dcverify/image.json", "of the base image")
	_, stderr, status := s.sh("src/install.sh")
	if want := "dcverify: the environment of the image could not be recorded (exit status 4)\n"; status != 0 || stderr != want {
		t.Errorf("exit status %d, stderr %q, want 0 and %q", status, stderr, want)
	}
	if s.exists("usr/local/share/dcverify/image.json") {
		t.Error("the record of another image stayed")
	}
}

func TestOnCreate(t *testing.T) {
	const kept = "-o|json=DIR/home/.local/state/dcverify/report.json|"
	for _, test := range []struct {
		name    string
		options []string // of the installation
		env     []string
		calls   string // DIR stands for the sandbox
		status  int
		stderr  string
	}{
		{"default", nil, nil, "run|--from|remote|--fail-on|never|" + kept, 0, ""},
		{"all options", []string{"FAILON=warning", "ONLY=DV104, DV803", "SKIP=DV601", "ONLINE=true"}, nil,
			"run|--from|remote|--fail-on|warning|--only|DV104,DV803|--skip|DV601|--online|" + kept, 0, ""},
		{"errors", []string{"FAILON=error"}, []string{"STATUS=1"}, "run|--from|remote|--fail-on|error|" + kept, 1, ""},
		{"warnings", []string{"FAILON=warning"}, []string{"STATUS=2"}, "run|--from|remote|--fail-on|warning|" + kept, 2, ""},
		{"incomplete", []string{"FAILON=error"}, []string{"STATUS=4"}, "run|--from|remote|--fail-on|error|" + kept, 4, ""},
		{"incomplete, never fail", nil, []string{"STATUS=4"}, "run|--from|remote|--fail-on|never|" + kept, 0,
			"dcverify: could not finish (exit status 4); the creation goes on, because failOn is never\n"},
		{"onCreate off", []string{"ONCREATE=false"}, nil, "", 0, ""},
		{"state folder", nil, []string{"XDG_STATE_HOME=DIR/state"}, "run|--from|remote|--fail-on|never|-o|json=DIR/state/dcverify/report.json|", 0, ""},
		{"no home", nil, []string{"HOME="}, "run|--from|remote|--fail-on|never|", 0,
			"dcverify: the report is not kept: no home folder that this user can write to\n"},
		{"home that is no folder", nil, []string{"HOME=DIR/calls"}, "run|--from|remote|--fail-on|never|", 0,
			"dcverify: the report is not kept: no home folder that this user can write to\n"},
		{"broken PATH", nil, []string{"PATH=/nowhere"}, "run|--from|remote|--fail-on|never|" + kept, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSandbox(t)
			s.install(test.options...)
			s.write("calls", "")
			env := slices.Clone(test.env)
			path := "PATH=" + os.Getenv("PATH")
			for i, v := range env {
				env[i] = strings.ReplaceAll(v, "DIR", s.dir)
				if strings.HasPrefix(v, "PATH=") {
					path = v
				}
			}

			stdout, stderr, status := s.sh("usr/local/share/dcverify/on-create.sh", env...)
			if status != test.status || stderr != test.stderr {
				t.Errorf("exit status %d, stderr %q, want %d and %q", status, stderr, test.status, test.stderr)
			}
			want := ""
			if test.calls != "" {
				want = strings.ReplaceAll(test.calls, "DIR", s.dir) + path + "\n"
			}
			if got := s.read("calls"); got != want {
				t.Errorf("called\n%s\nwant\n%s", got, want)
			}
			if shown := stdout == "the report\n"; shown != (test.calls != "") {
				t.Errorf("prints %q", stdout)
			}
		})
	}
}

func TestOnAttach(t *testing.T) {
	s := newSandbox(t)
	s.install()
	const script = "usr/local/share/dcverify/on-attach.sh"
	if stdout, stderr, status := s.sh(script); stdout+stderr != "" || status != 0 {
		t.Errorf("without a report: %q, %q, exit status %d", stdout, stderr, status)
	}
	s.sh("usr/local/share/dcverify/on-create.sh")
	if stdout, stderr, status := s.sh(script); stdout != "dcverify: FAILED\n" || stderr != "" || status != 0 {
		t.Errorf("with a report: %q, %q, exit status %d", stdout, stderr, status)
	}
	s.install("ONCREATE=false")
	s.sh("usr/local/share/dcverify/on-create.sh")
	if stdout, stderr, status := s.sh(script); stdout+stderr != "" || status != 0 {
		t.Errorf("with a report of another container: %q, %q, exit status %d", stdout, stderr, status)
	}
	if stdout, stderr, status := s.sh(script, "HOME="); stdout+stderr != "" || status != 0 {
		t.Errorf("without a home: %q, %q, exit status %d", stdout, stderr, status)
	}
	if err := os.Remove(filepath.Join(s.dir, "usr/local/bin/dcverify")); err != nil {
		t.Fatal(err)
	}
	if stdout, stderr, status := s.sh(script); stdout+stderr != "" || status != 0 {
		t.Errorf("without dcverify: %q, %q, exit status %d", stdout, stderr, status)
	}
}
