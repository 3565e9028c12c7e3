// Package metadata owns what the dev container label of an image means: whose environment its processes get, and which.
//
// Its one rule: it does with the label what the reference CLI does, oddities included, and says nothing about values that
// only a host can know.
package metadata

import (
	"path"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/image"
	"github.com/dcverify/dcverify/verifier/source"
)

// Label is the part of the label that decides Go's environment, its entries merged.
type Label struct {
	ContainerEnv  goenv.Environ // as it is written, nothing substituted
	RemoteEnv     goenv.Environ // as it is written, nothing substituted
	ContainerUser string
	RemoteUser    string
}

// Parse reads the label. A text that is no JSON counts for nothing, without a word, as it does for the reference CLI.
func Parse(text string) Label {
	entries, _ := devcontainer.ParseLabel(text)
	merged := devcontainer.Merge(entries)
	return Label{
		ContainerEnv: environ(merged.ContainerEnv), RemoteEnv: environ(merged.RemoteEnv),
		ContainerUser: merged.ContainerUser, RemoteUser: merged.RemoteUser,
	}
}

func environ(said []devcontainer.Variable) goenv.Environ {
	env := goenv.Environ{}
	for _, v := range said {
		env[v.Name] = v.Value
	}
	return env
}

// Substitute replaces ${containerEnv:NAME} and ${containerEnv:NAME:default} by what the container has. Whatever else is in
// braces stays as it is written. It is not known when the text needs something of the host on which a container is made.
func Substitute(text string, container goenv.Environ) (value string, known bool) {
	if devcontainer.OfHost(text) != "" {
		return "", false
	}
	value, _ = devcontainer.InContainer(container).Text(text, source.Place{})
	return value, true
}

// Views is the environments that the image alone decides, lowest layer first: the image's own and, where its label sets
// variables, those of a dev container's processes and of what dev container tools start in it. Layers hold every variable.
func Views(img image.Image) []goenv.View {
	env, _ := goenv.FromList(img.Env)
	layers := []goenv.Layer{{Kind: goenv.Image, Set: env}}
	views := []goenv.View{{Name: goenv.ImageView, Layers: layers[:1:1]}}
	label := Parse(img.Labels[devcontainer.LabelName])
	if len(label.ContainerEnv)+len(label.RemoteEnv) == 0 {
		return views
	}
	// `docker run -e` expands nothing, so that a ${containerEnv:…} in containerEnv stays as it is.
	if set := known(label.ContainerEnv, nil); len(set) > 0 {
		layers = append(layers, goenv.Layer{Kind: goenv.ContainerEnv, Set: set})
	}
	container := goenv.View{Name: goenv.ContainerView, Layers: layers[:len(layers):len(layers)]}
	if set := known(label.RemoteEnv, container.Environ()); len(set) > 0 {
		layers = append(layers, goenv.Layer{Kind: goenv.RemoteEnv, Set: set})
	}
	return append(views, container, goenv.View{Name: goenv.RemoteView, Layers: layers})
}

// known is the variables whose values do not depend on a host, substituted where there is something to take values from.
func known(env, container goenv.Environ) goenv.Environ {
	result := goenv.Environ{}
	for name, text := range env {
		value, ok := Substitute(text, container)
		if container == nil {
			value = text
		}
		if ok {
			result[name] = value
		}
	}
	return result
}

// UserName is who a dev container made of the image works as, as somebody wrote it: a name or a number, perhaps with a
// group after a colon.
func UserName(img image.Image) string {
	label := Parse(img.Labels[devcontainer.LabelName])
	for _, name := range []string{label.RemoteUser, label.ContainerUser, img.User} {
		if name != "" {
			return name
		}
	}
	return "root"
}

// Nobody is the user id of a name that the image does not know.
const Nobody = -1

// User is the account of [UserName]. A number needs no line in /etc/passwd, as for the engine; a name that has none is an
// account with the id [Nobody], which no file belongs to.
func User(img image.Image) image.User {
	name, _, _ := strings.Cut(UserName(img), ":")
	uid, err := strconv.Atoi(name)
	for _, user := range img.Files.Users {
		if user.Name == name || (err == nil && user.UID == uid) {
			return user
		}
	}
	switch {
	case err == nil:
		return image.User{Name: name, UID: uid, Home: "/"}
	case name == "root":
		return image.User{Name: name, Home: "/root"} // an image without /etc/passwd
	}
	return image.User{Name: name, UID: Nobody, GID: Nobody}
}

// Home is the home folder that the user's processes are told in the environment: HOME, which engines fill in from
// /etc/passwd. It is empty when it is not known.
func Home(env goenv.Environ, user image.User) string {
	if home := env["HOME"]; home != "" {
		return home
	}
	return user.Home
}

// Gopath is the GOPATH that go uses in the environment: go in the home folder when nobody sets one. It is empty when
// it is not known.
func Gopath(env goenv.Environ, user image.User) string {
	if gopath := env["GOPATH"]; gopath != "" {
		return gopath
	}
	if home := Home(env, user); home != "" {
		return path.Join(home, "go")
	}
	return ""
}
