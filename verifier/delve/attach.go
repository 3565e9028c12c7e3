package delve

import (
	"context"
	"fmt"
	"strconv"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

func attach(ctx context.Context, tool Tool, target Process, l limits) facts.Proof {
	return prove(ctx, "delve-attach", tool, l, func(s *session) error {
		s.target, _ = child.Look(target.PID) // one that isn't there is Delve's to tell
		s.target.PID = target.PID            // never to be taken for one that Delve launched
		address, err := s.start(tool, append(serverArgs("attach", tool), strconv.Itoa(target.PID)), "/")
		if err != nil {
			return err
		}
		if err := s.connect(address); err != nil {
			return err
		}
		if target.Breakpoint == "" {
			err = s.lookAround()
		} else {
			err = s.stopAndRead(target)
		}
		if err != nil {
			return err
		}
		err = s.step("detach", l.step+l.end, func() (string, error) {
			if err := s.clearBreakpoint(); err != nil {
				return "", err
			}
			return s.detach(false)
		})
		if err != nil {
			return err
		}
		return s.step("alive", l.step, func() (string, error) {
			stopAgain(s.target)
			if err := goesOn(s.target, l.farewell); err != nil {
				return "", wrong("after detaching, " + err.Error())
			}
			if s.target.State == 'T' {
				return fmt.Sprintf("process %d is stopped, as it was before", target.PID), nil
			}
			if target.Alive == nil {
				return fmt.Sprintf("process %d goes on", target.PID), nil
			}
			alive, cancel := context.WithTimeout(s.ctx, l.step)
			defer cancel()
			switch err := target.Alive(alive); {
			case err != nil && s.ctx.Err() != nil:
				return "", s.ctx.Err()
			case err != nil:
				return "", wrong("after detaching, " + err.Error())
			}
			return fmt.Sprintf("process %d goes on with its work", target.PID), nil
		})
	})
}

// lookAround stops somebody else's process, which attaching has done already, and reads no more than that it has
// goroutines. It sets no breakpoint: one that stayed behind would kill the process.
func (s *session) lookAround() error {
	return s.step("stop", s.limits.step, func() (string, error) {
		state, err := s.client.GetState()
		if err != nil {
			return "", err
		}
		if state.Running {
			if _, err := s.client.Halt(); err != nil {
				return "", err
			}
		}
		goroutines, next, err := s.client.ListGoroutines(0, 100)
		if err != nil {
			return "", err
		}
		more := ""
		switch {
		case len(goroutines) == 0:
			return "", wrong(fmt.Sprintf("Delve sees no goroutines in process %d: it is no Go program, or a stripped one", s.target.PID))
		case next > 0:
			more = " and more"
		}
		return fmt.Sprintf("stopped, goroutines: %d%s", len(goroutines), more), nil
	})
}

// stopAndRead stops a process in a function that it calls again and again, and reads its variables there.
func (s *session) stopAndRead(target Process) error {
	var goroutine int64
	err := s.step("stop", s.limits.step, func() (where string, err error) {
		if _, err := s.setBreakpoint(target.Breakpoint); err != nil {
			return "", err
		}
		where, goroutine, err = s.runToBreakpoint()
		return where, err
	})
	if err != nil {
		return err
	}
	if err := s.readStack(goroutine, target.Breakpoint); err != nil {
		return err
	}
	return s.readLocals(goroutine, target.Locals)
}
