package checks

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// sketch is a project with one stage, whose scripts and copies stand one to a line.
type sketch struct {
	goVersion, toolchain string
	by                   string // "image golang:1.26" when empty
	env                  map[string]string
	user, remote, gopath string
	runs                 []string // of the Dockerfile; those that begin with COPY are instructions
	hooks                []string
	features             []string
	module               bool
	volumes              []string
	tools                string // go.toolsGopath
}

func (s sketch) project() facts.Project {
	install := facts.GoInstall{Version: s.goVersion, Root: "/usr/local/go", Toolchain: s.toolchain, By: s.by, Stage: -1}
	if install.By == "" {
		install.By = "image golang:" + s.goVersion
	}
	p := facts.Project{
		Image:      facts.BaseImage{Reference: "golang:" + s.goVersion},
		RemoteUser: facts.User{Name: s.remote, Home: "/home/" + s.remote},
		Gos:        []facts.GoInstall{install},
		Folder:     "/workspaces/app",
		Views:      []goenv.View{{Name: goenv.RemoteView, Layers: []goenv.Layer{{Kind: goenv.Image, Set: map[string]string{"GOPATH": s.gopath}}}}},
	}
	p.Merged.UpdateUID = true
	if s.tools != "" {
		p.Settings = []vscode.Setting{{Name: "go.toolsGopath", Value: jsonc.Node{Kind: jsonc.String, Text: s.tools}}}
	}
	if s.module {
		p.Modules = []facts.Module{{File: "go.mod", Main: true, Requires: []facts.Require{{Path: "example.com/other", Version: "v1.0.0"}}}}
	}
	for _, target := range s.volumes {
		p.Merged.Mounts = append(p.Merged.Mounts, devcontainer.Mount{Type: "volume", Source: "v", Target: target, Place: source.Place{File: "devcontainer.json", Line: 7}})
	}
	for _, id := range s.features {
		p.Features = append(p.Features, devcontainer.Feature{ID: id, Kind: "oci"})
	}
	user := facts.User{Name: "root", Home: "/root"}
	if s.user != "" {
		user = facts.User{Name: s.user, Home: "/home/" + s.user}
	}
	stage := dockerfile.Stage{Parent: -1, Built: true, Known: true}
	for i, text := range s.runs {
		place := source.Place{File: "Dockerfile", Line: i + 2, EndLine: i + 2}
		if words := shell.Parse(text, "").Commands[0].Words; words[0].Text == "COPY" {
			copied := dockerfile.Instruction{Keyword: "COPY", Place: place, Workdir: "/"}
			for _, word := range words[1:] {
				if word.Text[0] == '-' {
					copied.Flags = append(copied.Flags, word.Text)
				} else {
					copied.Words = append(copied.Words, word.Text)
				}
			}
			stage.Instructions = append(stage.Instructions, copied)
			continue
		}
		stage.Instructions = append(stage.Instructions, dockerfile.Instruction{Keyword: "RUN", Place: place, Script: text})
		p.Scripts = append(p.Scripts, facts.Script{
			Kind: "run", Name: "RUN", File: "Dockerfile", Line: i + 2, Place: place, Target: true, User: user, Env: s.env, Go: &install, Shell: shell.Parse(text, shell.Bash),
		})
	}
	p.Build = &dockerfile.Build{File: "Dockerfile", Stages: []dockerfile.Stage{stage}, BaseKnown: true}
	for i, text := range s.hooks {
		p.Scripts = append(p.Scripts, facts.Script{
			Kind: "hook", Name: "postCreateCommand", File: "devcontainer.json", Line: i + 5, Place: source.Place{File: "devcontainer.json", Line: i + 5},
			Stage: -1, User: p.RemoteUser, Workdir: p.Folder, Env: s.env, Go: &install, Shell: shell.Parse(text, shell.Posix),
		})
	}
	return p
}

// TestCarriageReturns is no tree: git would take the carriage returns out of it.
func TestCarriageReturns(t *testing.T) {
	script := facts.Script{Kind: "file", Name: ".devcontainer/setup.sh", File: ".devcontainer/setup.sh", Line: 1, CRLF: true, Stage: -1}
	converted := facts.Script{Kind: "hook", Stage: -1, Shell: shell.Parse("sed -i 's/\\r$//' .devcontainer/setup.sh", shell.Posix)}
	for want, scripts := range map[int][]facts.Script{1: {script}, 0: {script, converted}} {
		_, findings := check.Run([]check.Check{lifecycle}, &facts.Snapshot{Project: facts.Known(facts.Project{Scripts: scripts})})
		if len(findings) != want {
			t.Errorf("got %d findings, want %d: %v", len(findings), want, findings)
		}
	}
}

// golangEnv is what the official images set.
var golangEnv = map[string]string{"GOPATH": "/go", "PATH": "/go/bin:/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin"}

func TestScriptsJudged(t *testing.T) {
	image := sketch{goVersion: "1.26", toolchain: "local", env: golangEnv, remote: "vscode", gopath: "/go"}
	with := func(change func(*sketch)) sketch {
		s := image
		change(&s)
		return s
	}
	runs := func(text ...string) sketch { return with(func(s *sketch) { s.runs = text }) }
	hooks := func(text ...string) sketch { return with(func(s *sketch) { s.hooks = text }) }
	old := func(version, toolchain string, text ...string) sketch {
		return with(func(s *sketch) { s.goVersion, s.toolchain, s.runs = version, toolchain, text })
	}
	for _, test := range []struct {
		name  string
		check check.Check
		given sketch
		want  []string // severity and place
	}{
		{"export alone", runExport, runs("export GOPATH=/x"), []string{"warning Dockerfile:2"}},
		{"export and echo", runExport, runs("export PATH=$PATH:/x && echo done"), []string{"warning Dockerfile:2"}},
		{"export that is used", runExport, runs("export GOPATH=/x && go version", "export X=1", "export GOBIN=/x; echo GOBIN=$GOBIN >> /etc/environment"), nil},
		{"what ENV says anyway", runExport, runs("export GOPATH=/go", "export PATH=$PATH:/usr/local/go/bin"), nil},
		{"source", runExport, runs("echo 'export GOPATH=/x' >> ~/.bashrc && . ~/.bashrc", ". ~/.nvm/nvm.sh && nvm install 20", ". /etc/profile"), []string{"warning Dockerfile:2"}},
		{"export in a hook", runExport, hooks("export GOFLAGS=-v"), []string{"warning devcontainer.json:5"}},

		{"root fills the cache", rootBuiltCache, runs("go install golang.org/x/tools/gopls@latest"), []string{"error Dockerfile:2"}},
		{"once", rootBuiltCache, runs("go install a.b/c@v1", "go install a.b/d@v1"), []string{"error Dockerfile:2"}},
		{"for root it is no matter", rootBuiltCache, with(func(s *sketch) { s.remote, s.runs = "root", []string{"go install a.b/c@v1"} }), nil},
		{"given away later", rootBuiltCache, runs("go install a.b/c@v1", "chown -R vscode /go"), nil},
		{"given away before", rootBuiltCache, runs("chown -R vscode /go", "go install a.b/c@v1"), []string{"error Dockerfile:3"}},
		{"given away in the same RUN", rootBuiltCache, runs("go install a.b/c@v1 && chmod -R a+w $GOPATH"), nil},
		{"given away in a hook", rootBuiltCache, with(func(s *sketch) {
			s.runs, s.hooks = []string{"go install a.b/c@v1"}, []string{"sudo chown -R $(whoami) /go/pkg"}
		}), nil},
		{"removed", rootBuiltCache, runs("go install a.b/c@v1 && rm -rf /go/pkg"), nil},
		{"half removed", rootBuiltCache, runs("go install a.b/c@v1 && go clean -modcache"), []string{"error Dockerfile:2"}},
		{"the feature gives it away", rootBuiltCache, with(func(s *sketch) {
			s.runs, s.features = []string{"go install a.b/c@v1"}, []string{"ghcr.io/devcontainers/features/go"}
		}), nil},
		{"another GOPATH", rootBuiltCache, runs("GOPATH=/tmp/x go install a.b/c@v1", "export GOPATH=/root/go && go get a.b/c"), nil},
		{"the editor's folder for tools", rootBuiltCache, with(func(s *sketch) {
			s.tools, s.runs = "/tmp/x", []string{"GOPATH=/tmp/x GO111MODULE=on go get a.b/c"}
		}), []string{"error Dockerfile:2"}},
		{"as the user, in a folder that keeps its owner", rootBuiltCache, with(func(s *sketch) {
			s.module, s.runs = true, []string{"su vscode -c 'go install a.b/c@v1'"}
		}), []string{"error Dockerfile:2"}},
		{"as the user, and nothing to download", rootBuiltCache, runs("su vscode -c 'go install a.b/c@v1'"), nil},
		{"as the user, at home", rootBuiltCache, with(func(s *sketch) {
			s.gopath, s.env, s.user, s.runs = "/home/vscode/go", map[string]string{"GOPATH": "/home/vscode/go"}, "vscode", []string{"go install a.b/c@v1"}
		}), nil},
		{"COPY makes GOPATH", rootBuiltCache, with(func(s *sketch) {
			s.gopath, s.env, s.runs = "/home/vscode/go", nil, []string{"COPY --from=x /go/bin /home/vscode/go/bin"}
		}), []string{"error Dockerfile:2"}},
		{"COPY with --chown", rootBuiltCache, with(func(s *sketch) {
			s.gopath, s.env, s.runs = "/home/vscode/go", nil, []string{"COPY --chown=vscode --from=x /go/bin /home/vscode/go/bin"}
		}), nil},
		{"COPY into the image's own", rootBuiltCache, runs("COPY --from=x /go/bin /go/bin"), nil},
		{"a volume", rootBuiltCache, with(func(s *sketch) { s.volumes = []string{"/go/pkg/mod", "/go"} }), []string{"error devcontainer.json:7"}},
		{"a volume that is given away", rootBuiltCache, with(func(s *sketch) { s.volumes, s.hooks = []string{"/go/pkg"}, []string{"sudo chown vscode /go/pkg"} }), nil},
		{"a volume, and make", rootBuiltCache, with(func(s *sketch) { s.volumes, s.hooks = []string{"/go/pkg"}, []string{"make setup"} }), []string{"warning devcontainer.json:7"}},

		{"a tool too new", toolNeedsNewerGo, old("1.21", "local", "go install github.com/go-delve/delve/cmd/dlv@latest"), []string{"error Dockerfile:2"}},
		{"a tool too new, and auto", toolNeedsNewerGo, old("1.21", "auto", "go install github.com/go-delve/delve/cmd/dlv@latest"), []string{"info Dockerfile:2"}},
		{"auto for this command", toolNeedsNewerGo, old("1.21", "local", "GOTOOLCHAIN=auto go install github.com/go-delve/delve/cmd/dlv@latest"), []string{"info Dockerfile:2"}},
		{"go get of old", toolNeedsNewerGo, old("1.15", "", "go get -u a.b/c github.com/go-delve/delve/cmd/dlv"), []string{"error Dockerfile:2"}},
		{"a tool that fits", toolNeedsNewerGo, old("1.21", "local", "go install github.com/go-delve/delve/cmd/dlv@v1.22.1"), nil},
		{"a tool too old", toolNeedsNewerGo, old("1.26", "local", "go install github.com/go-delve/delve/cmd/dlv@v1.22.1"), []string{"error Dockerfile:2"}},
		{"a tool that nobody knows", toolNeedsNewerGo, old("1.12", "", "go get a.b/c; go install $X@latest"), nil},

		{"go get", goGetInstall, runs("go get golang.org/x/tools/gopls"), []string{"error Dockerfile:2"}},
		{"go get of old Go", goGetInstall, old("1.17", "", "go get a.b/c"), nil},
		{"go get in GOPATH mode", goGetInstall, old("1.20", "", "GO111MODULE=off go get a.b/c"), nil},
		{"go get in GOPATH mode of new Go", goGetInstall, runs("GO111MODULE=off go get a.b/c"), []string{"error Dockerfile:2"}},
		{"go get with go.mod", goGetInstall, runs("COPY go.mod go.sum ./", "go get a.b/c"), nil},
		{"go get with the whole module", goGetInstall, with(func(s *sketch) { s.module, s.runs = true, []string{"COPY . .", "go get a.b/c"} }), nil},
		{"go get with scripts", goGetInstall, with(func(s *sketch) { s.module, s.runs = true, []string{"COPY scripts/*.sh /tmp/", "go get a.b/c"} }), []string{"error Dockerfile:3"}},
		{"go get in a new module", goGetInstall, runs("cd /tmp && go mod init x && go get a.b/c"), nil},
		{"go get in /tmp", goGetInstall, runs("cd /tmp && go get a.b/c"), []string{"error Dockerfile:2"}},
		{"go get in the workspace", goGetInstall, with(func(s *sketch) { s.module, s.hooks = true, []string{"go get -u ./... && go get a.b/c"} }), nil},
		{"go get in a workspace without module", goGetInstall, hooks("go get a.b/c"), []string{"error devcontainer.json:5"}},
		{"go get that may not run", goGetInstall, runs("if test -e x; then go get a.b/c; fi"), []string{"warning Dockerfile:2"}},
		{"go get before go install", goGetInstall, runs("go get a.b/c || go install a.b/c@latest"), nil},

		{"frozen", pathFrozen, runs(`echo "export PATH=$PATH:/x" >> /root/.bashrc`), []string{"warning Dockerfile:2"}},
		{"frozen before a feature", pathFrozen, with(func(s *sketch) {
			s.runs, s.features = []string{`echo "export PATH=$PATH:/x" | tee -a /etc/bash.bashrc`}, []string{"ghcr.io/devcontainers/features/go"}
		}), []string{"error Dockerfile:2"}},
		{"not frozen", pathFrozen, runs(`echo "export PATH=\$PATH:$GOPATH" >> ~/.bashrc`, `echo 'export PATH=$PATH:/x' >> ~/.profile`, `echo "PATH=$PATH" > /etc/environment`, `echo "$PATH"`), nil},

		{"go env -w as root", goEnvWrongUser, runs("go env -w GOPROXY=direct", "go env -w GOFLAGS=-v"), []string{"error Dockerfile:2"}},
		{"go env -w of what is so anyway", goEnvWrongUser, runs("go env -w GOPATH=/go"), nil},
		{"go env -w as the user", goEnvWrongUser, runs("su vscode -c 'go env -w GOPROXY=direct'", "GOENV=/etc/goenv go env -w GOFLAGS=-v"), nil},

		{"hidden", lifecycle, hooks("go install a.b/c@v1 || true"), []string{"warning devcontainer.json:5"}},
		{"not hidden", lifecycle, hooks("go install a.b/c@v1 || (echo failed; exit 1)", "go mod download || true"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, findings := check.Run([]check.Check{test.check}, &facts.Snapshot{Project: facts.Known(test.given.project())})
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%s %s:%d", f.Severity, f.Location.File, f.Location.Line))
				t.Log(f.Message)
				if f.Message == "" || f.Cause == "" || len(f.Fixes) == 0 || len(f.Upstream) == 0 {
					t.Errorf("the finding is not complete: %+v", f)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
