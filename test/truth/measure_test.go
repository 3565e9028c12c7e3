package truth

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/test/internal/rig"
	"github.com/dcverify/dcverify/verifier/report"
)

// classes are the process classes, under the names that dcverify has for them.
var classes = []string{"image", "container", "login", "remote", "terminal", "tools"}

// tools are what is used in each class, as plain calls them.
var tools = []string{"build", "launch", "attach", "dap", "gopls"}

// result is how the tools did in one process class, as plain says it.
type result struct {
	Class string
	Env   map[string]string
	Note  string // what the editor makes known
	Tries []try
}

type try struct {
	Tool string
	OK   bool
	Why  string
}

// running is a declaration whose dev container is up.
type running struct {
	declaration
	folder, container, image string
	user, home               string
}

// hook is where a lifecycle command leaves the environment that it had.
const hook = "/tmp/hook.env"

// up brings the declaration's dev container up, with the reference CLI.
func (d declaration) up(t *testing.T) running {
	t.Helper()
	r := running{declaration: d, image: "dcv/go:1.26", user: "dev"}
	if d.switches {
		r.image, r.user = "dcv/go-feature:1.25", "vscode"
	}
	r.home = "/home/" + r.user
	config := map[string]any{
		"remoteUser":          r.user,
		"updateRemoteUserUID": false,
		"mounts":              []string{"type=bind,source=" + stage + ",target=/truth,readonly", "type=bind,source=" + cache + ",target=" + r.home + "/.cache"},
		"postCreateCommand":   "env >" + hook,
	}
	files := map[string]string{"go.mod": "module example.com/app\n\ngo " + d.asks() + "\n", "main.go": "package main\n\nfunc main() {}\n"}
	if d.dockerfile == "" {
		config["image"] = r.image
	} else {
		config["build"] = map[string]any{"dockerfile": "Dockerfile"}
		files[".devcontainer/Dockerfile"] = "FROM " + r.image + "\n" + d.dockerfile + "\n"
	}
	if d.containerEnv != "" {
		config["containerEnv"] = map[string]any{"GOROOT": d.containerEnv}
	}
	if d.remoteEnv != "" {
		config["remoteEnv"] = map[string]any{"GOROOT": d.remoteEnv}
	}
	if d.toolsEnvVars != "" {
		config["customizations"] = map[string]any{"vscode": map[string]any{"settings": map[string]any{
			"go.toolsEnvVars": map[string]any{"GOROOT": d.toolsEnvVars}}}}
	}
	r.folder = rig.Workspace(t, config, files)
	rig.Up(t, r.folder)
	r.container = rig.Container(t, r.folder)
	r.image = strings.TrimSpace(rig.Output(t, "docker", "inspect", "-f", "{{.Config.Image}}", r.container))
	return r
}

// asks is the Go version of the workspace's go.mod.
func (d declaration) asks() string {
	if d.switches {
		return "1.26.8"
	}
	return "1.25"
}

// measure uses the tools in every process class.
func (r running) measure(t *testing.T) map[string]result {
	t.Helper()
	workspace := "/workspaces/" + filepath.Base(r.folder)
	plain := func(classes string) []string {
		args := []string{"/truth/plain", "-classes", classes, "-tries", strconv.Itoa(*tries), "-go", r.asks()}
		if r.toolsEnvVars != "" {
			args = append(args, "-toolsEnvVars", "GOROOT="+r.toolsEnvVars)
		}
		return args
	}
	results := map[string]result{}
	keep := func(stdout string) {
		t.Helper()
		var some []result
		if err := json.Unmarshal([]byte(stdout), &some); err != nil {
			t.Fatalf("%v\n%s", err, stdout)
		}
		for _, one := range some {
			results[one.Class] = one
		}
	}
	keep(rig.Output(t, append([]string{"docker", "run", "--rm", "-u", r.user, "-v", stage + ":/truth:ro", "-v", cache + ":" + r.home + "/.cache", r.image}, plain("image")...)...))
	keep(rig.Output(t, append([]string{"docker", "exec", "-u", r.user, "-w", workspace, r.container}, plain("container")...)...))
	keep(rig.Output(t, "docker", "exec", "-u", r.user, "-w", workspace, r.container, "bash", "-lc", "exec "+strings.Join(plain("login"), " ")))
	stdout, stderr, status := rig.Exec(t, r.folder, plain("remote,terminal,tools")...)
	if status != 0 {
		t.Fatalf("exit status %d\n%s", status, stderr)
	}
	keep(stdout)
	r.compareHook(t, results["remote"])
	for _, class := range classes {
		if note := results[class].Note; note != "" {
			t.Logf("%s: %s", class, note)
		}
		logged := map[string]bool{}
		for _, try := range results[class].Tries {
			if failure := fmt.Sprintf("%s: %s fails: %s", class, try.Tool, try.Why); !try.OK && !logged[failure] {
				logged[failure] = true
				t.Log(failure)
			}
		}
	}
	return results
}

// compareHook makes sure that lifecycle commands belong to the class that `devcontainer exec` was asked for.
func (r running) compareHook(t *testing.T, remote result) {
	t.Helper()
	seen := map[string]string{}
	for line := range strings.Lines(rig.Output(t, "docker", "exec", r.container, "cat", hook)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if _, ok := remote.Env[name]; ok || strings.HasPrefix(name, "GO") && name != "GOLANG_VERSION" {
			seen[name] = value
		}
	}
	if got := fmt.Sprint(seen); got != fmt.Sprint(remote.Env) {
		t.Errorf("a lifecycle command sees %s, devcontainer exec %v", got, remote.Env)
	}
}

// verify is what dcverify says in the same container.
func (r running) verify(t *testing.T) report.Report {
	t.Helper()
	stdout, stderr, status := rig.Exec(t, r.folder, "/truth/dcverify", "run", "--format", "json")
	return rig.Report(t, stdout, stderr, status)
}

// auditImage is what dcverify says of the image that the container was made of.
func (r running) auditImage(t *testing.T) report.Report {
	t.Helper()
	stdout, stderr, status := rig.Run(t, filepath.Join(stage, "dcverify"), "image", "--format", "json", r.image)
	return rig.Report(t, stdout, stderr, status)
}
