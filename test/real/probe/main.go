//go:build linux

// Command probe prints what direct probes of the kernel say about ptrace, and what the rule predicts of them. It takes the
// path of dcverify, which plays the processes that trace and are traced.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/dcverify/dcverify/verifier/gather"
	"github.com/dcverify/dcverify/verifier/ptrace"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: probe DCVERIFY")
		os.Exit(2)
	}
	result, err := ptrace.Probe(context.Background(), os.Args[1], []string{gather.PtraceHelper})
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
