package jsonc

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/dcverify/dcverify/verifier/source"
)

// token is a kind of token of jsonc-parser's scanner, as far as its parser tells them apart.
type token byte

const (
	endToken     token = iota
	stringToken        // value
	numberToken        // value
	wordToken          // true, false, null: value
	unknownToken       // anything else
	brokenComment
	openBrace
	closeBrace
	openBracket
	closeBracket
	colonToken
	commaToken
)

// scanner is jsonc-parser's scanner (impl/scanner.ts, createScanner). Comments and blanks are left out.
type scanner struct {
	text    string
	pos     int
	start   int    // of the current token
	value   string // of it
	problem string // what the scanner has against it
}

func (s *scanner) next() token {
	s.problem, s.value = "", ""
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.pos++
			continue
		case strings.HasPrefix(s.text[s.pos:], "//"):
			if end := strings.IndexAny(s.text[s.pos:], "\r\n"); end >= 0 {
				s.pos += end
			} else {
				s.pos = len(s.text)
			}
			continue
		case strings.HasPrefix(s.text[s.pos:], "/*"):
			s.start = s.pos
			end := strings.Index(s.text[s.pos+2:], "*/")
			if end < 0 {
				s.pos, s.problem = len(s.text), "the comment has no end"
				return brokenComment
			}
			s.pos += end + 4
			continue
		}
		break
	}
	s.start = s.pos
	if s.pos >= len(s.text) {
		return endToken
	}
	c := s.text[s.pos]
	if at := strings.IndexByte("{}[]:,", c); at >= 0 {
		s.pos++
		return []token{openBrace, closeBrace, openBracket, closeBracket, colonToken, commaToken}[at]
	}
	switch {
	case c == '"':
		s.pos++
		s.value = s.scanString()
		return stringToken
	case c == '/':
		s.pos++
		return unknownToken
	case c == '-':
		s.pos++
		if s.pos >= len(s.text) || !digit(s.text[s.pos]) {
			return unknownToken
		}
		s.value = "-" + s.scanNumber()
		return numberToken
	case digit(c):
		s.value = s.scanNumber()
		return numberToken
	}
	for s.pos < len(s.text) && !strings.ContainsRune(" \t\r\n{}[]\",:/", rune(s.text[s.pos])) {
		s.pos++
	}
	s.value = s.text[s.start:s.pos]
	if s.value == "true" || s.value == "false" || s.value == "null" {
		return wordToken
	}
	return unknownToken
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func (s *scanner) digits() bool {
	from := s.pos
	for s.pos < len(s.text) && digit(s.text[s.pos]) {
		s.pos++
	}
	return s.pos > from
}

func (s *scanner) scanNumber() string {
	start := s.pos
	if s.text[s.pos] == '0' {
		s.pos++
	} else {
		s.digits()
	}
	if s.pos < len(s.text) && s.text[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			s.problem = "the number has no end"
			return s.text[start:s.pos]
		}
	}
	end := s.pos
	if s.pos < len(s.text) && (s.text[s.pos] == 'e' || s.text[s.pos] == 'E') {
		s.pos++
		if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
			s.pos++
		}
		if s.digits() {
			end = s.pos
		} else {
			s.problem = "the number has no end"
		}
	}
	return s.text[start:end]
}

var escapes = map[byte]string{'"': `"`, '\\': `\`, '/': "/", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t"}

func (s *scanner) scanString() string {
	var b strings.Builder
	var high rune // the first half of a pair of surrogates
	flush := func() {
		if high != 0 {
			b.WriteRune(utf8.RuneError)
			high = 0
		}
	}
	for {
		if s.pos >= len(s.text) {
			s.problem = "the string has no end"
			flush()
			return b.String()
		}
		c := s.text[s.pos]
		switch {
		case c == '"':
			s.pos++
			flush()
			return b.String()
		case c == '\n' || c == '\r':
			s.problem = "the string ends with its line"
			flush()
			return b.String()
		case c == '\\':
			if s.pos+1 >= len(s.text) {
				s.pos++
				s.problem = "the string has no end"
				flush()
				return b.String()
			}
			escaped := s.text[s.pos+1]
			s.pos += 2
			if escaped == 'u' {
				s.unicode(&b, &high)
				continue
			}
			flush()
			text, ok := escapes[escaped]
			if !ok {
				s.problem = `\` + string(rune(escaped)) + " is no escape: it is dropped"
				for s.pos < len(s.text) && !utf8.RuneStart(s.text[s.pos]) { // the rest of a character beyond ASCII
					s.pos++
				}
			}
			b.WriteString(text)
		default:
			if c < 0x20 {
				s.problem = "the string holds a control character"
			}
			flush()
			b.WriteByte(c)
			s.pos++
		}
	}
}

// unicode reads the four digits of \uXXXX; fewer are dropped.
func (s *scanner) unicode(b *strings.Builder, high *rune) {
	end := s.pos
	for end < len(s.text) && end < s.pos+4 && strings.IndexByte("0123456789abcdefABCDEF", s.text[end]) >= 0 {
		end++
	}
	code, err := strconv.ParseUint(s.text[s.pos:end], 16, 32)
	if end < s.pos+4 || err != nil {
		s.problem = `\u wants four digits: it is dropped`
		s.pos = end
		return
	}
	s.pos = end
	r := rune(code)
	if *high != 0 {
		pair := utf16.DecodeRune(*high, r)
		*high = 0
		if pair != utf8.RuneError {
			b.WriteRune(pair)
			return
		}
		b.WriteRune(utf8.RuneError)
	}
	if r >= 0xD800 && r < 0xDC00 {
		*high = r
		return
	}
	b.WriteRune(r)
}

// reader is jsonc-parser's parser with its way to recover (impl/parser.ts, parse and visit).
type reader struct {
	scanner
	index    *source.Index
	token    token
	end      int // of the token before the current one
	problems []Problem
}

func (r *reader) fail(kind, message string, start, end int) {
	if len(r.problems) < 100 {
		r.problems = append(r.problems, Problem{Kind: kind, Message: message, Place: r.index.Place(start, end)})
	}
}

func (r *reader) advance() {
	r.end = r.pos
	for {
		r.token = r.next()
		if r.problem != "" {
			r.fail("syntax", r.problem, r.start, r.pos)
		}
		switch r.token {
		case unknownToken:
			if text := r.text[r.start:r.pos]; text == "\ufeff" && r.start == 0 {
				r.fail("bom", "the file begins with a byte order mark", 0, 0)
			} else {
				r.fail("dropped", strconv.Quote(text)+" is dropped: it is no JSON", r.start, r.pos)
			}
		case brokenComment:
		default:
			return
		}
	}
}

// skip goes on to the first of the given tokens.
func (r *reader) skip(until ...token) {
	for r.token != endToken {
		for _, t := range until {
			if r.token == t {
				return
			}
		}
		r.advance()
	}
}

func (r *reader) read() Node {
	r.advance()
	if r.token == endToken {
		r.fail("syntax", "it holds no value", r.start, r.start)
		return Node{}
	}
	node, ok := r.readValue()
	if !ok {
		r.fail("syntax", "it holds no value", r.start, r.pos)
		return Node{}
	}
	if r.token != endToken {
		r.fail("trailing", "what follows the value is not read", r.start, len(r.text))
	}
	return node
}

func (r *reader) readValue() (Node, bool) {
	start := r.start
	var node Node
	switch r.token {
	case openBrace:
		node = r.readObject()
	case openBracket:
		node = r.readArray()
	case stringToken:
		node = Node{Kind: String, Text: r.value}
		r.advance()
	case numberToken:
		node = Node{Kind: Number, Text: number(r.value)}
		r.advance()
	case wordToken:
		node = Node{Kind: Bool, Text: r.value}
		if r.value == "null" {
			node.Kind = Null
		}
		r.advance()
	default:
		return Node{}, false
	}
	node.Place = r.index.Place(start, r.end)
	return node, true
}

func (r *reader) readObject() Node {
	node := Node{Kind: Object}
	r.advance()
	comma := false
	for r.token != closeBrace && r.token != endToken {
		if r.token == commaToken {
			if !comma {
				r.fail("syntax", "a member is missing before the comma", r.start, r.pos)
			}
			r.advance()
			if r.token == closeBrace {
				break // a trailing comma, which nobody minds
			}
		} else if comma {
			r.fail("syntax", "a comma is missing", r.start, r.pos)
		}
		if r.token != stringToken {
			r.fail("dropped", "a member without a name in double quotes is dropped", r.start, r.pos)
			r.skip(closeBrace, commaToken)
		} else if m, ok := r.readMember(); ok {
			node.Members = append(node.Members, m)
		}
		comma = true
	}
	r.close(closeBrace, "}")
	return node
}

func (r *reader) readMember() (Property, bool) {
	m := Property{Name: r.value, Place: r.index.Place(r.start, r.pos)}
	start := r.start
	r.advance()
	if r.token != colonToken {
		r.fail("dropped", strconv.Quote(m.Name)+" is dropped: a colon is missing", start, r.pos)
		r.skip(closeBrace, commaToken)
		return m, false
	}
	r.advance()
	value, ok := r.readValue()
	if !ok {
		r.fail("dropped", strconv.Quote(m.Name)+" is dropped: it has no value", start, r.pos)
		r.skip(closeBrace, commaToken)
		return m, false
	}
	m.Value = value
	return m, true
}

func (r *reader) readArray() Node {
	node := Node{Kind: Array}
	r.advance()
	comma := false
	for r.token != closeBracket && r.token != endToken {
		if r.token == commaToken {
			if !comma {
				r.fail("syntax", "an element is missing before the comma", r.start, r.pos)
			}
			r.advance()
			if r.token == closeBracket {
				break
			}
		} else if comma {
			r.fail("syntax", "a comma is missing", r.start, r.pos)
		}
		if value, ok := r.readValue(); ok {
			node.Elements = append(node.Elements, value)
		} else {
			r.fail("syntax", "an element is missing", r.start, r.pos)
			r.skip(closeBracket, commaToken)
		}
		comma = true
	}
	r.close(closeBracket, "]")
	return node
}

func (r *reader) close(with token, text string) {
	if r.token == with {
		r.advance()
		return
	}
	r.fail("syntax", text+" is missing: the rest of the file may be lost", len(r.text), len(r.text))
}
