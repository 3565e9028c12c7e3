package real

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/resolve"
)

// configured is a workspace such as people have: a Dockerfile, a label beneath it, features, variables of every kind.
var configured = map[string]string{
	".devcontainer/devcontainer.json": `{
  // what a Go project has
  "build": {"dockerfile": "Dockerfile", "args": {"VARIANT": "1.26"}},
  "features": {"./one": {"version": "1.2"}, "./two": {}},
  "containerEnv": {"GOFLAGS": "-mod=mod", "HOST": "${localEnv:HOSTNAME:none}"},
  "remoteEnv": {"PATH": "${containerEnv:PATH}:/opt/tools/bin", "GOBIN": "${containerWorkspaceFolder}/bin"},
  "runArgs": ["--cap-add=SYS_PTRACE", "-e", "GOPRIVATE=example.com"],
  "remoteUser": "dev",
  "customizations": {"vscode": {"extensions": ["golang.go"], "settings": {"go.toolsManagement.autoUpdate": true}}},
  "postCreateCommand": "go mod download",
}
`,
	".devcontainer/Dockerfile": `ARG VARIANT=1.25
FROM dcv/go:$VARIANT
ARG TOOLS=/opt/tools
ENV TOOLS=$TOOLS PATH=$TOOLS/bin:$PATH
RUN mkdir -p $TOOLS/bin && chown dev $TOOLS/bin
`,
	".devcontainer/one/devcontainer-feature.json": `{"id": "one", "version": "1.0.0", "options": {"version": {"type": "string", "default": "latest"}}, "containerEnv": {"ONE": "/one"}}`,
	".devcontainer/one/install.sh":                "true\n",
	".devcontainer/two/devcontainer-feature.json": `{"id": "two", "version": "1.0.0", "installsAfter": ["./one"], "containerEnv": {"PATH": "/two/bin:${PATH}"}}`,
	".devcontainer/two/install.sh":                "true\n",
	"go.mod":                                      "module example.com/app\n\ngo 1.26\n",
}

// BenchmarkConfig measures `dcverify config` and the reference CLI's read-configuration for the same folder, in turns, so
// that both have the same machine. They are peers in what they read, not in what they tell: read-configuration asks the
// engine for the image, of which it takes the label alone; dcverify asks nobody, works the environment out and judges it.
//
// Wall time is the median. CPU and the largest resident set come from wait4(2), which counts a program and the children
// that it waited for; most of a Go program's resident set is its own file, mapped and shared. The peak is what the kernel
// charged to a control group of the program and all its children, pages of files that they were first to read included.
func BenchmarkConfig(b *testing.B) {
	folder := workspace{b.TempDir()}
	for name, text := range configured {
		folder.write(b, name, text)
	}
	tools := []*measured{
		{name: "dcverify", line: []string{program, "config", folder.folder}},
		{name: "devcontainer", line: []string{"devcontainer", "read-configuration", "--include-merged-configuration", "--workspace-folder", folder.folder}},
	}
	for _, tool := range tools {
		tool.run(b, "") // warm
	}
	for b.Loop() {
		for _, tool := range tools {
			tool.run(b, "")
		}
	}
	for _, tool := range tools {
		slices.Sort(tool.wall)
		median := tool.wall[len(tool.wall)/2]
		b.ReportMetric(milliseconds(median), "ms-"+tool.name)
		b.ReportMetric(milliseconds(tool.cpu)/float64(len(tool.wall)), "ms-cpu-"+tool.name)
		b.ReportMetric(float64(tool.resident)/1024, "MiB-resident-"+tool.name)
		if group, peak, ok := memoryGroup(b, tool.name); ok {
			tool.run(b, group)
			b.ReportMetric(float64(peak())/(1<<20), "MiB-peak-"+tool.name)
		}
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// measured is a command and what its runs took.
type measured struct {
	name     string
	line     []string
	wall     []time.Duration
	cpu      time.Duration
	resident int64 // KiB, the largest of all runs
}

// run runs the command once; in a control group where one is given, and then its time does not count.
func (m *measured) run(b *testing.B, group string) {
	b.Helper()
	line := m.line
	if group != "" {
		line = append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(group, "cgroup.procs")}, line...)
	}
	cmd := command(b.Context(), "", line...)
	start := time.Now()
	text, err := cmd.Output()
	took := time.Since(start)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() < 0 || cmd.ProcessState.ExitCode() > 2 || len(text) == 0 {
		b.Fatalf("%v: %v\n%s", m.line, err, text)
	}
	if group != "" {
		return
	}
	m.wall = append(m.wall, took)
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	m.cpu += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	m.resident = max(m.resident, usage.Maxrss)
}

// memoryGroup makes a control group that counts memory, of version 2 or 1, beneath the test's own or beside it, where the
// machine lets us. Peak tells the most bytes that were charged to it.
func memoryGroup(b *testing.B, name string) (group string, peak func() int64, ok bool) {
	b.Helper()
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(own)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3) // hierarchy:controllers:path, of version 2 "0::path"
		root, counter := "/sys/fs/cgroup", "memory.peak"
		if fields[1] == "memory" {
			root, counter = "/sys/fs/cgroup/memory", "memory.max_usage_in_bytes"
		} else if fields[0] != "0" {
			continue
		}
		// A group of version 2 that has processes of its own cannot hand memory on to groups beneath it.
		for _, parent := range []string{filepath.Join(root, fields[2]), filepath.Join(root, filepath.Dir(fields[2]))} {
			group := filepath.Join(parent, fmt.Sprintf("dcverify-benchmark-%d-%s", os.Getpid(), name))
			counter := filepath.Join(group, counter)
			if _, err := os.Stat(filepath.Join(parent, "cgroup.procs")); err != nil || os.Mkdir(group, 0o755) != nil {
				continue
			}
			b.Cleanup(func() {
				if err := syscall.Rmdir(group); err != nil {
					b.Logf("cleaning up: %s: %v", group, err)
				}
			})
			if _, err := os.Stat(counter); err == nil {
				return group, func() int64 { return number(b, counter) }, true
			}
		}
	}
	b.Log("no control group that counts memory can be made here")
	return "", nil, false
}

func number(b *testing.B, file string) int64 {
	b.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkResolve measures the resolver alone. The time is to grow as the files do: ns/line and ns/feature are to stay.
func BenchmarkResolve(b *testing.B) {
	for _, lines := range []int{10, 100, 1000} {
		var text strings.Builder
		text.WriteString("FROM base\n")
		for i := range lines {
			fmt.Fprintf(&text, "ENV V%d=\"/opt/%d:$PATH\"\n", i, i)
		}
		b.Run(fmt.Sprintf("env=%d", lines), func(b *testing.B) {
			benchmarkResolve(b, lines, "line", fmt.Sprintf("V%d", lines-1), map[string]string{
				".devcontainer/devcontainer.json": `{"build": {"dockerfile": "Dockerfile"}}`,
				".devcontainer/Dockerfile":        text.String(),
			})
		})
	}
	for _, features := range []int{10, 200} {
		files := map[string]string{}
		var used []string
		for i := range features {
			used = append(used, fmt.Sprintf(`"./f%d": {}`, i))
			files[fmt.Sprintf(".devcontainer/f%d/devcontainer-feature.json", i)] =
				fmt.Sprintf(`{"id": "f%d", "version": "1.0.0", "installsAfter": ["./f%d"], "containerEnv": {"F%d": "/f%d:${PATH}"}}`, i, max(i-1, 0), i, i)
			files[fmt.Sprintf(".devcontainer/f%d/install.sh", i)] = "true\n"
		}
		files[".devcontainer/devcontainer.json"] = `{"image": "base", "features": {` + strings.Join(used, ", ") + `}}`
		b.Run(fmt.Sprintf("features=%d", features), func(b *testing.B) {
			benchmarkResolve(b, features, "feature", fmt.Sprintf("F%d", features-1), files)
		})
	}
}

// benchmarkResolve resolves a workspace of n things, the last of which sets the named variable.
func benchmarkResolve(b *testing.B, n int, thing, last string, files map[string]string) {
	workspace := fstest.MapFS{}
	for name, text := range files {
		workspace[name] = &fstest.MapFile{Data: []byte(text)}
	}
	options := resolve.Options{
		Config: ".devcontainer/devcontainer.json",
		Host:   devcontainer.Host{Workspace: "/home/me/app", Config: "/home/me/app/.devcontainer/devcontainer.json"},
		Image: func(string) (dockerfile.Base, string, bool) {
			return dockerfile.Base{Env: []string{"PATH=/usr/bin:/bin"}}, "the benchmark", true
		},
	}
	var views []goenv.View
	for b.Loop() {
		_, views = resolve.Project(workspace, options)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/"+thing)
	if len(views) == 0 || !views[0].Lookup(last).Set {
		b.Fatalf("%s is not set", last)
	}
}
