package facts

// Status is how a proof or a check ended.
type Status string

const (
	Passed  Status = "passed"
	Warned  Status = "warned"
	Fails   Status = "failed"
	Skipped Status = "skipped" // not tried, and the reason says why; never counted as passed
	Broken  Status = "broken"  // tried, and dcverify itself or its deadline came to an end before a verdict
)

// The proofs.
const (
	LaunchProof   = "delve-launch"
	TerminalProof = "delve-launch-terminal" // the same in the editor's terminal, where that makes a difference
	AttachProof   = "delve-attach"
	ShellProof    = "delve-attach-terminal" // the same with the dlv of the editor's terminal, where that is another
	DAPProof      = "delve-dap"
	GoplsProof    = "gopls"
	EnvProof      = "delve-env"    // what the programs of debug configurations get; see Debuggee
	PtraceProof   = "ptrace"       // of the kernel, without a debugger
	TestProof     = "delve-test"   // a test debugged as the editor does
	ServerProof   = "delve-server" // a running headless server asked
	LeastProof    = "delve-least"  // attaching once more, without SYS_PTRACE
)

// ProofNames is the proofs in the order of a report. The probes of the kernel come before them, from Ptrace.
var ProofNames = []string{
	LaunchProof, TerminalProof, AttachProof, ShellProof, DAPProof, TestProof, EnvProof, ServerProof, LeastProof, GoplsProof,
}

// The steps that checks ask about by name.
const (
	LookStep = "look" // at the process to attach to, before anything is done to it
	FindStep = "find" // a server's own process, before anything is sent to it
)

// StdStep is the step of the launch proof that stops in the standard library.
const StdStep = "std"

// Proof is the record of doing the thing itself: a program really debugged, step by step.
type Proof struct {
	Name   string    `json:"name"`           // "delve-launch", "delve-attach"
	View   string    `json:"view"`           // whose environment it ran in
	Also   []string  `json:"also,omitempty"` // views whose environment makes no difference to it
	Status Status    `json:"status"`
	Reason string    `json:"reason,omitempty"` // not passed: the exact text of the tool or the system that says why, in one line
	Tool   ProofTool `json:"tool"`
	Steps  []Step    `json:"steps"`            // in the order they ran; the last one is where a failed proof ended
	Output string    `json:"output,omitempty"` // what the tool printed, the last 4 KiB

	Process  *Process `json:"process,omitempty"`  // that was asked for by its number
	Server   *Server  `json:"server,omitempty"`   // that was asked for by its address
	Repeated *Repeats `json:"repeated,omitempty"` // the proof was made several times; it is the first try that failed, or the last
}

// ProofTool is the program that did the work.
type ProofTool struct {
	Path    string `json:"path"`
	Version string `json:"version,omitempty"`
	Linked  bool   `json:"linked,omitempty"`  // the Delve inside dcverify, because the container has none
	LeastGo string `json:"leastGo,omitempty"` // the oldest Go that it supports, as the running Delve says
	MostGo  string `json:"mostGo,omitempty"`  // and the newest
}

// Step is one step of a proof with its duration in milliseconds.
type Step struct {
	Name   string `json:"name"`
	Ms     int64  `json:"ms"`
	Detail string `json:"detail,omitempty"`

	Predicted string `json:"predicted,omitempty"` // of a probe: what the rule says, "permitted" or "refused"
	Observed  string `json:"observed,omitempty"`  // and what the kernel did
}

// Ptrace is what direct probes of the kernel said, without any debugger.
type Ptrace struct {
	Call      PtraceResult `json:"call,omitzero"`  // the system call alone, of a process that does not exist: only a filter or an emulator refuses it
	Child     PtraceResult `json:"child"`          // a child that asks to be traced, as a debugger launches a program
	Sibling   PtraceResult `json:"sibling"`        // an unrelated process of the same user, as a debugger attaches
	OtherUser PtraceResult `json:"otherUser"`      // a process of another user; refusal is normal
	First     PtraceResult `json:"first,omitzero"` // the first process of the container, which is not stopped for it

	UID           int    `json:"uid"`
	GID           int    `json:"gid"`
	Effective     uint64 `json:"capEff"`                  // effective capabilities of dcverify
	Permitted     uint64 `json:"capPrm,omitempty"`        // permitted ones, which are those that count against a process to be traced
	Bounding      uint64 `json:"capBnd"`                  // most that any process here can get
	Seccomp       int    `json:"seccomp"`                 // mode of /proc/self/status: 0 off, 2 filter
	NoNewPrivs    bool   `json:"noNewPrivs"`              //
	UserNamespace string `json:"userNamespace,omitempty"` // /proc/self/uid_map, where it is not that of the host; empty there
	YamaScope     int    `json:"yamaScope"`               // kernel.yama.ptrace_scope; -1 where the kernel has no Yama
	Kernel        string `json:"kernel"`                  // release
	Machine       string `json:"machine"`                 // uname -m, as the process sees it
	EmulatedBy    string `json:"emulatedBy"`              // path of the user-mode emulator that runs this process; empty when native
	PredictChild  bool   `json:"predictChild"`            // what the rule expects of Child
	PredictSib    bool   `json:"predictSibling"`
	PredictOther  bool   `json:"predictOtherUser,omitempty"`
	PredictFirst  bool   `json:"predictFirst,omitempty"`
	Explanation   string `json:"explanation"` // one sentence: why it is permitted or refused
}

// CapSysPtrace is the capability that permits tracing processes of others.
const CapSysPtrace = 1 << 19

// PtraceProbe is one probe beside what the rule had said of it.
type PtraceProbe struct {
	Name      string
	Predicted bool
	PtraceResult
}

// Disagrees tells whether the kernel did otherwise than the rule said.
func (p PtraceProbe) Disagrees() bool { return p.Tried && p.OK != p.Predicted }

// Observed is what the probe met, in words.
func (p PtraceProbe) Observed() string {
	switch {
	case !p.Tried:
		return "not tried: " + p.Why
	case p.OK:
		return ptracePermitted
	}
	return "refused: " + p.Why
}

const ptracePermitted = "permitted"

// Probes are the probes that the rule speaks of.
func (p Ptrace) Probes() []PtraceProbe {
	return []PtraceProbe{
		{"child", p.PredictChild, p.Child},
		{"sibling", p.PredictSib, p.Sibling},
		{"other-user", p.PredictOther, p.OtherUser},
		{"first-process", p.PredictFirst, p.First},
	}
}

// Proof is the record of the probes in the form of every other proof. A debugger needs the first two.
func (p Ptrace) Proof() Proof {
	proof := Proof{Name: PtraceProof, Status: Passed, Steps: []Step{}}
	call := PtraceProbe{Name: "call", PtraceResult: p.Call}
	proof.Steps = append(proof.Steps, Step{Name: "call", Observed: call.Observed()})
	for _, probe := range p.Probes() {
		step := Step{Name: probe.Name, Observed: probe.Observed()}
		switch {
		case !probe.Tried: // then there was nothing to predict
		case probe.Predicted:
			step.Predicted = ptracePermitted
		default:
			step.Predicted = "refused"
		}
		proof.Steps = append(proof.Steps, step)
	}
	switch {
	case !p.Child.Tried || !p.Sibling.Tried:
		proof.Status, proof.Reason = Broken, p.Explanation
	case !p.Child.OK || !p.Sibling.OK:
		proof.Status, proof.Reason = Fails, p.Explanation
	}
	return proof
}

// PtraceResult is one probe. Tried is false where the probe could not be made (Why says why); then OK means nothing.
type PtraceResult struct {
	Tried bool   `json:"tried"`
	OK    bool   `json:"ok"`
	Why   string `json:"why,omitempty"` // errno text of the refusal, or why it could not be tried
}

// Refused tells whether the probe was made and the kernel refused it.
func (r PtraceResult) Refused() bool { return r.Tried && !r.OK }
