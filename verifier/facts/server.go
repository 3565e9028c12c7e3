package facts

// Server is a running Delve, as far as it can be told without disturbing what it debugs.
type Server struct {
	Address string `json:"address"`
	PID     int    `json:"pid,omitempty"`  // of its process, where that is in this container and may be seen
	User    int    `json:"user"`           // who it belongs to; -1 where that is not known
	Kind    string `json:"kind,omitempty"` // "headless" or "dap"
	Version string `json:"version,omitempty"`
	API     int    `json:"api,omitempty"`     // version of the JSON-RPC interface; 0 where it has none or nobody asked
	Multi   *bool  `json:"multi,omitempty"`   // takes several clients; null where it is not known
	Clients int    `json:"clients,omitempty"` // that are connected, where that can be seen
	Target  string `json:"target,omitempty"`  // the program that is debugged
	Stopped bool   `json:"stopped,omitempty"` // it is stopped by a signal, such as ctrl-Z, and answers nobody
	State   string `json:"state,omitempty"`   // of the target: "running", "stopped", "ended"
	Asked   bool   `json:"asked"`             // it was connected to; otherwise all this is seen from outside
}
