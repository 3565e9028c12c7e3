//go:build linux

package gather

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/source"
)

func saidLines(lines []facts.GodebugLine) []string {
	var said []string
	for _, l := range lines {
		said = append(said, strings.TrimSpace(fmt.Sprintf("%s: %s=%s %s", l.Place, l.Name, l.Value, l.Program)))
	}
	return said
}

func TestModuleGodebugs(t *testing.T) {
	for name, test := range map[string]struct {
		file, text string
		want       []string
	}{
		"lines":     {"go.mod", "module m\n\ngo 1.24\n\ngodebug netdns=go // why\ngodebug (\n\tpanicnil=1\n\tdefault=go1.21\n)\n", []string{"go.mod:5:1: netdns=go", "go.mod:7:2: panicnil=1", "go.mod:8:2: default=go1.21"}},
		"workspace": {"go.work", "go 1.24\n\ngodebug netdns=go\n", []string{"go.work:3:1: netdns=go"}},
		"none":      {"go.mod", "module m\n", nil},
		"refused":   {"go.mod", "module m\ngodebug netdns=go\ngodebug panicnil\n", nil},
	} {
		if diff := cmp.Diff(test.want, saidLines(moduleGodebugs(source.File{Name: test.file, Text: test.text}))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func TestDirectives(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"before package": {"// Doc.\n\n//go:debug netdns=go\n//go:debug\tpanicnil = 1\n\npackage main // x\n", []string{"main.go:3:1: netdns=go", "main.go:4:1: panicnil = 1"}},
		"after package":  {"package main\n\n//go:debug netdns=go\n", nil},
		"a library's":    {"//go:debug netdns=go\npackage lib\n", nil},
		"others":         {"//go:debugger netdns=go\n//go:debug\n//go:debug netdns\n// go:debug a=b\n/*\n//go:debug c=d\n*/\npackage main\n", nil},
		"CRLF":           {"//go:debug netdns=go\r\npackage main\r\n", []string{"main.go:1:1: netdns=go"}},
		"no Go":          {"//go:debug netdns=go\n<html>", nil},
		"empty":          {"", nil},
	} {
		if diff := cmp.Diff(test.want, saidLines(directives(source.File{Name: "main.go", Text: test.text}))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func FuzzDirectives(f *testing.F) {
	f.Add("//go:debug netdns=go\n//line x.go:7\n//go:debug a=b\npackage main\n")
	f.Add("\uFEFF//go:debug a=b\r\npackage main")
	f.Fuzz(func(t *testing.T, text string) {
		for _, line := range directives(source.File{Name: "main.go", Text: text}) {
			if line.Place.Line < 1 || line.Place.Line > strings.Count(text, "\n")+1 || strings.Contains(line.Name, "=") {
				t.Errorf("%+v", line)
			}
		}
	})
}

// TestGodebugLinesOfWorkspace is about which files are read.
func TestGodebugLinesOfWorkspace(t *testing.T) {
	h := newHome(t)
	h.write("work/go.mod", "module m\n\ngodebug netdns=go\n")
	h.write("work/main.go", "//go:debug panicnil=1\npackage main\n")
	h.write("work/main_test.go", "//go:debug a=1\npackage main\n")
	h.write("work/main_windows.go", "//go:debug b=1\npackage main\n")
	h.write("work/tagged.go", "//go:build ignore\n\n//go:debug c=1\npackage main\n")
	h.write("work/cmd/a/a.go", "//go:debug d=1\npackage main\n")
	h.write("work/cmd/b/b.go", "//go:debug e=1\npackage main\n")
	g := h.gatherer()
	g.readModule()
	file, folder := h.workspace+"/cmd/a/a.go", h.workspace+"/cmd/a"
	all := []*debugged{{}, {Debuggee: facts.Debuggee{Program: h.workspace}}, {Debuggee: facts.Debuggee{Program: file}}, {Debuggee: facts.Debuggee{Program: folder}}, {Debuggee: facts.Debuggee{Program: "/nonexistent"}}}
	want := []string{"go.mod:3:1: netdns=go", "main.go:1:1: panicnil=1", "cmd/a/a.go:1:1: d=1 " + file}
	if diff := cmp.Diff(want, saidLines(g.godebugLines(all))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
