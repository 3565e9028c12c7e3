package resolve

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestMountedModules wants no module that the container does not see, and the main one where the container starts.
func TestMountedModules(t *testing.T) {
	const (
		ours   = "a/go.mod"
		theirs = "b/go.mod"
	)
	compose := func(volumes, folder string) fstest.MapFS {
		return files(config, fmt.Sprintf(`{"dockerComposeFile": "compose.yml", "service": "app", "workspaceFolder": %q}`, folder),
			".devcontainer/compose.yml", "services:\n  app:\n    image: base\n    volumes:\n"+volumes)
	}
	single := func(mount, folder string) fstest.MapFS {
		return files(config, fmt.Sprintf(`{"image": "base", "workspaceMount": %q, "workspaceFolder": %q}`, mount, folder))
	}
	both := []string{ours + " false", theirs + " false"}
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  []string
	}{
		{"the whole", files(config, `{"image": "base"}`), both},
		{"a part", single("type=bind,source=${localWorkspaceFolder}/a,target=/w", "/w"), []string{ours + " true"}},
		{"the whole, by hand", single("source=${localWorkspaceFolder},target=/w,type=bind", "/w"), both},
		{"the whole, opened below", single("source=${localWorkspaceFolder},target=/w,type=bind", "/w/a"), []string{ours + " true", theirs + " false"}},
		{"from elsewhere", single("source=/srv,target=/w,type=bind", "/w"), both},
		{"a volume", single("source=a,target=/w,type=volume", "/w"), both},
		{"a part that is not there", single("type=bind,source=${localWorkspaceFolder}/c,target=/w", "/w"), both},
		{"compose, a part", compose("      - ../a:/w\n", "/w"), []string{ours + " true"}},
		{"compose, the whole", compose("      - ..:/w\n      - ../a/x:/w/x\n", "/w"), both},
		{"compose, opened below", compose("      - ..:/w\n", "/w/a"), []string{ours + " true", theirs + " false"}},
		{"compose, parts below what is opened", compose("      - ../a:/w/a\n      - ../b:/w/b\n", "/w"), both},
		{"compose, the whole with its siblings", compose("      - ../..:/w\n", "/w/app"), both},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.files[ours] = &fstest.MapFile{Data: []byte("module a\n")}
			test.files[theirs] = &fstest.MapFile{Data: []byte("module b\n")}
			project, _ := Project(test.files, options())
			var got []string
			for _, m := range project.Modules {
				got = append(got, fmt.Sprint(m.File, " ", m.Main))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
