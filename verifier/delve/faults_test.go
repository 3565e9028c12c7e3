//go:build linux

package delve

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

// fakeDelve is a debugger with a fault.
func fakeDelve(fault string) int {
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(os.NewFile(3, "line"), "API server listening at: %s\n", l.Addr())
		return l
	}
	accept := func() net.Conn {
		c, err := listen().Accept()
		if err != nil {
			panic(err)
		}
		return c
	}
	forever := func() { time.Sleep(time.Minute) }
	switch fault {
	case "hangs":
		forever()
	case "hangs and is deaf":
		signal.Ignore(syscall.SIGTERM)
		forever()
	case "ends without listening":
		fmt.Println("nothing to do")
	case "ends without a word":
	case "fails without a word":
		return 3
	case "usage":
		fmt.Fprint(os.Stderr, "Error: unknown flag: --log-dest\nUsage:\n  dlv [command]\n")
		return 1
	case "garbage":
		os.Stdout.Write([]byte("\xff\xfe\x00garbage\nAPI server listening at\n\n"))
	case "listens nowhere":
		fmt.Println("API server listening at: nowhere")
		forever()
	case "listens and ends":
		listen().Close()
		fmt.Fprintln(os.Stderr, "Version of Delve is too old for Go version go1.26.8 (maximum supported version 1.24, suppress this error with --check-go-version=false)")
		return 1
	case "says it on stdout":
		fmt.Println("API server listening at: 127.0.0.1:1")
		fmt.Fprintln(os.Stderr, "Could not attach to pid 7: current user does not own the process")
		return 1
	case "never answers":
		defer accept().Close()
		forever()
	case "never answers and is deaf":
		signal.Ignore(syscall.SIGTERM)
		defer accept().Close()
		forever()
	case "answers garbage":
		fmt.Fprint(accept(), "HTTP/1.1 400 Bad Request\r\n\r\n")
		forever()
	case "hangs up":
		accept().Close()
		fmt.Fprintln(os.Stderr, "closing connection from different user (127.0.0.1:1): connections to localhost are only accepted from the same UNIX user for security reasons")
		forever()
	case "floods":
		line := []byte(strings.Repeat("all work and no play makes dlv a dull boy ", 10) + "\n")
		for {
			os.Stdout.Write(line)
			os.Stderr.Write(line)
		}
	case "finds its port taken":
		fmt.Println("couldn't start listener: listen tcp 127.0.0.1:4040: bind: address already in use")
		return 1
	case "floods while it works":
		conn := accept()
		go fakeDelve("floods")
		return serveUntil(conn, "Command", "hangs")
	case "floods instead of an answer":
		conn, line := accept(), []byte(strings.Repeat(" ", 1<<16))
		for {
			if _, err := conn.Write(line); err != nil {
				return 1
			}
		}
	case "leaves an orphan":
		c := exec.Command("sleep", "60")
		c.Stdout, c.Stderr = os.Stdout, os.Stderr // which keeps our pipes open
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := c.Start(); err != nil {
			panic(err)
		}
		listen().Close()
		return 1
	default:
		if fault, ok := strings.CutPrefix(fault, "dap "); ok {
			command, what, _ := strings.Cut(fault, " ")
			return fakeDAP(accept(), command, what)
		}
		call, what, _ := strings.Cut(fault, " ")
		return serveUntil(accept(), call, what)
	}
	return 0
}

// serveUntil answers like Delve until a method is called, and then has its fault.
func serveUntil(conn net.Conn, method, what string) int {
	in, out := json.NewDecoder(bufio.NewReader(conn)), json.NewEncoder(conn)
	stopped := map[string]any{"Pid": 0, "currentThread": map[string]any{
		"file": "/x/main.go", "line": 7, "goroutineID": 1, "function": map[string]any{"name": "main.work"},
		"breakPoint": map[string]any{"id": 1},
	}}
	answers := map[string]any{
		"SetApiVersion":    map[string]any{},
		"GetVersion":       map[string]any{"DelveVersion": "Version: 0.0.0", "APIVersion": 2},
		"State":            map[string]any{"State": map[string]any{"Pid": 0}},
		"CreateBreakpoint": map[string]any{"Breakpoint": map[string]any{"id": 1, "functionName": "main.work", "file": "/x/main.go", "line": 7}},
		"Command":          map[string]any{"State": stopped},
		"Stacktrace": map[string]any{"Locations": []any{
			map[string]any{"function": map[string]any{"name": "main.work"}}, map[string]any{"function": map[string]any{"name": "main.main"}}}},
		"ListFunctionArgs": map[string]any{"Args": []any{map[string]any{"name": "answer"}}},
		"ListLocalVars":    map[string]any{"Variables": []any{}},
		"Detach":           map[string]any{},
	}
	for {
		var request struct {
			Method string `json:"method"`
			ID     uint64 `json:"id"`
		}
		if in.Decode(&request) != nil {
			return 0
		}
		name := strings.TrimPrefix(request.Method, "RPCServer.")
		if name == method {
			switch what {
			case "dies":
				fmt.Fprintln(os.Stderr, "panic: out of luck\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:1 +0x1")
				return 2
			case "is killed":
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			case "hangs":
				select {}
			case "refuses":
				out.Encode(map[string]any{"id": request.ID, "result": nil, "error": "not today"})
				continue
			}
		}
		out.Encode(map[string]any{"id": request.ID, "result": answers[name], "error": nil})
		if name == "Detach" {
			return 0
		}
	}
}

func shortLimits() limits {
	return limits{
		listen:   400 * time.Millisecond,
		dial:     200 * time.Millisecond,
		first:    400 * time.Millisecond,
		step:     400 * time.Millisecond,
		end:      400 * time.Millisecond,
		term:     200 * time.Millisecond,
		farewell: 200 * time.Millisecond,
		whole:    5 * time.Second,
	}
}

// limitsFor is short where a fault is found by waiting, and long where it is not: a machine may be slow.
func limitsFor(status facts.Status, step string) limits {
	l := shortLimits()
	l.dial, l.whole = time.Minute, time.Minute
	if step != "start" || status != facts.Broken {
		l.listen = time.Minute
	}
	if status != facts.Broken {
		l.first, l.step = time.Minute, time.Minute
	}
	return l
}

// Whatever a debugger does: a verdict that is never "passed", in bounded time, and nothing left.
func TestFaults(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "dlv")
	if err := os.WriteFile(plain, []byte("not a program"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fault  string
		status facts.Status
		step   string
		reason string
	}{
		{"ends without listening", facts.Fails, "start", "dlv ended with status 0 without listening: nothing to do"},
		{"ends without a word", facts.Fails, "start", "dlv ended with status 0 without listening"},
		{"fails without a word", facts.Fails, "start", "dlv ended with status 3 in step start, and said no reason"},
		{"usage", facts.Fails, "start", "Error: unknown flag: --log-dest"},
		{"garbage", facts.Fails, "start", "dlv ended with status 0 without listening: API server listening at"},
		{"hangs", facts.Broken, "start", "Delve did not listen within 400ms, in step start"},
		{"hangs and is deaf", facts.Broken, "start", "Delve did not listen within 400ms, in step start"},
		{"floods", facts.Broken, "start", "Delve did not listen within 400ms, in step start: all work and no play"},
		{"finds its port taken", facts.Fails, "start", "couldn't start listener: listen tcp 127.0.0.1:4040: bind: address already in use"},
		{"floods while it works", facts.Broken, "stop", "Delve gave no answer for 400ms, in step "},
		{"floods instead of an answer", facts.Fails, "connect", "Delve sent more than 16 MiB, in step connect"},
		{"listens nowhere", facts.Fails, "connect", "Delve broke the connection in step connect, and said no reason"},
		{"listens and ends", facts.Fails, "connect", "Version of Delve is too old for Go version go1.26.8 (maximum supported version 1.24, suppress this error with --check-go-version=false)"},
		{"says it on stdout", facts.Fails, "connect", "Could not attach to pid 7: current user does not own the process"},
		{"never answers", facts.Broken, "connect", "Delve gave no answer for 400ms, in step "},
		{"never answers and is deaf", facts.Broken, "connect", "Delve gave no answer for 400ms, in step "},
		{"answers garbage", facts.Fails, "connect", "Delve broke the connection in step connect, and said no reason"},
		{"hangs up", facts.Fails, "connect", "closing connection from different user (127.0.0.1:1): connections to localhost are only accepted from the same UNIX user for security reasons"},
		{"leaves an orphan", facts.Fails, "connect", "dlv ended with status 1 in step connect, and said no reason"},
		{"State dies", facts.Fails, "connect", "panic: out of luck"},
		{"GetVersion refuses", facts.Fails, "connect", "Delve speaks version 0 of its API instead of 2"},
		{"CreateBreakpoint refuses", facts.Fails, "breakpoint", "not today"},
		{"CreateBreakpoint is killed", facts.Fails, "breakpoint", "dlv ended with signal: killed in step breakpoint, and said no reason"},
		{"CreateBreakpoint hangs", facts.Broken, "breakpoint", "Delve gave no answer for 400ms, in step "},
		{"Command dies", facts.Fails, "stop", "panic: out of luck"},
		{"Command is killed", facts.Fails, "stop", "dlv ended with signal: killed in step stop, and said no reason"},
		{"Command hangs", facts.Broken, "stop", "Delve gave no answer for 400ms, in step "},
		{"Stacktrace dies", facts.Fails, "stack", "panic: out of luck"},
		{"Stacktrace hangs", facts.Broken, "stack", "Delve gave no answer for 400ms, in step "},
		{"ListLocalVars dies", facts.Fails, "locals", "panic: out of luck"},
		{"nothing happens", facts.Fails, "locals", `local "answer" is "" instead of 42: the locals are empty`},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			tool := Tool{Path: self(t), Args: []string{"fake-dlv", c.fault}, Env: marked(t)}
			began := time.Now()
			l := limitsFor(c.status, c.step)
			p := launch(t.Context(), tool, Program{Path: "/x", Breakpoint: "main.work", Locals: map[string]string{"answer": "42"}}, l)
			took := time.Since(began)
			if p.Status != c.status || !strings.HasPrefix(p.Reason, c.reason) {
				t.Errorf("want %s: %s\n got %s: %s\n%+v", c.status, c.reason, p.Status, p.Reason, p)
			}
			if step := p.Steps[len(p.Steps)-1].Name; step != c.step {
				t.Errorf("ended in step %s, want %s", step, c.step)
			}
			if len(p.Output) > child.TailSize {
				t.Errorf("%d bytes of output are kept", len(p.Output))
			}
			if took > 20*time.Second && l.first < time.Second {
				t.Errorf("took %s", took)
			}
		})
	}

	t.Run("missing", func(t *testing.T) {
		p := Launch(t.Context(), Tool{Path: "/nonexistent/dlv"}, Program{})
		wantFailed(t, p, "", "start", "fork/exec /nonexistent/dlv: no such file or directory")
	})
	t.Run("another architecture", func(t *testing.T) {
		header := []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x16\x00") // of an IBM mainframe
		foreign := filepath.Join(t.TempDir(), "dlv")
		if err := os.WriteFile(foreign, append(header, make([]byte, 1<<10)...), 0o755); err != nil {
			t.Fatal(err)
		}
		p := Launch(t.Context(), Tool{Path: foreign}, Program{})
		wantFailed(t, p, "", "start", "fork/exec "+foreign+": exec format error")
	})
	t.Run("not executable", func(t *testing.T) {
		p := Launch(t.Context(), Tool{Path: plain}, Program{})
		wantFailed(t, p, "", "start", "fork/exec "+plain+": permission denied")
	})
	t.Run("whole time", func(t *testing.T) {
		l := shortLimits()
		l.whole = 100 * time.Millisecond
		p := launch(t.Context(), Tool{Path: self(t), Args: []string{"fake-dlv", "hangs"}, Env: marked(t)}, Program{Path: "/x"}, l)
		if want := "the proof was given up in step start: it took longer than 100ms"; p.Status != facts.Broken || p.Reason != want {
			t.Errorf("%s: %s", p.Status, p.Reason)
		}
	})
}

// A debugger that is killed while it holds a process must not take it along, nor leave it stopped.
func TestAttachedSurvivesItsDebugger(t *testing.T) {
	for name, tool := range tools(t) {
		t.Run(name, func(t *testing.T) {
			running := startScratch(t)
			process := Process{PID: running.PID}
			p := prove(t.Context(), "delve-attach", tool, shortLimitsButFirst(), func(s *session) error {
				s.target, _ = child.Look(process.PID)
				address, err := s.start(tool, append(serverArgs("attach", tool), fmt.Sprint(process.PID)), "/")
				if err != nil {
					return err
				}
				if err := s.connect(address); err != nil {
					return err
				}
				syscall.Kill(s.server.PID(), syscall.SIGKILL)
				return s.lookAround()
			})
			if p.Status != facts.Fails || !strings.Contains(p.Reason, "signal: killed in step stop") {
				t.Errorf("%+v", p)
			}
		})
	}
}

func shortLimitsButFirst() limits {
	l := shortLimits()
	l.listen, l.first = usualLimits().listen, usualLimits().first
	return l
}

func TestListeningLineIsFoundInPieces(t *testing.T) {
	found := make(chan string, 1)
	w := &watch{found: found}
	text := strings.Repeat("x", 5000) + "API server listening at: no\nAPI server listening at: yes\r\nAPI server listening at: late\n"
	for _, b := range []byte(text) {
		w.Write([]byte{b})
	}
	if got := <-found; got != "yes" {
		t.Errorf("found %q", got)
	}
}
