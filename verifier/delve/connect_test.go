//go:build linux

package delve

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-delve/delve/service/rpc2"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

// serveScratch starts the installed dlv as somebody would, and gives its address. It is stopped when the test ends.
func serveScratch(t *testing.T, args ...string) (address string, pid int) {
	t.Helper()
	_, dlv := workbench(t)
	server, err := startServer(Tool{Path: dlv, Env: marked(t)}, args, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop(2 * time.Second) })
	select {
	case address = <-server.listening:
	case <-time.After(10 * time.Second):
		t.Fatalf("dlv does not listen: %s", server.words())
	}
	return address, server.PID()
}

// headless is how people start a server for their editor.
func headless(t *testing.T, more ...string) []string {
	t.Helper()
	binary, _ := workbench(t)
	args := append([]string{"exec", "--headless", "--api-version=2", "--listen=127.0.0.1:0", "--log-dest=3"}, more...)
	return append(args, binary, "--", "launch", debuggeeWord)
}

// client connects as an editor does.
func client(t *testing.T, address string) *rpc2.RPCClient {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(15 * time.Second))
	return rpc2.NewClientFromConn(conn)
}

func steps(p facts.Proof) string {
	var names []string
	for _, step := range p.Steps {
		names = append(names, step.Name)
	}
	return strings.Join(names, " ")
}

// A server for several clients is asked, over and over, and its program stands where it stood.
func TestConnect(t *testing.T) {
	address, pid := serveScratch(t, headless(t, "--accept-multiclient")...)
	for range 3 {
		p := Connect(t.Context(), address)
		if p.Status != facts.Passed || steps(p) != "find connect version target leave" {
			t.Fatalf("%+v", p)
		}
		s := p.Server
		if s.PID != pid || s.User != os.Getuid() || s.Kind != "headless" || s.API != 2 || s.Multi == nil || !*s.Multi || s.State != "stopped" || !s.Asked {
			t.Errorf("%+v", s)
		}
		if !strings.Contains(s.Target, "/debuggee (process ") || s.Version == "" || p.Tool.LeastGo == "" || p.Tool.MostGo == "" {
			t.Errorf("%+v, %+v", s, p.Tool)
		}
	}
	// The program is still at its start, and whoever comes can debug it to its end.
	c := client(t, address)
	state, err := c.GetState()
	if err != nil || state.Running || state.Exited {
		t.Fatalf("%+v, %v", state, err)
	}
	for state = range c.Continue() {
	}
	if !state.Exited || state.ExitStatus != 0 {
		t.Errorf("%+v", state)
	}
	if p := Connect(t.Context(), address); p.Status != facts.Passed || p.Server.State != "ended" {
		t.Errorf("%+v, %+v", p, p.Server)
	}
}

// A program that runs goes on running.
func TestConnectWhileItRuns(t *testing.T) {
	running := startScratch(t)
	address, _ := serveScratch(t, "attach", "--headless", "--accept-multiclient", "--continue", "--listen=127.0.0.1:0", "--log-dest=3", fmt.Sprint(running.PID))
	var p facts.Proof
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if p = Connect(t.Context(), address); p.Server.State == "running" {
			break // until then it loads the program
		}
	}
	if p.Status != facts.Passed || p.Server.State != "running" || p.Server.Target != fmt.Sprint(running.PID) {
		t.Errorf("%+v, %+v", p, p.Server)
	}
	if err := running.Alive(t.Context()); err != nil {
		t.Errorf("asked while it runs: %v", err)
	}
}

// A server for one client is not asked: its client is still to come.
func TestConnectToSingleClient(t *testing.T) {
	address, pid := serveScratch(t, headless(t)...)
	p := Connect(t.Context(), address)
	if p.Status != facts.Passed || p.Server.Asked || p.Server.PID != pid || *p.Server.Multi || p.Server.Kind != "headless" || steps(p) != "find" {
		t.Fatalf("%+v, %+v", p, p.Server)
	}
	c := client(t, address)
	if version := c.GetVersion(); version.APIVersion != 2 {
		t.Fatalf("the client that it waited for was not served: %+v", version)
	}
	p = Connect(t.Context(), address)
	if want := fmt.Sprintf("the Delve at %s (process %d) takes one client, and has one", address, pid); p.Status != facts.Fails || p.Reason != want {
		t.Errorf("%s: %s; want %s", p.Status, p.Reason, want)
	}
	if state, err := c.GetState(); err != nil || state.Exited {
		t.Errorf("its client was disturbed: %+v, %v", state, err)
	}
	if err := c.Detach(true); err != nil {
		t.Error(err)
	}

	address, _ = serveScratch(t, "dap", "--listen=127.0.0.1:0", "--log-dest=3")
	p = Connect(t.Context(), address)
	if p.Status != facts.Passed || p.Server.Asked || p.Server.Kind != "dap" {
		t.Errorf("%+v, %+v", p, p.Server)
	}
}

// One that a signal has stopped would let an editor wait for ever: the kernel takes connections in its name.
func TestConnectToStopped(t *testing.T) {
	address, pid := serveScratch(t, headless(t)...)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGCONT)
	if stat, err := child.Look(pid); err != nil || goesOn(child.Stat{PID: pid, State: 'T', Start: stat.Start}, 5*time.Second) != nil {
		t.Fatalf("it does not stop: %+v, %v", stat, err)
	}
	p := Connect(t.Context(), address)
	if want := fmt.Sprintf("the Delve at %s (process %d) is stopped by a signal", address, pid); p.Status != facts.Fails || !strings.HasPrefix(p.Reason, want) {
		t.Errorf("%s: %s; want %s", p.Status, p.Reason, want)
	}
}

// A Delve whose sockets cannot be seen, because it is another user's, is known by its command line.
func TestIdentifyByCommand(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // for a port that nobody else has
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	_, pid := serveScratch(t, "dap", "--listen=127.0.0.1:"+port, "--log-dest=3")
	number, _ := strconv.Atoi(port)
	f := found{Server: facts.Server{User: os.Getuid()}}
	f.identifyByCommand(number)
	if !f.known || !f.delve || f.PID != pid || f.Kind != "dap" {
		t.Errorf("%+v, want process %d", f, pid)
	}
	f = found{Server: facts.Server{User: os.Getuid() + 1}}
	if f.identifyByCommand(number); f.known {
		t.Errorf("of another user: %+v", f)
	}
}

// What cannot be seen from outside is asked, and what takes one client lets its program go on and is told so.
func TestConnectUnseen(t *testing.T) {
	unseen := func(address string) found { return found{Server: facts.Server{Address: address, User: -1}} }
	address, pid := serveScratch(t, headless(t)...)
	p := connect(t.Context(), address, unseen, usualLimits())
	if p.Status != facts.Passed || !p.Server.Asked || p.Server.Multi == nil || *p.Server.Multi || p.Server.State != "stopped" {
		t.Errorf("%+v, %+v", p, p.Server)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if stat, err := child.Look(pid); err != nil || !stat.Lives() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a server for one client outlives its client")
		}
	}

	address, _ = serveScratch(t, "dap", "--listen=127.0.0.1:0", "--log-dest=3")
	p = connect(t.Context(), address, unseen, shortLimits())
	if p.Status != facts.Fails || !strings.Contains(p.Reason, "or waits for an editor's protocol (dlv dap)") {
		t.Errorf("%+v, %+v", p, p.Server)
	}
}

// Whatever listens there: a reason, in bounded time.
func TestConnectFaults(t *testing.T) {
	unseen := func(address string) found { return found{Server: facts.Server{Address: address, User: -1}} }
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			bufio.NewReader(c).ReadByte()
			io.WriteString(c, text)
		}
	}
	for name, test := range map[string]struct {
		serve func(net.Conn)
		want  string
	}{
		"closes":        {func(net.Conn) {}, "closes the connection at once: Delve does that to clients of other users (--only-same-user)"},
		"silent":        {func(c net.Conn) { io.Copy(io.Discard, c) }, "takes the connection and answers nothing for 400ms"},
		"HTTP":          {answer("HTTP/1.1 400 Bad Request\r\n\r\n"), `is no Delve: the answer begins with 'H'`},
		"no JSON":       {answer("{garbage}\n"), "is no Delve: invalid character"},
		"no result":     {answer(`{"id":1,"result":null,"error":"unknown method: RPCServer.GetVersion"}` + "\n"), "is no Delve: unknown method"},
		"version 1":     {answer(`{"id":1,"result":{"DelveVersion":"Version: 1.4.0","APIVersion":1},"error":null}` + "\n"), "speaks version 1 of its interface, and the Go extension wants 2"},
		"other result":  {answer(`{"id":1,"result":[],"error":null}` + "\n"), "is no Delve: json: cannot unmarshal"},
		"half a answer": {answer(`{"id":1,"result":{"Delve`), "is no Delve: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					c, err := listener.Accept()
					if err != nil {
						return
					}
					test.serve(c)
					c.Close()
				}
			}()
			began := time.Now()
			p := connect(t.Context(), listener.Addr().String(), unseen, shortLimits())
			if p.Status != facts.Fails || !strings.Contains(p.Reason, test.want) || time.Since(began) > 20*time.Second {
				t.Errorf("%s: %s; want %s", p.Status, p.Reason, test.want)
			}
		})
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	p := Connect(t.Context(), address)
	if p.Status != facts.Fails || !strings.Contains(p.Reason, "and is no Delve") || p.Server.PID != os.Getpid() {
		t.Errorf("%+v", p)
	}
	listener.Close()
	if p = Connect(t.Context(), address); p.Status != facts.Fails || p.Reason != "nothing listens at "+address {
		t.Errorf("%+v", p)
	}
	if p = connect(t.Context(), address, unseen, usualLimits()); p.Status != facts.Fails || p.Reason != "nothing listens at "+address+": connection refused" {
		t.Errorf("%+v", p)
	}
	if p = Connect(t.Context(), "nowhere.invalid:1"); p.Status != facts.Fails || !strings.Contains(p.Reason, "nowhere.invalid") {
		t.Errorf("%+v", p)
	}
}

func TestClosed(t *testing.T) {
	yes, no := true, false
	of := func(user int, multi *bool, clients int) found {
		return found{Server: facts.Server{Address: "a:1", User: user, PID: 7, Multi: multi, Clients: clients}, local: true, listens: true, inside: true, known: true, delve: true, process: "dlv"}
	}
	other := of(0, &no, 0)
	other.anybody = true
	open := of(0, &yes, 0)
	open.inside = false
	stopped := of(1000, &no, 0)
	stopped.Stopped = true
	stranger := of(0, &no, 0)
	stranger.delve, stranger.process = false, "nginx"
	for _, test := range []struct {
		name string
		f    found
		want string
	}{
		{"fine", of(1000, &yes, 2), ""},
		{"one client, none there", of(1000, &no, 0), ""},
		{"busy", of(1000, &no, 1), "the Delve at a:1 (process 7) takes one client, and has one"},
		{"another user's", of(0, &yes, 0), "what listens at a:1 belongs to user 0: Delve refuses clients of other users, even root"},
		{"another user's, for everybody", other, ""},
		{"another user's, at all addresses", open, ""},
		{"stopped by a signal", stopped, "the Delve at a:1 (process 7) is stopped by a signal, and answers nobody until it is continued"},
		{"no Delve", stranger, "process 7 (nginx) listens at a:1, and is no Delve"},
		{"elsewhere", found{}, ""},
	} {
		if got := test.f.closed(1000); !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
