package devcontainer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

const (
	lockName1 = ".devcontainer/devcontainer-lock.json"
	digestOne = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
)

func TestLockFile(t *testing.T) {
	for config, want := range map[string]string{
		".devcontainer/devcontainer.json":    ".devcontainer/devcontainer-lock.json",
		".devcontainer/go/devcontainer.json": ".devcontainer/go/devcontainer-lock.json",
		".devcontainer.json":                 ".devcontainer-lock.json",
		"sub/.devcontainer.json":             "sub/.devcontainer-lock.json",
		"sub/other.json":                     "sub/devcontainer-lock.json",
	} {
		if got := LockFile(config); got != want {
			t.Errorf("%s: %s, want %s", config, got, want)
		}
	}
}

// TestLock holds what TestLock of test/real has measured of the reference CLI.
func TestLock(t *testing.T) {
	const stops = "the lock file has no features, and the reference CLI stops where it looks for one of them"
	entry := func(key, members string) string { return `{"features": {"` + key + `": {` + members + `}}}` }
	integrity := `"version": "1.0.0", "integrity": "` + digestOne + `"`
	for name, test := range map[string]struct {
		reference, text string
		digest          string // to which the feature is held
		problem         string // what stops the reference CLI, or a part of it
	}{
		"to the letter":            {"r.io/x/f:1", entry("r.io/x/f:1", integrity), digestOne, ""},
		"without a tag":            {"r.io/x/f", entry("r.io/x/f", integrity), digestOne, ""},
		"latest is not no tag":     {"r.io/x/f", entry("r.io/x/f:latest", integrity), "", ""},
		"another tag":              {"r.io/x/f:2", entry("r.io/x/f:1", integrity), "", ""},
		"before a digest":          {"r.io/x/f@sha256:22", entry("r.io/x/f@sha256:22", integrity), digestOne, ""},
		"capitals":                 {"R.io/x/f:1", entry("r.io/x/f:1", integrity), "", ""},
		"capitals in both":         {"R.io/x/f:1", entry("R.io/x/f:1", integrity), digestOne, ""},
		"escaped":                  {"r.io/x/f:1", entry(`r.io\/x\/\u0066:1`, integrity), digestOne, ""},
		"a bare name":              {"golang", entry("golang", integrity), "", ""},
		"what a bare name maps to": {"golang", entry("ghcr.io/devcontainers/features/go:1", integrity), digestOne, ""},
		"an archive":               {"https://Files.example/Devcontainer-feature-f.tgz", entry("https://files.example/Devcontainer-feature-f.tgz", integrity), "", ""},
		"an archive, as a URL":     {"https://FILES.example/devcontainer-feature-f.tgz", entry("https://files.example/devcontainer-feature-f.tgz", integrity), digestOne, ""},
		"a release":                {"x/y/f", entry("x/y/f", integrity), "", ""},
		"a local feature":          {"./f", entry("./f", integrity), "", ""},
		"the last of two":          {"r.io/x/f:1", `{"features": {"r.io/x/f:1": {"integrity": "no"}, "r.io/x/f:1": {` + integrity + `}}}`, digestOne, ""},
		"no integrity":             {"r.io/x/f:1", entry("r.io/x/f:1", `"resolved": "r.io/x/f@`+digestOne+`"`), "", ""},
		"an empty integrity":       {"r.io/x/f:1", entry("r.io/x/f:1", `"integrity": ""`), "", ""},
		"integrity null":           {"r.io/x/f:1", entry("r.io/x/f:1", `"integrity": null`), "", ""},
		"an entry that is a text":  {"r.io/x/f:1", `{"features": {"r.io/x/f:1": "` + digestOne + `"}}`, "", ""},
		"an entry that is null":    {"r.io/x/f:1", `{"features": {"r.io/x/f:1": null}}`, "", ""},
		"features that are a list": {"r.io/x/f:1", `{"features": []}`, "", ""},
		"null":                     {"r.io/x/f:1", `null`, "", ""},
		"nothing":                  {"r.io/x/f:1", ``, "", ""},
		"blanks of all kinds":      {"r.io/x/f:1", "\ufeff\u00a0\u2028\u3000\t\r\n", "", ""},
		"a blank that is none":     {"r.io/x/f:1", "\u0085", "", "is broken"},
		"a tag":                    {"r.io/x/f:1", entry("r.io/x/f:1", `"integrity": "1.0.0"`), "", "is no digest"},
		"another algorithm":        {"r.io/x/f:1", entry("r.io/x/f:1", `"integrity": "sha512:11"`), "", "is no digest"},
		"a digest in capitals":     {"r.io/x/f:1", entry("r.io/x/f:1", `"integrity": "sha256:`+strings.Repeat("A", 64)+`"`), "", "is no digest"},
		"a number":                 {"r.io/x/f:1", entry("r.io/x/f:1", `"integrity": 5`), "", "is no digest"},
		"a list":                   {"r.io/x/f:1", entry("r.io/x/f:1", `"integrity": ["`+digestOne+`"]`), "", "is no digest"},
		"no features":              {"r.io/x/f:1", `{}`, "", stops},
		"features null":            {"r.io/x/f:1", `{"features": null}`, "", stops},
		"a list for the whole":     {"r.io/x/f:1", `[]`, "", stops},
		"for a release too":        {"x/y/f", `{}`, "", stops},
		"but not for a local one":  {"./f", `{}`, "", ""},
		"a comment":                {"r.io/x/f:1", "// x\n{}", "", "invalid character '/'"},
		"a comma at the end":       {"r.io/x/f:1", `{"features": {},}`, "", "is broken"},
		"a byte order mark":        {"r.io/x/f:1", "\ufeff{}", "", "is broken"},
		"half of it":               {"r.io/x/f:1", `{"features": {`, "", "unexpected end"},
		"broken, for a local one":  {"./f", `{`, "", "is broken"},
		"far too deep":             {"./f", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), "", "is broken"},
		"a longer tag":             {"r.io/x/f:1.0", entry("r.io/x/f:1", integrity), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := source.File{Name: lockName1, Text: test.text}
			lock, problems := ReadLock(file)
			feature := newFeature(jsonc.Property{Name: test.reference})
			locked, stopped := lock.Of(feature)
			if stopped != nil {
				problems = append(problems, *stopped)
			}
			var said string
			if len(problems) > 0 {
				said = problems[0].Message
				if at := problems[0].Place; at.File != lockName1 || at.Line == 0 {
					t.Errorf("it is said at %v", at)
				}
			}
			if locked.Digest != test.digest || (said == "") != (test.problem == "") || !strings.Contains(said, test.problem) {
				t.Errorf("held to %q, %q; want %q, %q", locked.Digest, said, test.digest, test.problem)
			}
			if feature.Locked = locked; locked.Digest != "" && feature.Kind != "tarball" && !strings.HasSuffix(feature.Address(), "/f@"+digestOne) && !strings.HasSuffix(feature.Address(), "/go@"+digestOne) {
				t.Errorf("%s is asked for", feature.Address())
			}
		})
	}
}

func TestUnread(t *testing.T) {
	file := source.File{Name: lockName1, Text: `{"features": {
"r.io/x/f:1": {"integrity": "` + digestOne + `"},
"golang": {"integrity": "` + digestOne + `"},
"r.io/x/h:1": {"version": "1.0.0"},
"r.io/x/i:1": {"integrity": "` + digestOne + `"},
"r.io/x/gone:1": {"integrity": "` + digestOne + `"},
"ghcr.io/devcontainers-contrib/features/m": {"integrity": "` + digestOne + `"}
}}`}
	for reference, want := range map[string]string{
		"r.io/x/f:1":                             "",
		"r.io/x/f:2":                             "2 lock-stale",
		"R.io/x/f:1":                             "2 lock-stale",
		"r.io/x/f:1.0.0":                         "",
		"r.io/x/f@" + digestOne:                  "",
		"r.io/y/f:2":                             "",
		"golang":                                 "3 lock-stale",
		"r.io/x/h:1":                             "4 lock-void",
		"r.io/x/h:2":                             "",
		"./f":                                    "",
		"r.io/x/new:1":                           "",
		"ghcr.io/devcontainers-extra/features/m": "7 lock-stale",
	} {
		lock, _ := ReadLock(file)
		feature := newFeature(jsonc.Property{Name: reference})
		feature.Locked, _ = lock.Of(feature)
		other := newFeature(jsonc.Property{Name: "r.io/x/i:1"})
		other.Locked, _ = lock.Of(other)
		got := ""
		for _, p := range lock.Unread([]Feature{other, feature}) {
			got += string(rune('0'+p.Place.Line)) + " " + p.Kind
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reference, diff)
		}
	}
}

// FuzzLock reads any lock file. A feature is held to a digest or to nothing, and whatever is said has its place in the file.
func FuzzLock(f *testing.F) {
	f.Add(`{"features": {"r.io/x/f:1": {"version": "1.0.0", "integrity": "`+digestOne+`"}}}`, "r.io/x/f:1")
	f.Add(`{"features": {"golang": {"integrity": 5}}}`, "golang")
	f.Add("\ufeff// x", "https://x/devcontainer-feature-f.tgz")
	f.Add(`[`, "./f")
	f.Fuzz(func(t *testing.T, text, reference string) {
		file := source.File{Name: lockName1, Text: text}
		lock, problems := ReadLock(file)
		feature := newFeature(jsonc.Property{Name: reference})
		locked, stopped := lock.Of(feature)
		if stopped != nil {
			problems = append(problems, *stopped)
			if locked != (Locked{}) {
				t.Errorf("it is held to %v, and stops", locked)
			}
		}
		if locked.Digest != "" && (len(locked.Digest) != 71 || !locked.Place.Known()) {
			t.Errorf("it is held to %v", locked)
		}
		feature.Locked = locked
		problems = append(problems, lock.Unread([]Feature{feature})...)
		for _, p := range problems {
			if p.Place.File != lockName1 || p.Place.Line < 1 || p.Place.Line > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
				t.Errorf("%s is said at %v", p.Kind, p.Place)
			}
		}
	})
}
