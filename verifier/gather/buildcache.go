//go:build linux

package gather

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
)

// small are packages of the standard library that import next to nothing, so that compiling them with an empty cache takes
// half a second; one of them has assembly.
var small = []string{"unicode/utf8", "math/bits", "container/list", "internal/cpu"}

// buildCaches makes the experiment once for all views that are alike.
func (g *gatherer) buildCaches(ctx context.Context, builds map[string]func() building) facts.Part[[]facts.BuildCache] {
	type group struct {
		views []string
		wait  func() facts.BuildCache
	}
	var groups []*group
	known := map[string]*group{}
	for _, view := range goenv.Views {
		made, ok := builds[view]
		if !ok {
			continue
		}
		scratch := made()
		shared := known[scratch.signature]
		if shared == nil {
			number := len(groups)
			shared = &group{wait: async(func() facts.BuildCache { return g.buildCache(ctx, scratch, number) })}
			known[scratch.signature] = shared
			groups = append(groups, shared)
		}
		shared.views = append(shared.views, view)
	}
	caches := []facts.BuildCache{}
	for _, group := range groups {
		cache := group.wait()
		cache.Views = group.views
		caches = append(caches, cache)
	}
	return facts.Known(caches)
}

// buildCache asks for the packages with the cache as it is, again, and with an empty one. What a toolchain makes of the same
// action is the same to the last bit, so that another content was made by something else.
func (g *gatherer) buildCache(ctx context.Context, scratch building, number int) facts.BuildCache {
	program := scratch.program()
	m := scratch.module
	cache := facts.BuildCache{Go: m.goPath, Version: m.version, Folder: m.gocache, Flags: m.goflags}
	if program.Status != facts.Passed {
		cache.Error = "go does not build there: " + program.Error
		return cache
	}
	cache.Mount = mountOf(g.proc, cache.Folder)
	cache.Foreign, cache.Owner = foreignFolders(cache.Folder)
	env := g.offline(m.env).With("GOWORK=off", "PWD="+m.folder)
	first := g.smallPackages(ctx, m, env)
	second := first // where the cache had them all
	if first.compiled > 0 {
		second = g.smallPackages(ctx, m, env)
	}
	fresh := g.smallPackages(ctx, m, env.With("GOCACHE="+filepath.Join(g.Scratch(), fmt.Sprintf("cache%d", number))))
	for _, asked := range []exported{first, second, fresh} {
		if asked.problem != "" {
			cache.Error = asked.problem
			return cache
		}
	}
	cache.Again = second.compiled
	for _, name := range small {
		object := facts.CachedObject{Package: name}
		object.Action, object.Content, _ = strings.Cut(second.ids[name], "/")
		action, content, _ := strings.Cut(fresh.ids[name], "/")
		if action == object.Action {
			object.Fresh = content
		}
		cache.Objects = append(cache.Objects, object)
	}
	return cache
}

// exported is what go has said of the packages.
type exported struct {
	ids      map[string]string // the build ids, action and content
	compiled int               // how many it had to compile
	problem  string            // its own words, when it failed
}

func (g *gatherer) smallPackages(ctx context.Context, m module, env goenv.Environ) exported {
	g.pool <- struct{}{}
	defer func() { <-g.pool }()
	run := g.Run(ctx, machine.Command{
		Path: m.goPath, Args: append([]string{"list", "-export", "-x", "-f", "{{.ImportPath}} {{.BuildID}}"}, small...),
		Dir: m.folder, Env: g.ownTemp(env), Timeout: time.Minute,
	})
	if run.Err != nil {
		problem := telling(string(run.Stderr))
		if problem == "" || run.Exit < 0 {
			problem = run.Err.Error()
		}
		return exported{problem: problem}
	}
	result := exported{ids: map[string]string{}}
	for line := range strings.Lines(string(run.Stdout)) {
		if name, id, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			result.ids[name] = id
		}
	}
	for line := range strings.Lines(string(run.Stderr)) { // the commands, as -x shows them
		if strings.Contains(line, "/compile -o ") {
			result.compiled++
		}
	}
	return result
}

// mountOf is the mount point that a folder lies on; empty where that is the root.
func mountOf(proc, folder string) string {
	file, err := os.Open(filepath.Join(proc, "self/mountinfo"))
	if err != nil {
		return ""
	}
	defer file.Close()
	folder = real(folder)
	longest := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 {
			continue
		}
		point := mountEscapes.Replace(fields[4])
		if point != "/" && (folder == point || strings.HasPrefix(folder, point+"/")) && len(point) > len(longest) {
			longest = point
		}
	}
	return longest
}

// mountEscapes are how the kernel writes what would break the lines of mountinfo.
var mountEscapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// foreignFolders counts the folders of a build cache that belong to somebody else and cannot be written: what go compiles is
// lost there, without a word.
func foreignFolders(cache string) (count, owner int) {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return 0, 0
	}
	for _, entry := range entries {
		path := filepath.Join(cache, entry.Name())
		info, err := entry.Info()
		if err != nil || !info.IsDir() || len(entry.Name()) != 2 || unix.Access(path, unix.W_OK) == nil {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
			if count == 0 {
				owner = int(stat.Uid)
			}
			count++
		}
	}
	return count, owner
}
