package dockerfile

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dcverify/dcverify/verifier/source"
)

// lines is a text with the offsets of its lines, so that the place of a thing costs no walk through the whole file.
type lines struct {
	file   source.File
	starts []int
	blank  map[int]bool // lines that the parser must not see, since it would give up the whole file for them
}

func newLines(file source.File) lines {
	l := lines{file: file, starts: []int{0}, blank: map[int]bool{}}
	for i := 0; i < len(file.Text); i++ {
		if file.Text[i] == '\n' && i+1 < len(file.Text) {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// count is the number of lines; the last one may lack its end.
func (l lines) count() int { return len(l.starts) }

// span is the offsets of line n, counted from 1, without its end.
func (l lines) span(n int) (start, end int) {
	if n < 1 || n > len(l.starts) {
		return len(l.file.Text), len(l.file.Text)
	}
	start, end = l.starts[n-1], len(l.file.Text)
	if n < len(l.starts) {
		end = l.starts[n]
	}
	return start, start + len(strings.TrimRight(l.file.Text[start:end], "\r\n"))
}

// text is what the parser shall read: the file with the blanked lines as comments, which keeps every line number.
func (l lines) text() string {
	if len(l.blank) == 0 {
		return l.file.Text
	}
	var b strings.Builder
	b.Grow(len(l.file.Text))
	for n := 1; n <= l.count(); n++ {
		switch {
		case l.blank[n]:
			b.WriteString("#\n")
		case n < l.count():
			b.WriteString(l.file.Text[l.starts[n-1]:l.starts[n]])
		default:
			b.WriteString(l.file.Text[l.starts[n-1]:])
		}
	}
	return b.String()
}

// ruler turns offsets into places. It remembers where it was, so that places that ascend in one line cost that line once.
type ruler struct {
	lines
	offset, column int // of the last position that was asked for
	line           int
}

// place is the span [start, end) of offsets, as [source.File.Place] has it.
func (r *ruler) place(start, end int) source.Place {
	line, column := r.position(start)
	endLine, endColumn := r.position(end)
	return source.Place{File: r.file.Name, Line: line, Column: column, EndLine: endLine, EndColumn: endColumn}
}

func (r *ruler) position(offset int) (line, column int) {
	text := r.file.Text
	offset = min(max(offset, 0), len(text))
	line, _ = slices.BinarySearchFunc(r.starts, offset, func(start, offset int) int {
		if start <= offset {
			return -1
		}
		return 1
	})
	if offset == len(text) && offset > 0 && text[offset-1] == '\n' {
		return len(r.starts) + 1, 1 // behind the last line's end begins a line without characters
	}
	at, column := r.starts[line-1], 1
	if r.line == line && r.offset <= offset {
		at, column = r.offset, r.column
	}
	for at < offset {
		_, size := utf8.DecodeRuneInString(text[at:])
		if at+size > offset {
			break
		}
		at += size
		column++
	}
	r.line, r.offset, r.column = line, at, column
	return line, column
}

// physical is one line of an instruction.
type physical struct {
	line       int
	start, end int  // offsets of what stays of it when the lines are joined
	empty      bool // a comment or nothing, which the parser drops from the middle of an instruction
	joined     int  // where it stands in the joined line
}

// logical is an instruction with its lines joined, as the parser joins them, and the way back to the file.
type logical struct {
	text  string
	parts []physical
}

// join repeats what parser.Parse does with the lines of one instruction, here documents excepted, because the parser keeps
// line numbers alone.
func (l lines) join(first int, escape byte) logical {
	var result logical
	var text strings.Builder
	for n := first; n <= l.count(); n++ {
		start, end := l.span(n)
		if n == 1 {
			start += len(l.file.Text[start:end]) - len(strings.TrimPrefix(l.file.Text[start:end], byteOrderMark))
		}
		if n == first {
			start += len(l.file.Text[start:end]) - len(strings.TrimLeftFunc(l.file.Text[start:end], unicode.IsSpace))
		}
		part := physical{line: n, start: start, end: end, joined: text.Len()}
		trimmed := strings.TrimLeftFunc(l.file.Text[start:end], unicode.IsSpace)
		if n > first && (trimmed == "" || trimmed[0] == '#' || l.blank[n]) {
			part.empty, part.end = true, start
			result.parts = append(result.parts, part)
			continue
		}
		more := false
		part.end, more = continued(l.file.Text, start, end, escape)
		text.WriteString(l.file.Text[part.start:part.end])
		result.parts = append(result.parts, part)
		if !more {
			break
		}
	}
	result.text = text.String()
	return result
}

// continued tells where a line ends when its continuation character is taken away, and whether it has one. The rule is the
// regular expression of the parser's setEscapeToken: the last character but blanks, and the one before it is another.
func continued(text string, start, end int, escape byte) (int, bool) {
	last := start + len(strings.TrimRight(text[start:end], " \t")) - 1
	if last < start || text[last] != escape || (last > start && text[last-1] == escape) {
		return end, false
	}
	return last, true
}

// offset is where in the file a character of the joined line stands.
func (l logical) offset(at int) int {
	i, found := slices.BinarySearchFunc(l.parts, at, func(p physical, at int) int { return p.joined - at })
	if !found {
		i--
	}
	for i+1 < len(l.parts) && l.parts[i+1].joined <= at { // of several parts at one joined offset the last one has the character
		i++
	}
	if i < 0 {
		return 0
	}
	return min(l.parts[i].start+at-l.parts[i].joined, l.parts[i].end)
}

// span is the place in the file of the characters [start, end) of the joined line.
func (l logical) span(start, end int) (int, int) {
	if end <= start {
		at := l.offset(start)
		return at, at
	}
	return l.offset(start), l.offset(end-1) + 1
}
