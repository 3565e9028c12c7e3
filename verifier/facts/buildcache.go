package facts

// BuildCache is what an experiment with the build cache of some views has shown: a few small packages of the standard library
// were asked for twice, and once more with an empty cache.
type BuildCache struct {
	Views   []string       `json:"views"`
	Go      string         `json:"go"`                // the go command
	Version string         `json:"version,omitempty"` // its release, as it says
	Folder  string         `json:"folder"`            // GOCACHE
	Mount   string         `json:"mount,omitempty"`   // of the volume that it lies on; empty in the container's own layer, which goes with it
	Foreign int            `json:"foreign,omitempty"` // folders in it that belong to another user and cannot be written
	Owner   int            `json:"owner,omitempty"`   // of the first of those
	Again   int            `json:"again,omitempty"`   // packages that were compiled again a moment after they had been
	Flags   string         `json:"flags,omitempty"`   // GOFLAGS as this go takes them
	Objects []CachedObject `json:"objects,omitempty"`
	Error   string         `json:"error,omitempty"` // why there was no experiment, or go's own words where it failed
}

// CachedObject is a compiled package. An action is the hash of all that went into it, among it the compiler's version and the
// flags; a content that of what came out.
type CachedObject struct {
	Package string `json:"package"`
	Action  string `json:"action"`
	Content string `json:"content"` // as the cache has it
	Fresh   string `json:"fresh"`   // as this toolchain makes it from the same action
}

// Stale tells whether the cache holds what this toolchain does not make.
func (o CachedObject) Stale() bool { return o.Fresh != "" && o.Content != o.Fresh }
