package real

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/report"
)

var seed = flag.Uint64("seed", 0, "of the moments at which TestInterrupted interrupts; 0 for another one each time")

// TestInterrupted ends 200 runs at random moments, as ctrl-C and as a supervisor does. Each ends soon, with status 4 and a
// report of what was found until then, or with its own status when it was over already, and leaves no process and no file.
// Every fifth attaches to a process of somebody else, which must go on as if nothing had been.
func TestInterrupted(t *testing.T) {
	const runs = 200
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("the moments are those of -seed=%d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	type moment struct {
		after  time.Duration
		signal syscall.Signal
		attach bool
	}
	moments := make(chan moment, runs)
	for i := range runs {
		m := moment{signal: []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2], attach: i%5 == 0}
		m.after = time.Duration(random.Int64N(int64(2500 * time.Millisecond)))
		if m.attach {
			m.after /= 4 // it is shorter
		}
		moments <- m
	}
	close(moments)

	binaries := tools(t, runtime.GOARCH)
	for _, name := range []string{"dlv", "gopls"} { // the machine may have none
		text := output(t, "docker", "run", "--rm", "--label", containerLabel, "dcv/go:1.26", "cat", "/go/bin/"+name)
		if err := os.WriteFile(filepath.Join(binaries, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var mutex sync.Mutex
	ended := map[string]int{}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) + 1 { // a run also waits
		w := interrupter{t: t, folder: t.TempDir(), dcverify: filepath.Join(binaries, "dcverify")}
		w.startTarget(filepath.Join(binaries, "target"))
		workers.Go(func() {
			for m := range moments {
				how := w.interrupt(m.signal, m.after, m.attach)
				mutex.Lock()
				ended[m.signal.String()+": "+how]++
				mutex.Unlock()
			}
		})
	}
	workers.Wait()
	all, interrupted, early := 0, 0, 0
	for how, n := range ended {
		t.Logf("%s: %d", how, n)
		all += n
		if strings.HasSuffix(how, endedInterrupted) {
			interrupted += n
		}
		if strings.HasSuffix(how, endedEarly) {
			early += n
		}
	}
	if all != runs || interrupted < runs/4 || early > runs/10 {
		t.Errorf("of %d runs %d were interrupted at work, and %d before they had begun", all, interrupted, early)
	}
}

// The ways to end.
const (
	endedInterrupted = "interrupted, with a report"
	endedOver        = "it was over already"
	endedEarly       = "before it had begun"
	endedWrong       = "wrong"
)

// interrupter runs dcverify in a folder of its own, which marks everything that comes of it.
type interrupter struct {
	t                testing.TB
	folder, dcverify string
	target           *exec.Cmd
}

// startTarget starts the process of somebody else.
func (w *interrupter) startTarget(path string) {
	w.t.Helper()
	w.target = exec.Command(path)
	if err := w.target.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = w.target.Process.Kill()
		_ = w.target.Wait()
	})
}

// interrupt runs dcverify, sends it a signal and says how it ended.
func (w *interrupter) interrupt(signal syscall.Signal, after time.Duration, attach bool) string {
	args := []string{"run", "--only", "DV603,DV604,DV605,DV607,DV703,DV803,DV905", "--format", "json"}
	if attach {
		args = []string{"debug", "--pid", strconv.Itoa(w.target.Process.Pid), "--format", "json"}
	}
	cmd := exec.Command(w.dcverify, args...)
	cmd.Dir = w.folder
	cmd.Env = append(os.Environ(), "TMPDIR="+w.folder, "PATH="+filepath.Dir(w.dcverify)+":"+os.Getenv("PATH"))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		w.t.Error(err)
		return endedWrong
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	var sent time.Time
	select {
	case <-time.After(after):
		sent = time.Now()
		_ = cmd.Process.Signal(signal) // it may have ended
		select {
		case <-over:
		case <-time.After(20 * time.Second):
			w.t.Errorf("%s after %s: it does not end", signal, after)
			_ = cmd.Process.Kill()
			<-over
			return endedWrong
		}
	case <-over:
	}
	how := endedWrong
	state := cmd.ProcessState.Sys().(syscall.WaitStatus)
	r, err := report.ReadJSON(&stdout)
	switch {
	case state.Signaled() && state.Signal() == signal && stdout.Len() == 0:
		how = endedEarly // before main had asked for signals
	case err == nil && r.ExitStatus != state.ExitStatus():
		w.t.Errorf("%s after %s: the report says exit status %d, and it ended with %d", signal, after, r.ExitStatus, state.ExitStatus())
	case err == nil && state.ExitStatus() == report.ExitIncomplete && r.Interrupted == "interrupted" && (r.Verdict == report.Incomplete || r.Verdict == report.Failed):
		how = endedInterrupted
	case err == nil && (state.ExitStatus() == report.ExitPassed || state.ExitStatus() == report.ExitFailed) && r.Interrupted == "":
		how = endedOver
	default:
		w.t.Errorf("%s after %s: status %v, %v\n%s\n%s", signal, after, cmd.ProcessState, err, stdout.String(), stderr.String())
	}
	w.nothingLeft(signal, after)
	if took := time.Since(sent); !sent.IsZero() && took > 15*time.Second {
		w.t.Errorf("%s after %s: it took %s to end", signal, after, took)
	}
	return how
}

// nothingLeft looks for files in the folder, and for processes that were told of it, and at somebody else's process.
func (w *interrupter) nothingLeft(signal syscall.Signal, after time.Duration) {
	if left, err := filepath.Glob(filepath.Join(w.folder, "*")); err != nil || len(left) > 0 {
		w.t.Errorf("%s after %s: left on disk: %v %v", signal, after, left, err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		w.t.Error(err)
	}
	for _, process := range processes {
		cmdline, _ := os.ReadFile(process + "/cmdline") // one that has ended meanwhile is not left
		environ, _ := os.ReadFile(process + "/environ")
		if bytes.Contains(append(cmdline, environ...), []byte(w.folder)) {
			w.t.Errorf("%s after %s: left running: %s %q", signal, after, process, cmdline)
		}
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(w.target.Process.Pid) + "/stat")
	if err != nil {
		w.t.Errorf("%s after %s: somebody else's process: %v", signal, after, err)
		return
	}
	if state := stat[bytes.LastIndexByte(stat, ')')+2]; state != 'S' && state != 'R' {
		w.t.Errorf("%s after %s: somebody else's process is in state %c", signal, after, state)
	}
}
