package dockerfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/source"
)

// TestCLI holds what extractDockerfile, findBaseImage and findUserStatement of @devcontainers/cli 0.89.0 answer.
func TestCLI(t *testing.T) {
	env := []string{"E=fromenv", "HOME=/root"}
	for _, test := range []struct {
		name, text, target string
		args               map[string]string
		want               Reading
	}{
		{name: "plain", text: "FROM b\nUSER dev\n", want: Reading{Image: "b", User: "dev"}},
		{name: "arg", text: "ARG V=1\nFROM go:$V\nARG U=dev\nUSER ${U}", want: Reading{Image: "go:1", User: "dev"}},
		{name: "arg given", text: "ARG V=1\nFROM go:$V", args: map[string]string{"V": "2"}, want: Reading{Image: "go:2"}},
		{name: "global arg leaks into the stage", text: "ARG U=x\nFROM b\nUSER ${U:-dev}", want: Reading{Image: "b", User: "x"}},
		{name: "parent", text: "FROM b AS c\nUSER dev\nFROM c", want: Reading{Image: "b", User: "dev"}},
		{name: "target", text: "FROM b AS c\nUSER dev\nFROM d", target: "c", want: Reading{Image: "b", User: "dev"}},
		{name: "target in capitals", text: "FROM b AS c\nFROM d", target: "C"},
		{name: "stage in capitals", text: "FROM b AS Dev\nFROM dev", want: Reading{Image: "dev"}},
		{name: "base environment", text: "FROM b\nENV Q=${E}\nUSER ${Q}", want: Reading{Image: "b", User: "fromenv"}},
		{name: "platform", text: "FROM --platform=$BUILDPLATFORM b-$TARGETARCH", want: Reading{Image: "b-amd64"}},
		{name: "here document", text: "FROM b\nRUN <<E\nFROM nothere\nUSER bad\nE\n", want: Reading{Image: "nothere", User: "bad"}},
		{name: "statement of another language", text: "FROM b\nRUN psql -c \"SELECT * \\\n  FROM users\"", want: Reading{Image: "users"}},
		{name: "several on a line", text: "FROM b\nENV A=1 U=dev\nUSER $U", want: Reading{Image: "b"}},
		{name: "single quotes", text: "FROM b\nENV U='dev'\nUSER $U", want: Reading{Image: "b", User: "'dev'"}},
		{name: "other default", text: "FROM b\nUSER ${U-dev}", want: Reading{Image: "b", User: "-dev}"}},
		{name: "empty value", text: "FROM b\nENV U=\nUSER ${U:-dev}", want: Reading{Problem: "Cannot read properties of undefined (reading 'matchAll')"}},
		{name: "byte order mark", text: "\uFEFFFROM b\nUSER c"},
		{name: "a variable of a USER", text: "FROM b AS c\nENV X=1\nUSER X y\nFROM c\nUSER $X", want: Reading{Image: "b", User: "1"}},
		{name: "itself", text: "FROM a AS a\nFROM a"},
		{name: "nothing", text: ""},
		{name: "doubling", text: "FROM a\nENV A=$B$B\n", want: Reading{Image: "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Parse(source.File{Name: "Dockerfile", Text: test.text}).CLI(Options{
				Target: test.target, Args: test.args, Base: func(string) (Base, bool) { return Base{Env: env}, true },
			})
			got.ImagePlace, got.UserPlace = source.Place{}, source.Place{}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	text := "FROM a\nENV A0=xxxxxxxx\n"
	for _, names := range []string{"10", "21", "32", "43", "54", "65", "76", "87", "98"} {
		text += "ENV A" + names[:1] + "=$A" + names[1:] + "$A" + names[1:] + "$A" + names[1:] + "$A" + names[1:] + "$A" + names[1:] + "\n"
	}
	if got := Parse(source.File{Text: text + "USER $A9"}).CLI(Options{}); got.Problem == "" {
		t.Error("an exponential file is followed to its end")
	}
}

func TestCLIPlaces(t *testing.T) {
	for _, test := range []struct{ text, image, user string }{
		{"FROM b AS c\n  USER  dev\nFROM c\n", "D:1:1", "D:2:3"},
		{"FROM b\nRUN psql -c \"SELECT * \\\n\n  FROM users\"", "D:4:3", ""},
		{"ARG A\n\n\n\tFROM b\n\n\nUSER a\n\n USER b", "D:4:2", "D:9:2"},
		{"USER a", "", ""},
	} {
		got := Parse(source.File{Name: "D", Text: test.text}).CLI(Options{})
		if got.ImagePlace.String() != test.image || got.UserPlace.String() != test.user {
			t.Errorf("%q: %s and %s, want %s and %s", test.text, got.ImagePlace, got.UserPlace, test.image, test.user)
		}
	}
}
