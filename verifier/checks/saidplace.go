package checks

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// saidPlace is how go, its tools and dcverify's own readers begin a message about a place in a file.
var saidPlace = regexp.MustCompile(`^(?:vet: )?([^\s:]+):([1-9][0-9]{0,8})(?::([1-9][0-9]{0,8}))?: `)

// placeIn is the place that a message begins with; the zero Place where it begins with none.
func placeIn(message string) source.Place {
	match := saidPlace.FindStringSubmatch(message)
	if match == nil {
		return source.Place{}
	}
	place := source.Place{File: match[1]}
	place.Line, _ = strconv.Atoi(match[2])
	place.Column, _ = strconv.Atoi(match[3])
	return place
}

// placeInWorkspace is the place that a message of go begins with, which runs in the folder of the workspace and names files
// from there. Only what lies there can be mended there, and the go.mod and go.work above it.
func placeInWorkspace(message, folder string) source.Place {
	place := placeIn(message)
	file := place.File
	if !slices.Contains([]string{".go", ".mod", ".work", ".sum", ".txt"}, path.Ext(file)) {
		return source.Place{}
	}
	if !path.IsAbs(file) {
		file = path.Join(folder, file)
	}
	inside, ok := strings.CutPrefix(path.Clean(file), strings.TrimSuffix(path.Clean(folder), "/")+"/")
	switch name := path.Base(file); {
	case ok:
		place.File = inside
	case name == "go.mod" || name == "go.work":
		place.File = path.Clean(file)
	default:
		return source.Place{}
	}
	return place
}
