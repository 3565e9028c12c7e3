package facts

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// Debuggee is the environment of the program that one debug configuration starts: as it is put together, and as it was
// read from inside of a program that Delve started with it.
type Debuggee struct {
	Name     string                    `json:"name,omitempty"`    // of the configuration; empty for what F5 does without one
	Place    source.Place              `json:"place,omitzero"`    // of the configuration
	Program  string                    `json:"program,omitempty"` // what it debugs, where that is known before
	View     goenv.View                `json:"view"`              // the tools view and what the configuration lays over it
	Starts   bool                      `json:"starts"`            // a program; others attach, or look at what is no process
	Problems []vscode.DebuggeeProblem  `json:"problems,omitempty"`
	Proof    Proof                     `json:"proof"`             // the program that was started and read
	Strayed  []Strayed                 `json:"strayed,omitempty"` // variables that the program had otherwise
	Runtime  map[string]RuntimeSetting `json:"runtime,omitempty"` // of GODEBUG: what the runtime of the program had, by name
}

// Debuggee returns what F5 starts: the first debug configuration that starts a program.
func (s *Snapshot) Debuggee() (Debuggee, bool) {
	debuggees, _ := s.Debuggees.Get()
	i := slices.IndexFunc(debuggees, func(d Debuggee) bool { return d.Starts })
	if i < 0 {
		return Debuggee{}, false
	}
	return debuggees[i], true
}

// Strayed is a variable that the debugged program had otherwise than it was put together. Its values stay where they are.
type Strayed struct {
	Name  string       `json:"name"`
	How   string       `json:"how"`             // "missing"; "other": another value; "extra": nobody set it, or the layer took it away
	Layer string       `json:"layer,omitempty"` // that should have had the say
	File  string       `json:"file,omitempty"`  // which one of several layers of that kind
	Place source.Place `json:"place,omitzero"`
	From  string       `json:"from,omitempty"` // layer whose value it had instead
}

// RuntimeSetting is a variable of GODEBUG in the runtime of the debugged program.
type RuntimeSetting struct {
	Want string `json:"want"` // as GODEBUG says
	Got  string `json:"got"`  // as the debugger read it before the program did anything
}

// Godebug is what the Go of the workspace knows of GODEBUG, and what its programs read of it.
type Godebug struct {
	Root     string           `json:"root"`              // whose sources say so
	Release  string           `json:"release,omitempty"` // "go1.26.8"
	Settings goenv.Godebugs   `json:"settings"`
	Programs []GodebugProgram `json:"programs,omitempty"`
	Lines    []GodebugLine    `json:"lines,omitempty"`
}

// GodebugLine is a setting that is built into programs: a godebug line of go.mod or go.work, or a //go:debug line of a source.
type GodebugLine struct {
	Name    string       `json:"name"`
	Value   string       `json:"value"`
	Program string       `json:"program,omitempty"` // as the debug configuration names it; empty for all of the workspace
	Place   source.Place `json:"place,omitzero"`
}

// GodebugProgram is one main package of the workspace, or all of them together.
type GodebugProgram struct {
	Program string          `json:"program,omitempty"` // as the debug configuration names it; empty for all of the workspace
	Default string          `json:"default,omitempty"` // GODEBUG that go.mod and //go:debug lines build into it, where they differ from what Go sets
	Imports map[string]bool `json:"imports"`           // of the packages that read a setting: whether it has them
	Error   string          `json:"error,omitempty"`   // go's own words, when it could not list the packages
}

// ProgramOf returns what is known of the program of a debug configuration.
func (g Godebug) ProgramOf(program string) (GodebugProgram, bool) {
	for _, p := range g.Programs {
		if p.Program == program {
			return p, p.Error == ""
		}
	}
	return GodebugProgram{}, false
}

// Panics is what a panic of a program with several goroutines printed, per value of GOTRACEBACK.
type Panics struct {
	Traces []PanicTrace `json:"traces"`
	Core   Core         `json:"core"`
}

// PanicTrace is one panic.
type PanicTrace struct {
	Value    string `json:"value"`              // GOTRACEBACK, set or not
	Set      bool   `json:"set"`                //
	Debugger bool   `json:"debugger,omitempty"` // under Delve, after somebody let the program go on
	Trace    Trace  `json:"trace"`
	End      string `json:"end"`              // "exit status 2", "signal: aborted"
	Failed   string `json:"failed,omitempty"` // why there is no trace to judge
}

// Core is what becomes of the memory of an aborted program.
type Core struct {
	Limit   string `json:"limit"`   // soft limit in bytes, or "unlimited"
	Pattern string `json:"pattern"` // kernel.core_pattern; behind | stands a program of the host
}

// Trace is what a panic's text shows of the scratch program's goroutines.
type Trace struct {
	Message    bool `json:"message"`    // what the program panicked with
	Own        bool `json:"own"`        // the goroutine that panicked, down to main
	Others     int  `json:"others"`     // the program's other goroutines
	Goroutines int  `json:"goroutines"` // blocks of any kind
	Runtime    bool `json:"runtime"`    // goroutines of the runtime's own
}

var goroutineHeader = regexp.MustCompile(`(?m)^goroutine \d+ .*\[[^\]\n]*\]:\r?$`)

// ReadTrace reads the text of a panic of the scratch program (debuggee/main.go.txt, the mode panic).
func ReadTrace(text string) Trace {
	return Trace{
		Message:    strings.Contains(text, "panic: dcverify"),
		Own:        strings.Contains(text, "\nmain.fall(") && strings.Contains(text, "\nmain.main("),
		Others:     strings.Count(text, "\nmain.idle("),
		Goroutines: len(goroutineHeader.FindAllString(text, -1)),
		Runtime:    strings.Contains(text, "\nruntime.forcegchelper(") || strings.Contains(text, "\nruntime.bgsweep("),
	}
}
