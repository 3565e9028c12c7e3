package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/resolve"
)

// tree is a case made of a workspace's files: bad/NAME/.devcontainer/devcontainer.json and whatever belongs to it. The file
// want of a bad one lists the findings, one a line: severity, file:line and a regexp of the message.
type tree struct {
	name  string
	isBad bool
	files fstest.MapFS
	want  []string
}

func trees(t *testing.T, archive *txtar.Archive) []tree {
	t.Helper()
	var list []tree
	for _, file := range archive.Files {
		kind, rest, _ := strings.Cut(file.Name, "/")
		name, inside, ok := strings.Cut(rest, "/")
		if !ok {
			continue
		}
		name = kind + "/" + name
		at := slices.IndexFunc(list, func(c tree) bool { return c.name == name })
		if at < 0 {
			at = len(list)
			list = append(list, tree{name: name, isBad: kind == "bad", files: fstest.MapFS{}})
		}
		if inside == "want" {
			list[at].want = strings.Split(strings.TrimSpace(string(file.Data)), "\n")
			continue
		}
		list[at].files[inside] = &fstest.MapFile{Data: file.Data}
	}
	return list
}

// host is the machine of every tree: it has no variables of its own.
var host = devcontainer.Host{Workspace: "/home/me/app", Config: "/home/me/app/.devcontainer/devcontainer.json"}

func (c tree) judge(t *testing.T, checked check.Check) {
	t.Helper()
	if c.isBad != (len(c.want) > 0) {
		t.Fatal("a bad tree wants findings, a good one none")
	}
	found := devcontainer.Find(c.files)
	if len(found) == 0 {
		t.Fatal("the tree has no devcontainer.json")
	}
	snapshot := resolve.Snapshot(c.files, resolve.Options{Config: found[0], Host: host})
	_, findings := check.Run([]check.Check{checked}, snapshot)
	var got []string
	for _, f := range findings {
		got = append(got, fmt.Sprintf("%s %s:%d %s", f.Severity, f.Location.File, f.Location.Line, f.Message))
		complete(t, f)
	}
	if len(got) != len(c.want) {
		t.Fatalf("got %d findings, want %d:\n%s", len(got), len(c.want), strings.Join(got, "\n"))
	}
	for i, want := range c.want {
		severity, rest, _ := strings.Cut(want, " ")
		place, message, _ := strings.Cut(rest, " ")
		pattern := "^" + severity + " " + regexp.QuoteMeta(place) + " (?:" + message + ")$"
		if !regexp.MustCompile(pattern).MatchString(got[i]) {
			t.Errorf("got  %s\nwant %s", got[i], want)
		}
	}
}
