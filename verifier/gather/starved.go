//go:build linux

package gather

import (
	"strings"

	"github.com/dcverify/dcverify/verifier/facts"
)

// starved tells whether a program failed because the kernel refused it a process or a thread: the container, or the user, may
// have no more of them (EAGAIN of clone, in the words of the C library, of Go's runtime and of a shell).
func starved(text string) bool {
	for _, words := range []string{
		"resource temporarily unavailable", "Resource temporarily unavailable", "failed to create new OS thread", "Cannot fork",
	} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

// fair takes the failure of a proof for none when the program was starved: dcverify runs compilers and debuggers at once,
// which an editor does not, so that nothing is learned about the editor.
func fair(proof facts.Part[facts.Proof]) facts.Part[facts.Proof] {
	if p, ok := proof.Get(); ok && p.Status == facts.Fails && starved(p.Reason) {
		p.Status = facts.Broken
		return facts.Known(p)
	}
	return proof
}
