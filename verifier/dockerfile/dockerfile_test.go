package dockerfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

// known are the images at hand.
var known = map[string]Base{
	"golang:1.22": {Env: []string{"PATH=/go/bin:/usr/local/go/bin:/bin", "GOPATH=/go"}, Workdir: "/go"},
	"onbuild":     {Env: []string{"PATH=/bin"}, OnBuild: []string{"ENV GOFLAGS=$F", "USER dev", "RUN true"}},
	"broken":      {OnBuild: []string{"FROM x", "ENV"}},
}

func build(text string, o Options) Build {
	o.Base = func(reference string) (Base, bool) {
		base, ok := known[reference]
		return base, ok
	}
	return Parse(source.File{Name: "Dockerfile", Text: text}).Build(o)
}

// environ shows the variables of a result as NAME=value place.
func environ(variables []Variable) []string {
	var all []string
	for _, v := range variables {
		line := v.Name + "=" + v.Value
		if v.Place.Known() {
			line += " " + span(v.Place)
		}
		if v.Unknown != "" {
			line += " ?"
		}
		for _, s := range v.Shadows {
			line += fmt.Sprintf(" < %s %s", s.Value, span(s.Place))
		}
		all = append(all, line)
	}
	return all
}

func span(p source.Place) string {
	if !p.Known() {
		return "base"
	}
	return fmt.Sprintf("%d:%d-%d:%d", p.Line, p.Column, p.EndLine, p.EndColumn)
}

func problems(b Build) []string {
	var all []string
	for _, p := range b.Problems {
		all = append(all, fmt.Sprintf("%s %s: %s", p.Kind, span(p.Place), p.Message))
	}
	return all
}

func TestPlacesOfVariables(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"one line", "FROM golang:1.22\nENV GOROOT=/a GOFLAGS=\"-x -v\"", []string{
			"PATH=/go/bin:/usr/local/go/bin:/bin", "GOPATH=/go", "GOROOT=/a 2:5-2:14", "GOFLAGS=-x -v 2:15-2:30",
		}},
		{"continued", "FROM scratch\n  ENV A=1 \\\n# c\n\n\tB=2\\\n2 C=3", []string{
			"PATH=" + defaultPath, "A=1 2:7-2:10", "B=22 5:2-6:2", "C=3 6:3-6:6",
		}},
		{"old form", "FROM scratch\nENV A  b c  \nENV B x \\\n y\n", []string{
			"PATH=" + defaultPath, "A=b c 2:5-2:11", "B=x  y 3:5-4:3",
		}},
		{"shadows", "FROM golang:1.22\nENV GOPATH=/x\nENV GOPATH=$GOPATH/y GOPATH=/z", []string{
			"PATH=/go/bin:/usr/local/go/bin:/bin", "GOPATH=/z 3:22-3:31 < /x/y 3:5-3:21 < /x 2:5-2:14 < /go base",
		}},
		{"characters, not bytes", "FROM scratch\nENV Ä=ü B=€", []string{"PATH=" + defaultPath, "Ä=ü 2:5-2:8", "B=€ 2:9-2:12"}},
		{"byte order mark", "\uFEFFFROM scratch\nENV A=1", []string{"PATH=" + defaultPath, "A=1 2:5-2:8"}},
		{"carriage returns", "FROM scratch\r\nENV A=1 \\\r\n  B=2\r\n", []string{"PATH=" + defaultPath, "A=1 2:5-2:8", "B=2 3:3-3:6"}},
		{"stages", "FROM golang:1.22 AS Base\nENV A=1\nFROM base\nENV A=$A$A", []string{
			"PATH=/go/bin:/usr/local/go/bin:/bin", "GOPATH=/go", "A=11 4:5-4:11 < 1 2:5-2:8",
		}},
		{"triggers", "ARG F=-v\nFROM onbuild AS one\nONBUILD ENV X=1\nFROM one", []string{"PATH=/bin", "GOFLAGS=", "X=1 3:1-3:16"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, environ(build(test.text, Options{}).Env)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnknownBase(t *testing.T) {
	b := build("FROM nobody:1 AS one\nENV A=1 PATH=/x:${PATH}:$A\nENV B=$A C=\"$PATH\" D=${HOME:-/root} E='$F'\nWORKDIR sub\nFROM one\nENV PATH=/y", Options{})
	want := []string{
		"A=1 2:5-2:8", "PATH=/y 6:5-6:12 < /x:${PATH}:$A 2:9-2:27", "B=1 3:5-3:9", "C=/x:${PATH}:$A 3:10-3:19 ?", "D=${HOME:-/root} 3:20-3:36 ?", "E=$F 3:37-3:43",
	}
	if diff := cmp.Diff(want, environ(b.Env)); diff != "" {
		t.Error(diff)
	}
	if b.BaseKnown || b.Image != "nobody:1" || b.User != "" || b.UserUnknown == "" || b.Workdir != "sub" {
		t.Errorf("%+v", b)
	}
	if why := b.Stages[0].Env[1].Unknown; why != "$PATH may be set by nobody:1, whose configuration is not at hand" {
		t.Error(why)
	}
	if b := build("FROM nobody:1\nUSER dev\nWORKDIR /w\nWORKDIR x", Options{}); b.User != "dev" || b.UserUnknown != "" || b.Workdir != "/w/x" || span(b.UserPlace) != "2:1-2:9" {
		t.Errorf("%+v", b)
	}
}

func TestProblems(t *testing.T) {
	for _, test := range []struct {
		name, text string
		options    Options
		want       []string
	}{
		{"none", "FROM scratch\nENV A=${B:-c}", Options{}, nil},
		{"empty", "", Options{}, []string{"syntax 1:1-1:1: file with no instructions"}},
		{"comments alone", "# a\n# b\n", Options{}, []string{"syntax 2:1-2:4: file with no instructions"}},
		{"several", "FROM scratch\nENV A\nFOO x\nENV B=1\nENV C=1 oops\nUSER", Options{}, []string{
			"syntax 2:1-2:6: ENV must have two arguments",
			"syntax 3:1-3:6: unknown instruction: FOO",
			"syntax 5:1-5:13: a word has no =: every word must be of the form name=value",
			"syntax 6:1-6:5: USER requires exactly one argument",
		}},
		{"directive", "# escape=x\nFROM scratch\n", Options{}, []string{"syntax 1:1-1:11: invalid escape token 'x' does not match ` or \\"}},
		{"here document", "FROM scratch\nENV A=1\nRUN <<E\nx\n", Options{}, []string{"syntax 3:1-4:2: unterminated heredoc"}},
		{"empty from", "ARG A\nFROM  $A\nFROM --platform=$A x$A", Options{}, []string{
			"empty-from 2:7-2:9: FROM $A names no image: nothing gives its ARG a value",
			"syntax 3:20-3:23: --platform=$A is empty",
		}},
		{"from given", "ARG A\nFROM $A", Options{Args: map[string]string{"A": "scratch"}}, nil},
		{"target", "FROM scratch AS a", Options{Target: "b"}, []string{`unknown-stage base: target stage "b" could not be found; there are: a`}},
		{"stage in capitals", "FROM scratch AS a\nFROM A", Options{}, []string{"unknown-stage 2:6-2:7: FROM A is no stage: BuildKit knows the stage as a"}},
		{"copy", "FROM scratch\nCOPY --from=0 a b\nCOPY --from=image a b", Options{}, []string{
			`unknown-stage 2:1-2:18: cannot copy from stage "0": it needs to be defined before the current stage`,
		}},
		{"undefined", "FROM golang:1.22\nARG U\nENV A=1 B=$U$NOPE", Options{}, []string{"undefined-arg 3:9-3:18: nothing sets $NOPE: it expands to nothing"}},
		{"expansion", "FROM scratch\nENV A=${B:#x}\nUSER ${U:?nobody}", Options{}, []string{
			"unsupported-expansion 2:5-2:14: the builder refuses the expansion: unsupported modifier (:#) in substitution",
			"unsupported-expansion 3:1-3:18: the builder refuses the expansion: U: nobody",
		}},
		{"triggers", "FROM broken", Options{}, []string{
			"syntax 1:1-1:12: an ONBUILD instruction of the base is none", "syntax 1:1-1:12: an ONBUILD instruction of the base is none",
		}},
		{"before FROM", "RUN x\nFROM scratch", Options{}, []string{"syntax 1:1-1:6: no build stage in current context: only ARG may stand before the first FROM"}},
		{"legacy", "FROM scratch\nRUN --mount=type=cache,target=/x y", Options{Legacy: true}, []string{
			"needs-buildkit 2:1-2:35: the builder before BuildKit does not know here documents, RUN --mount and other newer flags",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, problems(build(test.text, test.options))); diff != "" {
				t.Error(diff)
			}
		})
	}
	if b := build("FROM scratch\nENV A\nENV B=1\nRUN <<E\n", Options{}); !slices.Contains(environ(b.Env), "B=1 3:5-3:8") {
		t.Errorf("what could be parsed is lost: %v", b.Env)
	}
}

func TestStages(t *testing.T) {
	b := build("ARG V=1.22\nFROM golang:${V} AS Tools\nFROM scratch AS unused\nFROM scratch\nCOPY --from=tools /a /b\nUSER $U\n", Options{})
	var got []string
	for _, s := range b.Stages {
		got = append(got, fmt.Sprintf("%q %s %s %d %s built %v known %v", s.Name, s.From, s.Image, s.Parent, span(s.ImagePlace), s.Built, s.Known))
	}
	want := []string{
		`"tools" golang:${V} golang:1.22 -1 2:6-2:17 built true known true`,
		`"unused" scratch scratch -1 3:6-3:13 built false known true`,
		`"" scratch scratch -1 4:6-4:13 built true known true`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if b.Target != 2 || b.Image != "scratch" || b.User != "" || b.Workdir != "/" {
		t.Errorf("%+v", b)
	}
}

func TestInstructions(t *testing.T) {
	b := build(`FROM golang:1.22
ARG GOFLAGS=-mod=mod OTHER=1
RUN go version
RUN go env
USER dev
WORKDIR src
SHELL ["/bin/bash", "-c"]
ENV GOFLAGS=-v
COPY --chown=1 a$OTHER b /c
RUN ["go", "build"]
ONBUILD RUN x
`, Options{Args: map[string]string{"OTHER": "2"}})
	var got []string
	for _, i := range b.Stages[0].Instructions {
		got = append(got, fmt.Sprintf("%s %q %q %s %s %v %q", i.Keyword, i.Words, i.Flags, i.User, i.Workdir, i.Shell, i.Env.List()))
	}
	first, last := `["GOFLAGS=-mod=mod" "GOPATH=/go" "PATH=/go/bin:/usr/local/go/bin:/bin"]`, `["GOFLAGS=-v" "GOPATH=/go" "PATH=/go/bin:/usr/local/go/bin:/bin"]`
	want := []string{
		`ARG ["GOFLAGS" "-mod=mod" "OTHER" "2"] [] root /go [] []`,
		`RUN [] [] root /go [] ` + first,
		`RUN [] [] root /go [] ` + first,
		`USER ["dev"] [] root /go [] []`,
		`WORKDIR ["src"] [] dev /go [] []`,
		`SHELL ["/bin/bash" "-c"] [] dev /go/src [] []`,
		`ENV ["GOFLAGS" "-v"] [] dev /go/src [/bin/bash -c] []`,
		`COPY ["a2" "b" "/c"] ["--chown=1"] dev /go/src [/bin/bash -c] []`,
		`RUN ["go" "build"] [] dev /go/src [/bin/bash -c] ` + last,
		`ONBUILD ["RUN x"] [] dev /go/src [/bin/bash -c] []`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"RUN x"}, b.OnBuild); diff != "" {
		t.Error(diff)
	}
	one, two := "-mod=mod", "1"
	args := []Arg{
		{Name: "GOFLAGS", Default: &one, Place: source.Place{File: "Dockerfile", Line: 2, Column: 5, EndLine: 2, EndColumn: 21}},
		{Name: "OTHER", Default: &two, Place: source.Place{File: "Dockerfile", Line: 2, Column: 22, EndLine: 2, EndColumn: 29}},
	}
	if diff := cmp.Diff(args, b.Args); diff != "" {
		t.Error(diff)
	}
}

func TestDeclared(t *testing.T) {
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
}

// TestLimits is about files that nobody writes but one who wants a verifier to hang.
func TestLimits(t *testing.T) {
	repeat := func(line string, n int) string { return "FROM scratch\n" + strings.Repeat(line, n) }
	var stages strings.Builder
	stages.WriteString("FROM scratch AS s0\n")
	for i := range 20000 {
		fmt.Fprintf(&stages, "ENV V%d=%d\n", i, i)
	}
	for i := range 3000 {
		fmt.Fprintf(&stages, "FROM s%d AS s%d\nENV A=%d\n", i, i+1, i)
	}
	for name, text := range map[string]string{
		"doubling":           "FROM scratch\nENV A=xxxxxxxx\n" + strings.Repeat("ENV A=$A$A\n", 60),
		"many big values":    "FROM scratch\nENV A=" + strings.Repeat("x", 60000) + "\n" + repeat("ENV B=$A$A$A$A$A$A$A$A$A$A\n", 300),
		"replacing":          "FROM scratch\nENV A=xxxxxxxx\n" + strings.Repeat("ENV A=$A$A\n", 16) + "ENV B=${A//x/" + strings.Repeat("y", 60000) + "}\n",
		"nested references":  "FROM scratch\nENV A=" + strings.Repeat("${a:-\\\n", 200000) + "\n",
		"nested here":        "FROM scratch\nRUN <<" + strings.Repeat("${a:-\\\n", 200000) + "\n",
		"nested triggers":    "FROM scratch\n" + strings.Repeat("ONBUILD ", 8000) + "\n",
		"nested over lines":  "FROM scratch\n" + strings.Repeat("ONBUILD \\\n", 100000) + "\n",
		"long line":          "FROM scratch\nENV A=" + strings.Repeat("x", 1<<20) + "\nENV B=1\n",
		"broken lines":       repeat("ENV A\n", 100000),
		"unknown lines":      repeat("FOO\n", 10000),
		"stages":             stages.String(),
		"one long continued": "FROM scratch\nENV " + strings.Repeat("A=1 \\\n", 50000) + "B=2\n",
		"one name":           repeat("ENV A=$A\n", 20000),
	} {
		t.Run(name, func(t *testing.T) {
			b := build(text, Options{})
			for _, v := range b.Env {
				if len(v.Value) > longestValue {
					t.Errorf("%s has %d bytes", v.Name, len(v.Value))
				}
			}
			if told := len(b.Problems) > 0; told == (name == "one long continued") {
				t.Errorf("%d problems", len(b.Problems))
			}
		})
	}
}

func TestRuler(t *testing.T) {
	for _, text := range []string{"", "a", "a\n", "ä€\n\n😀x\r\nb", "\xff\xfe\n\xe2\x82", "\uFEFFa\nb\n"} {
		file := source.File{Name: "f", Text: text}
		r := &ruler{lines: newLines(file)}
		for start := range len(text) + 1 {
			for end := start; end <= len(text); end++ {
				if diff := cmp.Diff(file.Place(start, end), r.place(start, end)); diff != "" {
					t.Errorf("%q [%d:%d]: %s", text, start, end, diff)
				}
			}
		}
	}
}

func FuzzBuild(f *testing.F) {
	f.Add("FROM a\nENV A=1 B=\"x y\" \\\n C=$A\n", "", true)
	f.Add("FROM a AS b\nFROM b AS b\nENV X y\n", "b", false)
	f.Add("# escape=`\nFROM golang:1.22\nARG A=`\n B=1\nRUN --mount=type=cache,target=/x a `\n# c\n 'b `\nc'", "", false)
	f.Add("FROM onbuild\nRUN <<E cat <<-F\na\nE\n\tb\n\tF\nWORKDIR ${A#x*}\nCOPY --from=0 a b\nLABEL a b", "0", true)
	f.Add("\uFEFFFROM a\r\nENV A \"b\r\nUSER $A", "", false)
	f.Fuzz(func(t *testing.T, text, target string, legacy bool) {
		file := Parse(source.File{Name: "f", Text: text})
		b := file.Build(Options{Target: target, Legacy: legacy, Args: map[string]string{"A": "b"}, Base: func(reference string) (Base, bool) {
			base, ok := known[reference]
			return base, ok
		}})
		count := strings.Count(text, "\n") + 1
		inside := func(what string, p source.Place) {
			if p.Known() && (p.Line < 1 || p.Column < 1 || p.EndLine > count || p.EndLine < p.Line || p.EndLine == p.Line && p.EndColumn < p.Column) {
				t.Errorf("%s is at %+v of %d lines", what, p, count)
			}
		}
		for _, p := range b.Problems {
			inside(p.Message, p.Place)
			if p.Stage >= len(b.Stages) {
				t.Errorf("%+v", p)
			}
		}
		for _, a := range b.Args {
			inside(a.Name, a.Place)
		}
		for _, s := range b.Stages {
			inside(s.From, s.Place)
			inside(s.From, s.ImagePlace)
			if s.Parent >= len(b.Stages) {
				t.Errorf("%+v", s)
			}
			for _, v := range s.Env {
				inside(v.Name, v.Place)
			}
			for _, i := range s.Instructions {
				inside(i.Keyword, i.Place)
				if lines := strings.Count(strings.TrimSuffix(i.Script, "\n"), "\n"); i.Script != "" && (i.Line < i.Place.Line || i.Line+lines > i.Place.EndLine) {
					t.Errorf("the script of %d lines is at line %d of %+v:\n%s", lines+1, i.Line, i.Place, i.Script)
				}
			}
		}
		for name, declared := range file.Env(target) {
			inside(name, declared.Place)
		}
		file.CLI(Options{Target: target})
	})
}

// BenchmarkBuild shows that the cost grows with the file and not faster.
func BenchmarkBuild(b *testing.B) {
	for _, lines := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("FROM golang:1.22\n")
			for i := range lines {
				fmt.Fprintf(&text, "ENV NAME_%d=value PATH_%d=/opt/%d:$PATH\n", i, i, i)
			}
			file := source.File{Name: "Dockerfile", Text: text.String()}
			var result Build
			for b.Loop() {
				result = Parse(file).Build(Options{Base: func(string) (Base, bool) { return known["golang:1.22"], true }})
			}
			if len(result.Env) != 2*lines+2 {
				b.Errorf("%d variables", len(result.Env))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
		})
	}
}
