package real

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// shell is a shell in a container that is told one command after another: starting it anew for each would cost more than what
// is measured.
type shell struct {
	t     testing.TB
	name  string
	stdin io.Writer
	lines chan string
}

// newShell starts a shell in a running container. Further words come before it, such as unshare and its flags.
func newShell(t testing.TB, container, user string, before ...string) *shell {
	t.Helper()
	args := append([]string{"exec", "-i", "-u", user, container}, before...)
	cmd := exec.CommandContext(t.Context(), "docker", append(args, "bash")...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &shell{t: t, name: strings.Join(append([]string{container, user}, before...), " "), stdin: stdin, lines: make(chan string, 1)}
	go func() {
		defer close(s.lines)
		reader := bufio.NewReader(stdout)
		for {
			line, err := reader.ReadString('\n')
			if line != "" {
				s.lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		for range s.lines { // or Wait would close what is still being read
		}
		_ = cmd.Wait() // the container may be gone already
	})
	return s
}

// shellPatience is longer than all deadlines of dcverify together, that of a build under emulation among them: a command that takes
// more hangs.
const shellPatience = 10 * time.Minute

// run runs a command, which gets no input, and returns what it printed and its exit status.
func (s *shell) run(command string) (output string, status int) {
	s.t.Helper()
	const mark = "-- exit status "
	if _, err := fmt.Fprintf(s.stdin, "{ %s\n} </dev/null 2>&1; printf '\\n%s%%s\\n' $?\n", command, mark); err != nil {
		s.t.Fatalf("%s: %v", s.name, err)
	}
	timer := time.NewTimer(shellPatience)
	defer timer.Stop()
	var all strings.Builder
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				s.t.Fatalf("%s: the shell has ended: %s\n%s", s.name, command, all.String())
			}
			if number, ok := strings.CutPrefix(line, mark); ok {
				status, err := strconv.Atoi(strings.TrimSpace(number))
				if err != nil {
					s.t.Fatal(err)
				}
				return strings.TrimSpace(all.String()), status
			}
			all.WriteString(line)
		case <-timer.C:
			s.t.Fatalf("%s: no end within %s: %s\n%s", s.name, shellPatience, command, all.String())
		}
	}
}

// must runs a command that must succeed.
func (s *shell) must(command string) string {
	s.t.Helper()
	output, status := s.run(command)
	if status != 0 {
		s.t.Fatalf("%s: %s: exit status %d\n%s", s.name, command, status, output)
	}
	return output
}
