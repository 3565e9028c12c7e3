package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// builtBlind tells what in the editor's environment makes go build every program so that no debugger is of use, and where else
// to look. It matters where Delve has met the program: a step of its own work with it.
func builtBlind(p *check.Pass, step string) (cause, fix string, ok bool) {
	if !slices.Contains([]string{"breakpoint", "stop", "stack", "locals"}, step) {
		return "", "", false
	}
	view := p.View(goenv.ToolsView)
	if arch := view.Lookup("GOARCH").Effective; arch != "" && p.System.Arch != "" && arch != p.System.Arch {
		return fmt.Sprintf("go builds for %s here, and this machine is %s: GOARCH is set", arch, p.System.Arch), "set GOARCH nowhere (DV116)", true
	}
	value := view.Lookup("GOFLAGS")
	flags, _ := splitQuoted(value.Effective)
	for _, flag := range flags {
		name, linker, _ := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		switch {
		case name == "ldflags" && strips(linker):
			return "GOFLAGS leaves the debug information out of every program (" + flag + ")", "take -s and -w out of GOFLAGS (DV121)", true
		case name == "trimpath" && linker != "false" && step == "breakpoint":
			return "GOFLAGS has -trimpath: the program calls its sources by their packages, and none of the editor's files is found in it",
				"take -trimpath out of GOFLAGS, or map the paths with substitutePath in the debug configuration", true
		}
	}
	return "", "", false
}

// strips tells whether flags of the linker leave the debug information out.
func strips(flags string) bool {
	return slices.ContainsFunc(strings.Fields(strings.TrimPrefix(flags, "all=")), func(f string) bool { return f == "-s" || f == "-w" })
}
