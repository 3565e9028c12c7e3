package dockerfile

import (
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/source"
)

func TestEnv(t *testing.T) {
	file := Parse(source.File{Name: "Dockerfile", Text: `# syntax=docker/dockerfile:1
FROM golang:1.26 AS Base
ENV GOROOT=/usr/local/go GOFLAGS="-x -v"
ENV GOPATH /go
FROM alpine AS other
ENV GOROOT=/other
FROM base
RUN <<END
ENV GOROOT=/heredoc
END
ENV PATH=/go/bin:$PATH \
    # a comment
    GOBIN=/go/bin
`})
	for _, test := range []struct{ target, name, value, place string }{
		{"", "GOROOT", "/usr/local/go", "Dockerfile:3:5"},
		{"", "GOFLAGS", "-x -v", "Dockerfile:3:26"},
		{"", "GOPATH", "/go", "Dockerfile:4:5"},
		{"", "PATH", "/go/bin:$PATH", "Dockerfile:11:5"},
		{"", "GOBIN", "/go/bin", "Dockerfile:13:5"},
		{"OTHER", "GOROOT", "/other", "Dockerfile:6:5"},
		{"base", "GOBIN", "", ""},
		{"nowhere", "GOROOT", "", ""},
	} {
		got := file.Env(test.target)[test.name]
		if got.Value != test.value || got.Place.String() != test.place {
			t.Errorf("target %q, %s: got %q at %s", test.target, test.name, got.Value, got.Place)
		}
	}
	if build := Parse(source.File{Name: "Dockerfile", Text: ""}).Build(Options{}); len(build.Problems) == 0 || build.Target != -1 {
		t.Errorf("an empty file is read without a word: %+v", build)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("FROM a\nENV A=1 B=\"x y\" \\\n C=$A\n")
	f.Add("FROM a AS b\nFROM b AS b\nENV X y\n")
	f.Add("# escape=`\nFROM a\nENV A=`\n B=1")
	f.Fuzz(func(t *testing.T, text string) {
		file := Parse(source.File{Name: "f", Text: text})
		lines := strings.Count(text, "\n") + 1
		for name, declared := range file.Env("") {
			if declared.Place.Line < 1 || declared.Place.EndLine > lines+1 {
				t.Errorf("%s is at %+v of %d lines", name, declared.Place, lines)
			}
		}
	})
}
