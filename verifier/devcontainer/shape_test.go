package devcontainer

import (
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// TestShapes holds the table against what version 0.89.0 of the reference CLI did with each of these, beside an image:
// read-configuration, up and exec.
func TestShapes(t *testing.T) {
	for _, test := range []struct {
		kind string // of the only problem; empty where it worked as one would think
		text string
	}{
		{"type-stops", `"mounts":[null]`},
		{"type-stops", `"mounts":[1]`},
		{"type-stops", `"mounts":1`},
		{"", `"mounts":{"type":"volume","source":"v","target":"/v"}`},
		{"", `"mounts":"type=volume,source=v,target=/v"`},
		{"", `"mounts":null`},
		{"type-stops", `"workspaceFolder":1`},
		{"type-stops", `"workspaceFolder":{}`},
		{"type-stops", `"workspaceFolder":["/x"]`},
		{"", `"workspaceFolder":null`},
		{"", `"workspaceFolder":""`},
		{"type-stops", `"workspaceMount":["a"],"workspaceFolder":"/w"`},
		{"type-stops", `"forwardPorts":{}`},
		{"type-stops", `"forwardPorts":[{}]`},
		{"", `"forwardPorts":3000`},
		{"type-lost", `"forwardPorts":[null]`},
		{"type-lost", `"forwardPorts":true`},
		{"type-lost", `"portsAttributes":"x"`},
		{"type-lost", `"containerEnv":["A=1"]`},
		{"", `"containerEnv":[]`},
		{"type-lost", `"containerEnv":"A=1"`},
		{"type-stops", `"containerEnv":{"A":{}}`},
		{"type-lost", `"containerEnv":{"A":["x","y"]}`},
		{"", `"containerEnv":{"A":1,"B":true,"C":null}`},
		{"type-stops", `"containerEnv":{"A":1},"features":{"./f":{}}`},
		{"type-stops", `"containerEnv":{"A":null},"features":{"./f":{}}`},
		{"", `"containerEnv":{"A":1},"features":{}`},
		{"type-stops", `"remoteEnv":{"A":{}}`},
		{"type-lost", `"remoteEnv":{"A":["x","y"]}`},
		{"", `"capAdd":"SYS_PTRACE"`},
		{"type-stops", `"capAdd":{}`},
		{"type-stops", `"capAdd":[1]`},
		{"type-stops", `"runArgs":"--init"`},
		{"type-stops", `"runArgs":null`},
		{"type-stops", `"runArgs":[1]`},
		{"type-stops", `"features":"x"`},
		{"type-stops", `"features":["ghcr.io/devcontainers/features/go:1"]`},
		{"type-stops", `"features":{"./f":null}`},
		{"type-stops", `"features":{"./f":{"v":{}}}`},
		{"", `"features":{"./f":{"v":1}}`},
		{"", `"features":[]`},
		{"", `"remoteUser":1`},
		{"", `"remoteUser":[]`},
		{"type-stops", `"remoteUser":["root"]`},
		{"type-stops", `"containerUser":true`},
		{"type-lost", `"overrideCommand":"false"`},
		{"type-lost", `"updateRemoteUserUID":"false"`},
		{"type-lost", `"init":"false"`},
		{"type-lost", `"postCreateCommand":1`},
		{"type-stops", `"postCreateCommand":{"a":1}`},
		{"type-stops", `"postCreateCommand":{"a":{"b":"true"}}`},
		{"", `"postCreateCommand":{"a":["true","b"]}`},
		{"", `"postCreateCommand":[]`},
		{"type-lost", `"initializeCommand":1`},
		{"", `"initializeCommand":{"a":1}`},
		{"type-lost", `"hostRequirements":"x"`},
		{"type-lost", `"customizations":"x"`},
		{"type-lost", `"customizations":{"vscode":{"extensions":"x"}}`},
		{"", `"customizations":{"vscode":[]}`},
		{"type-stops", `"image":1`},
		{"type-stops", `"build":"Dockerfile"`},
		{"type-stops", `"build":{"dockerfile":1}`},
		{"type-lost", `"build":{"args":["A=1"]}`},
		{"type-stops", `"build":{"args":{"A":{}}}`},
		{"", `"build":{"args":{"A":1,"B":null}}`},
		{"type-stops", `"build":{"target":1}`},
		{"type-stops", `"build":{"options":"--pull"}`},
	} {
		file := source.File{Name: "devcontainer.json", Text: "{" + test.text + "}"}
		root, _ := jsonc.Read(file)
		problems := Shapes(root)
		kind := ""
		if len(problems) > 0 {
			kind = problems[0].Kind
			if !problems[0].Place.Known() || !strings.Contains(problems[0].Message, " is wanted: ") {
				t.Errorf("%s: %+v", test.text, problems[0])
			}
		}
		if kind != test.kind || len(problems) > 1 {
			t.Errorf("%s: %q, want %q", test.text, problems, test.kind)
		}
	}
}
