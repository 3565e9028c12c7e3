package checks

import (
	"strings"
	"testing"
)

func TestExhausted(t *testing.T) {
	for reason, want := range map[string]string{
		"compile: writing output: write $WORK/b009/_pkg_.a: no space left on device":                              "disk",
		"failed to initialize build cache at /root/.cache/go-build: mkdir /root/.cache: read-only file system":    "read-only",
		"runtime: failed to create new OS thread (have 6 already; errno=11)":                                      "processes and threads",
		"fork/exec /usr/local/go/bin/go: resource temporarily unavailable":                                        "processes and threads",
		"runtime/cgo: pthread_create failed: Resource temporarily unavailable":                                    "processes and threads",
		"internal/abi: /usr/local/go/pkg/tool/linux_amd64/compile: signal: killed":                                "memory",
		"fork/exec /usr/local/go/bin/go: cannot allocate memory":                                                  "memory",
		"open /dev/null: too many open files":                                                                     "files open",
		"failed to initialize build cache at /nonexistent/.cache/go-build: mkdir /nonexistent: permission denied": "",
		"could not attach to pid 7: operation not permitted":                                                      "",
		"compile: version \"go1.25.3\" does not match go tool version \"go1.26.8\"":                               "",
	} {
		cause, fix, ok := exhausted(reason)
		if ok != (want != "") || !strings.Contains(cause, want) || ok != (fix.Message != "") {
			t.Errorf("%s: %v, %q, %q", reason, ok, cause, fix.Message)
		}
	}
}
