//go:build linux

// Package childtest makes tests fail when a program leaves something running.
package childtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Environ is the environment of the test with a mark in it. The test fails when a process that has the mark outlives it:
// programs hand their environment on, so that the mark finds whatever came of them.
func Environ(t testing.TB) []string {
	t.Helper()
	mark := "DCVERIFY_TEST_MARK=" + t.TempDir() // which no other test has
	t.Cleanup(func() { nothingLeft(t, mark) })
	return append(os.Environ(), mark, "GORACE=atexit_sleep_ms=0") // or each program of ours takes a second more to end
}

func nothingLeft(t testing.TB, mark string) {
	t.Helper()
	var left []string
	for until := time.Now().Add(2 * time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
		if left = marked(mark); len(left) == 0 {
			return
		}
	}
	t.Errorf("processes are left: %q", left)
}

func marked(mark string) []string {
	var found []string
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, environ := range environs {
		env, _ := os.ReadFile(environ) // a zombie's is empty
		for entry := range bytes.SplitSeq(env, []byte{0}) {
			if string(entry) == mark {
				cmdline, _ := os.ReadFile(filepath.Join(filepath.Dir(environ), "cmdline"))
				found = append(found, filepath.Dir(environ)+" "+strings.ReplaceAll(string(cmdline), "\x00", " "))
			}
		}
	}
	return found
}
