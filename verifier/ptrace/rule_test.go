//go:build linux

package ptrace

import (
	"strings"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
)

func TestRule(t *testing.T) {
	const qemu = "/usr/bin/qemu-aarch64-static"
	ok := facts.PtraceResult{Tried: true, OK: true}
	no := facts.PtraceResult{Tried: true, Why: "operation not permitted"}
	nosys := facts.PtraceResult{Tried: true, Why: "function not implemented"}
	untried := facts.PtraceResult{Why: "no memory"}
	for _, c := range []struct {
		name           string
		p              facts.Ptrace
		child, sibling bool
		explanation    string // how it begins
	}{
		{"default container", facts.Ptrace{Child: ok, Sibling: ok, Seccomp: 2, YamaScope: -1}, true, true, "permitted"},
		{"no new privileges", facts.Ptrace{Child: ok, Sibling: ok, NoNewPrivs: true, YamaScope: -1}, true, true, "permitted"},
		{"custom seccomp profile", facts.Ptrace{Child: no, Sibling: no, Seccomp: 2, YamaScope: -1}, true, false, "ptrace is refused by a seccomp filter: operation not permitted"},
		{"seccomp beats the capability", facts.Ptrace{Child: no, Sibling: no, Seccomp: 2, YamaScope: 0, Effective: capSysPtrace}, true, false, "ptrace is refused by a seccomp filter"},
		{"Yama 0", facts.Ptrace{Child: ok, Sibling: ok, YamaScope: 0}, true, true, "permitted"},
		{"Yama 1", facts.Ptrace{Child: ok, Sibling: no, YamaScope: 1}, true, false, "ptrace of a running process is refused by Yama: kernel.yama.ptrace_scope is 1"},
		{"Yama 1 with the capability", facts.Ptrace{Child: ok, Sibling: ok, YamaScope: 1, Effective: capSysPtrace}, true, true, "permitted"},
		{"Yama 1 and seccomp", facts.Ptrace{Child: no, Sibling: no, YamaScope: 1, Seccomp: 2}, true, false, "ptrace is refused by a seccomp filter"},
		{"Yama 2", facts.Ptrace{Child: no, Sibling: no, YamaScope: 2}, false, false, "ptrace is refused by Yama: kernel.yama.ptrace_scope is 2"},
		{"Yama 2 with the capability", facts.Ptrace{Child: ok, Sibling: ok, YamaScope: 2, Effective: capSysPtrace}, true, true, "permitted"},
		{"Yama 3", facts.Ptrace{Child: no, Sibling: no, YamaScope: 3, Effective: capSysPtrace}, false, false, "ptrace is refused by Yama: kernel.yama.ptrace_scope is 3"},
		{"the capability in the bounding set only", facts.Ptrace{Child: ok, Sibling: no, YamaScope: 1, Bounding: capSysPtrace}, true, false, "ptrace of a running process is refused by Yama"},
		{"qemu", facts.Ptrace{Child: nosys, Sibling: nosys, YamaScope: 1, Seccomp: 2, EmulatedBy: qemu}, false, false, "emulated by qemu-aarch64-static, which does not implement ptrace"},
		{"Rosetta", facts.Ptrace{Child: nosys, Sibling: nosys, YamaScope: -1, EmulatedBy: "/run/rosetta/rosetta"}, true, false, "ptrace is refused (function not implemented) under rosetta"},
		{"security module, all", facts.Ptrace{Child: no, Sibling: no, YamaScope: -1}, true, false, "ptrace is refused (operation not permitted), by neither Yama nor a seccomp filter"},
		{"security module, attach only", facts.Ptrace{Child: ok, Sibling: no, YamaScope: 0}, true, true, "ptrace of a child is permitted, of a running process of the same user it is refused (operation not permitted)"},
		{"nothing could be tried", facts.Ptrace{Child: untried, Sibling: untried, YamaScope: -1}, true, true, "ptrace could not be tried: no memory"},
		{"sibling could not be tried", facts.Ptrace{Child: ok, Sibling: untried, YamaScope: -1}, true, true, "ptrace of a child is permitted; of another process it could not be tried: no memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if child, sibling := Predict(c.p); child != c.child || sibling != c.sibling {
				t.Errorf("Predict = %v, %v, want %v, %v", child, sibling, c.child, c.sibling)
			}
			if got := Explain(c.p); !strings.HasPrefix(got, c.explanation) || strings.Contains(got, "\n") {
				t.Errorf("Explain = %q, want %q...", got, c.explanation)
			}
		})
	}
}

func TestEmulatorOf(t *testing.T) {
	for _, c := range []struct {
		exe     string
		same    bool
		cmdline string
		want    string
	}{
		{"/usr/local/bin/dcverify", true, "/usr/local/bin/dcverify\x00ptrace\x00", ""},
		{"/opt/qemu-tools/qemu-check", true, "qemu-check\x00", ""},
		{"/usr/bin/qemu-aarch64-static", false, "/usr/bin/qemu-aarch64-static\x00/usr/local/bin/dcverify\x00", "/usr/bin/qemu-aarch64-static"},
		{"/usr/bin/qemu-aarch64-static", false, "", "/usr/bin/qemu-aarch64-static"},
		{"", false, "/usr/bin/qemu-x86_64\x00/usr/local/bin/dcverify\x00", "/usr/bin/qemu-x86_64"},
		{"/run/rosetta/rosetta", false, "/run/rosetta/rosetta\x00/usr/local/bin/dcverify\x00", "/run/rosetta/rosetta"},
		{"/opt/other/translator (deleted)", false, "/usr/local/bin/dcverify\x00", "/opt/other/translator"},
		{"", false, "", ""},
	} {
		if got := emulatorOf(c.exe, c.same, []byte(c.cmdline)); got != c.want {
			t.Errorf("emulatorOf(%q, %v, %q) = %q, want %q", c.exe, c.same, c.cmdline, got, c.want)
		}
	}
}

func TestReadStatus(t *testing.T) {
	var p facts.Ptrace
	text := "Name:\tx y\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t00000000a80425fb\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n"
	if err := readStatus(&p, []byte(text)); err != nil {
		t.Fatal(err)
	}
	want := facts.Ptrace{Effective: 0xa80425fb, Bounding: 0x1ffffffffff, NoNewPrivs: true, Seccomp: 2}
	if p != want {
		t.Errorf("%+v", p)
	}
	if err := readStatus(&p, []byte("CapEff:\tall of them\n")); err == nil {
		t.Error("nonsense was read")
	}
}
