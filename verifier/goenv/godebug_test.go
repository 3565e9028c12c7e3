package goenv

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

const godebugTable = `package godebugs

var All = []Info{
	{Name: "asynctimerchan", Package: "time", Changed: 23, Old: "1"},
	{Name: "fips140", Package: "crypto/fips140", Opaque: true, Immutable: true},
	//{Name: "multipartfiles", Package: "mime/multipart"},
	{Name: "gocachehash", Package: "cmd/go"},
	{Name: "panicnil", Package: "runtime", Changed: 21, Old: "1"},
	{Name: "tls3des", Package: "crypto/tls", Changed: 23, Old: "1"},
}

var Removed = []RemovedInfo{
	{Name: "x509sha1", Removed: 24},
}
`

const godebugRuntime = `package runtime

var dbgvars = []*dbgVar{
	{name: "asynctimerchan", atomic: &debug.asynctimerchan},
	{name: "gctrace", value: &debug.gctrace, def: 1},
}
`

func TestSplitGodebug(t *testing.T) {
	want := []GodebugKey{{Name: "gctrace", Value: "1"}, {Name: " schedtrace", Value: "1=2"}, {Name: "bare", Bare: true}, {Name: "empty"}}
	if diff := cmp.Diff(want, SplitGodebug("gctrace=1, schedtrace=1=2,,bare,empty=")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := SplitGodebug(""); got != nil {
		t.Errorf("nothing has %+v", got)
	}
}

func TestReadGodebugs(t *testing.T) {
	table, runtime := source.File{Name: "table.go", Text: godebugTable}, source.File{Name: "runtime1.go", Text: godebugRuntime}
	got := ReadGodebugs(table, runtime)
	without, withTLS := map[string]bool{"time": true}, map[string]bool{"crypto/tls": true}
	for _, test := range []struct {
		name     string
		packages map[string]bool
		want     Effect
	}{
		{"gctrace", without, AtStart},
		{"asynctimerchan", without, AtStart}, // of package time, and read by the runtime
		{"panicnil", without, AtStart},
		{"fips140", without, AtStart},
		{"memprofilerate", without, AtStart},
		{"cpu.avx2", without, AtStart},
		{"gocachehash", without, ForGo},
		{"tls3des", without, Never},
		{"tls3des", nil, AtFirstUse}, // whoever does not know what is imported says nothing of it
		{"tls3des", withTLS, AtFirstUse},
		{"multipartfiles", without, Never},
		{"x509sha1", withTLS, Never},
	} {
		setting, ok := got.Find(test.name)
		if effect := setting.Effect(test.packages); !ok || effect != test.want {
			t.Errorf("%s: known %v, %s, want %s", test.name, ok, effect, test.want)
		}
	}
	if s, ok := got.Find("tls3dez"); ok {
		t.Errorf("tls3dez is %+v", s)
	}
	if removed, _ := got.Find("x509sha1"); removed.Removed != 24 {
		t.Errorf("%+v", removed)
	}
}

// Before Go 1.21 there was no table, and the variables of the runtime were written without names of fields.
func TestReadGodebugsOld(t *testing.T) {
	old := source.File{Name: "runtime1.go", Text: "package runtime\nvar dbgvars = []dbgVar{\n\t{\"allocfreetrace\", &debug.allocfreetrace},\n}\n"}
	got := ReadGodebugs(source.File{}, old)
	if s, ok := got.Find("allocfreetrace"); !ok || !s.Runtime || s.Package != "runtime" {
		t.Errorf("allocfreetrace is %+v, %v", s, ok)
	}
	if got := ReadGodebugs(source.File{}, source.File{Text: "no Go"}); got != nil {
		t.Errorf("nothing was read, and it holds %+v", got)
	}
}

func FuzzReadGodebugs(f *testing.F) {
	f.Add(godebugTable, godebugRuntime)
	f.Add("package p\nvar All = []Info{{1, 2}, {Name: x.y}, &a, {a.b: 1}}", "package p\nvar dbgvars, x = 1, 2")
	f.Add("package p\nvar All = []Info{{Name: \"a\"", "")
	f.Fuzz(func(t *testing.T, table, runtime string) {
		previous := ""
		for _, s := range ReadGodebugs(source.File{Name: "t", Text: table}, source.File{Name: "r", Text: runtime}) {
			if s.Name <= previous {
				t.Errorf("%q comes after %q", s.Name, previous)
			}
			previous = s.Name
			s.Effect(nil)
		}
	})
}
