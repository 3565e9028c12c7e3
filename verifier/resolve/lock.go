package resolve

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
)

// readLock reads the lock file of the configuration, where there is one.
func (r *resolver) readLock() {
	if r.unlocked {
		return
	}
	name := devcontainer.LockFile(r.Config)
	file, err := source.Read(r.workspace, name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		r.missing(name, err, source.Place{File: name})
		return
	}
	lock, problems := devcontainer.ReadLock(file)
	for _, p := range problems {
		r.problem(p.Kind, p.Message, p.Place)
	}
	r.lock = lock
}

// stopped notes what the reference CLI stops over, once: it does not come to the next feature.
func (r *resolver) stopped(p jsonc.Problem) {
	if !slices.ContainsFunc(r.project.Problems, func(known facts.Problem) bool { return known.Place == p.Place && known.Message == p.Message }) {
		r.problem(p.Kind, p.Message, p.Place)
	}
}

// lockedManifest is the manifest of the release that a lock file names, and notes where it is another than without the lock.
func (r *resolver) lockedManifest(feature devcontainer.Feature, locked devcontainer.Locked) devcontainer.Manifest {
	feature.Locked = locked
	manifest := r.published(feature)
	manifest.Locked = locked
	if manifest.Missing {
		manifest.Missing = false // it is the lock file that is to blame, not the reference
		manifest.Unknown = fmt.Sprintf("the lock file names a release of %s that is not there, %s, and the reference CLI stops", feature.Reference, locked.Digest)
		r.stopped(jsonc.Problem{Kind: "lock", Message: manifest.Unknown, Place: locked.Place})
		return manifest
	}
	release := locked.Version
	if manifest.Root.Kind != "" && manifest.Assumed == "" {
		release = manifest.Root.Get("version").Text // the word of the entry is not needed
	}
	note := fmt.Sprintf("locked to %s at %s", cmp.Or(release, locked.Digest), locked.Place)
	feature.Locked = devcontainer.Locked{}
	var free devcontainer.Manifest // what is taken without the lock, by the word of the same source: others word it otherwise
	if manifest.Assumed != "" {
		free = tabled(feature)
	} else if manifest.Root.Kind != "" {
		free = r.published(feature)
	}
	switch {
	case free.Root.Kind == "" || free.Assumed != manifest.Assumed:
		manifest.Locked.Note = note
	case manifest.Root.JSON() == free.Root.JSON(): // the lock makes no difference
	case free.Assumed != "": // whose version is not told: the table has rows only for what matters
		manifest.Locked.Note = note + ", not the newest"
	default:
		manifest.Locked.Note = note + ", not the newest, " + free.Root.Get("version").Text
	}
	return manifest
}

// featureAnswer is what somebody said of a feature.
type featureAnswer struct {
	text string
	err  error
}

// askFeature asks for what stands at an address once: a release may be asked for by its tag and by its digest.
func (r *resolver) askFeature(address string) (string, error) {
	answer, ok := r.answers[address]
	if !ok {
		answer.text, answer.err = r.Feature(address)
		if r.answers == nil {
			r.answers = map[string]featureAnswer{}
		}
		r.answers[address] = answer
	}
	return answer.text, answer.err
}
