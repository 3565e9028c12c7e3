// Package goenv owns the layers that a Go environment is made of and their order in each view.
//
// Its one rule: the last layer that sets a variable wins, and every value keeps what it beat. Beneath the process
// environment lie three layers that only the go command reads; for it the order, highest first, is
//
//	process environment, if not empty     os.Getenv
//	the `go env -w` file                  $GOENV, or go/env in the user's configuration folder
//	$GOROOT/go.env                        since Go 1.21; its GOROOT line is ignored
//	the default                           what `go env` prints with nothing set
//
// An empty value in the process environment counts as not set (cmd/go/internal/cfg.Getenv).
package goenv

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// The views, in the order in which a dev container makes them.
const (
	ImageView     = "image"     // the image's config, features included
	ContainerView = "container" // PID 1 and `docker exec`
	LoginView     = "login"     // a login shell of the remote user, ssh, `su -`
	RemoteView    = "remote"    // lifecycle commands, `devcontainer exec`, the editor's server
	TerminalView  = "terminal"  // the editor's terminal: remote and what the Go extension adds
	ToolsView     = "tools"     // gopls and Delve as the Go extension starts them
	DebuggeeView  = "debuggee"  // the program that the editor debugs: tools, envFile and the env of launch.json
)

// Views is every view that runs a go command, in order. What F5 debugs runs none: DebuggeeView is not among them, and is
// shown behind them.
var Views = []string{ImageView, ContainerView, LoginView, RemoteView, TerminalView, ToolsView}

// The kinds of layers, lowest first.
const (
	Default      = "default"       // the go command's own
	GorootEnv    = "goroot-go.env" // $GOROOT/go.env
	UserEnvFile  = "go-env-file"   // what `go env -w` wrote
	Image        = "image"         // base image, features' containerEnv, Dockerfile ENV: the image's config
	Dockerfile   = "dockerfile"    // that part of the image's config which the workspace's Dockerfile is seen to set
	Feature      = "feature"       // a feature's containerEnv, where the files are read and not the image
	EnvFile      = "env_file"      // of a compose service
	Compose      = "compose"       // environment of a compose service
	Label        = "label"         // containerEnv or remoteEnv in the metadata label of the image
	ContainerEnv = "containerEnv"  // devcontainer.json containerEnv; in a container also runArgs -e and compose
	RunArgs      = "runArgs"       // -e and --env-file among devcontainer.json's runArgs
	LoginFiles   = "login-files"   // /etc/profile and its kin, as a shell or the userEnvProbe reads them
	RemoteEnv    = "remoteEnv"     // devcontainer.json remoteEnv
	ToolsEnvVars = "toolsEnvVars"  // the editor's go.toolsEnvVars setting
	HTTPProxy    = "http.proxy"    // the editor's setting, which the Go extension hands to its tools
	Extension    = "go-extension"  // what the Go extension changes on its own: PATH prefix, exported go env
	Delve        = "delve"         // what dlv sets before it starts a program
	LaunchFile   = "envFile"       // a file that envFile of a debug configuration names
	LaunchEnv    = "launch.json"   // env of a debug configuration
	Process      = "process"       // an environment whose layers cannot be told apart
)

// onlyForGo tells the layers that the go command alone reads.
func onlyForGo(kind string) bool { return kind == Default || kind == GorootEnv || kind == UserEnvFile }

// Variables is every variable that the go command reads as configuration, and PATH, which decides which go runs. Values
// of other variables are nobody's business and never leave the program.
var Variables = []string{
	"GOROOT", "GOPATH", "GOBIN", "GOTOOLCHAIN", "GOFLAGS", "GOENV", "GOWORK", "GO111MODULE", "GOMODCACHE", "GOCACHE",
	"GOCACHEPROG", "GOTMPDIR", "GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOVCS", "GOAUTH",
	"GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GODEBUG", "GOTELEMETRY", "GOTRACEBACK",
	"CGO_ENABLED", "CC", "CXX", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS", "PATH",
}

// Layer is one place that sets variables, and what it sets.
type Layer struct {
	Kind   string                  `json:"layer"`
	Name   string                  `json:"name,omitempty"` // which one, where there may be several: a feature, an image
	Set    map[string]string       `json:"set,omitempty"`
	Unset  []string                `json:"unset,omitempty"`  // removed by this layer, as login files can
	Places map[string]source.Place `json:"places,omitempty"` // where each variable is written, as far as that is known

	Assumed string            `json:"assumed,omitempty"` // whose word the values are, when nobody has looked: a table, with its date
	Locked  string            `json:"locked,omitempty"`  // to which release a lock file holds it, where it is another than the newest or that is not known
	Unknown map[string]string `json:"unknown,omitempty"` // variables that the layer sets to something that is not known, and why
	Unseen  string            `json:"unseen,omitempty"`  // why the whole layer is not known; any variable may be set by it
}

// View is the environment of one process class: its layers, lowest first.
type View struct {
	Name    string  `json:"name"`
	Unknown string  `json:"unknown,omitempty"` // why the view is not known; then there are no layers
	Layers  []Layer `json:"layers,omitempty"`
}

// Origin is a layer's say about one variable.
type Origin struct {
	Layer   string
	Name    string // which one of several layers of that kind
	Value   string
	Place   source.Place
	Assumed string // whose word it is, when nobody has looked
	Locked  string // to which release a lock file holds the layer
}

// Value is one variable in one view, explained.
type Value struct {
	Unknown   string   // why what the go command uses is not known; the rest then says what is known of it
	Set       bool     // in the process environment
	Value     string   // there
	Effective string   // what the go command uses
	Origin    Origin   // who decided the effective value; the zero Origin when nobody sets it and no default is known
	Shadows   []Origin // who else sets it, from the strongest to the weakest
}

// says is what one kind of layers, those of the process environment or those for the go command alone, comes to.
type says struct {
	origins []Origin // every say, the strongest last
	set     bool     // the last of them is in force: nothing removed it
	unknown string   // why it is not known what is in force
}

// hear adds a layer. A known say settles what was unknown below it; a layer that nobody has seen may beat every say below.
func (s *says) hear(layer Layer, name string) {
	if slices.Contains(layer.Unset, name) {
		s.set, s.unknown = false, ""
	}
	value, said := layer.Set[name]
	why, hidden := layer.Unknown[name]
	switch {
	case said || hidden:
		s.set, s.unknown = true, why
		if hidden {
			s.unknown = cmp.Or(why, "not known")
		}
		s.origins = append(s.origins, Origin{Layer: layer.Kind, Name: layer.Name, Value: value, Place: layer.Places[name], Assumed: layer.Assumed, Locked: layer.Locked})
	case layer.Unseen != "":
		s.unknown = layer.Unseen
	}
}

// Lookup explains one variable. It is unknown where the topmost layer that speaks about it sets something unknown, or
// where a layer above that one was not seen; what is known then still tells who speaks.
func (v View) Lookup(name string) Value {
	var environment, command says
	for _, layer := range v.Layers {
		if onlyForGo(layer.Kind) {
			command.hear(layer, name)
		} else {
			environment.hear(layer, name)
		}
	}
	var result Value
	winner := -1
	ranked := slices.Concat(command.origins, environment.origins)
	slices.Reverse(ranked)
	if result.Set = environment.set; result.Set {
		winner, result.Value = 0, ranked[0].Value
	}
	result.Unknown = environment.unknown
	// What the environment leaves empty, the layers beneath decide.
	if result.Value == "" && result.Unknown == "" {
		result.Unknown = command.unknown
		if len(command.origins) > 0 {
			winner = len(environment.origins)
		}
	} else if winner < 0 && len(command.origins) > 0 {
		winner = len(environment.origins)
	}
	if winner < 0 {
		result.Shadows = ranked
		return result
	}
	result.Origin = ranked[winner]
	result.Effective = ranked[winner].Value
	result.Shadows = slices.Delete(slices.Clone(ranked), winner, winner+1)
	return result
}

// Environ is the process environment of the view: what its layers leave, without those that only the go command reads. Of a
// variable that is not known it holds what is known, which may be nothing.
func (v View) Environ() Environ {
	result := Environ{}
	for _, layer := range v.Layers {
		if onlyForGo(layer.Kind) {
			continue
		}
		for _, name := range layer.Unset {
			delete(result, name)
		}
		for name := range layer.Unknown {
			delete(result, name)
		}
		maps.Copy(result, layer.Set)
	}
	return result
}

// Goroot is the GOROOT that the view declares: from its environment or the `go env -w` file, never a default, and never one
// that is not known.
func (v View) Goroot() (Value, bool) {
	value := v.Lookup("GOROOT")
	declared := value.Unknown == "" && value.Effective != "" && value.Origin.Layer != Default && value.Origin.Layer != GorootEnv
	return value, declared
}

// Difference is the layer of the given kind that turns one environment into another.
func Difference(kind string, from, to Environ) Layer {
	layer := Layer{Kind: kind, Set: map[string]string{}}
	for name, value := range to {
		if old, ok := from[name]; !ok || old != value {
			layer.Set[name] = value
		}
	}
	for name := range from {
		if _, ok := to[name]; !ok {
			layer.Unset = append(layer.Unset, name)
		}
	}
	slices.Sort(layer.Unset)
	return layer
}

// Declaration is a variable as a file sets it, with its place.
type Declaration struct {
	Value string
	Place source.Place
}

// Declare gives the layer the places that files are known to have for its variables. A declaration with the value that
// a lower layer has already is part of this layer too, although no process can see that.
func (l *Layer) Declare(declarations map[string]Declaration, result Environ) {
	for name, declared := range declarations {
		if value, ok := l.Set[name]; !ok && result[name] == declared.Value {
			l.Set[name] = declared.Value
		} else if !ok || (value != declared.Value && !strings.Contains(declared.Value, "$")) {
			continue // the container runs with another text: the file was changed since it was made
		}
		if l.Places == nil {
			l.Places = map[string]source.Place{}
		}
		l.Places[name] = declared.Place
	}
}

// Only keeps the variables that a report may show.
func (l Layer) Only(names []string) Layer {
	kept := l
	kept.Set = map[string]string{}
	kept.Unset = nil
	kept.Unknown = nil
	for _, name := range names {
		if value, ok := l.Set[name]; ok {
			kept.Set[name] = value
		}
		if why, ok := l.Unknown[name]; ok {
			if kept.Unknown == nil {
				kept.Unknown = map[string]string{}
			}
			kept.Unknown[name] = why
		}
		if slices.Contains(l.Unset, name) {
			kept.Unset = append(kept.Unset, name)
		}
	}
	return kept
}
