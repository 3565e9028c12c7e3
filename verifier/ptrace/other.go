//go:build !linux

package ptrace

import (
	"context"
	"errors"
	"io"

	"github.com/dcverify/dcverify/verifier/facts"
)

// Probe has nothing to ask elsewhere: containers are Linux.
func Probe(context.Context, string, []string) (facts.Ptrace, error) {
	return facts.Ptrace{}, errors.ErrUnsupported
}

// Self has nothing to tell elsewhere.
func Self() (facts.Ptrace, error) { return facts.Ptrace{}, errors.ErrUnsupported }

// Look has no /proc to look at elsewhere.
func Look(int) (facts.Process, error) { return facts.Process{}, errors.ErrUnsupported }

// Drop is never called elsewhere.
func Drop([]string, []string) error { return errors.ErrUnsupported }

// Helper is never started elsewhere.
func Helper(context.Context, []string, io.Reader, io.Writer) int { return 2 }
