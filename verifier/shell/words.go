package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// flat is a word without its quotes, each byte with its offset in the root's body.
type flat struct {
	text    []byte
	at      []int
	expands bool
	uses    []string
	start   int // in the root's body
}

func (w *walk) put(f *flat, text string, offset int, moving bool) {
	*w.budget -= len(text)
	if *w.budget < 0 {
		f.expands = true // whatever it is, it is not this
		return
	}
	t := w.text
	for i := range len(text) {
		f.text = append(f.text, text[i])
		if moving {
			f.at = append(f.at, t.original(offset+i))
		} else {
			f.at = append(f.at, t.original(offset))
		}
	}
}

func (w *walk) flatten(word *syntax.Word) *flat {
	f := &flat{}
	if word == nil || len(word.Parts) == 0 {
		return f
	}
	f.start = w.text.original(int(word.Pos().Offset()))
	w.parts(f, word.Parts, unquoted)
	return f
}

// quoting is what a backslash means in the text around it.
type quoting string

const (
	unquoted quoting = ""         // it takes the meaning from whatever follows
	doubled  quoting = "$`\"\\\n" // from these alone
	document quoting = "$`\\\n"   // in a here document the quote is plain text
)

func (w *walk) parts(f *flat, parts []syntax.WordPart, q quoting) {
	for _, part := range parts {
		start, end := int(part.Pos().Offset()), int(part.End().Offset())
		switch part := part.(type) {
		case *syntax.Lit:
			w.literal(f, start, end, q)
		case *syntax.SglQuoted:
			if part.Dollar {
				w.put(f, w.text.slice(start+2, end-1), start+2, true)
			} else {
				w.put(f, w.text.slice(start+1, end-1), start+1, true)
			}
		case *syntax.DblQuoted:
			w.parts(f, part.Parts, doubled)
		case *syntax.ParamExp:
			if value, ok := w.value(part); ok {
				w.put(f, value, start, false)
				continue
			}
			f.expands = true
			syntax.Walk(part, func(node syntax.Node) bool {
				if inner, ok := node.(*syntax.ParamExp); ok && inner.Param != nil && !slices.Contains(f.uses, inner.Param.Value) {
					f.uses = append(f.uses, inner.Param.Value)
				}
				return true
			})
			w.put(f, strings.ReplaceAll(w.text.slice(start, end), "\\\n", ""), start, true)
		default:
			f.expands = true
			w.put(f, w.text.slice(start, end), start, true)
		}
	}
}

// literal adds plain text and takes its backslashes away. The parser has joined lines that end with one, so the text is
// taken from the script.
func (w *walk) literal(f *flat, start, end int, q quoting) {
	raw := w.text.slice(start, end)
	if next := w.text.slice(end, end+2); strings.HasPrefix(next, "\n") || next == "\r\n" {
		raw = strings.TrimSuffix(raw, "\\") // in double quotes the parser ends the text there, between the two
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) && (q == unquoted || strings.IndexByte(string(q), raw[i+1]) >= 0) {
			i++
			if raw[i] == '\n' {
				continue
			}
			if raw[i] == '\r' && i+1 < len(raw) && raw[i+1] == '\n' {
				i++
				continue
			}
		}
		// The parser takes a carriage return before a line's end for a part of it. A shell does not, and whoever judges
		// the script is told of its line ends; here they would only garble the last word of every line.
		if next := w.text.slice(start+i+1, start+i+2); raw[i] == '\r' && (next == "\n" || next == "") {
			continue
		}
		w.put(f, raw[i:i+1], start+i, true)
	}
}

// value is the text of $name or ${name}, where the script itself has set it to a plain text.
func (w *walk) value(p *syntax.ParamExp) (string, bool) {
	if !plain(p) || p.Index != nil {
		return "", false
	}
	values, ok := w.known[p.Param.Value]
	if !ok {
		return "", false
	}
	return values[0], true
}

// plain tells $name and ${name} from every other expansion.
func plain(p *syntax.ParamExp) bool {
	return p.Param != nil && !p.Excl && !p.Length && !p.Width && !p.IsSet && p.Slice == nil && p.Repl == nil && p.Exp == nil &&
		p.Names == 0 && p.Flags == nil && p.NestedParam == nil && len(p.Modifiers) == 0
}

// fields is the plain texts that a word becomes, and false where only a run could tell.
func (w *walk) fields(word *syntax.Word) ([]string, bool) {
	if values, ok := w.list(word); ok {
		return values, true
	}
	f := w.flatten(word)
	if f.expands || strings.ContainsAny(string(f.text), "*?[") && !quoted(word) {
		return nil, false
	}
	return []string{string(f.text)}, true
}

func quoted(word *syntax.Word) bool {
	for _, part := range word.Parts {
		switch part.(type) {
		case *syntax.SglQuoted, *syntax.DblQuoted:
		default:
			return false
		}
	}
	return true
}

// list is the words that $name without quotes, ${name[@]} or "${name[@]}" becomes.
func (w *walk) list(word *syntax.Word) ([]string, bool) {
	if word == nil || len(word.Parts) != 1 {
		return nil, false
	}
	part, quoted := word.Parts[0], false
	if double, ok := part.(*syntax.DblQuoted); ok && len(double.Parts) == 1 {
		part, quoted = double.Parts[0], true
	}
	p, ok := part.(*syntax.ParamExp)
	if !ok || !plain(p) {
		return nil, false
	}
	if index, ok := p.Index.(*syntax.Word); ok && index.Lit() == "@" || ok && index.Lit() == "*" {
		values, ok := w.known[p.Param.Value+"[@]"]
		return values, ok
	}
	if values, ok := w.known[p.Param.Value]; ok && !quoted && p.Index == nil {
		return strings.Fields(values[0]), true
	}
	return nil, false
}

// word makes a Word of a flat one.
func (w *walk) word(f *flat) Word {
	line, column := w.text.root.position(f.start)
	return Word{Text: string(f.text), Expands: f.expands, Uses: f.uses, Line: line, Column: column}
}

// flats is the words of a command.
func (w *walk) flats(words []*syntax.Word) (result []*flat) {
	for _, word := range words {
		values, ok := w.list(word)
		if !ok {
			result = append(result, w.flatten(word))
			continue
		}
		start := int(word.Pos().Offset())
		for _, value := range values {
			f := &flat{start: w.text.original(start)}
			w.put(f, value, start, false)
			result = append(result, f)
		}
	}
	return result
}

// document is the text of a here document, and the delimiter tells whether the shell expands anything in it.
func (w *walk) document(r *syntax.Redirect) *flat {
	f := &flat{start: w.text.original(int(r.Word.Pos().Offset()))}
	if r.Hdoc == nil || len(r.Hdoc.Parts) == 0 {
		return f
	}
	start, end := int(r.Hdoc.Pos().Offset()), int(r.Hdoc.End().Offset())
	f.start = w.text.original(start)
	delimiter := w.text.slice(int(r.Word.Pos().Offset()), int(r.Word.End().Offset()))
	if strings.ContainsAny(delimiter, `'"\`) {
		w.put(f, w.text.slice(start, end), start, true)
	} else {
		w.parts(f, r.Hdoc.Parts, document)
	}
	// The span of the text may reach over the line that ends it.
	last := strings.LastIndexByte(string(f.text), '\n') + 1
	if strings.TrimLeft(string(f.text[last:]), "\t") == strings.NewReplacer("'", "", `"`, "", `\`, "").Replace(delimiter) {
		f.text, f.at = f.text[:last], f.at[:last]
	}
	if r.Op != syntax.DashHdoc {
		return f
	}
	stripped := &flat{start: f.start, expands: f.expands, uses: f.uses}
	for i, c := range f.text {
		if c == '\t' && strings.Trim(string(f.text[strings.LastIndexByte(string(f.text[:i]), '\n')+1:i]), "\t") == "" {
			continue
		}
		stripped.text, stripped.at = append(stripped.text, c), append(stripped.at, f.at[i])
	}
	return stripped
}

// substitutions walks the commands inside of a word: $(…), `…` and <(…).
func (w *walk) substitutions(word *syntax.Word, c context) {
	if word != nil {
		w.inside(word, c)
	}
}

func (w *walk) inside(node syntax.Node, c context) {
	if w.shallow {
		return
	}
	inner := context{maybe: c.maybe, subshell: true, exempt: true}
	syntax.Walk(node, func(node syntax.Node) bool {
		var list []*syntax.Stmt
		switch node := node.(type) {
		case *syntax.CmdSubst:
			list = node.Stmts
		case *syntax.ProcSubst:
			list = node.Stmts
		default:
			return true
		}
		w.scoped(func() { w.statements(list, inner) })
		return false
	})
}
