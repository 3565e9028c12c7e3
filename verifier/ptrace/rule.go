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

const capSysPtrace = 1 << 19

// Predict is the rule: what the two probes of one's own processes ought to answer, by what is known without them.
//
// A child may ask to be traced unless an emulator runs it or Yama forbids it: nothing else that can be seen from
// inside decides. A seccomp filter can't be read, only hit: so where the answer differs from the prediction, something
// hidden refuses. A sibling of the same user, with the same capabilities, may be traced where a child may, and, under
// Yama, where the scope lets go of ancestry.
func Predict(p facts.Ptrace) (child, sibling bool) {
	admin := p.Effective&capSysPtrace != 0
	switch {
	case emulatesNoPtrace(p.EmulatedBy):
		return false, false
	case p.YamaScope >= 3:
		return false, false
	case p.YamaScope == 2:
		child, sibling = admin, admin
	case p.YamaScope == 1:
		child, sibling = true, admin
	default:
		child, sibling = true, true
	}
	if p.Child.Tried && !p.Child.OK {
		sibling = false // whatever refused the one refuses the other
	}
	return child, sibling
}

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
	case child && p.Seccomp == 2:
		return fmt.Sprintf("ptrace is refused by a seccomp filter: %s; no other rule of the kernel that can be seen from here forbids it", p.Child.Why)
	case child:
		return fmt.Sprintf("ptrace is refused (%s), by neither Yama nor a seccomp filter: a security module such as AppArmor or SELinux, or the sandbox that runs this container", p.Child.Why)
	case p.YamaScope == 1 && !admin:
		return "ptrace of a running process is refused by Yama: kernel.yama.ptrace_scope is 1, which permits it only from an ancestor or with the capability SYS_PTRACE; a program that the debugger launches itself is permitted"
	}
	return fmt.Sprintf("ptrace of a child is permitted, of a running process of the same user it is refused (%s): a security module such as AppArmor or SELinux, or a program file that this user may run but not read", p.Sibling.Why)
}

func refused(r facts.PtraceResult) bool { return r.Tried && !r.OK }
