package checks

import (
	"strings"

	"github.com/dcverify/dcverify/verifier/finding"
)

// exhausted knows the words of the kernel for what a container can have too little of. They are the same whichever program
// passes them on, and say more than which program it was.
func exhausted(reason string) (cause string, fix finding.Fix, ok bool) {
	for _, e := range []struct{ words, cause, fix string }{
		{"no space left on device", "a disk of the container is full, or has no room for more files", "make room there, or point TMPDIR, GOCACHE or GOTMPDIR to where there is some"},
		{"disk quota exceeded", "the user may store no more on a disk of the container", "make room there, or point TMPDIR, GOCACHE or GOTMPDIR to where there is some"},
		{"read-only file system", "what go has to write to is mounted read-only", "mount a volume there, or point GOCACHE, TMPDIR or GOTMPDIR to a folder that can be written"},
		{"resource temporarily unavailable", tooManyProcesses, moreProcesses},
		{"failed to create new os thread", tooManyProcesses, moreProcesses},
		{"cannot fork", tooManyProcesses, moreProcesses},
		{"cannot allocate memory", tooLittleMemory, moreMemory},
		{"out of memory", tooLittleMemory, moreMemory},
		{"signal: killed", tooLittleMemory, moreMemory},
		{"too many open files", "a process may have no more files open", "raise the limit, such as with --ulimit nofile in runArgs"},
	} {
		if strings.Contains(strings.ToLower(reason), e.words) {
			return e.cause, finding.Fix{Message: e.fix, Safe: true}, true
		}
	}
	return "", finding.Fix{}, false
}

const (
	tooManyProcesses = "the container, or the user, may have no more processes and threads; dcverify runs several programs at once"
	moreProcesses    = "raise the limit, such as with --pids-limit or --ulimit nproc in runArgs"
	tooLittleMemory  = "the container has too little memory: the kernel ends or refuses what asks for more"
	moreMemory       = "give the container more memory, such as with --memory in runArgs"
)
