package source

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPlace(t *testing.T) {
	for _, test := range []struct {
		name       string
		text       string
		start, end int
		want       Place
	}{
		{"empty text", "", 0, 0, Place{"f", 1, 1, 1, 1}},
		{"beginning", "ab\ncd", 0, 2, Place{"f", 1, 1, 1, 3}},
		{"the newline belongs to its line", "ab\ncd", 2, 3, Place{"f", 1, 3, 2, 1}},
		{"second line", "ab\ncd", 3, 5, Place{"f", 2, 1, 2, 3}},
		{"after the last newline", "ab\n", 3, 3, Place{"f", 2, 1, 2, 1}},
		{"over lines", "a\nb\nc", 0, 5, Place{"f", 1, 1, 3, 2}},
		{"columns are characters, not bytes", "ä€𝄞x", len("ä€𝄞"), len("ä€𝄞x"), Place{"f", 1, 4, 1, 5}},
		{"multibyte line above", "€€€\n€x", len("€€€\n€"), len("€€€\n€x"), Place{"f", 2, 2, 2, 3}},
		{"invalid bytes count one each", "\xff\xfex", 2, 3, Place{"f", 1, 3, 1, 4}},
		{"inside of a character", "a€b", 2, 4, Place{"f", 1, 2, 1, 3}},
		{"before the text", "ab\ncd", -7, -1, Place{"f", 1, 1, 1, 1}},
		{"after the text", "ab\ncd", 99, 100, Place{"f", 2, 3, 2, 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, File{Name: "f", Text: test.text}.Place(test.start, test.end)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPlaceString(t *testing.T) {
	for _, test := range []struct {
		place Place
		want  string
		known bool
	}{
		{Place{}, "", false},
		{Place{File: "f"}, "f", true},
		{Place{File: "f", Column: 3}, "f", true}, // a column of no line says nothing
		{Place{File: "f", Line: 2}, "f:2", true},
		{Place{File: "f", Line: 2, Column: 3, EndLine: 4, EndColumn: 5}, "f:2:3", true},
	} {
		if got := test.place.String(); got != test.want || test.place.Known() != test.known {
			t.Errorf("%+v is %q, known %v; want %q, %v", test.place, got, test.place.Known(), test.want, test.known)
		}
	}
}

// offset finds the byte of a line and column by walking over the text, which is how an editor would.
func offset(text string, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		at += strings.IndexByte(text[at:], '\n') + 1
	}
	for ; column > 1; column-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

func FuzzPlace(f *testing.F) {
	f.Add("", 0)
	f.Add("a\nä€𝄞\r\n", 5)
	f.Add("\xff\n\xe2\x82", 3)
	f.Add("\ufffd", 1)
	f.Add("x", -1)
	f.Add("x", 1<<30)
	f.Fuzz(func(t *testing.T, text string, at int) {
		place := File{Name: "f", Text: text}.Place(at, at)
		if place.Line != place.EndLine || place.Column != place.EndColumn {
			t.Fatalf("an empty span at %d of %q begins and ends at different places: %+v", at, text, place)
		}
		lines := strings.Split(text, "\n")
		if place.Line < 1 || place.Line > len(lines) {
			t.Fatalf("line %d of %q", place.Line, text)
		}
		if most := utf8.RuneCountInString(lines[place.Line-1]) + 1; place.Column < 1 || place.Column > most {
			t.Fatalf("column %d of %q", place.Column, lines[place.Line-1])
		}
		at = min(max(at, 0), len(text))
		// There is a way back, to the beginning of the character that at lies in.
		want, start := at, strings.LastIndexByte(text[:at], '\n')+1
		for i := range text[start:] {
			if _, size := utf8.DecodeRuneInString(text[start+i:]); start+i < at && at < start+i+size {
				want = start + i
			}
		}
		if back := offset(text, place.Line, place.Column); back != want {
			t.Errorf("%d of %q is %s, and that is %d, want %d", at, text, place, back, want)
		}
	})
}
