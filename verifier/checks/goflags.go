package checks

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/shell"
)

var goflagsValid = check.Check{
	Code: "DV121", Name: "goflags-valid", Severity: finding.Error, Scope: "SIC", Hard: true,
	Summary: "GOFLAGS cannot be parsed, asks for a vendor folder that is not there, or blinds the debugger",
	Needs:   []facts.Need{facts.Environment, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		skipUnknown(p, "GOFLAGS")
		for _, s := range declaredValues(p, "GOFLAGS") {
			report := func(severity finding.Severity, upstream, fix, format string, args ...any) {
				p.Report(finding.Finding{
					Severity: severity,
					Message:  fmt.Sprintf("GOFLAGS=%s: %s (view %s)", s.Effective, fmt.Sprintf(format, args...), list(s.views)),
					Location: s.Origin.Place,
					Cause:    "it is set by " + said(s.Origin) + ", and every go command reads it",
					Evidence: map[string]string{"GOFLAGS": s.Effective, "views": list(s.views), "setBy": s.Origin.Layer},
					Upstream: []string{upstream},
					Fixes:    []finding.Fix{{Message: fix, Safe: true}},
				}, upstream, s.Origin.Layer)
			}
			flags, err := splitQuoted(s.Effective)
			if err != "" {
				report(finding.Error, "go: parsing $GOFLAGS: "+err, "close the quote", "a quote is not closed")
				continue
			}
			for _, flag := range flags {
				name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(flag, "-"), "-"), "=")
				switch {
				case !strings.HasPrefix(flag, "-") || strings.HasPrefix(flag, "---") || name == "":
					report(finding.Error, fmt.Sprintf("go: parsing $GOFLAGS: non-flag %q", flag), "join flag and value: -flag=value, in quotes where it holds blanks",
						"%q is no flag; blanks separate flags here", flag)
				case !slices.Contains(goFlags, name):
					report(finding.Error, "go: parsing $GOFLAGS: unknown flag -"+name, "remove it", "no go command has a flag -%s", name)
				case name == "mod" && value == "vendor":
					if m, missing := unvendored(p); missing {
						report(finding.Error, "go: inconsistent vendoring in", "remove -mod=vendor, which go adds by itself where there is a vendor folder, or run go mod vendor",
							"%s requires modules, and there is no vendor folder beside it", m.File)
					}
				case name == "ldflags" && strips(value):
					report(finding.Warning, "could not open debug info - debuggee must not be built with 'go run' or -ldflags='-s -w', which strip debug info",
						"strip in the build of a release alone", "what is built without debug information cannot be debugged")
				}
			}
		}
	},
}

// unvendored is the main module where it surely needs a vendor folder and has none.
func unvendored(p *check.Pass) (facts.Module, bool) {
	project, ok := p.Project.Get()
	if !ok {
		return facts.Module{}, false
	}
	i := slices.IndexFunc(project.Modules, func(m facts.Module) bool { return m.Main && path.Base(m.File) == "go.mod" })
	if i < 0 || project.Modules[i].Vendor || len(project.Modules[i].Requires) == 0 ||
		anyCommand(project, func(c shell.Command) bool { return mentions(c, "vendor") || c.Program() == "make" }) {
		return facts.Module{}, false
	}
	return project.Modules[i], true
}

// splitQuoted splits as the go command splits GOFLAGS: quotes count at the beginning of a word alone, and there are no escapes
// (cmd/internal/quoted, Split). A problem is in go's own words.
func splitQuoted(text string) (words []string, problem string) {
	const blanks = " \t\n\r"
	for text = strings.TrimLeft(text, blanks); text != ""; text = strings.TrimLeft(text, blanks) {
		if quote := text[0]; quote == '\'' || quote == '"' {
			word, rest, closed := strings.Cut(text[1:], string(quote))
			if !closed {
				return words, fmt.Sprintf("unterminated %c string", quote)
			}
			words, text = append(words, word), rest
			continue
		}
		end := strings.IndexAny(text+" ", blanks)
		words, text = append(words, text[:end]), text[end:]
	}
	return words, ""
}

// goFlags is every flag that some command of some Go since 1.11 has: GOFLAGS may hold any of them. One of an older or newer
// Go is taken for known.
var goFlags = strings.Fields(`
	C a asan asmflags buildmode buildvcs compiler cover covermode coverpkg gccgoflags gcflags installsuffix json ldflags linkshared mod
	modcacherw modfile msan n o overlay p pgo pkgdir race tags toolexec trimpath v work x
	args artifacts bench benchmem benchtime blockprofile blockprofilerate c count coverprofile cpu cpuprofile exec failfast fullpath fuzz
	fuzzcache fuzzminimizetime fuzztime i list memprofile memprofilerate mutexprofile mutexprofilefraction outputdir parallel run short
	shuffle skip test timeout trace vet vettool
	cache changed compat compiled d deps dir diff e export f find fix fmt go insecure m modcache module print r require retracted
	reuse rewrite s t testcache tool toolchain u use versions vendor w ignore dropreplace droprequire
	dropexclude dropretract droptool dropuse dropgodebug dropignore exclude replace retract godebug`)
