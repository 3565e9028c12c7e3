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
	LaunchProof = "delve-launch"
	AttachProof = "delve-attach"
	DAPProof    = "delve-dap"
	GoplsProof  = "gopls"
	EnvProof    = "delve-env" // one per debug configuration; see Debuggee
)

// StdStep is the step of the launch proof that stops in the standard library.
const StdStep = "std"

// Proof is the record of doing the thing itself: a program really debugged, step by step.
type Proof struct {
	Name   string    `json:"name"` // "delve-launch", "delve-attach"
	View   string    `json:"view"` // whose environment it ran in
	Status Status    `json:"status"`
	Reason string    `json:"reason,omitempty"` // not passed: the exact text of the tool or the system that says why, in one line
	Tool   ProofTool `json:"tool"`
	Steps  []Step    `json:"steps"`            // in the order they ran; the last one is where a failed proof ended
	Output string    `json:"output,omitempty"` // what the tool printed, the last 4 KiB
}

// ProofTool is the program that did the work.
type ProofTool struct {
	Path    string `json:"path"`
	Version string `json:"version,omitempty"`
	Linked  bool   `json:"linked,omitempty"` // the Delve inside dcverify, because the container has none
}

// Step is one step of a proof with its duration in milliseconds.
type Step struct {
	Name   string `json:"name"`
	Ms     int64  `json:"ms"`
	Detail string `json:"detail,omitempty"`
}

// Ptrace is what direct probes of the kernel said, without any debugger.
type Ptrace struct {
	Child     PtraceResult `json:"child"`     // a child that asks to be traced, as a debugger launches a program
	Sibling   PtraceResult `json:"sibling"`   // an unrelated process of the same user, as a debugger attaches
	OtherUser PtraceResult `json:"otherUser"` // a process of another user; refusal is normal

	UID          int    `json:"uid"`
	Effective    uint64 `json:"capEff"`       // effective capabilities of dcverify
	Bounding     uint64 `json:"capBnd"`       // most that any process here can get
	Seccomp      int    `json:"seccomp"`      // mode of /proc/self/status: 0 off, 2 filter
	NoNewPrivs   bool   `json:"noNewPrivs"`   //
	YamaScope    int    `json:"yamaScope"`    // kernel.yama.ptrace_scope; -1 where the kernel has no Yama
	Kernel       string `json:"kernel"`       // release
	Machine      string `json:"machine"`      // uname -m, as the process sees it
	EmulatedBy   string `json:"emulatedBy"`   // path of the user-mode emulator that runs this process; empty when native
	PredictChild bool   `json:"predictChild"` // what the rule expects of Child
	PredictSib   bool   `json:"predictSibling"`
	Explanation  string `json:"explanation"` // one sentence: why it is permitted or refused
}

// PtraceResult is one probe. Tried is false where the probe could not be made (Why says why); then OK means nothing.
type PtraceResult struct {
	Tried bool   `json:"tried"`
	OK    bool   `json:"ok"`
	Why   string `json:"why,omitempty"` // errno text of the refusal, or why it could not be tried
}
