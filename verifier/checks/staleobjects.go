package checks

import (
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

var buildcacheClean = check.Check{
	Code: "DV115", Name: "buildcache-clean", Severity: finding.Warning, Scope: "C",
	Summary: "the build cache gives out what this toolchain did not make, cannot be read, or keeps nothing; or views do not share it",
	Needs:   []facts.Need{facts.BuildCaches, facts.Builds, facts.GoCommands},
	Run: func(p *check.Pass) {
		damagedCaches(p)
		caches, ok := p.BuildCaches.Get()
		if !ok {
			p.Skip("%s", p.BuildCaches.Why())
			return
		}
		tried, why := 0, "no view has a go"
		for _, cache := range caches {
			if cache.Error != "" {
				why = fmt.Sprintf("view %s: %s", list(cache.Views), cache.Error)
				continue
			}
			tried++
			foreignObjects(p, cache)
			forgetfulCache(p, cache)
		}
		unsharedCaches(p, caches)
		if tried == 0 {
			p.Skip("%s", why)
		}
	},
}

// emptyCache takes away what everybody can make again.
var emptyCache = finding.Fix{Message: "empty the build cache; what is missing is compiled again", Safe: true, Commands: []string{"go clean -cache"}}

func cacheEvidence(cache facts.BuildCache) map[string]string {
	evidence := map[string]string{"views": list(cache.Views), "GOCACHE": cache.Folder, "go": cache.Go, "on": "the container's own layer, which goes with the container"}
	if cache.Mount != "" {
		evidence["on"] = "the volume at " + cache.Mount
	}
	return evidence
}

// damagedCaches tells what go's words hide: with an unreadable cache it says that a package of the standard library is not there.
func damagedCaches(p *check.Pass) {
	builds, _ := p.Builds.Get()
	for _, build := range builds {
		words, isCache := strings.CutSuffix(build.Error, facts.EmptyCacheBuilds)
		if build.Status != facts.Fails || !isCache {
			continue
		}
		p.Report(finding.Finding{
			Message:  fmt.Sprintf("the build cache is damaged or cannot be read, and go speaks of something else (view %s): %s", list(build.Views), words),
			Cause:    "with an empty GOCACHE the same program builds: GOROOT is not to blame",
			Evidence: map[string]string{"views": list(build.Views), "go": build.Go, "output": build.Output},
			Upstream: []string{words},
			Fixes: []finding.Fix{emptyCache,
				{Message: "where its files belong to another user, give them back", Commands: []string{`sudo chown -R "$(id -u):$(id -g)" "$(go env GOCACHE)"`}}},
		}, "damaged", words)
	}
}

// foreignObjects reports contents that the same action does not give.
func foreignObjects(p *check.Pass, cache facts.BuildCache) {
	var stale []string
	for _, object := range cache.Objects {
		if object.Stale() {
			stale = append(stale, object.Package)
		}
	}
	if len(stale) == 0 {
		return
	}
	evidence := cacheEvidence(cache)
	evidence["packages"] = list(stale)
	p.Report(finding.Finding{
		Message: fmt.Sprintf("the build cache %s gives out objects that %s does not make: %s, of %d packages that were compared (view %s)",
			cache.Folder, cache.Version, list(stale), len(cache.Objects), list(cache.Views)),
		Cause: "go knows a compiler by its version alone: one that was altered and kept its version, or a Go that was unpacked over another, " +
			"has filled the cache, or is this one; other releases never do it",
		Evidence: evidence,
		Fixes:    []finding.Fix{emptyCache},
	}, "stale", cache.Folder)
}

// forgetfulCache reports a cache that does not keep what was compiled.
func forgetfulCache(p *check.Pass, cache facts.BuildCache) {
	f := finding.Finding{Evidence: cacheEvidence(cache)}
	switch {
	case cache.Foreign > 0:
		f.Message = fmt.Sprintf("%d folders of the build cache %s belong to user %d, and what go compiles is not kept there (view %s)",
			cache.Foreign, cache.Folder, cache.Owner, list(cache.Views))
		f.Cause = "somebody else has built into the same cache: a build of the image as root, or another container on the same volume"
		f.Upstream = []string{"failed to trim cache: open " + cache.Folder + "/trim.txt: permission denied"}
		f.Fixes = []finding.Fix{{Message: "give it back", Commands: []string{`sudo chown -R "$(id -u):$(id -g)" "$(go env GOCACHE)"`}},
			{Message: "or give every user a cache of their own: leave GOCACHE out"}}
	case cache.Again > 0:
		f.Message = fmt.Sprintf("go compiles again what it has compiled a moment before: %d of %d packages (view %s)", cache.Again, len(cache.Objects), list(cache.Views))
		f.Cause = "something keeps go from using its build cache " + cache.Folder
		f.Fixes = []finding.Fix{{Message: "see whether its file system is full or read-only", Commands: []string{"go env GOCACHE", "df -h \"$(go env GOCACHE)\""}}}
		for _, flag := range strings.Fields(cache.Flags) {
			if flag == "-a" {
				f.Cause = "GOFLAGS holds -a, which tells go to compile everything every time"
				f.Fixes = []finding.Fix{{Message: "take -a out of GOFLAGS"}}
			}
		}
	default:
		return
	}
	p.Report(f, "kept", cache.Folder)
}

// unsharedCaches tells of views that compile the same packages each for itself, with the same release of go.
func unsharedCaches(p *check.Pass, caches []facts.BuildCache) {
	for i, cache := range caches {
		for _, other := range caches[:i] {
			if cache.Error != "" || other.Error != "" || cache.Version == "" || cache.Version != other.Version || len(cache.Objects) == 0 || len(other.Objects) == 0 {
				continue
			}
			why := ""
			switch {
			case cache.Folder != other.Folder:
				why = fmt.Sprintf("GOCACHE is %s in one and %s in the other", other.Folder, cache.Folder)
			case cache.Objects[0].Action != other.Objects[0].Action && cache.Flags != other.Flags:
				why = fmt.Sprintf("GOFLAGS is %q in one and %q in the other", other.Flags, cache.Flags)
			case cache.Objects[0].Action != other.Objects[0].Action:
				why = "something that goes into every object differs: `dcverify env` shows what"
			default:
				continue
			}
			p.Report(finding.Finding{
				Severity: finding.Info,
				Message:  fmt.Sprintf("the standard library is compiled once for view %s and again for view %s: %s", list(other.Views), list(cache.Views), why),
				Cause:    "go finds an object by the hash of all that went into it, and in the cache that it is told to use",
				Evidence: cacheEvidence(cache),
				Fixes:    []finding.Fix{{Message: "set it for all views, in containerEnv, or for none", Safe: true}},
			}, "shared", list(cache.Views))
			break
		}
	}
}
