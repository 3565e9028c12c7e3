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
		{"the filter was met", facts.Ptrace{Call: no, Child: no, Sibling: no, Seccomp: 2, YamaScope: -1}, false, false, "ptrace is refused by a seccomp filter: the kernel is not even asked (operation not permitted)"},
		{"the filter was met, on an old kernel", facts.Ptrace{Call: no, Child: no, Sibling: no, Seccomp: 2, YamaScope: -1, Kernel: "4.4.0-210-generic"}, false, false, "ptrace is refused by a seccomp filter: the kernel is not even asked (operation not permitted); on Linux 4.4.0-210-generic Docker's own profile does that"},
		{"no filter in the way, and refused all the same", facts.Ptrace{Call: ok, Child: no, Sibling: no, Seccomp: 2, YamaScope: -1}, true, false, "ptrace is refused (operation not permitted), by neither Yama nor a seccomp filter"},
		{"a filter that nobody met, on an old kernel", facts.Ptrace{Child: no, Sibling: no, Seccomp: 2, YamaScope: -1, Kernel: "4.4.0"}, false, false, "ptrace is refused by a seccomp filter"},
		{"an old kernel with the capability", facts.Ptrace{Child: ok, Sibling: ok, Seccomp: 2, YamaScope: -1, Kernel: "4.4.0", Bounding: capSysPtrace}, true, true, "permitted"},
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
			child, _ := PredictChild(c.p)
			sibling, why := Predict(c.p, facts.Process{State: "S"}, false)
			if child != c.child || sibling != c.sibling {
				t.Errorf("predicted %v, %v (%s), want %v, %v", child, sibling, why, c.child, c.sibling)
			}
			if got := Explain(c.p); !strings.HasPrefix(got, c.explanation) || strings.Contains(got, "\n") {
				t.Errorf("Explain = %q, want %q...", got, c.explanation)
			}
		})
	}
}

// Predict, against the cells of a grid that was measured with real processes, and against the kernel's text where none could
// be (Yama).
func TestPredict(t *testing.T) {
	dev, root := [3]int{1000, 1000, 1000}, [3]int{}
	asDev := facts.Ptrace{UID: 1000, GID: 1000, YamaScope: -1}
	const docker = 0xa80425fb // what a container of Docker's has
	asRoot := facts.Ptrace{Effective: docker, Permitted: docker, YamaScope: -1}
	with := func(p facts.Ptrace, change func(*facts.Ptrace)) facts.Ptrace { change(&p); return p }
	mighty := with(asRoot, func(p *facts.Ptrace) { p.Effective |= capSysPtrace; p.Permitted |= capSysPtrace })
	yama := func(p facts.Ptrace, scope int) facts.Ptrace {
		return with(p, func(p *facts.Ptrace) { p.YamaScope = scope })
	}
	devs := facts.Process{UIDs: dev, GIDs: dev, State: "S"}
	roots := facts.Process{UIDs: root, GIDs: root, Permitted: docker, State: "S"}
	but := func(p facts.Process, change func(*facts.Process)) facts.Process { change(&p); return p }
	for _, c := range []struct {
		name       string
		self       facts.Ptrace
		target     facts.Process
		descendant bool
		want       bool
		why        string
	}{
		{"dev to dev", asDev, devs, false, true, "the same user"},
		{"dev to root", asDev, roots, false, false, "it belongs to user 0"},
		{"root to dev", asRoot, devs, false, false, "it belongs to user 1000"},
		{"root with SYS_PTRACE to dev", mighty, devs, false, true, "SYS_PTRACE permits it"},
		{"root to root", asRoot, roots, false, true, "the same user"},
		{"capability in the bounding set only", with(asDev, func(p *facts.Ptrace) { p.Bounding = capSysPtrace }), roots, false, false, "it belongs to user 0"},
		{"target with an ambient capability", asDev, but(devs, func(p *facts.Process) { p.Permitted = 0x400 }), false, false, "capabilities (0x400)"},
		{"root without capabilities to root with", with(asRoot, func(p *facts.Ptrace) { p.Effective, p.Permitted = 0, 0 }), roots, false, false, "capabilities (0xa80425fb)"},
		{"another group", asDev, but(devs, func(p *facts.Process) { p.GIDs[1] = 7 }), false, false, "its group is 7"},
		{"setuid program", asDev, but(devs, func(p *facts.Process) { p.UIDs[1] = 0 }), false, false, "it belongs to user 0"},
		{"not dumpable", asDev, but(devs, func(p *facts.Process) { p.Undumpable = true }), false, false, "keeps it from its own user"},
		{"not dumpable, with SYS_PTRACE", mighty, but(devs, func(p *facts.Process) { p.Undumpable = true }), false, true, "SYS_PTRACE"},
		{"another user namespace", mighty, but(roots, func(p *facts.Process) { p.OtherUserNS = true }), false, false, "another user namespace"},
		{"traced", asDev, but(devs, func(p *facts.Process) { p.Tracer = 7 }), false, false, "process 7 traces it already"},
		{"zombie", asDev, but(devs, func(p *facts.Process) { p.State = "Z" }), false, false, "it has ended"},
		{"kernel thread", mighty, but(roots, func(p *facts.Process) { p.Kernel = true }), false, false, "a thread of the kernel"},
		{"no new privileges", with(asDev, func(p *facts.Ptrace) { p.NoNewPrivs = true }), devs, false, true, "the same user"},
		{"filter", with(mighty, func(p *facts.Ptrace) { p.Call = facts.PtraceResult{Tried: true, Why: "operation not permitted"} }), roots, false, false, "a filter refuses"},
		{"emulator", with(mighty, func(p *facts.Ptrace) { p.EmulatedBy = "/usr/bin/qemu-aarch64" }), roots, false, false, "the emulator has no ptrace"},
		{"Yama 1", yama(asDev, 1), devs, false, false, "ptrace_scope is 1"},
		{"Yama 1, descendant", yama(asDev, 1), devs, true, true, "the same user"},
		{"Yama 1, SYS_PTRACE", yama(mighty, 1), devs, false, true, "SYS_PTRACE"},
		{"Yama 2", yama(asDev, 2), devs, true, false, "ptrace_scope is 2"},
		{"Yama 2, SYS_PTRACE", yama(mighty, 2), devs, false, true, "SYS_PTRACE"},
		{"Yama 3", yama(mighty, 3), roots, true, false, "ptrace_scope is 3"},
	} {
		if got, why := Predict(c.self, c.target, c.descendant); got != c.want || !strings.Contains(why, c.why) {
			t.Errorf("%s: %v, %q; want %v, %q", c.name, got, why, c.want, c.why)
		}
	}
	for _, c := range []struct {
		name string
		caps uint64
		want string
	}{
		{"SYS_PTRACE alone", capSysPtrace, "DAC_READ_SEARCH, to read"},
		{"with DAC_READ_SEARCH", capSysPtrace | 1<<2, "KILL, without which"},
		{"with DAC_OVERRIDE and KILL", capSysPtrace | 1<<1 | 1<<5, ""},
	} {
		if got := DelveNeeds(facts.Ptrace{Effective: c.caps}, devs); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
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
