package delve

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadCommandLine(t *testing.T) {
	for line, want := range map[string]commandLine{
		"dlv dap --listen=127.0.0.1:45211 --log-dest=3":                          {kind: "dap", port: 45211},
		"/go/bin/dlv exec --headless --accept-multiclient ./app -- --x=y":        {kind: "headless", multi: true, target: "./app"},
		"dlv --listen :2345 --headless=true --api-version 2 debug ./cmd/x":       {kind: "headless", api: 2, port: 2345, target: "./cmd/x"},
		"dlv attach 4711 --headless --continue --accept-multiclient=false":       {kind: "headless", attached: 4711, target: "4711"},
		"dlv attach --headless --only-same-user=false --api-version=1 12 ./prog": {kind: "headless", anybody: true, api: 1, attached: 12, target: "12"},
		"dlv test --headless -r stdout:/dev/null ./pkg":                          {kind: "headless", target: "./pkg"},
		"dlv exec -l [::1]:2345 --headless ./app":                                {kind: "headless", port: 2345, target: "./app"},
		"dlv exec --listen=unix:/tmp/s --headless ./app":                         {kind: "headless", target: "./app"},
		"dlv debug":                  {},
		"dlv connect 127.0.0.1:2345": {},
		"dlv":                        {},
		"nginx: master process":      {},
	} {
		if diff := cmp.Diff(want, readCommandLine(strings.Fields(line)), cmp.AllowUnexported(commandLine{})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", line, diff)
		}
	}
}

func TestSockets(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0929 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:0929 0000000000000000FFFF00000100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0
   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7 1 0
`
	want := []socket{
		{netip.MustParseAddrPort("127.0.0.1:2345"), listens, 1000, "12345"},
		{netip.MustParseAddrPort("127.0.0.1:2345"), established, 0, "99"},
		{netip.MustParseAddrPort("[::1]:80"), listens, 0, "7"},
	}
	if diff := cmp.Diff(want, sockets([]byte(table)), cmp.AllowUnexported(socket{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func FuzzSockets(f *testing.F) {
	f.Add([]byte("   0: 0100007F:0929 00000000:0000 0A 0:0 0:0 0  1000 0 12345 1\n"))
	f.Add([]byte("0: zz:1 a b c d e f g h i\n"))
	f.Fuzz(func(t *testing.T, table []byte) {
		for _, s := range sockets(table) {
			if !s.local.IsValid() {
				t.Errorf("%+v", s)
			}
		}
	})
}

func FuzzReadCommandLine(f *testing.F) {
	f.Add("dlv exec --headless --listen :1 --api-version")
	f.Add("-- -- ---=")
	f.Fuzz(func(t *testing.T, line string) {
		c := readCommandLine(strings.Fields(line))
		if c.kind == "dap" && c.multi {
			t.Errorf("%q: a DAP server takes one client", line)
		}
	})
}
