package devcontainer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

func TestParse(t *testing.T) {
	text := `// a dev container
{
  "image": "x",
  "containerEnv": {
    "GOROOT": "/usr/local/go", // pinned
    /* ä */ "GOFLAGS": "-mod=mod"
  },
  "remoteEnv": {"PATH": "${containerEnv:PATH}:/x",},
}`
	file := source.File{Name: ".devcontainer/devcontainer.json", Text: text}
	got, err := Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	at := func(line, column, endColumn int) source.Place {
		return source.Place{File: file.Name, Line: line, Column: column, EndLine: line, EndColumn: endColumn}
	}
	want := Config{
		File: file.Name,
		ContainerEnv: map[string]goenv.Declaration{
			"GOROOT":  {Value: "/usr/local/go", Place: at(5, 5, 30)},
			"GOFLAGS": {Value: "-mod=mod", Place: at(6, 13, 34)},
		},
		RemoteEnv: map[string]goenv.Declaration{"PATH": {Value: "${containerEnv:PATH}:/x", Place: at(8, 17, 50)}},
		Settings:  file,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The reference CLI writes `-e NAME=${value}` in JavaScript; whatever stands there becomes the text that JavaScript makes
// of it.
func TestParseValues(t *testing.T) {
	for value, want := range map[string]string{
		`""`:           "",
		`"x"`:          "x",
		`"\u00e4\"\n"`: "ä\"\n",
		`null`:         "null",
		`true`:         "true",
		`false`:        "false",
		`0`:            "0",
		`-1.50`:        "-1.5",
		`8080`:         "8080",
		`1000000`:      "1000000",
		`123456789`:    "123456789",
		`1e3`:          "1000",
		`0.000001`:     "0.000001",
		`1e21`:         "1e+21",
		`"<&>"`:        "<&>",
	} {
		config, err := Parse(source.File{Name: "f", Text: `{"containerEnv": {"X": ` + value + `}, "remoteEnv": {"X": ` + value + `}}`})
		if err != nil {
			t.Fatal(err)
		}
		if container, remote := config.ContainerEnv["X"].Value, config.RemoteEnv["X"].Value; container != want || remote != want {
			t.Errorf("%s becomes %q and %q, want %q", value, container, remote, want)
		}
	}
}

func TestParseOddities(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want map[string]string // containerEnv; nil for an error
	}{
		"last of two counts":       {`{"containerEnv": {"A": "1", "A": "2"}}`, map[string]string{"A": "2"}},
		"last object counts":       {`{"containerEnv": {"A": "1"}, "containerEnv": {"B": "2"}}`, map[string]string{"B": "2"}},
		"none":                     {`{}`, map[string]string{}},
		"no object":                {`{"containerEnv": ["A"]}`, map[string]string{}},
		"null":                     {`{"containerEnv": null}`, map[string]string{}},
		"the file is no object":    {`[1]`, map[string]string{}},
		"names are case-sensitive": {`{"ContainerEnv": {"A": "1"}}`, map[string]string{}},
		"empty file":               {``, nil},
		"cut off":                  {`{"containerEnv": {`, nil},
		"two values":               {`{} {}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := Parse(source.File{Name: "devcontainer.json", Text: test.text})
			if (err != nil) != (test.want == nil) {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				if !strings.HasPrefix(err.Error(), "devcontainer.json: ") {
					t.Errorf("the error does not say where: %v", err)
				}
				return
			}
			got := map[string]string{}
			for name, declared := range config.ContainerEnv {
				got[name] = declared.Value
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestParseBuild(t *testing.T) {
	for name, test := range map[string]struct {
		text                      string
		dockerfile, target, probe string
	}{
		"build":   {`{"build": {"dockerfile": "../Dockerfile", "target": "dev"}}`, "../Dockerfile", "dev", ""},
		"of old":  {`{"dockerFile": "Dockerfile"}`, "Dockerfile", "", ""},
		"probe":   {`{"userEnvProbe": "none"}`, "", "", "none"},
		"nothing": {`{"image": "x", "build": {"dockerfile": 3}}`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := Parse(source.File{Name: "f", Text: test.text})
			if err != nil {
				t.Fatal(err)
			}
			if config.Dockerfile != test.dockerfile || config.Target != test.target || config.UserEnvProbe != test.probe {
				t.Errorf("got %q, %q, %q", config.Dockerfile, config.Target, config.UserEnvProbe)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"containerEnv": {"A": 1, /* c */ "B": null,}, "remoteEnv": {"PATH": "x"}}`)
	f.Add("\ufeff// x\n{\"remoteEnv\": {\"\": {}}}")
	f.Add(`{"containerEnv": [], "build": {"dockerfile": "d", "target": 1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		config, err := Parse(source.File{Name: "f", Text: text})
		if err != nil {
			return
		}
		lines := strings.Count(text, "\n") + 1
		for _, declarations := range []map[string]goenv.Declaration{config.ContainerEnv, config.RemoteEnv} {
			for name, declared := range declarations {
				if p := declared.Place; p.File != "f" || p.Line < 1 || p.EndLine < p.Line || p.EndLine > lines {
					t.Errorf("%q is at %+v", name, p)
				}
			}
		}
	})
}
