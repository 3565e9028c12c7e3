// Package ptrace asks the kernel itself, without any debugger, what tracing is permitted here and why.
//
// It owns the probes and the rule that explains them. Its one rule: only doing it counts. What /proc says about
// capabilities and filters explains an answer, and never replaces one.
package ptrace

import (
	"fmt"
	"path/filepath"

	"github.com/dcverify/dcverify/verifier/facts"
)

const capSysPtrace = facts.CapSysPtrace

// Explain says in one sentence why tracing is permitted or refused.
func Explain(p facts.Ptrace) string {
	child, sibling := refused(p.Child), refused(p.Sibling)
	admin := p.Effective&capSysPtrace != 0
	switch {
	case !p.Child.Tried:
		return "ptrace could not be tried: " + p.Child.Why
	case !child && !sibling && !p.Sibling.Tried:
		return "ptrace of a child is permitted; of another process it could not be tried: " + p.Sibling.Why
	case !child && !sibling:
		return "permitted"
	case emulatesNoPtrace(p.EmulatedBy):
		return fmt.Sprintf("emulated by %s, which does not implement ptrace", filepath.Base(p.EmulatedBy))
	case p.YamaScope >= 3:
		return fmt.Sprintf("ptrace is refused by Yama: kernel.yama.ptrace_scope is %d, which forbids it to everybody until the host restarts", p.YamaScope)
	case p.YamaScope == 2 && !admin:
		return "ptrace is refused by Yama: kernel.yama.ptrace_scope is 2, which permits it only with the capability SYS_PTRACE"
	case child && p.EmulatedBy != "":
		return fmt.Sprintf("ptrace is refused (%s) under %s, which runs this container's programs", p.Child.Why, filepath.Base(p.EmulatedBy))
	case child && p.Call.Tried && !p.Call.OK && p.EmulatedBy == "":
		return fmt.Sprintf("ptrace is refused by a seccomp filter: the kernel is not even asked (%s)%s", p.Call.Why, beforeLinux48(p))
	case child && p.Seccomp == 2 && !p.Call.Tried:
		return fmt.Sprintf("ptrace is refused by a seccomp filter: %s; no other rule of the kernel that can be seen from here forbids it", p.Child.Why)
	case child:
		return fmt.Sprintf("ptrace is refused (%s), by neither Yama nor a seccomp filter: a security module such as AppArmor or SELinux, or the sandbox that runs this container", p.Child.Why)
	case p.YamaScope == 1 && !admin:
		return "ptrace of a running process is refused by Yama: kernel.yama.ptrace_scope is 1, which permits it only from an ancestor or with the capability SYS_PTRACE; a program that the debugger launches itself is permitted"
	}
	return fmt.Sprintf("ptrace of a child is permitted, of a running process of the same user it is refused (%s): a security module such as AppArmor or SELinux, or a program file that this user may run but not read", p.Sibling.Why)
}

// beforeLinux48 is why Docker's own filter is the one that refuses, where it is: since Linux 4.8 a filter sees what a tracer
// makes of a system call, so that ptrace cannot be used to get around it, and Docker permits it.
func beforeLinux48(p facts.Ptrace) string {
	if olderKernel(p.Kernel, 4, 8) {
		return "; on Linux " + p.Kernel + " Docker's own profile does that, unless the container has SYS_PTRACE"
	}
	return ""
}

func refused(r facts.PtraceResult) bool { return r.Tried && !r.OK }
