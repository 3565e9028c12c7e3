package checks

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/program"
	"github.com/dcverify/dcverify/verifier/source"
)

// A case is a clean container in which something is changed.
type caseFacts struct {
	Layers  map[string]map[string]string // by kind of layer: what it sets
	Unset   map[string][]string          // by kind of layer: what it removes
	Places  map[string]source.Place      // by kind of layer: where it sets GOROOT or PATH
	Views   []string                     // the views of the target; all when empty
	Gos     map[string]program.File      // by view: the go that it finds, where it is not the clean one
	NoGo    map[string]string            // by view: why it finds none
	Hidden  map[string]string            // by view: why the view is not known
	Answers map[string]string            // by view: what `go env` says when it fails
	Missing map[string]string            // by view: the toolchain that the workspace asks for and that is not there
	Facts   json.RawMessage              // laid over the clean facts, as RFC 7386 says
	Want    []string                     // "severity: regexp of the message", in order; none for a good case
	Status  facts.Status                 // the outcome, where the findings do not say it
}

var cleanLayers = map[string]map[string]string{
	goenv.Default: {"GOPATH": "/home/dev/go", "GOROOT": "/usr/local/go", "GOTOOLCHAIN": "auto"},
	goenv.Image:   {"PATH": "/go/bin:/usr/local/go/bin:/usr/bin", "GOPATH": "/go"},
}

// layersOf is which kinds of layers make each view, lowest first.
var layersOf = map[string][]string{
	goenv.ImageView:     {goenv.Default, goenv.Image},
	goenv.ContainerView: {goenv.Default, goenv.UserEnvFile, goenv.Image, goenv.Dockerfile, goenv.Label, goenv.ContainerEnv},
	goenv.LoginView:     {goenv.Default, goenv.UserEnvFile, goenv.Image, goenv.Dockerfile, goenv.Label, goenv.ContainerEnv, goenv.LoginFiles},
	goenv.RemoteView:    {goenv.Default, goenv.UserEnvFile, goenv.Image, goenv.Dockerfile, goenv.Label, goenv.ContainerEnv, goenv.RemoteEnv},
	goenv.TerminalView:  {goenv.Default, goenv.UserEnvFile, goenv.Image, goenv.Dockerfile, goenv.Label, goenv.ContainerEnv, goenv.RemoteEnv, goenv.Extension},
	goenv.ToolsView:     {goenv.Default, goenv.UserEnvFile, goenv.Image, goenv.Dockerfile, goenv.Label, goenv.ContainerEnv, goenv.RemoteEnv, goenv.Extension, goenv.ToolsEnvVars},
}

func (c caseFacts) snapshot(t *testing.T) *facts.Snapshot {
	t.Helper()
	clean, err := os.ReadFile("cases/clean.json")
	if err != nil {
		t.Fatal(err)
	}
	var base, patch any
	if err := json.Unmarshal(clean, &base); err != nil {
		t.Fatal(err)
	}
	if len(c.Facts) > 0 {
		if err := json.Unmarshal(c.Facts, &patch); err != nil {
			t.Fatal(err)
		}
		base = mergePatch(base, patch)
	}
	text, err := json.Marshal(base)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := new(facts.Snapshot)
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(snapshot); err != nil {
		t.Fatal(err)
	}
	views := c.Views
	if views == nil {
		views = goenv.Views
	}
	snapshot.Go = map[string]facts.Part[facts.GoCommand]{}
	for _, name := range views {
		if why, ok := c.Hidden[name]; ok {
			snapshot.Views = append(snapshot.Views, goenv.View{Name: name, Unknown: why})
			snapshot.Go[name] = facts.Absent[facts.GoCommand](why)
			continue
		}
		view := goenv.View{Name: name}
		for _, kind := range layersOf[name] {
			layer := goenv.Layer{Kind: kind, Set: map[string]string{}, Unset: c.Unset[kind]}
			for name, value := range cleanLayers[kind] {
				layer.Set[name] = value
			}
			for name, value := range c.Layers[kind] {
				layer.Set[name] = value
			}
			if place, ok := c.Places[kind]; ok {
				layer.Places = map[string]source.Place{"GOROOT": place, "PATH": place}
			}
			view.Layers = append(view.Layers, layer)
		}
		snapshot.Views = append(snapshot.Views, view)
		if name == goenv.ImageView && snapshot.Target.Kind != "image" {
			continue
		}
		command := facts.GoCommand{Binary: program.File{Path: "/usr/local/go/bin/go", Executable: true, GoVersion: "go1.26.8"}, Root: "/usr/local/go"}
		if file, ok := c.Gos[name]; ok {
			command.Binary = file
			command.Root = strings.TrimSuffix(file.Path, "/bin/go")
		}
		command.Outside.Error, command.Missing = c.Answers[name], c.Missing[name]
		snapshot.Go[name] = facts.Known(command)
		if why, ok := c.NoGo[name]; ok {
			snapshot.Go[name] = facts.Absent[facts.GoCommand](why)
		}
	}
	return snapshot
}

// mergePatch is RFC 7386.
func mergePatch(base, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := base.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for name, change := range changes {
		if change == nil {
			delete(object, name)
			continue
		}
		object[name] = mergePatch(object[name], change)
	}
	return object
}

func readCase(t *testing.T, text []byte) caseFacts {
	t.Helper()
	var c caseFacts
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCases holds every check to its page: the bad cases give the findings they promise, the good ones give none.
func TestCases(t *testing.T) {
	for _, c := range All() {
		archive, err := caseFile(c)
		if err != nil {
			t.Error(err)
			continue
		}
		bad, good := 0, 0
		for _, tree := range trees(t, archive) {
			t.Run(c.Code+"/"+tree.name, func(t *testing.T) {
				if tree.isBad {
					bad++
				} else {
					good++
				}
				tree.judge(t, c)
			})
		}
		for _, file := range archive.Files {
			if strings.Count(file.Name, "/") > 1 {
				continue // of a tree
			}
			t.Run(c.Code+"/"+file.Name, func(t *testing.T) {
				isBad := strings.HasPrefix(file.Name, "bad/")
				if isBad {
					bad++
				} else {
					good++
				}
				example := readCase(t, file.Data)
				if isBad != (len(example.Want) > 0) {
					t.Fatal("a bad case wants findings, a good one none")
				}
				outcomes, findings := check.Run([]check.Check{c}, example.snapshot(t))
				var got []string
				for _, f := range findings {
					got = append(got, fmt.Sprintf("%s: %s", f.Severity, f.Message))
					complete(t, f)
				}
				if len(got) != len(example.Want) {
					t.Fatalf("got %d findings, want %d:\n%s", len(got), len(example.Want), strings.Join(got, "\n"))
				}
				for i, want := range example.Want {
					if !regexp.MustCompile("^(?:" + want + ")$").MatchString(got[i]) {
						t.Errorf("got  %s\nwant %s", got[i], want)
					}
				}
				if example.Status != "" && outcomes[0].Status != example.Status {
					t.Errorf("outcome %s (%s), want %s", outcomes[0].Status, outcomes[0].Reason, example.Status)
				}
			})
		}
		if bad == 0 || good == 0 {
			t.Errorf("%s has %d bad and %d good cases; it needs one of each", c.Code, bad, good)
		}
	}
}

// complete makes sure that a finding says everything that its readers need.
func complete(t *testing.T, f finding.Finding) {
	t.Helper()
	if f.Message == "" || f.Cause == "" || f.Fingerprint == "" || len(f.Fixes) == 0 || f.Fixes[0].Message == "" {
		t.Errorf("the finding is not complete: %+v", f)
	}
}

// TestCleanContainer asks everything of a container in which nothing is wrong.
func TestCleanContainer(t *testing.T) {
	outcomes, findings := check.Run(All(), caseFacts{}.snapshot(t))
	for _, f := range findings {
		t.Errorf("finding on a clean container: %s", f)
	}
	for _, o := range outcomes {
		if o.Status != facts.Passed && !strings.HasPrefix(o.Code, "DV4") { // those are asked of images
			t.Errorf("%s %s: %s", o.Code, o.Status, o.Reason)
		}
	}
}

// TestNothingKnown asks everything of a snapshot in which nothing could be learned: nothing may pass that claims to have
// proved something, and nothing may be found.
func TestNothingKnown(t *testing.T) {
	outcomes, findings := check.Run(All(), &facts.Snapshot{})
	for _, f := range findings {
		t.Errorf("finding out of nothing: %s", f)
	}
	for _, o := range outcomes {
		if o.Status == facts.Passed && slices.Contains([]string{"DV101", "DV105", "DV106", "DV110", "DV119", "DV401", "DV402", "DV601", "DV602", "DV603", "DV604", "DV605", "DV803"}, o.Code) {
			t.Errorf("%s passed although nothing is known", o.Code)
		}
	}
}

// TestCatalogue holds the list in order and complete.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	previous := ""
	for _, c := range All() {
		if c.Code <= previous {
			t.Errorf("%s comes after %s", c.Code, previous)
		}
		previous = c.Code
		for _, key := range []string{c.Code, c.Name} {
			if seen[key] || key == "" {
				t.Errorf("%q is empty or used twice", key)
			}
			seen[key] = true
		}
		if c.Summary == "" || c.Run == nil || len(c.Needs) == 0 || c.Scope == "" || c.Severity.Rank() < 0 {
			t.Errorf("%s is not complete: %+v", c.Code, c)
		}
		page, err := Page(c)
		if err != nil {
			t.Error(err)
		}
		for _, part := range []string{"What is wrong", "What you see", "Why", "Fix", "Reversible"} {
			if !strings.Contains(page, part+": ") {
				t.Errorf("the page of %s does not say %q", c.Code, part)
			}
		}
	}
	entries, err := cases.ReadDir("cases")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if code := strings.TrimSuffix(entry.Name(), ".txtar"); !seen[code] {
			t.Errorf("the page %s has no check", entry.Name())
		}
	}
}

var update = flag.Bool("update", false, "rewrite the generated parts of documents")

// TestReadme keeps the table of checks in the README what the catalogue says.
func TestReadme(t *testing.T) {
	const path, begin, end = "../../README.md", "<!-- checks: generated by go test ./verifier/checks -update -->\n", "<!-- end of checks -->"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	var table strings.Builder
	table.WriteString("| code | name | severity | scope | fails when |\n|---|---|---|---|---|\n")
	for _, c := range All() {
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s |\n", c.Code, c.Name, c.Severity, c.Scope, c.Summary)
	}
	want := before + begin + table.String() + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s is stale; run: go test ./verifier/checks -update", path)
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSelect(t *testing.T) {
	all := All()
	for _, test := range []struct {
		only, skip []string
		want       string // the codes, or the error
	}{
		{only: []string{"dv104", "goroot-valid"}, want: "DV103 DV104"},
		{only: []string{"DV104", "DV105"}, skip: []string{"DV104"}, want: "DV105"},
		{only: []string{"DV10"}, want: `there is no check "DV10"; did you mean DV101?`},
		{skip: []string{"goroot-vald"}, want: `there is no check "goroot-vald"; did you mean goroot-valid?`},
		{only: []string{"x"}, want: `there is no check "x" (dcverify checks lists them)`},
	} {
		selected, err := Select(all, test.only, test.skip)
		var got []string
		for _, c := range selected {
			got = append(got, c.Code)
		}
		text := strings.Join(got, " ")
		if err != nil {
			text = err.Error()
		}
		if text != test.want {
			t.Errorf("only %v, skip %v: got %q, want %q", test.only, test.skip, text, test.want)
		}
	}
}

func TestExplaining(t *testing.T) {
	for message, want := range map[string]string{
		`compile: version "go1.25.9" does not match go tool version "go1.26.2"`:               "DV105",
		`bash: go: command not found`:                                                         "DV119",
		`could not launch process: fork/exec /tmp/x: operation not permitted`:                 "DV603",
		`Version of Delve is too old for Go version go1.26.8 (maximum supported version 1.25`: "DV602",
		`package fmt is not in std (/opt/x/src/fmt)`:                                          "DV103",
	} {
		var codes []string
		for _, c := range Explaining(All(), message) {
			codes = append(codes, c.Code)
		}
		if !slices.Contains(codes, want) {
			t.Errorf("%q is explained by %v, want %s among them", message, codes, want)
		}
	}
}
