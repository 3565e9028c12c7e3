package resolve

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/source"
)

// The search for modules ends at this depth below the project, and after this many folders: what lies deeper is nobody's
// daily work, and a home folder that somebody opens as a workspace must not be read whole.
const (
	moduleDepth   = 5
	moduleFolders = 5000
)

// readModules finds the go.work and go.mod files that a person works with in the project: those that the go command uses in
// its folder, and those below it, but none of a project below that has a dev container of its own, and none that the
// container does not see.
func (r *resolver) readModules() {
	folder, top := r.workingFolder()
	r.mainModule(folder, top)
	start := r.folder
	if r.folder == "." || strings.HasPrefix(top, r.folder+"/") { // only a part of the project is mounted
		start = top
	}
	left := moduleFolders
	r.walkModules(start, 0, &left)
	if !path.IsAbs(r.project.Folder) || strings.Contains(r.project.Folder, "$") {
		return // nobody knows where they lie in the container
	}
	for i, m := range r.project.Modules {
		if below, ok := strings.CutPrefix(path.Dir(m.File)+"/", strings.TrimPrefix(folder+"/", "./")); ok || folder == "." {
			r.project.Modules[i].Folder = path.Join(r.project.Folder, below)
		}
	}
}

// mainModule looks upwards, as the go command does, but not out of what the container has of the workspace.
func (r *resolver) mainModule(folder, top string) {
	for _, name := range []string{"go.work", "go.mod"} {
		for at := folder; ; at = path.Dir(at) {
			if r.readModule(path.Join(at, name), true) {
				return
			}
			if at == top || at == "." {
				break
			}
		}
	}
}

func (r *resolver) walkModules(folder string, depth int, left *int) {
	if *left--; *left < 0 || depth > moduleDepth {
		return
	}
	entries, err := fs.ReadDir(r.workspace, folder)
	if err != nil {
		return
	}
	names := map[string]bool{}
	for _, entry := range entries {
		names[entry.Name()] = true
	}
	if depth > 0 && (names[".devcontainer"] || names[".devcontainer.json"]) && r.hasDevContainer(folder) {
		return
	}
	for _, name := range []string{"go.work", "go.mod"} {
		if names[name] {
			r.readModule(path.Join(folder, name), false)
		}
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case !entry.IsDir(), strings.HasPrefix(name, "."), strings.HasPrefix(name, "_"):
		case slices.Contains([]string{"vendor", "testdata", "node_modules", "third_party"}, name):
		default:
			r.walkModules(path.Join(folder, name), depth+1, left)
		}
	}
}

// readModule reads one go.mod or go.work; false where there is none.
func (r *resolver) readModule(name string, main bool) bool {
	if slices.ContainsFunc(r.project.Modules, func(m facts.Module) bool { return m.File == name }) {
		return true
	}
	file, err := source.Read(r.workspace, name)
	if err != nil {
		return false
	}
	m := facts.Module{File: name, Main: main, Place: source.Place{File: name}}
	if path.Base(name) == "go.work" {
		readWork(file, &m)
	} else {
		readMod(file, &m)
		if vendored, err := source.Read(r.workspace, path.Join(path.Dir(name), "vendor/modules.txt")); err == nil {
			m.Vendor, m.Vendored = true, facts.ParseVendored(vendored)
		}
	}
	r.project.Modules = append(r.project.Modules, m)
	return true
}

func readMod(file source.File, m *facts.Module) {
	parsed, err := modfile.Parse(file.Name, []byte(file.Text), nil)
	if err != nil {
		noteProblem(m, file, err)
		return
	}
	if parsed.Module != nil {
		m.Path = parsed.Module.Mod.Path
	}
	readVersions(file, m, parsed.Go, parsed.Toolchain)
	for _, require := range parsed.Require {
		m.Requires = append(m.Requires, facts.Require{
			Path: require.Mod.Path, Version: require.Mod.Version, Indirect: require.Indirect,
			Replaced: slices.ContainsFunc(parsed.Replace, func(r *modfile.Replace) bool {
				return r.Old.Path == require.Mod.Path && (r.Old.Version == "" || r.Old.Version == require.Mod.Version)
			}),
			Place: file.Place(require.Syntax.Start.Byte, require.Syntax.End.Byte),
		})
	}
}

func readWork(file source.File, m *facts.Module) {
	parsed, err := modfile.ParseWork(file.Name, []byte(file.Text), nil)
	if err != nil {
		noteProblem(m, file, err)
		return
	}
	readVersions(file, m, parsed.Go, parsed.Toolchain)
	for _, use := range parsed.Use {
		m.Uses = append(m.Uses, use.Path)
	}
}

func readVersions(file source.File, m *facts.Module, goLine *modfile.Go, toolchain *modfile.Toolchain) {
	if goLine != nil {
		m.Go, m.GoPlace = goLine.Version, file.Place(goLine.Syntax.Start.Byte, goLine.Syntax.End.Byte)
	}
	if toolchain != nil && strings.HasPrefix(toolchain.Name, "go1") { // "default" asks for nothing
		m.Toolchain = strings.TrimPrefix(toolchain.Name, "go")
		m.ToolchainPlace = file.Place(toolchain.Syntax.Start.Byte, toolchain.Syntax.End.Byte)
	}
}

// noteProblem keeps the first thing that go's own parser refuses, with its place.
func noteProblem(m *facts.Module, file source.File, err error) {
	m.Problem = err.Error()
	var list modfile.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		m.Problem = list[0].Err.Error()
		m.Place = file.Place(list[0].Pos.Byte, list[0].Pos.Byte)
		if first, ok := firstForeign(file); ok && first.Line < max(list[0].Pos.Line, 1) {
			m.Place = first
			return
		}
		if list[0].Pos.Byte == 0 && list[0].Pos.Line > 0 {
			m.Place = source.Place{File: file.Name, Line: list[0].Pos.Line, Column: max(list[0].Pos.LineRune, 1)}
		}
	}
}

// hasDevContainer tells whether a folder below the project is a project with a dev container of its own.
func (r *resolver) hasDevContainer(folder string) bool {
	below, err := fs.Sub(r.workspace, folder)
	return err == nil && len(devcontainer.Find(below)) > 0
}

// firstForeign is the first line that begins with no word of the language. The parser complains where a parenthesis does not
// close, which may be far below what made it so.
func firstForeign(file source.File) (source.Place, bool) {
	open, start := false, 0
	for line := range strings.Lines(file.Text) {
		text, _, _ := strings.Cut(strings.TrimSpace(line), "//")
		words := strings.Fields(text)
		place := file.Place(start, start+len(strings.TrimRight(line, "\r\n")))
		start += len(line)
		switch {
		case len(words) == 0:
		case open:
			open = words[0] != ")"
		case !slices.Contains([]string{"module", "go", "toolchain", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore", "use"}, words[0]):
			return place, true
		default:
			open = words[len(words)-1] == "("
		}
	}
	return source.Place{}, false
}
