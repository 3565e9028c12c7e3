package real

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"

	"github.com/dcverify/dcverify/test/internal/rig"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/resolve"
)

// bases is the images that scenarios start from and that test/setup.sh does not make, with their Dockerfiles.
var bases = map[string]string{
	"dcv/predict-onbuild": `FROM dcv/go:1.26
ENV TRIGGER=before OVER=base
ONBUILD ENV TRIGGER=onbuild OVER=onbuild
ONBUILD ENV SECOND=$TRIGGER
`,
	"dcv/predict-label": `FROM dcv/go:1.26
ENV L_B=base B_C=base B_D=base
LABEL devcontainer.metadata='[{"id": "x"}, {"containerEnv": {"L_B": "label", "L_D": "label", "L_F": "label", "L_C": "first", "L_L": "1"}}, {"containerEnv": {"L_C": "label", "L_L": "2"}, "remoteEnv": {"L_E": "label"}}]'
`,
	"dcv/predict-label-remote": `FROM dcv/go:1.26
LABEL devcontainer.metadata='[{"remoteUser": "dev", "remoteEnv": {"R_L": "label", "R_C": "label", "PATH": "/label:${containerEnv:PATH}"}}]'
`,
	"dcv/predict-label-object": `FROM dcv/go:1.26
LABEL devcontainer.metadata='{"containerEnv": {"L": "label"}, "remoteEnv": {"R": "${containerEnv:L}"}}'
`,
	"dcv/predict-label-invalid": `FROM dcv/go:1.26
LABEL devcontainer.metadata='[{"containerEnv": {"L": "label"},}]'
`,
	"dcv/predict-label-variables": `FROM dcv/go:1.26
LABEL devcontainer.metadata='[{"containerEnv": {"L_HOST": "[${localEnv:SET}]", "L_UNSET": "${localEnv:DCV_NOBODY:fallback}", "L_FOLDER": "${containerWorkspaceFolder}", "L_NAME": "${localWorkspaceFolderBasename}", "L_ID": "${devcontainerId}"}, "remoteEnv": {"R_HOST": "${localEnv:SET}"}}]'
`,
}

// buildkitClient is the client of Debian's docker.io, which brings BuildKit without a plugin; the reference CLI does not
// know that, so that what it asks of the builder is the same.
const buildkitClient = "/usr/bin/docker"

// imported is the base without any configuration.
const imported = "dcv/predict-imported"

// makeBases builds what bases lists, once for all scenarios. The images stay: they are a few bytes on top of what
// test/setup.sh makes, and another run finds them in the builder's cache.
func makeBases(t *testing.T) {
	t.Helper()
	for _, tag := range slices.Sorted(maps.Keys(bases)) {
		cmd := command(t.Context(), "", "docker", "build", "--quiet", "--tag", tag, "-")
		cmd.Stdin = strings.NewReader(bases[tag])
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", tag, err, output)
		}
	}
	if _, _, status := run(t, "docker", "image", "inspect", imported); status != 0 {
		output(t, "sh", "-c", `id=$(docker create dcv/debian:bookworm) && docker export "$id" | docker import - `+imported+`; docker rm "$id"`)
	}
}

// A scenario is a workspace, in testdata/prediction, as a txtar archive of its files. Two members are no files of it: host
// holds variables of the host, NAME=value; options holds one option a line:
//
//	workspace FOLDER  the workspace is this folder of the archive, not the whole
//	config FILE       its devcontainer.json
//	git               the archive is a git repository
//	bom FILE          the file begins with a byte order mark
//	crlf FILE         the file has the line ends of Windows
//	unset NAME        the host has no such variable
//	exec NAME=value   what `devcontainer exec` shows where it differs from what a lifecycle command sees
//	login NAME=value  what login files make of the variable in the remote view; without a value the probe is on, that is all
//	registries        registries hold the features of testdata/features.txtar, whose digests stand for FEATURE#{VERSION}
//	buildkit          BuildKit builds, not the builder before it
//	legacy NAME=value what the builder before BuildKit makes of the variable, where the prediction follows BuildKit
//	unknown VIEW NAME the prediction is to say that it does not know
type scenario struct {
	name      string
	root      string // of the files
	workspace string
	config    string // as an argument; empty for none
	host      map[string]string
	options   map[string][]string
	features  bool // it has some
	compose   bool
	project   string // of compose, once it is up
	feature   func(address string) (string, error)
}

func newScenario(t *testing.T, file string) *scenario {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &scenario{
		name:    strings.TrimSuffix(filepath.Base(file), ".txtar"),
		host:    map[string]string{},
		options: map[string][]string{},
	}
	// The folder's name becomes part of the names of images and projects, by which they are removed.
	s.root = filepath.Join(t.TempDir(), "predict-"+s.name)
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		s.host[name] = value
	}
	for _, member := range archive.Files {
		switch text := string(member.Data); member.Name {
		case "host":
			for line := range strings.Lines(text) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				s.host[name] = value
			}
		case "options":
			for line := range strings.Lines(text) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				s.options[key] = append(s.options[key], value)
			}
		}
	}
	s.features = s.options["registries"] != nil
	s.host["DOCKER_BUILDKIT"] = "0"
	if s.options["buildkit"] != nil {
		s.host["DOCKER_BUILDKIT"] = "1"
	}
	for _, name := range s.options["unset"] {
		delete(s.host, name)
	}
	for _, member := range archive.Files {
		text := string(member.Data)
		if slices.Contains(s.options["crlf"], member.Name) {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		if slices.Contains(s.options["bom"], member.Name) {
			text = "\ufeff" + text
		}
		if member.Name != "host" && member.Name != "options" {
			workspace{s.root}.write(t, member.Name, text)
			s.features = s.features || strings.HasSuffix(member.Name, "/devcontainer-feature.json")
			s.compose = s.compose || strings.Contains(text, `"dockerComposeFile"`)
		}
	}
	// The folder of a test belongs to root, and the remote user must get in.
	for folder := s.root; strings.HasPrefix(folder, os.TempDir()+"/"); folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.workspace = filepath.Join(append([]string{s.root}, s.options["workspace"]...)...)
	if config := s.options["config"]; config != nil {
		s.config = filepath.Join(s.workspace, config[0])
	}
	if s.options["git"] != nil {
		output(t, "git", "init", "--quiet", s.root)
	}
	return s
}

// devcontainer runs the reference CLI with the scenario's host environment.
func (s *scenario) devcontainer(t *testing.T, verb string, args ...string) string {
	t.Helper()
	stdout, stderr, ok := s.try(t, verb, args...)
	if !ok && rig.Collided(stdout) {
		stdout, stderr, ok = s.try(t, verb, args...)
	}
	if !ok {
		t.Fatalf("devcontainer %s:\n%s\n%s", verb, stdout, stderr)
	}
	return stdout
}

// try runs the reference CLI, which may refuse.
func (s *scenario) try(t *testing.T, verb string, args ...string) (out, complaint string, ok bool) {
	t.Helper()
	line := []string{"devcontainer", verb, "--workspace-folder", s.workspace}
	if s.options["buildkit"] != nil {
		line = append(line, "--docker-path", buildkitClient)
	}
	if s.config != "" {
		line = append(line, "--config", s.config)
	}
	// Where a container never comes, the reference CLI waits for it without end.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := command(ctx, s.workspace, append(line, args...)...)
	cmd.Env = nil
	for name, value := range s.host {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return stdout.String(), stderr.String(), err == nil
}

// observation is what a dev container that is up shows.
type observation struct {
	image     map[string]string // the configuration of its image
	container map[string]string // its own configuration
	exec      map[string]string // a process of `docker exec`
	remote    map[string]string // a process of `devcontainer exec`
	hook      map[string]string // a lifecycle command, where the scenario has one that writes hook.env

	ofContainer, ofRemote map[string]string // what the runtime adds to the processes of each user; see byRuntime
}

func (s *scenario) up(t *testing.T) string {
	t.Helper()
	if s.features {
		rig.Building.Lock()
		defer rig.Building.Unlock()
	} else {
		rig.Building.RLock()
		defer rig.Building.RUnlock()
	}
	return s.devcontainer(t, "up")
}

// observe brings the scenario up and looks.
func (s *scenario) observe(t *testing.T) observation {
	t.Helper()
	t.Cleanup(func() { s.remove(t) })
	var up struct{ ContainerID, RemoteUser, ComposeProjectName string }
	decode(t, s.up(t), &up)
	s.project = up.ComposeProjectName

	var containers []struct {
		Image  string
		Config struct {
			Env            []string
			User, Hostname string
		}
	}
	decode(t, output(t, "docker", "inspect", up.ContainerID), &containers)
	config := containers[0].Config
	var images []struct{ Config struct{ Env []string } }
	decode(t, output(t, "docker", "image", "inspect", containers[0].Image), &images)
	passwd := output(t, "docker", "exec", up.ContainerID, "cat", "/etc/passwd")

	o := observation{
		image:       ofConfig(images[0].Config.Env),
		container:   ofConfig(config.Env),
		exec:        ofProcess(t, output(t, "docker", "exec", up.ContainerID, "cat", "/proc/self/environ")),
		remote:      ofProcess(t, s.devcontainer(t, "exec", "cat", "/proc/self/environ")),
		ofContainer: byRuntime(config.Env, config.Hostname, config.User, passwd),
		ofRemote:    byRuntime(config.Env, config.Hostname, up.RemoteUser, passwd),
	}
	if s.options["login"] != nil {
		o.ofRemote["SHLVL"], o.ofRemote["_"] = "1", "/usr/bin/cat" // of the shell that the userEnvProbe runs
	}
	if text, err := os.ReadFile(filepath.Join(s.workspace, "hook.env")); err == nil {
		o.hook = ofProcess(t, string(text))
	}
	return o
}

// byRuntime is all that a process has which no file of a workspace says and which the views therefore leave out:
//
//	HOME      the user's home folder of /etc/passwd, which runc looks up (libcontainer/init_linux.go)
//	HOSTNAME  the container's, which the engine gives every process (moby/moby, container.CreateDaemonEnvironment)
//	PATH      the engine's own, where the container's configuration has none (likewise)
//
// TERM, which comes with a terminal, is not among them, because no test has one. Each counts only where nobody sets it.
func byRuntime(env []string, hostname, user, passwd string) map[string]string {
	result := map[string]string{"HOSTNAME": hostname, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for line := range strings.Lines(passwd) {
		if fields := strings.Split(line, ":"); len(fields) == 7 && (fields[0] == cmp.Or(user, "root") || fields[2] == user) {
			result["HOME"] = fields[5]
		}
	}
	for name := range ofConfig(env) {
		delete(result, name)
	}
	return result
}

// ofConfig reads the environment of a configuration as the engine does for a process: the last entry of a name counts, and
// a name without a value takes the variable away (moby/moby, container.ReplaceOrAppendEnvValues).
func ofConfig(list []string) map[string]string {
	result := map[string]string{}
	for _, entry := range list {
		if name, value, ok := strings.Cut(entry, "="); ok {
			result[name] = value
		} else {
			delete(result, name)
		}
	}
	return result
}

// ofProcess reads what /proc/self/environ shows. No name may come twice: which of the two counts would be a matter of who
// reads it.
func ofProcess(t *testing.T, text string) map[string]string {
	t.Helper()
	env, malformed := goenv.ParseBlock([]byte(text))
	if entries := strings.Count(strings.TrimRight(text, "\x00"), "\x00") + 1; entries != len(env) || malformed != nil {
		t.Errorf("%d entries make %d variables; malformed are %q", entries, len(env), malformed)
	}
	return env
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// remove takes away all that the scenario has made, also when it has failed or was cancelled.
func (s *scenario) remove(t *testing.T) {
	lines := func(args ...string) []string {
		text, err := exec.Command("docker", args...).Output()
		if err != nil {
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				err = fmt.Errorf("%w: %s", err, exit.Stderr)
			}
			t.Logf("cleaning up: docker %v: %v", args, err)
		}
		return strings.Fields(string(text))
	}
	every := func(remove, list []string) {
		if found := lines(list...); len(found) > 0 {
			lines(append(remove, found...)...)
		}
	}
	every([]string{"rm", "-f", "-v"}, []string{"ps", "-aq", "--filter", "label=devcontainer.local_folder=" + s.workspace})
	projects := []string{s.project}
	if !s.compose {
		projects = nil
	} else if s.project == "" { // nobody has told its name; the CLI makes it of the folder's
		projects = []string{filepath.Base(s.workspace) + "_devcontainer", filepath.Base(s.workspace)}
	}
	for _, project := range projects {
		filter := []string{"--filter", "label=com.docker.compose.project=" + project}
		every([]string{"rm", "-f", "-v"}, append([]string{"ps", "-aq"}, filter...))
		every([]string{"network", "rm"}, append([]string{"network", "ls", "-q"}, filter...))
		every([]string{"volume", "rm"}, append([]string{"volume", "ls", "-q"}, filter...))
	}
	own := regexp.MustCompile(`^(vsc-)?` + regexp.QuoteMeta(filepath.Base(s.workspace)) + `(-[0-9a-f]{64}|_devcontainer)?[_-]?(features|uid|app)?(-uid)?:`)
	rig.Building.Lock()
	defer rig.Building.Unlock()
	for _, image := range lines("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "dangling=false") {
		if own.MatchString(image) {
			lines("rmi", image)
		}
	}
}

// image gives the resolver the configuration that the engine has of an image.
func (s *scenario) image(t *testing.T) func(string) (dockerfile.Base, string, bool) {
	return func(reference string) (dockerfile.Base, string, bool) {
		text, _, status := run(t, "docker", "image", "inspect", reference)
		if status != 0 {
			return dockerfile.Base{}, "", false
		}
		var images []struct {
			Config struct {
				Env, Shell, OnBuild []string
				User, WorkingDir    string
				Labels              map[string]string
			}
		}
		decode(t, text, &images)
		c := images[0].Config
		return dockerfile.Base{Env: c.Env, User: c.User, Workdir: c.WorkingDir, Shell: c.Shell, OnBuild: c.OnBuild, Labels: c.Labels}, "the engine", true
	}
}

// resolving is what the resolver is told of the scenario, and its files.
func (s *scenario) resolving(t *testing.T) (resolve.Options, fs.FS) {
	t.Helper()
	config := s.config
	if config == "" {
		config = filepath.Join(s.workspace, ".devcontainer/devcontainer.json")
		if _, err := os.Stat(config); err != nil {
			config = filepath.Join(s.workspace, ".devcontainer.json")
		}
	}
	inWorkspace, err := filepath.Rel(s.workspace, config)
	if err != nil {
		t.Fatal(err)
	}
	host := devcontainer.Host{Env: s.host, Workspace: s.workspace, Mounted: s.root, Config: config}
	return resolve.Options{Config: inWorkspace, Host: host, Image: s.image(t), Feature: s.feature}, os.DirFS(s.workspace)
}

// predict resolves the scenario's files, of which nobody has made anything yet.
func (s *scenario) predict(t *testing.T) map[string]goenv.View {
	t.Helper()
	options, workspace := s.resolving(t)
	project, list := resolve.Project(workspace, options)
	for _, problem := range project.Problems {
		t.Logf("%v: %s: %s", problem.Place, problem.Kind, problem.Message)
	}
	views := map[string]goenv.View{}
	for _, view := range list {
		views[view.Name] = view
	}
	return views
}

// option gives the values of an option of the form NAME=value.
func (s *scenario) option(key string) map[string]string { return ofConfig(s.options[key]) }

// compare holds the prediction of a view against what one configuration or process shows, and counts the variables of the
// view. Added is what the process has besides, where the view does not set it.
func (s *scenario) compare(t *testing.T, view goenv.View, what string, seen, added map[string]string) int {
	t.Helper()
	predicted, observed := maps.Clone(view.Environ()), maps.Clone(seen)
	for name := range seen {
		if why := view.Lookup(name).Unknown; why != "" {
			if !slices.Contains(s.options["unknown"], view.Name+" "+name) {
				t.Errorf("%s: %s is said to be unknown: %s", what, name, why)
			}
			delete(predicted, name)
			delete(observed, name)
		}
	}
	count := len(predicted)
	for name, value := range s.option("legacy") {
		if predicted[name] == value {
			t.Errorf("%s: %s is predicted as the builder before BuildKit makes it, which the scenario denies", what, name)
		}
		predicted[name] = value
	}
	if view.Name == goenv.RemoteView {
		for name, value := range s.option("login") {
			predicted[name] = os.Expand(value, func(name string) string { return predicted[name] })
		}
	}
	if what == "devcontainer exec" {
		maps.Copy(predicted, s.option("exec"))
	}
	for name, value := range added {
		if _, said := predicted[name]; !said {
			predicted[name] = value
		}
	}
	if diff := gocmp.Diff(map[string]string(predicted), observed, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-predicted +observed):\n%s", what, diff)
	}
	return count
}

// TestPrediction holds what verifier/resolve says of a workspace's files against what the dev container that the reference
// CLI makes of them shows: every variable of the image, of the container and of what is executed in it.
func TestPrediction(t *testing.T) {
	makeBases(t)
	distant := newRegistries(t)
	distant.publishArchive(t, "testdata/features.txtar")
	files, err := filepath.Glob("testdata/prediction/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var scenarios, variables atomic.Int64
	t.Cleanup(func() { // after the scenarios, which run in parallel
		if !t.Failed() {
			t.Logf("prediction: %d scenarios, %d variables in image, container and remote views, all as observed", scenarios.Load(), variables.Load())
		}
	})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t, file)
			if s.options["registries"] != nil {
				distant.environment(s.host)
				distant.pin(t, s.root)
				s.feature = distant.feature(t.Context())
			}
			views := s.predict(t)
			o := s.observe(t)
			image, container, remote := views[goenv.ImageView], views[goenv.ContainerView], views[goenv.RemoteView]
			count := s.compare(t, image, "image", o.image, nil)
			count += s.compare(t, container, "container", o.container, nil)
			s.compare(t, container, "docker exec", o.exec, o.ofContainer)
			count += s.compare(t, remote, "devcontainer exec", o.remote, o.ofRemote)
			if o.hook != nil {
				s.compare(t, remote, "lifecycle command", o.hook, o.ofRemote)
			}
			scenarios.Add(1)
			variables.Add(int64(count))
		})
	}
}
