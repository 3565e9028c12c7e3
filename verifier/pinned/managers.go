package pinned

import (
	"regexp"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// goVersionFile reads .go-version, whose first word is the version (goenv; actions/setup-go reads it too).
func goVersionFile(file source.File) []Version {
	return firstWords(file, ".go-version", func(words []string) (string, bool) { return words[0], true })
}

// toolVersions reads .tool-versions of asdf and mise: a tool and its versions on a line, of which the first is used.
func toolVersions(file source.File) []Version {
	return firstWords(file, ".tool-versions", func(words []string) (string, bool) {
		if len(words) > 1 && (words[0] == "golang" || words[0] == "go") {
			return words[1], true
		}
		return "", false
	})
}

// firstWords asks for the version in the words of each line and gives the first; the place is the line's.
func firstWords(file source.File, by string, pick func(words []string) (string, bool)) []Version {
	at := 0
	for line := range strings.Lines(file.Text) {
		start := at
		at += len(line)
		text, _, _ := strings.Cut(line, "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if word, ok := pick(words); ok {
			start += strings.LastIndex(text, word)
			if v, ok := version(by, word, file.Place(start, start+len(word))); ok {
				return []Version{v}
			}
			return nil
		}
	}
	return nil
}

var (
	miseSection = regexp.MustCompile(`^\s*\[([^\[\]]*)\]\s*(?:#.*)?$`)
	miseGo      = regexp.MustCompile(`^\s*"?(?:go|golang)"?\s*=\s*(?:\{[^}]*\bversion\s*=\s*|\[\s*)?["']([^"']*)["']`)
)

// Mise reads the Go of the table tools in a mise.toml: a text, the first of a list, or the version of an inline table
// (mise.jdx.dev/configuration). Other forms of TOML, which nobody writes there, give nothing.
func Mise(file source.File) []Version {
	at, section := 0, ""
	for line := range strings.Lines(file.Text) {
		start := at
		at += len(line)
		if match := miseSection.FindStringSubmatch(strings.TrimRight(line, "\r\n")); match != nil {
			section = strings.TrimSpace(match[1])
			continue
		}
		if match := miseGo.FindStringSubmatchIndex(line); match != nil && section == "tools" {
			if v, ok := version("mise", line[match[2]:match[3]], file.Place(start+match[2], start+match[3])); ok {
				return []Version{v}
			}
			return nil
		}
	}
	return nil
}
