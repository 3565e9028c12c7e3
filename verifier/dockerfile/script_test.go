package dockerfile

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

var scriptTests = []struct {
	name, text, want string // of the first RUN
	line             int
}{
	{"plain", "FROM a\nRUN go version\n", "    go version", 2},
	{"indented", "FROM a\n  run  go version  \n", "       go version  ", 2},
	{"continued", "FROM a\n\nRUN go mod download && \\\n    go build \\\n\n  # comment\n ./...\n", "    go mod download && \\\n    go build \\\n\\\n\\\n ./...", 3},
	{"blanks behind the backslash", "FROM a\nRUN echo a \\ \t\n  b", "    echo a \\\n  b", 2},
	{"carriage returns", "FROM a\r\nRUN echo a \\\r\n  b\r\n", "    echo a \\\n  b", 2},
	{"flags", "FROM a\nRUN --mount=type=cache,target=\"/x y\" --network=none go build", "    " + strings.Repeat(" ", len(`--mount=type=cache,target="/x y" --network=none `)) + "go build", 2},
	{"flags on lines of their own", "FROM a\nRUN --mount=type=cache,target=/x \\\n    # comment\n    --network=none \\\n    go build \\\n  -v", "\n\n\n    go build \\\n  -v", 2},
	{"escape character", "# escape=`\nFROM a\nRUN echo a `\n b \\x `\n `date` c `\n  d", "    echo a \\\n b \\x \\\n `date` c \\\n  d", 3},
	{"inside of single quotes", "FROM a\nRUN printf '%s;' 'a \\\n  b \\\n# c\n  d' e", "    printf '%s;' 'a '\\\n'  b '\\\n\\\n'  d' e", 2},
	{"inside of double quotes", "FROM a\nRUN printf '%s;' \"a 'x \\\n  b' $(echo 'q \\\n r') \\\n  c\"", "    printf '%s;' \"a 'x \\\n  b' $(echo 'q '\\\n' r') \\\n  c\"", 2},
	{"a comment eats the rest", "FROM a\nRUN echo a # b \\\n  && echo c \\\n  && echo d", "    echo a # b \n\n", 2},
	{"no comment", "FROM a\nRUN echo a#b '#' \\# \"#\" $# \\\n  c", "    echo a#b '#' \\# \"#\" $# \\\n  c", 2},
	{"nothing behind the last backslash", "FROM a\nRUN echo a \\\n  b \\\n# c\n\n", "    echo a \\\n  b ", 2},
	{"escaped backslash", "FROM a\nRUN echo a \\\\\nRUN b", "    echo a \\\\", 2},
	{"here document as the script", "FROM a\nRUN <<EOF\ngo env\n# comment\n  x \\\n  y\nEOF\nRUN b", "go env\n# comment\n  x \\\n  y\n", 3},
	{"here document without tabs", "FROM a\nRUN <<-EOF\n\tgo env\n\t\tx\n\tEOF\n", "go env\nx\n", 3},
	{"here document, quoted, after flags", "FROM a\nRUN --mount=type=cache,target=/x \\\n  <<\"END\"\necho $A\nEND\n", "echo $A\n", 4},
	{"here document for the shell", "FROM a\nRUN cat <<A && \\\n  cat <<'B'\nx $(echo y)\nA\n$z\nB\n", "    cat <<A && \\\n  cat <<'B'\nx $(echo y)\nA\n$z\nB", 2},
	{"words", "FROM a\nRUN [\"a\", \"b\"]", "", 0},
}

func TestScript(t *testing.T) {
	for _, test := range scriptTests {
		t.Run(test.name, func(t *testing.T) {
			file := Parse(source.File{Name: "Dockerfile", Text: test.text})
			b := file.Build(Options{})
			if len(b.Problems) > 0 {
				t.Error(problems(b))
			}
			run := b.Stages[0].Instructions[0]
			if diff := cmp.Diff(test.want, run.Script); diff != "" || run.Line != test.line {
				t.Errorf("line %d\n%s", run.Line, diff)
			}
			// Every line of the script has the text of the line of the file that it is said to be.
			lines := strings.Split(test.text, "\n")
			for i, text := range strings.Split(strings.TrimSuffix(run.Script, "\n"), "\n") {
				for _, word := range strings.Fields(text) {
					if word = strings.Trim(word, "\\'"); !strings.Contains(lines[run.Line+i-1], word) {
						t.Errorf("%q is not in line %d: %q", word, run.Line+i, lines[run.Line+i-1])
					}
				}
			}
		})
	}
}

// TestScriptMeansTheSame gives a shell what the builder gives it, and what [Instruction.Script] has.
func TestScriptMeansTheSame(t *testing.T) {
	said := func(script string) string {
		cmd := exec.Command("sh", "-c", script)
		cmd.Env = []string{"PATH=/nowhere"} // builtins alone: nothing of a table may run a program
		output, err := cmd.CombinedOutput()
		return string(output) + " " + cmd.ProcessState.String() + map[bool]string{true: "", false: " failed"}[err == nil]
	}
	for _, command := range []string{
		"printf '%s;' a \\\n  b \\\n# comment\n\n c",
		"printf '%s;' 'a \\\n  b' \"c \\\n d\" e\\\nf",
		"printf '%s;' \"$(echo 'a \\\n b')\" `echo \"c \\\n d\"`",
		"echo a # b \\\n && echo c",
		"echo a#b \\\n#c\n && echo d",
		"if true; then \\\n  echo 'it''s \\\n  # no comment\n  here'; \\\nfi",
		"echo \"it's \\\n here\" 'and \"there\" \\\n too' \\",
		"case x in x) echo '1 \\\n 2';; esac; (echo '3 \\\n 4')",
		"X='a \\\n\n# c\n b'; printf '%s|' \"$X\" ${X:+'q \\\n r'}",
	} {
		file := Parse(source.File{Name: "Dockerfile", Text: "FROM a\nRUN " + command + "\n"})
		run := file.Build(Options{}).Stages[0].Instructions[0]
		if diff := cmp.Diff(said(file.nodes[1].Next.Value), said(run.Script)); diff != "" {
			t.Errorf("%q becomes %q:\n%s", command, run.Script, diff)
		}
	}
}
