package facts

// Process is what the kernel tells of a process, as far as debugging it depends on it.
type Process struct {
	PID         int    `json:"pid"`
	Name        string `json:"name,omitempty"`   // of the program, as ps shows it
	Parent      int    `json:"parent,omitempty"` // 0 for one whose parent is in another pid namespace
	State       string `json:"state,omitempty"`  // R, S, D, T stopped, t stopped by its tracer, Z zombie, X dead
	Tracer      int    `json:"tracer,omitempty"` // the process that traces it
	UIDs        [3]int `json:"uids"`             // real, effective, saved
	GIDs        [3]int `json:"gids"`
	Permitted   uint64 `json:"capPrm"`
	Kernel      bool   `json:"kernel,omitempty"`      // a thread of the kernel, which has no program
	Exe         string `json:"exe,omitempty"`         // the program's path, as the process has it; empty where it may not be read
	Deleted     bool   `json:"deleted,omitempty"`     // the program's file is there no longer
	Arch        string `json:"arch,omitempty"`        // GOARCH of the program
	Go          string `json:"go,omitempty"`          // release of Go that built it; empty where it is no Go program, or cannot be read
	Stripped    bool   `json:"stripped,omitempty"`    // no debug information
	Unreadable  string `json:"unreadable,omitempty"`  // why nothing could be learned of its program
	OtherUserNS bool   `json:"otherUserNS,omitempty"` // its user namespace is another one: no capability of here counts there
	OtherMounts bool   `json:"otherMounts,omitempty"` // its files are other ones than those that its path names here
	Undumpable  bool   `json:"undumpable,omitempty"`  // the kernel keeps it from its own user: the program file may be run and not read, or it asked for that
}
