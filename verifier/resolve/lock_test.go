package resolve

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/goenv"
)

const (
	lockFile  = ".devcontainer/devcontainer-lock.json"
	digestOld = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
)

// locked is a lock file with one entry, on its second line.
func locked(key, version, digest string) string {
	return `{"features": {` + "\n" + `"` + key + `": {"version": "` + version + `", "integrity": "` + digest + `"}}}`
}

func TestLocked(t *testing.T) {
	feature := func(version, variables string) string {
		return `{"id": "f", "version": "` + version + `", "containerEnv": {` + variables + `}}`
	}
	answers := map[string]string{
		"r.io/x/f:1":               feature("1.1.0", `"GOBIN": "/new"`),
		"r.io/x/f@" + digestOld:    feature("1.0.0", `"GOBIN": "/old"`),
		"r.io/x/g:1":               feature("1.0.0", `"GOBIN": "/same"`),
		"r.io/x/g@" + digestOld:    feature("1.0.0", `"GOBIN": "/same"`),
		"r.io/x/h@" + digestOld:    feature("1.0.0", `"GOBIN": "/h"`),
		"r.io/x/by:1":              `{"id": "by", "version": "1.0.0", "dependsOn": {"r.io/x/f:1": {}}}`,
		"r.io/x/after:1":           `{"id": "after", "version": "1.0.0", "containerEnv": {"GOBIN": "/after"}, "installsAfter": ["r.io/x/f:1"]}`,
		"r.io/x/gone:1":            feature("1.0.0", ""),
		"r.io/x/none@" + digestOld: "", // nobody's
	}
	const golang = "ghcr.io/devcontainers/features/go"
	for name, test := range map[string]struct {
		features, lock string
		value, note    string // of GOBIN or GOPATH, and what is said of the layer
		assumed        bool
		problem        string
	}{
		"no lock":                   {`"r.io/x/f:1": {}`, "", "/new", "", false, ""},
		"older":                     {`"r.io/x/f:1": {}`, locked("r.io/x/f:1", "1.0.0", digestOld), "/old", "locked to 1.0.0 at " + lockFile + ":2:1, not the newest, 1.1.0", false, ""},
		"version of the manifest":   {`"r.io/x/f:1": {}`, locked("r.io/x/f:1", "9.9.9", digestOld), "/old", "locked to 1.0.0 at " + lockFile + ":2:1, not the newest, 1.1.0", false, ""},
		"the newest":                {`"r.io/x/g:1": {}`, locked("r.io/x/g:1", "1.0.0", digestOld), "/same", "", false, ""},
		"newest not known":          {`"r.io/x/h:1": {}`, locked("r.io/x/h:1", "1.0.0", digestOld), "/h", "locked to 1.0.0 at " + lockFile + ":2:1", false, ""},
		"dependency":                {`"r.io/x/by:1": {}`, locked("r.io/x/f:1", "1.0.0", digestOld), "/old", "locked to 1.0.0 at " + lockFile + ":2:1, not the newest, 1.1.0", false, ""},
		"stale":                     {`"r.io/x/f:1": {}`, locked("r.io/x/f:2", "1.0.0", digestOld), "/new", "", false, "lock-stale " + lockFile + ":2:1"},
		"without integrity":         {`"r.io/x/f:1": {}`, locked("r.io/x/f:1", "1.0.0", ""), "/new", "", false, "lock-void " + lockFile + ":2:1"},
		"a release that is gone":    {`"r.io/x/gone:1": {}`, locked("r.io/x/gone:1", "1.0.0", digestOld), "", "", false, "lock " + lockFile + ":2:1"},
		"an order's that is gone":   {`"r.io/x/after:1": {}, "r.io/x/f:2": {}`, locked("r.io/x/f:1", "1.0.0", strings.Replace(digestOld, "1", "2", 1)), "/after", "", false, "lock " + lockFile + ":2:1"},
		"of the table":              {`"` + golang + `:1": {}`, locked(golang+":1", "1.0.5", digestOld), "/usr/local/go", "locked to 1.0.5 at " + lockFile + ":2:1, not the newest", true, ""},
		"of the table, the same":    {`"` + golang + `:1": {}`, locked(golang+":1", "1.3.4", digestOld), "/go", "", true, ""},
		"of the table, no version":  {`"` + golang + `:1": {}`, locked(golang+":1", "", digestOld), "", "", false, ""},
		"of the table, no release":  {`"` + golang + `:1": {}`, locked(golang+":1", "1", digestOld), "", "", false, ""},
		"broken, nothing is locked": {`"r.io/x/f:1": {}`, "{\n,", "/new", "", false, "lock " + lockFile + ":2:1"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			asked := map[string]int{}
			o.Feature = func(address string) (string, error) {
				if asked[address]++; asked[address] > 1 {
					t.Errorf("%s is asked for again", address)
				}
				if text, ok := answers[address]; ok {
					return text, nil
				}
				if strings.HasPrefix(address, "ghcr.io/") || strings.HasPrefix(address, "r.io/x/h:") {
					return "", errors.New("not at hand")
				}
				return "", fs.ErrNotExist
			}
			workspace := files(config, `{"image": "base", "features": {`+test.features+`}}`)
			if test.lock != "" {
				workspace = files(config, `{"image": "base", "features": {`+test.features+`}}`, lockFile, test.lock)
			}
			project, views := Project(workspace, o)
			variable := "GOBIN"
			if strings.Contains(test.features, golang) {
				variable = "GOPATH"
			}
			value := views[0].Lookup(variable)
			if views[0].Name != goenv.ImageView || value.Value != test.value || value.Origin.Locked != test.note || (value.Origin.Assumed != "") != test.assumed {
				t.Errorf("%s is %q, %+v", variable, value.Value, value.Origin)
			}
			var said []string
			for _, p := range problems(project) {
				if strings.HasPrefix(p, "lock") {
					said = append(said, p)
				}
			}
			if diff := cmp.Diff(test.problem, strings.Join(said, ", ")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// `devcontainer read-configuration` looks at no lock file, however broken.
func TestMergedConfigurationFollowsNoLock(t *testing.T) {
	workspace := files(config, `{"image": "base", "features": {"r.io/x/f:1": {}}}`, lockFile, "{")
	node, err := MergedConfiguration(workspace, options())
	if err != nil || node.Get("postCreateCommands").JSON() != `["feature"]` {
		t.Errorf("%s, %v", node.JSON(), err)
	}
}
