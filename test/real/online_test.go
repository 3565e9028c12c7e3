package real

import (
	"path/filepath"
	"testing"

	"github.com/dcverify/dcverify/verifier/report"
)

// TestOnline proves that the program itself gets features from registries with --online, through the proxy and with the
// certificates that its environment names, and that it answers from its cache afterwards: the feature that the stand-in of
// ghcr.io has under the name of the official one sets another GOROOT than that, which the program knows by itself.
func TestOnline(t *testing.T) {
	distant := newRegistries(t)
	distant.publishArchive(t, "testdata/features.txtar")
	w := workspace{t.TempDir()}
	w.write(t, ".devcontainer/devcontainer.json", `{"image": "dcv/go:1.26", "features": {"golang": {}}}`)
	env := hostEnv()
	distant.environment(env)
	env["XDG_CACHE_HOME"] = filepath.Join(t.TempDir(), "cache")
	for _, test := range []struct {
		name, want string
		args       []string
	}{
		{"the table", "/usr/local/go", nil},
		{"the registry", "/opt/go", []string{"--online"}},
		{"the cache", "/opt/go", nil},
	} {
		args := append([]string{program, "env", "--config", w.folder, "--format", "json", "GOROOT"}, test.args...)
		cmd := command(t.Context(), "", args...)
		cmd.Env = nil
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		var variables []report.Variable
		decode(t, string(text), &variables)
		if got := variables[0].Views["image"].Value; got != test.want {
			t.Errorf("%s says that GOROOT is %q, want %q", test.name, got, test.want)
		}
	}
}
