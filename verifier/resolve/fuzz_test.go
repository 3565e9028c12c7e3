package resolve

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dcverify/dcverify/verifier/source"
)

// FuzzProject resolves whatever the files say. The file system that the resolver is given is all that it can touch: it
// imports nothing that opens files, which verifier/law_test.go holds, and refuses names that lead out of it.
func FuzzProject(f *testing.F) {
	f.Add(`{"image": "base", "containerEnv": {"A": "${localEnv:B:c:d}"}, "runArgs": ["--env-file", "a//b", "-e", "A"]}`, "", "", "", "")
	f.Add(`{"build": {"dockerfile": "Dockerfile", "context": "..", "args": {"V": "1"}}, "postCreateCommand": "sudo ./a.sh"}`,
		"ARG V=2\nFROM golang:$V AS x\nENV A=$PATH\nFROM x\nCOPY --from=x /usr/local/go /usr/local/go\nCOPY . /w\nRUN /w/a.sh\n", "", "module m\ngo 1.22\n", "")
	f.Add(`{"dockerComposeFile": ["compose.yml"], "service": "s"}`, "FROM base\n",
		"services:\n  s:\n    build: {context: ., args: {A: b}}\n    env_file: [e]\n    environment: [A=b]\n    extends: {service: s}\n", "", `{"go.gopath": "x"}`)
	f.Add(`{"image": "base", "features": {"./f": {"version": "1"}, "r.io/x/f:1": {}, "go": {}, "../x": 1, "/y": null}}`, "", "", "module", "{")
	f.Add(`{"dockerComposeFile": "/../compose.yml", "build": {"dockerfile": "/../x"}, "features": {"./../../..": {}}}`, "# escape=`\nFROM", ": :", "go 1\n(", "[]")
	f.Fuzz(func(t *testing.T, config0, docker, compose, mod, settings string) {
		workspace := files(
			config, config0, ".devcontainer/Dockerfile", docker, ".devcontainer/compose.yml", compose, "go.mod", mod, "go.work", mod,
			".vscode/settings.json", settings, ".vscode/launch.json", settings, ".gitignore", mod, "a.sh", docker, "e", docker, ".devcontainer/.env", docker,
			".devcontainer/f/devcontainer-feature.json", settings, ".devcontainer/f/install.sh", docker,
		)
		start := time.Now()
		s := Snapshot(workspace, options())
		o := options()
		o.Away = true
		project, _ := Project(workspace, o)
		if took := time.Since(start); took > 20*time.Second { // it hangs, or is not linear: it takes milliseconds
			t.Errorf("it takes %v", took)
		}
		check := places{t: t, workspace: workspace, indexes: map[string][]string{}}
		check.walk(reflect.ValueOf(project), "project")
		shown, _ := s.Project.Get()
		check.walk(reflect.ValueOf(shown), "snapshot")
		check.walk(reflect.ValueOf(s.Views), "views")
		if _, err := json.Marshal(project); err != nil {
			t.Errorf("it cannot be written as JSON: %v", err)
		}
	})
}

// places holds every place of a value against the files.
type places struct {
	t         *testing.T
	workspace fstest.MapFS
	indexes   map[string][]string // lines by file
}

func (p places) walk(v reflect.Value, where string) {
	if place, ok := v.Interface().(source.Place); ok {
		p.check(place, where)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			p.walk(v.Elem(), where)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				p.walk(v.Field(i), where+"."+field.Name)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			p.walk(v.Index(i), where)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			p.walk(v.MapIndex(key), where)
		}
	}
}

// check fails where a place is not inside of a file of the workspace. One without a line is the whole file.
func (p places) check(place source.Place, where string) {
	p.t.Helper()
	if !place.Known() {
		return
	}
	lines, ok := p.indexes[place.File]
	if !ok {
		file, exists := p.workspace[place.File]
		if !exists {
			p.t.Fatalf("%s: %s is no file of the workspace", where, place)
		}
		lines = strings.Split(string(file.Data), "\n")
		p.indexes[place.File] = lines
	}
	if place.Line == 0 {
		return
	}
	if place.Line < 0 || place.Line > len(lines) || place.Column < 0 || place.Column > len([]rune(lines[place.Line-1]))+1 {
		p.t.Fatalf("%s: %s is not inside of the file, which has %d lines", where, place, len(lines))
	}
}
