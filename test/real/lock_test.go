package real

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/resolve"
)

// TestLock holds what dcverify makes of lock files against the reference CLI: the digest of each feature, in the order of their
// installation, or that it stops. It is asked with `features resolve-dependencies`, which follows a lock file as up and build
// do (TestPrediction has those) and needs no engine.
func TestLock(t *testing.T) {
	distant := newRegistries(t)
	distant.publishArchive(t, "testdata/features.txtar")
	const env = "ghcr.io/dcv/features/env"
	one, nobodys := "#{1.0.0}", "sha256:"+strings.Repeat("0", 64)
	lock := func(key, integrity string) string {
		return fmt.Sprintf(`{"features": {"%s": {"version": "1.0.0", "integrity": %s}}}`, key, integrity)
	}
	of := func(key string) string { return lock(key, `"`+env+one+`"`) }
	for name, test := range map[string]struct {
		features string // comma separated references
		lock     string
		want     string // what is installed, in order, or stops
	}{
		"older":                  {env + ":1", of(env + ":1"), "env:1.0.0"},
		"no tag":                 {env, of(env), "env:1.0.0"},
		"no tag for latest":      {env, of(env + ":latest"), "env:2.0.0"},
		"no tag in the entry":    {env + ":1", of(env), "env:1.1.0"},
		"other tag":              {env + ":2", of(env + ":1"), "env:2.0.0"},
		"digest of other tag":    {env + ":2", of(env + ":2"), "env:1.0.0"},
		"capitals":               {"GHCR.io/dcv/features/env:1", of(env + ":1"), "env:1.1.0"},
		"capitals in both":       {"GHCR.io/dcv/features/env:1", of("GHCR.io/dcv/features/env:1"), "env:1.0.0"},
		"colon alone":            {env + ":", of(env + ":"), "env:1.0.0"},
		"dependency":             {"ghcr.io/dcv/features/needs-env:1.0", of(env + ":1"), "env:1.0.0 needs-env:1.0.0"},
		"two references":         {env + ":1," + env + ":1.0", of(env + ":1"), "env:1.0.0"},
		"bare name":              {"golang", lock("golang", `"`+nobodys+`"`), "go:1.0.0"},
		"mapped name":            {"golang", lock("ghcr.io/devcontainers/features/go:1", `"`+nobodys+`"`), "stops"},
		"nobody's digest":        {env + ":1", lock(env+":1", `"`+nobodys+`"`), "stops"},
		"only of an order":       {"ghcr.io/dcv/features/after-former,ghcr.io/dcv/features/tool", lock("ghcr.io/dcv/features/former:1", `"`+nobodys+`"`), "stops"},
		"tag for integrity":      {env + ":1", lock(env+":1", `"1.0.0"`), "stops"},
		"number for integrity":   {env + ":1", lock(env+":1", `5`), "stops"},
		"list for integrity":     {env + ":1", lock(env+":1", `["`+env+one+`"]`), "stops"},
		"integrity null":         {env + ":1", lock(env+":1", `null`), "env:1.1.0"},
		"integrity empty":        {env + ":1", lock(env+":1", `""`), "env:1.1.0"},
		"entry of a text":        {env + ":1", `{"features": {"` + env + `:1": "` + env + one + `"}}`, "env:1.1.0"},
		"comment":                {env + ":1", "// x\n" + of(env+":1"), "stops"},
		"byte order mark":        {env + ":1", "\ufeff" + of(env+":1"), "stops"},
		"byte order mark alone":  {env + ":1", "\ufeff", "env:1.1.0"},
		"empty":                  {env + ":1", "", "env:1.1.0"},
		"next line":              {env + ":1", "\u0085", "stops"},
		"null":                   {env + ":1", "null", "env:1.1.0"},
		"no features":            {env + ":1", "{}", "stops"},
		"features of a list":     {env + ":1", `{"features": []}`, "env:1.1.0"},
		"no features, but local": {"./local", "{}", "./local"},
		"broken, and local":      {"./local", "{", "stops"},
		"archive":                {"https://files.example/pack/devcontainer-feature-packed.tgz", lock("ghcr.io/dcv/features/tool:1.0.0", `"ghcr.io/dcv/features/tool#{1.0.1}"`), "tool:1.0.1 https://files.example/pack/devcontainer-feature-packed.tgz"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := workspace{t.TempDir()}
			var features []string
			for reference := range strings.SplitSeq(test.features, ",") {
				features = append(features, fmt.Sprintf("%q: {}", reference))
			}
			w.write(t, ".devcontainer/devcontainer.json", `{"image": "dcv/debian:bookworm", "features": {`+strings.Join(features, ", ")+`}}`)
			w.write(t, ".devcontainer/local/devcontainer-feature.json", `{"id": "local", "version": "1.0.0"}`)
			w.write(t, ".devcontainer/devcontainer-lock.json", test.lock)
			distant.pin(t, w.folder)

			s := &scenario{root: w.folder, workspace: w.folder, host: hostEnv(), feature: distant.feature(t.Context())}
			distant.environment(s.host)
			options, files := s.resolving(t)
			options.Image = nil
			project, _ := resolve.Project(files, options)
			var ours []string
			for _, feature := range project.Features {
				if feature.Kind == "oci" || feature.Kind == "legacy" {
					ours = append(ours, path.Base(feature.ID)+":"+feature.Manifest.Get("version").Text)
				} else {
					ours = append(ours, feature.Reference)
				}
			}
			if slices.ContainsFunc(project.Problems, func(p facts.Problem) bool { return p.Kind == "lock" }) {
				ours = []string{"stops"}
			}
			got := []string{distant.resolved(t, s), strings.Join(ours, " ")}
			if diff := gocmp.Diff([]string{test.want, test.want}, got); diff != "" {
				t.Errorf("-want +reference CLI, dcverify:\n%s\n%v", diff, project.Problems)
			}
		})
	}
}

// resolved is what the reference CLI would install, each feature of a registry as its name and version.
func (r *registries) resolved(t *testing.T, s *scenario) string {
	t.Helper()
	text, _, ok := s.try(t, "features", "resolve-dependencies")
	if !ok {
		return "stops"
	}
	at := strings.Index(text, "\n{") // behind a chart
	if at < 0 {
		t.Fatalf("it prints no list: %s", text)
	}
	var list struct{ InstallOrder []struct{ ID string } }
	decode(t, text[at:], &list)
	var installed []string
	for _, feature := range list.InstallOrder {
		name := feature.ID
		if _, digest, ok := strings.Cut(feature.ID, "@"); ok {
			for release, known := range r.digests {
				if known == digest {
					name = path.Base(release)
				}
			}
		}
		installed = append(installed, name)
	}
	return strings.Join(installed, " ")
}
