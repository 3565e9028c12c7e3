package devcontainer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// The tables here were filled in by the reference CLI's own functions, called alone (devcontainers/cli, 0.88.0 and later).

// The results are those of the reference CLI's own mergeConfiguration; lists and objects without anything in them, and what is
// false, are left out of both. The order of the keys counts.
func TestMergeAsReference(t *testing.T) {
	for _, test := range []struct {
		name, config, label string
		features            []string
		want                string
	}{
		{
			name:   "nothing",
			config: `{"image":"img"}`,
			want:   `{"image":"img","hostRequirements":{"cpus":null,"memory":"-Infinity","storage":"-Infinity"}}`,
		},
		{
			name:     "every say of a variable",
			config:   `{"image":"img","containerEnv":{"B":"own","C":null},"remoteEnv":{"R":1}}`,
			label:    `[{"containerEnv":{"A":"label","B":"label"}},{"containerEnv":{"A":"second"},"remoteEnv":{"R":"label","S":true}}]`,
			features: []string{`{"id":"f","containerEnv":{"A":"never"},"remoteEnv":{"R":"never"}}`},
			want:     `{"image":"img","containerEnv":{"A":"second","B":"own","C":null},"remoteEnv":{"R":1,"S":true}}`,
		},
		{
			name:   "a list is numbered variables",
			config: `{"image":"img","containerEnv":["A=b"],"remoteEnv":"xy"}`,
			want:   `{"image":"img","containerEnv":{"0":"A=b"},"remoteEnv":{"0":"x","1":"y"}}`,
		},
		{
			name:   "index-like names come first",
			config: `{"image":"img","containerEnv":{"B":"1","10":"2","9":"3","01":"4"}}`,
			want:   `{"image":"img","containerEnv":{"9":"3","10":"2","B":"1","01":"4"}}`,
		},
		{
			name:   "a single value where a list is meant",
			config: `{"image":"img","capAdd":"SYS_PTRACE","securityOpt":"seccomp=unconfined","mounts":"source=a,target=/x,type=volume","forwardPorts":3000}`,
			want:   `{"image":"img","capAdd":["SYS_PTRACE"],"securityOpt":["seccomp=unconfined"],"mounts":["source=a,target=/x,type=volume"],"forwardPorts":[3000]}`,
		},
		{
			name:     "unions keep the first",
			config:   `{"image":"img","capAdd":["B","A"],"init":false}`,
			label:    `{"capAdd":["A"],"privileged":1}`,
			features: []string{`{"capAdd":["C","A"],"init":true}`},
			want:     `{"image":"img","capAdd":["A","C","B"],"init":true,"privileged":true}`,
		},
		{
			name:     "the last mount of a target stays",
			config:   `{"image":"img","mounts":["src=c,dst=/x",{"source":"d","target":"/y","type":"bind"},"source=e, target=/y","type=tmpfs",{"source":"q"}]}`,
			label:    `{"mounts":["source=a,destination=/x",{"target":"/y"}]}`,
			features: []string{`{"mounts":[{"source":"b","target":"/x","type":"volume"},"target=/y=z"]}`},
			want:     `{"image":"img","mounts":["src=c,dst=/x",{"source":"d","target":"/y","type":"bind"},{"source":"q"}]}`,
		},
		{
			name:     "users",
			config:   `{"image":"img","remoteUser":"","containerUser":null}`,
			label:    `[{"remoteUser":"a","containerUser":"b"},{"remoteUser":"c"}]`,
			features: []string{`{"remoteUser":"never"}`},
			want:     `{"image":"img","remoteUser":"c","containerUser":"b"}`,
		},
		{
			name:   "flags want truth values",
			config: `{"image":"img","overrideCommand":"no","updateRemoteUserUID":0,"privileged":"","init":"false"}`,
			label:  `{"overrideCommand":false,"updateRemoteUserUID":false}`,
			want:   `{"image":"img","init":true}`,
		},
		{
			name:     "hooks of all",
			config:   `{"image":"img","postCreateCommand":{"a":"x","b":["y"]},"onCreateCommand":"","postStartCommand":[]}`,
			label:    `{"postCreateCommand":"label"}`,
			features: []string{`{"postCreateCommand":["feature"]}`, `{"postCreateCommand":null,"entrypoint":"/e"}`},
			want:     `{"image":"img","entrypoints":["/e"],"postCreateCommands":["label",["feature"],{"a":"x","b":["y"]}],"postStartCommands":[[]]}`,
		},
		{
			name:   "what lists replace",
			config: `{"image":"img","entrypoint":"mine","entrypoints":["mine"],"shutdownAction":"none","capAdd":[]}`,
			want:   `{"image":"img","shutdownAction":"none"}`,
		},
		{
			name:   "the order of the keys",
			config: `{"waitFor":"postCreateCommand","forwardPorts":[1],"image":"img","customizations":{},"remoteUser":"u","name":"n","mounts":["target=/a"]}`,
			want:   `{"waitFor":"postCreateCommand","forwardPorts":[1],"image":"img","remoteUser":"u","name":"n","mounts":["target=/a"]}`,
		},
		{
			name:   "ports",
			config: `{"image":"img","forwardPorts":[3000,"localhost:3000","3000","db:5432","xlocalhost:80","localhost:0080","localhost:80x",80.5,true]}`,
			label:  `{"forwardPorts":["localhost:3000"]}`,
			want:   `{"image":"img","forwardPorts":[3000,"3000","db:5432",null,80,80,80,true]}`,
		},
		{
			name:   "requirements",
			config: `{"image":"img","hostRequirements":{"cpus":"4","memory":"8gb","storage":"32GB","gpu":{"cores":2}}}`,
			label:  `{"hostRequirements":{"cpus":2,"memory":"16384mb","storage":"1tb","gpu":{"cores":1,"memory":"4gb"}}}`,
			want:   `{"image":"img","hostRequirements":{"cpus":4,"memory":"17179869184","storage":"1099511627776","gpu":{"cores":2,"memory":"4294967296"}}}`,
		},
		{
			name:   "a graphics card",
			config: `{"image":"img","hostRequirements":{"gpu":"optional"}}`,
			label:  `[{"hostRequirements":{"gpu":"optional"}},{"hostRequirements":{"gpu":false}}]`,
			want:   `{"image":"img","hostRequirements":{"cpus":0,"gpu":"optional"}}`,
		},
		{
			name:     "customizations are listed",
			config:   `{"image":"img","customizations":{"vscode":{"settings":{"b":2}},"x":1}}`,
			label:    `{"customizations":{"vscode":{"settings":{"a":1}}}}`,
			features: []string{`{"customizations":{"vscode":{"extensions":["e"]}}}`},
			want:     `{"image":"img","customizations":{"vscode":[{"settings":{"a":1}},{"extensions":["e"]},{"settings":{"b":2}}],"x":[1]}}`,
		},
		{
			name:   "the editor's old properties",
			config: `{"image":"img","settings":{"a":1,"b":1},"extensions":["x"],"devPort":7,"customizations":{"vscode":{"settings":{"b":2},"extensions":["y"],"devPort":8}}}`,
			want:   `{"image":"img","devPort":7,"customizations":{"vscode":[{"settings":{"a":1,"b":2},"extensions":["y","x"],"devPort":8}]}}`,
		},
		{
			name:   "old properties alone",
			config: `{"extensions":"x","image":"img","devPort":7}`,
			want:   `{"image":"img","customizations":{"vscode":[{"extensions":["x"],"devPort":7}]}}`,
		},
		{
			name:   "old properties beside something else",
			config: `{"image":"img","extensions":["x"],"customizations":{"vscode":[1]}}`,
			want:   `{"image":"img","customizations":{"vscode":[[1]]}}`,
		},
		{
			name:     "old properties of a feature",
			config:   `{"image":"img"}`,
			label:    `{"settings":{"never":1}}`,
			features: []string{`{"extensions":["f"],"devPort":7}`, `{"settings":{"a":1},"customizations":{"vscode":{"settings":{"a":2}}}}`},
			want:     `{"image":"img","customizations":{"vscode":[{"extensions":["f"]},{"settings":{"a":2}}]}}`,
		},
		{
			name:   "a label of an old form",
			config: `{"image":"img"}`,
			label:  `[{"remoteUser":"a"},]`,
			want:   `{"image":"img","hostRequirements":{"cpus":null,"memory":"-Infinity","storage":"-Infinity"}}`,
		},
		{
			name:   "entries that are none",
			config: `{"image":"img","remoteUser":"u"}`,
			label:  `[7,{},[],{"remoteEnv":{"A":"1"}}]`,
			want:   `{"image":"img","remoteUser":"u","remoteEnv":{"A":"1"}}`,
		},
		{
			name:     "substitution goes through all",
			config:   `{"image":"img","workspaceFolder":"/w/${localWorkspaceFolderBasename}","name":"${containerWorkspaceFolder} ${devcontainerId} ${containerEnv:PATH}","containerEnv":{"${localEnv:SET}":"${localEnv:SET}"},"mounts":[{"source":"${localWorkspaceFolder}","target":"/t"}],"future":[{"a":["${env:UNSET:d}"]}]}`,
			label:    `{"containerEnv":{"L":"${localEnv:SET}${localEnv:REC}"}}`,
			features: []string{`{"mounts":["source=${localEnv:SET},target=/f"]}`},
			want:     `{"image":"img","workspaceFolder":"/w/ws","name":"/w/ws ${devcontainerId} ${containerEnv:PATH}","containerEnv":{"L":"set${localEnv:SET}","${localEnv:SET}":"set"},"mounts":["source=set,target=/f",{"source":"/p/ws","target":"/t"}],"future":[{"a":["d"]}]}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			host := Host{Env: map[string]string{"SET": "set", "EMPTY": "", "REC": "${localEnv:SET}"}, Workspace: "/p/ws"}
			config := Read(source.File{Name: "devcontainer.json", Text: test.config})
			pass := AtRead(host, config)
			entries, _ := ParseLabel(test.label)
			for _, text := range test.features {
				manifest, _ := jsonc.Read(source.File{Text: text})
				entries = append(entries, Feature{Reference: "./f", Manifest: manifest}.Entry())
			}
			for i := range entries {
				entries[i].Root, _ = pass.Node(entries[i].Root)
			}
			config.Root, _ = pass.Node(config.Root)
			got := MergedConfiguration(config.Root, append(entries, FromConfig(config)))
			shown := jsonc.Node{Kind: jsonc.Object}
			for _, m := range got.Members {
				if text := m.Value.JSON(); text != "[]" && text != "{}" && text != "false" {
					shown.Members = append(shown.Members, m)
				}
			}
			if diff := cmp.Diff(test.want, shown.JSON()); diff != "" {
				t.Errorf("-reference +got:\n%s", diff)
			}
		})
	}
}

// The results are those of the reference CLI's own three passes, one after the other; refused is where it throws.
func TestSubstitutionAsReference(t *testing.T) {
	const refused = "refused"
	host := Host{
		Env:       map[string]string{"SET": "set", "EMPTY": "", "REC": "${localEnv:SET}", "ID": "${devcontainerId}", "CE": "${containerEnv:PATH}"},
		Workspace: "/p/a&b <ws>",
		Config:    "/p/a&b <ws>/.devcontainer/devcontainer.json",
	}
	passes := []Pass{
		AtRead(host, Read(source.File{Text: `{"image": "x"}`})),
		WithID(host.ID()),
		InContainer(map[string]string{"PATH": "/usr/bin", "VIA": "${containerEnv:PATH}"}),
	}
	for text, want := range map[string]string{
		``:                                    ``,
		`plain $HOME ${HOME}`:                 `plain $HOME ${HOME}`,
		`${localEnv:SET}`:                     `set`,
		`${env:SET}`:                          `set`,
		`${localEnv:UNSET}`:                   ``,
		`${localEnv:UNSET:d}`:                 `d`,
		`${localEnv:EMPTY:d}`:                 ``,
		`${localEnv:UNSET:http://p:80}`:       `http`,
		`${localEnv:SET:a:b}`:                 `set`,
		`${localEnv:A:${localEnv:SET}}`:       `${localEnv}`,
		`${localEnv:UNSET:}`:                  ``,
		`${localEnv:}`:                        ``,
		`${localEnv::d}`:                      `d`,
		`${localEnv}`:                         refused,
		`${env}`:                              refused,
		`${localenv:SET}`:                     `${localenv:SET}`,
		`${ localEnv:SET }`:                   `${ localEnv:SET }`,
		`${localEnv :SET}`:                    `${localEnv :SET}`,
		`$${localEnv:SET}`:                    `$set`,
		`\${localEnv:SET}`:                    `\set`,
		`${localEnv:REC}`:                     `${localEnv:SET}`,
		`${localEnv:ID}`:                      `1matlamfkbqv0p3mhadlts0vqs774c0tdh8ug8v436aco3f2d8mu`,
		`${localEnv:CE}`:                      `/usr/bin`,
		`${localWorkspaceFolder}`:             `/p/a&b <ws>`,
		`${localWorkspaceFolder:x}`:           `/p/a&b <ws>`,
		`${localWorkspaceFolderBasename}`:     `a&b <ws>`,
		`${containerWorkspaceFolder}`:         `/workspaces/a&b <ws>`,
		`${containerWorkspaceFolderBasename}`: `a&b <ws>`,
		`${devcontainerId}`:                   `1matlamfkbqv0p3mhadlts0vqs774c0tdh8ug8v436aco3f2d8mu`,
		`${devcontainerId:x}`:                 `1matlamfkbqv0p3mhadlts0vqs774c0tdh8ug8v436aco3f2d8mu`,
		`${containerEnv:PATH}`:                `/usr/bin`,
		`${containerEnv:PATH:d}`:              `/usr/bin`,
		`${containerEnv:HOME}`:                ``,
		`${containerEnv:HOME:d}`:              `d`,
		`${containerEnv:NONE}`:                ``,
		`${containerEnv:NONE:a:b}`:            `a`,
		`${containerEnv}`:                     refused,
		`/x:${containerEnv:PATH}:/y`:          `/x:/usr/bin:/y`,
		`${workspaceFolder}`:                  `${workspaceFolder}`,
		`${remoteEnv:X}`:                      `${remoteEnv:X}`,
		`${}`:                                 `${}`,
		`${localEnv:SET`:                      `${localEnv:SET`,
		`${a ${localEnv:SET}}`:                `${a ${localEnv:SET}}`,
		"${a\n${localEnv:SET}}":               "${a\nset}",
		"${a\r${localEnv:SET}}":               "${a\rset}",
		"${a\u2028${localEnv:SET}}":           "${a\u2028set}",
		"a\n${localEnv:SET}\nb":               "a\nset\nb",
		`${localEnv:SET}${localEnv:SET}`:      `setset`,
		`{${localEnv:SET}}`:                   `{set}`,
		`${localEnv:SET}}`:                    `set}`,
		`${containerEnv:VIA}`:                 `${containerEnv:PATH}`,
	} {
		value := text
		for _, pass := range passes {
			var surprises []Surprise
			value, surprises = pass.Text(value, source.Place{})
			for _, s := range surprises {
				if s.Kind == "no-name" {
					value = refused
				}
			}
		}
		if value != want {
			t.Errorf("%q becomes %q, want %q", text, value, want)
		}
	}
}

// Every row is what the reference CLI's processFeatureIdentifier makes of the reference.
func TestReferencesAsReference(t *testing.T) {
	for reference, want := range map[string]string{
		"ghcr.io/devcontainers/features/go":       "oci ghcr.io/devcontainers/features/go latest",
		"ghcr.io/devcontainers/features/go:1":     "oci ghcr.io/devcontainers/features/go 1",
		"ghcr.io/devcontainers/features/go:":      "oci ghcr.io/devcontainers/features/go latest",
		"ghcr.io/devcontainers/features/Go:1.2.3": "oci ghcr.io/devcontainers/features/go 1.2.3",
		"ghcr.io/x/y:latest":                      "oci ghcr.io/x/y latest",
		"ghcr.io/x/y@sha256:abc":                  "oci ghcr.io/x/y sha256:abc",
		"ghcr.io/x/f/y@md5:abc":                   "unsupported ghcr.io/x/f/y@md5:abc",
		"ghcr.io/x/f/y@v1":                        "unsupported ghcr.io/x/f/y@v1",
		"x/y/z@v1":                                "release x/y/z v1",
		"x/y/z":                                   "release x/y/z latest",
		"x/y/z:1":                                 "unsupported x/y/z:1",
		"x/y":                                     "unsupported x/y",
		"localhost:5000/x/y":                      "oci localhost:5000/x/y latest",
		"localhost:5000/x/y:1":                    "oci localhost:5000/x/y 1",
		"localhost/x":                             "unsupported localhost/x",
		"ghcr.io/x":                               "unsupported ghcr.io/x",
		"ghcr.io/x//y":                            "unsupported ghcr.io/x//y",
		"ghcr.io/x/f/y:1 ":                        "unsupported ghcr.io/x/f/y:1",
		"ghcr.io/x/f/y:a/b":                       "unsupported ghcr.io/x/f/y:a/b",
		"ghcr.io/-x/y":                            "release ghcr.io/-x/y latest",
		"golang":                                  "legacy ghcr.io/devcontainers/features/go 1",
		"go":                                      "unsupported go",
		"git":                                     "legacy ghcr.io/devcontainers/features/git 1",
		"common":                                  "legacy ghcr.io/devcontainers/features/common-utils 1",
		"gradle":                                  "unsupported gradle",
		"fish":                                    "unsupported fish",
		"https://x/devcontainer-feature-go.tgz":   "tarball https://x/devcontainer-feature-go.tgz",
		"https://x/y.tgz":                         "unsupported https://x/y.tgz",
		"https://x/devcontainer-feature-.tgz":     "unsupported https://x/devcontainer-feature-.tgz",
		"https://x/devcontainer-feature-a.b.tgz":  "unsupported https://x/devcontainer-feature-a.b.tgz",
		"http://x/devcontainer-feature-go.tgz":    "unsupported http://x/devcontainer-feature-go.tgz",
		"./a":                                     "local ./a",
		"../a":                                    "local ../a",
		"/a":                                      "unsupported /a",
		"./":                                      "local ./",
		`a\b`:                                     `unsupported a\b`,
		".x/y/z":                                  "release .x/y/z latest",
		"ghcr.io/devcontainers/features/go:1@sha256:ab": "unsupported ghcr.io/devcontainers/features/go:1@sha256:ab",
		"myreg.azurecr.io/feats/go_x:2-beta":            "oci myreg.azurecr.io/feats/go_x 2-beta",
		"ghcr.io/x/f/go__x":                             "unsupported ghcr.io/x/f/go__x",
		"x.y/z":                                         "unsupported x.y/z",
		"https://x/a-devcontainer-feature-go.tgz?q=1":   "tarball https://x/a-devcontainer-feature-go.tgz?q=1",
		"x/y/z@v1@v2":                                   "unsupported x/y/z@v1@v2",
		"x/y/z.b":                                       "unsupported x/y/z.b",
		"a b/c/d":                                       "release a b/c/d latest",
	} {
		r := ParseReference(reference)
		if got := strings.TrimSpace(r.Kind + " " + r.ID + " " + r.Version); got != want {
			t.Errorf("%s is %s, want %s", reference, got, want)
		}
		if (r.Kind == "unsupported") != (r.Problem != "") {
			t.Errorf("%s: problem %q", reference, r.Problem)
		}
	}
}
