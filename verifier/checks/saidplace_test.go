package checks

import (
	"testing"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
)

func TestPlaceInWorkspace(t *testing.T) {
	for message, want := range map[string]string{
		`go.mod:5: unknown godebug "foo"`:                               "go.mod:5",
		`../go.mod:5: usage: godebug key=value`:                         "/workspaces/go.mod:5",
		`/workspaces/app/go.work:3: unknown godebug "foo"`:              "go.work:3",
		`./main.go:1:1: invalid //go:debug: missing key=value`:          "main.go:1:1",
		`vet: ./sub/main.go:1:12: undefined: x`:                         "sub/main.go:1:12",
		`/usr/local/go/src/fmt/print.go:3:8: package errors is not …`:   "",
		`../other/main.go:1:1: no`:                                      "",
		`/workspaces/apple/main.go:1:1: no`:                             "",
		`go: error loading go.mod:`:                                     "",
		`go: go.mod:5: no`:                                              "",
		`go.mod: 5: no`:                                                 "",
		`go.mod:0: no`:                                                  "",
		`compile: version "go1.25.3" does not match`:                    "",
		`go.mod:99999999999999999999: no`:                               "",
		`localhost:8080: connection refused`:                            "",
		"main.go:1:2: \n/usr/local/go/src/fmt/print.go:3:8: more of it": "main.go:1:2",
	} {
		if got := placeInWorkspace(message, "/workspaces/app").String(); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
	if got := placeInWorkspace("go.mod:5: x", "/").String(); got != "go.mod:5" {
		t.Errorf("in the root folder: %q", got)
	}
}

// What go says of the workspace's own files stands at their place, and so does what dcverify itself could not read.
func TestSaidPlaces(t *testing.T) {
	build := func(where, words string) *facts.Snapshot {
		return &facts.Snapshot{
			Workspace: facts.Workspace{Folder: "/workspaces/app"},
			Builds:    facts.Known([]facts.Build{{Views: []string{"remote"}, Where: where, Status: facts.Fails, Error: words, Steps: []facts.Step{{Name: "list"}}}}),
		}
	}
	for name, test := range map[string]struct {
		check    check.Check
		snapshot *facts.Snapshot
		want     string
	}{
		"a godebug line":         {buildProof, build("workspace", `go.mod:5: unknown godebug "foo"`), "go.mod:5"},
		"of the scratch module":  {buildProof, build("scratch", `go.mod:5: unknown godebug "foo"`), ""},
		"a line that go refuses": {viewUnknown, &facts.Snapshot{Problems: []string{"go.mod:5: usage: godebug key=value"}}, "go.mod:5"},
		"a file":                 {viewUnknown, &facts.Snapshot{Problems: []string{"the record /x is damaged: no"}}, ""},
	} {
		_, findings := check.Run([]check.Check{test.check}, test.snapshot)
		if len(findings) != 1 || findings[0].Location.String() != test.want {
			t.Errorf("%s: %+v, want one at %q", name, findings, test.want)
		}
	}
}
