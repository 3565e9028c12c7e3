package real

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	docker "github.com/dcverify/dcverify/verifier/engine"
	"github.com/dcverify/dcverify/verifier/resolve"
)

var (
	workspaces = flag.String("workspaces", "", "also hold the configurations of the projects in this folder against the reference CLI")
	features   = flag.String("features", "", "folder of features that the registries of TestConformance hold too, as HOST/NAMESPACE/ID/VERSION")
)

// TestConformance holds the merge against the reference CLI: every property of the configuration that it prints with
// `read-configuration --include-merged-configuration`, for every scenario of the prediction and for those in
// testdata/conformance. Where the reference CLI refuses a configuration, so must dcverify, with a problem. Both get the
// features of testdata/features.txtar from registries that the test runs.
func TestConformance(t *testing.T) {
	makeBases(t)
	distant := newRegistries(t)
	distant.publishArchive(t, "testdata/features.txtar")
	if *features != "" {
		distant.publish(t, os.DirFS(*features))
	}
	var count [3]atomic.Int64 // by agreement
	var unreachable atomic.Int64
	t.Cleanup(func() {
		stoodIn.Range(func(reference, _ any) bool {
			_ = command(context.Background(), "", "docker", "rmi", reference.(string)).Run() // the test is over
			return true
		})
		if !t.Failed() {
			t.Logf("conformance: %d configurations merge as the reference CLI merges them, %d are refused by both, %d need images or features that cannot be had here",
				count[equal].Load(), count[refused].Load(), unreachable.Load())
		}
	})
	var files []string
	for _, pattern := range []string{"testdata/conformance/*.txtar", "testdata/prediction/*.txtar"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t, file)
			distant.environment(s.host)
			distant.pin(t, s.root)
			options, workspace := s.resolving(t)
			options.Feature = distant.feature(t.Context())
			count[conform(t, s, options, workspace)].Add(1)
		})
	}
	if *workspaces == "" {
		return
	}
	projects, err := os.ReadDir(*workspaces)
	if err != nil {
		t.Fatal(err)
	}
	for _, project := range projects {
		root := filepath.Join(*workspaces, project.Name())
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() != "devcontainer.json" && entry.Name() != ".devcontainer.json" {
				return nil
			}
			inside, err := filepath.Rel(root, path)
			if err != nil || strings.Contains(inside, "node_modules") {
				return nil
			}
			t.Run(project.Name()+"/"+inside, func(t *testing.T) {
				t.Parallel()
				if !standIn(t, os.DirFS(root), filepath.ToSlash(inside)) {
					unreachable.Add(1)
					return
				}
				s := &scenario{name: project.Name(), root: root, workspace: root, config: path, host: hostEnv(), options: map[string][]string{}}
				distant.environment(s.host)
				lacking := false
				ask := distant.feature(t.Context())
				options := resolve.Options{Config: filepath.ToSlash(inside), Host: s.onHost(path), Image: localImage(t)}
				options.Feature = func(address string) (string, error) {
					text, err := ask(address)
					lacking = lacking || errors.Is(err, fs.ErrNotExist)
					return text, err
				}
				result := conform(t, s, options, os.DirFS(root))
				if result == refused && lacking { // which says nothing of the merge
					unreachable.Add(1)
					return
				}
				count[result].Add(1)
			})
			return nil
		})
	}
}

// stand is the image that stands in for those that cannot be had here.
const stand = "dcv/debian:bookworm"

// stoodIn holds the names that stand-ins were given.
var stoodIn sync.Map

// standIn gives the base image of a configuration a stand-in, where the engine does not have it: the reference CLI would try
// to pull it. False for an image by its digest, which nothing else has.
func standIn(t *testing.T, workspace fs.FS, config string) bool {
	t.Helper()
	project, _ := resolve.Project(workspace, resolve.Options{Config: config})
	reference := project.Image.Reference
	if _, _, status := run(t, "docker", "image", "inspect", reference); reference == "" || status == 0 {
		return true
	}
	if _, _, status := run(t, "docker", "tag", stand, reference); status == 0 {
		stoodIn.Store(reference, true)
	}
	return !strings.Contains(reference, "@")
}

func hostEnv() map[string]string {
	env := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

// onHost is the machine as the reference CLI sees it for this configuration.
func (s *scenario) onHost(config string) devcontainer.Host {
	return devcontainer.Host{Env: s.host, Workspace: s.workspace, Mounted: s.root, Config: config}
}

// localImage asks the engine of the tests.
func localImage(t *testing.T) func(string) (dockerfile.Base, string, bool) {
	connected, err := docker.Connect(t.Context(), os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connected.Close() })
	return func(reference string) (dockerfile.Base, string, bool) {
		config, ok := connected.Config(t.Context(), reference)
		return config, "engine", ok
	}
}

// agreement is what holding a configuration against the reference CLI came to.
type agreement int

const (
	none    agreement = iota // and the test has failed
	equal                    // both merge it, to the same
	refused                  // neither takes it
)

func conform(t *testing.T, s *scenario, options resolve.Options, workspace fs.FS) agreement {
	t.Helper()
	text, complaint, ok := s.try(t, "read-configuration", "--include-merged-configuration")
	ours, err := resolve.MergedConfiguration(workspace, options)
	if !ok {
		project, _ := resolve.Project(workspace, options)
		if err == nil && len(project.Problems) == 0 && project.Image.Unknown == "" {
			t.Errorf("the reference CLI refuses it, and dcverify has nothing against it: %s", complaint)
			return none
		}
		return refused
	}
	if err != nil {
		t.Fatal(err)
	}
	var theirs struct {
		MergedConfiguration map[string]any `json:"mergedConfiguration"`
	}
	decode(t, text, &theirs)
	delete(theirs.MergedConfiguration, "configFilePath")
	var got map[string]any
	if err := json.Unmarshal([]byte(ours.JSON()), &got); err != nil {
		t.Fatalf("%v: %s", err, ours.JSON())
	}
	if diff := gocmp.Diff(theirs.MergedConfiguration, got); diff != "" {
		t.Errorf("-reference +dcverify:\n%s", diff)
		return none
	}
	return equal
}
