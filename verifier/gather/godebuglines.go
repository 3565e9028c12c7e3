//go:build linux

package gather

import (
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/source"
)

// mostSources is how many files of one folder are read for their //go:debug lines: a package has a few, and a folder may have
// been filled by a generator.
const mostSources = 200

// godebugLines lists what is built into the programs of the workspace: the godebug lines of the go.work or go.mod that the go
// command uses, of which a go.work beats those of its modules, and the //go:debug lines of what is debugged.
func (g *gatherer) godebugLines(all []*debugged) []facts.GodebugLine {
	var lines []facts.GodebugLine
	if g.workspace.Module != "" {
		if file, err := g.Text(g.workspace.Module, g.shownPath(g.workspace.Module)); err == nil {
			lines = moduleGodebugs(file)
		}
	}
	seen := map[string]bool{}
	add := func(folder, program string) {
		if seen[folder] || len(seen) > mostProved {
			return
		}
		seen[folder] = true
		for _, line := range g.sourceGodebugs(folder) {
			line.Program = program
			lines = append(lines, line)
		}
	}
	add(g.Workspace, "")
	for _, d := range all {
		folder := d.Program
		if strings.HasSuffix(folder, ".go") {
			folder = filepath.Dir(folder)
		}
		if folder != "" {
			add(folder, d.Program)
		}
	}
	return lines
}

// moduleGodebugs reads the godebug lines of a go.mod or go.work. One that go would not read has none: go says so itself.
func moduleGodebugs(file source.File) []facts.GodebugLine {
	var found []*modfile.Godebug
	if filepath.Base(file.Name) == "go.work" {
		if work, err := modfile.ParseWork(file.Name, []byte(file.Text), nil); err == nil {
			found = work.Godebug
		}
	} else if module, err := modfile.Parse(file.Name, []byte(file.Text), nil); err == nil {
		found = module.Godebug
	}
	var lines []facts.GodebugLine
	for _, godebug := range found {
		lines = append(lines, facts.GodebugLine{
			Name: godebug.Key, Value: godebug.Value, Place: file.Place(godebug.Syntax.Start.Byte, godebug.Syntax.End.Byte),
		})
	}
	return lines
}

// sourceGodebugs reads the //go:debug lines of the main package in a folder.
func (g *gatherer) sourceGodebugs(folder string) []facts.GodebugLine {
	entries, _ := os.ReadDir(folder)
	var lines []facts.GodebugLine
	read := 0
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || !entry.Type().IsRegular() {
			continue
		}
		if read++; read > mostSources {
			break
		}
		if matches, err := build.Default.MatchFile(folder, name); err != nil || !matches {
			continue // of another system, or of a tag
		}
		if file, err := g.Text(filepath.Join(folder, name), g.shownPath(filepath.Join(folder, name))); err == nil {
			lines = append(lines, directives(file)...)
		}
	}
	return lines
}

// directives reads the //go:debug lines of a source as go does: before the package clause, of package main
// (cmd/go/internal/load/godebug.go, ParseGoDebug).
func directives(file source.File) []facts.GodebugLine {
	files := token.NewFileSet()
	parsed, _ := parser.ParseFile(files, file.Name, file.Text, parser.PackageClauseOnly|parser.ParseComments)
	if parsed == nil || parsed.Name == nil || parsed.Name.Name != "main" {
		return nil
	}
	var lines []facts.GodebugLine
	for _, group := range parsed.Comments {
		for _, comment := range group.List {
			text, ok := strings.CutPrefix(comment.Text, "//go:debug")
			if !ok || comment.Pos() > parsed.Package || text == strings.TrimLeft(text, " \t") {
				continue
			}
			if name, value, ok := strings.Cut(strings.TrimSpace(text), "="); ok {
				start := files.PositionFor(comment.Pos(), false).Offset
				lines = append(lines, facts.GodebugLine{Name: name, Value: value, Place: file.Place(start, start+len(comment.Text))})
			}
		}
	}
	return lines
}
