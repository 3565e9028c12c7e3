package delve

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/go-delve/delve/service/api"
)

// run lets the program run until it stops or ends.
func (s *session) run() *api.DebuggerState {
	var last *api.DebuggerState
	for state := range s.client.Continue() { // drained, or its goroutine would stay
		last = state
	}
	return last
}

// setBreakpoint sets the one breakpoint of the session.
func (s *session) setBreakpoint(function string) (where string, err error) {
	point, err := s.client.CreateBreakpoint(&api.Breakpoint{FunctionName: function})
	if err != nil {
		return "", err
	}
	s.point = point
	return place(point.FunctionName, point.File, point.Line), nil
}

// clearBreakpoint takes it out again.
func (s *session) clearBreakpoint() error {
	if s.point == nil {
		return nil
	}
	_, err := s.client.ClearBreakpoint(s.point.ID)
	s.point = nil
	return err
}

// runToBreakpoint lets the program run and makes sure that it stops at the breakpoint, in its function, on its line.
func (s *session) runToBreakpoint() (where string, goroutine int64, err error) {
	point, state := s.point, s.run()
	switch {
	case state.Exited:
		return "", 0, wrong(fmt.Sprintf("the program ended with status %d before it reached %s", state.ExitStatus, point.FunctionName))
	case state.Err != nil:
		return "", 0, state.Err
	}
	where = whereIs(state)
	at := state.CurrentThread
	if at == nil || at.Breakpoint == nil || at.Breakpoint.ID != point.ID ||
		at.Function == nil || at.Function.Name() != point.FunctionName || at.File != point.File || at.Line != point.Line {
		return "", 0, wrong(fmt.Sprintf("the program stopped at %s instead of %s", where, place(point.FunctionName, point.File, point.Line)))
	}
	return where, at.GoroutineID, nil
}

func whereIs(state *api.DebuggerState) string {
	at := state.CurrentThread
	if at == nil {
		return "an unknown place"
	}
	name := "an unknown function"
	if at.Function != nil {
		name = at.Function.Name()
	}
	where := place(name, at.File, at.Line)
	if at.Breakpoint != nil && at.Breakpoint.Name != "" { // "unrecovered-panic"
		where += " (" + at.Breakpoint.Name + ")"
	}
	return where
}

// place is "main.work main.go:29".
func place(function, file string, line int) string {
	return fmt.Sprintf("%s %s:%d", function, filepath.Base(file), line)
}

// readStack makes sure that Delve can unwind the stack from a function down to main.main.
func (s *session) readStack(goroutine int64, function string) error {
	return s.step("stack", s.limits.step, func() (string, error) {
		frames, err := s.client.Stacktrace(goroutine, 64, 0, 0, nil)
		if err != nil {
			return "", err
		}
		var names []string
		for _, frame := range frames {
			name := "?"
			if frame.Function != nil {
				name = frame.Function.Name()
			}
			names = append(names, name)
			if name == "main.main" {
				break
			}
		}
		stack := strings.Join(names, " < ")
		if len(names) == 0 || names[0] != function || names[len(names)-1] != "main.main" {
			return "", wrong(fmt.Sprintf("the stack does not lead from %s to main.main: it is %q", function, stack))
		}
		return stack, nil
	})
}
