package delve

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dcverify/dcverify/verifier/child"
	"github.com/dcverify/dcverify/verifier/facts"
)

func launch(ctx context.Context, tool Tool, program Program, l limits) facts.Proof {
	return prove(ctx, "delve-launch", tool, l, func(s *session) error {
		args := append(serverArgs("exec", tool), program.Path, "--")
		address, err := s.start(tool, append(args, program.Args...), program.Dir)
		if err != nil {
			return err
		}
		if err := s.connect(address); err != nil {
			return err
		}
		err = s.step("breakpoint", l.step, func() (string, error) { return s.setBreakpoint(program.Breakpoint) })
		if err != nil {
			return err
		}
		var goroutine int64
		err = s.step("stop", l.step, func() (string, error) {
			var where string
			where, goroutine, err = s.runToBreakpoint()
			return where, err
		})
		if err != nil {
			return err
		}
		if err := s.readStack(goroutine, program.Breakpoint); err != nil {
			return err
		}
		if err := s.readLocals(goroutine, program.Locals); err != nil {
			return err
		}
		if program.Std != "" {
			if err := s.step(facts.StdStep, 2*l.step, func() (string, error) { return s.stopInStd(program) }); err != nil {
				return err
			}
		}
		return s.step("exit", l.step+l.end, func() (string, error) {
			if err := s.clearBreakpoint(); err != nil {
				return "", err
			}
			state := s.run()
			switch {
			case !state.Exited && state.Err != nil:
				return "", state.Err
			case !state.Exited:
				return "", wrong(fmt.Sprintf("the program stopped at %s instead of ending", whereIs(state)))
			case state.ExitStatus != 0:
				return "", wrong(fmt.Sprintf("the program ended with status %d instead of 0", state.ExitStatus))
			}
			s.debuggee = child.Stat{} // it has ended; its pid may be somebody else's soon
			ended, err := s.detach(true)
			return "program ended with status 0, " + ended, err
		})
	})
}

// serverArgs are the arguments that make Delve a server for one client. The port is the kernel's choice, and no flag
// asks for more than one client: so Delve ends, and ends what it launched, when the connection does.
func serverArgs(command string, tool Tool) []string {
	args := []string{command, "--headless", "--api-version=2", "--listen=127.0.0.1:0", "--log-dest=3"}
	if tool.NoVersionCheck {
		args = append(args, "--check-go-version=false")
	}
	return args
}

// stopInStd lets the program run into a function of the standard library and makes sure that an editor could show it: the
// source is a file that is there, of the Go root that the program was built with. A program that was built with another
// root's sources shows other people's lines.
func (s *session) stopInStd(program Program) (string, error) {
	if err := s.clearBreakpoint(); err != nil {
		return "", err
	}
	if _, err := s.setBreakpoint(program.Std); err != nil {
		return "", err
	}
	file := s.point.File
	switch _, err := os.Stat(file); {
	case !filepath.IsAbs(file):
		return "", wrong(fmt.Sprintf("the source of %s is %s, which is no file: the program was built with -trimpath", program.Std, file))
	case err != nil:
		return "", wrong(fmt.Sprintf("the source of %s is not there: %v", program.Std, err))
	}
	real, err := filepath.EvalSymlinks(file)
	if err == nil && program.Sources != "" && !strings.HasPrefix(real, program.Sources+"/") {
		return "", wrong(fmt.Sprintf("the source of %s is %s, which is not below %s, where go has its own", program.Std, file, program.Sources))
	}
	if _, _, err := s.runToBreakpoint(); err != nil {
		return "", err
	}
	return file, nil
}
