//go:build !linux

package delve

import "github.com/dcverify/dcverify/verifier/facts"

// findServer sees nothing elsewhere.
func findServer(address string) found { return found{Server: facts.Server{Address: address, User: -1}} }
