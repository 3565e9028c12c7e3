// Package program owns what a program file says of itself: architecture, builder, version.
//
// Its one rule: nothing is run. Build information and ELF headers are read from bytes, so that the same code judges a file of
// this machine, of an image that was never started, and of another architecture.
package program

import (
	"debug/buildinfo"
	"debug/elf"
	"io"
	"strings"
)

// File is what a program file says of itself, without being run.
type File struct {
	Path       string `json:"path"`               // as found
	Real       string `json:"real,omitempty"`     // links resolved
	Mode       uint32 `json:"mode"`               // permission bits
	UID        int    `json:"uid"`                // owner
	GID        int    `json:"gid"`                //
	Executable bool   `json:"executable"`         // for the user of the snapshot
	Arch       string `json:"arch,omitempty"`     // GOARCH of the file; empty where it is no ELF program
	Script     bool   `json:"script,omitempty"`   // begins with #!
	GoVersion  string `json:"go,omitempty"`       // release that built it ("go1.26.8"); empty where it is no Go program
	Module     string `json:"module,omitempty"`   // path of its main module
	Version    string `json:"version,omitempty"`  // version of its main module ("v1.27.2", "(devel)")
	Problem    string `json:"problem,omitempty"`  // why it cannot run here: broken link, not executable, wrong architecture
	Stripped   bool   `json:"stripped,omitempty"` // no DWARF
}

// Read fills in what the bytes of a program say: architecture and Go build information. It needs no working program
// and works for every architecture.
func Read(b *File, r io.ReaderAt) {
	var magic [2]byte
	if n, _ := r.ReadAt(magic[:], 0); n == 2 && string(magic[:]) == "#!" {
		b.Script = true
		return
	}
	if f, err := elf.NewFile(r); err == nil {
		b.Arch = goarch(f.Machine, f.Data)
		b.Stripped = f.Section(".debug_info") == nil && f.Section(".zdebug_info") == nil
	}
	if info, err := buildinfo.Read(r); err == nil {
		b.GoVersion, _, _ = strings.Cut(info.GoVersion, " ") // "go1.26.8 X:experiment"
		b.Module, b.Version = info.Main.Path, info.Main.Version
	}
}

func goarch(m elf.Machine, data elf.Data) string {
	switch m {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	case elf.EM_386:
		return "386"
	case elf.EM_ARM:
		return "arm"
	case elf.EM_RISCV:
		return "riscv64"
	case elf.EM_S390:
		return "s390x"
	case elf.EM_LOONGARCH:
		return "loong64"
	case elf.EM_PPC64:
		if data == elf.ELFDATA2LSB {
			return "ppc64le"
		}
		return "ppc64"
	}
	return m.String()
}
