package pinned

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, text string
		parse      func(source.File) []Version
		want       []string // text, minor, + for newer ones too, line:column
	}{
		{"setup-go", "jobs:\n  a:\n    steps:\n    - uses: actions/setup-go@v5\n      with:\n        go-version: '1.22.x'\n", Workflow, []string{"1.22.x 1.22 6:21"}},
		{"a number", "jobs: {a: {steps: [{uses: actions/setup-go@v5, with: {go-version: 1.20}}]}}", Workflow, []string{"1.2 1.2 1:67"}},
		{"list", "jobs: {a: {steps: [{uses: actions/setup-go@v5, with: {go-version: ['1.21', '>=1.22']}}]}}", Workflow, []string{"1.21 1.21 1:68", ">=1.22 1.22 + 1:76"}},
		{"another action", "jobs: {a: {steps: [{uses: actions/setup-node@v4, with: {go-version: '1.21'}}]}}", Workflow, nil},
		{"no minor", "jobs: {a: {steps: [{uses: actions/setup-go@v5, with: {go-version: [stable, 1.x, '1', '', '1.21 - 1.22', 2.1]}}]}}", Workflow, nil},
		{"env of the step", "env: {G: '1.20'}\njobs:\n  a:\n    steps:\n    - uses: actions/setup-go@v5\n      env: {G: '1.21'}\n      with: {go-version: '${{env.G}}'}\n", Workflow, []string{"1.21 1.21 6:16"}},
		{"container", "jobs:\n  a: {container: {image: 'golang:1.23.4-alpine'}}\n  b: {container: golang}\n  c: {container: postgres:1.23}\n", Workflow, []string{"1.23.4 1.23 2:26"}},
		{"container of a matrix", "jobs:\n  a:\n    container: golang:${{ matrix.v }}\n    strategy: {matrix: {v: ['1.21', latest]}}\n", Workflow, []string{"1.21 1.21 4:29"}},
		{"alias", "x: &x {go-version: '1.21'}\njobs: {a: {steps: [{uses: actions/setup-go@v5, with: *x}]}}", Workflow, []string{"1.21 1.21 1:20"}},
		{"broken", "jobs: [", Workflow, nil},
		{"other kinds", "jobs: [a, {b: c}]\n", Workflow, nil},
		{"odd jobs", "jobs: {a: 1, b: {steps: x}, c: {steps: [1, [2]]}, d: {container: [golang:1.2]}, e: null}", Workflow, nil},
		{"gitlab", "image: golang:1.21\ndefault: {image: {name: 'golang:1.22'}}\njob: {variables: {V: '1.23'}, image: 'golang:$V'}\nvariables: {V: x}\n", GitLab, []string{"1.21 1.21 1:8", "1.22 1.22 2:25", "1.23 1.23 3:22"}},
		{"gitlab's long variables", "variables:\n  V: {value: '1.21', description: Go}\ntest: {image: 'golang:${V}'}\n", GitLab, []string{"1.21 1.21 2:14"}},
		{"gitlab's unknown variable", "test: {image: 'golang:${V}'}\n", GitLab, nil},
		{".tool-versions", "# golang 1.1\nnodejs 20\n golang  1.22.3 1.21 # both\n", toolVersions, []string{"1.22.3 1.22 3:10"}},
		{".tool-versions without a version", "golang system\ngolang 1.22\n", toolVersions, nil},
		{".go-version", "\ngo1.22rc1\n", goVersionFile, []string{"go1.22rc1 1.22 2:1"}},
		{"mise", "[tools]\nnode='20'\ngo = \"1.22\"\n", Mise, []string{"1.22 1.22 3:7"}},
		{"mise, list", "[tools] # x\n\"go\" = [ '1.22.1', '1.21' ]\n", Mise, []string{"1.22.1 1.22 2:11"}},
		{"mise, another table", "[settings]\ngo = '1.22'\n[[tools]]\ngo = '1.22'\n", Mise, nil},
		{"mise, latest", "[tools]\ngo = 'latest'\n", Mise, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, v := range test.parse(source.File{Name: "f", Text: test.text}) {
				words := []string{v.Text, v.Minor}
				if v.Newer {
					words = append(words, "+")
				}
				got = append(got, strings.Join(append(words, strings.TrimPrefix(v.Place.String(), "f:")), " "))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRead(t *testing.T) {
	workflow := &fstest.MapFile{Data: []byte("jobs: {a: {container: 'golang:1.21'}}")}
	workspace := fstest.MapFS{
		"app/.github/workflows/b.yml":  workflow,
		"app/.github/workflows/a.yaml": workflow,
		"app/.github/workflows/c.txt":  workflow,
		"app/.tool-versions":           &fstest.MapFile{Data: []byte("go 1.22")},
	}
	for _, test := range []struct {
		shared bool
		want   []string
	}{
		{true, []string{"app/.github/workflows/b.yml", "app/.github/workflows/a.yaml", "app/.tool-versions"}},
		{false, []string{"app/.tool-versions"}},
	} {
		var got []string
		for _, v := range Read(workspace, "app", test.shared) {
			got = append(got, v.Place.File)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("shared %t: -want +got:\n%s", test.shared, diff)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("env: {G: 1}\njobs: {a: &a {container: 'golang:${{env.G}}', strategy: {matrix: {v: [*a], include: [{v: 1.2}]}}, steps: [{uses: actions/setup-go@v1, with: {go-version: '${{ matrix.v }}'}}]}}")
	f.Add("image: {name: 'golang:$V'}\nvariables: {V: {value: 1.2}}\n")
	f.Add("[tools]\ngo = { version = \"1.2\" }\ngolang 1.2")
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(source.File) []Version{Workflow, GitLab, toolVersions, goVersionFile, Mise} {
			for _, v := range parse(source.File{Name: "f", Text: text}) {
				if v.Place.Line == 0 || v.Minor == "" || v.By == "" {
					t.Errorf("%+v lacks something", v)
				}
			}
		}
	})
}
