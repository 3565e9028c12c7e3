package delve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"github.com/go-delve/delve/service"
	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/debugger"
	"github.com/go-delve/delve/service/rpccommon"
)

// Serve is the Delve that is linked into dcverify, as a program: it takes the arguments that Launch and Attach pass,
// says where it listens and why it fails in Delve's own words, and returns its exit status. It serves one client, and
// returns when that one leaves or when the context ends; SIGTERM must end the context.
func Serve(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	config, line, err := serveConfig(args, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "Error: "+err.Error())
		return 1
	}
	listener, err := net.Listen("tcp", config.address)
	if err != nil {
		fmt.Fprintf(stdout, "couldn't start listener: %s\n", err)
		return 1
	}
	defer listener.Close()
	fmt.Fprintln(line, "API server listening at:", listener.Addr())

	left := make(chan struct{})
	config.service.Listener = listener
	config.service.DisconnectChan = left
	server := rpccommon.NewServer(&config.service)
	if err := server.Run(); err != nil {
		if errors.Is(err, api.ErrNotExecutable) && len(config.service.ProcessArgs) > 0 {
			err = fmt.Errorf("%s is not executable", config.service.ProcessArgs[0])
		}
		fmt.Fprintln(stderr, err)
		return 1
	}
	select {
	case <-left:
	case <-ctx.Done():
	}
	if err := server.Stop(); err != nil {
		fmt.Fprintln(stdout, err)
	}
	return 0
}

type serving struct {
	address string
	service service.Config
}

// serveConfig reads the arguments: "exec FLAGS PATH -- ARGS" or "attach FLAGS PID". It also returns the stream for the
// listening line.
func serveConfig(args []string, stdout io.Writer) (config serving, line io.Writer, err error) {
	if len(args) == 0 || args[0] != "exec" && args[0] != "attach" {
		return serving{}, nil, fmt.Errorf("want exec or attach, got %q", args)
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Bool("headless", true, "always so")
	version := flags.Int("api-version", 2, "only 2")
	logDest := flags.Int("log-dest", 1, "file descriptor for the listening line")
	check := flags.Bool("check-go-version", true, "refuse versions of Go that this Delve was not made for")
	flags.StringVar(&config.address, "listen", "127.0.0.1:0", "address")
	if err := flags.Parse(args[1:]); err != nil {
		return serving{}, nil, err
	}
	rest := flags.Args()
	if len(rest) == 0 {
		return serving{}, nil, fmt.Errorf("%s what?", args[0])
	}
	if *version != 2 {
		return serving{}, nil, fmt.Errorf("unknown API version %d", *version)
	}
	config.service = service.Config{
		APIVersion:         2,
		CheckLocalConnUser: true,
		Debugger: debugger.Config{
			WorkingDir:     ".",
			Backend:        "default",
			CheckGoVersion: *check,
			ExecuteKind:    debugger.ExecutingExistingFile,
		},
	}
	if args[0] == "attach" {
		pid, err := strconv.Atoi(rest[0])
		if err != nil {
			return serving{}, nil, fmt.Errorf("invalid pid: %s", rest[0])
		}
		config.service.Debugger.AttachPid = pid
		config.service.Debugger.ExecuteKind = debugger.ExecutingOther
	} else {
		program := rest[0]
		if rest = rest[1:]; len(rest) > 0 && rest[0] == "--" {
			rest = rest[1:]
		}
		config.service.ProcessArgs = append([]string{program}, rest...)
	}
	if *logDest == 1 {
		return config, stdout, nil
	}
	closeOnExec(*logDest) // the program that is debugged has no use for it
	return config, os.NewFile(uintptr(*logDest), "listening line"), nil
}
