package checks

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// credentials is what stands before the host of a URL, with or without a scheme.
var credentials = regexp.MustCompile(`(://|^|[,|]\s*)[^/?#\s,|]+@`)

// withoutCredentials is a text as a message may show it.
func withoutCredentials(text string) string { return credentials.ReplaceAllString(text, "${1}***@") }

var goproxyCheck = check.Check{
	Code: "DV501", Name: "goproxy", Severity: finding.Error, Scope: "SIC", Hard: true,
	Summary: "GOPROXY cannot be parsed, is not encrypted, holds a password, or keeps out what the project needs",
	Needs:   []facts.Need{facts.Environment, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		project, _ := p.Project.Get()
		skipUnknown(p, "GOPROXY")
		for _, s := range declaredValues(p, "GOPROXY") {
			shown := withoutCredentials(s.Effective)
			report := func(severity finding.Severity, what, upstream, fix string) {
				f := finding.Finding{
					Severity: severity,
					Message:  fmt.Sprintf("GOPROXY=%s: %s (view %s)", shown, what, list(s.views)),
					Location: s.Origin.Place,
					Cause:    "it is set by " + said(s.Origin),
					Evidence: map[string]string{"GOPROXY": shown, "views": list(s.views), "setBy": s.Origin.Layer},
					Fixes:    []finding.Fix{{Message: fix, Safe: true}},
				}
				if upstream != "" {
					f.Upstream = []string{upstream}
				}
				p.Report(f, what, s.Origin.Layer)
			}
			const usual = "write https://proxy.golang.org,direct, or leave GOPROXY out, which means the same"
			entries, last := proxies(s.Effective)
			if len(entries) == 0 && last == "" {
				report(finding.Error, "the list has no entry", "GOPROXY list is not the empty string, but contains no entries", usual)
			}
			for _, entry := range entries {
				scheme, rest, isURL := strings.Cut(entry, "://")
				host, _, _ := strings.Cut(rest, "/")
				_, bare, hasUser := strings.Cut(host, "@")
				if !hasUser {
					bare = host
				}
				masked := withoutCredentials(entry)
				switch {
				case strings.ContainsAny(entry, "$ \t{}"):
					report(finding.Error, masked+" is no URL: nobody replaces what is to be replaced in it", "invalid character in host name", usual)
				case !isURL && !strings.Contains(entry, ":"):
					report(finding.Error, masked+" is no URL", "invalid proxy URL missing scheme: "+masked, usual)
				case !slices.Contains([]string{"http", "https", "file"}, strings.ToLower(scheme)):
					report(finding.Error, masked+" has a scheme that go does not know", "invalid proxy URL scheme (must be https, http, file): "+masked, usual)
				case scheme != "file" && host == "":
					report(finding.Error, masked+" names no host", "", usual)
				case strings.EqualFold(scheme, "http") && !privateHost(bare):
					report(finding.Warning, masked+" is not encrypted, and whoever sits in between may answer", "", "write https://")
				}
				if hasUser {
					report(finding.Warning, "it holds a user and perhaps a password, which everybody who sees the container's configuration reads", "",
						"put them into ~/.netrc or GOAUTH, and the URL without them into GOPROXY")
				}
			}
			target, from := toolchainDue(p, project)
			switch main, needs := needsModules(project); {
			case last == "off" && len(entries) == 0 && target != "":
				report(finding.Warning, fmt.Sprintf("%s has to download go%s, and may not", described(from), target),
					fmt.Sprintf("go: download go%s: module lookup disabled by GOPROXY=off", target), usual)
			case last == "off" && len(entries) == 0 && needs:
				report(finding.Info, main.File+" requires modules, which must all be in the module cache already", "module lookup disabled by GOPROXY=off", usual)
			case last == "direct" && len(entries) == 0 && target != "":
				report(finding.Warning, fmt.Sprintf("%s has to download go%s, and toolchains come from proxies alone", described(from), target),
					fmt.Sprintf("go: download go%s for linux/amd64: toolchain not available", target), usual)
			}
		}
	},
}

// proxies reads GOPROXY as the go command does (cmd/go/internal/modfetch, proxyList): entries with the https:// that it adds,
// and the word off or direct at which it stops.
func proxies(list string) (entries []string, last string) {
	for _, entry := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '|' }) {
		switch entry = strings.TrimSpace(entry); {
		case entry == "":
		case entry == "off" || entry == "direct":
			return entries, entry
		case strings.ContainsAny(entry, ".:/") && !strings.Contains(entry, ":/") && !path.IsAbs(entry):
			entries = append(entries, "https://"+entry)
		default:
			entries = append(entries, entry)
		}
	}
	return entries, ""
}

// needsModules is the main module where it requires others and has no vendor folder.
func needsModules(project facts.Project) (facts.Module, bool) {
	i := slices.IndexFunc(project.Modules, func(m facts.Module) bool { return m.Main && len(m.Requires) > 0 && !m.Vendor })
	if i < 0 {
		return facts.Module{}, false
	}
	return project.Modules[i], true
}

// privateHost tells a host that only a company, a home or this machine knows, as far as its name says so (RFC 6761, RFC 8375,
// RFC 1918 and the ends that companies use).
func privateHost(host string) bool {
	if name, _, ok := strings.Cut(host, ":"); ok && !strings.HasPrefix(host, "[") {
		host = name
	}
	if inside, isV6 := strings.CutPrefix(host, "["); isV6 {
		return strings.HasPrefix(inside, "::1") || strings.HasPrefix(inside, "fc") || strings.HasPrefix(inside, "fd") || strings.HasPrefix(inside, "fe80")
	}
	if a, b, isV4 := addressOf(host); isV4 {
		return a == 10 || a == 127 || a == 172 && b >= 16 && b < 32 || a == 192 && b == 168 || a == 169 && b == 254
	}
	end := host[strings.LastIndexByte(host, '.')+1:]
	return slices.Contains([]string{"corp", "internal", "intern", "intranet", "local", "localhost", "localdomain", "lan", "home", "private", "test"}, strings.ToLower(end)) ||
		!strings.Contains(host, ".")
}

// addressOf is the first two numbers of an IPv4 address.
func addressOf(host string) (a, b int, ok bool) {
	parts := strings.Split(host, ".")
	if len(parts) != 4 {
		return 0, 0, false
	}
	var numbers [4]int
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n > 255 {
			return 0, 0, false
		}
		numbers[i] = n
	}
	return numbers[0], numbers[1], true
}

var gosumdbCheck = check.Check{
	Code: "DV503", Name: "gosumdb", Severity: finding.Warning, Scope: "SIC", Hard: true,
	Summary: "GOSUMDB is off or cannot be parsed while a toolchain must be downloaded, or public modules are",
	Needs:   []facts.Need{facts.Environment, facts.Files, facts.Declared},
	Run: func(p *check.Pass) {
		project, _ := p.Project.Get()
		skipUnknown(p, "GOSUMDB")
		for _, s := range declaredValues(p, "GOSUMDB") {
			f := finding.Finding{
				Location: s.Origin.Place,
				Cause:    "it is set by " + said(s.Origin),
				Evidence: map[string]string{"GOSUMDB": s.Effective, "views": list(s.views), "setBy": s.Origin.Layer},
				Fixes:    []finding.Fix{{Message: "leave GOSUMDB out, and name what the database must not learn of in GONOSUMDB or GOPRIVATE", Safe: true}},
			}
			fields := strings.Fields(s.Effective)
			unverified := p.View(s.views[len(s.views)-1]).Lookup("GONOSUMDB")
			target, from := toolchainDue(p, project)
			switch {
			case s.Effective == "off" && target != "" && unverified.Unknown == "" && !module.MatchPrefixPatterns(unverified.Effective, "golang.org/toolchain"):
				f.Message = fmt.Sprintf("GOSUMDB=off: %s has to download go%s, and takes no toolchain that the checksum database does not vouch for (view %s)",
					described(from), target, list(s.views))
				f.Upstream = []string{fmt.Sprintf("go: download go%s: golang.org/toolchain@v0.0.1-go%s.linux-amd64: verifying module: checksum database disabled by GOSUMDB=off", target, target)}
			case s.Effective == "off":
				f.Severity = finding.Info
				f.Message = fmt.Sprintf("GOSUMDB=off: nobody vouches for modules that go.sum does not know yet (view %s)", list(s.views))
			case len(fields) == 0 || len(fields) > 2:
				f.Message = fmt.Sprintf("GOSUMDB=%s is not a name or a key, and perhaps a URL (view %s)", s.Effective, list(s.views))
				f.Upstream = []string{"invalid GOSUMDB: too many fields"}
			case fields[0] != "sum.golang.org" && fields[0] != "sum.golang.google.cn" && strings.Count(fields[0], "+") < 2:
				f.Message = fmt.Sprintf("GOSUMDB=%s is no database that go knows, and has no key (view %s)", s.Effective, list(s.views))
				f.Upstream = []string{"invalid GOSUMDB: malformed verifier id"}
			default:
				continue
			}
			p.Report(f, s.Effective, s.Origin.Layer)
		}
	},
}

var privateModules = check.Check{
	Code: "DV504", Name: "private-modules", Severity: finding.Warning, Scope: "SC", Hard: true,
	Summary: "go.mod requires modules of hosts that the public proxy cannot reach and no GOPRIVATE names, or GOINSECURE is too wide",
	Needs:   []facts.Need{facts.Environment, facts.Declared},
	Run: func(p *check.Pass) {
		for _, s := range declaredValues(p, "GOINSECURE") {
			for pattern := range strings.SplitSeq(s.Effective, ",") {
				host, _, _ := strings.Cut(strings.TrimSpace(pattern), "/")
				if !strings.HasPrefix(host, "*") && !slices.Contains(publicHosts, host) {
					continue
				}
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("GOINSECURE=%s takes modules of %s from whoever answers, without encryption (view %s)", s.Effective, host, list(s.views)),
					Location: s.Origin.Place,
					Cause:    "it is set by " + said(s.Origin),
					Evidence: map[string]string{"GOINSECURE": s.Effective, "views": list(s.views), "setBy": s.Origin.Layer},
					Fixes:    []finding.Fix{{Message: "name the one host that has no certificate", Safe: true}},
				}, "insecure", host)
			}
		}
		project, ok := p.Project.Get()
		if !ok {
			if p.Target.Kind == "workspace" {
				p.Skip("%s", p.Project.Why())
			}
			return
		}
		reportPrivate(p, project)
	},
}

// publicHosts are hosts whose modules the public proxy serves.
var publicHosts = []string{"github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "golang.org", "google.golang.org", "cloud.google.com", "gopkg.in", "k8s.io", "sigs.k8s.io", "go.uber.org"}

func reportPrivate(p *check.Pass, project facts.Project) {
	view := p.View(goenv.RemoteView)
	values := map[string]string{}
	for _, name := range []string{"GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOPROXY", "GOSUMDB"} {
		value := view.Lookup(name)
		if view.Unknown != "" || value.Unknown != "" {
			return
		}
		values[name] = value.Effective
	}
	for _, script := range project.Scripts {
		for _, command := range script.Shell.Commands {
			if mentions(command, "GOPRIVATE") {
				return // `go env -w` in a hook: what it says is not known here
			}
		}
	}
	entries, _ := proxies(values["GOPROXY"])
	ownProxy := len(entries) > 0 && !strings.Contains(entries[0], "proxy.golang.org")
	covered := func(name string) bool {
		private := module.MatchPrefixPatterns(values["GOPRIVATE"], name)
		return (private || ownProxy || len(entries) == 0 && values["GOPROXY"] != "" || module.MatchPrefixPatterns(values["GONOPROXY"], name)) &&
			(private || values["GOSUMDB"] == "off" || module.MatchPrefixPatterns(values["GONOSUMDB"], name))
	}
	for _, m := range project.Modules {
		hosts := map[string]bool{}
		for _, r := range m.Requires {
			host, _, _ := strings.Cut(r.Path, "/")
			// A path without a dot, and a version that nobody published, are replaced by a folder elsewhere.
			if hosts[host] || m.Vendor || r.Replaced || !strings.Contains(host, ".") || !privateHost(host) || strings.HasPrefix(r.Version, "v0.0.0-0001") || r.Version == "v0.0.0" || covered(r.Path) {
				continue
			}
			hosts[host] = true
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("%s requires %s, and no GOPRIVATE covers %s, which the public proxy and the checksum database cannot reach", m.File, r.Path, host),
				Location: r.Place,
				Cause:    "go asks proxy.golang.org and sum.golang.org for every module that GOPRIVATE, GONOPROXY and GONOSUMDB do not name",
				Evidence: map[string]string{"module": r.Path, "host": host, "GOPRIVATE": values["GOPRIVATE"]},
				Upstream: []string{fmt.Sprintf("reading https://sum.golang.org/lookup/%s@%s: 404 Not Found", r.Path, r.Version)},
				Fixes:    []finding.Fix{{Message: fmt.Sprintf(`name it in devcontainer.json: "containerEnv": {"GOPRIVATE": %q}`, host), Safe: true}},
			}, m.File, host)
		}
	}
}

var vendorConsistent = check.Check{
	Code: "DV506", Name: "vendor-consistent", Severity: finding.Error, Scope: "SC", Hard: true,
	Summary: "vendor/modules.txt disagrees with go.mod",
	Needs:   []facts.Need{facts.Environment, facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		flags := p.View(goenv.RemoteView).Lookup("GOFLAGS")
		if slices.ContainsFunc(project.Modules, func(m facts.Module) bool { return m.Main && path.Base(m.File) == "go.work" }) {
			return // a go.work has a vendor folder of its own
		}
		for _, m := range project.Modules {
			// Before Go 1.14 modules.txt does not tell what is explicit, and is not used by itself.
			unread := strings.Contains(flags.Effective, "-mod=mod") || strings.Contains(flags.Effective, "-mod=readonly")
			if !m.Vendor || len(m.Vendored) == 0 || m.Problem != "" || flags.Unknown != "" || unread || goenv.CompareVersions(m.Go, "1.14") < 0 {
				continue
			}
			reportVendor(p, m)
		}
	},
}

// reportVendor compares as the go command does (cmd/go/internal/modload, checkVendorConsistency), replacements left out.
func reportVendor(p *check.Pass, m facts.Module) {
	explicit, required := map[string]bool{}, map[string]bool{}
	for _, v := range m.Vendored {
		if v.Explicit {
			explicit[v.Path+"@"+v.Version] = true
		}
	}
	folder := path.Dir(m.File)
	f := finding.Finding{
		Cause:    "go.mod was changed, and `go mod vendor` was not run after it, or not all of what it made was committed",
		Fixes:    []finding.Fix{{Message: "make the folder anew and commit it", Commands: []string{"go mod vendor"}}},
		Upstream: []string{"go: inconsistent vendoring in " + folder + ":"},
	}
	var differ []string
	for _, r := range m.Requires {
		name := r.Path + "@" + r.Version
		if required[name] = true; explicit[name] {
			continue
		}
		if len(differ) == 0 {
			f.Location = r.Place
		}
		differ = append(differ, name+" is required there and not marked as explicit in vendor/modules.txt")
		f.Upstream = append(f.Upstream, name+": is explicitly required in go.mod, but not marked as explicit in vendor/modules.txt")
	}
	for _, v := range m.Vendored {
		name := v.Path + "@" + v.Version
		if !v.Explicit || required[name] || v.Version == "" {
			continue
		}
		if len(differ) == 0 {
			f.Location = v.Place
		}
		differ = append(differ, name+" is marked as explicit in vendor/modules.txt and not required there")
		f.Upstream = append(f.Upstream, name+": is marked as explicit in vendor/modules.txt, but not explicitly required in go.mod")
	}
	if len(differ) == 0 {
		return
	}
	f.Message = fmt.Sprintf("%s and its vendor folder disagree in %s: %s", m.File, counted(len(differ), "place"), differ[0])
	f.Evidence = map[string]string{"differences": strings.Join(differ[:min(len(differ), 10)], "; ")}
	f.Upstream = f.Upstream[:min(len(f.Upstream), 6)]
	p.Report(f, m.File)
}

var mainModule = check.Check{
	Code: "DV509", Name: "main-module", Severity: finding.Error, Scope: "SC",
	Summary: "go.mod or go.work cannot be parsed, the project's folder has none and modules lie below it, or go.work leaves out its own",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok {
			return
		}
		if len(project.Modules) == 0 {
			return // no Go here yet, which is nobody's mistake
		}
		var nested []string
		main := false
		for _, m := range project.Modules {
			if main = main || m.Main; !m.Main {
				nested = append(nested, path.Dir(m.File))
			}
			if m.Problem == "" {
				continue
			}
			f := finding.Finding{
				Message:  fmt.Sprintf("%s cannot be parsed, so no go command works in its folder: %s", m.File, m.Problem),
				Location: m.Place,
				Cause:    "the go command reads it before it does anything else",
				Evidence: map[string]string{"file": m.File},
				Upstream: []string{"go: errors parsing " + path.Base(m.File) + ":", m.Problem},
				Fixes:    []finding.Fix{{Message: "mend the line", Safe: true}},
			}
			if !m.Main {
				f.Severity = finding.Warning
			}
			p.Report(f, m.File)
		}
		unusedBeside(p, project)
		if main || len(nested) == 0 {
			return
		}
		fix := finding.Fix{Message: "let a go.work name those that belong together"}
		if paths := modulePaths(project.Modules); len(paths) == len(nested) && len(slices.Compact(paths)) == len(paths) { // go refuses a path that comes twice
			fix = finding.Fix{Message: "let a go.work name them", Commands: []string{"go work init ./" + strings.Join(nested, " ./")}}
		}
		p.Report(finding.Finding{
			Severity: finding.Info,
			Message:  fmt.Sprintf("the project's folder has no go.mod and no go.work, and %s below it: go commands work in there alone", counted(len(nested), "module")),
			Location: project.Modules[0].Place,
			Cause:    "the go command looks for go.mod upwards from where it stands, never downwards",
			Evidence: map[string]string{"modules": list(nested)},
			Upstream: []string{"go: go.mod file not found in current directory or any parent directory; see 'go help modules'"},
			Fixes:    []finding.Fix{fix},
		}, "nested")
	},
}

// unusedBeside tells of a go.work that leaves out the module of its own folder.
func unusedBeside(p *check.Pass, project facts.Project) {
	for _, work := range project.Modules {
		if !work.Main || path.Base(work.File) != "go.work" || work.Problem != "" ||
			slices.ContainsFunc(work.Uses, func(use string) bool { return path.IsAbs(use) || path.Clean(use) == "." }) {
			continue
		}
		beside := path.Join(path.Dir(work.File), "go.mod")
		if !slices.ContainsFunc(project.Modules, func(m facts.Module) bool { return m.File == beside }) {
			continue
		}
		p.Report(finding.Finding{
			Severity: finding.Info,
			Message:  fmt.Sprintf("%s does not use the module beside it: go commands refuse the packages of %s", work.File, beside),
			Location: cmp.Or(work.GoPlace, work.Place),
			Cause:    "where a go.work is found, only the modules that it names are worked on",
			Upstream: []string{"current directory is contained in a module that is not one of the workspace modules listed in go.work. You can add the module to the workspace using:"},
			Fixes:    []finding.Fix{{Message: "name it there", Commands: []string{"go work use ."}}},
		}, work.File, "beside")
	}
}

// modulePaths is what the modules call themselves, sorted, without those whose go.mod cannot be read.
func modulePaths(modules []facts.Module) []string {
	var paths []string
	for _, m := range modules {
		if m.Path != "" {
			paths = append(paths, m.Path)
		}
	}
	slices.Sort(paths)
	return paths
}
