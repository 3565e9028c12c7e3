package shell

import (
	"slices"
	"unicode/utf8"
)

// text is a script with the way back to the file: the script of a bash -c is a word of another one, whose quotes and
// backslashes are gone, so every byte remembers where it stood.
type text struct {
	body string
	at   []int // by byte of body: the offset in the root's body; nil for the root itself
	root *root
}

// root is the outermost script.
type root struct {
	body  string
	lines []int  // the offsets of the beginnings of lines
	marks []mark // one for every so many bytes, so that a long line is not counted anew for each of its words
}

// mark is how many characters stand before an offset.
type mark struct{ offset, characters int }

const markEvery = 256

func newText(body string) text {
	r := &root{body: body, lines: []int{0}}
	characters := 0
	for i, size := 0, 0; i < len(body); i += size {
		if i >= len(r.marks)*markEvery {
			r.marks = append(r.marks, mark{i, characters})
		}
		_, size = utf8.DecodeRuneInString(body[i:])
		characters++
		if body[i] == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	return text{body: body, root: r}
}

// original is the offset in the root's body of an offset in this one.
func (t text) original(offset int) int {
	if len(t.at) == 0 {
		return min(max(offset, 0), len(t.root.body))
	}
	return t.at[min(max(offset, 0), len(t.at)-1)]
}

// position is line and column of an offset in the root's body.
func (r *root) position(offset int) (line, column int) {
	offset = min(max(offset, 0), len(r.body))
	i, found := slices.BinarySearch(r.lines, offset)
	if !found {
		i--
	}
	return i + 1, r.characters(offset) - r.characters(r.lines[i]) + 1
}

// characters is how many characters begin before an offset, without the one that it lies inside of.
func (r *root) characters(offset int) int {
	i := min(offset/markEvery, len(r.marks)-1)
	if i < 0 {
		return 0
	}
	if r.marks[i].offset > offset {
		i--
	}
	count := r.marks[i].characters
	for at := r.marks[i].offset; at < offset; count++ {
		_, size := utf8.DecodeRuneInString(r.body[at:])
		if at += size; at > offset {
			break
		}
	}
	return count
}

// slice is the text between two offsets, whatever they are.
func (t text) slice(start, end int) string {
	start = min(max(start, 0), len(t.body))
	return t.body[start:min(max(end, start), len(t.body))]
}
