package engine

import (
	"fmt"
	"strings"
)

// ErrAway says that no container engine answered.
type ErrAway struct {
	Tried []Attempt
}

// Attempt is one address that was tried and what came of it.
type Attempt struct {
	Address string
	Err     error
}

func (e *ErrAway) Error() string {
	tried := make([]string, 0, len(e.Tried))
	for _, attempt := range e.Tried {
		tried = append(tried, fmt.Sprintf("%s: %v", attempt.Address, attempt.Err))
	}
	return fmt.Sprintf("no container engine answered (%s); start Docker or Podman's socket (systemctl --user start podman.socket), or set DOCKER_HOST to the address of one",
		strings.Join(tried, "; "))
}

// Unwrap gives the reasons of all attempts.
func (e *ErrAway) Unwrap() []error {
	reasons := make([]error, 0, len(e.Tried))
	for _, attempt := range e.Tried {
		reasons = append(reasons, attempt.Err)
	}
	return reasons
}

// ErrNoImage says that the engine has no image of that name. dcverify audits what is there and never pulls.
type ErrNoImage struct {
	Reference string
	Err       error // what the engine said
}

func (e *ErrNoImage) Error() string {
	return fmt.Sprintf("the engine has no image %s: it is not pulled or not built here; `docker pull %s` brings it, dcverify never pulls (%v)",
		e.Reference, e.Reference, e.Err)
}

func (e *ErrNoImage) Unwrap() error { return e.Err }

// unreadable says why an image has nothing to read at a path. That is a fact about the image and no failure of dcverify's.
type unreadable struct {
	path string
	why  string // begins with "it"
}

func (e *unreadable) Error() string { return e.path + ": " + e.why }
