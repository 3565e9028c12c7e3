//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// launch lets dlv build the module and debugs it: breakpoint, stop, arguments.
func launch(b bench) error {
	return b.debug(true, "debug", "--headless", "--api-version=2", "--listen=127.0.0.1:0")
}

// attach debugs a program that runs already, and which then goes on.
func attach(b bench) error {
	running := exec.Command(b.running, "wait")
	running.Env = b.env.list()
	input, err := running.StdinPipe()
	if err != nil {
		return err
	}
	if err := running.Start(); err != nil {
		return err
	}
	defer func() { _ = running.Process.Kill() }()
	err = b.debug(false, "attach", "--headless", "--api-version=2", "--listen=127.0.0.1:0", strconv.Itoa(running.Process.Pid))
	if err != nil {
		return err
	}
	// It obeys: it is alive and not stopped.
	if err := input.Close(); err != nil {
		return err
	}
	defer time.AfterFunc(patience, func() { _ = running.Process.Kill() }).Stop()
	if _ = running.Wait(); running.ProcessState.ExitCode() != 7 {
		return fmt.Errorf("after detaching the program ended with %s", running.ProcessState)
	}
	return nil
}

// debug starts dlv as a server and is its client; the program stops in report, with the arguments that it has there.
func (b bench) debug(kill bool, args ...string) error {
	address, end, err := b.serve("API server listening at: ", args...)
	if err != nil {
		return err
	}
	defer end()
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	client := jsonrpc.NewClient(conn)
	defer client.Close()
	if err := stopAndRead(client); err != nil {
		return err
	}
	return client.Call("RPCServer.Detach", map[string]any{"Kill": kill}, new(struct{}))
}

func stopAndRead(client *rpc.Client) error {
	breakpoint := map[string]any{"Breakpoint": map[string]any{"name": "here", "functionName": "main.report"}}
	var created struct{ Breakpoint struct{ ID int } }
	if err := client.Call("RPCServer.CreateBreakpoint", breakpoint, &created); err != nil {
		return err
	}
	var stopped struct {
		State struct {
			Err           any
			CurrentThread struct {
				Function struct{ Name string }
			}
		}
	}
	if err := client.Call("RPCServer.Command", map[string]any{"name": "continue"}, &stopped); err != nil {
		return err
	}
	if where := stopped.State.CurrentThread.Function.Name; where != "main.report" {
		return fmt.Errorf("stopped in %q: %v", where, stopped.State.Err)
	}
	scope := map[string]any{"Scope": map[string]any{"GoroutineID": -1}, "Cfg": map[string]any{"MaxStringLen": 64}}
	var arguments struct {
		Args []struct{ Name, Value string }
	}
	if err := client.Call("RPCServer.ListFunctionArgs", scope, &arguments); err != nil {
		return err
	}
	if got := fmt.Sprint(arguments.Args); got != "[{word gopher} {answer 42}]" {
		return fmt.Errorf("the arguments are %s", got)
	}
	return client.Call("RPCServer.ClearBreakpoint", map[string]any{"Id": created.Breakpoint.ID}, new(struct{}))
}

// serve starts dlv and waits for it to listen. Its words are the error when it does not.
func (b bench) serve(listening string, args ...string) (address string, end func(), err error) {
	cmd, err := b.env.command(b.module, "dlv", args...)
	if err != nil {
		return "", nil, err
	}
	reader, writer := io.Pipe()
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = writer, &stderr
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		writer.Close()
		close(ended)
	}()
	late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	end = func() {
		// A server without a client ends by itself; one that does not is not waited for.
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		late.Stop()
	}
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), listening); ok {
			go func() { _, _ = io.Copy(io.Discard, reader) }()
			return address, end, nil
		}
	}
	<-ended
	late.Stop()
	return "", nil, errors.New(telling(stderr.String(), "dlv ended with "+cmd.ProcessState.String()))
}
