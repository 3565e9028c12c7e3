package checks

import (
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

func TestGoToTake(t *testing.T) {
	for _, test := range []struct{ has, asked, want string }{
		{"1.26.4", "1.26.5", "1.26.5"},
		{"1.26", "1.26.5", "1.26.5"},
		{"1.25.9", "1.26.5", "1.26"},
		{"1.20.14", "1.22", "1.22"},
	} {
		if got := goToTake(test.has, test.asked); got != test.want {
			t.Errorf("goToTake(%q, %q) is %q, want %q", test.has, test.asked, got, test.want)
		}
	}
}

// TestToolsAdvice wants the advice to fit every tool of a RUN, and none to take a newer Go for a Delve that is too old.
func TestToolsAdvice(t *testing.T) {
	const both = "go install github.com/josharian/impl@v1.5.0 && go install github.com/go-delve/delve/cmd/dlv@v1.27.0"
	for _, test := range []struct{ name, goVersion, run, want string }{
		{"the first asks less", "1.21", both, "take Go 1.25 or newer"},
		{"one", "1.21", "go install github.com/josharian/impl@v1.5.0", "take Go 1.23 or newer"},
		{"Delve is too old", "1.26", "go install github.com/go-delve/delve/cmd/dlv@v1.22.1", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			project := sketch{goVersion: test.goVersion, toolchain: "local", env: golangEnv, remote: "root", runs: []string{test.run}}.project()
			_, findings := check.Run([]check.Check{toolNeedsNewerGo}, &facts.Snapshot{Project: facts.Known(project)})
			if len(findings) != 1 {
				t.Fatalf("got %d findings: %v", len(findings), findings)
			}
			got := ""
			for _, fix := range findings[0].Fixes {
				if len(fix.Message) > 5 && fix.Message[:5] == "take " {
					got = fix.Message
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q of %v", got, test.want, findings[0].Fixes)
			}
		})
	}
}

// TestVersionAdvice wants the Go that all modules can be built with.
func TestVersionAdvice(t *testing.T) {
	var project facts.Project
	project.Gos = []facts.GoInstall{{Version: "1.23", Toolchain: "local", By: "image golang:1.23", Stage: -1}}
	for _, goes := range []string{"1.24", "1.26.2", "1.25"} {
		project.Modules = append(project.Modules, facts.Module{File: "m" + goes + "/go.mod", Go: goes})
	}
	_, findings := check.Run([]check.Check{toolchainSatisfiable}, &facts.Snapshot{Project: facts.Known(project)})
	if len(findings) != 1 || !strings.HasPrefix(findings[0].Fixes[0].Message, "take Go 1.26 or newer") {
		t.Errorf("got %+v", findings)
	}
}

// TestPathAdvice wants what helps against the layer that took go away: ENV in the image would be overridden.
func TestPathAdvice(t *testing.T) {
	for layer, want := range map[string]string{
		goenv.Dockerfile: "put it on PATH in the image", goenv.RemoteEnv: "keep what was there, in remoteEnv: ${containerEnv:PATH}:/usr/local/go/bin", goenv.ContainerEnv: "take PATH out of containerEnv",
	} {
		view := goenv.View{Name: goenv.RemoteView, Layers: layerWith(layer, "PATH", "/usr/bin")}
		project := facts.Project{Gos: []facts.GoInstall{{Version: "1.26", Root: "/usr/local/go", By: "image golang:1.26", Stage: -1}}}
		_, findings := check.Run([]check.Check{goFound}, &facts.Snapshot{Target: facts.Target{Kind: "workspace"}, Project: facts.Known(project), Views: []goenv.View{view}})
		if len(findings) != 1 || !strings.HasPrefix(findings[0].Fixes[0].Message, want) {
			t.Errorf("%s: got %+v, want %q", layer, findings, want)
		}
	}
}

// TestCacheAdvice wants the folder given away where nothing fills it again afterwards.
func TestCacheAdvice(t *testing.T) {
	const install = "go install golang.org/x/tools/gopls@latest"
	for _, test := range []struct {
		name, want string
		runs       []string
	}{
		{"one RUN", "give it away in the same RUN: && chown -R vscode /go; or remove it: && rm -rf /go/pkg", []string{install}},
		{"three", "give it away in the last RUN that fills it, Dockerfile:4:1: && chown -R vscode /go; or remove it: && rm -rf /go/pkg", []string{install, install, install}},
	} {
		t.Run(test.name, func(t *testing.T) {
			project := sketch{goVersion: "1.26", env: golangEnv, gopath: "/go", remote: "vscode", runs: test.runs}.project()
			_, findings := check.Run([]check.Check{rootBuiltCache}, &facts.Snapshot{Project: facts.Known(project)})
			if len(findings) != 1 || findings[0].Fixes[0].Message != test.want {
				t.Errorf("%+v", findings)
			}
		})
	}
}
