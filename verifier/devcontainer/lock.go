package devcontainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// Lock is a lock file as the reference CLI follows it when it builds (src/spec-configuration/lockfile.ts, readLockfile, and
// containerFeaturesConfiguration.ts, processFeatureIdentifier; measured with 0.89.0). The zero Lock is none.
//
// Of an entry its integrity alone counts, which takes the place of the tag; version and resolved are written and never read.
// `read-configuration` does not look at the file, nor does anybody where no feature is used.
type Lock struct {
	features jsonc.Node
	stops    jsonc.Problem   // what the reference CLI fails over once it looks for an entry
	asked    map[string]bool // the names that somebody has looked for, with what only an order speaks of
}

// Locked is what a lock file holds a feature to. The zero Locked is nothing.
type Locked struct {
	Digest  string       `json:"digest"`            // of the feature's manifest in its registry, or of an archive
	Version string       `json:"version,omitempty"` // as the entry says, which nobody checks
	Place   source.Place `json:"place,omitzero"`    // of the name of the entry
	Note    string       `json:"note,omitempty"`    // in words, where without the lock another release is taken, or that is not known
}

// LockFile is where the lock file of a configuration lies: beside it, hidden where the configuration is.
func LockFile(config string) string {
	name := "devcontainer-lock.json"
	if strings.HasPrefix(path.Base(config), ".") {
		name = "." + name
	}
	return path.Join(path.Dir(config), name)
}

// ReadLock reads a lock file. A problem stops whoever builds with a feature, whatever the feature.
func ReadLock(file source.File) (Lock, []jsonc.Problem) {
	if strings.TrimFunc(file.Text, blank) == "" {
		return Lock{}, nil // as `touch` makes it, for the reference CLI to fill
	}
	root, ok := jsonc.Strict(file)
	if !ok {
		at, why := 0, "it is no JSON"
		var syntax *json.SyntaxError
		var ignored any
		if errors.As(json.Unmarshal([]byte(file.Text), &ignored), &syntax) {
			at, why = max(0, min(int(syntax.Offset), len(file.Text))-1), syntax.Error()
		}
		return Lock{}, []jsonc.Problem{{
			Kind: "lock", Place: file.Place(at, at+1),
			Message: "the lock file is broken, and the reference CLI stops: JSON without comments is wanted (" + why + ")",
		}}
	}
	if root.Is(jsonc.Null) {
		return Lock{}, nil
	}
	features := root.Get("features")
	if features.Kind == "" || features.Is(jsonc.Null) {
		return Lock{stops: jsonc.Problem{
			Kind: "lock", Place: root.Place,
			Message: "the lock file has no features, and the reference CLI stops where it looks for one of them",
		}}, nil
	}
	return Lock{features: features, asked: map[string]bool{}}, nil
}

// blank is what String.prototype.trim takes away.
func blank(r rune) bool {
	return strings.ContainsRune("\t\n\v\f\r\ufeff\u2028\u2029", r) || unicode.Is(unicode.Zs, r)
}

// Of looks a feature up. The problem is what the reference CLI stops over.
func (l Lock) Of(f Feature) (Locked, *jsonc.Problem) {
	if f.Kind == "local" || f.Kind == "unsupported" {
		return Locked{}, nil
	}
	if l.stops.Kind != "" {
		return Locked{}, &l.stops
	}
	if f.Kind == "release" { // which no registry is asked for
		return Locked{}, nil
	}
	entry, ok := l.entry(lockName(f))
	if ok {
		l.asked[entry.Name] = true
	}
	integrity := entry.Value.Get("integrity")
	if !ok || !integrity.Truthy() {
		return Locked{}, nil
	}
	if !integrity.Is(jsonc.String) || !digestForm.MatchString(integrity.Text) {
		return Locked{}, &jsonc.Problem{
			Kind: "lock", Place: integrity.Place,
			Message: fmt.Sprintf("the integrity of %s is no digest, sha256: and 64 small hexadecimal digits, and the reference CLI stops", entry.Name),
		}
	}
	locked := Locked{Digest: integrity.Text, Place: entry.Place}
	if version := entry.Value.Get("version"); version.Is(jsonc.String) {
		locked.Version = version.Text
	}
	return locked, nil
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (l Lock) entry(name string) (jsonc.Property, bool) {
	if !l.features.Is(jsonc.Object) {
		return jsonc.Property{}, false
	}
	for _, m := range l.features.Fields() {
		if m.Name == name {
			return m, true
		}
	}
	return jsonc.Property{}, false
}

// lockName is the name under which a feature is looked up: its reference to the letter, with what a bare name is mapped to,
// and an address as a URL writes it.
func lockName(f Feature) string {
	switch f.Kind {
	case "legacy":
		return f.ID + ":" + f.Version
	case "tarball":
		rest := strings.TrimPrefix(f.ID, "https://")
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			return "https://" + strings.ToLower(rest[:end]) + rest[end:]
		}
	}
	return f.Reference
}

// Unread finds the entries that were made for a feature in use and do not hold it, because it is written in another way by
// now, or because they lack what counts. Only a feature whose tag moves is then another one than the entry says.
func (l Lock) Unread(features []Feature) []jsonc.Problem {
	if !l.features.Is(jsonc.Object) {
		return nil
	}
	var problems []jsonc.Problem
	for _, entry := range l.features.Fields() {
		for _, f := range features {
			if f.Kind != "oci" && f.Kind != "legacy" || f.Locked.Digest != "" || !moves(f.Version) {
				continue
			}
			name, says := lockName(f), entry.Value.Get("integrity").Truthy()
			problem := jsonc.Problem{Kind: "lock-stale", Place: entry.Place}
			switch {
			case entry.Name == name && !says && entry.Value.Kind != "":
				problem.Kind = "lock-void"
				problem.Message = fmt.Sprintf("the entry of %s holds nothing: its integrity alone would count, and there is none", name)
			case entry.Name == f.Reference && f.Kind == "legacy" && says && !l.asked[entry.Name]:
				problem.Message = fmt.Sprintf("the entry of %s holds nothing: the reference CLI writes the bare name and looks for %s", entry.Name, name)
			case !l.asked[entry.Name] && says && sameFeature(ParseReference(entry.Name), f):
				problem.Message = fmt.Sprintf("the entry of %s holds nothing: the feature is written %s", entry.Name, f.Reference)
			default:
				continue
			}
			problems = append(problems, problem)
			break
		}
	}
	return problems
}

// moves tells whether a tag is given to ever new releases; one that is a whole version stays where it is.
func moves(version string) bool {
	return !strings.HasPrefix(version, "sha256:") && strings.Count(version, ".") < 2
}

// sameFeature tells whether a reference is one of this feature, whatever the version.
func sameFeature(r Reference, f Feature) bool {
	return (r.Kind == "oci" || r.Kind == "legacy") && namespace(r.ID) == namespace(f.ID) && path.Base(r.ID) == path.Base(f.ID)
}
