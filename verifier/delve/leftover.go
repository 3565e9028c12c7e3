package delve

import (
	"context"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
)

// debugBinary is what Delve calls a program that it builds to debug it; the number came with release 1.21.
var debugBinary = regexp.MustCompile(`^(__debug_bin|debug\.test)[0-9]*$`)

// LeftFiles finds programs that Delve has built in a workspace and has not removed, which it does when a session ends in
// order. Those that run, by their paths in the workspace, are none. It looks at no more files than it can in a second or two.
func LeftFiles(ctx context.Context, workspace fs.FS, running []string) []facts.Leftover {
	const most, deepest = 50_000, 8
	var found []facts.Leftover
	seen := 0
	_ = fs.WalkDir(workspace, ".", func(name string, entry fs.DirEntry, err error) error {
		if seen++; seen > most || ctx.Err() != nil {
			return fs.SkipAll
		}
		if err != nil {
			return nil // a folder of another user's, perhaps
		}
		if entry.IsDir() {
			if slices.Contains([]string{".git", "node_modules", "vendor"}, entry.Name()) || strings.Count(name, "/") >= deepest {
				return fs.SkipDir
			}
			return nil
		}
		if !debugBinary.MatchString(entry.Name()) || slices.Contains(running, name) {
			return nil
		}
		// One that is young belongs to a session that begins. What is no program was only given the name.
		info, err := entry.Info()
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && time.Since(info.ModTime()) > time.Minute {
			found = append(found, facts.Leftover{Kind: "file", Name: name, Bytes: info.Size()})
		}
		return nil
	})
	return found
}

// candidate is a process that may be left over.
type candidate struct {
	facts.Process
	session int
	args    []string
	address string // where it listens
	clients int    // that are connected there
}

// leftover decides whether a process outlived its session. One that is a child of the first process may have been orphaned,
// or started by it: the latter is in its session. A program that is traced is being debugged.
func (c candidate) leftover(firstSession int) (facts.Leftover, bool) {
	orphan := c.Parent == 1 && c.session != firstSession
	left := facts.Leftover{PID: c.PID, Name: path.Base(c.Exe), State: c.State, Address: c.address}
	switch {
	case !orphan || c.Tracer != 0:
		return left, false
	case debugBinary.MatchString(left.Name):
		left.Kind = "program"
		return left, true
	case c.Go != "" && c.State == "T" && !isDelve(c.Exe):
		left.Kind = "program"
		return left, true
	case len(c.args) > 1 && strings.HasPrefix(c.args[1], "** telemetry"):
		return left, false // of Delve's own: it ends by itself
	case isDelve(c.Exe) && c.clients == 0:
		left.Kind = "debugger"
		return left, true
	}
	return left, false
}
