//go:build linux

// Command plain uses go, dlv and gopls as a person and an editor do, and says which of them worked. It runs inside of the
// dev containers of the truth test, in the environment that a process class has there.
//
// Its one rule: nothing of dcverify is in it, neither code nor reasoning, because dcverify's verdicts are held against what
// it says. It knows Delve's and gopls' protocols from their documentation, and imports nothing but the standard library.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Result is how the tools did in one process class.
type Result struct {
	Class string
	Env   map[string]string // what the class sees of the variables that decide
	Note  string            `json:",omitempty"`
	Tries []Try
}

// Try is one tool used once.
type Try struct {
	Tool string
	OK   bool
	Why  string `json:",omitempty"` // the tool's own words, where it failed
	Ms   int64
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	classes := flag.String("classes", "container", "the process classes to be, separated by commas; those of the editor are made from this process's own")
	tries := flag.Int("tries", 1, "how often each tool is used")
	asks := flag.String("go", "1.25", "the Go version that go.mod asks for")
	toolsEnvVars := flag.String("toolsEnvVars", "", "NAME=value of the editor's setting go.toolsEnvVars")
	home := flag.String("home", "/truth", "the folder with program.go, and program, which runs already when a debugger attaches")
	flag.Parse()

	source, err := os.ReadFile(filepath.Join(*home, "program.go"))
	if err != nil {
		return err
	}
	remote := environment{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		remote[name] = value
	}
	editor := startExtension(remote, *toolsEnvVars)
	var results []Result
	for _, class := range strings.Split(*classes, ",") {
		result, env := Result{Class: class, Env: map[string]string{}}, remote
		switch class {
		case "terminal":
			env, result.Note = editor.terminal, editor.problem
		case "tools":
			env, result.Note = editor.tools, editor.problem
		}
		for _, name := range []string{"PATH", "GOROOT", "GOTOOLCHAIN", "GOPATH", "HOME"} {
			if value, ok := env[name]; ok {
				result.Env[name] = value
			}
		}
		for try := range *tries {
			module, err := writeModule(*asks, string(source), fmt.Sprintf("%s %d %d", class, try, time.Now().UnixNano()))
			if err != nil {
				return err
			}
			for _, tool := range tools {
				started := time.Now()
				err := tool.use(bench{env: env, module: module, running: filepath.Join(*home, "program")})
				t := Try{Tool: tool.name, OK: err == nil, Ms: time.Since(started).Milliseconds()}
				if err != nil {
					t.Why = err.Error()
				}
				result.Tries = append(result.Tries, t)
			}
			if err := os.RemoveAll(module); err != nil {
				return err
			}
		}
		results = append(results, result)
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

// bench is where a tool is used.
type bench struct {
	env     environment
	module  string // the folder of a module nobody has built before
	running string // a program that was built elsewhere, for debuggers to attach to
}

var tools = []struct {
	name string
	use  func(bench) error
}{
	{"build", build},
	{"launch", launch},
	{"attach", attach},
	{"dap", editorSession},
	{"gopls", edit},
}

// writeModule writes a module whose text nobody has seen before, so that the build cache cannot hold it.
func writeModule(asks, source, nonce string) (folder string, err error) {
	if folder, err = os.MkdirTemp("", "truth-"); err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"go.mod":  "module example.com/program\n\ngo " + asks + "\n",
		"main.go": source + "\nconst nonce = \"" + nonce + "\"\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return folder, nil
}
