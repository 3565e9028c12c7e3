package checks

import (
	"fmt"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
)

// judgeGodebugLines tells which godebug lines of go.mod or go.work, and which //go:debug lines, come to nothing. A setting that
// go does not know ends every go command there, and go says where (DV803); these it takes without a word.
func judgeGodebugLines(p *check.Pass) {
	godebug, _ := p.Godebug.Get()
	for _, line := range godebug.Lines {
		setting, ok := godebug.Settings.Find(line.Name)
		if !ok || setting.Removed > 0 {
			continue
		}
		written := fmt.Sprintf("godebug %s=%s", line.Name, line.Value)
		if strings.HasSuffix(line.Place.File, ".go") {
			written = fmt.Sprintf("//go:debug %s=%s", line.Name, line.Value)
		}
		where := "workspace"
		if line.Program != "" {
			where = "program"
		}
		f := finding.Finding{
			Location: line.Place,
			Cause:    "the line is built into the program, as what GODEBUG is where nobody sets it",
			Evidence: map[string]string{"setting": line.Name, "package": setting.Package, "go": godebug.Release},
			Fixes:    []finding.Fix{{Message: "remove the line", Safe: true}},
		}
		switch program, listed := godebug.ProgramOf(line.Program); {
		case setting.Runtime && !wholeNumber(line.Value):
			f.Severity = finding.Warning
			f.Message = fmt.Sprintf("%s is no whole number, and the runtime passes over it", written)
			f.Fixes = []finding.Fix{{Message: fmt.Sprintf("write %s=1, or another number that go doc runtime names", line.Name), Safe: true}}
		case setting.Effect(nil) == goenv.ForGo:
			f.Severity = finding.Info
			f.Message = fmt.Sprintf("%s does nothing: the setting is for the go command, and a program never reads it", written)
		case listed && setting.Effect(program.Imports) == goenv.Never:
			f.Severity = finding.Info
			f.Message = fmt.Sprintf("%s does nothing: nothing in the %s imports %s, which reads the setting", written, where, setting.Package)
		default:
			continue
		}
		p.Report(f, line.Place.File, line.Name)
	}
}
