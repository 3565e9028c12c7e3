package resolve

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

const config = ".devcontainer/devcontainer.json"

// files is a workspace of names and texts, in turns.
func files(namesAndTexts ...string) fstest.MapFS {
	workspace := fstest.MapFS{}
	for i := 0; i+1 < len(namesAndTexts); i += 2 {
		workspace[namesAndTexts[i]] = &fstest.MapFile{Data: []byte(namesAndTexts[i+1])}
	}
	return workspace
}

// options are those of a host that has the image "base" and the OCI feature "r.io/x/f:1", and nothing else.
func options() Options {
	return Options{
		Config: config,
		Host: devcontainer.Host{
			Env: map[string]string{"USER": "me"}, Workspace: "/home/me/app", Config: "/home/me/app/" + config,
		},
		Image: func(reference string) (dockerfile.Base, string, bool) {
			return dockerfile.Base{Env: []string{"PATH=/usr/bin:/bin", "HOME=/h"}, User: "app"}, "the test", reference == "base"
		},
		Feature: func(address string) (string, error) {
			switch address {
			case "r.io/x/f:1":
				return `{"id": "f", "version": "1.0.0", "containerEnv": {"GOBIN": "/f"}, "postCreateCommand": "feature"}`, nil
			case "r.io/x/none:1", "https://github.com/x/y/releases/latest/download/none.tgz":
				return "", fs.ErrNotExist
			}
			return "", errors.New("not at hand")
		},
	}
}

// problems are those of a project, each as its kind and place.
func problems(project facts.Project) []string {
	var list []string
	for _, p := range project.Problems {
		list = append(list, p.Kind+" "+p.Place.String())
	}
	return list
}

func TestProblems(t *testing.T) {
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  []string
	}{
		{"no devcontainer.json", files(), []string{"missing-file " + config}},
		{"no object", files(config, `[]`), []string{"syntax " + config + ":1:1"}},
		{"no image", files(config, `{"name": "x"}`), []string{"no-image " + config + ":1:1"}},
		{"no Dockerfile", files(config, "{\n  \"build\": {\"dockerfile\": \"Dockerfile\"}}"), []string{"missing-file " + config + ":2:27"}},
		{"a Dockerfile outside", files(config, `{"build": {"dockerfile": "../../Dockerfile"}}`), []string{"outside " + config + ":1:26"}},
		{"no compose file", files(config, `{"dockerComposeFile": ["a.yml"], "service": "s"}`), []string{"missing-file " + config + ":1:24"}},
		{"no service", files(config, `{"dockerComposeFile": "a.yml", "service": "s"}`, ".devcontainer/a.yml", "services:\n  t:\n    image: base\n"),
			[]string{"missing-service " + config + ":1:43"}},
		{"no service named", files(config, `{"dockerComposeFile": "a.yml"}`, ".devcontainer/a.yml", "services:\n  t:\n    image: base\n"),
			[]string{"missing-service " + config + ":1:23"}},
		{"a service of nothing", files(config, `{"dockerComposeFile": "a.yml", "service": "s"}`, ".devcontainer/a.yml", "services:\n  s:\n    user: u\n"),
			[]string{"no-image .devcontainer/a.yml:2:3"}},
		{"no compose file named", files(config, `{"dockerComposeFile": [], "service": "s"}`), []string{"missing-file " + config + ":1:23"}},
		{"the usual compose files", files(config, `{"dockerComposeFile": [], "service": "s"}`, "docker-compose.yml", "services:\n  s: {}\n", "docker-compose.override.yml", "services:\n  s: {image: base}\n"), nil},
		{"compose files of .env", files(config, `{"dockerComposeFile": [], "service": "s"}`, ".env", "A=1\nCOMPOSE_FILE=a.yml:sub/b.yml\n", "a.yml", "services:\n  s: {}\n", "sub/b.yml", "services:\n  s: {image: base}\n"), nil},
		{"no env file", files(config, `{"image": "base", "runArgs": ["--env-file", ".devcontainer//a/./.env"]}`), []string{"missing-file " + config + ":1:45"}},
		{"an env file outside", files(config, `{"image": "base", "runArgs": ["--env-file", "/etc/env"]}`, "etc/env", "A=1"), []string{"outside " + config + ":1:45"}},
		{"no feature", files(config, `{"image": "base", "features": {"./f": {}}}`), []string{"missing-file " + config + ":1:32"}},
		{"a feature outside", files(config, `{"image": "base", "features": {"../../f": {}}}`), []string{"feature " + config + ":1:32"}},
		{"a feature that no registry has", files(config, `{"image": "base", "features": {"r.io/x/none:1": {}}}`), []string{"feature " + config + ":1:32"}},
		{"a feature that is not at hand", files(config, `{"image": "base", "features": {"r.io/x/other:1": {}}}`), nil},
		{"an order that names what no registry has", files(config, `{"image": "base", "overrideFeatureInstallOrder": ["r.io/x/none:1"], "features": {"r.io/x/f:1": {}}}`),
			[]string{"feature " + config}},
		{"a release that may have an older form", files(config, `{"image": "base", "features": {"x/y/none": {}}}`), nil},
		{"no name", files(config, `{"image": "base", "name": "${localEnv}"}`), []string{"no-name " + config + ":1:27"}},
		{"no image's name", files(config, `{"image": "a b"}`), []string{"bad-image " + config + ":1:11"}},
		{"settings", files(config, `{"image": "base"}`, ".vscode/settings.json", "{\n\"a\": 1, \"a\": 2}"), []string{"duplicate .vscode/settings.json:2:9"}},
		{"escape", files(config, `{"build": {"dockerfile": "D"}}`, ".devcontainer/D", "# escape=`\nFROM base\nENV A=`\n"), []string{"escape .devcontainer/D:1:9"}},
		{"an unknown stage", files(config, `{"build": {"dockerfile": "D", "target": "x"}}`, ".devcontainer/D", "FROM base\n"), []string{"unknown-stage " + config + ":1:41"}},
		{"all right", files(config, `{"image": "base"}`, "go.mod", "module m\n"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			project, _ := Project(test.files, options())
			if diff := cmp.Diff(test.want, problems(project)); diff != "" {
				t.Errorf("-want +got:\n%s\n%+v", diff, project.Problems)
			}
		})
	}
}

func TestIgnored(t *testing.T) {
	workspace := files(".gitignore", "*.env\n!keep.env\n# x.txt\n/top\n", "a/.gitignore", "local/\nb/c\n")
	r := &resolver{workspace: workspace}
	for name, want := range map[string]bool{
		"x.env": true, "a/x.env": true, "./a//x.env": true, "keep.env": false, "x.txt": false, "top": true, "a/top": false,
		"a/local/x": true, "local/x": false, "a/b/c": true, "a/b/c/d": true, "b/c": false,
		"/x.env": false, "../x.env": false, "a/../../x.env": false, "": false, ".": false, // nobody asks git about those
	} {
		if got := r.ignored(name); got != want {
			t.Errorf("%q is ignored: %v, want %v", name, got, want)
		}
	}
	project, _ := Project(files(config, `{"image": "base", "runArgs": ["--env-file", ".env"]}`, ".gitignore", ".env\n"), options())
	if there, asked := project.Exists[".env"]; there || !asked || !project.Ignored[".env"] {
		t.Errorf("exists %v, ignored %v", project.Exists, project.Ignored)
	}
}

func TestModules(t *testing.T) {
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  []string // file, main or not, Go and where, problem's place
	}{
		{"one", files("go.mod", "module m\n\ngo 1.22\n"), []string{"go.mod true 1.22 go.mod:3:1"}},
		{"nested", files("go.mod", "module m\ngo 1.22\n", "a/b/go.mod", "module n\n"), []string{"go.mod true 1.22 go.mod:2:1", "a/b/go.mod false  "}},
		{"workspace", files("go.work", "go 1.22\nuse ./a\n", "a/go.mod", "module a\ngo 1.21\n"),
			[]string{"go.work true 1.22 go.work:1:1", "a/go.mod false 1.21 a/go.mod:2:1"}},
		{"somebody else's", files("vendor/x/go.mod", "module x\n", "testdata/go.mod", "module x\n", ".hidden/go.mod", "module x\n", "_x/go.mod", "module x\n"), nil},
		{"another project", files("p/.devcontainer.json", "{}", "p/go.mod", "module x\n"), nil},
		{"broken", files("go.mod", "module m\n\ngo 1.22\nfrom here\n"), []string{"go.mod true   broken at go.mod:4:1"}},
		{"the parenthesis is far below", files("go.mod", "module m\n<<<<<<< HEAD\nrequire (\n\n\n"), []string{"go.mod true   broken at go.mod:2:1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.files[config] = &fstest.MapFile{Data: []byte(`{"image": "base"}`)}
			project, _ := Project(test.files, options())
			var got []string
			for _, m := range project.Modules {
				text := strings.Join([]string{m.File, map[bool]string{true: "true", false: "false"}[m.Main], m.Go, m.GoPlace.String()}, " ")
				if m.Problem != "" {
					text += " broken at " + m.Place.String()
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	project, _ := Project(files("go.mod", "module m\n", "x/go.mod", "module x\n", "x/"+config, "{}"), Options{Config: "x/" + config})
	if len(project.Modules) == 0 || project.Modules[0].File != "x/go.mod" || !project.Modules[0].Main {
		t.Errorf("%+v", project.Modules)
	}
}

func TestGos(t *testing.T) {
	docker := func(text string) fstest.MapFS {
		return files(config, `{"build": {"dockerfile": "D", "args": {"GIVEN": "1.21.3"}}}`, ".devcontainer/D", text)
	}
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  []string // of the finished container: version, exact, by, where
	}{
		{"none", files(config, `{"image": "base"}`), nil},
		{"image", files(config, `{"image": "golang:1.22.5"}`), []string{"1.22.5 true image golang:1.22.5 " + config + ":1:11"}},
		{"FROM", docker("FROM golang:1.22\n"), []string{"1.22 false image golang:1.22 .devcontainer/D:1:1"}},
		{"FROM with an argument that is given", docker("ARG GIVEN=1.22.5\nFROM golang:$GIVEN\n"), []string{"1.21.3 true image golang:1.21.3 " + config + ":1:40"}},
		{"a stage that is not reached", docker("FROM golang:1.22 AS x\nFROM base\n"), nil},
		{"a stage on a stage", docker("FROM golang:1.22 AS x\nFROM x\n"), []string{"1.22 false image golang:1.22 .devcontainer/D:1:1"}},
		{"COPY --from an image", docker("FROM base\nCOPY --from=golang:1.22.5 /usr/local/go /usr/local/go\n"),
			[]string{"1.22.5 true COPY --from=golang:1.22.5 .devcontainer/D:2:1"}},
		{"COPY --from a stage", docker("FROM golang:1.22.5 AS g\nFROM base\nCOPY --from=g /usr/local/go/ /usr/local/go/\n"),
			[]string{"1.22.5 true COPY --from=g .devcontainer/D:1:1"}},
		{"COPY of something else", docker("FROM base\nCOPY --from=golang:1.22.5 /go/bin /usr/bin\n"), nil},
		{"archive", docker("FROM base\nRUN curl -L https://go.dev/dl/go1.22.5.linux-amd64.tar.gz | tar -C /usr/local -xz\n"),
			[]string{"1.22.5 true an archive of Go 1.22.5 .devcontainer/D:2:13"}},
		{"archive by ARG", docker("FROM base\nARG GO_VERSION=1.22.5\nRUN curl -LO https://go.dev/dl/go${GO_VERSION}.linux-amd64.tar.gz\n"),
			[]string{"1.22.5 true an archive of Go 1.22.5 .devcontainer/D:3:14"}},
		{"go-debian.sh", docker("FROM base\nRUN bash /tmp/go-debian.sh \"1.22\" /usr/local/go\n"), []string{"1.22 false go-debian.sh .devcontainer/D:2:10"}},
		{"go-debian.sh none", docker("FROM base\nRUN bash /tmp/go-debian.sh none\n"), nil},
		{"go-debian.sh alone", docker("FROM base\nRUN /tmp/go-debian.sh\n"), []string{"latest false go-debian.sh .devcontainer/D:2:5"}},
		{"feature", files(config, `{"image": "base", "features": {"ghcr.io/devcontainers/features/go:1": {"version": "1.22.5"}}}`),
			[]string{"1.22.5 true feature ghcr.io/devcontainers/features/go:1 " + config + ":1:32"}},
		{"feature none", files(config, `{"image": "base", "features": {"ghcr.io/devcontainers/features/go:1": {"version": "none"}}}`), nil},
		{"feature latest", files(config, `{"image": "base", "features": {"ghcr.io/devcontainers/features/go:1": {}}}`),
			[]string{"latest false feature ghcr.io/devcontainers/features/go:1 " + config + ":1:32"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			project, _ := Project(test.files, options())
			var got []string
			for _, install := range project.Gos {
				if install.Stage >= 0 {
					continue
				}
				exact := "false "
				if install.Exact {
					exact = "true "
				}
				got = append(got, install.Version+" "+exact+install.By+" "+install.Place.String())
				if install.Root != "/usr/local/go" {
					t.Errorf("%+v", install)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestScripts(t *testing.T) {
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  []string // kind, file, user
	}{
		{"RUN of a script that is copied", files(config, `{"build": {"dockerfile": "D", "context": ".."}}`,
			".devcontainer/D", "FROM base\nUSER dev\nCOPY scripts/ /tmp/s/\nCOPY one.sh /opt/\nRUN bash /tmp/s/a.sh && /opt/one.sh && /opt/none.sh\n",
			"scripts/a.sh", "echo a", "one.sh", "echo 1"),
			[]string{"run .devcontainer/D dev", "file scripts/a.sh dev", "file one.sh dev"}},
		{"hooks", files(config, `{"image": "base", "remoteUser": "dev", "postCreateCommand": "bash scripts/a.sh", "postStartCommand": ["sudo", "b.sh"]}`,
			"scripts/a.sh", "sudo ./c.sh\n", "c.sh", "true", "b.sh", "true"),
			[]string{"hook " + config + " dev", "file scripts/a.sh dev", "file c.sh root", "hook " + config + " dev"}},
		{"by its path in the container", files(config, `{"image": "base", "postCreateCommand": "/workspaces/app/a.sh; /elsewhere/a.sh"}`, "a.sh", "true"),
			[]string{"hook " + config + " app", "file a.sh app"}},
		{"scripts that call one another", files(config, `{"image": "base", "postCreateCommand": "./a.sh"}`, "a.sh", "./b.sh", "b.sh", "./a.sh"),
			[]string{"hook " + config + " app", "file a.sh app", "file b.sh app"}},
		{"outside", files(config, `{"image": "base", "postCreateCommand": "../a.sh"}`), []string{"hook " + config + " app"}},
		{"a local feature's", files(config, `{"image": "base", "features": {"./f": {}}}`,
			".devcontainer/f/devcontainer-feature.json", `{"id": "f", "postCreateCommand": "true"}`, ".devcontainer/f/install.sh", "true"),
			[]string{"feature .devcontainer/f/install.sh root", "hook .devcontainer/f/devcontainer-feature.json app"}},
		{"a far feature's is no file of these", files(config, `{"image": "base", "features": {"r.io/x/f:1": {}}}`), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			project, _ := Project(test.files, options())
			var got []string
			for _, script := range project.Scripts {
				got = append(got, script.Kind+" "+script.File+" "+script.User.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	project, _ := Project(files(
		config, `{"image": "base", "settings": {"go.gopath": "a"}, "customizations": {"vscode": {"settings": {"go.gopath": "b"}, "extensions": ["golang.go"]}},
			"features": {"./f": {}}}`,
		".devcontainer/f/devcontainer-feature.json", `{"id": "f", "customizations": {"vscode": {"settings": {"go.gopath": "f"}}}}`,
		".vscode/settings.json", `{"go.gopath": "c"}`,
		".vscode/extensions.json", `{"recommendations": ["x.y"]}`,
		"app.code-workspace", `{"settings": {"go.gopath": "d"}}`,
	), options())
	var got []string
	for _, s := range project.Settings {
		got = append(got, s.Layer+" "+s.Value.Text)
	}
	for _, e := range project.Extensions {
		got = append(got, e.Layer+" "+e.ID)
	}
	want := []string{"feature ./f f", "devcontainer.json (top level) a", "devcontainer.json b", ".vscode/settings.json c", "workspace file d",
		"devcontainer.json golang.go", ".vscode/extensions.json x.y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// lookups are variables of the last view, which is the remote one: value, layer and place of each.
func lookups(views []goenv.View, names ...string) []string {
	var list []string
	for _, name := range names {
		value := views[len(views)-1].Lookup(name)
		text := name + "=" + value.Value
		if value.Unknown != "" {
			text = name + " is unknown:"
		}
		list = append(list, text+" "+value.Origin.Layer+" "+value.Origin.Place.String())
	}
	return list
}

func TestViews(t *testing.T) {
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  []string
	}{
		{"image", files(config, `{"image": "base"}`), []string{"PATH=/usr/bin:/bin image ", "GOBIN=  "}},
		{"Dockerfile", files(config, `{"build": {"dockerfile": "D"}}`, ".devcontainer/D", "FROM base\n\nENV X=1 \\\n    GOBIN=$HOME/bin PATH=/a:$PATH\n"),
			[]string{"PATH=/a:/usr/bin:/bin dockerfile .devcontainer/D:4:21", "GOBIN=/h/bin dockerfile .devcontainer/D:4:5"}},
		{"containerEnv", files(config, "{\"image\": \"base\",\n  \"containerEnv\": {\"GOBIN\": \"/${localEnv:USER}\"}}"),
			[]string{"PATH=/usr/bin:/bin image ", "GOBIN=/me containerEnv " + config + ":2:20"}},
		{"remoteEnv", files(config, `{"image": "base", "containerEnv": {"GOBIN": "/c"}, "remoteEnv": {"PATH": "${containerEnv:PATH}:/r", "GOBIN": "${containerEnv:GOBIN}/r"}}`),
			[]string{"PATH=/usr/bin:/bin:/r remoteEnv " + config + ":1:66", "GOBIN=/c/r remoteEnv " + config + ":1:101"}},
		{"runArgs", files(config, `{"image": "base", "containerEnv": {"GOBIN": "/c"}, "runArgs": ["-e", "GOBIN=/r"]}`),
			[]string{"PATH=/usr/bin:/bin image ", "GOBIN=/r runArgs " + config + ":1:70"}},
		{"--env-file loses", files(config, `{"image": "base", "containerEnv": {"GOBIN": "/c"}, "runArgs": ["--env-file", "e"]}`, "e", "GOBIN=/e\nPATH=/e\n"),
			[]string{"PATH=/e runArgs e:2:1", "GOBIN=/c containerEnv " + config + ":1:36"}},
		{"compose", files(config, `{"dockerComposeFile": "c.yml", "service": "s"}`,
			".devcontainer/c.yml", "services:\n  s:\n    image: base\n    env_file: e\n    environment:\n      GOBIN: /y\n", ".devcontainer/e", "GOBIN=/e\nPATH=/e\n"),
			[]string{"PATH=/e env_file .devcontainer/e:2:1", "GOBIN=/y compose .devcontainer/c.yml:6:7"}},
		{"a local feature", files(config, `{"image": "base", "features": {"./f": {}}}`,
			".devcontainer/f/devcontainer-feature.json", "{\"id\": \"f\",\n\"containerEnv\": {\"PATH\": \"/f:${PATH}\"}}"),
			[]string{"PATH=/f:/usr/bin:/bin feature .devcontainer/f/devcontainer-feature.json:2:18", "GOBIN=  "}},
		{"a far feature", files(config, `{"image": "base", "features": {"r.io/x/f:1": {}}}`),
			[]string{"PATH=/usr/bin:/bin image ", "GOBIN=/f feature " + config + ":1:32"}},
		{"an image that is not at hand", files(config, `{"image": "none", "remoteEnv": {"PATH": "${containerEnv:PATH}:/r"}, "containerEnv": {"GOBIN": "/c"}}`),
			[]string{"PATH is unknown: remoteEnv " + config + ":1:33", "GOBIN=/c containerEnv " + config + ":1:86"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, views := Project(test.files, options())
			if len(views) != 3 {
				t.Fatalf("%d views", len(views))
			}
			if diff := cmp.Diff(test.want, lookups(views, "PATH", "GOBIN")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAway(t *testing.T) {
	o := options()
	o.Away = true
	_, views := Project(files(config, `{"image": "base", "containerEnv": {"GOBIN": "/${localEnv:USER}", "GOPATH": "/plain"},
		"remoteEnv": {"GOROOT": "${containerWorkspaceFolder}/go"}, "runArgs": ["-e", "GOOS", "-e", "GOARCH=amd64"]}`), o)
	want := []string{
		"GOBIN is unknown: containerEnv " + config + ":1:36",
		"GOPATH=/plain containerEnv " + config + ":1:66",
		"GOROOT is unknown: remoteEnv " + config + ":2:17",
		"GOARCH=amd64 runArgs " + config + ":2:94",
	}
	if diff := cmp.Diff(want, lookups(views, "GOBIN", "GOPATH", "GOROOT", "GOARCH")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestEnvFile reads the files of --env-file where docker looks for them: in the folder that is opened. Away from the machine that
// had them, a file that is not there is not missing, and what it said is not known.
func TestEnvFile(t *testing.T) {
	for _, test := range []struct {
		name, config, written string
		away                  bool
		files                 []string
		want                  []string
	}{
		{"beside the project", config, "e", false, []string{"e", "GOBIN=/e"}, []string{"GOBIN=/e runArgs e:1:1"}},
		{"of a project further down", "sub/" + config, "e", false, []string{"e", "GOBIN=/above", "sub/e", "GOBIN=/e"}, []string{"GOBIN=/e runArgs sub/e:1:1"}},
		{"by the host's path", config, "${localWorkspaceFolder}/e", false, []string{"e", "GOBIN=/e"}, []string{"GOBIN=/e runArgs e:1:1"}},
		{"away", config, "${localWorkspaceFolder}/e", true, []string{"e", "GOBIN=/e"}, []string{"GOBIN=/e runArgs e:1:1"}},
		{"away and gone", config, "e", true, nil, []string{"GOBIN is unknown:  "}},
		{"away and the host's own", config, "${localEnv:HOME}/e", true, nil, []string{"GOBIN is unknown:  "}},
		{"away and absolute", config, "/home/other/e", true, nil, []string{"GOBIN is unknown:  "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options()
			o.Config, o.Away = test.config, test.away
			project, views := Project(files(append(test.files, test.config, `{"image": "base", "runArgs": ["--env-file", "`+test.written+`"]}`)...), o)
			if diff := cmp.Diff(test.want, lookups(views[1:2], "GOBIN")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(project.Problems) > 0 {
				t.Errorf("%+v", project.Problems)
			}
		})
	}
}

func TestUsers(t *testing.T) {
	for _, test := range []struct{ name, config, container, remote string }{
		{"the image's", `{"image": "base"}`, "app", "app"},
		{"written", `{"image": "base", "containerUser": "c", "remoteUser": "${localEnv:USER}"}`, "c", "me"},
		{"not known", `{"image": "none"}`, "", ""},
		{"half known", `{"image": "none", "remoteUser": "r"}`, "", "r"},
	} {
		project, _ := Project(files(config, test.config), options())
		if project.ContainerUser.Name != test.container || project.RemoteUser.Name != test.remote {
			t.Errorf("%s: %+v, %+v", test.name, project.ContainerUser, project.RemoteUser)
		}
		if (project.ContainerUser.Unknown != "") != (test.container == "") {
			t.Errorf("%s: %+v", test.name, project.ContainerUser)
		}
	}
}

func TestSnapshotOfNothing(t *testing.T) {
	for _, workspace := range []fs.FS{files(), files(config, ""), files(config, "{}")} {
		s := Snapshot(workspace, options())
		if len(s.Views) != 0 && s.Views[0].Name == "" || s.Target.Name != config {
			t.Errorf("%+v", s)
		}
		if _, looked := s.Builds.Get(); looked || s.Image.Why() == "" {
			t.Error("something seems to have been looked at")
		}
	}
}

func TestSnapshot(t *testing.T) {
	s := Snapshot(files(config, `{"image": "golang:1.22.5", "remoteUser": "dev", "containerEnv": {"SECRET": "s"}}`,
		"go.mod", "module m\ngo 1.21\ntoolchain go1.23.1\n", ".vscode/settings.json", `{"go.toolsEnvVars": {"GOBIN": "${workspaceFolder}/bin"}}`), options())
	var names []string
	for _, view := range s.Views {
		names = append(names, view.Name)
		for _, layer := range view.Layers {
			if _, shown := layer.Set["SECRET"]; shown {
				t.Errorf("view %s shows a variable that is not Go's", view.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{goenv.ImageView, goenv.ContainerView, goenv.LoginView, goenv.RemoteView, goenv.TerminalView, goenv.ToolsView}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := s.Views[len(s.Views)-1].Lookup("GOBIN").Value; got != "/workspaces/app/bin" {
		t.Errorf("GOBIN of the tools is %q", got)
	}
	if s.Workspace.Go != "1.23.1" || s.Workspace.GoPlace.String() != "go.mod:3:1" || s.System.Home != "/home/dev" || s.Trees["/usr/local/go"].Version != "go1.22.5" {
		t.Errorf("%+v %+v %+v", s.Workspace, s.System, s.Trees)
	}
}
