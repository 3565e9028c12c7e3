package dockerfile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word of a joined line: its offsets there.
type word struct{ start, end int }

// arguments tells where behind the keyword and its flags the arguments of an instruction begin, as the parser's
// splitCommand and extractBuilderFlags do.
func arguments(line string, escape byte) int {
	at := len(line) - len(strings.TrimLeftFunc(line, unicode.IsSpace))
	for at < len(line) && !blank(line[at]) {
		at++
	}
	for {
		for at < len(line) && blank(line[at]) {
			at++
		}
		if !strings.HasPrefix(line[at:], "--") {
			return at
		}
		start := at
		for quote := byte(0); at < len(line) && (quote != 0 || !blank(line[at])); at++ {
			switch {
			case line[at] == escape:
				at++
			case quote != 0 && line[at] == quote:
				quote = 0
			case quote == 0 && (line[at] == '\'' || line[at] == '"'):
				quote = line[at]
			}
		}
		at = min(at, len(line))
		if line[start:at] == "--" { // ends the flags
			for at < len(line) && blank(line[at]) {
				at++
			}
			return at
		}
	}
}

func blank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// quotedWords splits as the parser's parseWords does, which keeps quotes and lets them and the escape character hold blanks.
func quotedWords(line string, from int, escape byte) []word {
	var words []word
	for at := from; at < len(line); {
		r, size := utf8.DecodeRuneInString(line[at:])
		if unicode.IsSpace(r) {
			at += size
			continue
		}
		start, quote := at, rune(0)
		for at < len(line) {
			r, size = utf8.DecodeRuneInString(line[at:])
			if quote == 0 && unicode.IsSpace(r) {
				break
			}
			at += size
			switch {
			case r == rune(escape) && quote != '\'' && at < len(line):
				_, size = utf8.DecodeRuneInString(line[at:])
				at += size
			case quote != 0 && r == quote:
				quote = 0
			case quote == 0 && (r == '\'' || r == '"'):
				quote = r
			}
		}
		words = append(words, word{start, min(at, len(line))})
	}
	return words
}

// plainWords splits at blanks alone.
func plainWords(line string, from int) []word {
	var words []word
	for at := from; at < len(line); {
		if blank(line[at]) {
			at++
			continue
		}
		start := at
		for at < len(line) && !blank(line[at]) {
			at++
		}
		words = append(words, word{start, at})
	}
	return words
}

// assignments are the spans NAME=value of an ENV, LABEL or ARG instruction. ENV and LABEL have an old form without an equals
// sign in the first word, which is one name and a value to the end of the line.
func assignments(line string, from int, escape byte, old bool) []word {
	words := quotedWords(line, from, escape)
	if old && len(words) > 0 && !strings.Contains(line[words[0].start:words[0].end], "=") {
		return []word{{words[0].start, len(strings.TrimRightFunc(line, unicode.IsSpace))}}
	}
	return words
}
