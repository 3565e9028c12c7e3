//go:build linux

package delve

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/dcverify/dcverify/verifier/facts"
)

// BenchmarkLaunchByHand makes the launch proof, and the same steps as somebody would write them down in a script who trusts
// everything: plain dlv and its RPC client, no limits and no looking after. The ratio of the two times is to stay within 1.5. They
// take turns, so that a machine that has other things to do is as slow for both; the processor time of dlv and the program says the
// same without it.
func BenchmarkLaunchByHand(b *testing.B) {
	binary, dlv := workbench(b)
	tool := Tool{Path: dlv, Env: marked(b)}
	program := DebuggeeProgram(binary, "/")
	var proof, hand, proofCPU, handCPU time.Duration
	for b.Loop() {
		began, cpu := time.Now(), processorTime(b)
		byHand(b, tool, program)
		hand, handCPU = hand+time.Since(began), handCPU+processorTime(b)-cpu
		began, cpu = time.Now(), processorTime(b)
		if p := Launch(b.Context(), tool, program); p.Status != facts.Passed {
			b.Fatalf("%+v", p)
		}
		proof, proofCPU = proof+time.Since(began), proofCPU+processorTime(b)-cpu
	}
	b.ReportMetric(float64(hand.Microseconds())/1000/float64(b.N), "ms/by-hand")
	b.ReportMetric(float64(proof.Microseconds())/1000/float64(b.N), "ms/proof")
	b.ReportMetric(float64(proof)/float64(hand), "ratio")
	b.ReportMetric(float64(proofCPU)/float64(handCPU), "cpu-ratio")
}

// processorTime is what this process and its children, those that have ended, have used.
func processorTime(b *testing.B) (used time.Duration) {
	b.Helper()
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			b.Fatal(err)
		}
		used += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return used
}

// byHand debugs a program from its start to its end.
func byHand(b *testing.B, tool Tool, program Program) {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	cmd := exec.Command(tool.Path, append([]string{"exec", "--headless", "--api-version=2", "--listen=127.0.0.1:0", program.Path, "--"}, program.Args...)...)
	cmd.Env, cmd.Dir, cmd.Stderr = tool.Env, program.Dir, os.Stderr
	stdout, err := cmd.StdoutPipe()
	must(err)
	must(cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	must(err)
	client := rpc2.NewClient(strings.TrimSpace(strings.TrimPrefix(line, "API server listening at:")))
	run := func() (last *api.DebuggerState) {
		for state := range client.Continue() {
			last = state
		}
		return last
	}
	stopIn := func(function string) *api.DebuggerState {
		point, err := client.CreateBreakpoint(&api.Breakpoint{FunctionName: function})
		must(err)
		state := run()
		if state.Err != nil || state.Exited {
			b.Fatalf("%+v", state)
		}
		_, err = client.ClearBreakpoint(point.ID)
		must(err)
		return state
	}
	state := stopIn(program.Breakpoint)
	goroutine := state.CurrentThread.GoroutineID
	_, err = client.Stacktrace(goroutine, 64, 0, 0, nil)
	must(err)
	scope := api.EvalScope{GoroutineID: goroutine}
	load := api.LoadConfig{MaxStringLen: 64, MaxArrayValues: 64, MaxStructFields: -1}
	arguments, err := client.ListFunctionArgs(scope, load)
	must(err)
	locals, err := client.ListLocalVariables(scope, load)
	must(err)
	found := 0
	for _, v := range append(arguments, locals...) {
		if want, ok := program.Locals[v.Name]; ok && (want == v.Value || want == fmt.Sprintf("%q", v.Value)) {
			found++
		}
	}
	if found != len(program.Locals) {
		b.Fatalf("%+v %+v", arguments, locals)
	}
	stopIn(program.Std)
	if state := run(); !state.Exited || state.ExitStatus != 0 {
		b.Fatalf("%+v", state)
	}
	must(client.Detach(true))
	must(cmd.Wait())
}
