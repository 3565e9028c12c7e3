package knowledge

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/dcverify/dcverify/verifier/dockerfile"
)

// defaultPath is the PATH of the distributions' images.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// newestGo is what a moving tag gave when the tables were made. Whoever pulls later gets that or more.
const (
	newestGo     = "1.26" // of Microsoft's images
	newestGolang = "1.27" // of the official ones
)

const (
	golangSource = "docker-library/golang, 2026-08, and go.dev/dl, 2026-11"
	imagesSource = "devcontainers/images src/go, 2026-07"
	othersSource = "devcontainers/images, 2026-07"
	distroSource = "docker-library/official-images, 2026-07"
)

//go:embed mcr-go-tags.tsv
var tagText string

//go:embed universal.tsv
var universalText string

// tagTable is the tags of devcontainers/go.
type tagTable struct {
	last   map[string]string // tag to last_in_manifest
	newest string            // the day of the newest manifest
	tags   []goTag
}

var tagRows = sync.OnceValue(func() tagTable {
	t := tagTable{last: map[string]string{}}
	for _, row := range rows(tagText) {
		t.last[row[0]] = row[2]
		t.newest = max(t.newest, row[2])
		if parsed, ok := parseGoTag(row[0]); ok {
			t.tags = append(t.tags, parsed)
		}
	}
	return t
})

// rows is the cells of a table below its comments and its heading, none of them missing.
func rows(text string) [][]string {
	var out [][]string
	width := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if width == 0 {
			width = len(cells)
			continue
		}
		for len(cells) < width {
			cells = append(cells, "")
		}
		out = append(out, cells)
	}
	return out
}

// goTag is [version-]go[-distro]; go is empty where the tag leaves it to the image.
type goTag struct{ version, goes, distro string }

var (
	distros = []string{"buster", "bullseye", "bookworm", "trixie"}
	number  = regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`)
)

// parseGoTag reads a tag of devcontainers/go. A lone number is the image's version or Go's: Go is at 1.14 or above in all
// of them and has no third number there, the image's own line counts 0, 1.3, 2.1.5.
func parseGoTag(tag string) (goTag, bool) {
	var t goTag
	parts := strings.Split(tag, "-")
	if last := parts[len(parts)-1]; slices.Contains(distros, last) {
		t.distro, parts = last, parts[:len(parts)-1]
	}
	for _, part := range parts {
		if !number.MatchString(part) {
			return goTag{}, false
		}
	}
	switch len(parts) {
	case 0:
	case 1:
		if isGo(parts[0]) {
			t.goes = parts[0]
		} else {
			t.version = parts[0]
		}
	case 2:
		t.version, t.goes = parts[0], parts[1]
	default:
		return goTag{}, false
	}
	return t, true
}

func isGo(text string) bool {
	parts := strings.Split(text, ".")
	if parts[0] != "1" || len(parts) > 2 {
		return false
	}
	return len(parts) == 1 || atoi(parts[1]) >= 14
}

func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// minor is the 22 of 1.22.5, -1 for anything else.
func minor(goVersion string) int {
	parts := strings.Split(goVersion, ".")
	if len(parts) < 2 || parts[0] != "1" {
		return -1
	}
	return atoi(parts[1])
}

// ImageOf is what is known of an image by its name; false where nothing is. Where a digest stands without a tag, nothing
// is known of the Go inside, so nothing is said of the images that have one.
func ImageOf(reference string) (Image, bool) {
	name, digest, pinned := strings.Cut(strings.TrimSpace(reference), "@")
	if strings.ContainsAny(name, "$ \t") || pinned && digest == "" {
		return Image{}, false
	}
	tag := ""
	if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
		name, tag = name[:at], name[at+1:]
	}
	nameless := pinned && tag == ""
	if dev, ok := devcontainersName(name); ok {
		switch dev {
		case "go":
			if nameless {
				return Image{}, false
			}
			return devcontainersGo(tag), true
		case "universal":
			if nameless {
				return Image{}, false
			}
			return universal(tag), true
		case "base": // buildpack-deps with the feature common-utils, whose user the label names
			return Image{Family: "devcontainers/base", Published: true, Source: othersSource, HasConfig: true, Config: dockerfile.Base{
				Env: []string{"PATH=" + defaultPath}, Labels: map[string]string{"devcontainer.metadata": `[{"remoteUser":"vscode"}]`},
			}}, true
		case "python", "typescript-node", "javascript-node", "java", "dotnet", "cpp", "rust", "php", "ruby":
			return Image{Family: "devcontainers/" + dev, Published: true, Source: othersSource}, true
		}
		return Image{}, false
	}
	switch official := officialName(name); official {
	case "golang":
		if nameless {
			return Image{}, false
		}
		return golang(tag), true
	case "go": // which Docker Hub does not have; with another tag it may be somebody's own
		if golangTag.MatchString(tag) {
			return Image{Family: "go", Source: "Docker Hub, where the official image of Go is golang"}, true
		}
		return Image{}, false
	case "ubuntu", "debian", "alpine", "fedora", "busybox":
		image := Image{Family: official, Published: true, Source: distroSource, HasConfig: official != "fedora"}
		if image.HasConfig {
			image.Config.Env = []string{"PATH=" + defaultPath}
		}
		return image, true
	case "buildpack-deps", "eclipse-temurin", "gcc", "maven", "node", "openjdk", "php", "postgres", "python", "ruby", "rust":
		return Image{Family: official, Published: true, Source: distroSource}, true
	}
	return Image{}, false
}

// devcontainersName is the last part of a name in Microsoft's registry, in its present place or the one before it, which
// is still filled.
func devcontainersName(name string) (string, bool) {
	for _, prefix := range []string{"mcr.microsoft.com/devcontainers/", "mcr.microsoft.com/vscode/devcontainers/"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest, true
		}
	}
	return "", false
}

// Docker Hub has the official images once more in an organisation for each architecture (docker-library/official-images,
// "Architectures other than amd64?"): arm64v8/golang is what golang is on such a machine.
var architectures = map[string]string{
	"amd64": "amd64", "arm64v8": "arm64", "arm32v5": "arm", "arm32v6": "arm", "arm32v7": "arm", "i386": "386",
	"ppc64le": "ppc64le", "s390x": "s390x", "riscv64": "riscv64", "mips64le": "mips64le",
}

// ArchitectureOf is the architecture, in Go's word, for which alone an official image is by its name; empty where the name
// leaves it to the machine.
func ArchitectureOf(reference string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(reference), "index."), "docker.io/")
	organisation, rest, ok := strings.Cut(name, "/")
	if !ok || strings.Contains(rest, "/") {
		return ""
	}
	return architectures[organisation]
}

// officialName is the name of an official image wherever it is mirrored; empty for others.
func officialName(name string) string {
	for _, prefix := range []string{
		"docker.io/library/", "index.docker.io/library/", "registry-1.docker.io/library/", "public.ecr.aws/docker/library/",
		"mirror.gcr.io/library/", "docker.io/", "index.docker.io/", "library/",
	} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
			break
		}
	}
	if organisation, rest, ok := strings.Cut(name, "/"); ok && architectures[organisation] != "" {
		name = rest
	}
	if strings.Contains(name, "/") {
		return ""
	}
	return name
}

var golangTag = regexp.MustCompile(`^(1\.[0-9]+(?:\.[0-9]+)?)((?:rc|beta)[0-9]+)?(?:-(.+))?$`)

// universal is Microsoft's image for Codespaces, which has Go among much else. A line of its releases ends when the next begins;
// the tags without a number, and the newest line, move.
func universal(tag string) Image {
	image := Image{Family: "devcontainers/universal", Published: true, Source: othersSource}
	version, _, _ := strings.Cut(tag, "-")
	if version == "focal" {
		version = "2" // the last line that was built on it
	}
	for _, row := range rows(universalText) {
		if row[0] == version || strings.HasPrefix(row[0], version+".") {
			image.Go, image.Exact = row[1], true // the last one counts
		}
	}
	switch {
	case image.Go == "" && !strings.Contains(version, "."):
		image.Go, image.Moving = newestGo, true
	case minor(image.Go) >= 21:
		image.Toolchain = "auto" // the go.env of the release
	}
	return image
}

func golang(tag string) Image {
	image := Image{Family: "golang", Published: true, Source: golangSource}
	if m := golangTag.FindStringSubmatch(tag); m != nil {
		image.Go = m[1] + m[2]
		image.Exact = m[2] != "" || strings.Count(m[1], ".") == 2
		image.Published = golangPublished(image.Go, tag)
	} else if built, ok := golangDistros[strings.TrimPrefix(tag, "1-")]; ok && built.left != "" {
		image.Go, image.Last = "1."+strconv.Itoa(built.last), built.left // it stands still
	} else {
		image.Go, image.Moving = newestGolang, true
	}
	// GOTOOLCHAIN=local came nine days after the image of 1.21.0, which was not built again.
	local := image.Moving || image.Go != "1.21.0" && minor(strings.TrimSuffix(image.Go, suffixOf(image.Go))) >= 21
	if local {
		image.Toolchain = "local"
	}
	// The Windows images have paths of their own.
	if strings.Contains(tag, "nanoserver") || strings.Contains(tag, "windowsservercore") {
		return image
	}
	image.HasConfig = true
	image.Config = dockerfile.Base{Env: golangEnv(image, local), Workdir: "/go"}
	return image
}

// finalPatch is the last release of each Go minor that had ended when the table was made (go.dev/dl, 2026-11-23).
var finalPatch = [...]int{8: 7, 9: 7, 10: 8, 11: 13, 12: 17, 13: 15, 14: 15, 15: 15, 16: 15, 17: 13, 18: 10, 19: 13, 20: 14, 21: 13, 22: 12, 23: 12, 24: 13, 25: 14}

// golangDistros is the Go minors that were built on a release of a distribution: not before it was out, not after the day it was
// left (docker-library/golang, versions.json). The first and last that are certain, so that a tag is refused only where nobody
// can have it.
var golangDistros = map[string]struct {
	first, last int
	left        string
}{
	"stretch": {8, 18, "2022-07-11"}, "buster": {11, 20, "2023-06-13"}, "bullseye": {15, 24, "2025-08-12"},
	"bookworm": {19, stillBuilt, ""}, "trixie": {23, stillBuilt, ""},
	"alpine3.15": {0, 19, "2022-11-30"}, "alpine3.16": {0, 20, "2023-05-10"}, "alpine3.17": {0, 21, "2023-12-08"},
	"alpine3.18": {0, 22, "2024-05-22"}, "alpine3.19": {0, 23, "2024-12-05"}, "alpine3.20": {0, 24, "2025-05-30"},
	"alpine3.21": {0, 25, "2025-12-03"},
}

const stillBuilt = 1 << 20

// golangPublished says whether a tag of the official image can exist.
func golangPublished(goVersion, tag string) bool {
	of := minor(strings.TrimSuffix(goVersion, suffixOf(goVersion)))
	early := 0
	if suffixOf(goVersion) != "" {
		early = 1 // a candidate comes before the release that leaves a distribution
	}
	for distro, built := range golangDistros {
		if strings.HasSuffix(tag, "-"+distro) && of >= 0 && (of < built.first || of > built.last+early) {
			return false
		}
	}
	parts := strings.Split(goVersion, ".")
	if len(parts) < 3 || of < 8 || of >= len(finalPatch) {
		return true
	}
	return atoi(parts[2]) <= finalPatch[of] // 1.15.0 is a tag too, though Go called it 1.15
}

// suffixOf is the rc1 of 1.27rc1.
func suffixOf(goVersion string) string {
	if at := strings.IndexAny(goVersion, "rb"); at >= 0 {
		return goVersion[at:]
	}
	return ""
}

func golangEnv(image Image, local bool) []string {
	env := []string{"PATH=/go/bin:/usr/local/go/bin:" + defaultPath}
	if image.Exact {
		env = append(env, "GOLANG_VERSION="+image.Go)
	}
	if local {
		env = append(env, "GOTOOLCHAIN=local")
	}
	return append(env, "GOPATH=/go")
}

func devcontainersGo(tag string) Image {
	table := tagRows()
	image := Image{Family: "devcontainers/go", Source: imagesSource, Published: true, HasConfig: true}
	last, listed := table.last[tag]
	if listed && last < table.newest {
		image.Last = last
	}
	parsed, ok := parseGoTag(strings.TrimPrefix(tag, "dev-"))
	image.Version = parsed.version
	switch {
	case !ok:
		image.Go, image.Moving = newestGo, true
	case strings.Contains(parsed.goes, "."):
		image.Go = parsed.goes
	default:
		// A full version of the image is built once; every shorter one goes on to newer Go while its line lives, and stands
		// still after that.
		image.Go = table.newestOf(parsed)
		image.Moving = strings.Count(parsed.version, ".") < 2 && image.Last == ""
	}
	if ok && !listed && !strings.HasPrefix(tag, "dev-") {
		image.Published = table.beyond(parsed)
	}
	local := minor(image.Go) >= 21
	if local {
		image.Toolchain = "local"
	}
	// The image is built with the features go and node (both of version none), whose containerEnv becomes ENV.
	image.Config = dockerfile.Base{
		Env: append(golangEnv(image, local),
			"GOROOT=/usr/local/go",
			"NVM_DIR=/usr/local/share/nvm",
			"NVM_SYMLINK_CURRENT=true"),
		Workdir: "/go",
		Labels:  map[string]string{"devcontainer.metadata": goMetadata()},
	}
	image.Config.Env[0] = "PATH=/usr/local/share/nvm/current/bin:/usr/local/go/bin:/go/bin:" + strings.TrimPrefix(image.Config.Env[0], "PATH=")
	return image
}

// newestOf is the newest Go that the table has for a tag that leaves it open; newestGo where it has none.
func (t tagTable) newestOf(tag goTag) string {
	best := ""
	for _, other := range t.tags {
		if (tag.version == "" || other.version == tag.version) && (tag.distro == "" || other.distro == tag.distro) && minor(other.goes) > minor(best) {
			best = other.goes
		}
	}
	if best == "" {
		return newestGo
	}
	return best
}

// beyond says whether a tag may have come after the table: its Go or its own version is above all that the table has.
func (t tagTable) beyond(tag goTag) bool {
	newGo, newVersion := true, tag.version != ""
	for _, other := range t.tags {
		newGo = newGo && minor(tag.goes) > minor(other.goes)
		newVersion = newVersion && (other.version == "" || compareVersions(tag.version, other.version) > 0)
	}
	return newGo || newVersion
}

// goMetadata is the label of devcontainers/go as far as it matters to Go: one entry for the features that bring something,
// one for the configuration.
var goMetadata = sync.OnceValue(func() string {
	extensions := []string{"golang.Go"}
	text, err := json.Marshal([]map[string]any{
		{"id": "ghcr.io/devcontainers/features/common-utils:2"},
		{"id": "ghcr.io/devcontainers/features/git:1"},
		{
			"id":             "ghcr.io/devcontainers/features/go:1",
			"init":           true,
			"capAdd":         []string{"SYS_PTRACE"},
			"securityOpt":    []string{"seccomp=unconfined"},
			"customizations": map[string]any{"vscode": map[string]any{"extensions": extensions}},
		},
		{
			"id":             "ghcr.io/devcontainers/features/node:1",
			"customizations": map[string]any{"vscode": map[string]any{"extensions": []string{"dbaeumer.vscode-eslint"}}},
		},
		{
			"customizations": map[string]any{"vscode": map[string]any{
				"settings": map[string]any{
					"go.toolsManagement.checkForUpdates": "local",
					"go.useLanguageServer":               true,
					"go.gopath":                          "/go",
				},
				"extensions": extensions,
			}},
			"remoteUser": "vscode",
		},
	})
	if err != nil {
		panic(err) // nothing in it can fail to marshal
	}
	return string(text)
})
