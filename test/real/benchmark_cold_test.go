package real

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/report"
)

// BenchmarkCold measures the first `dcverify run` of a container, with an empty build cache, against what nobody can avoid: the
// first compile of a small module with its test, as the debugger wants it, and after it the longest proof. The ratio is to stay
// within 1.2. The three take turns with caches of their own, so that a machine that has other things to do is as slow for all; the
// processor time of the run against that of the compile says how much is done beside it.
func BenchmarkCold(b *testing.B) {
	w := newWorkspace(b, object{"image": "dcv/go:1.26", "remoteUser": "dev"}, map[string]string{
		"cold/go.mod": "module cold\n\ngo 1.26.0\n", "cold/main.go": delve.DebuggeeSource, "cold/main_test.go": delve.DebuggeeTest,
	})
	w.up(b)
	// timed runs a command with an empty build cache, the one that all views share, and tells how long it took and the processor time of all that it started.
	timed := func(command string) (wall, processor time.Duration) {
		stdout, stderr, status := w.exec(b, "bash", "-c", `go clean -cache; TIMEFORMAT='%R %U %S'; time { `+command+` >/tmp/report.json; }`)
		if status != 0 {
			b.Fatalf("%s: exit status %d\n%s\n%s", command, status, stdout, stderr)
		}
		lines := strings.Split(strings.TrimSpace(stderr+"\n"+stdout), "\n")
		for i := len(lines) - 1; i >= 0; i-- { // the CLI may say more
			var seconds [3]float64
			fields := strings.Fields(lines[i])
			if len(fields) != len(seconds) {
				continue
			}
			ok := true
			for j, field := range fields {
				value, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
				ok, seconds[j] = ok && err == nil, value
			}
			if ok {
				second := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
				return second(seconds[0]), second(seconds[1] + seconds[2])
			}
		}
		b.Fatalf("no times in %q", lines)
		return 0, 0
	}
	var compiles, proofs, runs, compileCPU, runCPU time.Duration
	for b.Loop() {
		wall, cpu := timed(`cd cold && go test "-gcflags=all=-N -l" .`)
		compiles, compileCPU = compiles+wall, compileCPU+cpu
		wall, cpu = timed(`/usr/local/bin/dcverify run --format json`)
		runs, runCPU = runs+wall, runCPU+cpu
		proofs += longestProof(b, w)
	}
	perRun := func(d time.Duration) float64 { return float64(d.Milliseconds()) / float64(b.N) }
	b.ReportMetric(perRun(compiles), "ms/compile")
	b.ReportMetric(perRun(proofs), "ms/longest-proof")
	b.ReportMetric(perRun(runs), "ms/cold-run")
	b.ReportMetric(float64(runs)/float64(compiles+proofs), "ratio")
	b.ReportMetric(float64(runCPU)/float64(compileCPU), "cpu-ratio")
}

// longestProof is the time of the longest proof, each made alone once everything is compiled.
func longestProof(b *testing.B, w workspace) (longest time.Duration) {
	b.Helper()
	for _, code := range []string{"DV604", "DV605", "DV607", "DV703"} {
		r := w.verify(b, "run", "--only", code)
		if r.Verdict != report.Passed {
			b.Fatal(fmt.Sprint(code, ": ", report.Line(r)))
		}
		longest = max(longest, time.Duration(r.DurationMs)*time.Millisecond)
	}
	return longest
}
