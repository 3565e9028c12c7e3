package goenv

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

func TestLookup(t *testing.T) {
	layer := func(kind, value string) Layer { return Layer{Kind: kind, Set: map[string]string{"GOROOT": value}} }
	for name, test := range map[string]struct {
		layers    []Layer
		set       bool
		effective string
		origin    string
		shadows   string // kinds, strongest first
	}{
		"nobody":                  {},
		"default alone":           {layers: []Layer{layer(Default, "/d")}, effective: "/d", origin: Default},
		"environment over file":   {layers: []Layer{layer(Default, "/d"), layer(UserEnvFile, "/f"), layer(Image, "/i")}, set: true, effective: "/i", origin: Image, shadows: "go-env-file default"},
		"empty falls to the file": {layers: []Layer{layer(UserEnvFile, "/f"), layer(Image, "/i"), layer(RemoteEnv, "")}, set: true, effective: "/f", origin: UserEnvFile, shadows: "remoteEnv image"},
		"empty and no file":       {layers: []Layer{layer(Image, "/i"), layer(RemoteEnv, "")}, set: true, effective: "", origin: RemoteEnv, shadows: "image"},
		"unset by login files":    {layers: []Layer{layer(Default, "/d"), layer(Image, "/i"), {Kind: LoginFiles, Unset: []string{"GOROOT"}}}, effective: "/d", origin: Default, shadows: "image"},
		"unset and set again":     {layers: []Layer{layer(Image, "/i"), {Kind: LoginFiles, Unset: []string{"GOROOT"}}, layer(RemoteEnv, "/r")}, set: true, effective: "/r", origin: RemoteEnv, shadows: "image"},
		"the last of three":       {layers: []Layer{layer(Image, "/i"), layer(ContainerEnv, "/c"), layer(RemoteEnv, "/i")}, set: true, effective: "/i", origin: RemoteEnv, shadows: "containerEnv image"},
	} {
		got := View{Layers: test.layers}.Lookup("GOROOT")
		var shadows []string
		for _, s := range got.Shadows {
			shadows = append(shadows, s.Layer)
		}
		if got.Set != test.set || got.Effective != test.effective || got.Origin.Layer != test.origin || strings.Join(shadows, " ") != test.shadows {
			t.Errorf("%s: got set %v, effective %q of %q, shadows %v", name, got.Set, got.Effective, got.Origin.Layer, shadows)
		}
	}
}

// What is predicted from files has holes; a hole counts exactly where nothing known lies over it.
func TestLookupUnknown(t *testing.T) {
	set := func(kind, value string) Layer { return Layer{Kind: kind, Set: map[string]string{"GOROOT": value}} }
	hidden := func(kind string) Layer { return Layer{Kind: kind, Unknown: map[string]string{"GOROOT": "of the host"}} }
	unseen := func(kind string) Layer { return Layer{Kind: kind, Unseen: "no image"} }
	partly := Layer{Kind: RemoteEnv, Set: map[string]string{"GOROOT": "/x:${Y}"}, Unknown: map[string]string{"GOROOT": "${Y} is of the host"}}
	for name, test := range map[string]struct {
		layers  []Layer
		unknown string
		set     bool
		value   string
		origin  string
		shadows string
	}{
		"nobody, and all seen":                       {layers: []Layer{{Kind: Image}}},
		"nobody, and something not seen":             {layers: []Layer{unseen(Image)}, unknown: "no image"},
		"known over what is not seen":                {layers: []Layer{unseen(Image), set(ContainerEnv, "/c")}, set: true, value: "/c", origin: ContainerEnv},
		"not seen over known":                        {layers: []Layer{set(Image, "/i"), unseen(LoginFiles)}, unknown: "no image", set: true, value: "/i", origin: Image},
		"known, not seen, known":                     {layers: []Layer{set(Image, "/i"), unseen(LoginFiles), set(RemoteEnv, "/r")}, set: true, value: "/r", origin: RemoteEnv, shadows: Image},
		"unknown over known":                         {layers: []Layer{set(Image, "/i"), hidden(RemoteEnv)}, unknown: "of the host", set: true, origin: RemoteEnv, shadows: Image},
		"known over unknown":                         {layers: []Layer{hidden(Image), set(RemoteEnv, "/r")}, set: true, value: "/r", origin: RemoteEnv, shadows: Image},
		"unknown over what is not seen":              {layers: []Layer{unseen(Image), hidden(RemoteEnv)}, unknown: "of the host", set: true, origin: RemoteEnv},
		"not seen over unknown":                      {layers: []Layer{hidden(Image), unseen(LoginFiles)}, unknown: "no image", set: true, origin: Image},
		"known in part":                              {layers: []Layer{set(Image, "/i"), partly}, unknown: "${Y} is of the host", set: true, value: "/x:${Y}", origin: RemoteEnv, shadows: Image},
		"removed over unknown":                       {layers: []Layer{hidden(Image), {Kind: LoginFiles, Unset: []string{"GOROOT"}}}, shadows: Image},
		"removed, then not seen":                     {layers: []Layer{set(Image, "/i"), {Kind: LoginFiles, Unset: []string{"GOROOT"}}, unseen(RemoteEnv)}, unknown: "no image", shadows: Image},
		"a known say of a layer seen in part":        {layers: []Layer{{Kind: Image, Unseen: "no image", Set: map[string]string{"GOROOT": "/i"}}}, set: true, value: "/i", origin: Image},
		"unknown without a reason":                   {layers: []Layer{{Kind: Image, Unknown: map[string]string{"GOROOT": ""}}}, unknown: "not known", set: true, origin: Image},
		"environment over an unseen file":            {layers: []Layer{set(Default, "/d"), unseen(UserEnvFile), set(Image, "/i")}, set: true, value: "/i", origin: Image, shadows: Default},
		"empty environment over an unseen file":      {layers: []Layer{set(Default, "/d"), unseen(UserEnvFile), set(Image, "")}, unknown: "no image", set: true, value: "/d", origin: Default, shadows: Image},
		"removed environment over an unseen file":    {layers: []Layer{unseen(UserEnvFile), {Kind: Image, Unset: []string{"GOROOT"}}}, unknown: "no image"},
		"unseen environment over a default":          {layers: []Layer{set(Default, "/d"), unseen(Image)}, unknown: "no image", value: "/d", origin: Default},
		"unknown environment over a default":         {layers: []Layer{set(Default, "/d"), hidden(Image)}, unknown: "of the host", set: true, origin: Image, shadows: Default},
		"empty environment over an unknown default":  {layers: []Layer{hidden(Default), set(Image, "")}, unknown: "of the host", set: true, origin: Default, shadows: Image},
		"known file over an unknown default":         {layers: []Layer{hidden(Default), set(UserEnvFile, "/f")}, value: "/f", origin: UserEnvFile, shadows: Default},
		"empty environment, then one that says more": {layers: []Layer{hidden(Default), set(Image, ""), set(RemoteEnv, "/r")}, set: true, value: "/r", origin: RemoteEnv, shadows: "image default"},
	} {
		t.Run(name, func(t *testing.T) {
			view := View{Layers: test.layers}
			got := view.Lookup("GOROOT")
			var shadows []string
			for _, s := range got.Shadows {
				shadows = append(shadows, s.Layer)
			}
			if got.Unknown != test.unknown || got.Set != test.set || got.Effective != test.value || got.Origin.Layer != test.origin || strings.Join(shadows, " ") != test.shadows {
				t.Errorf("got %+v", got)
			}
			if _, declared := view.Goroot(); declared != (test.unknown == "" && test.value != "" && test.origin != Default) {
				t.Errorf("declared: %v", declared)
			}
			if value, ok := view.Environ()["GOROOT"]; test.unknown == "" && (ok != got.Set || value != got.Value) {
				t.Errorf("environment %q, %v; looked up %q, %v", value, ok, got.Value, got.Set)
			}
		})
	}
}

// Every say keeps which of several layers of one kind it is, and whose word it is.
func TestLookupNames(t *testing.T) {
	place := source.Place{File: "devcontainer.json", Line: 3, Column: 5}
	got := View{Layers: []Layer{
		{Kind: Image, Name: "golang:1.26", Assumed: "a table", Set: map[string]string{"PATH": "/usr/bin"}},
		{Kind: Feature, Name: "a", Set: map[string]string{"PATH": "/a"}, Places: map[string]source.Place{"PATH": place}},
		{Kind: Feature, Name: "b", Assumed: "another table", Set: map[string]string{"PATH": "/b"}},
	}}.Lookup("PATH")
	want := Value{
		Set: true, Value: "/b", Effective: "/b", Origin: Origin{Layer: Feature, Name: "b", Value: "/b", Assumed: "another table"},
		Shadows: []Origin{{Layer: Feature, Name: "a", Value: "/a", Place: place}, {Layer: Image, Name: "golang:1.26", Value: "/usr/bin", Assumed: "a table"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A variable that is not known is in no environment with the value that it had below.
func TestEnvironUnknown(t *testing.T) {
	got := View{Layers: []Layer{
		{Kind: Default, Set: map[string]string{"GOROOT": "/d"}},
		{Kind: Image, Set: map[string]string{"GOROOT": "/i", "PATH": "/usr/bin", "GOPATH": "/go"}},
		{Kind: RemoteEnv, Set: map[string]string{"PATH": "/x:${Y}"}, Unknown: map[string]string{"GOROOT": "of the host", "PATH": "of the host"}},
		{Kind: Extension, Unseen: "not run"},
	}}.Environ()
	if diff := cmp.Diff(Environ{"PATH": "/x:${Y}", "GOPATH": "/go"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOnly(t *testing.T) {
	layer := Layer{
		Kind: Feature, Name: "a", Assumed: "a table", Unseen: "in part",
		Set: map[string]string{"GOROOT": "/x", "TOKEN": "secret"}, Unset: []string{"GOBIN", "OTHER"},
		Unknown: map[string]string{"GOPATH": "of the host", "KEY": "secret"},
	}
	want := Layer{
		Kind: Feature, Name: "a", Assumed: "a table", Unseen: "in part",
		Set: map[string]string{"GOROOT": "/x"}, Unset: []string{"GOBIN"}, Unknown: map[string]string{"GOPATH": "of the host"},
	}
	if diff := cmp.Diff(want, layer.Only([]string{"GOROOT", "GOPATH", "GOBIN"})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDeclare(t *testing.T) {
	place := source.Place{File: "devcontainer.json", Line: 4, Column: 5}
	result := Environ{"SAME": "a", "NEW": "b", "STALE": "new", "SUB": "/x:/y"}
	layer := Difference(RemoteEnv, Environ{"SAME": "a", "GONE": "z"}, result)
	layer.Declare(map[string]Declaration{
		"SAME":  {Value: "a", Place: place},                       // set again to what it is: nobody can see that but from the file
		"NEW":   {Value: "b", Place: place},                       //
		"STALE": {Value: "old", Place: place},                     // the file says another value than the container has
		"SUB":   {Value: "/x:${containerEnv:PATH}", Place: place}, // substituted
		"OTHER": {Value: "not there", Place: place},
	}, result)
	want := Layer{
		Kind:   RemoteEnv,
		Set:    map[string]string{"SAME": "a", "NEW": "b", "STALE": "new", "SUB": "/x:/y"},
		Unset:  []string{"GONE"},
		Places: map[string]source.Place{"SAME": place, "NEW": place, "SUB": place},
	}
	if diff := cmp.Diff(want, layer); diff != "" {
		t.Error(diff)
	}
}

func TestParseBlock(t *testing.T) {
	env, malformed := ParseBlock([]byte("A=1\x00B=x=y\nz\x00=bad\x00novalue\x00A=2\x00EMPTY=\x00"))
	if diff := cmp.Diff(Environ{"A": "1", "B": "x=y\nz", "EMPTY": ""}, env); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"=bad", "novalue"}, malformed); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseBlock(f *testing.F) {
	f.Add([]byte("A=1\x00B=2\x00"))
	f.Add([]byte("\x00\x00=\x00==\x00A"))
	f.Fuzz(func(t *testing.T, block []byte) {
		env, _ := ParseBlock(block)
		again, malformed := ParseBlock([]byte(strings.Join(env.List(), "\x00")))
		if diff := cmp.Diff(env, again); diff != "" || len(malformed) > 0 {
			t.Errorf("not the same when read again: %s, malformed %q", diff, malformed)
		}
	})
}

func TestParseFile(t *testing.T) {
	layer := ParseFile(source.File{Name: "env", Text: "# comment\nGOROOT=/a\nlower=x\nGOFLAGS=-x=\"a b\"\nGOROOT=/b\nNOVALUE\nGOBIN="})
	if diff := cmp.Diff(map[string]string{"GOROOT": "/b", "GOFLAGS": `-x="a b"`, "GOBIN": ""}, layer.Set); diff != "" {
		t.Error(diff)
	}
	if got, want := layer.Places["GOROOT"].String(), "env:5:1"; got != want {
		t.Errorf("GOROOT is at %s, want %s", got, want)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add("GOROOT=/x\n# c\nGOFLAGS=a=b")
	f.Fuzz(func(t *testing.T, text string) {
		file := source.File{Name: "env", Text: text}
		for name, place := range ParseFile(file).Places {
			lines := strings.Split(text, "\n")
			if place.Line > len(lines) || !strings.HasPrefix(lines[place.Line-1], name+"=") {
				t.Errorf("%s is not at %s of %q", name, place, text)
			}
		}
	})
}

func TestFindAssignment(t *testing.T) {
	files := []source.File{
		{Name: "/etc/profile", Text: "if x; then\n  PATH=\"/usr/bin\"\nfi\nexport PATH\n"},
		{Name: "/etc/profile.d/go.sh", Text: "# PATH=/no\nMYPATH=1\nexport GOFLAGS=-x PATH=/a:$PATH; echo\n"},
		{Name: "~/.profile", Text: "echo nothing\n"},
	}
	if place, ok := FindAssignment(files[1:], "PATH"); !ok || place.String() != "/etc/profile.d/go.sh:3:19" {
		t.Errorf("what adds: got %s, %v", place, ok)
	}
	place, ok := FindAssignment(files, "PATH")
	if !ok || place.String() != "/etc/profile:2:3" {
		t.Errorf("got %s, %v", place, ok)
	}
	if _, ok := FindAssignment(files, "GOROOT"); ok {
		t.Error("found what nobody assigns")
	}
}

func TestCompareVersions(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"go1.26.8", "1.26.8", 0}, {"1.9", "1.10", -1}, {"1.27rc1", "1.27.0", -1}, {"", "1.1", -1}, {"1.21", "1.21.0", -1}, {"junk", "1.1", -1},
		{"go1.26.8-corp", "go1.26.8", 0},
	} {
		if got := CompareVersions(test.a, test.b); got != test.want {
			t.Errorf("CompareVersions(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
	if got := Minor("go1.26.8"); got != "1.26" {
		t.Errorf("Minor: %q", got)
	}
}
