package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/docker/client"
)

// pingDeadline is how long an address may take to answer. An engine that is being started by its socket needs seconds.
const pingDeadline = 10 * time.Second

// address is one place where an engine may listen.
type address struct {
	host string
	tls  string // folder with ca.pem, cert.pem and key.pem; empty for none
	err  error  // why the address is of no use, or is not known
}

// Connect finds an engine: DOCKER_HOST, else the docker context that is in use, else the first of the usual sockets that
// answers. Somebody who chose an engine gets that one or none: images of another are not what was asked about. The caller
// closes what it gets. When nothing answers the error is an *[ErrAway].
func Connect(ctx context.Context, getenv func(string) string) (*Engine, error) {
	away := &ErrAway{}
	for _, a := range addresses(getenv) {
		api, err := dial(ctx, a, getenv("DOCKER_API_VERSION"))
		if err == nil {
			return New(api), nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("connecting to %s: %w", a.host, context.Cause(ctx))
		}
		away.Tried = append(away.Tried, Attempt{Address: a.host, Err: err})
	}
	return nil, away
}

// dial opens a client and makes it speak the newest version of the API that both sides know.
func dial(ctx context.Context, a address, version string) (_ *client.Client, err error) {
	if a.err != nil {
		return nil, a.err
	}
	if socket, ok := strings.CutPrefix(a.host, "unix://"); ok {
		if _, err := os.Stat(socket); errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New("no such socket")
		}
	}
	options := []client.Opt{client.WithHost(a.host), client.WithVersion(version)}
	if a.tls != "" {
		file := func(name string) string { return filepath.Join(a.tls, name) }
		options = append(options, client.WithTLSClientConfig(file("ca.pem"), file("cert.pem"), file("key.pem")))
	}
	api, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, api.Close())
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, pingDeadline)
	defer cancel()
	ping, err := api.Ping(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fmt.Errorf("no answer within %s", pingDeadline)
	}
	if err != nil {
		return nil, err
	}
	api.NegotiateAPIVersionPing(ping)
	return api, nil
}

// addresses lists where to look, in the order of the docker command (docker/cli, cli/command/cli.go, resolveContextName).
func addresses(getenv func(string) string) []address {
	config := getenv("DOCKER_CONFIG")
	if config == "" {
		config = filepath.Join(getenv("HOME"), ".docker")
	}
	if host := getenv("DOCKER_HOST"); host != "" {
		a := address{host: host, err: unsupported(host)}
		if getenv("DOCKER_TLS_VERIFY") != "" {
			a.tls = getenv("DOCKER_CERT_PATH")
			if a.tls == "" {
				a.tls = config
			}
		}
		return []address{a}
	}
	name := getenv("DOCKER_CONTEXT")
	if name == "" {
		name = currentContext(config)
	}
	if name != "" && name != "default" {
		return []address{contextAddress(config, name)}
	}
	list := []address{{host: client.DefaultDockerHost}} // a named pipe on Windows
	if runtime := getenv("XDG_RUNTIME_DIR"); runtime != "" {
		list = append(list, address{host: "unix://" + runtime + "/docker.sock"}, address{host: "unix://" + runtime + "/podman/podman.sock"})
	}
	return append(list, address{host: "unix:///run/podman/podman.sock"})
}

// unsupported says why an address cannot be used: the docker command runs ssh for such addresses, and dcverify runs nothing.
func unsupported(host string) error {
	if strings.HasPrefix(host, "ssh://") {
		return errors.New("ssh addresses are not supported; forward the socket (ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST) and set DOCKER_HOST=unix:///tmp/docker.sock")
	}
	return nil
}

// currentContext is the context that `docker context use` chose; empty when there is none.
func currentContext(config string) string {
	var file struct {
		CurrentContext string `json:"currentContext"`
	}
	text, err := os.ReadFile(filepath.Join(config, "config.json"))
	if err != nil || json.Unmarshal(text, &file) != nil {
		return "" // without a readable configuration the docker command uses the default too
	}
	return file.CurrentContext
}

// contextAddress reads the endpoint of a docker context. Its files lie in a folder named by the hash of its name
// (docker/cli, cli/context/store).
func contextAddress(config, name string) address {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	var meta struct {
		Endpoints struct {
			Docker struct{ Host string } `json:"docker"`
		}
	}
	text, err := os.ReadFile(filepath.Join(config, "contexts", "meta", id, "meta.json"))
	if err == nil {
		err = json.Unmarshal(text, &meta)
	}
	if err != nil {
		return address{host: "docker context " + name, err: fmt.Errorf("reading the context: %w", err)}
	}
	a := address{host: meta.Endpoints.Docker.Host, err: unsupported(meta.Endpoints.Docker.Host)}
	if a.host == "" {
		return address{host: "docker context " + name, err: errors.New("it has no endpoint for Docker")}
	}
	tls := filepath.Join(config, "contexts", "tls", id, "docker")
	if _, err := os.Stat(tls); err == nil {
		a.tls = tls
	}
	return a
}
