package shell

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// line writes a command down in one line: its place, how it follows, its flags, assignments, words and redirections.
func line(c Command) string {
	parts := []string{fmt.Sprintf("%d:%d", c.Line, c.Column)}
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if c.After != "" {
		add("%s", c.After)
	}
	for i, is := range []bool{c.Maybe, c.Subshell, c.Input} {
		if is {
			add("(%s)", []string{"maybe", "sub", "input"}[i])
		}
	}
	if c.Tolerated {
		add("(tolerated%s)", c.Hidden)
	}
	if c.As != "" {
		add("as=%s", c.As)
	}
	if c.Dir != "" {
		add("dir=%s", c.Dir)
	}
	for _, a := range c.Assigns {
		add("%s=%s", a.Name, a.Value.Text)
	}
	for _, w := range c.Words {
		text := "<" + w.Text + ">"
		if w.Expands {
			text += "$" + strings.Join(w.Uses, ",")
		}
		add("%s", text)
	}
	for _, r := range c.Redirects {
		add("%s%s", r.Op, r.File.Text)
		if r.Heredoc != nil {
			add("%q", r.Heredoc.Text)
		}
	}
	return strings.Join(parts, " ")
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, script, dialect string
		want                  []string
		problem               string
	}{
		{name: "quotes", script: `echo "a b"'c d'\ e $X "${Y:-z}" '$Z' "\$W" "\n"`, want: []string{
			`1:1 <echo> <a bc d e> <$X>$X <${Y:-z}>$Y <$Z> <$W> <\n>`,
		}},
		{name: "continuation", script: "go install \\\n  example.com/a@v1 \\\n  example.com/b@v2", want: []string{
			`1:1 <go> <install> <example.com/a@v1> <example.com/b@v2>`,
		}},
		{name: "empty continuations", script: "a \\\n\\\n  \\\n && b", want: []string{`1:1 <a>`, `4:5 && <b>`}},
		{name: "joined word", script: "go inst\\\nall", want: []string{`1:1 <go> <install>`}},
		{name: "and, or, without set -e", script: "a && b || c\nd", want: []string{
			`1:1 (tolerated) <a>`, `1:6 && (tolerated) <b>`, `1:11 || (maybe) (tolerated) <c>`, `2:1 ; <d>`,
		}},
		{name: "and at the end", script: "a && b && c", want: []string{`1:1 <a>`, `1:6 && <b>`, `1:11 && <c>`}},
		{name: "set -e", script: "set -e\na && b\nc", want: []string{
			`1:1 (tolerated) <set> <-e>`, `2:1 ; (tolerated) <a>`, `2:6 && <b>`, `3:1 ; <c>`,
		}},
		{name: "options of the shell", script: "a | b; c", dialect: "/bin/bash -eo pipefail -c", want: []string{
			`1:1 (sub) <a>`, `1:5 | (sub) <b>`, `1:8 ; <c>`,
		}},
		{name: "shebang", script: "#!/bin/sh -e\na; b", want: []string{`2:1 <a>`, `2:4 ; <b>`}},
		{name: "hidden", script: "go install x || true", want: []string{
			`1:1 (tolerated|| true) <go> <install> <x>`, `1:17 || (maybe) <true>`,
		}},
		{name: "hidden by the end", script: "go install x; true", want: []string{
			`1:1 (tolerated; true) <go> <install> <x>`, `1:15 ; <true>`,
		}},
		{name: "given on", script: "a || { echo no; exit 1; }; b", want: []string{
			`1:1 (tolerated) <a>`, `1:8 || (maybe) (tolerated) <echo> <no>`, `1:17 ; (maybe) (tolerated) <exit> <1>`, `1:28 ; <b>`,
		}},
		{name: "if", script: "if ! a; then b; else c; fi", want: []string{
			`1:6 (tolerated) <a>`, `1:14 ; (maybe) <b>`, `1:22 ; (maybe) <c>`,
		}},
		{name: "a loop over plain words", script: "for t in a b; do\n go install x/$t@latest\ndone", want: []string{
			`2:2 (tolerated) <go> <install> <x/a@latest>`, `2:2 ; <go> <install> <x/b@latest>`,
		}},
		{name: "a loop over a variable", script: "TOOLS='a b'\nfor t in $TOOLS; do go install $t; done", want: []string{
			`1:1 (tolerated) TOOLS=a b`, `2:21 ; (tolerated) <go> <install> <a>`, `2:21 ; <go> <install> <b>`,
		}},
		{name: "a loop over an array", script: "t=(a 'b')\nfor t in \"${t[@]}\"; do go install \"$t\"; done", want: []string{
			`1:1 (tolerated)`, `2:24 ; (tolerated) <go> <install> <a>`, `2:24 ; <go> <install> <b>`,
		}},
		{name: "a loop that is not known", script: "for t in $(cat tools); do go install $t; done", want: []string{
			`1:12 (sub) (tolerated) <cat> <tools>`, `1:27 (maybe) <go> <install> <$t>$t`,
		}},
		{name: "a variable that changes", script: "x=a; x=b; echo $x", want: []string{
			`1:1 (tolerated) x=a`, `1:6 ; (tolerated) x=b`, `1:11 ; <echo> <$x>$x`,
		}},
		{name: "su", script: `su vscode -c "go install \"a\"@v1 && b \$X"`, want: []string{
			`1:15 (sub) as=vscode <go> <install> <a@v1>`, `1:38 && (sub) as=vscode <b> <$X>$X`,
		}},
		{name: "sudo and env", script: "sudo -E -u dev GOBIN=/b env GOPATH=/p nice -n 5 go get x", want: []string{
			`1:49 as=dev GOBIN=/b GOPATH=/p <go> <get> <x>`,
		}},
		{name: "sudo alone", script: "sudo chown -R dev /go", want: []string{`1:6 as=root <chown> <-R> <dev> </go>`}},
		{name: "nested twice", script: "sudo su - dev -c 'bash -lc \"cd x && go build\"'", want: []string{
			`1:29 (sub) as=dev <cd> <x>`, `1:37 && (sub) as=dev dir=x <go> <build>`,
		}},
		{name: "lines that go on after a variable", script: "a \"$X\\\n\" \"$X\\\nb\"", want: []string{`1:1 <a> <$X>$X <$Xb>$Xb`}},
		{name: "nested over lines", script: "su dev -c \" \\\n go get x && \\\n go get -tags 'a' y \\\n\"", want: []string{
			`2:2 (sub) as=dev <go> <get> <x>`, `3:2 && (sub) as=dev <go> <get> <-tags> <a> <y>`,
		}},
		{name: "a shell with a here document", script: "su dev <<'EOF'\ngo get x\nEOF\nb", want: []string{
			`2:1 (sub) (tolerated) as=dev <go> <get> <x>`, `4:1 ; <b>`,
		}},
		{name: "command -v asks", script: "command -v go && command go version", want: []string{`1:1 <command> <-v> <go>`, `1:26 && <go> <version>`}},
		{name: "xargs", script: "printf 'a b\\nc' | xargs -n 1 go install -v", want: []string{
			`1:1 (sub) (tolerated) <printf> <a b\nc>`, `1:30 | (sub) <go> <install> <-v> <a> <b\nc>`,
		}},
		{name: "xargs of something", script: "cat t | xargs -tI % go install %", want: []string{
			`1:1 (sub) (tolerated) <cat> <t>`, `1:21 | (sub) (input) <go> <install> <%>$`,
		}},
		{name: "here document", script: "cat <<EOF >> ~/.bashrc\nexport PATH=$PATH:\\$X\nEOF\na", want: []string{
			`1:1 (tolerated) <cat> <<EOF "export PATH=$PATH:$X\n" >>~/.bashrc`, `4:1 ; <a>`,
		}},
		{name: "here document with tabs", script: "tee -a f <<-'E'\n\t\tx\n\tE\n", want: []string{`1:1 <tee> <-a> <f> <<E "x\n" tee -af`}},
		{name: "tee behind a pipe", script: "echo x | sudo tee /etc/y >/dev/null", want: []string{
			`1:1 (sub) (tolerated) <echo> <x> tee/etc/y`, `1:15 | (sub) as=root <tee> </etc/y> >/dev/null tee/etc/y`,
		}},
		{name: "a group's redirection", script: "{ echo a; echo b; } >f 2>/dev/null", want: []string{
			`1:3 (tolerated) <echo> <a> >f`, `1:11 ; <echo> <b> >f`,
		}},
		{name: "cd", script: "cd /a; (cd b; c); cd $X; d; cd e; f", want: []string{
			`1:1 (tolerated) <cd> </a>`, `1:9 ; (sub) (tolerated) dir=/a <cd> <b>`, `1:15 ; (sub) (tolerated) dir=/a/b <c>`,
			`1:19 ; (tolerated) dir=/a <cd> <$X>$X`, `1:26 ; (tolerated) dir=? <d>`, `1:29 ; (tolerated) dir=? <cd> <e>`, `1:35 ; dir=? <f>`,
		}},
		{name: "characters", script: "echo 'ü€' && go\tversion", want: []string{`1:1 <echo> <ü€>`, `1:14 && <go> <version>`}},
		{name: "carriage returns", script: "a \\\r\n b\r\nc\r\n", want: []string{`1:1 (tolerated) <a> <b>`, `3:1 ; <c>`}},
		{name: "error", script: "a\nb; c\nif d; then\n", want: []string{`1:1 (tolerated) <a>`, `2:1 ; (tolerated) <b>`, `2:4 ; <c>`}, problem: "line 3: `if <cond>` must be followed by `then`|.*"},
		{name: "the other dialect", script: "a=(1 2); b <<< x", dialect: "sh", want: []string{`1:1 (tolerated)`, `1:10 ; <b>`}},
		{name: "export", script: "export GOPATH=/p X; GOBIN=/b go env", want: []string{
			`1:1 (tolerated) GOPATH=/p <export> <GOPATH=/p> <X>`, `1:30 ; GOBIN=/b <go> <env>`,
		}},
		{name: "export of a POSIX shell", dialect: "sh", script: "export GOPATH=/p X \"GOBIN=$Y\"", want: []string{
			`1:1 GOPATH=/p GOBIN=$Y <export> <GOPATH=/p> <X> <GOBIN=$Y>$Y`,
		}},
		{name: "nothing", script: " # nothing\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			script := Parse(test.script, test.dialect)
			var got []string
			for _, c := range script.Commands {
				got = append(got, line(c))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if (script.Problem != "") != (test.problem != "") {
				t.Errorf("problem %q, want %q", script.Problem, test.problem)
			}
		})
	}
}

func TestWordsHavePlaces(t *testing.T) {
	script := Parse("go install \\\n  -v \"a@$V\" \\\n\tb@v2", Bash)
	want := []Word{
		{Text: "go", Line: 1, Column: 1}, {Text: "install", Line: 1, Column: 4}, {Text: "-v", Line: 2, Column: 3},
		{Text: "a@$V", Expands: true, Uses: []string{"V"}, Line: 2, Column: 6}, {Text: "b@v2", Line: 3, Column: 2},
	}
	if diff := cmp.Diff(want, script.Commands[0].Words); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEnv(t *testing.T) {
	script := Parse("export GO111MODULE=on; (export GOPATH=/p; a); if x; then GOBIN=/y; fi; GOFLAGS=-v b; unset GO111MODULE; c", Bash)
	want := map[string]map[string]string{
		"a": {"GO111MODULE": "on", "GOPATH": "/p"},
		"b": {"GO111MODULE": "on", "GOBIN": "?", "GOFLAGS": "-v"},
		"c": {"GO111MODULE": "", "GOBIN": "?"},
	}
	for _, c := range script.Commands {
		if env, ok := want[c.Program()]; ok {
			if diff := cmp.Diff(env, c.Env); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.Program(), diff)
			}
		}
	}
}

func TestFromWords(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  []string
	}{
		{[]string{"go", "get", "it's x && y"}, []string{"1:1 <go> <get> <it's x && y>"}},
		{[]string{"bash", "-c", "a && b"}, []string{"1:1 (sub) <a>", "1:1 && (sub) <b>"}},
	} {
		var got []string
		for _, c := range FromWords(test.words).Commands {
			got = append(got, line(c))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: -want +got:\n%s", test.words, diff)
		}
	}
}

func TestInstalls(t *testing.T) {
	script := Parse(`GO111MODULE=on go install -v -tags x \
  a@v1 b
go get -u c/...@latest; /usr/local/go/bin/go get -d d; go1.22.1 install ./...; go install; go version; go install e@$V; cat t | xargs go install`, Bash)
	var got []string
	for _, i := range script.Installs() {
		got = append(got, fmt.Sprintf("%d:%d %s@%s %v get=%t local=%t unknown=%t downloads=%t %v", i.Line, i.Column, i.Path, i.Version, i.Flags, i.Get, i.Local, i.Unknown, i.Downloads(), i.Env))
	}
	want := []string{
		"2:3 a@v1 [-v -tags x] get=false local=false unknown=false downloads=false map[GO111MODULE:on]",
		"2:8 b@ [-v -tags x] get=false local=false unknown=false downloads=false map[GO111MODULE:on]",
		"3:11 c/...@latest [-u] get=true local=false unknown=false downloads=false map[]",
		"3:53 d@ [-d] get=true local=false unknown=false downloads=true map[]",
		"3:73 ./...@ [] get=false local=true unknown=false downloads=false map[]",
		"3:80 @ [] get=false local=true unknown=false downloads=false map[]",
		"3:115 e@$V [] get=false local=false unknown=true downloads=false map[]",
		"3:135 @ [] get=false local=false unknown=true downloads=false map[]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCalls(t *testing.T) {
	script := Parse("bash -x .devcontainer/a.sh 1; . ./b.sh; sudo ./c; sh -c ./d; $E/f; go build; bash -s x", Bash)
	var got []string
	for _, c := range script.Calls() {
		got = append(got, fmt.Sprintf("%d:%d %s %t", c.Line, c.Column, c.Path, c.Sourced))
	}
	want := []string{"1:9 .devcontainer/a.sh false", "1:33 b.sh true", "1:46 c false", "1:57 d false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWrites(t *testing.T) {
	script := Parse("printf '%s\\n' \"PATH=$PATH\" >> /etc/profile; cat > f <<E\nx\nE\necho y > /dev/null", Bash)
	var got []string
	for _, c := range script.Commands {
		for _, w := range c.Writes() {
			got = append(got, fmt.Sprintf("%s %s %q", w.Op, w.File.Text, w.Text[0].Text))
		}
	}
	if diff := cmp.Diff([]string{`>> /etc/profile "PATH=$PATH"`, `> f "x\n"`}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestHostile holds what a script can cost.
func TestHostile(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for name, script := range map[string]string{
		"parentheses": strings.Repeat("(", maxSize),
		"words":       strings.Repeat("if ", maxSize/3),
		"expansions":  strings.Repeat("${a:-", maxSize/5),
		"quotes":      strings.Repeat(`"$(`, maxSize/3),
		"not":         strings.Repeat("! ", maxSize/2),
		"pipes":       strings.Repeat("a|", maxSize/2) + "a",
		"ands":        strings.Repeat("a&&", maxSize/3) + "a",
		"else":        "if a; then b; " + strings.Repeat("elif a; then b; ", 15000) + "fi",
		"loops":       strings.Repeat("for a in 1 2 3 4 5 6 7 8; do ", 20) + "echo " + long + strings.Repeat("; done", 20),
		"doubling":    "a=" + long + "; " + strings.Repeat("echo $a$a$a$a;", 10000),
		"here":        strings.Repeat("cat <<E\n", 20000),
		"xargs":       "echo a" + strings.Repeat("|xargs xargs", 10000),
		"arithmetic":  "echo $((" + strings.Repeat("1+", 50000) + "1))",
		"negations":   "echo $((" + strings.Repeat("-", 50000) + "1))",
		"tests":       "[[ " + strings.Repeat("! ", 50000) + "a ]]",
		"backquotes":  strings.Repeat("`", 50000),
		"large":       strings.Repeat("a\n", maxSize),
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan struct{})
			go func() { defer close(ended); Parse(script, Bash) }()
			select {
			case <-ended:
			case <-time.After(time.Minute): // what has no bound takes years
				t.Error("it does not end")
			}
		})
	}
}

var seeds = []string{
	"set -e\nfor t in a b; do go install x/$t@latest || true; done", "su v -c \"a \\\"b\\\"\" && sudo -u x env A=b c",
	"cat <<-'E' | tee -a f\n\tx\n\tE\n", "echo $(a `b` <(c)) | xargs -n1 go get", "eval 'bash -c \"x; y\"'", "a=(1 2); ${a[@]} $'\\n' $\"x\"", "\xff'\r\n€",
	"case x in a) b;; esac; f() { cd x; }; while y; do z; done >f 2>&1", "export A+=b C; declare -x D=e", "((a++)); [[ a ]]; let b",
	"((0))&0\xac", // the parser yields more after the error
}

func FuzzParse(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, script, dialect string) {
		parsed := Parse(script, dialect)
		lines := strings.Split(script, "\n")
		inside := func(line, column int) {
			if line < 1 || line > len(lines) || column < 1 || column > utf8.RuneCountInString(lines[line-1])+1 {
				t.Fatalf("%d:%d lies outside", line, column)
			}
		}
		for _, c := range parsed.Commands {
			inside(c.Line, c.Column)
			for _, w := range c.Words {
				inside(w.Line, w.Column)
			}
			for _, a := range c.Assigns {
				inside(a.Value.Line, a.Value.Column)
			}
			for _, r := range c.Redirects {
				inside(r.File.Line, r.File.Column)
			}
			c.Writes()
		}
		parsed.Installs()
		parsed.Calls()
	})
}
