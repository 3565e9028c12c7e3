package program

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// header is the beginning of an ELF program for a machine, with no sections: all that says its architecture.
func header(class, data byte, machine uint16) []byte {
	var order binary.ByteOrder = binary.LittleEndian
	if data == 2 {
		order = binary.BigEndian
	}
	text := make([]byte, 64)
	copy(text, "\x7fELF")
	text[4], text[5], text[6] = class, data, 1
	order.PutUint16(text[16:], 2) // ET_EXEC
	order.PutUint16(text[18:], machine)
	order.PutUint32(text[20:], 1)
	if class == 2 {
		order.PutUint16(text[52:], 64)
		order.PutUint16(text[54:], 56)
		order.PutUint16(text[58:], 64)
	} else {
		order.PutUint16(text[40:], 52)
		order.PutUint16(text[42:], 32)
		order.PutUint16(text[46:], 40)
	}
	return text
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		text []byte
		want File
	}{
		"empty":                       {nil, File{}},
		"one byte":                    {[]byte("#"), File{}},
		"script":                      {[]byte("#!/bin/sh\n"), File{Script: true}},
		"script of two bytes":         {[]byte("#!"), File{Script: true}},
		"text":                        {[]byte("go\n"), File{}},
		"four bytes of ELF":           {[]byte("\x7fELF"), File{}},
		"half a header":               {header(2, 1, 62)[:40], File{}},
		"amd64":                       {header(2, 1, 62), File{Arch: "amd64", Stripped: true}},
		"arm64":                       {header(2, 1, 183), File{Arch: "arm64", Stripped: true}},
		"386":                         {header(1, 1, 3), File{Arch: "386", Stripped: true}},
		"arm":                         {header(1, 1, 40), File{Arch: "arm", Stripped: true}},
		"riscv64":                     {header(2, 1, 243), File{Arch: "riscv64", Stripped: true}},
		"loong64":                     {header(2, 1, 258), File{Arch: "loong64", Stripped: true}},
		"s390x":                       {header(2, 2, 22), File{Arch: "s390x", Stripped: true}},
		"ppc64":                       {header(2, 2, 21), File{Arch: "ppc64", Stripped: true}},
		"ppc64le":                     {header(2, 1, 21), File{Arch: "ppc64le", Stripped: true}},
		"one that Go has no word for": {header(2, 1, 4), File{Arch: "EM_68K", Stripped: true}},
	} {
		t.Run(name, func(t *testing.T) {
			var got File
			Read(&got, bytes.NewReader(test.text))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The test binary is a Go program of this machine.
func TestReadGoProgram(t *testing.T) {
	file, err := os.Open(self(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got := File{Path: "as found", Mode: 0o755}
	Read(&got, file)
	if got.Arch != runtime.GOARCH || got.GoVersion != runtime.Version() || got.Module != "github.com/dcverify/dcverify" || got.Script {
		t.Errorf("got %+v", got)
	}
	if got.Path != "as found" || got.Mode != 0o755 {
		t.Errorf("what was known before is gone: %+v", got)
	}
}

// A download that was cut off is no working program, and never more than wrong.
func TestReadTruncated(t *testing.T) {
	text, err := os.ReadFile(self(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{1, 16, 63, 64, 65, 4096, len(text) / 2, len(text) - 1} {
		var got File
		Read(&got, bytes.NewReader(text[:length]))
		if got.Script || (got.Arch != "" && got.Arch != runtime.GOARCH) {
			t.Errorf("%d bytes: %+v", length, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("#!/bin/sh"))
	f.Add(header(2, 1, 62))
	f.Add(header(1, 2, 8))
	// A Go program, its sections cut off, as a seed to change.
	path, err := os.Executable()
	if err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text[:4096])
	f.Fuzz(func(t *testing.T, text []byte) {
		var got File
		Read(&got, bytes.NewReader(text))
		if got.Script != bytes.HasPrefix(text, []byte("#!")) {
			t.Errorf("script: %v", got.Script)
		}
		if got.Arch != "" && !bytes.HasPrefix(text, []byte("\x7fELF")) {
			t.Errorf("no ELF, and for %s", got.Arch)
		}
	})
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
