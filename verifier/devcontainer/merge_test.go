package devcontainer

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

func TestParseLabel(t *testing.T) {
	for _, test := range []struct {
		text     string
		want     []string
		problems int
	}{
		{``, nil, 0},
		{`{"remoteUser": "a"}`, []string{`{"remoteUser":"a"}`}, 0},
		{`[{"remoteUser": "a"}, 1, {"id": "x"}]`, []string{`{"remoteUser":"a"}`, `{"id":"x"}`}, 0},
		{`[]`, nil, 0},
		{`"x"`, nil, 1},
		{`[{"remoteUser": "a"}, null]`, []string{`{"remoteUser":"a"}`}, 1}, // the reference CLI fails over null, and over nothing else
		{`[{"remoteUser": "a"},]`, nil, 1},                                 // JSON.parse takes no comma there
		{`// x`, nil, 1},
	} {
		entries, problems := ParseLabel(test.text)
		var got []string
		for _, entry := range entries {
			got = append(got, entry.Root.JSON())
			if entry.From != LabelEntry || entry.Root.Place.Known() || len(entry.Root.Members) > 0 && entry.Root.Members[0].Place.Known() {
				t.Errorf("%s: %+v", test.text, entry)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s, -want +got:\n%s", test.text, diff)
		}
		if len(problems) != test.problems {
			t.Errorf("%s: %+v", test.text, problems)
		}
	}
}

func merged(t *testing.T, label, feature, config string) Merged {
	t.Helper()
	entries, problems := ParseLabel(label)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if feature != "" {
		entries = append(entries, Feature{Reference: "./f", Manifest: parse(feature)}.Entry())
	}
	return Merge(append(entries, FromConfig(Read(source.File{Name: "devcontainer.json", Text: config}))))
}

func TestMerge(t *testing.T) {
	m := merged(t,
		`[{"containerEnv": {"A": "label"}, "remoteUser": "l", "containerUser": "c", "capAdd": ["X"], "updateRemoteUserUID": false, "userEnvProbe": "none"}]`,
		`{"id": "f", "privileged": true, "capAdd": ["X", "Y"], "containerEnv": {"A": "not merged"}, "mounts": ["source=a,target=/t"], "onCreateCommand": "f"}`,
		`{"containerEnv": {"A": "own", "N": null},
 "remoteEnv": {"B": 1},
 "remoteUser": "r", "containerUser": "", "init": true,
 "mounts": [{"type": "volume", "source": "b", "target": "/t"}, "type=bind,src=/x,dst=/y"],
 "securityOpt": ["seccomp=unconfined"],
 "onCreateCommand": {"one": "a", "two": ["b", "c"], "three": ""},
 "postAttachCommand": ["x"]}`)
	want := Merged{
		ContainerEnv: []Variable{
			{Name: "A", Raw: "label", Value: "label", From: "label", Kind: "string"},
			{Name: "A", Raw: "own", Value: "own", From: "devcontainer.json", Kind: "string", Place: place(1, 19, 29)},
			{Name: "N", Raw: "null", Value: "null", From: "devcontainer.json", Null: true, Kind: "null", Place: place(1, 31, 40)},
		},
		RemoteEnv:     []Variable{{Name: "B", Raw: "1", Value: "1", From: "devcontainer.json", Kind: "number", Place: place(2, 16, 22)}},
		ContainerUser: "c", ContainerAccount: Account{Name: "c", From: "label"},
		RemoteUser: "r", RemoteAccount: Account{Name: "r", From: "devcontainer.json", Place: place(3, 16, 19)},
		UserEnvProbe: "none", CapAdd: []string{"X", "Y"}, SecurityOpt: []string{"seccomp=unconfined"}, Privileged: true, Init: true,
		Mounts: []Mount{
			{Type: "volume", Source: "b", Target: "/t", From: "devcontainer.json", Place: place(4, 13, 62)},
			{Type: "bind", Source: "/x", Target: "/y", From: "devcontainer.json", Place: place(4, 64, 89)},
		},
		Hooks: []Hook{
			{Event: "onCreateCommand", From: "./f", Shell: "f", Place: place(1, 145, 148)},
			{Event: "onCreateCommand", Name: "one", From: "devcontainer.json", Shell: "a", Place: place(6, 29, 32)},
			{Event: "onCreateCommand", Name: "two", From: "devcontainer.json", Args: []string{"b", "c"}, Place: place(6, 41, 51)},
			{Event: "postAttachCommand", From: "devcontainer.json", Args: []string{"x"}, Place: place(7, 23, 28)},
		},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !merged(t, "", "", `{}`).UpdateUID {
		t.Error("updateRemoteUserUID is true where nobody says otherwise")
	}
}

func TestUsers(t *testing.T) {
	for _, test := range []struct {
		name                       string
		config                     string
		compose, dockerfile, image string
		container, remote          string // name from
	}{
		{"nobody", `{}`, "", "", "", " ", " "},
		{"image", `{}`, "", "", "i", "i image", "i image"},
		{"Dockerfile", `{}`, "", "d", "i", "d Dockerfile", "d Dockerfile"},
		{"compose", `{}`, "c", "d", "i", "c compose", "c compose"},
		{"containerUser", `{"containerUser": "u"}`, "c", "d", "i", "u devcontainer.json", "u devcontainer.json"},
		{"remoteUser", `{"remoteUser": "u"}`, "", "d", "", "d Dockerfile", "u devcontainer.json"},
	} {
		container, remote := merged(t, "", "", test.config).Users(test.compose, test.dockerfile, test.image)
		if got := container.Name + " " + container.From; got != test.container {
			t.Errorf("%s: the container's is %q, want %q", test.name, got, test.container)
		}
		if got := remote.Name + " " + remote.From; got != test.remote {
			t.Errorf("%s: the remote one is %q, want %q", test.name, got, test.remote)
		}
	}
}

func TestRewritten(t *testing.T) {
	for _, test := range []struct {
		text, want string
		corrupted  bool
	}{
		{"$HOME", "$HOME", false},
		{"a$$b", "a$b", false},
		{"$$$$", "$$", false},
		{"$$$", "$$", false},
		{"$&", "$&", true},
		{"$$&", "$&", true},
		{"x$`", "x$`", true},
		{"'$'", "'$'", true},
		{"$$'$$", "$'$", true},
	} {
		if got := Rewritten(test.text, true); got != test.want {
			t.Errorf("%q becomes %q, want %q", test.text, got, test.want)
		}
		if got := Rewritten(test.text, false); got != test.text {
			t.Errorf("%q becomes %q where nothing is replaced", test.text, got)
		}
		if got := Corrupted(test.text); got != test.corrupted {
			t.Errorf("%q is corrupted: %v", test.text, got)
		}
	}
}

func TestMergedConfiguration(t *testing.T) {
	for _, test := range []struct{ name, label, config, want string }{
		{"environments", `{"containerEnv": {"A": "l", "B": "l"}}`, `{"containerEnv": {"A": "c"}}`,
			`{"containerEnv":{"A":"c","B":"l"},"init":false,"privileged":false,"onCreateCommands":[],"updateContentCommands":[],"postCreateCommands":[],` +
				`"postStartCommands":[],"postAttachCommands":[],"remoteEnv":{},"portsAttributes":{}}`},
		{"lists", `{"capAdd": ["A"], "mounts": ["target=/t"], "forwardPorts": [1]}`, `{"capAdd": ["A", "B"], "mounts": ["source=x,target=/t"], "forwardPorts": ["localhost:1", "db:2"]}`,
			`{"capAdd":["A","B"],"mounts":["source=x,target=/t"],"forwardPorts":[1,"db:2"],"init":false,"privileged":false,"onCreateCommands":[],"updateContentCommands":[],` +
				`"postCreateCommands":[],"postStartCommands":[],"postAttachCommands":[],"remoteEnv":{},"containerEnv":{},"portsAttributes":{}}`},
		{"hooks of both", `{"postCreateCommand": "l"}`, `{"image": "i", "postCreateCommand": "c"}`,
			`{"image":"i","init":false,"privileged":false,"onCreateCommands":[],"updateContentCommands":[],"postCreateCommands":["l","c"],` +
				`"postStartCommands":[],"postAttachCommands":[],"remoteEnv":{},"containerEnv":{},"portsAttributes":{}}`},
		{"the properties of old", ``, `{"extensions": ["a"]}`,
			`{"init":false,"privileged":false,"customizations":{"vscode":[{"extensions":["a"]}]},"onCreateCommands":[],"updateContentCommands":[],"postCreateCommands":[],` +
				`"postStartCommands":[],"postAttachCommands":[],"remoteEnv":{},"containerEnv":{},"portsAttributes":{}}`},
		{"the greatest requirement", `{"hostRequirements": {"cpus": 4, "memory": "1gb"}}`, `{"hostRequirements": {"cpus": 2, "memory": "2kb"}}`,
			`{"hostRequirements":{"cpus":4,"memory":"1073741824"},"init":false,"privileged":false,"onCreateCommands":[],"updateContentCommands":[],"postCreateCommands":[],` +
				`"postStartCommands":[],"postAttachCommands":[],"remoteEnv":{},"containerEnv":{},"portsAttributes":{}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			entries, _ := ParseLabel(test.label)
			config := Read(source.File{Name: "devcontainer.json", Text: test.config})
			got := MergedConfiguration(config.Root, append(entries, FromConfig(config)))
			if diff := cmp.Diff(test.want, got.JSON()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
