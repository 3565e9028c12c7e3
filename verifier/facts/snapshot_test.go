package facts

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/program"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// filler puts another value into every field, so that a field which JSON loses shows, also one that is added tomorrow.
type filler struct {
	t    *testing.T
	next int64
	open []reflect.Type // structs that are being filled: a tree ends where it would begin again
}

var all = []cmp.Option{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmpopts.IgnoreFields(Build{}, "Binary"), // means nothing once the snapshot has been taken
}

func (f *filler) fill(v reflect.Value) {
	f.next++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(f.next, f.next).UTC()))
		return
	}
	if get := v.MethodByName("Get"); v.MethodByName("IsFailed").IsValid() {
		f.fillPart(v, get)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("<ä & %d>\n", f.next))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(f.next)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.next) | 1<<31)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Struct:
		if slices.Contains(f.open, v.Type()) {
			return
		}
		f.open = append(f.open, v.Type())
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
		f.open = f.open[:len(f.open)-1]
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.fill(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(key)
			f.fill(value)
			v.SetMapIndex(key, value)
		}
	default:
		f.t.Fatalf("a snapshot holds a %s, which may not survive JSON", v.Type())
	}
}

// fillPart makes a known part through JSON, its fields being nobody's business, and looks at what came out.
func (f *filler) fillPart(v, get reflect.Value) {
	value := reflect.New(get.Type().Out(0))
	f.fill(value.Elem())
	text, err := json.Marshal(map[string]any{"known": value.Interface()})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := json.Unmarshal(text, v.Addr().Interface()); err != nil {
		f.t.Fatal(err)
	}
	got := v.MethodByName("Get").Call(nil)
	if diff := cmp.Diff(value.Elem().Interface(), got[0].Interface(), all...); diff != "" || !got[1].Bool() {
		f.t.Errorf("%s is not what it was:\n%s", v.Type(), diff)
	}
}

func TestSnapshotJSON(t *testing.T) {
	full := new(Snapshot)
	(&filler{t: t}).fill(reflect.ValueOf(full).Elem())
	mixed := &Snapshot{
		EnvFile: Absent[EnvFile]("GOENV=off"), Shells: Failed[[]Shell]("denied"), Builds: Known([]Build{}),
		Go: map[string]Part[GoCommand]{goenv.RemoteView: Absent[GoCommand]("no go in PATH="), goenv.ToolsView: Failed[GoCommand]("late")},
	}
	for name, snapshot := range map[string]*Snapshot{"full": full, "mixed": mixed, "empty": {}} {
		t.Run(name, func(t *testing.T) {
			text, err := json.MarshalIndent(snapshot, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			again := new(Snapshot)
			if err := json.Unmarshal(text, again); err != nil {
				t.Fatal(err)
			}
			second, err := json.MarshalIndent(again, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(text), string(second)); diff != "" {
				t.Errorf("-first +second:\n%s", diff)
			}
			if name != "full" {
				return // a part that nobody filled in says "not gathered" for itself once it was written
			}
			if diff := cmp.Diff(snapshot, again, all...); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
}

func TestSnapshotQuestions(t *testing.T) {
	snapshot := &Snapshot{
		Views: []goenv.View{{Name: goenv.RemoteView, Layers: []goenv.Layer{{Kind: goenv.Process, Set: map[string]string{"GOROOT": "/go"}}}}},
		Trees: map[string]goenv.Tree{"/usr/lib/go": {Real: "/usr/lib/go-1.26"}, "/gone": {}},
		Builds: Known([]Build{
			{Views: []string{goenv.LoginView}, Where: "scratch", Go: "login"},
			{Views: []string{goenv.TerminalView, goenv.ToolsView}, Where: "scratch", Go: "tools"},
			{Views: []string{goenv.ToolsView}, Where: "workspace", Go: "listing"},
		}),
	}
	if got := snapshot.View(goenv.RemoteView).Environ()["GOROOT"]; got != "/go" {
		t.Errorf("GOROOT of the remote view is %q", got)
	}
	if got := snapshot.View(goenv.ImageView); got.Name != goenv.ImageView || got.Unknown == "" {
		t.Errorf("a view that is not there: %+v", got)
	}
	for _, test := range []struct{ view, where, want string }{
		{goenv.LoginView, "scratch", "login"},
		{goenv.ToolsView, "scratch", "tools"},
		{goenv.ToolsView, "workspace", "listing"},
		{goenv.LoginView, "workspace", ""},
	} {
		build, ok := snapshot.BuildOf(test.view, test.where)
		if build.Go != test.want || ok != (test.want != "") {
			t.Errorf("the %s build of %s is %+v, %v", test.where, test.view, build, ok)
		}
	}
	if _, ok := new(Snapshot).BuildOf(goenv.ToolsView, "scratch"); ok {
		t.Error("a build of nothing")
	}
	for root, want := range map[string]string{"/usr/lib/go": "/usr/lib/go-1.26", "/gone": "/gone", "/never/seen": "/never/seen"} {
		if got := snapshot.RealRoot(root); got != want {
			t.Errorf("%s really is %s, want %s", root, got, want)
		}
	}
}

func TestSwitched(t *testing.T) {
	const toolchain = "/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/bin"
	for _, test := range []struct {
		extension Part[Extension]
		view      string
		want      bool
	}{
		{Known(Extension{Prefix: toolchain}), goenv.TerminalView, true},
		{Known(Extension{Prefix: toolchain}), goenv.ToolsView, true},
		{Known(Extension{Prefix: toolchain}), goenv.RemoteView, false}, // the editor's PATH goes nowhere else
		{Known(Extension{Prefix: "/usr/local/go/bin", Go: vscode.Found{Path: "/usr/local/go/bin/go"}}), goenv.ToolsView, false},
		{Absent[Extension]("an image is not started"), goenv.ToolsView, false},
	} {
		snapshot := &Snapshot{Extension: test.extension, Go: map[string]Part[GoCommand]{test.view: Known(GoCommand{Binary: program.File{Path: "x"}})}}
		if got := snapshot.Switched(test.view); got != test.want {
			t.Errorf("%s with %+v: %v", test.view, test.extension, got)
		}
	}
}
