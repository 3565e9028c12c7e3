//go:build linux

package machine

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestReserveThreads(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string // regexp of the error; empty for none
	}{
		"no control group":     {},
		"version 2, unlimited": {files: map[string]string{"pids.max": "max\n", "pids.current": "7\n"}},
		"version 2, little":    {files: map[string]string{"pids.max": "100\n", "pids.current": "60\n"}},
		"version 2, enough":    {files: map[string]string{"pids.max": "4096\n", "pids.current": "60\n"}},
		"version 2, too little": {files: map[string]string{"pids.max": "40\n", "pids.current": "12\n"},
			want: `^the container may have 40 processes and threads at once \(the pids limit\) and has 12: dcverify needs 32 more; raise the limit, such as with --pids-limit in runArgs$`},
		"version 1, too little": {files: map[string]string{"pids/pids.max": "40\n", "pids/pids.current": "12\n"}, want: "^the container may have 40 "},
		"no use known":          {files: map[string]string{"pids.max": "40\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.Mkdir(filepath.Join(folder, "pids"), 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range test.files {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			err := reserveThreads(folder)
			if (err != nil) != (test.want != "") || err != nil && !regexp.MustCompile(test.want).MatchString(err.Error()) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
