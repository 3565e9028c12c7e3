package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"
)

func environment(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// listen is an engine on a socket that does no more than answer pings.
func listen(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "dcv") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	socket := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	done := make(chan error)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return "unix://" + socket
}

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestConnectNegotiates(t *testing.T) {
	host := listen(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if strings.HasPrefix(r.URL.Path, "/v1.41/images/") {
			http.Error(w, `{"message":"No such image"}`, http.StatusNotFound)
		}
	})
	engine, err := Connect(t.Context(), environment(map[string]string{"DOCKER_HOST": host}))
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if engine.api.DaemonHost() != host || engine.api.ClientVersion() != "1.41" {
		t.Errorf("%s, API %s", engine.api.DaemonHost(), engine.api.ClientVersion())
	}
	_, err = engine.Image(t.Context(), "golang")
	if _, ok := errors.AsType[*ErrNoImage](err); !ok {
		t.Errorf("error %v", err)
	}
}

func TestEngineGoesAway(t *testing.T) {
	host := listen(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Api-Version", "1.41") })
	engine, err := Connect(t.Context(), environment(map[string]string{"DOCKER_HOST": host}))
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if err := errors.Join(engine.Close(), os.Remove(strings.TrimPrefix(host, "unix://"))); err != nil {
		t.Fatal(err)
	}
	_, err = engine.Image(t.Context(), "golang")
	if away, ok := errors.AsType[*ErrAway](err); !ok || away.Tried[0].Address != host {
		t.Errorf("error %v", err)
	}
}

func TestConnectAway(t *testing.T) {
	folder := t.TempDir()
	write(t, "no engine", folder, "file")
	refusing := listen(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	for host, want := range map[string]string{
		"unix://" + folder + "/none": "no such socket",
		"unix://" + folder + "/file": "annot connect",
		"localhost":                  "unable to parse docker host",
		"tcp://127.0.0.1:1":          "annot connect",
		"ssh://me@host":              "ssh addresses are not supported",
		refusing:                     "no",
	} {
		_, err := Connect(t.Context(), environment(map[string]string{"DOCKER_HOST": host}))
		away, ok := errors.AsType[*ErrAway](err)
		if !ok || len(away.Tried) != 1 || away.Tried[0].Address != host || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "DOCKER_HOST") {
			t.Errorf("%s: error %v, want %q", host, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Connect(ctx, environment(map[string]string{"DOCKER_HOST": refusing})); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}

func TestConnectStopsWaiting(t *testing.T) {
	held := make(chan struct{})
	host := listen(t, func(http.ResponseWriter, *http.Request) { <-held })
	t.Cleanup(func() { close(held) })
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := make(chan struct{})
	go func() {
		defer close(cancelled)
		cancel()
	}()
	_, err := Connect(ctx, environment(map[string]string{"DOCKER_HOST": host}))
	<-cancelled
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAddresses(t *testing.T) {
	home := t.TempDir()
	sum := sha256.Sum256([]byte("remote"))
	id := hex.EncodeToString(sum[:])
	write(t, `{"Name":"remote","Endpoints":{"docker":{"Host":"tcp://box:2376"}}}`, home, ".docker/contexts/meta", id, "meta.json")
	write(t, "", home, ".docker/contexts/tls", id, "docker/ca.pem")
	write(t, `{"currentContext":"remote"}`, home, "other/config.json")
	for name, test := range map[string]struct {
		env  map[string]string
		want []string
		tls  string
	}{
		"nothing": {map[string]string{}, []string{client.DefaultDockerHost, "unix:///run/podman/podman.sock"}, ""},
		"usual": {map[string]string{"HOME": home, "XDG_RUNTIME_DIR": "/run/user/7", "DOCKER_CONTEXT": "default"},
			[]string{client.DefaultDockerHost, "unix:///run/user/7/docker.sock", "unix:///run/user/7/podman/podman.sock", "unix:///run/podman/podman.sock"}, ""},
		"host":            {map[string]string{"DOCKER_HOST": "tcp://a:1", "DOCKER_CONTEXT": "remote"}, []string{"tcp://a:1"}, ""},
		"host, tls":       {map[string]string{"HOME": home, "DOCKER_HOST": "tcp://a:1", "DOCKER_TLS_VERIFY": "1"}, []string{"tcp://a:1"}, home + "/.docker"},
		"host, certs":     {map[string]string{"DOCKER_HOST": "tcp://a:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"}, []string{"tcp://a:1"}, "/c"},
		"context":         {map[string]string{"HOME": home, "DOCKER_CONTEXT": "remote"}, []string{"tcp://box:2376"}, filepath.Join(home, ".docker/contexts/tls", id, "docker")},
		"current context": {map[string]string{"HOME": home, "DOCKER_CONFIG": filepath.Join(home, "other")}, []string{"docker context remote"}, ""},
		"unknown context": {map[string]string{"HOME": home, "DOCKER_CONTEXT": "gone"}, []string{"docker context gone"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var hosts []string
			list := addresses(environment(test.env))
			for _, a := range list {
				hosts = append(hosts, a.host)
				if strings.HasPrefix(a.host, "docker context") != (a.err != nil) {
					t.Errorf("%s: %v", a.host, a.err)
				}
			}
			if diff := cmp.Diff(test.want, hosts); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if list[0].tls != test.tls {
				t.Errorf("TLS folder %q, want %q", list[0].tls, test.tls)
			}
		})
	}
}
