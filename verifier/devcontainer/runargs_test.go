package devcontainer

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

func TestReadRunArgs(t *testing.T) {
	env := map[string]string{"HOST": "h"}
	variable := func(raw, name, value string, at source.Place) Variable {
		return Variable{Name: name, Raw: raw, Value: value, From: "runArgs", Place: at}
	}
	for _, test := range []struct {
		name, args string
		want       RunArgs
	}{
		{"nothing", `[]`, RunArgs{}},
		{"-e", `["-e", "A=1=2"]`, RunArgs{Env: []Variable{variable("A=1=2", "A", "1=2", place(1, 20, 27))}}},
		{"-eA=1", `["-eA=1"]`, RunArgs{Env: []Variable{variable("A=1", "A", "1", place(1, 14, 21))}}},
		{"-e=A=1", `["-e=A=1"]`, RunArgs{Env: []Variable{variable("A=1", "A", "1", place(1, 14, 22))}}},
		{"--env=", `["--env=A="]`, RunArgs{Env: []Variable{variable("A=", "A", "", place(1, 14, 24))}}},
		{"grouped", `["-ite", "A=1"]`, RunArgs{Env: []Variable{variable("A=1", "A", "1", place(1, 22, 27))}}},
		{"the host's", `["-e", "HOST"]`, RunArgs{Env: []Variable{variable("HOST", "HOST", "h", place(1, 20, 26))}}},
		{"the host has none", `["-e", "NONE"]`, RunArgs{Env: []Variable{
			{Name: "NONE", Raw: "NONE", From: "runArgs", Unset: true, Place: place(1, 20, 26)}}}},
		{"--env-file", `["--env-file", "a", "--env-file=b"]`, RunArgs{EnvFiles: []EnvFile{{"a", place(1, 28, 31)}, {"b", place(1, 33, 47)}}}},
		{"users", `["--user=a", "-u", "b"]`, RunArgs{User: "b"}},
		{"a value that looks like a flag", `["--label", "-e", "--user", "a"]`, RunArgs{User: "a"}},
		{"privileges", `["--cap-add=SYS_PTRACE", "--cap-add", "X", "--security-opt", "seccomp=unconfined", "--privileged", "-u", "a"]`,
			RunArgs{User: "a", CapAdd: []string{"SYS_PTRACE", "X"}, SecurityOpt: []string{"seccomp=unconfined"}, Privileged: true}},
		{"taken back", `["--privileged", "--privileged=false"]`, RunArgs{}},
		{"the image ends them", `["--init", "image", "-u", "a"]`, RunArgs{}},
		{"so does --", `["--", "-u", "a"]`, RunArgs{}},
		{"no value", `["-e"]`, RunArgs{}},
		{"an empty flag", `["-", "-u", "a"]`, RunArgs{User: "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ReadRunArgs(parse(`{"runArgs": `+test.args+`}`), env)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseEnvFile(t *testing.T) {
	file := source.File{Name: "devcontainer.json", Text: "\ufeffA=1\r\n# x\n\n  B='q' #\nHOST\nNONE\n=x\nC D=1\nE="}
	variables, problems := ParseEnvFile(file, map[string]string{"HOST": "h"})
	want := []Variable{
		{Name: "A", Raw: "A=1", Value: "1", From: "runArgs", Place: place(1, 2, 5)}, // behind the mark of the encoding
		{Name: "B", Raw: "B='q' #", Value: "'q' #", From: "runArgs", Place: place(4, 1, 10)},
		{Name: "HOST", Raw: "HOST", Value: "h", From: "runArgs", Place: place(5, 1, 5)},
		{Name: "E", Raw: "E=", From: "runArgs", Place: place(9, 1, 3)},
	}
	if diff := cmp.Diff(want, variables); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(problems) != 2 || problems[0].Place != place(7, 1, 3) || problems[1].Place != place(8, 1, 6) {
		t.Errorf("%+v", problems)
	}
}

func FuzzEnvFile(f *testing.F) {
	for _, text := range []string{"", "\ufeff", "\ufeffA=1\n", "A\r\n=\n# \n\xff=1", "A B=1", "A=\r\r\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := source.File{Name: "env", Text: text}
		variables, problems := ParseEnvFile(file, map[string]string{"A": "a"})
		for _, v := range variables {
			inside(t, file, v.Place)
			if v.Name == "" || !v.Place.Known() {
				t.Errorf("%+v", v)
			}
		}
		for _, p := range problems {
			inside(t, file, p.Place)
		}
	})
}
