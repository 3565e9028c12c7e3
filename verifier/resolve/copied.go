package resolve

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/source"
)

// findCopied looks for what the Dockerfile copies out of the build's context, and reads the start-up files among it. A checkout that
// lacks its own sources is not asked for the rest: whoever lays out configurations alone has none of that either.
func (r *resolver) findCopied() {
	if r.project.Build == nil {
		return
	}
	whole := r.hasSources()
	for _, stage := range r.project.Build.Stages {
		if !stage.Built {
			continue
		}
		for _, instruction := range stage.Instructions {
			if !fromContext(instruction) {
				continue
			}
			var missing []string
			for _, from := range instruction.Words[:len(instruction.Words)-1] {
				name := path.Join(r.context, path.Join("/", from)) // .. leads nowhere out of the context
				r.readStartup(from, name)
				if whole && !strings.ContainsAny(from, "$*?[\\") && !strings.Contains(from, "://") && !strings.HasPrefix(from, "git@") && fs.ValidPath(name) && !r.exists(name) {
					missing = append(missing, name)
				}
			}
			if len(missing) > 0 {
				r.problem("missing-source", fmt.Sprintf("%s wants what is not there: %s", instruction.Keyword, strings.Join(missing, ", ")), instruction.Place)
			}
		}
	}
}

// startupNames are the start-up files of shells, without the dot in front.
var startupNames = []string{"bashrc", "bash.bashrc", "bash_profile", "bash_login", "profile", "zshrc", "zshenv", "zprofile", "zlogin"}

// readStartup keeps what a shell's start-up file says of Go and of PATH. The rest may be anybody's secret.
func (r *resolver) readStartup(word, name string) {
	if !slices.Contains(startupNames, strings.TrimPrefix(path.Base(name), ".")) {
		return
	}
	file, err := source.Read(r.workspace, name)
	if err != nil {
		return
	}
	var about strings.Builder
	for line := range strings.Lines(file.Text) {
		if strings.Contains(line, "PATH") || strings.Contains(strings.ToLower(line), "go") {
			about.WriteString(line)
		}
	}
	if r.project.Startup == nil {
		r.project.Startup = map[string]string{}
	}
	r.project.Startup[word] = about.String()
}

// fromContext tells whether an instruction copies files of the build's context.
func fromContext(instruction dockerfile.Instruction) bool {
	return (instruction.Keyword == "COPY" || instruction.Keyword == "ADD") && len(instruction.Words) > 1 &&
		!slices.ContainsFunc(instruction.Flags, func(flag string) bool { return strings.HasPrefix(flag, "--from=") })
}

// hasSources tells whether the workspace holds more than configurations: Go sources, or what a repository begins with.
func (r *resolver) hasSources() bool {
	for _, folder := range []string{".", r.context} {
		entries, _ := fs.ReadDir(r.workspace, path.Clean(folder))
		if slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
			name := strings.ToLower(e.Name())
			return path.Ext(name) == ".go" || strings.HasPrefix(name, "readme") || strings.HasPrefix(name, "license")
		}) {
			return true
		}
	}
	return false
}
