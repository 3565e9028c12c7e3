package real

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/report"
)

var tries = flag.Int("tries", 3, "how often TestPrivilegeGrid asks each cell")

// TestPrivilegeGrid asks plain dlv and dcverify the same question in every combination of privileges that can be made here,
// and holds dcverify's word against what dlv does: by its proofs (DV604, DV605), by its probes (DV603), and by the rule that
// predicts the probes. A proof may come to no other verdict than dlv, and no process that belongs to somebody else may be
// harmed, also where dlv harms it.
//
// What decides besides and cannot be made on every machine: Yama, AppArmor, SELinux, Rosetta, other engines.
func TestPrivilegeGrid(t *testing.T) {
	if *tries < 1 {
		t.Fatal("-tries wants a positive number")
	}
	g := &grid{tools: tools(t, "amd64"), cache: t.TempDir()}
	g.warm(t)
	t.Run("cells", func(t *testing.T) {
		for _, c := range gridContainers(t) {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				g.container(t, c)
			})
		}
		t.Run("emulated", func(t *testing.T) {
			t.Parallel()
			g.emulated(t)
		})
	})
	g.impossible("Yama (kernel.yama.ptrace_scope)", "/proc/sys/kernel/yama")
	g.impossible("AppArmor profiles", "/sys/kernel/security/apparmor")
	g.impossible("SELinux labels", "/sys/fs/selinux/enforce")
	g.missing = append(g.missing, "Rosetta, another engine than Docker: not on this machine")
	t.Logf("%d cells, %d tries each: dcverify's proofs agree with dlv in %d of %d, its probes in %d of %d, its rule with its probes in %d of %d (and %d not tried)",
		g.cells, *tries, g.proofs.agree, g.proofs.all, g.probes.agree, g.probes.all, g.rules.agree, g.rules.all, g.untried)
	for _, verdict := range slices.Sorted(maps.Keys(g.verdicts)) {
		t.Logf("%s: %d", verdict, g.verdicts[verdict])
	}
	for _, missing := range g.missing {
		t.Logf("not made here: %s", missing)
	}
	if g.cells < 100 || g.verdicts["dlv can"] == 0 || g.verdicts["dlv cannot"] == 0 {
		t.Errorf("the grid has %d cells: %v", g.cells, g.verdicts)
	}
}

// gridContainer is one combination of the flags of `docker run`.
type gridContainer struct {
	name  string
	flags []string
	users [][]string // the user, and what goes before the shell
	only  string     // the engine may refuse these flags: why that says nothing about dcverify
}

func gridContainers(t *testing.T) []gridContainer {
	profile, err := filepath.Abs("../images/seccomp-noptrace.json")
	if err != nil {
		t.Fatal(err)
	}
	both := [][]string{{"root"}, {"dev"}}
	var all []gridContainer
	for _, caps := range []struct {
		name  string
		flags []string
		only  string
	}{
		{name: "default caps"},
		{name: "SYS_PTRACE", flags: []string{"--cap-add", "SYS_PTRACE"}},
		{name: "no caps", flags: []string{"--cap-drop", "ALL"}},
		{name: "privileged", flags: []string{"--privileged"}, only: "the engine itself lacks capabilities"},
		// Nearly the same, for an engine that has not everything to give.
		{name: "nearly all caps", flags: []string{"--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE"}},
	} {
		for _, seccomp := range []struct{ name, profile string }{{"default seccomp", ""}, {"unconfined", "unconfined"}, {"ptrace denied", profile}} {
			for _, nnp := range []bool{false, true} {
				c := gridContainer{name: caps.name + ", " + seccomp.name, flags: slices.Clone(caps.flags), users: both, only: caps.only}
				if seccomp.profile != "" {
					c.flags = append(c.flags, "--security-opt", "seccomp="+seccomp.profile)
				}
				if nnp {
					c.name += ", no new privileges"
					c.flags = append(c.flags, "--security-opt", "no-new-privileges")
				}
				all = append(all, c)
			}
		}
	}
	// What else takes part when root attaches to another user's process, one capability after the other.
	for _, caps := range []string{"SYS_PTRACE", "SYS_PTRACE DAC_READ_SEARCH", "SYS_PTRACE DAC_OVERRIDE", "SYS_PTRACE KILL", "SYS_PTRACE DAC_READ_SEARCH KILL"} {
		c := gridContainer{name: "only " + caps, flags: []string{"--cap-drop", "ALL"}, users: [][]string{{"root"}}}
		for name := range strings.FieldsSeq(caps) {
			c.flags = append(c.flags, "--cap-add", name)
		}
		all = append(all, c)
	}
	return append(all, gridContainer{
		name: "user namespace", flags: []string{"--security-opt", "seccomp=unconfined"},
		users: [][]string{{"root", "unshare", "--user", "--map-root-user"}, {"dev", "unshare", "--user", "--map-root-user"}},
		only:  "the host permits no user namespaces",
	})
}

type grid struct {
	tools, cache string // folders that every container has

	mutex                 sync.Mutex
	cells                 int
	proofs, probes, rules struct{ agree, all int }
	untried               int // probes, for want of a process of that kind
	verdicts              map[string]int
	missing               []string
}

func (g *grid) flags(more ...string) []string {
	return append([]string{"-v", g.tools + ":/grid:ro", "-v", g.cache + ":/cache", "-e", "GOCACHE=/cache"}, more...)
}

// warm compiles the standard library once, for every user of every container.
func (g *grid) warm(t *testing.T) {
	for parent := g.cache; strings.HasPrefix(parent, os.TempDir()+"/"); parent = filepath.Dir(parent) {
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"docker", "run", "--rm", "--label", containerLabel}, g.flags("dcv/go:1.26")...)
	output(t, append(args, "sh", "-c",
		// What was compiled stays, so that a machine with too much to do comes to an end in the second or third run.
		"for i in 1 2 3; do /grid/dcverify debug --only DV604 && exec chmod -R a+rwX /cache; done; exit 1")...)
}

func (g *grid) impossible(what, path string) {
	if _, err := os.Stat(path); err != nil {
		g.missing = append(g.missing, what+": the kernel has none")
	} else {
		g.missing = append(g.missing, what+": the machine's own setting is the only one that was asked")
	}
}

// scripts for dlv: what a person types who wants to see that it works.
const (
	launchScript = `printf 'break main.tick\ncontinue\nstack\nclearall\nexit\n' >/tmp/script.$$; ` +
		`timeout 60 dlv exec --allow-non-terminal-interactive=true --init /tmp/script.$$ /grid/target`
	attachScript = `printf 'break main.tick\ncontinue\nstack\nclearall\nexit\n' >/tmp/script.$$; ` +
		`echo n | timeout 60 dlv attach --allow-non-terminal-interactive=true --init /tmp/script.$$ `
)

func (g *grid) container(t *testing.T, c gridContainer) {
	id, refused := start(t, append(append(g.flags(), c.flags...), "dcv/go:1.26", "/grid/target")...)
	if refused != nil && c.only != "" {
		g.mutex.Lock()
		defer g.mutex.Unlock()
		g.missing = append(g.missing, fmt.Sprintf("%s (%s): %v", c.name, c.only, refused))
		return
	}
	if refused != nil {
		t.Fatal(refused)
	}
	owners := map[string]*shell{"root": newShell(t, id, "root"), "dev": newShell(t, id, "dev")}
	for _, user := range c.users {
		from := owners[user[0]]
		other := owners[map[string]string{"root": "dev", "dev": "root"}[user[0]]]
		cells := []*cell{{what: "launched"}, {what: "own", owner: from}, {what: "another user's", owner: other}, {what: "PID 1", pid: "1"}}
		if len(user) > 1 {
			inside := newShell(t, id, user[0], user[1:]...)
			cells = []*cell{{what: "launched"}, {what: "own", owner: inside}, {what: "own of outside", owner: from}, {what: "another user's", owner: other}, {what: "PID 1", pid: "1"}}
			from = inside
		}
		for range *tries {
			g.user(t, from, owners["root"], strings.Join(user, " "), cells)
		}
		g.mutex.Lock()
		g.cells += len(cells)
		g.mutex.Unlock()
	}
}

// cell is a process to be debugged.
type cell struct {
	what  string
	owner *shell // who starts it; nil for one that the debugger starts or that is there
	pid   string
	slow  bool // it runs under emulation
}

// user asks dlv and dcverify once about every target, and then compares.
func (g *grid) user(t *testing.T, from, watcher *shell, user string, cells []*cell) {
	works := map[string]bool{}
	var last report.Report
	for _, c := range cells {
		says := launchScript
		ask := "/grid/dcverify debug --only DV603,DV604,DV905"
		code := "DV604"
		if c.what != "launched" {
			c.startIn(t, watcher)
			says = attachScript + c.pid
		}
		said, status := from.run(says)
		harmed := c.harmed(watcher)
		plain := status == 0 && strings.Contains(said, "main.tick") && harmed == ""
		works[c.what] = plain

		if c.what != "launched" {
			c.startIn(t, watcher)
			ask, code = "/grid/dcverify debug --only DV603,DV605,DV905 --pid "+c.pid, "DV605"
		}
		stdout, status := from.run(ask + " --format json 2>/tmp/errors.$$")
		r, err := report.ReadJSON(strings.NewReader(stdout))
		if err != nil {
			t.Errorf("%s, %s: exit status %d: %v\n%s\n%s", user, c.what, status, err, stdout, from.must("cat /tmp/errors.$$"))
			continue
		}
		last = r
		verdict := outcome(r, code)
		want := facts.Fails
		if plain {
			want = facts.Passed
		}
		g.mutex.Lock()
		g.proofs.all++
		// Under emulation a machine with much to do may be too slow for a proof: no verdict is none that is wrong.
		if verdict == want || c.slow && !plain && verdict == facts.Broken && outcome(r, "DV603") == facts.Fails {
			g.proofs.agree++
		} else {
			t.Errorf("%s, %s: dlv %s (after which the process: %q), dcverify says %s of %s: %s\ndlv said: %s", user, c.what, can(plain), harmed, verdict, code, messages(r), said)
		}
		if g.verdicts == nil {
			g.verdicts = map[string]int{}
		}
		g.verdicts["dlv "+can(plain)]++
		if harmed != "" {
			g.verdicts["dlv harmed the process"]++
		}
		g.mutex.Unlock()
		if harmed := c.harmed(watcher); harmed != "" {
			t.Errorf("%s, %s: after dcverify the process %s", user, c.what, harmed)
		}
	}
	g.compareProbes(t, from, user, outcome(last, "DV603") == facts.Passed, works["launched"] && works["own"])
}

// compareProbes holds DV603 against dlv, and the rule against the probes.
func (g *grid) compareProbes(t *testing.T, from *shell, user string, permitted, works bool) {
	var p facts.Ptrace
	text := from.must("/grid/probe /grid/dcverify")
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.probes.all++
	if permitted == works {
		g.probes.agree++
	} else {
		t.Errorf("%s: dlv %s launch and attach to its user's own process, DV603 says %v: %s", user, can(works), permitted, text)
	}
	for _, probe := range p.Probes() {
		switch {
		case !probe.Tried:
			g.untried++
		case probe.Disagrees():
			t.Errorf("%s: of the probe %s the rule says %v: %s", user, probe.Name, probe.Predicted, text)
			g.rules.all++
		default:
			g.rules.agree++
			g.rules.all++
		}
	}
	if !p.Child.Tried || !p.Sibling.Tried && p.EmulatedBy == "" {
		t.Errorf("%s: not tried: %s", user, text)
	}
}

// emulated asks the program of another architecture under qemu.
func (g *grid) emulated(t *testing.T) {
	id, refused := start(t, "-v", tools(t, "arm64")+":/grid:ro", "dcv/go-arm64:1.26", "/grid/target")
	if refused != nil {
		t.Fatal(refused)
	}
	from := newShell(t, id, "root")
	cells := []*cell{{what: "launched", slow: true}, {what: "own", owner: from, slow: true}, {what: "PID 1", pid: "1", slow: true}}
	for range *tries {
		g.user(t, from, from, "emulated root", cells)
	}
	g.mutex.Lock()
	g.cells += len(cells)
	g.mutex.Unlock()
}

// startIn starts the process unless it is there, unharmed.
func (c *cell) startIn(t *testing.T, watcher *shell) {
	if c.owner != nil && (c.pid == "" || c.harmed(watcher) != "") {
		c.pid = c.owner.must("(/grid/target >/dev/null 2>&1 & echo $!)") // in a shell of its own, or this one would tell of its end
	}
	if harmed := c.harmed(watcher); harmed != "" {
		t.Fatalf("%s: the process %s", c.what, harmed)
	}
}

// harmed says what is wrong with the process: that it has ended, or is stopped.
func (c *cell) harmed(watcher *shell) string {
	if c.pid == "" {
		return ""
	}
	state, status := watcher.run("sed 's/.*) \\(.\\).*/\\1/' /proc/" + c.pid + "/stat")
	switch {
	case status != 0 || state == "Z":
		return "has ended"
	case state != "S" && state != "R":
		return "is in state " + state
	}
	return ""
}

func outcome(r report.Report, code string) facts.Status {
	for _, o := range r.Outcomes {
		if o.Code == code {
			return o.Status
		}
	}
	return "not asked"
}

func can(yes bool) string {
	if yes {
		return "can"
	}
	return "cannot"
}

func messages(r report.Report) string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, f.Code+" "+f.Message)
	}
	return strings.Join(all, "; ")
}
