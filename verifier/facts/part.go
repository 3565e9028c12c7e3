package facts

import (
	"encoding/json"
	"errors"
)

// Part is one piece of the snapshot: known, absent (it does not exist here, or was not asked for, and why) or failed (it
// could not be learned, and why). A check must look at all three: what is not known is never a pass.
type Part[T any] struct {
	state state
	value T
	why   string
}

type state int

const (
	absent state = iota
	known
	failed
)

// Known is a part whose value was learned.
func Known[T any](value T) Part[T] { return Part[T]{state: known, value: value} }

// Absent is a part that does not exist on this target, for the given reason.
func Absent[T any](why string) Part[T] { return Part[T]{state: absent, why: why} }

// Failed is a part that exists but could not be learned, for the given reason.
func Failed[T any](why string) Part[T] { return Part[T]{state: failed, why: why} }

// Get returns the value and whether it is known.
func (p Part[T]) Get() (T, bool) { return p.value, p.state == known }

// Why says why the value is not known; empty when it is.
func (p Part[T]) Why() string {
	switch {
	case p.state == absent && p.why == "":
		return "not gathered"
	case p.state == failed && p.why == "":
		return "for no known reason"
	}
	return p.why
}

// IsFailed tells a part that could not be learned from one that is not there.
func (p Part[T]) IsFailed() bool { return p.state == failed }

type partJSON[T any] struct {
	Known  *T     `json:"known,omitempty"`
	Absent string `json:"absent,omitempty"`
	Failed string `json:"failed,omitempty"`
}

// MarshalJSON writes {"known": value}, {"absent": why} or {"failed": why}.
func (p Part[T]) MarshalJSON() ([]byte, error) {
	switch p.state {
	case known:
		return json.Marshal(partJSON[T]{Known: &p.value})
	case failed:
		return json.Marshal(partJSON[T]{Failed: p.Why()})
	}
	return json.Marshal(partJSON[T]{Absent: p.Why()})
}

// UnmarshalJSON reads what MarshalJSON writes and refuses anything ambiguous.
func (p *Part[T]) UnmarshalJSON(text []byte) error {
	// A map and no struct: that would take a null for nothing, and "Known" for "known".
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	if len(members) > 1 {
		return errNoPart
	}
	read := Part[T]{}
	for name, text := range members {
		var into any = &read.why
		switch name {
		case "known":
			read.state, into = known, &read.value
		case "failed":
			read.state = failed
		case "absent":
		default:
			return errNoPart
		}
		if err := json.Unmarshal(text, into); err != nil {
			return err
		}
	}
	*p = read
	return nil
}

var errNoPart = errors.New("a part is either known, absent or failed")
