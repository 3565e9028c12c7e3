//go:build linux

package ptrace

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/dcverify/dcverify/verifier/facts"
)

// Probe makes all probes. It starts self, the running program, as the processes that trace and are traced: helperArgs
// are the arguments that come before those of Helper. An error means that not even /proc could be read.
func Probe(ctx context.Context, self string, helperArgs []string) (facts.Ptrace, error) {
	var p facts.Ptrace
	if err := describe(&p); err != nil {
		return p, err
	}
	helper := helper{self: self, args: helperArgs}
	p.Child = helper.child(ctx)
	p.Sibling, p.EmulatedBy = helper.sibling(ctx)
	p.OtherUser = helper.otherUser(ctx, p.UID)
	p.PredictChild, p.PredictSib = Predict(p)
	p.Explanation = Explain(p)
	return p, nil
}

// describe fills in what the kernel says about this process and about itself.
func describe(p *facts.Ptrace) error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	if err := readStatus(p, status); err != nil {
		return err
	}
	p.UID = os.Geteuid()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return fmt.Errorf("uname: %w", err)
	}
	p.Kernel = unix.ByteSliceToString(name.Release[:])
	p.Machine = unix.ByteSliceToString(name.Machine[:])
	p.YamaScope = -1
	if scope, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil {
		if p.YamaScope, err = strconv.Atoi(strings.TrimSpace(string(scope))); err != nil {
			return fmt.Errorf("kernel.yama.ptrace_scope: %w", err)
		}
	}
	return nil
}

// readStatus reads the fields of a /proc/PID/status that matter. A field that an emulated or an old kernel lacks
// stays zero.
func readStatus(p *facts.Ptrace, status []byte) error {
	for line := range bytes.Lines(status) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
		value = strings.TrimSpace(value)
		var err error
		switch key {
		case "CapEff":
			p.Effective, err = strconv.ParseUint(value, 16, 64)
		case "CapBnd":
			p.Bounding, err = strconv.ParseUint(value, 16, 64)
		case "Seccomp":
			p.Seccomp, err = strconv.Atoi(value)
		case "NoNewPrivs":
			p.NoNewPrivs = value == "1"
		}
		if err != nil {
			return fmt.Errorf("/proc/self/status: %s: %w", key, err)
		}
	}
	return nil
}
