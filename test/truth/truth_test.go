// Package truth finds out by plain use of the tools which declarations of GOROOT break what, for whom: dev containers are
// brought up by the reference CLI, and in every process class go, dlv and gopls are used as people use them. The README
// shows the table, and dcverify must say of every class what the tools say.
//
// Its one rule: what the tools do is the truth. Nothing of dcverify takes part in finding it (see plain), and dcverify's
// verdict is asked afterwards.
package truth

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dcverify/dcverify/test/internal/rig"
)

var (
	tries  = flag.Int("tries", 2, "how often each tool is used in each process class")
	update = flag.Bool("update", false, "rewrite the table in the README")
)

// What every container of these tests gets: /truth, and a cache that all share, so that the standard library is compiled
// once. The owner is the user that all images have.
var stage, cache string

const user = 1000

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(rig.Main(m, func(folder string) error {
		stage, cache = filepath.Join(folder, "stage"), filepath.Join(folder, "cache")
		source, err := os.ReadFile("program/main.go")
		return errors.Join(err,
			os.Chmod(folder, 0o755), os.Mkdir(stage, 0o755), os.Mkdir(cache, 0o755), os.Chown(cache, user, user),
			os.WriteFile(filepath.Join(stage, "program.go"), source, 0o644),
			rig.Prepare("", "env", "CGO_ENABLED=0", "go", "build", "-gcflags=all=-N -l", "-o", stage+"/program", "./program"),
			rig.Prepare("", "env", "CGO_ENABLED=0", "go", "build", "-o", stage+"/plain", "./plain"),
			rig.Prepare("../..", "env", "CGO_ENABLED=0", "go", "build", "-o", stage+"/dcverify", "./cmd/dcverify"),
		)
	}))
}

// The Go roots of the images: where the go on PATH comes from, another complete release, and nothing.
const right, wrong, gone = "/usr/local/go", "/opt/go1.25.9", "/opt/gone"

// declaration is one way to say where GOROOT is.
type declaration struct {
	name         string
	dockerfile   string // its lines after FROM; empty where the image is used as it is
	containerEnv string // GOROOT there, and so on; empty for none
	remoteEnv    string
	toolsEnvVars string // in the editor's settings
	switches     bool   // go.mod asks for a newer Go than the image has
}

const loginFile = "RUN echo 'export GOROOT=" + wrong + "' >/etc/profile.d/goroot.sh"

var declarations = []declaration{
	{name: "nowhere"},
	{name: "Dockerfile `ENV`, right", dockerfile: "ENV GOROOT=" + right},
	{name: "`containerEnv`, right", containerEnv: right},
	{name: "`remoteEnv`, right", remoteEnv: right},
	{name: "all three, right", dockerfile: "ENV GOROOT=" + right, containerEnv: right, remoteEnv: right},
	{name: "Dockerfile `ENV`, wrong", dockerfile: "ENV GOROOT=" + wrong},
	{name: "`containerEnv`, wrong", containerEnv: wrong},
	{name: "`remoteEnv`, wrong", remoteEnv: wrong},
	{name: "Dockerfile `ENV` and `containerEnv` right, `remoteEnv` wrong", dockerfile: "ENV GOROOT=" + right, containerEnv: right, remoteEnv: wrong},
	{name: "Dockerfile `ENV` and `containerEnv` wrong, `remoteEnv` right", dockerfile: "ENV GOROOT=" + wrong, containerEnv: wrong, remoteEnv: right},
	{name: "Dockerfile `ENV` wrong, `containerEnv` right", dockerfile: "ENV GOROOT=" + wrong, containerEnv: right},
	{name: "a login file, wrong", dockerfile: loginFile},
	{name: "`go.toolsEnvVars`, wrong", toolsEnvVars: wrong},
	{name: "Dockerfile `ENV`, a missing folder", dockerfile: "ENV GOROOT=" + gone},
	{name: "nowhere, and go.mod switches the toolchain", dockerfile: "ENV GOROOT=", switches: true},
	{name: "Dockerfile `ENV`, right, and go.mod switches the toolchain", dockerfile: "ENV GOROOT=" + right, switches: true},
}

// TestTruth measures the table, compares dcverify's verdicts with it, and the table with the README's.
func TestTruth(t *testing.T) {
	warm(t)
	var all table
	t.Run("GOROOT", func(t *testing.T) {
		for _, d := range declarations {
			t.Run(strings.ReplaceAll(d.name, "`", ""), func(t *testing.T) {
				t.Parallel()
				d := d.up(t)
				results := d.measure(t)
				all.add(d.name, results)
				t.Log(strings.TrimSpace(all.row(d.name)))
				all.count(agree(t, results, d.verify(t), d.auditImage(t)))
			})
		}
	})
	t.Log(all.counts())
	all.compare(t)
}

// warm fills the cache that the containers share, so that no row waits for the standard library, and no two for the same.
func warm(t *testing.T) {
	t.Helper()
	rig.Output(t, "docker", "run", "--rm", "-u", "dev", "-v", stage+":/truth:ro", "-v", cache+":/home/dev/.cache", "dcv/go:1.26", "sh", "-ec", `
cd "$(mktemp -d)"
cp /truth/program.go main.go
printf 'module example.com/program\n\ngo 1.25\n' >go.mod
printf 'package main\n\nimport "testing"\n\nfunc TestNothing(*testing.T) {}\n' >main_test.go
for root in `+right+" "+wrong+`; do
	export GOROOT=$root
	$root/bin/go build -o /dev/null .
	$root/bin/go test '-gcflags=all=-N -l' .
done`)
}
