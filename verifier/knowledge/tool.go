package knowledge

import (
	_ "embed"
	"go/version"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Tool is a tool that dcverify knows the versions of.
type Tool struct {
	Module string `json:"module"`
	Latest string `json:"latest"` // of the table
	Source string `json:"source"`
}

//go:embed gopls-go-min.tsv
var goplsText string

//go:generate go run ../../test/tooltable tools.tsv
//go:embed tools.tsv
var toolText string

const (
	goplsModule = "golang.org/x/tools/gopls"
	delveModule = "github.com/go-delve/delve"
	delveBefore = "github.com/derekparker/delve" // the name until 2019
)

// release is a version with the go line of its go.mod, which may be empty, and its day where the table has it.
type release struct{ version, goes, day string }

type module struct {
	path     string
	releases []release // ascending
	whole    bool      // every release is listed; else only those where the go line changes, and the newest
	source   string
}

var modules = sync.OnceValue(func() map[string]*module {
	out := map[string]*module{}
	add := func(path, source string, whole bool, r release) {
		m := out[path]
		if m == nil {
			m = &module{path: path, source: source, whole: whole}
			out[path] = m
		}
		m.releases = append(m.releases, r)
	}
	for _, row := range rows(goplsText) {
		version := strings.TrimPrefix(row[0], "gopls/")
		add(goplsModule, "golang/tools gopls/go.mod and README.md, 2026-11", true, release{version, supportedBy(version, row[2]), row[1]})
	}
	for _, row := range rows(delveText) {
		if strings.HasPrefix(row[0], "v") {
			add(delveModule, "go-delve/delve go.mod, 2026-11", true, release{version: row[0], goes: row[3]})
		}
	}
	for _, row := range rows(toolText) {
		add(row[0], "go.mod of "+row[0]+", 2026-11", false, release{row[1], row[2], row[3]})
	}
	for _, m := range out {
		slices.SortFunc(m.releases, func(a, b release) int { return compareVersions(a.version, b.version) })
	}
	out[delveBefore] = out[delveModule]
	return out
})

// supportedBy is the oldest Go that a gopls of before 1.21 was built and tested with, by the table in its README: until then a
// newer go line was no refusal, and named a Go that was not out yet.
func supportedBy(gopls, line string) string {
	if strings.HasPrefix(gopls, "v0.15.") {
		return "1.19" // 1.18 ends with v0.14.2, whatever the go line says: it uses atomic.Int64
	}
	for _, support := range []struct{ last, least string }{{"v0.7.5", "1.12"}, {"v0.9.5", "1.13"}, {"v0.11.0", "1.16"}} {
		if compareVersions(gopls, support.last) <= 0 {
			if version.Compare("go"+line, "go"+support.least) < 0 {
				return line
			}
			return support.least
		}
	}
	return line
}

// successor is what follows the last release that has a command.
type successor struct {
	last   string   // of the module that had it
	module string   // that @latest finds since; empty where @latest fails
	newest *release // of that one
}

// gone is commands that newer releases of their module no longer have (x/tools moved some into modules of their own, whose
// only releases are marked deprecated) and modules that were renamed, so that the old path fits old releases alone.
var gone = map[string]successor{
	"golang.org/x/tools/cmd/godoc":    {"v0.36.0", "golang.org/x/tools/cmd/godoc", &release{version: "v0.1.0-deprecated", goes: "1.24.0"}},
	"golang.org/x/tools/cmd/guru":     {"v0.19.0", "golang.org/x/tools/cmd/guru", &release{version: "v0.1.1-deprecated", goes: "1.19"}},
	"golang.org/x/tools/cmd/gorename": {"v0.25.1", "golang.org/x/tools/cmd/gorename", &release{version: "v0.1.0-deprecated", goes: "1.22.0"}},
	"golang.org/x/tools/cmd/getgo":    {"v0.18.0", "golang.org/x/tools/cmd/getgo", &release{version: "v0.1.0-deprecated", goes: "1.18"}},
	"golang.org/x/tools/cmd/cover":    {"v0.5.0", "golang.org/x/tools/cmd/cover", &release{version: "v0.1.0-deprecated", goes: "1.18"}},
	"github.com/cosmtrek/air":         {last: "v1.52.1"},
}

// moduleOf is the module that holds an import path: the longest known path that it lies in.
func moduleOf(importPath string) *module {
	known := modules()
	for path := strings.TrimSuffix(importPath, "/..."); path != ""; {
		if m := known[path]; m != nil {
			return m
		}
		at := strings.LastIndexByte(path, '/')
		if at < 0 {
			return nil
		}
		path = path[:at]
		// github.com/x/y/v3 is a module of its own, not a folder of github.com/x/y.
		if major.MatchString(importPath[at+1:]) && known[path] != nil {
			return nil
		}
	}
	return nil
}

var (
	major    = regexp.MustCompile(`^v[0-9]+(/|$)`)
	pseudo   = regexp.MustCompile(`[-.][0-9]{14}-[0-9a-f]{12}$`)
	semver   = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+incompatible)?$`)
	prefixed = regexp.MustCompile(`^v[0-9]+(\.[0-9]+)?$`)
)

// usable is the releases of a module that have the command.
func (m *module) usable(importPath string) []release {
	after, ok := gone[importPath]
	if !ok {
		return m.releases
	}
	end := len(m.releases)
	for end > 0 && compareVersions(m.releases[end-1].version, after.last) > 0 {
		end--
	}
	return m.releases[:end]
}

// ToolOf is what is known of the tool at an import path.
func ToolOf(importPath string) (Tool, bool) {
	m := moduleOf(importPath)
	if m == nil {
		return Tool{}, false
	}
	have := m.usable(importPath)
	if len(have) == 0 {
		return Tool{}, false
	}
	tool := Tool{Module: m.path, Latest: have[len(have)-1].version, Source: m.source}
	if after, ok := gone[importPath]; ok {
		tool.Latest = after.last
		if after.newest != nil {
			tool.Module, tool.Latest = after.module, after.newest.version
		}
	}
	return tool, true
}

// MinGo is the go line of the release that importPath@version names, empty where its go.mod has none. latest and the empty
// version are the newest of the table; v1 and v1.2 the newest of those. False where the table cannot tell: branches,
// commits, releases after it.
func MinGo(importPath, version string) (minGo, resolved string, ok bool) {
	m := moduleOf(importPath)
	if m == nil {
		return "", "", false
	}
	have := m.usable(importPath)
	if len(have) == 0 {
		return "", "", false
	}
	newest := have[len(have)-1]
	after, left := gone[importPath]
	if left {
		newest = release{version: after.last, goes: newest.goes}
	}
	switch {
	case left && (version == "" || version == "latest" || version == "upgrade"):
		if after.newest == nil {
			return "", "", false
		}
		return after.newest.goes, after.newest.version, true
	case left && after.newest != nil && version == after.newest.version:
		return after.newest.goes, version, true
	case version == "" || version == "latest" || version == "upgrade":
		return newest.goes, newest.version, true
	case pseudo.MatchString(version):
		for _, r := range have {
			if r.version == version {
				return r.goes, r.version, true
			}
		}
		return "", "", false
	case prefixed.MatchString(version):
		// A table with gaps cannot tell the newest of v1.2, except where that is its newest of all.
		for _, r := range slices.Backward(have) {
			if strings.HasPrefix(r.version, version+".") && !strings.Contains(r.version, "-") {
				if !m.whole && r != newest {
					return "", "", false
				}
				return r.goes, r.version, true
			}
		}
		return "", "", false
	case !semver.MatchString(version):
		return "", "", false
	}
	version = "v" + strings.TrimPrefix(version, "v")
	if compareVersions(version, newest.version) > 0 {
		return "", "", false
	}
	for _, r := range slices.Backward(have) {
		order := compareVersions(r.version, version)
		if order == 0 || order < 0 && !m.whole {
			return r.goes, version, true
		}
	}
	return "", "", false
}

// fresh is how long a release is news: its authors and its users still learn what it asks of them.
const fresh = 90 * 24 * time.Hour

// tablesMade is the day on which the newest releases were looked up last.
var tablesMade = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

// News is the day since which the releases of a tool ask for more than a Go, where that is younger than 90 days by the table.
// False where it is older, where the table has no days, and where no release fits.
func News(importPath, goVersion string) (day string, ok bool) {
	m := moduleOf(importPath)
	if m == nil {
		return "", false
	}
	have := m.usable(importPath)
	at := len(have)
	for at > 0 && !fits(have[at-1].goes, goVersion) {
		at--
	}
	if at == 0 || at == len(have) {
		return "", false
	}
	came, err := time.Parse(time.DateOnly, have[at].day)
	return have[at].day, err == nil && tablesMade.Sub(came) <= fresh
}

// NewestFitting is the newest release of the table that a Go can build by its go line. A Go that names no patch is the
// newest of its minor.
func NewestFitting(importPath, goVersion string) (string, bool) {
	m := moduleOf(importPath)
	goVersion = strings.TrimPrefix(goVersion, "go")
	if m == nil || !version.IsValid("go"+goVersion) {
		return "", false
	}
	for _, r := range slices.Backward(m.usable(importPath)) {
		if fits(r.goes, goVersion) {
			return r.version, true
		}
	}
	return "", false
}

func fits(line, goVersion string) bool {
	if line == "" {
		return true
	}
	want, have := "go"+line, "go"+goVersion
	if version.Lang(have) == have && version.Lang(want) == have {
		return true
	}
	return version.Compare(want, have) <= 0
}

// compareVersions orders versions as semver does, with or without the v; a missing number counts as 0.
func compareVersions(a, b string) int {
	split := func(v string) ([]string, string) {
		v, _, _ = strings.Cut(strings.TrimPrefix(v, "v"), "+")
		core, pre, _ := strings.Cut(v, "-")
		parts := strings.Split(core, ".")
		for len(parts) < 3 {
			parts = append(parts, "0")
		}
		return parts, pre
	}
	an, ap := split(a)
	bn, bp := split(b)
	for i := range 3 {
		if d := atoi(an[i]) - atoi(bn[i]); d != 0 {
			return d
		}
	}
	switch {
	case ap == bp:
		return 0
	case ap == "":
		return 1
	case bp == "":
		return -1
	}
	as, bs := strings.Split(ap, "."), strings.Split(bp, ".")
	for i := range min(len(as), len(bs)) {
		x, y := atoi(as[i]), atoi(bs[i])
		switch {
		case as[i] == bs[i]:
		case x >= 0 && y >= 0:
			return x - y
		case x >= 0:
			return -1
		case y >= 0:
			return 1
		default:
			return strings.Compare(as[i], bs[i])
		}
	}
	return len(as) - len(bs)
}

// Renamed is the present path of a tool whose module goes by another name now, so that its newest releases cannot be had
// under the old one.
func Renamed(importPath string) (now string, ok bool) {
	now, ok = map[string]string{"github.com/cosmtrek/air": "github.com/air-verse/air"}[importPath]
	return now, ok
}

// linterModules is golangci-lint's, the newer first.
var linterModules = []string{"github.com/golangci/golangci-lint/v2", "github.com/golangci/golangci-lint"}

// LinterGo is the minor version of the Go that a release of golangci-lint was built with: one more than its go line, for it supports
// two. False for releases before v1.60, which ran with any, and for what the table does not have.
func LinterGo(release string) (goVersion string, ok bool) {
	for _, path := range linterModules {
		if strings.HasPrefix(release, "v2.") != strings.HasSuffix(path, "/v2") || compareVersions(release, "v1.60.0") < 0 {
			continue
		}
		if line, _, ok := MinGo(path, release); ok && minor(line) > 0 {
			return "1." + strconv.Itoa(minor(line)+1), true
		}
	}
	return "", false
}

// LinterFor is the first release of golangci-lint that runs where go.mod asks for a Go.
func LinterFor(goVersion string) (release string, ok bool) {
	for _, path := range linterModules {
		for _, r := range slices.Backward(modules()[path].releases) {
			if minor(r.goes)+1 < minor(goVersion) {
				break
			}
			release, ok = r.version, true
		}
	}
	return release, ok
}
