// Package finding owns the vocabulary of results: what was found, how bad it is, where, and what to do.
//
// Its one rule: a finding is complete in itself. Whoever reads it alone, in a log or in an editor, learns what is wrong,
// where it was set, why it hurts and how to mend it.
package finding

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// Severity says what a finding does to the verdict.
type Severity string

const (
	Error   Severity = "error"   // something that people do every day does not work
	Warning Severity = "warning" // it works, but not as declared, or not for long
	Info    Severity = "info"    // worth knowing; never changes the exit status
)

// Rank orders severities, the worst first.
func (s Severity) Rank() int {
	return slices.Index([]Severity{Error, Warning, Info}, s)
}

// Finding is one defect of the user's container, image or files.
type Finding struct {
	Code     string            `json:"code"`
	Name     string            `json:"name"`
	Severity Severity          `json:"severity"`
	Message  string            `json:"message"` // what is wrong, in one sentence
	Location source.Place      `json:"location,omitzero"`
	Related  []Related         `json:"related,omitempty"`
	Evidence map[string]string `json:"evidence,omitempty"` // the facts that led here, by name
	Cause    string            `json:"cause,omitempty"`    // why it is so, in one sentence
	Fixes    []Fix             `json:"fixes,omitempty"`    // alternatives, the best first
	Upstream []string          `json:"upstream,omitempty"` // exact error texts that the user meets elsewhere because of this

	// Fingerprint names the same defect across runs. It is made of the code and the subject, not of lines, so that
	// editing a file above the defect does not make it a new one.
	Fingerprint string `json:"fingerprint"`
}

// Related is another place that has to do with a finding.
type Related struct {
	Message  string       `json:"message"`
	Location source.Place `json:"location,omitzero"`
}

// Fix is one way out. Message is a verb phrase ("remove GOROOT from remoteEnv").
type Fix struct {
	Message  string   `json:"message"`
	Safe     bool     `json:"safe"` // can be undone, and changes nothing but what the message says
	Commands []string `json:"commands,omitempty"`
}

// Seal computes the fingerprint of the finding from its code and the subjects that tell it from others of its code.
func (f *Finding) Seal(subjects ...string) {
	sum := sha256.Sum256([]byte(f.Code + "\x00" + strings.Join(subjects, "\x00")))
	f.Fingerprint = hex.EncodeToString(sum[:8])
}

// Sort orders findings for every reader: the worst first, then by code, place and text. The order is total, so that
// equal facts give equal reports. Findings with the same fingerprint are one.
func Sort(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Location.File, b.Location.File),
			cmp.Compare(a.Location.Line, b.Location.Line),
			cmp.Compare(a.Location.Column, b.Location.Column),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Fingerprint, b.Fingerprint),
		)
	})
	seen := map[string]bool{} // the same one need not stand beside itself: its words and its severity may differ
	return slices.DeleteFunc(findings, func(f Finding) bool {
		twice := seen[f.Fingerprint]
		seen[f.Fingerprint] = true
		return twice
	})
}

// String is the finding in one line, for logs and test failures.
func (f Finding) String() string {
	return fmt.Sprintf("%s %s %s: %s", f.Severity, f.Code, f.Location, f.Message)
}
