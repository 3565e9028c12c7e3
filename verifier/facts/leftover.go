package facts

// Leftover is something that a debugging session left when it was over.
type Leftover struct {
	Kind    string `json:"kind"` // "debugger", "program" (that was debugged), "file"
	PID     int    `json:"pid,omitempty"`
	Name    string `json:"name"`              // of the program; of a file its path in the workspace
	State   string `json:"state,omitempty"`   // of the process, see Process
	Address string `json:"address,omitempty"` // where a debugger listens
	Bytes   int64  `json:"bytes,omitempty"`   // of a file
}
