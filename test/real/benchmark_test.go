package real

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/report"
)

// proving are the checks that start something and wait for it.
var proving = []string{"DV603", "DV604", "DV605", "DV607", "DV608", "DV609", "DV703", "DV803"}

// BenchmarkRun measures `dcverify run` on a clean dev container, warm: the wall time of the whole, that of its longest
// proof alone and of all proofs one after the other, and how many processors the whole keeps busy: proofs that overlap cost
// no more than the processors need. And dcverify's own peak memory, without its children, which is to stay below 100 MiB.
func BenchmarkRun(b *testing.B) {
	w := newWorkspace(b, object{"image": "dcv/go:1.26", "remoteUser": "dev"}, nil)
	w.up(b)
	exec := func(args ...string) time.Duration {
		r := w.verify(b, append([]string{"run"}, args...)...)
		if r.Verdict != report.Passed {
			b.Fatalf("%v: %s", args, r.Verdict)
		}
		return time.Duration(r.DurationMs) * time.Millisecond
	}
	exec() // warm
	var whole, longest, sum time.Duration
	for b.Loop() {
		whole += exec()
		var most time.Duration
		for _, proof := range proving {
			alone := exec("--only", proof)
			most, sum = max(most, alone), sum+alone
		}
		longest += most
	}
	b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "ms/run")
	b.ReportMetric(float64(longest.Milliseconds())/float64(b.N), "ms/longest-proof")
	b.ReportMetric(float64(sum.Milliseconds())/float64(b.N), "ms/proofs-in-turn")

	output, problems, status := w.exec(b, "bash", "-c", "TIMEFORMAT='%R %U %S'; time dcverify run >/dev/null")
	var wall, user, system float64
	if _, err := fmt.Sscan(problems, &wall, &user, &system); status != 0 || err != nil {
		b.Fatalf("exit status %d, %v\n%s%s", status, err, output, problems)
	}
	b.ReportMetric((user+system)/wall, "processors-busy")

	// VmHWM is of this process alone, without its children.
	output, problems, status = w.exec(b, "sh", "-c", `dcverify run >/dev/null & pid=$!; peak=0
		while kill -0 $pid 2>/dev/null; do
			now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2>/dev/null); [ -n "$now" ] && peak=$now; sleep 0.02
		done; echo $peak`)
	kib, err := strconv.Atoi(strings.TrimSpace(output))
	if status != 0 || err != nil {
		b.Fatalf("exit status %d, %v\n%s%s", status, err, output, problems)
	}
	b.ReportMetric(float64(kib)/1024, "MiB-peak")
}

// BenchmarkVersion measures the start of the program, which is to stay within 20 ms.
func BenchmarkVersion(b *testing.B) {
	var cpu time.Duration
	for b.Loop() {
		cmd := exec.Command(program, "version")
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		cpu += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(b.N), "ms-cpu/op")
}
