package vscode

import (
	"regexp"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// EnvFile is an envFile as the Go extension reads it.
type EnvFile struct {
	Set      map[string]string
	Places   map[string]source.Place // of the line that counts
	Problems []EnvFileProblem
}

// EnvFileProblem is a line that comes to something else than other readers of such files make of it. Values are nobody's
// business: it names none.
type EnvFileProblem struct {
	Kind  EnvFileKind  `json:"kind"`
	Name  string       `json:"name,omitempty"`
	Place source.Place `json:"place,omitzero"`
}

// EnvFileKind is what is odd about a line.
type EnvFileKind string

// The kinds.
const (
	PassedOver   EnvFileKind = "passed-over"  // neither blank nor comment nor NAME=value: the extension says nothing
	KeepsComment EnvFileKind = "comment"      // the value goes on to the end of the line, comment included
	NotExpanded  EnvFileKind = "not-expanded" // ${NAME:-default} and its like stay as they are written
)

// jsSpace and jsLine are what \s and . of JavaScript match, which is more, and less, than in Go.
const (
	jsSpace = `[\t\n\v\f\r \x{00a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`
	jsLine  = `[^\n\r\x{2028}\x{2029}]`
)

var (
	envLine      = regexp.MustCompile(`^` + jsSpace + `*(?:export` + jsSpace + `+)?([\w.\-]+)` + jsSpace + `*=` + jsSpace + `*(` + jsLine + `*)` + jsSpace + `*$`)
	envQuotes    = regexp.MustCompile(`^['"]|['"]$`)
	envReference = regexp.MustCompile(`\$\{([a-zA-Z]\w*)?([^}\w]` + jsLine + `*)?\}`)
	envComment   = regexp.MustCompile(`[ \t]#`)
)

// ParseEnvFile reads an envFile by the extension's own rules (utils/envUtils.ts): one NAME=value a line, perhaps behind
// export; one quote is taken off either end, whether there are two or not; \n is a line break between double quotes alone;
// nothing ends a value but the line; ${NAME} is a variable set further up in the file, or else one of the environment that
// the tools get; and lines that are none of that are passed over without a word.
func ParseEnvFile(file source.File, environment goenv.Environ) EnvFile {
	parsed := EnvFile{Set: map[string]string{}, Places: map[string]source.Place{}}
	text := strings.ToValidUTF8(file.Text, "\uFFFD")
	file.Text = text // so that places are those of what was read
	index := source.NewIndex(file)
	text, bom := strings.CutPrefix(text, "\uFEFF")
	start := 0
	if bom {
		start = len("\uFEFF")
	}
	for line := range strings.SplitSeq(text, "\n") {
		place := index.Place(start, start+len(strings.TrimSuffix(line, "\r")))
		start += len(line) + 1
		match := envLine.FindStringSubmatch(line)
		if match == nil {
			if trimmed := strings.TrimSpace(line); trimmed != "" && !strings.HasPrefix(trimmed, "#") {
				parsed.Problems = append(parsed.Problems, EnvFileProblem{Kind: PassedOver, Place: place})
			}
			continue
		}
		name, value := match[1], match[2]
		quoted := len(value) > 0 && (value[0] == '"' || value[0] == '\'')
		if len(value) > 0 && value[0] == '"' && value[len(value)-1] == '"' {
			value = strings.ReplaceAll(value, `\n`, "\n")
		}
		if !quoted && envComment.MatchString(value) {
			parsed.Problems = append(parsed.Problems, EnvFileProblem{Kind: KeepsComment, Name: name, Place: place})
		}
		value, literal := expandReferences(envQuotes.ReplaceAllString(value, ""), parsed.Set, environment)
		if literal {
			parsed.Problems = append(parsed.Problems, EnvFileProblem{Kind: NotExpanded, Name: name, Place: place})
		}
		parsed.Set[name], parsed.Places[name] = value, place
	}
	return parsed
}

// expandReferences replaces ${NAME}. One reference that is more than a name leaves the whole value as it is.
func expandReferences(value string, local, environment map[string]string) (expanded string, literal bool) {
	var result strings.Builder
	end := 0
	for _, match := range envReference.FindAllStringSubmatchIndex(value, -1) {
		result.WriteString(value[end:match[0]])
		end = match[1]
		switch {
		case match[0] > 0 && value[match[0]-1] == '\\':
			result.WriteString(value[match[0]:match[1]])
		case match[4] >= 0 || match[2] < 0:
			literal = true
		default:
			name := value[match[2]:match[3]]
			if text := local[name]; text != "" {
				result.WriteString(text)
			} else {
				result.WriteString(environment[name])
			}
		}
	}
	result.WriteString(value[end:])
	if !literal {
		value = result.String()
	}
	return strings.ReplaceAll(value, `\$`, "$"), literal
}
