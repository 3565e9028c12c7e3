package delve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-dap"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// Inspection is the scratch program, started by Delve with the env of a launch request, to be asked what it got, and then
// to panic.
type Inspection struct {
	Binary  string             // path of the program
	Request map[string]*string // env of the launch request; nil takes a variable away
	Godebug []string           // variables of GODEBUG to read in the runtime
}

// Inspected is what came of it. Values in Environ may be secrets: they go no further than to whoever compares them.
type Inspected struct {
	Environ goenv.Environ     // of the process, as it was started
	Runtime map[string]string // of the runtime's variables, where the debugger could read them
	Panic   string            // what the panic printed when somebody let the program go on
	End     string            // how the program ended, in Delve's words
}

// Inspect starts `dlv dap` as the Go extension does and lets it start a program that is built already, with the env that a
// launch request carries. The program is stopped before it has done anything of consequence, and its environment is read
// from the kernel, which keeps what it was started with.
func Inspect(ctx context.Context, tool Tool, wanted Inspection) (facts.Proof, Inspected) {
	return inspect(ctx, tool, wanted, inspectionLimits())
}

// inspectionLimits are the editor's; nothing is built, so the first answer comes as soon as that of a headless Delve.
func inspectionLimits() limits {
	l := editorLimits()
	l.first, l.whole = usualLimits().first, usualLimits().whole
	return l
}

func inspect(ctx context.Context, tool Tool, wanted Inspection, l limits) (facts.Proof, Inspected) {
	var got Inspected
	proof := prove(ctx, facts.EnvProof, tool, l, func(s *session) error {
		address, err := s.start(tool, dapArgs(tool), filepath.Dir(wanted.Binary))
		if err != nil {
			return err
		}
		i := &inspector{editor: &editor{session: s, keep: panicSize}, wanted: wanted, got: &got}
		return i.inspect(address)
	})
	return proof, got
}

// panicSize is the most that is kept of what the program prints: a trace of it with everything in is 6 KiB.
const panicSize = 64 << 10

type inspector struct {
	*editor
	wanted Inspection
	got    *Inspected
}

func (i *inspector) inspect(address string) error {
	for _, step := range []struct {
		name  string
		limit time.Duration
		do    func() (string, error)
	}{
		{"connect", i.limits.dial, func() (string, error) { return i.dial(address) }},
		{"initialize", i.limits.step, i.initialize},
		{"launch", i.limits.first, i.launch},
		{"breakpoint", i.limits.step, i.breakInFall},
		{"stop", i.limits.step, i.runToFall},
		{"environ", i.limits.step, i.readEnviron},
		{"godebug", i.limits.step, i.readGodebug},
		{"panic", i.limits.step, i.runToPanic},
		{"exit", i.limits.step + i.limits.end, i.runToTrace},
	} {
		if err := i.step(step.name, step.limit, step.do); err != nil {
			return err
		}
	}
	return nil
}

func (i *inspector) launch() (string, error) {
	arguments, err := json.Marshal(map[string]any{
		"request": "launch", "mode": "exec", "program": i.wanted.Binary, "cwd": filepath.Dir(i.wanted.Binary),
		"args": []string{"panic", debuggeeWord}, "env": i.wanted.Request, "stopOnEntry": false,
		"outputMode": "remote", // what the program prints comes as events, and apart from what Delve prints
	})
	if err != nil {
		return "", err
	}
	request := &dap.LaunchRequest{Request: i.request("launch"), Arguments: arguments}
	_, err = i.ask(request, func(m dap.Message) bool { _, ok := m.(*dap.InitializedEvent); return ok })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d variables in the request", len(i.wanted.Request)), nil
}

// breakInFall takes the function by its name: a GOFLAGS with -trimpath leaves no path to name.
func (i *inspector) breakInFall() (string, error) {
	request := &dap.SetFunctionBreakpointsRequest{Request: i.request("setFunctionBreakpoints")}
	request.Arguments = dap.SetFunctionBreakpointsArguments{Breakpoints: []dap.FunctionBreakpoint{{Name: "main.fall"}}}
	answer, err := i.ask(request, nil)
	if err != nil {
		return "", err
	}
	response, ok := answer.(*dap.SetFunctionBreakpointsResponse)
	if !ok || len(response.Body.Breakpoints) != 1 || !response.Body.Breakpoints[0].Verified {
		return "", wrong("the breakpoint in main.fall is not verified")
	}
	return "main.fall", nil
}

// runUntilStop sends a request that lets the program run and waits for its next stop.
func (i *inspector) runUntilStop(request dap.RequestMessage) (*dap.StoppedEvent, error) {
	message, err := i.ask(request, func(m dap.Message) bool { _, ok := m.(*dap.StoppedEvent); return ok })
	if err != nil {
		return nil, err
	}
	event := message.(*dap.StoppedEvent)
	i.thread = event.Body.ThreadId
	return event, nil
}

func (i *inspector) runToFall() (string, error) {
	event, err := i.runUntilStop(&dap.ConfigurationDoneRequest{Request: i.request("configurationDone")})
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(event.Body.Reason, "breakpoint") {
		return "", wrong(fmt.Sprintf("the program stopped for %s instead of the breakpoint: %s", event.Body.Reason, oneLine(event.Body.Text+i.said())))
	}
	return "main.fall", nil
}

// readEnviron finds the program in the session of its debugger: not every Delve tells its number.
func (i *inspector) readEnviron() (string, error) {
	binary, err := filepath.EvalSymlinks(i.wanted.Binary)
	if err != nil {
		return "", wrong(err.Error())
	}
	for _, member := range i.server.Members() {
		running, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", member.PID))
		if err != nil || running != binary {
			continue
		}
		block, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", member.PID))
		if err != nil {
			return "", wrong(err.Error())
		}
		i.debuggee = member // to be ended whatever becomes of the debugger
		i.got.Environ, _ = goenv.ParseBlock(bytes.TrimRight(block, "\x00"))
		return fmt.Sprintf("%d variables of process %d", len(i.got.Environ), member.PID), nil
	}
	return "", wrong("the program that Delve started is not to be found in /proc")
}

// readGodebug reads the variables that the runtime has made of GODEBUG. One that this Go has under another name, or that
// the debugger cannot read, is left out.
func (i *inspector) readGodebug() (string, error) {
	if len(i.wanted.Godebug) == 0 {
		return "", nil
	}
	stack := &dap.StackTraceRequest{Request: i.request("stackTrace")}
	stack.Arguments = dap.StackTraceArguments{ThreadId: i.thread, Levels: 1}
	answer, err := i.ask(stack, nil)
	if err != nil {
		return "", err
	}
	if frames, ok := answer.(*dap.StackTraceResponse); ok && len(frames.Body.StackFrames) > 0 {
		i.frame = frames.Body.StackFrames[0].Id
	}
	i.got.Runtime = map[string]string{}
	for _, name := range i.wanted.Godebug {
		for _, expression := range []string{"runtime.debug." + name, "runtime.debug." + name + ".value"} {
			value, err := i.evaluate(expression)
			if err != nil {
				return "", err
			}
			if _, err := strconv.Atoi(value); err == nil {
				i.got.Runtime[name] = value
				break
			}
		}
	}
	return fmt.Sprintf("%d of %d variables of the runtime", len(i.got.Runtime), len(i.wanted.Godebug)), nil
}

// evaluate is empty for what the debugger cannot evaluate, which is no fault of it.
func (i *inspector) evaluate(expression string) (string, error) {
	request := &dap.EvaluateRequest{Request: i.request("evaluate")}
	request.Arguments = dap.EvaluateArguments{Expression: expression, FrameId: i.frame, Context: "watch"}
	answer, err := i.ask(request, nil)
	var refused wrong
	if errors.As(err, &refused) {
		return "", nil
	}
	if response, ok := answer.(*dap.EvaluateResponse); ok && err == nil {
		return response.Body.Result, nil
	}
	return "", err
}

// runToPanic lets the program fall. Delve stops it there before the runtime has printed anything.
func (i *inspector) runToPanic() (string, error) {
	event, err := i.runUntilStop(&dap.ContinueRequest{Request: i.request("continue"), Arguments: dap.ContinueArguments{ThreadId: i.thread}})
	if err != nil {
		return "", err
	}
	if event.Body.Reason != "exception" {
		return "", wrong(fmt.Sprintf("the program stopped for %s instead of its panic", event.Body.Reason))
	}
	return "stopped at the panic", nil
}

// runToTrace lets the runtime print its trace and the program end.
func (i *inspector) runToTrace() (string, error) {
	i.output.Reset()
	_, err := i.runToEnd()
	i.got.Panic = i.output.String()
	if err != nil {
		return "", err
	}
	i.debuggee = child.Stat{} // it has ended; its number may be somebody else's soon
	for line := range strings.Lines(i.got.Panic) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "Process "); ok && strings.Contains(rest, "has exited with status") {
			_, i.got.End, _ = strings.Cut(rest, " has ")
		}
	}
	return "program ended, dlv too", nil
}
