//go:build !linux

package delve

import "github.com/dcverify/dcverify/verifier/facts"

// LeftProcesses finds none elsewhere.
func LeftProcesses() (left []facts.Leftover, running []string) { return nil, nil }
