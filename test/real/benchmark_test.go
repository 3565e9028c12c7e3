package real

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/report"
)

// BenchmarkRun measures `dcverify run` on a clean dev container, warm: the wall time of the whole, that of its longest
// proof alone, and their ratio, which is to stay within 1.3 because the proofs overlap; and dcverify's own peak memory,
// without its children, which is to stay below 100 MiB.
func BenchmarkRun(b *testing.B) {
	id := benchContainer(b)
	exec := func(args ...string) time.Duration {
		output, err := dockerExec(id, append([]string{"dcverify", "run", "--format", "json"}, args...)...)
		if err != nil {
			b.Fatalf("%v: %v\n%s", args, err, output)
		}
		r, err := report.ReadJSON(bytes.NewReader(output))
		if err != nil {
			b.Fatal(err)
		}
		return time.Duration(r.DurationMs) * time.Millisecond
	}
	exec() // warm
	var whole, longest time.Duration
	for b.Loop() {
		whole += exec()
		alone := max(exec("--only", "DV603"), exec("--only", "DV604"), exec("--only", "DV605"), exec("--only", "DV803"))
		longest += alone
	}
	b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "ms/run")
	b.ReportMetric(float64(longest.Milliseconds())/float64(b.N), "ms/longest-proof")
	b.ReportMetric(float64(whole)/float64(longest), "ratio")

	// The shell's own children are one process: dcverify. Its children are not in VmHWM.
	output, err := dockerExec(id, "sh", "-c", `dcverify run >/dev/null & pid=$!; peak=0
		while kill -0 $pid 2>/dev/null; do
			now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2>/dev/null); [ -n "$now" ] && peak=$now; sleep 0.02
		done; echo $peak`)
	if err != nil {
		b.Fatalf("%v\n%s", err, output)
	}
	var kib float64
	for _, digit := range strings.TrimSpace(string(output)) {
		kib = kib*10 + float64(digit-'0')
	}
	b.ReportMetric(kib/1024, "MiB-peak")
}

func benchContainer(b *testing.B) string {
	b.Helper()
	start := exec.Command("docker", "run", "-d", "--rm", "-v", program+":/usr/local/bin/dcverify:ro", "dcv/go:1.26", "sleep", "3600")
	output, err := start.Output()
	if err != nil {
		b.Fatal(err)
	}
	id := strings.TrimSpace(string(output))
	b.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", id).Run() })
	return id
}

func dockerExec(id string, args ...string) ([]byte, error) {
	return exec.Command("docker", append([]string{"exec", id}, args...)...).Output()
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
