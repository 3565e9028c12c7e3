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
	p.Call = helper.call(ctx)
	p.Child = helper.child(ctx)
	var sibling, other, first facts.Process
	p.Sibling, p.EmulatedBy, sibling = helper.sibling(ctx)
	p.OtherUser, other = helper.otherUser(ctx, p.UID)
	p.First, first = helper.first(ctx)
	p.PredictChild, _ = PredictChild(p)
	p.PredictSib, _ = Predict(p, sibling, false)
	p.PredictOther, _ = Predict(p, other, false)
	p.PredictFirst, _ = Predict(p, first, false)
	p.Explanation = Explain(p)
	return p, nil
}

// Self is what Probe tells without probing.
func Self() (facts.Ptrace, error) {
	var p facts.Ptrace
	err := describe(&p)
	return p, err
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
	p.UID, p.GID = os.Getuid(), os.Getgid() // the real ones: they count for a tracer
	if ids, err := os.ReadFile("/proc/self/uid_map"); err == nil {
		p.UserNamespace = foreign(ids)
	}
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

// foreign is the map of user numbers in one line; empty for that of the host, which maps every number to itself.
func foreign(ids []byte) string {
	line := strings.Join(strings.Fields(string(ids)), " ")
	if line == "0 0 4294967295" {
		return ""
	}
	return line
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
		case "CapPrm":
			p.Permitted, err = strconv.ParseUint(value, 16, 64)
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
