//go:build linux

package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
)

const (
	// ownThreads are what dcverify was seen to need at most (13), and some more.
	ownThreads = 16
	// leastThreads are those, and the processes and threads of one go command or one debugger with its program.
	leastThreads = 2 * ownThreads
	// manyThreads are more than everything together was seen to need (80).
	manyThreads = 256
)

// reserveThreads makes sure that dcverify can end in order whatever else happens. The runtime of Go aborts the whole program
// when the kernel refuses it a thread: in a container that limits them (docker run --pids-limit) that would come about in the
// middle of the work, because a compiler took the last, and leave processes and files behind. So a container with too little
// room is refused at once, and where there is little the threads are made now; the runtime keeps them.
func reserveThreads(cgroups string) error {
	limit, used, limited := threadLimit(cgroups)
	room := limit - used
	if !limited || room >= manyThreads {
		return nil
	}
	if room < leastThreads {
		return fmt.Errorf("the container may have %d processes and threads at once (the pids limit) and has %d: dcverify needs %d more; "+
			"raise the limit, such as with --pids-limit in runArgs", limit, used, leastThreads)
	}
	var ready, done sync.WaitGroup
	ready.Add(ownThreads)
	for range ownThreads {
		done.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready.Done()
			ready.Wait() // each has a thread of its own when all have come here
		})
	}
	done.Wait()
	return nil
}

// threadLimit reads the limit of the container from its control group, of either version. One that cannot be read is none.
func threadLimit(cgroups string) (limit, used int, limited bool) {
	for _, folder := range []string{cgroups, filepath.Join(cgroups, "pids")} {
		most, err := readNumber(filepath.Join(folder, "pids.max")) // "max" is no number
		if err != nil {
			continue
		}
		if now, err := readNumber(filepath.Join(folder, "pids.current")); err == nil {
			return most, now, true
		}
	}
	return 0, 0, false
}

func readNumber(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}
