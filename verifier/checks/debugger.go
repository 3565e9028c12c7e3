package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/vscode"
)

const delvePackage = "github.com/go-delve/delve/cmd/dlv"

var dlvFound = check.Check{
	Code: "DV601", Name: "dlv-found", Severity: finding.Error, Scope: "C",
	Summary: "dlv is not where the Go extension looks, or cannot run here",
	Needs:   []facts.Need{facts.Tools, facts.GoCommands},
	Run: func(p *check.Pass) {
		dlv, ok := p.Tools["dlv"].Get()
		if !ok {
			p.Skip("%s", p.Tools["dlv"].Why())
			return
		}
		install := installDelve(dlv, workspaceGo(p))
		switch {
		case dlv.Binary.Path == "":
			p.Report(finding.Finding{
				Message:  "dlv is not installed: the Go extension cannot debug, and does not install it by itself",
				Cause:    "looked in " + list(dlv.Searched),
				Upstream: []string{`The "dlv" command is not available. Run "go install -v github.com/go-delve/delve/cmd/dlv@latest" to install.`, "Cannot find Delve debugger (dlv dap)"},
				Fixes:    []finding.Fix{install},
			})
		case dlv.Binary.Problem != "":
			p.Report(finding.Finding{
				Message:  fmt.Sprintf("%s cannot run: %s", dlv.Binary.Path, dlv.Binary.Problem),
				Evidence: map[string]string{"path": dlv.Binary.Path, "arch": dlv.Binary.Arch},
				Cause:    "the Go extension finds this file and no other",
				Upstream: []string{"Couldn't start dlv dap", "exec format error"},
				Fixes:    []finding.Fix{install},
			}, dlv.Binary.Path)
		}
	},
}

var dlvCompatible = check.Check{
	Code: "DV602", Name: "dlv-compatible", Severity: finding.Error, Scope: "IC",
	Summary: "this dlv does not support the Go of the workspace, or was built with a Go that cannot read its debug information",
	Needs:   []facts.Need{facts.Tools, facts.GoCommands},
	Run: func(p *check.Pass) {
		dlv, ok := p.Tools["dlv"].Get()
		switch {
		case !ok:
			p.Skip("%s", p.Tools["dlv"].Why())
			return
		case dlv.Binary.Path == "" || dlv.Binary.Problem != "":
			p.Skip("no dlv that can run was found (DV601)")
			return
		case dlv.Binary.Script || dlv.Binary.Module != "" && !strings.HasPrefix(dlv.Binary.Module, "github.com/go-delve/delve"):
			p.Skip("%s is not dlv itself but a wrapper", dlv.Binary.Path)
			return
		}
		workspace := workspaceGo(p)
		if workspace == "" {
			p.Skip("the Go version of the workspace is not known")
			return
		}
		f := finding.Finding{
			Evidence: map[string]string{"dlv": dlv.Binary.Path, "dlvVersion": dlv.Binary.Version, "dlvBuiltWith": dlv.Binary.GoVersion, "go": workspace},
			Fixes:    []finding.Fix{installDelve(dlv, workspace)},
		}
		extension, _ := p.Extension.Get()
		unchecked := slices.Contains(extension.Settings.DlvFlags, vscode.NoVersionCheck)
		window, known := knowledge.DelveOf(dlv.Binary.Version)
		if !known {
			window, known = saidWindow(p, dlv.Binary.Path)
		}
		short := strings.TrimPrefix(workspace, "go")
		switch {
		case known && goenv.CompareVersions(goenv.Minor(workspace), window.Most) > 0:
			f.Message = fmt.Sprintf("%s is dlv %s, which supports Go up to %s; the workspace uses Go %s", dlv.Binary.Path, dlv.Binary.Version, window.Most, short)
			f.Cause = "attaching seems to work, but launching is refused, and variables may be wrong"
			f.Upstream = []string{fmt.Sprintf("Version of Delve is too old for Go version %s (maximum supported version %s, suppress this error with --check-go-version=false)", workspace, window.Most)}
		case known && goenv.CompareVersions(goenv.Minor(workspace), window.Least) < 0:
			f.Message = fmt.Sprintf("%s is dlv %s, which supports Go from %s on; the workspace uses Go %s", dlv.Binary.Path, dlv.Binary.Version, window.Least, short)
			f.Cause = "attaching works, but launching is refused"
			f.Upstream = []string{fmt.Sprintf("Go version %s is too old for this version of Delve (minimum supported version %s, suppress this error with --check-go-version=false)", workspace, window.Least)}
		case goenv.CompareVersions(workspace, "1.25") >= 0 && dlv.Binary.GoVersion != "" && goenv.CompareVersions(dlv.Binary.GoVersion, "1.25") < 0:
			f.Message = fmt.Sprintf("%s was built with %s and cannot read the debug information (DWARF 5) that Go %s writes", dlv.Binary.Path, dlv.Binary.GoVersion, short)
			f.Cause = "it attaches and stops, and shows no local variables"
			f.Upstream = []string{"To debug executables using DWARFv5 or later Delve must be built with Go version 1.25.0 or later"}
		case !known:
			p.Skip("dlv %s is a version that is not in the table", dlv.Binary.Version)
			return
		default:
			return
		}
		if unchecked && !strings.Contains(f.Message, "DWARF") {
			f.Severity = finding.Warning
			f.Cause = "go.delveConfig has " + vscode.NoVersionCheck + " in dlvFlags, so that Delve tries all the same, and variables may be wrong"
		}
		p.Report(f, dlv.Binary.Path)
	},
}

// installDelve is how to get the newest Delve for a Go to where the extension finds it.
func installDelve(found facts.Tool, goVersion string) finding.Fix {
	fix := finding.Fix{Message: "install " + newestFitting(goVersion), Safe: true, Commands: []string{"go install " + delvePackage + "@" + fittingDelve(goVersion)}}
	if found.Why == "alternateTool" {
		fix.Message += ", and take dlv out of the setting go.alternateTools, which names another one"
	}
	return fix
}

// workspaceGo is the Go that builds the workspace, after a toolchain switch, as "go1.26.8"; empty when it is not known.
func workspaceGo(p *check.Pass) string {
	if extension, ok := p.Extension.Get(); ok && extension.Answer.Env["GOVERSION"] != "" {
		version, _, _ := strings.Cut(extension.Answer.Env["GOVERSION"], " ")
		return version
	}
	for _, view := range []string{goenv.RemoteView, goenv.ContainerView, goenv.ImageView} {
		if command, ok := p.Go[view].Get(); ok {
			if command.Missing != "" {
				return command.Missing
			}
			if command.Binary.GoVersion != "" {
				return command.Binary.GoVersion
			}
		}
	}
	return ""
}

var ptracePermitted = check.Check{
	Code: "DV603", Name: "ptrace-permitted", Severity: finding.Error, Scope: "P",
	Summary: "the kernel or the container's profile does not let a debugger trace a child or a process of the same user",
	Needs:   []facts.Need{facts.Kernel},
	Run: func(p *check.Pass) {
		ptrace, ok := p.Ptrace.Get()
		if !ok {
			if p.Ptrace.IsFailed() {
				p.Break("%s", p.Ptrace.Why())
			} else {
				p.Skip("%s", p.Ptrace.Why())
			}
			return
		}
		evidence := ptraceEvidence(ptrace)
		reportDisagreements(p, ptrace)
		refused := func(what, upstream string, result facts.PtraceResult) {
			f := finding.Finding{
				Message: fmt.Sprintf("%s: %s", what, result.Why), Cause: ptrace.Explanation, Evidence: evidence, Upstream: []string{upstream},
				Fixes: []finding.Fix{
					{Message: `allow ptrace: "securityOpt": ["seccomp=unconfined"] in devcontainer.json, or a profile that permits it`},
					{Message: `where Yama or another user is the cause: "capAdd": ["SYS_PTRACE"]`},
				},
			}
			if ptrace.EmulatedBy != "" {
				f.Fixes = []finding.Fix{{Message: "use an image of this machine's own architecture: no setting makes ptrace work under emulation"}}
			}
			p.Report(f, what)
		}
		switch {
		case ptrace.Child.Refused():
			refused("a debugger cannot trace the program that it starts", "could not launch process: fork/exec: "+ptrace.Child.Why, ptrace.Child)
		case ptrace.Sibling.Tried && !ptrace.Sibling.OK:
			refused("a debugger cannot attach to a process of the same user", "Could not attach to pid: this could be caused by a kernel security setting", ptrace.Sibling)
		case !ptrace.Child.Tried:
			p.Break("%s", ptrace.Child.Why)
		}
	},
}

var delveLaunch = check.Check{
	Code: "DV604", Name: "delve-launch", Severity: finding.Error, Scope: "P",
	Summary: "Delve cannot start a program, stop at a breakpoint in main, show the stack and the right value of a local, and let it end",
	Needs:   []facts.Need{facts.Launch, facts.GoCommands},
	Run: func(p *check.Pass) {
		proof, _ := p.Proofs[facts.LaunchProof].Get()
		if proof.Status != facts.Fails || lastStep(proof) != facts.StdStep { // everything before it has worked: DV606 tells
			judgeProof(p, facts.LaunchProof, "the debugger cannot launch a program")
		}
		terminal, apart := p.Proofs[facts.TerminalProof].Get()
		if apart && terminal.Status == facts.Fails && terminal.Reason != proof.Reason && lastStep(terminal) != facts.StdStep {
			reportProof(p, terminal, "the debugger cannot launch a program in the editor's terminal")
		}
	},
}

var delveAttach = check.Check{
	Code: "DV605", Name: "delve-attach", Severity: finding.Error, Scope: "P", Hard: true,
	Summary: "Delve cannot attach to a running process, stop it, read a variable and let it live on; or a server that was named cannot be used",
	Needs:   []facts.Need{facts.Attach, facts.Connect, facts.GoCommands},
	Run: func(p *check.Pass) {
		if server, ok := p.Proofs[facts.ServerProof].Get(); ok {
			judgeServer(p, server)
			return
		}
		judgeProof(p, facts.AttachProof, "the debugger cannot attach to a running process")
		own, _ := p.Proofs[facts.AttachProof].Get()
		terminal, _ := p.Proofs[facts.ShellProof].Get()
		switch {
		case terminal.Status == facts.Broken:
			p.Break("%s", terminal.Reason)
		case terminal.Status == facts.Fails && terminal.Reason != own.Reason:
			reportProof(p, terminal, "the debugger of the editor's terminal cannot attach to a running process")
		}
	},
}

var delveStd = check.Check{
	Code: "DV606", Name: "delve-std", Severity: finding.Error, Scope: "P",
	Summary: "a breakpoint in the standard library does not stop, or not in a file of the right GOROOT",
	Needs:   []facts.Need{facts.Launch, facts.GoCommands},
	Run: func(p *check.Pass) {
		for _, name := range []string{facts.LaunchProof, facts.TerminalProof} {
			proof, ok := p.Proofs[name].Get()
			switch {
			case !ok && name == facts.TerminalProof:
			case !ok:
				p.Skip("%s", p.Proofs[name].Why())
			case proof.Status == facts.Fails && lastStep(proof) == facts.StdStep:
				p.Report(finding.Finding{
					Message:  fmt.Sprintf("the debugger cannot show the standard library (view %s): %s", list(viewsOf(proof)), proof.Reason),
					Cause:    "the debugger takes the place of a source from the program, which has it from the GOROOT that it was built with",
					Evidence: map[string]string{"view": list(viewsOf(proof)), "dlv": proof.Tool.Path, "dlvVersion": proof.Tool.Version},
					Fixes:    []finding.Fix{{Message: "set GOROOT nowhere and build without -trimpath, so that the sources are where the program says", Safe: true}},
				}, proof.View)
			case !slices.ContainsFunc(proof.Steps, func(s facts.Step) bool { return s.Name == facts.StdStep }):
				p.Skip("the launch in view %s ended before it came to the standard library (DV604)", list(viewsOf(proof)))
			}
		}
	},
}

// lastStep is where a proof ended.
func lastStep(proof facts.Proof) string {
	if len(proof.Steps) == 0 {
		return "start"
	}
	return proof.Steps[len(proof.Steps)-1].Name
}

var delveDAP = check.Check{
	Code: "DV607", Name: "delve-dap", Severity: finding.Error, Scope: "P",
	Summary: "`dlv dap`, started as the Go extension starts it, cannot build a package or a test, stop at a breakpoint of the editor, show variables and end",
	Needs:   []facts.Need{facts.DAP, facts.GoCommands},
	Run: func(p *check.Pass) {
		if launch, ok := p.Proofs[facts.LaunchProof].Get(); ok && launch.Status == facts.Fails && lastStep(launch) != facts.StdStep {
			p.Skip("the debugger cannot launch anything (DV604)")
			return
		}
		judgeProof(p, facts.DAPProof, "the editor cannot debug (F5)")
		if dap, ok := p.Proofs[facts.DAPProof].Get(); ok && dap.Status == facts.Fails {
			return // a test would meet the same
		}
		if _, ok := p.Proofs[facts.TestProof].Get(); ok {
			judgeProof(p, facts.TestProof, "the editor cannot debug a test")
		}
	},
}

// judgeProof turns the record of a proof into an outcome.
func judgeProof(p *check.Pass, name, what string) {
	proof, ok := p.Proofs[name].Get()
	switch {
	case !ok:
		p.Skip("%s", p.Proofs[name].Why())
	case proof.Status == facts.Skipped:
		p.Skip("%s", proof.Reason)
	case proof.Status == facts.Broken:
		p.Break("%s", proof.Reason)
	case proof.Status == facts.Fails:
		reportProof(p, proof, what)
	}
}

// reportProof reports a proof that has failed.
func reportProof(p *check.Pass, proof facts.Proof, what string) {
	step := lastStep(proof)
	cause, fix := whyProofFailed(p, step, proof.Reason)
	evidence := map[string]string{"view": list(viewsOf(proof)), "step": step, "dlv": proof.Tool.Path, "dlvVersion": proof.Tool.Version}
	if proof.Process != nil {
		evidence["predicted"] = proof.Steps[0].Predicted
		if why, instead := whyNotThis(*proof.Process); why != "" {
			cause, fix = why, instead
		}
	}
	if r := proof.Repeated; r != nil && r.Passed > 0 {
		what = fmt.Sprintf("%s: %d of %d tries", what, r.Tries-r.Passed, r.Tries)
	}
	var subjects []string
	if proof.Name == facts.TerminalProof || proof.Name == facts.ShellProof {
		subjects = []string{proof.View} // the check may report two
	}
	p.Report(finding.Finding{
		Message:  fmt.Sprintf("%s (step %s): %s", what, step, proof.Reason),
		Cause:    cause,
		Evidence: evidence,
		Upstream: []string{proof.Reason},
		Fixes:    []finding.Fix{{Message: fix, Safe: true}},
	}, subjects...)
}

// flagUnknown knows a dlv that does not start because of the flags that the user gives it.
func flagUnknown(step, reason string) (cause, fix string, ok bool) {
	if step != "start" || !strings.Contains(reason, "unknown flag: ") && !strings.Contains(reason, "unknown shorthand flag: ") {
		return "", "", false
	}
	return "the Go extension passes on what go.delveConfig or launch.json has as dlvFlags, and this dlv does not know it",
		"mend dlvFlags: `dlv help dap` lists the flags", true
}

// viewsOf are the views that a proof stands for.
func viewsOf(proof facts.Proof) []string { return append([]string{proof.View}, proof.Also...) }

// whyProofFailed points from the failed proof to the check that knows the cause.
func whyProofFailed(p *check.Pass, step, reason string) (cause, fix string) {
	ptrace, probed := p.Ptrace.Get()
	refused := ptrace.Child.Refused() || ptrace.Sibling.Refused()
	if cause, fix, ok := exhausted(reason); ok {
		return cause, fix.Message
	}
	if cause, fix, ok := flagUnknown(step, reason); ok {
		return cause, fix
	}
	blind, see, blinded := builtBlind(p, step)
	switch {
	case (step == "build" || step == "launch") && tooOldGo(reason):
		return tooOldGoCause, tooOldGoFix + " (DV117)"
	case step == "build" || step == "launch" && strings.Contains(reason, "Build Error"):
		return "Delve debugs what go builds in the editor's environment, and go builds nothing there", "mend the build first (DV803)"
	case refused:
		return ptrace.Explanation, "permit ptrace first (DV603)"
	case blinded:
		return blind, see
	case strings.Contains(reason, "does not own the process"):
		return "the process belongs to another user", `debug as that user, or as root with "capAdd": ["SYS_PTRACE"]`
	case strings.Contains(reason, "of Delve") || strings.Contains(reason, "DWARFv5") || step == "locals":
		return "this dlv and the Go that built the program do not fit each other", "install a dlv that fits (DV602)"
	case probed:
		return "ptrace is permitted, so the kernel is not the cause; Delve's own words are above", "see what Delve says; `dcverify explain` takes its message"
	}
	return "Delve's own words are above", "ask whether the kernel permits ptrace (DV603)"
}
