//go:build linux

package gather

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// whole is a dev container in which every layer sets something; each test may change it.
func whole() (*gatherer, *environments) {
	declared := func(value, file string, line int) goenv.Declaration {
		return goenv.Declaration{Value: value, Place: at(file, line)}
	}
	g := &gatherer{
		declared: map[string]goenv.Declaration{"GOFLAGS": declared("-docker", "Dockerfile", 2)},
		config: devcontainer.Read(source.File{Name: "devcontainer.json", Text: `
{
"containerEnv": {"GOPROXY": "direct"},
"remoteEnv": {"GOROOT": "/remote"}
}`}),
	}
	image := goenv.Environ{"PATH": "/go/bin:/usr/bin", "GOROOT": "/image", "GOFLAGS": "-docker"}
	container := image.With("GOPROXY=direct", "HOME=/h")
	login := container.With("PATH=/usr/bin", "GOBIN=/login")
	probe := container.With("PATH=/probe:/go/bin:/usr/bin")
	remote := probe.With("GOROOT=/remote", "GOAMD64=v3")
	e := &environments{
		names:       goenv.Views,
		inContainer: true,
		fixed: map[string]environment{
			goenv.ImageView:     {view: goenv.ImageView, env: image},
			goenv.ContainerView: {view: goenv.ContainerView, env: container},
			goenv.RemoteView:    {view: goenv.RemoteView, env: remote},
		},
		login: func() loginShells {
			return loginShells{
				view: environment{view: goenv.LoginView, env: login}, probe: environment{env: probe},
				files: []source.File{{Name: "/etc/profile", Text: "#\nPATH=/usr/bin\nGOBIN=/login\n"}},
			}
		},
		editor: func() editor {
			activation := goenv.Layer{Kind: goenv.Extension, Set: map[string]string{"PATH": "/ext:" + remote["PATH"]}}
			tools := goenv.Layer{Kind: goenv.ToolsEnvVars, Set: map[string]string{"GOFLAGS": "-tools"}}
			return editor{
				terminal: environment{view: goenv.TerminalView, env: remote.With("PATH=/ext:" + remote["PATH"])},
				tools:    environment{view: goenv.ToolsView, env: remote.With("PATH=/ext:"+remote["PATH"], "GOFLAGS=-tools")},
				layers:   map[string][]goenv.Layer{goenv.TerminalView: {activation}, goenv.ToolsView: {activation, tools}},
			}
		},
	}
	return g, e
}

// summary is what the layers say of Go's variables, without those that say nothing: kind, then name=value or -name.
func summary(layers []goenv.Layer) []string {
	var lines []string
	for _, layer := range layers {
		layer = layer.Only(goenv.Variables)
		line := layer.Kind
		for _, entry := range goenv.Environ(layer.Set).List() {
			line += " " + entry
		}
		for _, name := range layer.Unset {
			line += " -" + name
		}
		if line != layer.Kind {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestProcessLayers(t *testing.T) {
	var (
		image     = []string{"image GOROOT=/image PATH=/go/bin:/usr/bin", "dockerfile GOFLAGS=-docker"}
		container = append(image[:2:2], "containerEnv GOPROXY=direct")
		remote    = append(container[:3:3], "login-files PATH=/probe:/go/bin:/usr/bin", "process GOAMD64=v3", "remoteEnv GOROOT=/remote")
		extension = "go-extension PATH=/ext:/probe:/go/bin:/usr/bin"
	)
	for view, want := range map[string][]string{
		goenv.ImageView:     image,
		goenv.ContainerView: container,
		goenv.LoginView:     append(container[:3:3], "login-files GOBIN=/login PATH=/usr/bin"),
		goenv.RemoteView:    remote,
		goenv.TerminalView:  append(remote[:6:6], extension),
		goenv.ToolsView:     append(remote[:6:6], extension, "toolsEnvVars GOFLAGS=-tools"),
	} {
		t.Run(view, func(t *testing.T) {
			g, e := whole()
			if diff := cmp.Diff(want, summary(g.processLayers(e, view))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Whatever is known of how a view came about, its layers come to the environment that its processes have.
func TestLayersAddUp(t *testing.T) {
	change := map[string]func(*gatherer, *environments){
		"whole": func(*gatherer, *environments) {},
		"the feature was not installed": func(_ *gatherer, e *environments) {
			e.names = slices.DeleteFunc(slices.Clone(e.names), func(name string) bool { return name == goenv.ImageView })
			delete(e.fixed, goenv.ImageView)
		},
		"a machine": func(_ *gatherer, e *environments) {
			e.inContainer, e.names = false, []string{goenv.LoginView, goenv.RemoteView, goenv.TerminalView, goenv.ToolsView}
		},
		"PID 1 cannot be read": func(_ *gatherer, e *environments) {
			e.fixed[goenv.ContainerView] = environment{view: goenv.ContainerView, unknown: "denied"}
		},
		"files that changed since": func(g *gatherer, _ *environments) {
			g.config = written(`{"containerEnv": {"GOPROXY": "off", "GOROOT": "/new", "GOWORK": "off"},
				"remoteEnv": {"GOROOT": "/new", "GOWORK": "off", "GOPROXY": "direct"}}`)
			g.declared = map[string]goenv.Declaration{"GOFLAGS": {Value: "-new"}, "GOROOT": {Value: "$X"}, "GOWORK": {Value: "off"}}
		},
		"the container lost what the image has": func(_ *gatherer, e *environments) {
			delete(e.fixed[goenv.ContainerView].env, "GOFLAGS")
		},
	}
	for name, change := range change {
		t.Run(name, func(t *testing.T) {
			g, e := whole()
			change(g, e)
			for _, view := range g.views(e, nil) {
				environment := e.get(view.Name)
				if (view.Unknown != "") != (environment.unknown != "") {
					t.Errorf("%s: unknown %q, but %q", view.Name, view.Unknown, environment.unknown)
					continue
				}
				want := goenv.Environ(goenv.Layer{Set: environment.env}.Only(goenv.Variables).Set)
				if environment.env == nil {
					want = goenv.Environ{}
				}
				if diff := cmp.Diff(want, view.Environ()); diff != "" {
					t.Errorf("%s: -environment +layers:\n%s", view.Name, diff)
				}
			}
		})
	}
}

func TestLayerPlaces(t *testing.T) {
	g, e := whole()
	for _, test := range []struct{ view, name, want string }{
		{goenv.ImageView, "GOFLAGS", "dockerfile Dockerfile:2:1"},
		{goenv.ImageView, "GOROOT", "image "},
		{goenv.ContainerView, "GOPROXY", "containerEnv devcontainer.json:3:18"},
		{goenv.LoginView, "GOBIN", "login-files /etc/profile:3:1"},
		{goenv.RemoteView, "GOROOT", "remoteEnv devcontainer.json:4:15"},
		{goenv.RemoteView, "GOAMD64", "process "},
		{goenv.ToolsView, "GOROOT", "remoteEnv devcontainer.json:4:15"},
	} {
		origin := goenv.View{Layers: g.processLayers(e, test.view)}.Lookup(test.name).Origin
		if got := origin.Layer + " " + origin.Place.String(); got != test.want {
			t.Errorf("%s of %s is from %q, want %q", test.name, test.view, got, test.want)
		}
	}
}

func TestGoLayers(t *testing.T) {
	h := newHome(t)
	root := h.folder + "/root"
	h.write("root/go.env", "# defaults\nGOPROXY=https://proxy.golang.org,direct\nGOROOT=/ignored\nGOTOOLCHAIN=auto\n")
	h.write("other/go.env", "GOTOOLCHAIN=local\n")
	envFile := func(set map[string]string) facts.Part[facts.EnvFile] {
		return facts.Known(facts.EnvFile{Path: "env", Layer: goenv.Layer{Kind: goenv.UserEnvFile, Set: set}})
	}
	answers := facts.Answer{Env: map[string]string{
		"GOPROXY": "https://proxy.golang.org,direct", "GOTOOLCHAIN": "auto", "GOPATH": "/h/go", "GOFLAGS": "-x", "GOBIN": "", "GOAMD64": "v1", "SECRET": "x",
	}}
	known := facts.Known(facts.GoCommand{Root: root, Outside: answers})
	for name, test := range map[string]struct {
		env     goenv.Environ
		file    facts.Part[facts.EnvFile]
		command facts.Part[facts.GoCommand]
		want    []string
	}{
		"nobody says anything": {nil, facts.Absent[facts.EnvFile]("none"), known, []string{
			"default GOAMD64=v1 GOFLAGS=-x GOPATH=/h/go GOROOT=" + root,
			"goroot-go.env GOPROXY=https://proxy.golang.org,direct GOTOOLCHAIN=auto",
		}},
		"the environment": {goenv.Environ{"GOPATH": "/mine", "GOFLAGS": ""}, facts.Absent[facts.EnvFile]("none"), known, []string{
			"default GOAMD64=v1 GOFLAGS=-x GOROOT=" + root, // an empty variable says nothing
			"goroot-go.env GOPROXY=https://proxy.golang.org,direct GOTOOLCHAIN=auto",
		}},
		"go env -w": {nil, envFile(map[string]string{"GOFLAGS": "-x"}), known, []string{
			"default GOAMD64=v1 GOPATH=/h/go GOROOT=" + root,
			"goroot-go.env GOPROXY=https://proxy.golang.org,direct GOTOOLCHAIN=auto",
			"go-env-file GOFLAGS=-x",
		}},
		"GOROOT decides whose go.env": {goenv.Environ{"GOROOT": h.folder + "/other"}, envFile(map[string]string{"GOROOT": root}), known, []string{
			"default GOAMD64=v1 GOFLAGS=-x GOPATH=/h/go GOPROXY=https://proxy.golang.org,direct GOROOT=" + root,
			"goroot-go.env GOTOOLCHAIN=local", "go-env-file GOROOT=" + root,
		}},
		"no go": {nil, envFile(map[string]string{"GOROOT": root}), facts.Absent[facts.GoCommand]("no go"), []string{
			"goroot-go.env GOPROXY=https://proxy.golang.org,direct GOTOOLCHAIN=auto", "go-env-file GOROOT=" + root,
		}},
		"nothing at all": {nil, facts.Absent[facts.EnvFile]("none"), facts.Absent[facts.GoCommand]("no go"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.gatherer().goLayers(&environments{envFile: test.file}, environment{env: test.env}, test.command)
			if diff := cmp.Diff(test.want, summary(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// written is a devcontainer.json of that text.
func written(text string) devcontainer.Config {
	return devcontainer.Read(source.File{Name: ".devcontainer/devcontainer.json", Text: text})
}
