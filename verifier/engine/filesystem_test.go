package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResolve(t *testing.T) {
	files := map[string]entry{
		"/usr/bin/go":                {content: []byte("x")},
		"/bin":                       {link: "usr/bin"},   // usr-merge, relative
		"/sbin":                      {link: "/usr/sbin"}, // and absolute
		"/usr/sbin":                  {link: "bin"},
		"/usr/bin/gofmt":             {link: "../lib/go/bin/gofmt"}, // Debian: a link in a path of links
		"/usr/lib/go":                {link: "go-1.19"},
		"/usr/lib/go-1.19":           {},
		"/usr/lib/go-1.19/bin/gofmt": {content: []byte("x")},
		"/loop":                      {link: "loop"},
		"/ping":                      {link: "/pong"},
		"/pong":                      {link: "ping"},
		"/up":                        {link: "../../../../usr/bin/go"}, // out of the image and back
		"/upper":                     {link: "/../.."},
		"/broken":                    {link: "/nowhere/at/all"},
		"/through":                   {link: "/usr/bin/go/x"},
		"/self":                      {link: "."},
		"/deep/a/b":                  {content: []byte("x")},
		"/deep/c":                    {link: "a/../a"},
	}
	long := "/l40"
	for i := range 41 {
		files[fmt.Sprintf("/l%d", i)] = entry{link: fmt.Sprintf("l%d", i-1)}
	}
	files["/l0"] = entry{link: "usr"}
	for name, test := range map[string]struct {
		real    string
		through string
		why     string
	}{
		"/":                            {real: "/"},
		"/usr/bin/go":                  {real: "/usr/bin/go", through: "/usr /usr/bin"},
		"//usr/./bin//go":              {real: "/usr/bin/go", through: "/usr /usr/bin"},
		"/bin/go":                      {real: "/usr/bin/go", through: "/usr /usr/bin"},
		"/sbin/go":                     {real: "/usr/bin/go"},
		"/usr/bin/../../bin/go":        {real: "/usr/bin/go"},
		"/bin/../lib":                  {real: "/usr/lib"}, // .. is that of where the link leads
		"/bin/gofmt":                   {real: "/usr/lib/go-1.19/bin/gofmt"},
		"/up":                          {real: "/usr/bin/go"},
		"/upper/usr/bin/go":            {real: "/usr/bin/go"},
		"/../../usr":                   {real: "/usr"},
		"/self/self/usr":               {real: "/usr"},
		"/deep/c/b":                    {real: "/deep/a/b"},
		"/l39":                         {real: "/usr"},
		"/nope":                        {why: "it does not exist"},
		"/usr/nope/deeper":             {why: "it does not exist"},
		"/usr/bin/go/x":                {why: "it does not exist: /usr/bin/go is no folder"},
		"/broken":                      {why: "it is a broken link: there is no /nowhere"},
		"/through":                     {why: "it does not exist: /usr/bin/go is no folder"},
		"/loop":                        {why: "it is a link that leads back to itself"},
		"/ping/x":                      {why: "it is a link that leads back to itself"},
		"bin/go":                       {why: "it is no absolute path"},
		"":                             {why: "it is no absolute path"},
		"/" + strings.Repeat("x", 300): {why: "it does not exist"},
		"/nul\x00":                     {why: "it does not exist"},
	} {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprintf("%.30q raw=%v", name, raw), func(t *testing.T) {
				fake := newFake(t, files)
				fake.raw = raw
				fake.name, fake.gone = "c", false
				defer func() { fake.gone = true }()
				at, err := newFileSystem(fake, "c").resolve(t.Context(), name)
				if test.why != "" {
					problem, ok := errors.AsType[*unreadable](err)
					if !ok || problem.why != test.why {
						t.Errorf("error %v, want %q", err, test.why)
					}
					return
				}
				if err != nil || at.real != test.real {
					t.Errorf("%q, %v; want %q", at.real, err, test.real)
				}
				if through := strings.Join(at.through, " "); test.through != "" && through != test.through {
					t.Errorf("went through %q, want %q", through, test.through)
				}
			})
		}
	}
	fake := newFake(t, files)
	fake.raw, fake.name = true, "c"
	defer func() { fake.gone = true }()
	if _, err := newFileSystem(fake, "c").resolve(t.Context(), long); err == nil {
		t.Errorf("followed 41 links")
	}
}

func TestOwnerReadsNoTree(t *testing.T) {
	fake := newFake(t, map[string]entry{"/go": {mode: 0o3777, uid: 5, gid: 6}, "/go/large": {content: make([]byte, 1<<20)}})
	fake.name = "c"
	defer func() { fake.gone = true }()
	read := 0
	fake.body = func(_ string, archive []byte) []byte {
		read = len(archive)
		return archive[:512] // a reader that wants more than the first header meets the end of the file
	}
	f := newFileSystem(fake, "c")
	for range 2 {
		got, err := f.owner(t.Context(), "/go")
		if err != nil || !cmp.Equal(got, owned{uid: 5, gid: 6, mode: 0o3777}, cmp.AllowUnexported(owned{})) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if read < 1<<20 || len(fake.calls) != 1 {
		t.Errorf("archive of %d bytes, calls %q", read, fake.calls)
	}
	n, err := f.lstat(t.Context(), "/go")
	if err != nil || n.mode&fs.ModeDir == 0 {
		t.Errorf("%+v, %v", n, err)
	}
}
