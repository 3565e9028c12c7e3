package compose

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

func at(file string, line, column int) source.Place {
	return source.Place{File: file, Line: line, Column: column}
}

func workspace(files map[string]string) fstest.MapFS {
	result := fstest.MapFS{}
	for name, text := range files {
		result[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return result
}

func TestRead(t *testing.T) {
	const c = "c.yml"
	app := at(c, 2, 3) // where most cases have the key of the service
	for _, test := range []struct {
		name     string
		files    map[string]string
		order    []string // c.yml if nil
		host     map[string]string
		want     Service
		problems []Problem
	}{
		{
			name: "environment as list and mapping, every say kept",
			files: map[string]string{
				".env": "FROM_DOTENV=d\nBOTH=dotenv\n",
				c:      "services:\n  app:\n    environment:\n      - A=1\n      - BOTH\n      - FROM_DOTENV\n      - GONE\n",
				"d.yml": "services:\n  app:\n    environment:\n      A: 2\n      N: 1.50\n      T: true\n      Z:\n" +
					"      E: ''\n",
			},
			order: []string{c, "d.yml"},
			host:  map[string]string{"BOTH": "host"},
			want: Service{Place: app, Environment: []Variable{
				{Name: "A", Value: "1", Place: at(c, 4, 9)},
				{Name: "BOTH", Value: "host", FromHost: true, Place: at(c, 5, 9)},
				{Name: "FROM_DOTENV", Value: "d", FromHost: true, Place: at(".env", 1, 1)},
				{Name: "GONE", Unset: true, Place: at(c, 7, 9)},
				{Name: "A", Value: "2", Place: at("d.yml", 4, 7)},
				{Name: "N", Value: "1.50", Place: at("d.yml", 5, 7)},
				{Name: "T", Value: "true", Place: at("d.yml", 6, 7)},
				{Name: "Z", Unset: true, Place: at("d.yml", 7, 7)},
				{Name: "E", Place: at("d.yml", 8, 7)},
			}},
		},
		{
			name: "anchors and merge keys",
			files: map[string]string{c: "services:\n  app:\n    environment:\n      <<: [*a, *b]\n      X: own\n" +
				"    user: *u\n"},
			want:     Service{},
			problems: []Problem{{Kind: "syntax", Message: "unknown anchor 'a' referenced", Place: source.Place{File: c}}},
		},
		{
			name: "merge keys",
			files: map[string]string{c: "x-a: &a {X: a, Y: a}\nx-b: &b\n  Y: b\n  Z: b\nservices:\n  app:\n" +
				"    environment:\n      <<: [*a, *b]\n      X: own\n"},
			want: Service{Place: at(c, 6, 3), Environment: []Variable{
				{Name: "Y", Value: "a", Place: at(c, 1, 16)},
				{Name: "Z", Value: "b", Place: at(c, 4, 3)},
				{Name: "X", Value: "own", Place: at(c, 9, 7)},
			}},
		},
		{
			name: "env_file",
			files: map[string]string{
				"dev/c.yml": "services:\n  app:\n    env_file:\n      - a.env\n      - path: gone.env\n        required: false\n" +
					"      - lost.env\n      - ../b.env\n      - ../../x.env\n    environment: {S: svc}\n",
				"dev/a.env": "# comment\n\nA=1 # rest\nexport B=\"two\n${A}\"\n  C=$S-${GONE:-x}\nH\nN\n",
				"b.env":     "A='$A'\nD=$B",
			},
			order: []string{"dev/c.yml"},
			host:  map[string]string{"H": "host"},
			want: Service{
				Place: at("dev/c.yml", 2, 3),
				EnvFile: []Variable{
					{Name: "A", Value: "1", Place: at("dev/a.env", 3, 1)},
					{Name: "B", Value: "two\n1", Place: at("dev/a.env", 4, 1)},
					{Name: "C", Value: "svc-x", Place: at("dev/a.env", 6, 3)},
					{Name: "H", Value: "host", FromHost: true, Place: at("dev/a.env", 7, 1)},
					{Name: "N", Unset: true, Place: at("dev/a.env", 8, 1)},
					{Name: "A", Value: "$A", Place: at("b.env", 1, 1)},
					{Name: "D", Value: "two\n1", Place: at("b.env", 2, 1)},
				},
				Environment: []Variable{{Name: "S", Value: "svc", Place: at("dev/c.yml", 10, 19)}},
			},
			problems: []Problem{
				{Kind: "missing-env-file", Message: "the env_file dev/lost.env is not there", Place: at("dev/c.yml", 7, 9)},
				{Kind: "outside", Message: "the env_file ../x.env is outside of the workspace", Place: at("dev/c.yml", 9, 9)},
			},
		},
		{
			name: "interpolation",
			files: map[string]string{
				".env": "TAG=1\nV=${TAG}.2\n",
				c:      "services:\n  app:\n    image: go:${V:-latest}-$$x\n    user: ${U:?no user}\n",
			},
			host: map[string]string{"TAG": "9"},
			want: Service{Place: app, Image: "go:9.2-$x", ImagePlace: at(c, 3, 12), User: "${U:?no user}"},
			problems: []Problem{
				{Kind: "missing-variable", Message: "required variable U is missing a value: no user", Place: at(c, 4, 11)},
			},
		},
		{
			name:  "what a variable of another machine would fill",
			files: map[string]string{c: "services:\n  app:\n    image: go\n    volumes:\n      - ${AGENT}:/agent\n      - :/x\n"},
			want:  Service{Place: app, Image: "go", ImagePlace: at(c, 3, 12)},
			problems: []Problem{
				{Kind: "missing-variable", Message: `want [source:]target[:mode], not ":/agent"`, Place: at(c, 5, 9)},
				{Kind: "syntax", Message: `want [source:]target[:mode], not ":/x"`, Place: at(c, 6, 9)},
			},
		},
		{
			name: "values of .env are where they are written",
			files: map[string]string{
				".env": "# x\nTAG=1.22\nU=dev\nGOFLAGS=-mod=mod\nH=dotenv\n",
				c: "services:\n  app:\n    image: golang:${TAG:-1.21}-$$x\n    user: $U\n    build:\n      args: {V: '${TAG}', W: '${TAG}${U}', TAG: }\n" +
					"    environment:\n      - GOFLAGS=${GOFLAGS}\n      - H=$H\n      - GONE=${GONE-x}\n",
			},
			host: map[string]string{"H": "host"},
			want: Service{
				Place: app, Image: "golang:1.22-$x", ImagePlace: at(c, 3, 12), User: "dev",
				Build: &Build{
					Context: ".", Args: map[string]string{"V": "1.22", "W": "1.22dev", "TAG": "1.22"},
					ArgPlaces: map[string]source.Place{"V": at(".env", 2, 1), "W": at(c, 6, 27), "TAG": at(".env", 2, 1)}, Place: at(c, 5, 5),
				},
				Environment: []Variable{
					{Name: "GOFLAGS", Value: "-mod=mod", Place: at(".env", 4, 1)},
					{Name: "H", Value: "host", Place: at(c, 9, 9)},
					{Name: "GONE", Value: "x", Place: at(c, 10, 9)},
				},
			},
		},
		{
			name: "include, each with a folder and variables of its own",
			files: map[string]string{
				".env":         "OUTER=o\n",
				c:              "include:\n  - one/c.yml\n  - path: [two/c.yml, two/over.yml]\n    project_directory: three\n    env_file: four.env\nservices:\n  app:\n    environment: {A: own}\n",
				"one/c.yml":    "services:\n  app:\n    build: .\n    image: one\n    environment: {A: one, B: '${OUTER}${INNER}', C: one}\n",
				"one/.env":     "INNER=i\nOUTER=never\n",
				"two/c.yml":    "services:\n  app:\n    volumes: ['.:/w']\n    user: $USERNAME\n    environment: {C: two}\n  other: {}\n",
				"two/over.yml": "services:\n  app:\n    environment: {D: over}\n",
				"four.env":     "USERNAME=four\n",
				"three/.env":   "USERNAME=never\n",
			},
			want: Service{
				Place: at(c, 7, 3), Image: "one", ImagePlace: at("one/c.yml", 4, 12), User: "four",
				Build:   &Build{Context: "one", Place: at("one/c.yml", 3, 5)},
				Volumes: []Volume{{Type: "bind", Source: "three", Target: "/w", Place: at("two/c.yml", 3, 15)}},
				Environment: []Variable{
					{Name: "C", Value: "two", Place: at("two/c.yml", 5, 19)},
					{Name: "D", Value: "over", Place: at("two/over.yml", 3, 19)},
					{Name: "A", Value: "one", Place: at("one/c.yml", 5, 19)},
					{Name: "B", Value: "oi", Place: at("one/c.yml", 5, 27)},
					{Name: "C", Value: "one", Place: at("one/c.yml", 5, 50)},
					{Name: "A", Value: "own", Place: at(c, 8, 19)},
				},
			},
		},
		{
			name: "a service of an included file alone, and extended",
			files: map[string]string{
				c:            "include: [in.yml]\nservices:\n  app:\n    extends: base\n    environment: [A]\n",
				"in.yml":     "include: [deep/d.yml]\nservices:\n  base: {user: b}\n",
				"deep/d.yml": "services:\n  base: {working_dir: /w}\n",
			},
			want: Service{Place: at(c, 3, 3), User: "b", WorkingDir: "/w", Environment: []Variable{{Name: "A", Unset: true, Place: at(c, 5, 19)}}},
		},
		{
			name: "include of what is not there, of itself, and from elsewhere",
			files: map[string]string{
				c:        "include:\n  - gone.yml\n  - in.yml\n  - ../out.yml\n  - {path: more.yml, env_file: gone.env}\n  - https://example.com/c.yml\n",
				"in.yml": "include: [c.yml]\n", "more.yml": "services: {}\n",
			},
			problems: []Problem{
				{Kind: "missing-file", Message: "gone.yml does not exist", Place: at(c, 2, 5)},
				{Kind: "outside", Message: "../out.yml is outside of the workspace", Place: at(c, 4, 5)},
				{Kind: "missing-env-file", Message: "open gone.env: file does not exist", Place: at(c, 5, 32)},
				{Kind: "syntax", Message: "c.yml includes itself", Place: at("in.yml", 1, 11)},
			},
		},
		{
			name: "build merged over files",
			files: map[string]string{
				"dev/c.yml": "services:\n  app:\n    build: ..\n",
				"over/d.yml": "services:\n  app:\n    build:\n      dockerfile: dev/Dockerfile\n      target: t\n      args:\n" +
					"        - A=1\n        - GONE\n        - H\n",
			},
			order: []string{"dev/c.yml", "over/d.yml"},
			host:  map[string]string{"H": "h"},
			want: Service{Place: at("dev/c.yml", 2, 3), Build: &Build{
				Context: ".", Dockerfile: "dev/Dockerfile", Target: "t", Args: map[string]string{"A": "1", "H": "h"},
				ArgPlaces: map[string]source.Place{
					"A": at("over/d.yml", 7, 11), "GONE": at("over/d.yml", 8, 11), "H": at("over/d.yml", 9, 11),
				},
				Place: at("over/d.yml", 3, 5), Targeted: at("over/d.yml", 5, 15),
			}},
		},
		{
			name:  "build context outside",
			files: map[string]string{c: "services:\n  app:\n    build:\n      context: ../x\n      dockerfile_inline: FROM a\n"},
			want:  Service{Place: app, Build: &Build{Context: "../x", Inline: "FROM a", Place: at(c, 3, 5)}},
			problems: []Problem{
				{Kind: "outside", Message: "the build context ../x is outside of the workspace", Place: at(c, 4, 16)},
			},
		},
		{
			name: "extends, another file with its own folder",
			files: map[string]string{
				c: "services:\n  app:\n    extends: {file: sub/base.yml, service: b}\n    cap_add: [X, Y]\n" +
					"    environment: {A: app}\n",
				"sub/base.yml": "services:\n  a:\n    build: ctx\n    cap_add: [X]\n  b:\n    extends: a\n" +
					"    environment: [A=b]\n",
			},
			want: Service{Place: app, Build: &Build{Context: "sub/ctx", Place: at("sub/base.yml", 3, 5)},
				CapAdd: []string{"X", "Y"}, Environment: []Variable{
					{Name: "A", Value: "b", Place: at("sub/base.yml", 7, 19)},
					{Name: "A", Value: "app", Place: at(c, 5, 19)},
				}},
		},
		{
			name: "extends in a circle, and of nothing",
			files: map[string]string{c: "services:\n  app:\n    extends: b\n    user: u\n  b:\n    extends: app\n" +
				"    working_dir: /w\n", "d.yml": "services:\n  app:\n    extends:\n      service: none\n"},
			order: []string{c, "d.yml"},
			want:  Service{Place: app, User: "u", WorkingDir: "/w"},
			problems: []Problem{
				{Kind: "syntax", Message: `the service "app" extends itself`, Place: at(c, 6, 14)},
				{Kind: "missing-service", Message: `no service "none" to extend in d.yml`, Place: at("d.yml", 4, 16)},
			},
		},
		{
			name: "volumes, the last of a target at the place of the first",
			files: map[string]string{
				"dev/c.yml": "services:\n  app:\n    volumes:\n      - ..:/w:cached\n      - data:/data\n      - /anon\n      - ~/x:/x\n",
				"d.yml":     "services:\n  app:\n    volumes:\n      - type: bind\n        source: .\n        target: /w\n",
			},
			order: []string{"dev/c.yml", "d.yml"},
			want: Service{Place: at("dev/c.yml", 2, 3), Volumes: []Volume{
				{Type: "bind", Source: "dev", Target: "/w", Place: at("d.yml", 4, 9)},
				{Type: "volume", Source: "data", Target: "/data", Place: at("dev/c.yml", 5, 9)},
				{Type: "volume", Target: "/anon", Place: at("dev/c.yml", 6, 9)},
				{Type: "bind", Source: "~/x", Target: "/x", Place: at("dev/c.yml", 7, 9)},
			}},
		},
		{
			name: "the rest of the fields",
			files: map[string]string{c: "services:\n  app:\n    privileged: true\n    security_opt: [seccomp=unconfined]\n" +
				"    profiles: [p]\n    command: sh -c \"sleep 1; x\" 'a b' ; no\n    entrypoint: []\n" +
				"    labels: [a=1, b]\n"},
			want: Service{Place: app, Privileged: true, SecurityOpt: []string{"seccomp=unconfined"},
				Profiles: []string{"p"}, Command: []string{"sh", "-c", "sleep 1; x", "a b"}, Entrypoint: []string{},
				Labels: map[string]string{"a": "1", "b": ""}},
		},
		{
			name: "!reset and !override",
			files: map[string]string{
				c:       "services:\n  app:\n    user: u\n    cap_add: [X]\n    environment: {A: 1, B: 2}\n",
				"d.yml": "services:\n  app:\n    user: !reset null\n    cap_add: !override [Y]\n    environment: {A: !reset null}\n",
			},
			order: []string{c, "d.yml"},
			want: Service{Place: app, CapAdd: []string{"Y"},
				Environment: []Variable{{Name: "B", Value: "2", Place: at(c, 5, 25)}}},
		},
		{
			name:  "missing file",
			files: map[string]string{c: "services:\n  app:\n    user: u\n"},
			order: []string{c, "gone.yml", "../x.yml"},
			want:  Service{Place: app, User: "u"},
			problems: []Problem{
				{Kind: "missing-file", Message: "open gone.yml: file does not exist", Place: source.Place{File: "gone.yml"}},
				{Kind: "outside", Message: "../x.yml is outside of the workspace", Place: source.Place{File: "../x.yml"}},
			},
		},
		{
			name:  "YAML error",
			files: map[string]string{c: "services:\n  app:\n    user: [\n"},
			problems: []Problem{{
				Kind: "syntax", Message: "did not find expected node content", Place: source.Place{File: c, Line: 4},
			}},
		},
		{
			name:  "missing service",
			files: map[string]string{c: "services:\n  b:\n    user: u\n  a: {}\n"},
			problems: []Problem{{
				Kind: "missing-service", Message: `no service "app"; there are: a, b`, Place: source.Place{File: c},
			}},
		},
		{
			name: "wrong types",
			files: map[string]string{c: "services:\n  app:\n    image: [a]\n    environment: x\n    cap_add: {a: b}\n" +
				"    privileged: maybe\n    volumes: [[]]\n"},
			want: Service{Place: app},
			problems: []Problem{
				{Kind: "syntax", Message: "want a text, not a list", Place: at(c, 3, 12)},
				{Kind: "syntax", Message: `want true or false, not "maybe"`, Place: at(c, 6, 17)},
				{Kind: "syntax", Message: "want a list, not a mapping", Place: at(c, 5, 14)},
				{Kind: "syntax", Message: "want a text or a mapping, not a list", Place: at(c, 7, 15)},
				{Kind: "syntax", Message: `want a list or a mapping, not "x"`, Place: at(c, 4, 18)},
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.order == nil {
				test.order = []string{c}
			}
			test.want.Name = "app"
			got, problems := Read(workspace(test.files), test.order, "app", test.host)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(test.problems, problems); diff != "" {
				t.Errorf("problems -want +got:\n%s", diff)
			}
		})
	}
}

// What is made to exhaust memory or time ends with a problem.
func TestReadLimits(t *testing.T) {
	doubles := "A=" + strings.Repeat("x", 9999) + "\n"
	for name := 'B'; name <= 'Z'; name++ {
		doubles += fmt.Sprintf("%c=$%c$%c\n", name, name-1, name-1)
	}
	keys := ""
	for i := range 200 {
		keys += fmt.Sprintf("k%d: 1, ", i)
	}
	for name, files := range map[string]map[string]string{
		"merges":  {"c.yml": "k: &k {" + keys + "}\nx:\n  <<: [" + strings.Repeat("*k, ", 2000) + "]\n"},
		"alias":   {"c.yml": "services: &a\n  app: *a\n"},
		"self":    {"c.yml": "services: {app: {environment: &a [*a]}}\n"},
		"nodes":   {"c.yml": "[" + strings.Repeat("a,", maxNodes) + "]"},
		"include": {"c.yml": "include: [" + strings.Repeat("a.yml, ", 150) + "]\nservices: {app: {}}\n", "a.yml": "include: [b.yml, b.yml]\n", "b.yml": "{}\n"},
		"doubles": {".env": doubles, "c.yml": "services: {app: {}}\n"},
	} {
		if _, problems := Read(workspace(files), []string{"c.yml"}, "app", nil); len(problems) == 0 {
			t.Errorf("%s: no problem", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("services:\n  app:\n    extends: {file: d.yml, service: b}\n    environment: [A=$B, C]\n    env_file: a.env\n",
		"services: {b: {build: {args: {A: }}, volumes: ['.:/w', {type: bind, target: /x}], command: a 'b' c}}", "A=\"x\ny\" B='z'\nC\n")
	f.Add("x: &x {a: *x}\nservices: {<<: *x, app: !reset {}}\n---\nservices: {app: !override {env_file: [{path: a.env, format: raw}]}}", "", "#\nA")
	f.Add("include: [d.yml, {path: [d.yml, a.env], env_file: [a.env], project_directory: x}]\nservices: {app: {environment: [A, 'B=$A']}}", "include: [c.yml, d.yml]\nservices: {app: {image: 'x:${A}'}}", "A=$A\nB=${A-x}$A")
	f.Add("services: {app: {<<: [1], ? [] : 1, image: !!binary x, volumes: [':', ''], build: , labels: [=]}}", "[", "=")
	f.Fuzz(func(t *testing.T, first, second, env string) {
		files := workspace(map[string]string{"c.yml": first, "d.yml": second, "a.env": env, ".env": env})
		service, problems := Read(files, []string{"c.yml", "d.yml"}, "app", map[string]string{"B": "b"})
		for _, v := range append(service.Environment, service.EnvFile...) {
			if !v.Place.Known() || v.Place.Line == 0 {
				t.Errorf("%+v is nowhere", v)
			}
		}
		for _, p := range problems {
			if !p.Place.Known() {
				t.Errorf("%+v is nowhere", p)
			}
		}
	})
}
