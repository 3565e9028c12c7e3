package real

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterrupted ends a run at many moments, as ctrl-C and as a supervisor does: it ends soon, with status 4 or its own, and
// leaves no process and no file.
func TestInterrupted(t *testing.T) {
	folder := t.TempDir()
	for i := range 40 {
		after := time.Duration(30+i*45) * time.Millisecond
		signal := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2]
		cmd := command(t.Context(), folder, program, "run", "--only", "DV603,DV604,DV605,DV803,DV905")
		cmd.Env = append(os.Environ(), "TMPDIR="+folder)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		_ = cmd.Process.Signal(signal) // it may have ended
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			_ = cmd.Process.Kill()
			t.Fatalf("%s after %s: it does not end", signal, after)
		}
		if status := cmd.ProcessState.ExitCode(); status != 4 && status != 0 && status != 1 {
			t.Errorf("%s after %s: exit status %d", signal, after, status)
		}
		left, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(left) > 0 {
			t.Fatalf("%s after %s: left on disk: %v %v", signal, after, left, err)
		}
		lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if text, err := os.ReadFile(line); err == nil && strings.Contains(string(text), folder) {
				t.Errorf("%s after %s: left running: %s %q", signal, after, line, text)
			}
		}
	}
}
