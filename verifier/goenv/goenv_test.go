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
