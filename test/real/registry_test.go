package real

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	oci "github.com/google/go-containerregistry/pkg/registry"
	"golang.org/x/mod/semver"
	"golang.org/x/tools/txtar"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/registry"
	"github.com/dcverify/dcverify/verifier/source"
)

// registries stands in for every registry of the world, and for whoever offers archives at an https address: a proxy leads
// all connections to one server, whose certificates an authority of its own has signed. Who is told of both by its
// environment, as the reference CLI and dcverify are, needs no other name server and no flag.
type registries struct {
	proxy     string // its address
	authority string // the file with its certificate
	transport http.RoundTripper
	digests   map[string]string // of each feature that is published, by HOST/NAMESPACE/ID:VERSION

	hosts map[string]http.Handler // a registry each
	files map[string][]byte       // what is served at an address, without its https://
}

// newRegistries starts them, with nothing in them.
func newRegistries(t *testing.T) *registries {
	t.Helper()
	r := &registries{
		authority: filepath.Join(t.TempDir(), "authority.pem"),
		digests:   map[string]string{}, hosts: map[string]http.Handler{}, files: map[string][]byte{},
	}
	signer := newSigner(t)
	if err := os.WriteFile(r.authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signer.certificate.Raw}), 0o644); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(r)
	server.TLS = &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return signer.sign(hello.ServerName) }}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // who hangs up early is no matter
	server.StartTLS()
	t.Cleanup(server.Close)

	proxy := httptest.NewServer(tunnel(server.Listener.Addr().String()))
	t.Cleanup(proxy.Close)
	r.proxy = proxy.URL
	through, err := url.Parse(r.proxy)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(signer.certificate)
	transport := &http.Transport{Proxy: http.ProxyURL(through), TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	r.transport = transport
	return r
}

// environment is what a process must be told to meet the stand-ins. Node and Go read the certificate of other variables.
func (r *registries) environment(env map[string]string) {
	for _, name := range []string{"NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"} {
		delete(env, name)
	}
	env["HTTPS_PROXY"], env["https_proxy"] = r.proxy, r.proxy
	env["NODE_EXTRA_CA_CERTS"], env["SSL_CERT_FILE"] = r.authority, r.authority
}

// feature asks for a feature as `dcverify --online` does, without a cache.
func (r *registries) feature(ctx context.Context) func(string) (string, error) {
	return func(reference string) (string, error) {
		return registry.Feature(ctx, reference, registry.Options{Online: true, Transport: r.transport})
	}
}

// publishArchive publishes the features of a txtar archive.
func (r *registries) publishArchive(t *testing.T, file string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	features, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	r.publish(t, features)
}

var toPin = regexp.MustCompile(`([a-z0-9./-]+)([@#])\{([0-9.]+)\}`)

// pin writes digests into the configurations and lock files below a folder: behind the feature for FEATURE@{VERSION}, alone for
// FEATURE#{VERSION}.
func (r *registries) pin(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !slices.Contains([]string{"devcontainer.json", "devcontainer-lock.json"}, strings.TrimPrefix(filepath.Base(name), ".")) {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(name, toPin.ReplaceAllFunc(text, func(found []byte) []byte {
			match := toPin.FindSubmatch(found)
			digest, ok := r.digests[string(match[1])+":"+string(match[3])]
			if !ok {
				t.Errorf("nobody has published %s", found)
			}
			if string(match[2]) == "#" {
				return []byte(digest)
			}
			return []byte(string(match[1]) + "@" + digest)
		}), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tunnel is a proxy that connects everybody with one address, whatever they ask for.
func tunnel(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only https leads anywhere", http.StatusBadGateway)
			return
		}
		far, err := net.Dial("tcp", address)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer far.Close()
		near, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer near.Close()
		if _, err := io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
			return
		}
		done := make(chan struct{}, 2)
		pass := func(to io.Writer, from io.Reader) {
			_, _ = io.Copy(to, from) // the ends tell one another of failures
			done <- struct{}{}
		}
		go pass(far, buffered)
		go pass(near, far)
		<-done // either end; closing both ends the other copy
	})
}

var (
	inRegistry   = regexp.MustCompile(`^/v2/(.+)/(?:manifests|blobs|tags)/([^/]+)$`)
	bearer       = "Bearer "
	unauthorised = `{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}`
)

// ServeHTTP answers as ghcr.io does: who reads needs a token, which everybody is given, for one repository each.
func (r *registries) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/token" {
		_ = json.NewEncoder(w).Encode(map[string]string{"token": request.URL.Query().Get("scope")})
		return
	}
	host, ok := r.hosts[request.Host]
	text, isFile := r.files[request.Host+request.URL.Path]
	switch {
	case isFile:
		_, _ = w.Write(text)
		return
	case !ok && strings.HasPrefix(request.URL.Path, "/v2/"):
		host = oci.New(oci.Logger(log.New(io.Discard, "", 0))) // with nothing in it
	case !ok:
		http.NotFound(w, request)
		return
	}
	scope := ""
	parts := inRegistry.FindStringSubmatch(request.URL.Path)
	if parts != nil {
		scope = "repository:" + parts[1] + ":pull"
	}
	if token, ok := strings.CutPrefix(request.Header.Get("Authorization"), bearer); !ok || scope != "" && token != scope {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="https://%s/token",service="%[1]s",scope=%q`, request.Host, cmp.Or(scope, "repository:user/image:pull")))
		http.Error(w, unauthorised, http.StatusUnauthorized)
		return
	}
	host.ServeHTTP(w, request)
}

// published is a feature that was found in a folder.
type published struct {
	repository, version string // HOST/NAMESPACE/ID, 1.2.3
	manifest            jsonc.Node
	folder              fs.FS
}

// publish publishes every feature of a folder, which are laid out as HOST/NAMESPACE/ID/VERSION or, where there is one
// version only, HOST/NAMESPACE/ID. A folder whose name ends in .tgz becomes an archive at that address instead.
func (r *registries) publish(t *testing.T, features fs.FS) {
	t.Helper()
	var found []published
	err := fs.WalkDir(features, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || path.Base(name) != "devcontainer-feature.json" {
			return err
		}
		folder, err := fs.Sub(features, path.Dir(name))
		if err != nil {
			return err
		}
		if strings.HasSuffix(path.Dir(name), ".tgz") {
			r.files[path.Dir(name)] = archived(t, folder)
			return nil
		}
		file, err := source.Read(features, name)
		if err != nil {
			return err
		}
		manifest, _ := jsonc.Read(file)
		f := published{repository: path.Dir(name), version: manifest.Get("version").Text, manifest: manifest, folder: folder}
		if path.Base(f.repository) == f.version {
			f.repository = path.Dir(f.repository)
		}
		if !semver.IsValid("v" + f.version) {
			return fmt.Errorf("%s: %q is no version", name, f.version)
		}
		found = append(found, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The newest takes the tags of its major and minor version along, and latest, as `devcontainer features publish` has it.
	slices.SortStableFunc(found, func(a, b published) int { return semver.Compare("v"+a.version, "v"+b.version) })
	for _, f := range found {
		r.put(t, f)
	}
}

// put writes a feature into its registry as `devcontainer features publish` does, which is under all of its former ids too
// (devcontainers/cli, src/spec-node/featuresCLI/publish.ts and src/spec-configuration/containerCollectionsOCIPush.ts).
func (r *registries) put(t *testing.T, f published) {
	t.Helper()
	if legacy := f.manifest.Get("legacyIds").Elements; len(legacy) > 0 && f.manifest.Get("currentId").Kind == "" {
		id := jsonc.Property{Name: "currentId", Value: f.manifest.Get("id")}
		f.manifest.Members = append(slices.Clone(f.manifest.Members), id)
	}
	type descriptor struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Size        int               `json:"size"`
		Annotations map[string]string `json:"annotations,omitempty"`
	}
	of := func(mediaType string, blob []byte) descriptor {
		return descriptor{MediaType: mediaType, Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(blob)), Size: len(blob)}
	}
	config, archive := []byte("{}"), archived(t, f.folder)
	layer := of("application/vnd.devcontainers.layer.v1+tar", archive)
	layer.Annotations = map[string]string{"org.opencontainers.image.title": "devcontainer-feature-" + path.Base(f.repository) + ".tgz"}
	manifest := map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": of("application/vnd.devcontainers", config), "layers": []descriptor{layer},
		"annotations": map[string]string{"dev.containers.metadata": f.manifest.JSON(), "com.github.package.type": "devcontainer_feature"},
	}
	if _, err := fs.Stat(f.folder, "unannotated"); err == nil { // as before 2023
		delete(manifest, "annotations")
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	r.digests[f.repository+":"+f.version] = of("", text).Digest
	host, inside, _ := strings.Cut(f.repository, "/")
	if r.hosts[host] == nil {
		r.hosts[host] = oci.New(oci.Logger(log.New(io.Discard, "", 0)))
	}
	send := func(method, address, mediaType string, body []byte) {
		t.Helper()
		request := httptest.NewRequest(method, address, bytes.NewReader(body))
		request.Header.Set("Content-Type", mediaType)
		answer := httptest.NewRecorder()
		r.hosts[host].ServeHTTP(answer, request)
		if answer.Code/100 != 2 {
			t.Fatalf("publishing %s: %s: %d %s", f.repository, address, answer.Code, answer.Body)
		}
	}
	ids := []string{path.Base(inside)}
	for _, legacy := range f.manifest.Get("legacyIds").Elements {
		ids = append(ids, legacy.Text)
	}
	for _, id := range ids {
		repository := "/v2/" + path.Join(path.Dir(inside), id)
		for _, blob := range [][]byte{config, archive} {
			send(http.MethodPost, repository+"/blobs/uploads/?digest="+of("", blob).Digest, "application/octet-stream", blob)
		}
		parts := strings.Split(f.version, ".")
		for _, tag := range []string{f.version, parts[0] + "." + parts[1], parts[0], "latest"} {
			send(http.MethodPut, repository+"/manifests/"+tag, "application/vnd.oci.image.manifest.v1+json", text)
		}
	}
}

// archived is a folder as an archive: the reference CLI names it .tgz and does not compress it.
func archived(t *testing.T, folder fs.FS) []byte {
	t.Helper()
	var text bytes.Buffer
	w := tar.NewWriter(&text)
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || name == "unannotated" {
			return err
		}
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Name: "./" + name, Mode: 0o755, Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// signer is an authority for certificates.
type signer struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newSigner(t *testing.T) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := signer{key: key}
	own := template("the registries of a test")
	own.IsCA, own.BasicConstraintsValid, own.KeyUsage = true, true, x509.KeyUsageCertSign
	text, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if s.certificate, err = x509.ParseCertificate(text); err != nil {
		t.Fatal(err)
	}
	return s
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
}

// sign makes the certificate of a host.
func (s signer) sign(host string) (*tls.Certificate, error) {
	own := template(host)
	own.DNSNames, own.ExtKeyUsage = []string{host}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	text, err := x509.CreateCertificate(rand.Reader, own, s.certificate, s.key.Public(), s.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{text}, PrivateKey: s.key}, nil
}
