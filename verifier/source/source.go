// Package source owns texts and the places inside them.
//
// Its one rule: inside dcverify a position is a byte offset; lines and columns exist only in a [Place], at the edge,
// where people and editors read them. A text need not be a file: what a program printed or an image's configuration
// holds has places too.
package source

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// File is a named text.
type File struct {
	Name string // as users know it: relative to the workspace where it lies inside, absolute elsewhere
	Text string
}

// Place is a span of a file as people count: lines and columns from 1, columns in characters. The zero Line means the
// whole file; the zero Place means nowhere.
type Place struct {
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
	EndLine   int    `json:"endLine,omitempty"`
	EndColumn int    `json:"endColumn,omitempty"`
}

// Place gives the span [start, end) of byte offsets as a Place. Offsets outside the text are moved to its nearest end,
// and those inside of a character to its beginning.
func (f File) Place(start, end int) Place {
	line, column := f.position(start)
	endLine, endColumn := f.position(end)
	return Place{File: f.Name, Line: line, Column: column, EndLine: endLine, EndColumn: endColumn}
}

func (f File) position(offset int) (line, column int) {
	offset = min(max(offset, 0), len(f.Text))
	before := f.Text[:offset]
	column = 1
	for at := strings.LastIndexByte(before, '\n') + 1; at < offset; column++ {
		_, size := utf8.DecodeRuneInString(f.Text[at:])
		if at += size; at > offset {
			break
		}
	}
	return strings.Count(before, "\n") + 1, column
}

// String is file:line:column as compilers and editors write it, shortened where parts are unknown.
func (p Place) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Known tells whether the place names at least a file.
func (p Place) Known() bool { return p.File != "" }
