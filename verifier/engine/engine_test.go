package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	dockerimage "github.com/docker/docker/api/types/image"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/image"
	"github.com/dcverify/dcverify/verifier/program"
)

const (
	amd64 = uint16(elf.EM_X86_64)
	arm64 = uint16(elf.EM_AARCH64)
)

// goProgram is a program with Go build information: this test.
func goProgram(t *testing.T) []byte {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func configured(fake *fakeEngine, config ocispec.ImageConfig) *fakeEngine {
	fake.inspect = dockerimage.InspectResponse{
		ID: "sha256:1", Os: "linux", Architecture: runtime.GOARCH, Created: "2026-01-02T03:04:05.6Z",
		Config: &dockerspec.DockerOCIImageConfig{ImageConfig: config},
	}
	return fake
}

func TestImage(t *testing.T) {
	fake := configured(newFake(t, map[string]entry{
		"/etc/passwd":       {content: []byte("root:x:0:0:root:/root:/bin/bash\n# no user\nbroken\nvscode:x:1000:1000::/home/vscode:/bin/zsh\n")},
		"/etc/group":        {content: []byte("golang:x:2000:vscode\n")},
		"/usr/bin":          {},
		"/bin":              {link: "usr/bin"},
		"/usr/local/go/bin": {},
		"/usr/local/go/pkg/tool/linux_" + runtime.GOARCH + "/compile": {content: goProgram(t)},
		"/usr/local/go/VERSION": {content: []byte("go1.26.8\ntime 2026-01-01T00:00:00Z\n")},
		"/usr/local/go/src/fmt": {},
		"/usr/local/go/bin/go":  {content: []byte("#!/bin/sh\n"), mode: 0o750, gid: 2000},
		"/usr/bin/go":           {link: "/usr/local/go/bin/go"},
		"/go":                   {mode: 0o3777, gid: 2000},
		"/go/bin":               {mode: 0o2775, uid: 1000, gid: 2000},
		"/go/bin/large/rest":    {content: make([]byte, 1<<20)},
		"/go/pkg/mod":           {},
		"/opt/go":               {},
	}), ocispec.ImageConfig{
		Env:        []string{"PATH=/bin:/usr/bin:relative", "GOPATH=/go", "GOROOT=/opt/go"},
		User:       "0",
		WorkingDir: "/missing",
		Labels:     map[string]string{"devcontainer.metadata": `[{"remoteUser":"vscode","remoteEnv":{"GOROOT":null}}]`},
	})
	fake.history = []dockerimage.HistoryResponseItem{{CreatedBy: "ENV A=b", Created: 20}, {CreatedBy: "ADD /", Size: 7}}

	img, err := New(fake).Image(t.Context(), "some:tag")
	if err != nil {
		t.Fatal(err)
	}
	link := program.File{Real: "/usr/local/go/bin/go", Mode: 0o750, GID: 2000, Executable: true, Script: true}
	named := func(path string) program.File { f := link; f.Path = path; return f }
	want := image.Image{
		Reference: "some:tag", ID: "sha256:1", OS: "linux", Architecture: runtime.GOARCH,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 6e8, time.UTC),
		Env:     fake.inspect.Config.Env, User: "0", WorkingDir: "/missing", Labels: fake.inspect.Config.Labels,
		History: []image.Step{{CreatedBy: "ADD /"}, {CreatedBy: "ENV A=b", Created: time.Unix(20, 0).UTC(), Empty: true}},
		Files: image.Files{
			Users: []image.User{{Name: "root", Home: "/root", Shell: "/bin/bash"}, {Name: "vscode", UID: 1000, GID: 1000, Home: "/home/vscode", Shell: "/bin/zsh"}},
			Folders: map[string]image.Folder{
				"/go": {GID: 2000, Mode: 0o3777}, "/go/bin": {UID: 1000, GID: 2000, Mode: 0o2775},
				"/go/pkg": {Mode: 0o755}, "/go/pkg/mod": {Mode: 0o755},
			},
			Trees: map[string]goenv.Tree{
				"/usr/local/go": {Real: "/usr/local/go", Folder: true, Go: true, Std: true, Version: "go1.26.8", Compiler: runtime.Version()},
				"/opt/go":       {Real: "/opt/go", Folder: true},
				"null":          {},
			},
			Programs: map[string]program.File{
				"/bin/go": named("/bin/go"), "/usr/bin/go": named("/usr/bin/go"), "/usr/local/go/bin/go": named("/usr/local/go/bin/go"),
			},
		},
	}
	if diff := cmp.Diff(want, img); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	if !regexp.MustCompile(`^dcverify-[a-z0-9]{16}$`).MatchString(fake.name) {
		t.Errorf("the container's name is %q", fake.name)
	}
	if c := fake.config; c.Image != "sha256:1" || len(c.Entrypoint) == 0 || c.WorkingDir != "/" || c.Labels["dcverify"] != "read" || fake.host.NetworkMode != "none" {
		t.Errorf("created with %+v, %+v", c, fake.host)
	}
	if fake.plat == nil || fake.plat.Architecture != runtime.GOARCH {
		t.Errorf("created for platform %v", fake.plat)
	}
	if n := slices.Index(fake.calls, "create"); n < 0 || fake.calls[0] != "inspect some:tag" || fake.calls[1] != "history sha256:1" {
		t.Errorf("calls: %q", fake.calls)
	}
	seen := map[string]bool{}
	for _, call := range fake.calls {
		if seen[call] && call != "stat /" {
			t.Errorf("asked twice: %s", call)
		}
		seen[call] = true
	}
}

func TestImageFromScratch(t *testing.T) {
	for _, version := range []string{"1.40", "1.47"} {
		fake := newFake(t, nil)
		fake.version = version
		fake.inspect = dockerimage.InspectResponse{ID: "sha256:2", Os: "linux", Architecture: "arm64"} // no config at all
		img, err := New(fake).Image(t.Context(), "empty")
		if err != nil {
			t.Fatal(err)
		}
		if len(img.Files.Programs)+len(img.Files.Trees)+len(img.Files.Users)+len(img.Files.Folders) != 0 {
			t.Errorf("files of an empty image: %+v", img.Files)
		}
		if old := version == "1.40"; old != (fake.plat == nil) {
			t.Errorf("API %s: platform %v", version, fake.plat)
		}
	}
}

// Whatever happens, the container is removed: the fake's cleanup fails the test otherwise.
func TestImageRemovesItsContainer(t *testing.T) {
	broken := errors.New("it broke")
	failing := func(calls ...string) func(string) error {
		return func(asked string) error {
			if slices.Contains(calls, asked) {
				return broken
			}
			return nil
		}
	}
	replaced := func(content string) func(string, []byte) []byte {
		return func(file string, archive []byte) []byte {
			if file == "/etc/passwd" {
				return []byte(content)
			}
			return archive
		}
	}
	for name, test := range map[string]struct {
		before  func(string) error
		body    func(string, []byte) []byte
		want    string
		created bool
	}{
		"inspect":         {before: failing("inspect ref"), want: "inspecting image ref: it broke"},
		"history":         {before: failing("history sha256:1"), want: "reading the history of image ref: it broke"},
		"create":          {before: failing("create"), want: "creating container dcverify-", created: true},
		"stat":            {before: failing("stat /etc", "copy /etc"), want: "reading users: reading /etc: it broke", created: true},
		"copy":            {before: failing("copy /etc/passwd"), want: "reading users: reading /etc/passwd: it broke", created: true},
		"remove":          {before: failing("remove"), want: "removing container dcverify-", created: true},
		"no archive":      {body: replaced("<html>"), want: "reading /etc/passwd: the engine's archive: ", created: true},
		"empty archive":   {body: replaced(""), want: "reading /etc/passwd: the engine's archive: EOF", created: true},
		"damaged archive": {body: replaced(strings.Repeat("x", 1024)), want: "reading /etc/passwd: the engine's archive: ", created: true},
		"archive cut short": {
			body: func(file string, archive []byte) []byte {
				if file == "/etc/passwd" {
					return archive[:515]
				}
				return archive
			},
			want: "reading /etc/passwd: the engine's archive: unexpected EOF", created: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake := configured(newFake(t, map[string]entry{"/etc/passwd": {content: []byte("root:x:0:0:root:/root:/bin/bash\n")}}), ocispec.ImageConfig{})
			fake.before, fake.body = test.before, test.body
			img, err := New(fake).Image(t.Context(), "ref")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if img.ID != "" {
				t.Errorf("an image came with the error: %+v", img)
			}
			if test.created != (fake.name != "") {
				t.Errorf("container %q", fake.name)
			}
			if test.created && !strings.Contains(err.Error(), fake.name) && name == "remove" {
				t.Errorf("%v does not name the container %s", err, fake.name)
			}
		})
	}
}

func TestImageRemovesItsContainerAfterCancel(t *testing.T) {
	for _, at := range []string{"create", "stat /etc", "copy /etc/passwd"} {
		t.Run(at, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			fake := configured(newFake(t, map[string]entry{"/etc/passwd": {content: []byte("x")}}), ocispec.ImageConfig{})
			fake.before = func(call string) error {
				if call == at {
					cancel()
				}
				return nil
			}
			_, err := New(fake).Image(ctx, "ref")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if last := fake.calls[len(fake.calls)-1]; last != "remove" {
				t.Errorf("last call: %s", last)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	fake := configured(newFake(t, nil), ocispec.ImageConfig{})
	if _, err := New(fake).Image(ctx, "ref"); !errors.Is(err, context.Canceled) || fake.name != "" {
		t.Errorf("cancelled before: error %v, container %q", err, fake.name)
	}
}

func TestImageNoticesThatItsContainerIsGone(t *testing.T) {
	fake := configured(newFake(t, map[string]entry{"/etc/passwd": {content: []byte("x")}}), ocispec.ImageConfig{})
	fake.before = func(call string) error {
		if strings.HasPrefix(call, "stat /usr") || call == "stat /" || call == "remove" { // as after `docker container prune`
			return fmt.Errorf("no such container: %w", errdefs.ErrNotFound)
		}
		return nil
	}
	_, err := New(fake).Image(t.Context(), "ref")
	if err == nil || !strings.Contains(err.Error(), fake.name+" disappeared") {
		t.Errorf("error %v", err)
	}
}

func TestNoImage(t *testing.T) {
	for _, kind := range []error{errdefs.ErrNotFound, errdefs.ErrInvalidArgument} {
		fake := newFake(t, nil)
		fake.before = func(string) error { return fmt.Errorf("no such image: %w", kind) }
		_, err := New(fake).Image(t.Context(), "golang:0")
		missing, ok := errors.AsType[*ErrNoImage](err)
		if !ok || missing.Reference != "golang:0" || !strings.Contains(err.Error(), "docker pull golang:0") || !errors.Is(err, kind) {
			t.Errorf("error %v", err)
		}
	}
}

func TestNothingCanBeStarted(t *testing.T) {
	api := reflect.TypeFor[API]()
	for i := range api.NumMethod() {
		if name := api.Method(i).Name; regexp.MustCompile(`Start|Exec|Attach|Run|Pull|Build|Commit|CopyTo`).MatchString(name) {
			t.Errorf("the interface has %s", name)
		}
	}
}

func TestPrograms(t *testing.T) {
	here := elfProgram(t, amd64, "")
	for name, test := range map[string]struct {
		files map[string]entry
		user  string
		want  program.File // without the path, which is /bin/dlv
	}{
		"good":        {map[string]entry{"/bin/dlv": {content: here}}, "", program.File{Real: "/bin/dlv", Mode: 0o755, Executable: true}},
		"broken link": {map[string]entry{"/bin/dlv": {link: "../opt/x"}}, "", program.File{Problem: "it is a broken link: there is no /opt"}},
		"loop":        {map[string]entry{"/bin/dlv": {link: "gopls"}, "/bin/gopls": {link: "dlv"}}, "", program.File{Problem: "it is a link that leads back to itself"}},
		"link through a file": {map[string]entry{"/bin/dlv": {link: "/etc/passwd/x"}, "/etc/passwd": {content: []byte("x")}}, "",
			program.File{Problem: "it does not exist: /etc/passwd is no folder"}},
		"not executable": {map[string]entry{"/bin/dlv": {content: here, mode: 0o644}}, "",
			program.File{Real: "/bin/dlv", Mode: 0o644, Problem: "it is not executable for user root (mode 0644, owner 0)"}},
		"another's": {map[string]entry{"/bin/dlv": {content: here, mode: 0o700}}, "1000",
			program.File{Real: "/bin/dlv", Mode: 0o700, Problem: "it is not executable for user 1000 (mode 0700, owner 0)"}},
		"in another's home": {map[string]entry{"/bin/dlv": {link: "/root/dlv"}, "/root": {mode: 0o700}, "/root/dlv": {content: here}}, "1000",
			program.File{Real: "/root/dlv", Mode: 0o755, Problem: "user 1000 may not enter /root (mode 0700, owner 0)"}},
		"in its own home": {map[string]entry{"/bin/dlv": {link: "/me/dlv"}, "/me": {mode: 0o700, uid: 1000}, "/me/dlv": {content: here}}, "1000",
			program.File{Real: "/me/dlv", Mode: 0o755, Executable: true}},
		"another architecture": {map[string]entry{"/bin/dlv": {content: elfProgram(t, arm64, "")}}, "",
			program.File{Real: "/bin/dlv", Mode: 0o755, Executable: true, Arch: "arm64", Problem: "it is built for arm64, and the image is amd64"}},
		"no program": {map[string]entry{"/bin/dlv": {content: []byte("hello")}}, "",
			program.File{Real: "/bin/dlv", Mode: 0o755, Executable: true, Problem: "it is no program"}},
		"loader missing": {map[string]entry{"/bin/dlv": {content: elfProgram(t, amd64, "/lib/ld.so")}}, "",
			program.File{Real: "/bin/dlv", Mode: 0o755, Executable: true, Problem: "it needs the loader /lib/ld.so, and the image has none"}},
		"loader there": {map[string]entry{"/bin/dlv": {content: elfProgram(t, amd64, "/lib/ld.so")}, "/lib": {link: "usr/lib"}, "/usr/lib/ld.so": {content: here}}, "",
			program.File{Real: "/bin/dlv", Mode: 0o755, Executable: true}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := configured(newFake(t, test.files), ocispec.ImageConfig{Env: []string{"PATH=/bin"}, User: test.user})
			fake.inspect.Architecture = "amd64"
			img, err := New(fake).Image(t.Context(), "ref")
			if err != nil {
				t.Fatal(err)
			}
			test.want.Path = "/bin/dlv"
			got := img.Files.Programs["/bin/dlv"]
			got.Stripped = false
			if test.want.Real != "" && test.want.Arch == "" && name != "no program" {
				test.want.Arch = "amd64"
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A folder on PATH that is called go is no program, and none that is there is reported missing.
func TestProgramIsFolder(t *testing.T) {
	fake := configured(newFake(t, map[string]entry{"/usr/local/go/x": {content: []byte("x")}}), ocispec.ImageConfig{Env: []string{"PATH=/usr/local"}})
	img, err := New(fake).Image(t.Context(), "ref")
	if err != nil || len(img.Files.Programs) != 0 {
		t.Errorf("%v, %v", img.Files.Programs, err)
	}
}

func TestTooLarge(t *testing.T) {
	fake := configured(newFake(t, map[string]entry{
		"/etc/passwd": {content: bytes.Repeat([]byte("a:b:1:1:::\n"), 1<<17)},
		"/bin/dlv":    {content: []byte("x")},
	}), ocispec.ImageConfig{Env: []string{"PATH=/bin"}})
	fake.body = func(file string, archive []byte) []byte {
		if file != "/bin/dlv" {
			return archive
		}
		var b bytes.Buffer // says that it is large, and never gets to be
		if err := tar.NewWriter(&b).WriteHeader(&tar.Header{Name: "dlv", Mode: 0o755, Size: 1 << 40, Format: tar.FormatGNU}); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	img, err := New(fake).Image(t.Context(), "ref")
	if err != nil {
		t.Fatal(err)
	}
	if len(img.Files.Users) != 0 {
		t.Errorf("read %d users of a file without end", len(img.Files.Users))
	}
	if problem := img.Files.Programs["/bin/dlv"].Problem; problem != "it is larger than 256 MiB" {
		t.Errorf("problem %q", problem)
	}
}
