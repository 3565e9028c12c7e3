package checks

import (
	"fmt"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
)

// ptraceEvidence is what the kernel said, and what every probe met beside what the rule had said of it.
func ptraceEvidence(ptrace facts.Ptrace) map[string]string {
	evidence := map[string]string{
		"uid": fmt.Sprint(ptrace.UID), "seccomp": fmt.Sprint(ptrace.Seccomp), "noNewPrivs": fmt.Sprint(ptrace.NoNewPrivs),
		"capEff": fmt.Sprintf("%#x", ptrace.Effective), "capPrm": fmt.Sprintf("%#x", ptrace.Permitted), "capBnd": fmt.Sprintf("%#x", ptrace.Bounding),
		"yama": fmt.Sprint(ptrace.YamaScope), "kernel": ptrace.Kernel, "machine": ptrace.Machine,
		"call": facts.PtraceProbe{PtraceResult: ptrace.Call}.Observed(),
	}
	if ptrace.UserNamespace != "" {
		evidence["userNamespace"] = ptrace.UserNamespace
	}
	if ptrace.EmulatedBy != "" {
		evidence["emulatedBy"] = ptrace.EmulatedBy
	}
	for _, probe := range ptrace.Probes() {
		evidence[probe.Name] = "predicted " + permission(probe.Predicted) + ", " + probe.Observed()
	}
	return evidence
}

func permission(permitted bool) string {
	if permitted {
		return "permitted"
	}
	return "refused"
}

// reportDisagreements says where the kernel did otherwise than its own rule, as far as that can be seen from inside, has it:
// something hidden decides there. What a debugger needs and does not get is an error already.
func reportDisagreements(p *check.Pass, ptrace facts.Ptrace) {
	for _, probe := range ptrace.Probes() {
		needed := probe.Name == "child" || probe.Name == "sibling"
		if !probe.Disagrees() || needed && !probe.OK {
			continue
		}
		p.Report(finding.Finding{
			Severity: finding.Info,
			Message:  fmt.Sprintf("tracing (%s) should be %s here, and is %s", probe.Name, permission(probe.Predicted), probe.Observed()),
			Cause:    "a rule that cannot be seen from inside decides: a security module such as AppArmor or SELinux, or the sandbox that runs this container",
			Evidence: ptraceEvidence(ptrace),
			Fixes:    []finding.Fix{{Message: "nothing, unless you attach to such processes; then ask whoever runs the engine"}},
		}, "disagreement", probe.Name)
	}
}
