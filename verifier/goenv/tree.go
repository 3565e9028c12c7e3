package goenv

// Tree is a folder that somebody takes for a Go root.
type Tree struct {
	Real     string `json:"real,omitempty"`     // links resolved; empty when it does not exist
	Folder   bool   `json:"folder"`             //
	Go       bool   `json:"go"`                 // has bin/go
	Std      bool   `json:"std"`                // has src/fmt
	Version  string `json:"version,omitempty"`  // first word of the file VERSION
	Compiler string `json:"compiler,omitempty"` // release of its compile tool, from the file's build information
}

// Valid tells whether go can build with the tree.
func (t Tree) Valid() bool { return t.Folder && t.Go && t.Std && t.Version != "" && t.Compiler != "" }

// Lacks lists what a Go root must have and this folder has not.
func (t Tree) Lacks() []string {
	var lacks []string
	for _, part := range []struct {
		there bool
		name  string
	}{{t.Go, "bin/go"}, {t.Version != "", "VERSION"}, {t.Std, "src/fmt"}, {t.Compiler != "", "the compile tool for this platform"}} {
		if !part.there {
			lacks = append(lacks, part.name)
		}
	}
	return lacks
}
