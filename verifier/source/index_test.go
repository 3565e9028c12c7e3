package source

import "testing"

func TestIndex(t *testing.T) {
	for _, text := range []string{"", "a", "a\n", "\n\n", "ä\nöü\r\nx", "\xff\xfe\nb"} {
		file := File{Name: "f", Text: text}
		index := NewIndex(file)
		for start := -1; start <= len(text)+1; start++ {
			for end := start; end <= len(text)+1; end++ {
				if got, want := index.Place(start, end), file.Place(start, end); got != want {
					t.Errorf("%q [%d,%d): %+v, want %+v", text, start, end, got, want)
				}
			}
		}
	}
}
