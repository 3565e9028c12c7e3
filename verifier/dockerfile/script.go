package dockerfile

import (
	"strings"
	"unicode/utf8"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// script is the text that RUN hands to its shell, and the line of the file where its first line stands. The builder joins
// the lines of the instruction before the shell sees them; here they stay apart, joined by the shell's own means, so that
// every line keeps its number and the shell reads the same.
func (f File) script(n *node) (string, int) {
	if n.Attributes["json"] || n.Next == nil || len(n.logical.parts) == 0 {
		return "", 0
	}
	if len(n.Heredocs) > 0 {
		if doc := parser.MustParseHeredoc(n.Next.Value); doc != nil {
			body := n.Heredocs[0].Content
			if n.Heredocs[0].Chomp {
				body = parser.ChompHeredocContent(body)
			}
			return body, n.logical.parts[len(n.logical.parts)-1].line + 1
		}
	}
	var b strings.Builder
	f.shellLines(&b, n)
	for _, doc := range n.Heredocs { // as convert.go dispatchRun puts it together
		b.WriteByte('\n')
		b.WriteString(doc.Content)
		b.WriteString(doc.Name)
	}
	return b.String(), n.StartLine
}

// shellLines writes the lines of the instruction itself, its keyword and flags blanked.
func (f File) shellLines(b *strings.Builder, n *node) {
	parts := n.logical.parts
	for len(parts) > 0 && parts[len(parts)-1].start == parts[len(parts)-1].end {
		parts = parts[:len(parts)-1] // nothing follows: a last backslash would escape the end
	}
	var shell quoting
	for i, part := range parts {
		if i > 0 {
			b.WriteByte('\n')
		}
		from, length := 0, part.end-part.start
		if part.joined < n.args {
			if from = n.args - part.joined; from >= length && (part.empty || i+1 < len(parts)) {
				continue // keyword and flags alone
			}
			from = min(from, length)
		}
		start, _ := f.lines.span(part.line)
		if part.joined < n.args && !part.empty {
			before := f.lines.file.Text[start : part.start+from]
			if part.line == 1 {
				before = strings.TrimPrefix(before, byteOrderMark)
			}
			b.WriteString(strings.Repeat(" ", utf8.RuneCountInString(before)))
		}
		if shell.comment {
			continue // on the one line that the shell gets, a comment reaches to the end
		}
		if !part.empty {
			if shell.quote != 0 {
				b.WriteString(shell.open())
			}
			text := f.lines.file.Text[part.start+from : part.end]
			b.WriteString(text)
			shell.read(text)
		}
		switch {
		case shell.comment || i == len(parts)-1:
		case shell.quote != 0 && !part.empty:
			// Inside of single quotes a backslash joins nothing: end them, and begin anew on the next line.
			b.WriteString(`'\`)
		default:
			b.WriteByte('\\')
		}
	}
}

// quoting follows the quotes of a shell's text as far as it takes to know where a line can be broken.
type quoting struct {
	stack    []byte // of what is open: " ` (
	quote    byte   // ' in single quotes, $ in $'…'
	comment  bool
	previous byte // the character before, for # begins a comment at the beginning of a word alone
}

func (q *quoting) open() string {
	if q.quote == '$' {
		return "$'"
	}
	return "'"
}

func (q *quoting) read(text string) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		top := byte(0)
		if len(q.stack) > 0 {
			top = q.stack[len(q.stack)-1]
		}
		switch {
		case q.quote != 0:
			if c == '\\' && q.quote == '$' {
				i++
			} else if c == '\'' {
				q.quote = 0
			}
		case c == '\\':
			i++
		case c == '$' && i+1 < len(text) && text[i+1] == '(':
			q.stack = append(q.stack, '(')
			i++
		case c == '"' && top == '"', c == '`' && top == '`', c == ')' && top == '(':
			q.stack = q.stack[:len(q.stack)-1]
		case c == '"', c == '`', c == '(' && top != '"':
			q.stack = append(q.stack, c)
		case top == '"':
		case c == '\'':
			if q.quote = '\''; q.previous == '$' {
				q.quote = '$'
			}
		case c == '#' && (q.previous == 0 || strings.IndexByte(" \t;&|()<>", q.previous) >= 0):
			q.comment = true
			return
		}
		q.previous = c
		if i < len(text) {
			q.previous = text[i]
		}
	}
}
