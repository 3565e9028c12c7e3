package real

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dcverify/dcverify/verifier/report"
)

// fault is a container in which something is missing, or a tool that is broken.
type fault struct {
	name  string
	flags []string          // of `docker run`
	tools map[string]string // scripts in the place of programs, by path; empty for a file that is no program
	user  string            // root when empty
	run   string            // the command line without the program; {pid} is a process to attach to
	setup string            // shell commands before that, which put the process's number into $pid
	want  string            // codes, as expect wants them; without a report, the exit status 4 is wanted
	says  map[string]string // regexp by code: some finding of that code says so, in its message or cause; "" is stderr
	after string            // a shell command that must succeed afterwards
	limit time.Duration     // what a run may take; a minute when it is zero
}

// foreign is the beginning of a program for RISC-V.
const foreign = "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\x02\x00\xf3\x00\x01\x00\x00\x00" +
	"\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x00\x00\x00\x00\x40\x00\x38\x00" + "\x00\x00\x40\x00\x00\x00\x00\x00"

// What a build or a proof needs to write is in the warm cache that all cases share, unless the case takes it away.
var faults = []fault{
	// The file system.
	{name: "nothing can be written", flags: []string{"--read-only"}, run: "debug",
		says: map[string]string{"": `no folder for temporary programs \(set TMPDIR to one\): mkdir /tmp/\S+: read-only file system`}},
	{name: "a read-only home", flags: []string{"--read-only", "--tmpfs", "/tmp:exec", "-e", "GOCACHE="}, run: "run --only DV604,DV605,DV607,DV803,DV905", want: "E DV604, E DV803",
		says: map[string]string{"DV604": "mkdir /root/.cache: read-only file system", "DV803": "is mounted read-only"}},
	{name: "a full TMPDIR", flags: []string{"--tmpfs", "/tmp:exec,size=8k"}, run: "run --only DV604,DV605,DV607,DV701,DV703,DV803,DV905", want: "W DV905",
		says: map[string]string{"DV905": `(?s)no space left on device.*a disk of the container is full`}},
	{name: "no room for files in TMPDIR", flags: []string{"--tmpfs", "/tmp:exec,nr_inodes=4"}, run: "run --only DV604,DV803,DV905", want: "W DV905",
		says: map[string]string{"DV905": "no space left on device"}},
	{name: "too small a TMPDIR to build in", flags: []string{"--tmpfs", "/tmp:exec,size=1m"}, run: "run --only DV604,DV605,DV803,DV905", want: "E DV604, E DV803",
		says: map[string]string{"DV604": "(?s)no space left on device.*a disk of the container is full", "DV803": "(?s)no space left on device.*a disk of the container is full"}},
	{name: "a full GOCACHE", flags: []string{"--tmpfs", "/full:exec,size=1m", "-e", "GOCACHE=/full"}, run: "run --only DV803,DV905", want: "E DV803",
		says: map[string]string{"DV803": "(?s)no space left on device.*a disk of the container is full"}, limit: 3 * time.Minute},
	{name: "no programs in TMPDIR", flags: []string{"--tmpfs", "/tmp"}, run: "debug --only DV604,DV605,DV607,DV905", want: ""},
	{name: "a full disk for the report", flags: []string{"--tmpfs", "/full:size=4k"}, run: "debug --only DV603 -o json=/full/report.json",
		says: map[string]string{"": "writing the output: write /full/.*: no space left on device"}, after: "test -z \"$(ls -A /full)\""},

	// The user.
	{name: "a home that is not there", user: "1234:1234", flags: []string{"-e", "HOME=/nonexistent", "-e", "GOCACHE="}, run: "run --only DV604,DV605,DV803,DV905", want: "E DV604, E DV803",
		says: map[string]string{"DV604": "mkdir /nonexistent: permission denied"}},
	{name: "a home that is not there, and a cache", user: "1234:1234", flags: []string{"-e", "HOME=/nonexistent"}, run: "debug", want: ""},
	{name: "no home", setup: "unset HOME", run: "debug --only DV604,DV605,DV607,DV905", want: ""},

	// Processes.
	{name: "hardly any processes", flags: []string{"--pids-limit", "34"}, run: "debug",
		says: map[string]string{"": `the container may have 34 processes and threads at once \(the pids limit\) and has \d+: dcverify needs 32 more`}},
	{name: "no network", flags: []string{"--network", "none"}, run: "debug", want: ""},

	// dlv.
	{name: "dlv missing", setup: "export PATH=/usr/local/go/bin:/usr/bin:/bin GOPATH=/nowhere", run: "debug", want: "E DV601"},
	{name: "dlv not executable", tools: map[string]string{"/go/bin/dlv": ""}, run: "debug", want: "E DV601", says: map[string]string{"DV601": "not executable"}},
	{name: "dlv of another architecture", tools: map[string]string{"/go/bin/dlv": foreign}, run: "debug", want: "E DV601",
		says: map[string]string{"DV601": "it is built for riscv64, and this is amd64"}},
	{name: "dlv hangs", tools: map[string]string{"/go/bin/dlv": "#!/bin/sh\nexec sleep 1000\n"}, run: "debug --only DV604,DV605,DV607,DV905", want: "W DV905",
		says: map[string]string{"DV905": "Delve did not listen within 10s, in step start"}, limit: 90 * time.Second},
	{name: "dlv hangs and is deaf", tools: map[string]string{"/go/bin/dlv": "#!/bin/sh\ntrap '' TERM INT HUP\nwhile :; do sleep 1; done\n"}, run: "debug --only DV605,DV905", want: "W DV905",
		says: map[string]string{"DV905": "Delve did not listen within 10s, in step start"}},
	{name: "dlv prints garbage", tools: map[string]string{"/go/bin/dlv": "#!/bin/sh\nhead -c 2000 /dev/urandom\necho API server listening at\n"}, run: "debug --only DV604,DV605,DV607", want: "E DV604, E DV605",
		says: map[string]string{"DV604": "dlv ended with status 0 without listening"}},
	{name: "dlv does nothing", tools: map[string]string{"/go/bin/dlv": "#!/bin/sh\nexit 0\n"}, run: "debug --only DV604,DV605,DV607", want: "E DV604, E DV605",
		says: map[string]string{"DV604": "dlv ended with status 0 without listening", "DV605": "dlv ended with status 0 without listening"}},
	{name: "dlv floods", tools: map[string]string{"/go/bin/dlv": "#!/bin/sh\nyes flood & yes flood >&2\n"}, run: "debug --only DV605,DV905", want: "W DV905",
		says: map[string]string{"DV905": "Delve did not listen within 10s, in step start: [flod]+\n"}},
	{name: "dlv listens and dies", tools: map[string]string{"/go/bin/dlv": "#!/bin/sh\necho API server listening at: 127.0.0.1:1\necho panic: out of luck >&2\nexit 2\n"}, run: "debug --only DV604,DV605,DV607", want: "E DV604, E DV605",
		says: map[string]string{"DV604": "panic: out of luck"}},

	// gopls.
	{name: "gopls missing", setup: "export PATH=/usr/local/go/bin:/usr/bin:/bin GOPATH=/nowhere", run: "run --only DV701,DV703,DV905", want: "W DV701"},
	{name: "gopls hangs", tools: map[string]string{"/go/bin/gopls": "#!/bin/sh\nexec sleep 1000\n"}, run: "run --only DV703,DV905 --timeout 20s", want: "W DV905", says: map[string]string{"DV905": "in step initialize"}},
	{name: "gopls prints garbage", tools: map[string]string{"/go/bin/gopls": "#!/bin/sh\necho hello\nexec sleep 1000\n"}, run: "run --only DV703,DV905", want: "E DV703", says: map[string]string{"DV703": `gopls printed "hello" instead of a message`}},
	{name: "gopls dies", tools: map[string]string{"/go/bin/gopls": "#!/bin/sh\nhead -c 10 >/dev/null\necho panic: out of luck >&2\nexit 2\n"}, run: "run --only DV703,DV905", want: "E DV703", says: map[string]string{"DV703": "panic: out of luck"}},
	{name: "gopls floods", tools: map[string]string{"/go/bin/gopls": "#!/bin/sh\necho Content-Length: 1000000000\necho\nexec yes\n"}, run: "run --only DV703,DV905", want: "E DV703", says: map[string]string{"DV703": "gopls (wrote more than 8 MiB|printed)"}},

	// The process that is debugged.
	{name: "a process that ignores signals", setup: "pid=$(trap '' TERM INT HUP QUIT; /grid/target >/dev/null 2>&1 & echo $!)" + begun, run: "debug --pid {pid}", want: "", after: runs},
	{name: "a process that is stopped", setup: "pid=$(/grid/target >/dev/null 2>&1 & echo $!)" + begun + "; kill -STOP $pid", run: "debug --pid {pid}", want: "", after: `grep -q '^State:.T' /proc/$pid/status; kill -KILL $pid`},
	{name: "a process that is being debugged",
		setup: "pid=$(/grid/target >/dev/null 2>&1 & echo $!)" + begun + "; dlv attach --headless --continue --accept-multiclient --listen=127.0.0.1:0 --log --log-output=debugger $pid >/tmp/dlv.log 2>&1 & dlv=$!; until grep -q continuing /tmp/dlv.log; do :; done",
		run:   "debug --pid {pid}", want: "E DV605", says: map[string]string{"DV605": `being (debugged|traced) by (process |pid )?\d+`},
		after: "thread=$(awk '/^TracerPid:/ {print $2}' /proc/$pid/status); grep -q \"^Tgid:.$dlv$\" /proc/$thread/status && { kill $dlv; wait $dlv; " + runs + "; }"},
	{name: "a process that has ended", setup: "pid=4000000", run: "debug --pid {pid}", want: "E DV605", says: map[string]string{"DV605": "no (such )?process"}},
}

// begun waits for the runtime of a Go program, which has threads. Before that there is no goroutine to be seen.
const begun = `; until [ "$(ls /proc/$pid/task | wc -l)" -gt 1 ]; do :; done`

// runs tells whether the process goes on, and ends it.
const runs = `grep -q '^State:.[SR]' /proc/$pid/status && kill -KILL $pid`

// TestFaults breaks one thing after the other in real containers. Whatever it is: dcverify ends in time, says the cause, says
// "passed" of nothing that does not work, harms no other process, and leaves no process and no file.
func TestFaults(t *testing.T) {
	g := &grid{tools: tools(t, "amd64"), cache: t.TempDir()}
	g.warm(t)
	var told atomic.Int32
	t.Cleanup(func() {
		t.Logf("%d of %d faults were told as what they are, and left nothing behind", told.Load(), len(faults))
	})
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			g.fault(t, f)
			if !t.Failed() {
				told.Add(1)
			}
		})
	}
}

func (g *grid) fault(t *testing.T, f fault) {
	flags := slices.Concat(g.flags(), f.flags)
	scripts := t.TempDir()
	for _, path := range slices.Sorted(maps.Keys(f.tools)) {
		file, mode := filepath.Join(scripts, filepath.Base(path)), os.FileMode(0o755)
		if f.tools[path] == "" {
			mode = 0o644
		}
		if err := os.WriteFile(file, []byte(f.tools[path]), mode); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "-v", file+":"+path+":ro")
	}
	// The first process reaps what is left to it, or the dead would be taken for the left.
	id, refused := start(t, slices.Concat(flags, []string{"--init", "dcv/go:1.26", "sleep", "infinity"})...)
	if refused != nil {
		t.Fatal(refused)
	}
	user := f.user
	if user == "" {
		user = "root"
	}
	s := newShell(t, id, user)
	s.run("until pgrep -x sleep >/dev/null; do :; done") // the first process has begun
	const look = `echo; ls -A /tmp /var/tmp /dev/shm; for p in /proc/[0-9]*; do tr '\0' ' ' <$p/cmdline 2>/dev/null; echo; done | grep -vE '^$|^(tr|bash|grep|sort|ls) ' | sort`
	if f.setup != "" {
		if output, status := s.run(f.setup); status != 0 {
			t.Fatal(output)
		}
	}
	before, _ := s.run(look)
	began := time.Now()
	// To a full or read-only disk nothing can be redirected: the two streams are told apart by their beginnings.
	text, status := s.run("/grid/dcverify " + strings.ReplaceAll(f.run, "{pid}", "$pid") + " --format json")
	if limit := max(f.limit, time.Minute); time.Since(began) > limit {
		t.Errorf("it took %s", time.Since(began))
	}
	after, _ := s.run(look)
	if before != after {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if f.after != "" {
		if output, status := s.run(f.after); status != 0 {
			t.Errorf("%s: exit status %d\n%s", f.after, status, output)
		}
	}
	stderr, json := text, ""
	if at := strings.Index(text, "{\n"); at >= 0 {
		stderr, json = text[:at], text[at:]
		if at := strings.LastIndex(json, "\n}"); at >= 0 {
			stderr, json = stderr+json[at+2:], json[:at+2]
		}
	}
	if f.says[""] != "" {
		if status != report.ExitIncomplete && status != report.ExitUsage {
			t.Errorf("exit status %d\n%s", status, text)
		}
		if !regexp.MustCompile(f.says[""]).MatchString(stderr) {
			t.Errorf("it does not say %q:\n%s", f.says[""], stderr)
		}
		return
	}
	r := read(t, json, stderr, status)
	expect(t, r, f.want)
	for code, words := range f.says {
		said := ""
		for _, found := range finds(r, code) {
			said += found.Message + "\n" + found.Cause + "\n"
		}
		if !regexp.MustCompile(words).MatchString(said) {
			t.Errorf("%s does not say %q: %s", code, words, said)
		}
	}
}
