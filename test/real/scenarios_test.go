package real

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/report"
)

const conflict = `FROM dcv/go:1.26
ENV GOROOT=/usr/local/go
`

// seccomp is a profile that refuses ptrace.
func seccomp(t *testing.T) string {
	path, err := filepath.Abs("../images/seccomp-noptrace.json")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestScenarios brings dev containers up in which one thing is wrong, and wants exactly the findings that it explains; and
// the same containers with that one thing mended, in which nothing may be found.
func TestScenarios(t *testing.T) {
	scenarios := []struct {
		name   string
		config object
		files  map[string]string
		want   string
		says   map[string]string // by code: words that the finding must hold
		mended object            // laid over config: what takes the defect away; nil where there is none
		left   string            // what is found then
		only   []string          // arguments for dcverify run
		hides  string            // words that no report may hold
	}{
		{
			name:   "clean, as root",
			config: object{"image": "dcv/go:1.26"},
		},
		{
			name:   "clean, as another user",
			config: object{"image": "dcv/go:1.26", "remoteUser": "dev"},
		},
		{
			name:   "Dockerfile GOROOT against remoteEnv GOROOT",
			config: object{"build": object{"dockerfile": "Dockerfile"}, "remoteUser": "dev", "remoteEnv": object{"GOROOT": "/opt/go1.25.9"}},
			files:  map[string]string{".devcontainer/Dockerfile": conflict},
			want:   "E DV104, E DV105, E DV803, i DV108",
			says: map[string]string{
				"DV104": "remoteEnv sets /opt/go1.25.9 (view remote, terminal, tools)",
				"DV105": "/usr/local/go/bin/go is go1.26.8, but GOROOT=/opt/go1.25.9 holds the compiler of go1.25.9",
				"DV803": `compile: version "go1.25.9" does not match go tool version "go1.26.8"`,
			},
			mended: object{"remoteEnv": object{}},
			left:   "i DV108",
		},
		{
			name:   "GOROOT of a missing folder",
			config: object{"image": "dcv/go:1.26", "remoteUser": "dev", "remoteEnv": object{"GOROOT": "/opt/gone"}},
			want:   "E DV101, E DV103, E DV604, E DV803",
			says: map[string]string{
				"DV101": "go: cannot find GOROOT directory: /opt/gone",
				"DV103": "GOROOT=/opt/gone does not exist",
				"DV604": "go: cannot find GOROOT directory: /opt/gone",
			},
			mended: object{"remoteEnv": object{}},
		},
		{
			name:   "GOROOT null",
			config: object{"image": "dcv/go:1.26", "remoteUser": "dev", "remoteEnv": object{"GOROOT": nil}},
			want:   "E DV101, E DV103, E DV604, E DV803",
			says:   map[string]string{"DV103": "GOROOT=null is the text null"},
			mended: object{"remoteEnv": object{"GOROOT": ""}},
		},
		{
			name:   "GOROOT of an empty folder",
			config: object{"image": "dcv/go:1.26", "remoteUser": "dev", "containerEnv": object{"GOROOT": "/opt/empty"}},
			want:   "E DV103, E DV604, E DV803",
			says:   map[string]string{"DV103": "GOROOT=/opt/empty is no Go root: it lacks bin/go, VERSION", "DV803": "is not in std"},
			mended: object{"containerEnv": object{}},
		},
		{
			name:   "GOROOT of a wrong folder",
			config: object{"image": "dcv/go:1.26", "remoteEnv": object{"GOROOT": "/opt/notgo"}},
			want:   "E DV103, E DV604, E DV803",
			says:   map[string]string{"DV103": "GOROOT=/opt/notgo is no Go root"},
			mended: object{"remoteEnv": object{}},
		},
		{
			name:   "toolchain switch under a pinned GOROOT",
			config: object{"image": "dcv/go-feature:1.25"},
			files:  goModule("1.26.8"),
			want:   "E DV106, E DV604, E DV803, i DV108, i DV306",
			says: map[string]string{
				"DV106": `in the editor's terminal and debugger every build fails: compile: version "go1.25.9" does not match go tool version "go1.26.8"`,
				"DV803": "view terminal, tools", // and in no other: a plain shell builds
			},
			mended: object{"containerEnv": object{"GOROOT": ""}},
			left:   "i DV306",
		},
		{
			name:   "toolchain switch that is still to be downloaded",
			config: object{"build": object{"dockerfile": "Dockerfile"}, "remoteUser": "vscode"},
			files: merge(goModule("1.26.8"), map[string]string{
				".devcontainer/Dockerfile": "FROM dcv/go-feature:1.25\nUSER root\nRUN chmod -R u+w /go/pkg && rm -rf /go/pkg/mod /go/pkg/sumdb\n",
			}),
			want:   "E DV106, i DV108, i DV306, i DV904",
			says:   map[string]string{"DV106": "as soon as go1.26.8 is downloaded, every build in the editor's terminal and debugger will fail"},
			mended: object{"containerEnv": object{"GOROOT": ""}},
			left:   "i DV306, i DV904",
		},
		{
			name:   "go lost in login shells and what is probed of them",
			config: object{"build": object{"dockerfile": "Dockerfile"}, "remoteUser": "dev"},
			files:  map[string]string{".devcontainer/Dockerfile": "FROM dcv/go:1.26\nRUN echo 'export PATH=/usr/bin:/bin' > /etc/profile.d/reset.sh\n"},
			want:   "E DV102, E DV110, E DV119",
			says:   map[string]string{"DV119": "/usr/local/go/bin/go", "DV102": "go is not found in view remote"},
			mended: object{"build": object{"dockerfile": "Mended"}},
		},
		{
			name:   "go lost in login shells that nobody probes",
			config: object{"build": object{"dockerfile": "Dockerfile"}, "remoteUser": "dev", "userEnvProbe": "none"},
			files:  map[string]string{".devcontainer/Dockerfile": "FROM dcv/go:1.26\nRUN echo 'export PATH=/usr/bin:/bin' > /etc/profile.d/reset.sh\n"},
			want:   "E DV119",
			mended: object{"build": object{"dockerfile": "Mended"}},
		},
		{
			name:   "the go env -w file holds a GOROOT that is gone",
			config: object{"build": object{"dockerfile": "Dockerfile"}, "remoteUser": "dev"},
			files:  map[string]string{".devcontainer/Dockerfile": "FROM dcv/go:1.26\nUSER dev\nRUN mkdir -p ~/.config/go && echo GOROOT=/opt/gone > ~/.config/go/env\n"},
			want:   "E DV101, E DV103, E DV118, E DV604, E DV803",
			says:   map[string]string{"DV118": "/home/dev/.config/go/env holds GOROOT=/opt/gone, which is no Go root"},
			mended: object{"build": object{"dockerfile": "Mended"}},
		},
		{
			name:   "no dlv",
			config: object{"image": "golang:1.26-bookworm"},
			want:   "E DV601, W DV701",
			mended: object{"image": "dcv/go:1.26"},
		},
		{
			name:   "dlv too old for the Go",
			config: object{"image": "dcv/go-olddlv:1.26"},
			want:   "E DV602, E DV604, E DV605, W DV701",
			says: map[string]string{
				"DV602": "dlv v1.24.2, which supports Go up to 1.24; the workspace uses Go 1.26.8",
				"DV604": "Version of Delve is too old for Go version go1.26.8",
				"DV605": "step locals",
			},
			mended: object{"image": "dcv/go:1.26"},
		},
		{
			name:   "ptrace refused by a seccomp profile",
			config: object{"image": "dcv/go:1.26", "remoteUser": "dev", "runArgs": []string{"--security-opt", "seccomp=" + seccomp(t)}},
			want:   "E DV603, E DV604, E DV605",
			says: map[string]string{
				"DV603": "operation not permitted",
				"DV604": "operation not permitted",
			},
			mended: object{"runArgs": []string{}},
		},
		{
			name:   "no program can run in /tmp",
			config: object{"image": "dcv/go:1.26", "remoteUser": "dev", "runArgs": []string{"--tmpfs", "/tmp:rw,noexec,mode=1777"}},
			want:   "E DV803",
			says:   map[string]string{"DV803": "permission denied"},
			mended: object{"runArgs": []string{}},
		},
		{
			name:   "a debug configuration that misspells GODEBUG over a good envFile",
			config: object{"image": "dcv/go:1.26", "remoteUser": "dev"},
			files: merge(goModule("1.26.0"), map[string]string{
				".env": "GODEBUG=gctrace=1\nAPI=secret-of-the-file\nPORT=8080\n",
				".vscode/launch.json": `{"configurations": [{
  "name": "Launch", "type": "go", "request": "launch", "program": "${workspaceFolder}", "envFile": "${workspaceFolder}/.env",
  "env": {
    "GODEBUG": "gctracee=1,madvdontneed=0,netdns=go",
    "API": "secret-of-the-configuration",
    "PORT": null,
    "GOTRACEBACK": "full"
  }
}]}
`,
			}),
			want: "E DV608, W DV609, i DV608",
			says: map[string]string{
				"DV608": "GODEBUG=gctracee=1: go1.26.8 knows no setting of that name, and no Go says so (view debuggee); did you mean gctrace?",
				"DV609": "GOTRACEBACK=full is no word that Go knows",
			},
			hides: "secret-of",
		},
		{
			name:   "busybox, no bash",
			config: object{"image": "dcv/busybox-go:1.26"},
			want:   "W DV701",
		},
		{
			name:   "the image of the devcontainers project",
			config: object{"image": "mcr.microsoft.com/devcontainers/go:2-1.26-bookworm"},
			want:   "i DV108, i DV306",
			mended: object{"containerEnv": object{"GOROOT": ""}},
			left:   "i DV306",
		},
	}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			files := merge(map[string]string{".devcontainer/Mended": "FROM dcv/go:1.26\n"}, s.files)
			w := newWorkspace(t, s.config, files)
			w.up(t)
			r := w.verify(t, append([]string{"run"}, s.only...)...)
			expect(t, r, s.want)
			for code, words := range s.says {
				found := false
				for _, f := range finds(r, code) {
					found = found || strings.Contains(f.Message, words)
				}
				if !found {
					t.Errorf("no finding of %s says %q: %v", code, words, finds(r, code))
				}
			}
			if text, err := json.Marshal(r); err != nil || s.hides != "" && strings.Contains(string(text), s.hides) {
				t.Errorf("the report holds %q, %v", s.hides, err)
			}
			proved(t, r)
			nothingLeft(t, w)
			if s.mended == nil {
				return
			}
			config := maps.Clone(s.config)
			delete(config, "features")
			maps.Copy(config, s.mended)
			mended := newWorkspace(t, config, files)
			mended.up(t)
			expect(t, mended.verify(t, append([]string{"run"}, s.only...)...), s.left)
		})
	}
}

func merge(all ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, files := range all {
		maps.Copy(merged, files)
	}
	return merged
}

// proved makes sure that what passed was done: a passed proof has all its steps, and where no error was found nothing was
// left out.
func proved(t *testing.T, r report.Report) {
	t.Helper()
	steps := map[string]string{
		facts.LaunchProof: "start connect breakpoint stop stack locals std exit",
		facts.AttachProof: "start connect stop stack locals detach alive",
		facts.DAPProof:    "start connect initialize launch breakpoint stop stack locals exit",
		facts.TestProof:   "start connect initialize launch breakpoint stop stack locals exit",
		facts.PtraceProof: "call child sibling other-user first-process",
		facts.EnvProof:    "start connect initialize launch breakpoint stop environ godebug panic exit",
		facts.GoplsProof:  "start initialize load definition hover diagnostics go.mod exit",
	}
	proofs := len(steps)
	for _, proof := range r.Proofs {
		switch proof.Name {
		case facts.LeastProof: // only where there is something to be dropped
			steps[proof.Name] = steps[facts.AttachProof]
			proofs++
		case facts.TerminalProof: // only where the terminal is not as the tools are
			steps[proof.Name] = steps[facts.LaunchProof]
			proofs++
		}
		var names []string
		for _, step := range proof.Steps {
			names = append(names, step.Name)
		}
		if got := strings.Join(names, " "); proof.Status == facts.Passed && got != steps[proof.Name] {
			t.Errorf("%s passed with the steps %s", proof.Name, got)
		}
	}
	if r.Verdict != report.Passed {
		return
	}
	for _, o := range r.Outcomes {
		if o.Status == facts.Skipped || o.Status == facts.Broken {
			t.Errorf("passed, but %s was not asked: %s", o.Code, o.Reason)
		}
	}
	if len(r.Proofs) != proofs {
		t.Errorf("passed with %d proofs instead of %d", len(r.Proofs), proofs)
	}
}

// nothingLeft makes sure that a run leaves neither a process nor a file in the container.
func nothingLeft(t *testing.T, w workspace) {
	t.Helper()
	id := w.container(t)
	processes := output(t, "docker", "top", id, "-eo", "pid,args")
	for _, word := range []string{"dlv", "debuggee", "dcverify"} {
		if strings.Contains(processes, word) {
			t.Errorf("left running:\n%s", processes)
		}
	}
	files := output(t, "docker", "exec", "-u", "0", id, "sh", "-c", "ls -d /tmp/dcverify-* /tmp/go-build* /var/tmp/dcverify-* 2>/dev/null || true")
	if files != "" {
		t.Errorf("left on disk: %s", files)
	}
}

// TestEmulated runs the arm64 binary under qemu: Go builds, no debugger can work, and dcverify says why.
func TestEmulated(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, object{"image": "dcv/go-arm64:1.26"}, nil)
	w.up(t)
	r := w.verify(t, "run", "--timeout", "20m")
	expect(t, r, "E DV603, E DV604, E DV605, W DV701")
	for _, f := range finds(r, "DV603") {
		if !strings.Contains(f.Cause, "qemu-aarch64") {
			t.Errorf("the cause is %q", f.Cause)
		}
	}
	nothingLeft(t, w)
}

// TestOtherUser attaches to a process of one's own, and to one of another user, which is not permitted.
func TestOtherUser(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, object{"image": "dcv/go:1.26", "remoteUser": "dev"}, nil)
	w.up(t)
	id := w.container(t)
	for user, want := range map[string]string{"dev": "", "root": "E DV605"} {
		// The program writes its number down, and is one that Delve can read: gopls, waiting for its client.
		output(t, "docker", "exec", "-d", "-u", user, id, "sh", "-c", "echo $$ > /tmp/"+user+".pid; tail -f /dev/null | exec gopls serve")
		pid := ""
		for range 50 {
			if pid = strings.TrimSpace(output(t, "docker", "exec", id, "sh", "-c", "pgrep -o -u "+user+" -x gopls || true")); pid != "" {
				break
			}
		}
		r := w.verify(t, "debug", "--pid", pid)
		expect(t, r, want)
		if want != "" && !strings.Contains(finds(r, "DV605")[0].Message, "current user does not own the process") {
			t.Errorf("Delve's words are missing: %s", finds(r, "DV605")[0].Message)
		}
		state := output(t, "docker", "exec", id, "sh", "-c", "cut -d' ' -f3 /proc/"+pid+"/stat")
		if s := strings.TrimSpace(state); s != "S" && s != "R" {
			t.Errorf("the process of %s is in state %q afterwards", user, s)
		}
	}
}

// TestCreation lets the feature verify at creation: with failOn error a bad container is not created, the next start is,
// and every attach repeats the verdict; with the default a bad container is created all the same.
func TestCreation(t *testing.T) {
	t.Parallel()
	config := func(options object) object {
		return object{
			"image": "dcv/go:1.26", "remoteUser": "dev", "remoteEnv": object{"GOROOT": "/opt/empty"},
			"features": object{"./dcverify": options}, "postCreateCommand": "touch /tmp/own-hook",
		}
	}
	w := newWorkspace(t, config(object{"failOn": "error", "only": "DV103,DV104"}), nil)
	stdout, stderr, status := run(t, "devcontainer", "up", "--workspace-folder", w.folder, "--buildkit", "never")
	if status != 1 || !strings.Contains(stdout, "postCreateCommand from Feature './dcverify' failed") || !strings.Contains(stderr, "DV103") {
		t.Errorf("failOn error: exit status %d\n%s\n%s", status, stdout, stderr)
	}
	_, stderr, status = run(t, "devcontainer", "up", "--workspace-folder", w.folder, "--buildkit", "never")
	if status != 0 || !strings.Contains(stderr, "dcverify: at creation FAILED: 1 check (DV103)") {
		t.Errorf("attaching: exit status %d\n%s", status, stderr)
	}

	w = newWorkspace(t, config(object{"only": "DV103,DV104"}), nil)
	_, stderr, status = run(t, "devcontainer", "up", "--workspace-folder", w.folder, "--buildkit", "never")
	if status != 0 || !strings.Contains(stderr, "FAILED: 1 check (DV103)") {
		t.Errorf("failOn never: exit status %d\n%s", status, stderr)
	}
	if _, _, status := w.exec(t, "test", "-e", "/tmp/own-hook"); status != 0 {
		t.Error("the person's own hook was not run")
	}
}

// TestViews holds what dcverify says of the views against the engine and the reference CLI.
func TestViews(t *testing.T) {
	t.Parallel()
	w := newWorkspace(t, object{
		"build": object{"dockerfile": "Dockerfile"}, "remoteUser": "dev",
		"containerEnv": object{"GOFLAGS": "-container", "GOPROXY": "https://me:secret@proxy.example,direct"},
		"remoteEnv":    object{"GODEBUG": "remote=1", "PATH": "${containerEnv:PATH}:/re"},
	}, map[string]string{".devcontainer/Dockerfile": "FROM dcv/go:1.26\nENV GOFLAGS=-image GOAUTH=off\nRUN echo 'export GOEXPERIMENT=login' > /etc/profile.d/x.sh\n"})
	w.up(t)
	id := w.container(t)
	seen := map[string]map[string]string{
		"image":     environ(output(t, "docker", "inspect", "-f", "{{range .Config.Env}}{{println .}}{{end}}", output(t, "docker", "inspect", "-f", "{{.Image}}", id)[:71])),
		"container": environ(output(t, "docker", "exec", "-u", "dev", id, "env")),
	}
	// Where a feature is used the CLI writes containerEnv into the image as well, after the features; dcverify was
	// installed before, and its image is without what containerEnv adds.
	seen["image"]["GOFLAGS"] = "-image"
	delete(seen["image"], "GOPROXY")
	stdout, _, _ := w.exec(t, "env")
	seen["remote"] = environ(stdout)

	stdout, stderr, status := w.exec(t, "dcverify", "env", "--format", "json")
	if status != 0 {
		t.Fatalf("exit status %d\n%s", status, stderr)
	}
	if strings.Contains(stdout, "secret") {
		t.Error("a password is shown")
	}
	variables := readEnvironment(t, stdout)
	compared := 0
	for _, variable := range variables {
		for view, env := range seen {
			value, set := env[variable.Name]
			got := variable.Views[view]
			if variable.Name == "GOPROXY" {
				value = strings.Replace(value, "me:secret", "***", 1)
			}
			if got.Unknown != "" || got.Set != set || got.Value != value {
				t.Errorf("%s in view %s: dcverify says %+v, the real one is %q (set %v)", variable.Name, view, got, value, set)
			}
			compared++
		}
	}
	if compared < 15 {
		t.Errorf("only %d values were compared", compared)
	}
	// docker exec starts no shell probe and no remoteEnv: what dcverify puts together there must be the same.
	fromEngine := readEnvironment(t, output(t, "docker", "exec", "-u", "dev", "-w", "/workspaces/"+filepath.Base(w.folder), id, "dcverify", "env", "--format", "json"))
	for i, variable := range fromEngine {
		if i >= len(variables) || fmt.Sprint(variable.Views["remote"].Value) != fmt.Sprint(variables[i].Views["remote"].Value) {
			t.Errorf("started by docker exec, %s in view remote is %+v", variable.Name, variable.Views["remote"])
		}
	}
	for name, want := range map[string]string{"GODEBUG": "remoteEnv .devcontainer/devcontainer.json", "GOEXPERIMENT": "login-files /etc/profile.d/x.sh", "GOFLAGS": "containerEnv .devcontainer/devcontainer.json"} {
		for _, variable := range variables {
			if origin := variable.Views["remote"].Origin; variable.Name == name && (origin == nil || origin.Layer+" "+origin.File != want || origin.Line == 0) {
				t.Errorf("%s is of %+v, want %s with a line", name, origin, want)
			}
		}
	}
}

func environ(text string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[name] = value
	}
	return env
}

var update = flag.Bool("update", false, "rewrite the example in the README")

// TestReadme keeps the README's example a true one.
func TestReadme(t *testing.T) {
	t.Parallel()
	const path, begin, end = "../../README.md", "<!-- example: generated by go test ./test/real -run TestReadme -update -->\n", "<!-- end of example -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the example", path)
	}
	w := newWorkspace(t, object{
		"build": object{"dockerfile": "Dockerfile"}, "remoteUser": "dev", "remoteEnv": object{"GOROOT": "/opt/go1.25.9"},
	}, map[string]string{".devcontainer/Dockerfile": conflict})
	w.up(t)
	w.exec(t, "dcverify", "run") // the first compile is no example of how long it takes
	stdout, _, status := w.exec(t, "dcverify", "run")
	if status != 1 {
		t.Fatalf("exit status %d\n%s", status, stdout)
	}
	// Names and times differ from run to run.
	stable := func(text string) string {
		text = regexp.MustCompile(`\d+ ms|[\d.]+m?s\b`).ReplaceAllString(text, "N ms")
		return regexp.MustCompile(`container \S+`).ReplaceAllString(text, "container my-app")
	}
	var example strings.Builder
	for line := range strings.Lines(regexp.MustCompile(`container \S+`).ReplaceAllString(strings.ReplaceAll(stdout, "\r", ""), "container my-app")) {
		example.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
	}
	if stable(example.String()) == stable(old) {
		return
	}
	if !*update {
		t.Fatalf("%s is stale; run: go test ./test/real -run TestReadme -update\n%s", path, example.String())
	}
	if err := os.WriteFile(path, []byte(before+begin+example.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
