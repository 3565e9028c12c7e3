package real

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	builds "github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/source"
)

// dockerfileBases are the images that the cases start from. They hold nothing: a configuration is all that is asked of them.
var dockerfileBases = map[string]dockerfile.Base{
	"dcv/base-env": {
		Env:    []string{"PATH=/base/bin:/bin", "GOROOT=/base/go", "EMPTY=", "BLANK=a b"},
		User:   "1000:1000",
		Labels: map[string]string{"a": "base", "b": "kept"}, Workdir: "/base/work",
	},
	"dcv/base-nopath": {Env: []string{"X=1"}},
	"dcv/base-empty":  {},
	"dcv/base-onbuild": {
		Env: []string{"PATH=/base/bin", "GOROOT=/base/go"},
		OnBuild: []string{
			"ENV TRIGGERED=$GOROOT/triggered", "ARG T=default", "ENV T2=$T", "LABEL triggered=$T", "WORKDIR /triggered", "USER 77",
		},
	},
}

// prediction is what is compared: of a case, or of an image.
type prediction struct {
	Env           []string
	User, Workdir string
	Labels        map[string]string
}

// dockerfileCase is a Dockerfile of testdata/dockerfiles/cases.txtar.
type dockerfileCase struct {
	name, text, target    string
	args                  map[string]string
	legacyFails, kitFails string
}

func readDockerfileCases(t *testing.T) []dockerfileCase {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/dockerfiles/cases.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var cases []dockerfileCase
	for _, file := range archive.Files {
		name, ok := strings.CutSuffix(file.Name, ".options")
		if !ok {
			cases = append(cases, dockerfileCase{name: name, text: string(file.Data), args: map[string]string{}})
			continue
		}
		c := &cases[len(cases)-1]
		if c.name != name {
			t.Fatalf("the options of %s stand behind %s", name, c.name)
		}
		for line := range strings.Lines(string(file.Data)) {
			key, said, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch key {
			case "arg":
				arg, text, _ := strings.Cut(said, "=")
				c.args[arg] = text
			case "target":
				c.target = said
			case "crlf":
				c.text = strings.ReplaceAll(c.text, "\n", "\r\n")
			case "bom":
				c.text = "\uFEFF" + c.text
			case "no-newline":
				c.text = strings.TrimSuffix(c.text, "\n")
			case "legacy-fails":
				c.legacyFails = said
			case "buildkit-fails":
				c.kitFails = said
			default:
				t.Fatalf("%s: no option %q", name, key)
			}
		}
	}
	return cases
}

// predict asks verifier/dockerfile. The problem is the first one that makes a build fail.
func (c dockerfileCase) predict(legacy bool) (prediction, string) {
	told := dockerfile.Parse(source.File{Name: "Dockerfile", Text: c.text}).Build(dockerfile.Options{
		Target: c.target, Args: c.args, Legacy: legacy,
		Base: func(reference string) (dockerfile.Base, bool) {
			base, ok := dockerfileBases[reference]
			return base, ok
		},
	})
	for _, p := range told.Problems {
		// BuildKit evaluates what the target needs; what does not parse it always refuses.
		needed := p.Kind == "syntax" || p.Kind == "empty-from" || p.Stage < 0 || told.Stages[p.Stage].Built
		if p.Kind != "undefined-arg" && needed {
			return prediction{}, p.Kind + ": " + p.Message
		}
	}
	said := prediction{User: told.User, Workdir: told.Workdir, Labels: told.Labels}
	for _, v := range told.Env {
		said.Env = append(said.Env, v.Name+"="+v.Value)
		if v.Unknown != "" {
			return said, "unknown: " + v.Name + ": " + v.Unknown
		}
	}
	return said, ""
}

// TestDockerfiles builds every case for real, and what comes out must be what the files were said to make.
func TestDockerfiles(t *testing.T) {
	cases := readDockerfileCases(t)
	kit := startBuildKit(t)
	importBases(t)
	old := startOldBuilder(t)
	var legacy, current, refused atomic.Int32
	t.Run("cases", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				folder := t.TempDir()
				for name, text := range map[string]string{"Dockerfile": c.text, "file": "a file\n"} {
					if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				compare := func(builder string, count *atomic.Int32, legacy bool, fails string, build func(*testing.T, string, dockerfileCase) (prediction, error)) {
					real, err := build(t, folder, c)
					said, problem := c.predict(legacy)
					switch {
					case err != nil && fails == "":
						t.Errorf("%s refuses it: %v", builder, err)
					case err == nil && fails != "":
						t.Errorf("%s does not refuse it (%s)", builder, fails)
					case err != nil && strings.HasPrefix(fails, "Docker 20.10"):
						// The engine is older than the parser that both builders have today: nothing to compare.
					case err != nil && problem == "":
						t.Errorf("%s refuses it (%v), and nothing was said", builder, err)
					case err != nil:
						count.Add(1)
						refused.Add(1)
					case problem != "":
						t.Errorf("%s builds it, but it was said: %s", builder, problem)
					default:
						if diff := gocmp.Diff(real, said, emptyIsNil); diff != "" {
							t.Errorf("%s (-built +said):\n%s", builder, diff)
							return
						}
						count.Add(1)
					}
				}
				compare("the builder before BuildKit", &legacy, true, c.legacyFails, old.build)
				compare("BuildKit", &current, false, c.kitFails, kit.build)
			})
		}
	})
	if len(cases) < 60 {
		t.Errorf("only %d cases", len(cases))
	}
	t.Logf("dockerfiles: %d equal to a real build (legacy %d, BuildKit %d), %d of them refused by both sides; %d files",
		legacy.Load()+current.Load(), legacy.Load(), current.Load(), refused.Load(), len(cases))
}

// emptyIsNil is how image configurations come out of JSON: no labels may be null or {}.
var emptyIsNil = gocmp.Options{gocmp.FilterValues(func(a, b map[string]string) bool { return len(a) == 0 && len(b) == 0 }, gocmp.Ignore())}

// importBases makes the bases in the engine.
func importBases(t *testing.T) {
	t.Helper()
	var empty bytes.Buffer
	if err := tar.NewWriter(&empty).Close(); err != nil {
		t.Fatal(err)
	}
	for name, base := range dockerfileBases {
		args := []string{"import"}
		change := func(instruction string) { args = append(args, "--change", instruction) }
		for _, entry := range base.Env {
			key, text, _ := strings.Cut(entry, "=")
			change(fmt.Sprintf("ENV %s=%q", key, text))
		}
		for key, text := range base.Labels {
			change(fmt.Sprintf("LABEL %s=%q", key, text))
		}
		for _, trigger := range base.OnBuild {
			change("ONBUILD " + trigger)
		}
		if base.User != "" {
			change("USER " + base.User)
		}
		if base.Workdir != "" {
			change("WORKDIR " + base.Workdir)
		}
		cmd := command(t.Context(), "", append(append([]string{"docker"}, args...), "-", name)...)
		cmd.Stdin = bytes.NewReader(empty.Bytes())
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, text)
		}
		t.Cleanup(func() { _ = exec.Command("docker", "rmi", "-f", name).Run() })
	}
}

// oldBuilder is the engine's own builder, the one before BuildKit, asked without a docker command for each build.
type oldBuilder struct {
	client *client.Client
	mutex  sync.Mutex
	made   []string
}

func startOldBuilder(t *testing.T) *oldBuilder {
	t.Helper()
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	e := &oldBuilder{client: c}
	t.Cleanup(func() {
		// Not before all builds are done: images that two builds share would be taken away from under one of them.
		for _, id := range e.made {
			if _, err := c.ImageRemove(context.Background(), id, image.RemoveOptions{Force: true, PruneChildren: true}); err != nil {
				t.Logf("cleaning up: %v", err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func (e *oldBuilder) build(t *testing.T, folder string, c dockerfileCase) (prediction, error) {
	var files bytes.Buffer
	writer := tar.NewWriter(&files)
	if err := writer.AddFS(os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	options := builds.ImageBuildOptions{Target: c.target, BuildArgs: map[string]*string{}, NoCache: true, ForceRemove: true, NetworkMode: "none"}
	for name, text := range c.args {
		options.BuildArgs[name] = &text
	}
	response, err := e.client.ImageBuild(t.Context(), &files, options)
	if err != nil {
		return prediction{}, err
	}
	defer response.Body.Close()
	id := ""
	for decoder := json.NewDecoder(response.Body); ; {
		var message struct {
			Error string
			Aux   struct{ ID string }
		}
		if err := decoder.Decode(&message); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if id = cmp.Or(message.Aux.ID, id); message.Error != "" {
			return prediction{}, errors.New(message.Error)
		}
	}
	e.mutex.Lock()
	e.made = append(e.made, id)
	e.mutex.Unlock()
	inspected, err := e.client.ImageInspect(t.Context(), id)
	if err != nil {
		return prediction{}, err
	}
	config := inspected.Config
	return prediction{Env: config.Env, User: config.User, Workdir: config.WorkingDir, Labels: config.Labels}, nil
}

// imageConfig is a prediction as image configurations write it.
type imageConfig struct {
	Env     []string
	User    string
	Workdir string `json:"WorkingDir"`
	Labels  map[string]string
}

// buildKit is a buildkitd of the release whose packages verifier/dockerfile uses, with nothing but this test as its client.
type buildKit struct {
	tools, address string
	layouts        string            // an OCI layout with the bases
	digests        map[string]string // of their manifests
}

// startBuildKit starts it. The engine's own BuildKit is as old as the engine, and a plugin would be needed to reach it.
func startBuildKit(t *testing.T) *buildKit {
	t.Helper()
	cache := os.Getenv("DCVERIFY_TEST_CACHE")
	if cache == "" {
		folder, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(folder, "dcverify-test")
	}
	k := &buildKit{tools: filepath.Join(cache, "buildkit"), digests: map[string]string{}}
	for _, tool := range []string{"buildkitd", "buildctl"} {
		if _, err := os.Stat(filepath.Join(k.tools, tool)); err != nil {
			t.Fatalf("%s is missing; test/setup.sh makes it: %v", tool, err)
		}
	}
	// The path of a socket may have about a hundred characters, which the folder of a test is near to.
	folder, err := os.MkdirTemp("", "dcvkit")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	k.address = "unix://" + folder + "/socket"
	k.layouts = filepath.Join(folder, "bases")
	k.writeBases(t)
	var log bytes.Buffer
	cmd := exec.CommandContext(context.Background(), filepath.Join(k.tools, "buildkitd"), "--root", folder+"/root", "--addr", k.address,
		"--oci-worker-snapshotter=native", "--containerd-worker=false")
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for exec.CommandContext(ctx, filepath.Join(k.tools, "buildctl"), "--addr", k.address, "debug", "workers").Run() != nil {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("buildkitd: %v\n%s", err, log.String())
		case <-ctx.Done():
			t.Fatal("buildkitd does not answer")
		case <-time.After(50 * time.Millisecond):
		}
	}
	return k
}

// writeBases puts the bases into an OCI layout, which BuildKit takes in the place of a registry.
func (k *buildKit) writeBases(t *testing.T) {
	t.Helper()
	blob := func(mediaType string, data []byte) object {
		digest := fmt.Sprintf("%x", sha256.Sum256(data))
		path := filepath.Join(k.layouts, "blobs/sha256", digest)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return object{"mediaType": mediaType, "digest": "sha256:" + digest, "size": len(data)}
	}
	asJSON := func(mediaType string, v any) object {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return blob(mediaType, data)
	}
	var plain, packed bytes.Buffer
	if err := tar.NewWriter(&plain).Close(); err != nil {
		t.Fatal(err)
	}
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(plain.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	layer := blob("application/vnd.oci.image.layer.v1.tar+gzip", packed.Bytes())
	var manifests []object
	for name, base := range dockerfileBases {
		config := asJSON("application/vnd.oci.image.config.v1+json", object{
			"architecture": "amd64", "os": "linux",
			"config": object{"Env": base.Env, "User": base.User, "WorkingDir": base.Workdir, "Labels": base.Labels, "OnBuild": base.OnBuild},
			"rootfs": object{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(plain.Bytes()))}},
		})
		manifest := asJSON("application/vnd.oci.image.manifest.v1+json", object{
			"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": []object{layer},
		})
		k.digests[name] = manifest["digest"].(string)
		manifests = append(manifests, manifest)
	}
	for name, v := range map[string]object{
		"index.json": {"schemaVersion": 2, "manifests": manifests}, "oci-layout": {"imageLayoutVersion": "1.0.0"},
	} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(k.layouts, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// build builds with BuildKit and reads the configuration out of the image that comes.
func (k *buildKit) build(t *testing.T, folder string, c dockerfileCase) (prediction, error) {
	result := t.TempDir()
	args := []string{
		"--addr", k.address, "build", "--progress", "plain", "--frontend", "dockerfile.v0", "--local", "context=" + folder,
		"--local", "dockerfile=" + folder, "--oci-layout", "bases=" + k.layouts, "--output", "type=oci,tar=false,dest=" + result,
	}
	for name, digest := range k.digests {
		args = append(args, "--opt", "context:"+name+"=oci-layout://bases@"+digest)
	}
	for name, text := range c.args {
		args = append(args, "--opt", "build-arg:"+name+"="+text)
	}
	if c.target != "" {
		args = append(args, "--opt", "target="+c.target)
	}
	if text, err := exec.CommandContext(t.Context(), filepath.Join(k.tools, "buildctl"), args...).CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		return prediction{}, fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	type descriptor struct{ Digest string }
	var index struct{ Manifests []descriptor }
	var manifest struct{ Config descriptor }
	var image struct{ Config imageConfig }
	read := func(name string, v any) {
		data, err := os.ReadFile(filepath.Join(result, name))
		if err == nil {
			err = json.Unmarshal(data, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := func(d descriptor) string {
		return filepath.Join("blobs/sha256", strings.TrimPrefix(d.Digest, "sha256:"))
	}
	read("index.json", &index)
	read(path(index.Manifests[0]), &manifest)
	read(path(manifest.Config), &image)
	return prediction(image.Config), nil
}
