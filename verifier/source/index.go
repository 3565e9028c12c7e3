package source

import (
	"sort"
	"unicode/utf8"
)

// Index finds places in a file without walking through all of it for each, or through all of a line, which may be the whole
// file. It gives what [File.Place] gives.
type Index struct {
	file   File
	starts []int  // offsets of the lines
	marks  []mark // one for every stride of bytes
}

// mark is a place to count characters from.
type mark struct {
	offset     int // of the first character that begins at the mark or behind it
	characters int // in front of that one
}

const stride = 256

// NewIndex reads the file once.
func NewIndex(file File) *Index {
	x := &Index{file: file, starts: []int{0}}
	characters := 0
	for offset := 0; offset < len(file.Text); characters++ {
		if offset >= len(x.marks)*stride {
			x.marks = append(x.marks, mark{offset, characters})
		}
		_, size := utf8.DecodeRuneInString(file.Text[offset:])
		if file.Text[offset] == '\n' {
			x.starts = append(x.starts, offset+1)
		}
		offset += size
	}
	return x
}

// Place gives the span [start, end) of byte offsets as a Place.
func (x *Index) Place(start, end int) Place {
	line, column := x.position(start)
	endLine, endColumn := x.position(end)
	return Place{File: x.file.Name, Line: line, Column: column, EndLine: endLine, EndColumn: endColumn}
}

func (x *Index) position(offset int) (line, column int) {
	offset = min(max(offset, 0), len(x.file.Text))
	line = sort.SearchInts(x.starts, offset+1) // the first line that begins behind it, counted from 0: ours from 1
	return line, x.characters(offset) - x.characters(x.starts[line-1]) + 1
}

// characters counts those that end at the offset or in front of it.
func (x *Index) characters(offset int) int {
	if len(x.marks) == 0 {
		return 0
	}
	i := min(offset/stride, len(x.marks)-1)
	if x.marks[i].offset > offset { // the mark's character begins behind the offset, which is inside of the one before
		i--
	}
	at, count := x.marks[i].offset, x.marks[i].characters
	for at < offset {
		_, size := utf8.DecodeRuneInString(x.file.Text[at:])
		if at += size; at > offset {
			break
		}
		count++
	}
	return count
}
