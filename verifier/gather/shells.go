//go:build linux

package gather

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/machine"
	"github.com/dcverify/dcverify/verifier/source"
)

// shellDeadline is how long a shell may take to start: the 10 seconds after which the reference CLI gives up on its probe
// (devcontainers/cli, src/spec-common/injectHeadless.ts, runUserEnvProbe).
const shellDeadline = 10 * time.Second

// loginShells is what the shells of the user make of the container's environment.
type loginShells struct {
	view   environment // `$SHELL -l`
	probe  environment // what the userEnvProbe of the reference CLI reads; the container's where it reads nothing
	shells facts.Part[[]facts.Shell]
	files  []source.File // start-up files of `$SHELL`, in the order in which it reads them
}

// startupFiles is what login shells read, in their order; a star stands for all files of a folder. Files that others
// usually read are listed where they are read.
var startupFiles = map[string][]string{
	"sh":   {"/etc/profile", "/etc/profile.d/*.sh", "~/.profile"},
	"bash": {"/etc/profile", "/etc/profile.d/*.sh", "/etc/bash.bashrc", "~/.profile", "~/.bash_login", "~/.bash_profile", "~/.bashrc"},
	"zsh":  {"/etc/zsh/zshenv", "~/.zshenv", "/etc/zsh/zprofile", "/etc/profile", "/etc/profile.d/*.sh", "~/.zprofile", "/etc/zsh/zshrc", "~/.zshrc"},
	"fish": {"/etc/fish/conf.d/*.fish", "/etc/fish/config.fish", "~/.config/fish/conf.d/*.fish", "~/.config/fish/config.fish"},
}

// loginShells runs the remote user's shell as login and as login-interactive shell, and the other common shells as login
// shells, all at once.
func (g *gatherer) loginShells(ctx context.Context, base goenv.Environ) loginShells {
	g.Progress("starting login shells")
	type attempt struct {
		shell, flag string
		usual       bool
	}
	attempts := []attempt{{g.system.Shell, "-lc", true}, {g.system.Shell, "-lic", true}}
	probe := 1
	switch g.config.UserEnvProbe() {
	case "loginShell":
		probe = 0
	case "interactiveShell":
		probe = 2
		attempts = append(attempts, attempt{g.system.Shell, "-ic", true})
	}
	needed := len(attempts)
	for _, other := range []string{"/bin/bash", "/bin/sh", "/bin/zsh", "/usr/bin/fish"} {
		if filepath.Base(other) != filepath.Base(g.system.Shell) && g.Executable(other) {
			attempts = append(attempts, attempt{other, "-lc", false})
		}
	}
	if !g.Needs[facts.Shells] {
		attempts = attempts[:needed] // the layers of the views need these
	}
	result := loginShells{files: g.startup(g.system.Shell)}
	shells := make([]facts.Shell, len(attempts))
	environments := make([]environment, len(attempts))
	var wait sync.WaitGroup
	for i, a := range attempts {
		wait.Go(func() {
			environments[i] = g.shellEnvironment(ctx, a.shell, a.flag, base)
			shells[i] = g.shell(filepath.Base(a.shell)+" "+a.flag, environments[i], base, g.startup(a.shell))
			shells[i].Default = a.usual
		})
	}
	wait.Wait()
	result.view, result.probe = environments[0], environments[probe]
	if result.probe.env == nil || g.config.UserEnvProbe() == "none" {
		result.probe.env = base // where the probe fails the CLI goes on without a word
	}
	result.shells = facts.Known(shells)
	return result
}

// shellEnvironment starts the shell and lets it start dcverify, which prints its own environment between marks. Whatever
// start-up files print stays outside of the marks.
func (g *gatherer) shellEnvironment(ctx context.Context, shell, flag string, base goenv.Environ) environment {
	result := environment{view: goenv.LoginView}
	mark := fmt.Sprintf("dcverify-%d-mark", time.Now().UnixNano())
	folder := g.system.Home
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		folder = "/" // where login(1) goes then
	}
	run := g.Run(ctx, machine.Command{
		Path: shell, Args: []string{flag, quote(g.Self) + " " + EnvironHelper + " " + mark},
		Dir: folder, Env: base, Timeout: shellDeadline,
	})
	parts := bytes.Split(run.Stdout, []byte(mark))
	if len(parts) >= 3 {
		result.env, _ = goenv.ParseBlock(parts[len(parts)-2])
		return result
	}
	why := fmt.Sprintf("its start-up files ended it with status %d", run.Exit)
	if run.Err != nil && run.Exit <= 0 {
		why = run.Err.Error()
	}
	if last := lastLine(string(run.Stderr)); last != "" {
		why += ": " + last
	}
	result.unknown = fmt.Sprintf("%s %s did not come to a prompt: %s", shell, flag, why)
	return result
}

// shell compares what the shell finds with what the container finds.
func (g *gatherer) shell(command string, got environment, base goenv.Environ, files []source.File) facts.Shell {
	shell := facts.Shell{Command: command, Login: strings.Contains(command, " -l"), Failed: got.unknown}
	if got.unknown != "" {
		return shell
	}
	shell.Env = goenv.Layer{Set: got.env}.Only(goenv.Variables).Set
	shell.Go = g.find("go", got.env)
	for _, name := range []string{"go", "dlv", "gopls"} {
		if g.find(name, base) != "" && g.find(name, got.env) == "" {
			shell.Lost = append(shell.Lost, g.find(name, base))
		}
	}
	shell.Place, _ = goenv.FindAssignment(files, "PATH")
	return shell
}

// find is the first executable of that name on the environment's PATH.
func (g *gatherer) find(name string, env goenv.Environ) string {
	for _, folder := range env.Path() {
		if path := filepath.Join(folder, name); g.Executable(path) {
			return path
		}
	}
	return ""
}

// startup reads the files that the shell reads when it starts. A shell that is not in the table reads what sh does.
func (g *gatherer) startup(shell string) []source.File {
	patterns, ok := startupFiles[filepath.Base(shell)]
	if !ok {
		patterns = startupFiles["sh"]
	}
	var files []source.File
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(strings.Replace(pattern, "~", g.system.Home, 1))
		slices.Sort(matches)
		for _, match := range matches {
			if file, err := g.Text(match, match); err == nil {
				files = append(files, file)
			}
		}
	}
	return files
}

// passwdShell is the user's shell as /etc/passwd has it.
func (g *gatherer) passwdShell(uid int) string {
	passwd, _ := g.Text("/etc/passwd", "")
	for line := range strings.Lines(passwd.Text) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) == 7 && fields[2] == fmt.Sprint(uid) && fields[6] != "" {
			return fields[6]
		}
	}
	return "/bin/sh"
}

// quote makes a path one word for every shell.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
