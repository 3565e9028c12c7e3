package ptrace

import (
	"fmt"

	"github.com/dcverify/dcverify/verifier/facts"
)

// The rule is the kernel's own, in the order in which it asks (kernel/ptrace.c __ptrace_may_access, security/commoncap.c
// cap_ptrace_access_check, security/yama/yama_lsm.c), with what stands before it in a container: an emulator, and a filter
// of system calls. What it cannot see are security modules that have rules of their own (AppArmor, SELinux, landlock):
// where they refuse, the probe differs from the rule, and that is said.

// PredictChild tells whether a child may ask to be traced. No capability and no privilege counts for that but under Yama's
// scope 2.
func PredictChild(p facts.Ptrace) (permitted bool, why string) {
	if why := closed(p); why != "" {
		return false, why
	}
	switch {
	case p.YamaScope >= 3:
		return false, "kernel.yama.ptrace_scope is 3"
	case p.YamaScope == 2 && !admin(p):
		return false, "kernel.yama.ptrace_scope is 2, and SYS_PTRACE is not there"
	}
	return true, "a process may ask its parent to trace it"
}

// Predict tells whether the process that p describes may attach to another one. A descendant is one of its own.
func Predict(p facts.Ptrace, target facts.Process, descendant bool) (permitted bool, why string) {
	if why := closed(p); why != "" {
		return false, why
	}
	if p.Child.Refused() {
		return false, "whatever refuses a child to be traced refuses this too"
	}
	capable := admin(p) && !target.OtherUserNS
	same := target.UIDs == [3]int{p.UID, p.UID, p.UID} && target.GIDs == [3]int{p.GID, p.GID, p.GID}
	switch {
	case target.Kernel:
		return false, "it is a thread of the kernel"
	case target.Tracer != 0:
		return false, fmt.Sprintf("process %d traces it already", target.Tracer)
	case target.State == "Z" || target.State == "X":
		return false, "it has ended"
	case !capable && target.UIDs != [3]int{p.UID, p.UID, p.UID}:
		return false, fmt.Sprintf("it belongs to user %d, and SYS_PTRACE is not there", target.UIDs[1])
	case !capable && !same:
		return false, fmt.Sprintf("its group is %d, and SYS_PTRACE is not there", target.GIDs[1])
	case !capable && target.Permitted&^p.Permitted != 0:
		return false, fmt.Sprintf("it may have capabilities (%#x) that are missing here", target.Permitted&^p.Permitted)
	case !capable && target.OtherUserNS:
		return false, "it is in another user namespace"
	case !capable && target.Undumpable:
		return false, "the kernel keeps it from its own user: its program may be run and not read, or it asked for that"
	case p.YamaScope >= 3:
		return false, "kernel.yama.ptrace_scope is 3"
	case p.YamaScope == 2 && !capable:
		return false, "kernel.yama.ptrace_scope is 2, and SYS_PTRACE is not there"
	case p.YamaScope == 1 && !capable && !descendant:
		return false, "kernel.yama.ptrace_scope is 1: only an ancestor may, or who has SYS_PTRACE"
	case same:
		return true, "it is a process of the same user, with no more capabilities"
	}
	return true, "SYS_PTRACE permits it"
}

// closed says what stands before the kernel's own rule, if anything does.
func closed(p facts.Ptrace) string {
	switch {
	case emulatesNoPtrace(p.EmulatedBy):
		return "the emulator has no ptrace"
	case p.Call.Tried && !p.Call.OK:
		return "a filter refuses the system call"
	case !p.Call.Tried && p.Seccomp == 2 && p.Bounding&capSysPtrace == 0 && olderKernel(p.Kernel, 4, 8):
		return "before Linux 4.8 Docker's filter refuses the system call to who cannot have SYS_PTRACE"
	}
	return ""
}

func admin(p facts.Ptrace) bool { return p.Effective&capSysPtrace != 0 }

// olderKernel compares the first two numbers of a release such as "6.18.44-fc"; one that has none is not older.
func olderKernel(release string, major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(release, "%d.%d", &a, &b); n != 2 {
		return false
	}
	return a < major || a == major && b < minor
}

// DelveNeeds tells what more than the kernel's permission Delve needs to attach to a process of another user, as measured:
// without the first it cannot read the auxiliary vector, and without the second it cannot stop the threads again, so that
// the process dies when it detaches.
func DelveNeeds(p facts.Ptrace, target facts.Process) string {
	const dacOverride, dacReadSearch, kill = 1 << 1, 1 << 2, 1 << 5
	switch {
	case target.UIDs[1] == p.UID:
		return ""
	case p.Effective&(dacOverride|dacReadSearch) == 0:
		return "DAC_READ_SEARCH, to read the auxiliary vector"
	case p.Effective&kill == 0:
		return "KILL, without which the process would die when Delve lets it go"
	}
	return ""
}
