package child

// Stat is a line of /proc/PID/stat.
type Stat struct {
	PID     int
	State   byte // R, S, D, T stopped, t traced, Z zombie
	Session int
	Start   string // in ticks since boot: with the PID it names a process for good
}

// Lives tells whether the process is still there, and not only as the entry of a dead one that nobody has reaped.
func (s Stat) Lives() bool {
	now, err := Look(s.PID)
	return err == nil && now.Start == s.Start && now.State != 'Z'
}
