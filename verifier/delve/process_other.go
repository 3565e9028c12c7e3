//go:build !linux

package delve

import (
	"errors"
	"os/exec"
	"time"

	"github.com/dcverify/dcverify/verifier/child"
)

// Proofs run in containers, which are Linux. Elsewhere this package compiles, for the commands that run on a host.

func ownGroup(*exec.Cmd) {}

func closeOnExec(int) {}

func killProcess(child.Stat) {}

func resume(child.Stat, time.Duration) {}

func stopAgain(child.Stat) {}

func goesOn(child.Stat, time.Duration) error { return errors.ErrUnsupported }
