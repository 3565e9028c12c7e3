package checks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/compose"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

const assumedTable = "a table of 2026"

// workspaceWith is what the files of a small project make: golang:1.22 by a table, and the layers given on top of it, for the
// container and for the remote processes.
func workspaceWith(project facts.Project, container, remote []goenv.Layer) *facts.Snapshot {
	at := func(line int) source.Place { return source.Place{File: "go.mod", Line: line} }
	if project.Gos == nil {
		project.Gos = []facts.GoInstall{{Version: "1.22", Root: "/usr/local/go", By: "image golang:1.22", Stage: -1, Assumed: assumedTable}}
	}
	if project.Modules == nil {
		project.Modules = []facts.Module{{File: "go.mod", Go: "1.25.3", GoPlace: at(3), Main: true}}
	}
	project.RemoteUser = facts.User{Name: "dev", Home: "/home/dev"}
	image := goenv.Layer{Kind: goenv.Image, Name: "golang:1.22", Assumed: assumedTable, Set: map[string]string{"PATH": "/go/bin:/usr/local/go/bin:/usr/bin", "GOPATH": "/go"}}
	layers := append([]goenv.Layer{image}, container...)
	s := &facts.Snapshot{
		Target:    facts.Target{Kind: "workspace", Name: "app"},
		System:    facts.System{OS: "linux"},
		Workspace: facts.Workspace{Folder: "/workspaces/app", Module: "go.mod", Go: "1.25.3", GoPlace: at(3)},
		Views: []goenv.View{
			{Name: goenv.ImageView, Layers: layers[:1]},
			{Name: goenv.ContainerView, Layers: layers},
			{Name: goenv.LoginView, Unknown: "no shell is run"},
			{Name: goenv.RemoteView, Layers: append(layers[:len(layers):len(layers)], remote...)},
		},
		Trees:   map[string]goenv.Tree{"/usr/local/go": {Real: "/usr/local/go", Folder: true, Go: true, Std: true, Version: "go1.22"}},
		Go:      map[string]facts.Part[facts.GoCommand]{},
		Project: facts.Known(project),
	}
	for _, view := range s.Views {
		s.Go[view.Name] = facts.Absent[facts.GoCommand]("nothing is run")
	}
	return s
}

func layerWith(kind, name, value string) []goenv.Layer {
	return []goenv.Layer{{Kind: kind, Set: map[string]string{name: value}, Places: map[string]source.Place{name: {File: ".devcontainer/devcontainer.json", Line: 4, Column: 5}}}}
}

func unknownLayer(kind, name string) []goenv.Layer {
	return []goenv.Layer{{Kind: kind, Set: map[string]string{name: "x"}, Unknown: map[string]string{name: "of the host"}}}
}

// scriptOf is the words of commands, separated by blanks; the last word after > is a file that the command writes.
func scriptOf(lines ...string) []facts.Script {
	s := facts.Script{Kind: "run", Name: "RUN", File: "Dockerfile", Line: 10, Target: true, User: facts.User{Name: "root", Home: "/root"}}
	for i, line := range lines {
		words, file, _ := strings.Cut(line, " > ")
		command := shell.Command{Line: i + 1, Column: 1}
		for _, word := range strings.Fields(words) {
			command.Words = append(command.Words, shell.Word{Text: word, Line: i + 1, Column: 1, Expands: strings.Contains(word, "$")})
		}
		if file != "" {
			command.Redirects = []shell.Redirect{{Op: ">>", File: shell.Word{Text: file}}}
		}
		s.Shell.Commands = append(s.Shell.Commands, command)
	}
	return []facts.Script{s}
}

var goExtension = []vscode.Extension{{ID: "golang.Go"}}

// TestPredicted asks the checks that look at containers too what files tell, and what files do not tell.
func TestPredicted(t *testing.T) {
	const noGo = "/usr/bin:/bin"
	archive := []facts.GoInstall{{Version: "1.22.5", Exact: true, Root: "/usr/local/go", By: "an archive of Go 1.22.5", Stage: -1, Place: source.Place{File: "Dockerfile", Line: 10}}}
	untar := "tar -C /usr/local -xzf go.tgz"
	switching := facts.Project{Extensions: goExtension}
	pinned := layerWith(goenv.ContainerEnv, "GOROOT", "/usr/local/go")
	for name, test := range map[string]struct {
		check             check.Check
		project           facts.Project
		container, remote []goenv.Layer
		want              string // severity and place of each finding, and a part of each message
	}{
		"go is on PATH":                         {check: goFound},
		"go is not on PATH":                     {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), want: "error .devcontainer/devcontainer.json:4:5: Go 1.22 of image golang:1.22 (assumed from a table of 2026) is in /usr/local/go/bin, which is not on PATH (view container, remote)"},
		"not on the remote PATH alone":          {check: goFound, remote: layerWith(goenv.RemoteEnv, "PATH", noGo), want: "error .devcontainer/devcontainer.json:4:5: * (view remote)"},
		"PATH is not known":                     {check: goFound, container: unknownLayer(goenv.ContainerEnv, "PATH")},
		"by a start-up file alone":              {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), project: facts.Project{Gos: archive, Scripts: scriptOf(untar, "echo export PATH=$PATH:/usr/local/go/bin > /etc/bash.bashrc")}, want: "warning Dockerfile:11:1: an archive of Go 1.22.5 is in /usr/local/go/bin, which is not on PATH (view container, remote), but for the shells that read /etc/bash.bashrc"},
		"a start-up file that is copied":        {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), project: facts.Project{Build: copying("bashrc", "/root/.bashrc")}, want: "warning Dockerfile:7:1: * read bashrc"},
		"linked into a folder of PATH":          {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), project: facts.Project{Gos: archive, Scripts: scriptOf(untar, "ln -s /usr/local/go/bin/go /usr/bin/go")}},
		"copied into a folder of PATH":          {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), project: facts.Project{Build: copying("/usr/local/go/bin/go", "/usr/bin/")}},
		"unpacked somewhere":                    {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), project: facts.Project{Gos: archive, Scripts: scriptOf("tar -C /opt -xzf go.tgz")}},
		"of a distribution":                     {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), project: facts.Project{Gos: []facts.GoInstall{{Root: "/usr/lib/go-1.19", Stage: -1}}}},
		"by go-debian.sh":                       {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), project: facts.Project{Gos: twoGos("1.22", "1.22", "go-debian.sh")[1:]}, want: "warning f:2: * go-debian.sh writes it"},
		"a tag that moves, a feature that does": {check: gorootIntact, project: facts.Project{Image: facts.BaseImage{Reference: "golang", Known: &knowledge.Image{Moving: true}}, Gos: moving()}, want: "warning f:2: the newest Go of feature go is unpacked into /usr/local/go over the newest Go of image golang (assumed from a table of 2026)"},
		"in a stage that is left":               {check: goFound, container: layerWith(goenv.Dockerfile, "PATH", noGo), project: facts.Project{Gos: []facts.GoInstall{{Root: "/usr/local/go", Stage: 0}}}},
		"GOROOT is a Go":                        {check: gorootValid, container: pinned},
		"GOROOT with a slash":                   {check: gorootValid, container: layerWith(goenv.ContainerEnv, "GOROOT", "/usr/local/go/")},
		"GOROOT is the text null":               {check: gorootValid, remote: layerWith(goenv.RemoteEnv, "GOROOT", "null"), want: "error .devcontainer/devcontainer.json:4:5: GOROOT=null is the text null, * (view remote)"},
		"GOROOT is relative":                    {check: gorootValid, container: layerWith(goenv.ContainerEnv, "GOROOT", "go"), want: "error .devcontainer/devcontainer.json:4:5: GOROOT=go is relative (view container, remote)"},
		"GOROOT is a tilde":                     {check: gorootValid, container: layerWith(goenv.ContainerEnv, "GOROOT", "~/go"), want: "error .devcontainer/devcontainer.json:4:5: GOROOT=~/go is text that no shell replaces, and so no folder *"},
		"GOROOT is a bin":                       {check: gorootValid, container: layerWith(goenv.ContainerEnv, "GOROOT", "/usr/local/go/bin"), want: "error .devcontainer/devcontainer.json:4:5: * is the bin folder of a Go root, and not the root *"},
		"GOROOT is elsewhere":                   {check: gorootValid, container: layerWith(goenv.ContainerEnv, "GOROOT", "/opt/go"), want: "warning .devcontainer/devcontainer.json:4:5: * no Go: Go 1.22 of image golang:1.22 (assumed from a table of 2026) is in /usr/local/go *"},
		"GOROOT elsewhere, by a script":         {check: gorootValid, container: layerWith(goenv.ContainerEnv, "GOROOT", "/opt/go"), project: facts.Project{Scripts: scriptOf("mv /usr/local/go /opt/go")}},
		"GOROOT elsewhere, image unknown":       {check: gorootValid, container: layerWith(goenv.ContainerEnv, "GOROOT", "/opt/go"), project: facts.Project{Image: facts.BaseImage{Unknown: "private"}}},
		"GOROOT is not known":                   {check: gorootValid, container: unknownLayer(goenv.ContainerEnv, "GOROOT")},
		"GOROOT is cleared":                     {check: gorootValid, container: pinned, remote: layerWith(goenv.RemoteEnv, "GOROOT", "")},
		"GOROOT twice the same":                 {check: gorootConsistent, container: pinned, remote: layerWith(goenv.RemoteEnv, "GOROOT", "/usr/local/go")},
		"GOROOT twice, one cleared":             {check: gorootConsistent, container: pinned, remote: layerWith(goenv.RemoteEnv, "GOROOT", "")},
		"GOROOT twice, one unknown":             {check: gorootConsistent, container: pinned, remote: unknownLayer(goenv.RemoteEnv, "GOROOT")},
		"GOROOT differs":                        {check: gorootConsistent, container: pinned, remote: layerWith(goenv.RemoteEnv, "GOROOT", "/opt/go"), want: "warning .devcontainer/devcontainer.json:4:5: GOROOT is set to different values: containerEnv sets /usr/local/go (view container), remoteEnv sets /opt/go (view remote)"},
		"GOROOT differs, one is null":           {check: gorootConsistent, container: pinned, remote: layerWith(goenv.RemoteEnv, "GOROOT", "null"), want: "error .devcontainer/devcontainer.json:4:5: *"},
		"GOROOT2 is no GOROOT":                  {check: gorootConsistent, container: pinned, remote: layerWith(goenv.RemoteEnv, "GOROOT2", "/opt/go")},
		"GOROOT pinned, a switch":               {check: gorootToolchainSwitch, project: switching, container: pinned, want: "warning .devcontainer/devcontainer.json:4:5: GOROOT=/usr/local/go stays behind when go.mod, asking for go 1.25.3, makes Go 1.22 of image golang:1.22 (assumed from a table of 2026) switch to go1.25.3: *"},
		"the same, without the extension":       {check: gorootToolchainSwitch, container: pinned, want: "info .devcontainer/devcontainer.json:4:5: *"},
		"the same, not activated":               {check: gorootToolchainSwitch, project: facts.Project{Extensions: goExtension, Settings: []vscode.Setting{inactive()}}, container: pinned},
		"GOROOT pinned, local":                  {check: gorootToolchainSwitch, project: switching, container: append(layerWith(goenv.ContainerEnv, "GOTOOLCHAIN", "local"), pinned...)},
		"GOROOT pinned, mode unknown":           {check: gorootToolchainSwitch, project: switching, container: append(unknownLayer(goenv.ContainerEnv, "GOTOOLCHAIN"), pinned...)},
		"GOROOT pinned, then cleared":           {check: gorootToolchainSwitch, project: switching, container: pinned, remote: layerWith(goenv.RemoteEnv, "GOROOT", "")},
		"GOROOT unknown, a switch":              {check: gorootToolchainSwitch, project: switching, container: unknownLayer(goenv.ContainerEnv, "GOROOT")},
		"GOROOT pinned, local by default":       {check: gorootToolchainSwitch, project: facts.Project{Extensions: goExtension, Gos: []facts.GoInstall{{Version: "1.22", Root: "/usr/local/go", Toolchain: "local", Stage: -1}}}, container: pinned},
		"GOROOT pinned, a moving Go":            {check: gorootToolchainSwitch, project: facts.Project{Extensions: goExtension, Gos: []facts.GoInstall{{Version: "latest", Root: "/usr/local/go", Stage: -1}}}, container: pinned},
		"GOROOT pinned, new enough":             {check: gorootToolchainSwitch, project: facts.Project{Extensions: goExtension, Gos: []facts.GoInstall{{Version: "1.25", Root: "/usr/local/go", Stage: -1}}}, container: pinned},
		"redundant":                             {check: gorootRedundant, container: pinned, want: "info .devcontainer/devcontainer.json:4:5: GOROOT=/usr/local/go is what go derives by itself (view container, remote)"},
		"not redundant":                         {check: gorootRedundant, container: layerWith(goenv.ContainerEnv, "GOROOT", "/opt/go")},
		"tools on PATH":                         {check: gobinOnPath, project: facts.Project{Scripts: withEnv(scriptOf("go install golang.org/x/tools/gopls@latest"), "GOPATH", "/go")}},
		"tools not on PATH":                     {check: gobinOnPath, project: facts.Project{Scripts: scriptOf("go install golang.org/x/tools/gopls@latest")}, want: "warning Dockerfile:10:1: /root/go/bin, where gopls is installed, is not on PATH (view remote)"},
		"tools in GOBIN of the script":          {check: gobinOnPath, project: facts.Project{Scripts: exporting("GOBIN", "$HOME/tools/bin", "go install a.example/x@v1")}, want: "warning Dockerfile:11:1: /root/tools/bin, where x is installed, *"},
		"tools somewhere":                       {check: gobinOnPath, project: facts.Project{Scripts: exporting("GOBIN", "$(somewhere)", "go install a.example/x@v1")}},
		"tools moved":                           {check: gobinOnPath, project: facts.Project{Scripts: scriptOf("go install a.example/x@v1", "mv /root/go/bin/x /usr/bin")}},
		"tools by a start-up file":              {check: gobinOnPath, project: facts.Project{Scripts: scriptOf("go install a.example/x@v1", "echo PATH=$PATH:/root/go/bin > /root/.profile")}},
		"the project's own program":             {check: gobinOnPath, project: facts.Project{Scripts: scriptOf("go install ./...")}},
		"GOPATH not on PATH, no tools":          {check: gobinOnPath, container: layerWith(goenv.ContainerEnv, "GOPATH", "/home/dev/go"), want: "info : /home/dev/go/bin, where `go install` puts programs, is not on PATH (view remote)"},
		"GOBIN is relative":                     {check: gobinOnPath, container: layerWith(goenv.ContainerEnv, "GOBIN", "bin"), want: "error .devcontainer/devcontainer.json:4:5: GOBIN=bin is relative"},
		"GOPATH is not known":                   {check: gobinOnPath, container: unknownLayer(goenv.ContainerEnv, "GOPATH")},
		"two releases":                          {check: gorootIntact, project: facts.Project{Gos: twoGos("1.22", "latest", "feature go")}, want: "error f:2: the newest Go of feature go is unpacked into /usr/local/go over Go 1.22 of image"},
		"two that move":                         {check: gorootIntact, project: facts.Project{Gos: twoGos("latest", "latest", "feature go")}, want: "warning f:2: *"},
		"two patch releases":                    {check: gorootIntact, project: facts.Project{Gos: twoGos("1.22.1", "1.22.2", "feature go")}, want: "warning f:2: *"},
		"two of one minor":                      {check: gorootIntact, project: facts.Project{Gos: twoGos("1.22", "1.22", "feature go")}, want: "info f:2: *"},
		"the same twice":                        {check: gorootIntact, project: facts.Project{Gos: twoGos("1.22.1", "1.22.1", "feature go")}},
		"a script that looks first":             {check: gorootIntact, project: facts.Project{Gos: twoGos("1.22", "1.25", "go-debian.sh")}},
		"an archive over an image":              {check: gorootIntact, project: facts.Project{Gos: twoGos("1.22", "1.25.1", "an archive of Go 1.25.1"), Scripts: scriptOf(untar)}, want: "error f:2: an archive of Go 1.25.1 is unpacked *"},
		"an archive into an empty folder":       {check: gorootIntact, project: facts.Project{Gos: twoGos("1.22", "1.25.1", "an archive of Go 1.25.1"), Scripts: scriptOf("rm -rf /usr/local/go", untar)}},
		"an archive beside":                     {check: gorootIntact, project: facts.Project{Gos: twoGos("1.22", "1.25.1", "an archive of Go 1.25.1"), Scripts: scriptOf("tar -C /opt -xzf go.tgz")}},
		"an archive's name by compose":          {check: platformCheck, project: facts.Project{Compose: withArgument("GO", "go1.20.linux-arm64.tar.gz"), Scripts: scriptOf("curl -O https://go.dev/dl/$GO")}, want: "warning c.yaml:7: the Go for arm64 is downloaded on every machine (GO=go1.20.linux-arm64.tar.gz), *"},
		"an archive's end by compose":           {check: platformCheck, project: facts.Project{Compose: withArgument("PLATFORM", "linux-arm64"), Scripts: scriptOf("curl https://golang.org/dl/go${GO_VERSION}.${PLATFORM}.tar.gz")}, want: "warning c.yaml:7: *"},
		"an argument for something else":        {check: platformCheck, project: facts.Project{Compose: withArgument("PLATFORM", "linux-arm64"), Scripts: scriptOf("curl https://example.com/tool-${PLATFORM}.tar.gz")}},
		"an archive chosen by uname":            {check: platformCheck, project: facts.Project{Scripts: scriptOf("uname -m", "curl -O https://go.dev/dl/go1.22.5.linux-amd64.tar.gz")}},
		"another program's archive":             {check: platformCheck, project: facts.Project{Scripts: scriptOf("curl -O https://example.com/tool/v1/tool-linux-amd64.tar.gz")}},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := check.Run([]check.Check{test.check}, workspaceWith(test.project, test.container, test.remote))
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%s %s: %s", f.Severity, f.Location, f.Message))
				complete(t, f)
			}
			if len(got) == 1 && fits(got[0], test.want) {
				return
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// fits compares with a text in which a * stands for anything.
func fits(text, pattern string) bool {
	parts := strings.Split(pattern, "*")
	for i, part := range parts {
		at := strings.Index(text, part)
		if at < 0 || i == 0 && at > 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return text == "" || strings.HasSuffix(pattern, "*")
}

func copying(words ...string) *dockerfile.Build {
	return &dockerfile.Build{Stages: []dockerfile.Stage{{Parent: -1, Instructions: []dockerfile.Instruction{
		{Keyword: "COPY", Words: words, Place: source.Place{File: "Dockerfile", Line: 7, Column: 1}},
	}}}}
}

func inactive() vscode.Setting {
	s := vscode.Setting{Name: "go.terminal.activateEnvironment"}
	s.Value.Text = "false"
	return s
}

func withEnv(scripts []facts.Script, name, value string) []facts.Script {
	scripts[0].Env = map[string]string{name: value}
	return scripts
}

func exporting(name, value string, lines ...string) []facts.Script {
	scripts := scriptOf(append([]string{"export"}, lines...)...)
	scripts[0].Shell.Commands[0].Assigns = []shell.Assign{{Name: name, Value: shell.Word{Text: value, Expands: true}, Export: true}}
	return scripts
}

func twoGos(first, second, by string) []facts.GoInstall {
	exact := func(v string) bool { return strings.Count(v, ".") == 2 }
	return []facts.GoInstall{
		{Version: first, Exact: exact(first), Root: "/usr/local/go", By: "image", Stage: -1, Place: source.Place{File: "f", Line: 1}},
		{Version: second, Exact: exact(second), Root: "/usr/local/go", By: by, Stage: -1, Place: source.Place{File: "f", Line: 2}},
	}
}

func withArgument(name, value string) *compose.Service {
	return &compose.Service{Build: &compose.Build{Args: map[string]string{name: value}, ArgPlaces: map[string]source.Place{name: {File: "c.yaml", Line: 7}}}}
}

func moving() []facts.GoInstall {
	gos := twoGos("1.26", "latest", "feature go")
	gos[0].By, gos[0].Assumed = "image golang", assumedTable
	return gos
}

func TestSwitchesTo(t *testing.T) {
	install := func(version string) facts.GoInstall {
		return facts.GoInstall{Version: version, Exact: strings.Count(version, ".") == 2}
	}
	for _, test := range []struct{ version, toolchain, asked, want string }{
		{"1.22", "", "1.25.3", "1.25.3"},
		{"1.22", "auto", "1.25.3", "1.25.3"},
		{"1.22", "local", "1.25.3", ""},
		{"1.22", "path", "1.25.3", ""},
		{"1.22", "local+auto", "1.25.3", "1.25.3"},
		{"1.22", "go1.24.1", "1.25.3", "1.24.1"},
		{"1.22", "go1.24.1+auto", "1.25.3", "1.25.3"},
		{"1.22", "go1.26.1+auto", "1.25.3", "1.26.1"},
		{"1.22", "auto", "1.22.9", ""}, // which patch release 1.22 is, nobody knows
		{"1.22.5", "auto", "1.22.9", "1.22.9"},
		{"1.22.5", "auto", "1.22.5", ""},
		{"1.20", "auto", "1.25.3", ""}, // has no toolchains
		{"latest", "auto", "1.25.3", ""},
		{"", "auto", "1.25.3", ""},
		{"1.22", "auto", "", ""},
		{"1.22", "nonsense", "1.25.3", ""},
	} {
		if got := switchesTo(install(test.version), test.toolchain, test.asked); got != test.want {
			t.Errorf("%q with GOTOOLCHAIN=%s for %q switches to %q, want %q", test.version, test.toolchain, test.asked, got, test.want)
		}
	}
}

func TestSplitQuoted(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"  -a\t-b=c ":           "-a|-b=c",
		`'-ldflags=-s -w' -v`:   "-ldflags=-s -w|-v",
		`"-a b"'c'`:             "-a b|c",
		`-ldflags="-s -w"`:      `-ldflags="-s|-w"`, // quotes inside of a word are letters
		`'-a`:                   "! unterminated ' string",
		`-a "b`:                 `-a! unterminated " string`,
		`'' x`:                  "|x",
		`-tags='it''s'`:         `-tags='it''s'`,
		"-a\n-b\r":              "-a|-b",
		"\u00a0-a\u00a0":        "\u00a0-a\u00a0",
		"-x=\"unclosed inside ": "-x=\"unclosed|inside",
	} {
		words, problem := splitQuoted(text)
		got := strings.Join(words, "|")
		if problem != "" {
			got += "! " + problem
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzSplitQuoted(f *testing.F) {
	f.Add(`'-ldflags=-s -w' -v "x`)
	f.Add("\n '' ")
	f.Fuzz(func(t *testing.T, text string) {
		words, _ := splitQuoted(text)
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("%q is not in %q", word, text)
			}
		}
	})
}

func TestProxies(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"https://a,direct":               "https://a direct",
		"a.example|http://b , off,c":     "https://a.example http://b off",
		"https":                          "https",
		"/srv/go,file:///srv/go":         "/srv/go file:///srv/go",
		" , |":                           "",
		"localhost:3000":                 "https://localhost:3000",
		"me:secret@proxy.example,direct": "https://me:secret@proxy.example direct",
	} {
		entries, last := proxies(text)
		if got := strings.TrimSpace(strings.Join(entries, " ") + " " + last); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"https://a,direct":                 "https://a,direct",
		"https://me:s@c@a/x,direct":        "https://***@a/x,direct",
		"me:secret@a,you:secret@b|direct":  "***@a,***@b|direct",
		"https://a/@v/list":                "https://a/@v/list",
		"https://a, token@b":               "https://a, ***@b",
		"git.corp/a@v1,https://x?mail=a@b": "git.corp/a@v1,https://x?mail=a@b",
	} {
		if got := withoutCredentials(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

func TestPrivateHost(t *testing.T) {
	for host, want := range map[string]bool{
		"github.com": false, "example.org": false, "8.8.8.8": false, "172.32.0.1": false, "a.internal.example.com": false, "[2001:db8::1]:80": false,
		"git.corp": true, "git.team.internal": true, "nas.local:8080": true, "box.lan": true, "gitea": true, "10.0.0.1": true, "172.16.0.1": true,
		"192.168.1.1:3000": true, "127.0.0.1": true, "[::1]:3000": true, "[fd00::1]": true, "1.2.3": false, "300.1.1.1": false,
	} {
		if got := privateHost(host); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}
