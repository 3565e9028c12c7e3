package metadata

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/image"
)

func TestParse(t *testing.T) {
	env := func(entries ...string) goenv.Environ { return goenv.Environ{}.With(entries...) }
	for text, want := range map[string]Label{
		"":                      {ContainerEnv: env(), RemoteEnv: env()},
		"[]":                    {ContainerEnv: env(), RemoteEnv: env()},
		"null":                  {ContainerEnv: env(), RemoteEnv: env()},
		"not json":              {ContainerEnv: env(), RemoteEnv: env()},
		`[{"remoteUser":"a"},]`: {ContainerEnv: env(), RemoteEnv: env()}, // strict JSON, as for the reference CLI
		`"text"`:                {ContainerEnv: env(), RemoteEnv: env()},
		`{"remoteUser":"one"}`:  {ContainerEnv: env(), RemoteEnv: env(), RemoteUser: "one"},
		`[{"remoteUser":"a","containerUser":"b"},7,null,{"remoteUser":""},{"containerUser":"c"},{"REMOTEUSER":"d"},{"remoteUser":0}]`: {
			ContainerEnv: env(), RemoteEnv: env(), RemoteUser: "a", ContainerUser: "c"},
		`[{"containerEnv":{"A":"1","B":"2"}},{"containerEnv":{"B":"3"},"remoteEnv":{"C":"4"}},{"containerEnv":null}]`: {
			ContainerEnv: env("A=1", "B=3"), RemoteEnv: env("C=4")},
		`[{"remoteEnv":{"A":"real","N":7,"T":true,"E":""}},{"remoteEnv":{"A":null}}]`: {
			ContainerEnv: env(), RemoteEnv: env("A=null", "N=7", "T=true", "E=")},
	} {
		if diff := cmp.Diff(want, Parse(text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestSubstitute(t *testing.T) {
	container := goenv.Environ{"PATH": "/usr/bin", "EMPTY": "", "AGAIN": "${containerEnv:AGAIN}"}
	for text, want := range map[string]string{
		"":                        "",
		"plain $HOME ~ ${HOME}":   "plain $HOME ~ ${HOME}",
		"/x:${containerEnv:PATH}": "/x:/usr/bin",
		"${containerEnv:PATH}${containerEnv:PATH}": "/usr/bin/usr/bin",
		"${containerEnv:NONE}":                     "",
		"${containerEnv:NONE:d}":                   "d",
		"${containerEnv:NONE:http://p:80}":         "http",
		"${containerEnv:EMPTY:d}":                  "",
		"${containerEnv:AGAIN}":                    "${containerEnv:AGAIN}", // one pass
		"${containerEnv}":                          "${containerEnv}",       // where the reference CLI stops
		"${containerenv:PATH} ${remoteEnv:X}":      "${containerenv:PATH} ${remoteEnv:X}",
		"$${containerEnv:PATH}":                    "$/usr/bin",
		"open ${containerEnv:PATH":                 "open ${containerEnv:PATH",
	} {
		if got, known := Substitute(text, container); got != want || !known {
			t.Errorf("%q is %q, %v; want %q", text, got, known, want)
		}
	}
	for _, text := range []string{"${localEnv:X}", "a${localEnv:X:d}b", "${env:X}", "${devcontainerId}", "${localWorkspaceFolderBasename}", "${containerWorkspaceFolder}/bin:${containerEnv:PATH}"} {
		if got, known := Substitute(text, container); known {
			t.Errorf("%q is %q; no image can know that", text, got)
		}
	}
}

func TestViews(t *testing.T) {
	img := image.Image{Env: []string{"PATH=/usr/bin", "GOPATH=/go"}}
	views := Views(img)
	if len(views) != 1 || views[0].Name != goenv.ImageView || views[0].Environ()["GOPATH"] != "/go" {
		t.Errorf("without a label: %+v", views)
	}
	img.Labels = map[string]string{devcontainer.LabelName: `[{"containerEnv":{"GOROOT":"/c","GOPROXY":"${localEnv:GOPROXY}","LIT":"${containerEnv:PATH}"},
		"remoteEnv":{"PATH":"${containerEnv:GOROOT}/bin:${containerEnv:PATH}","GOPATH":null}}]`}
	want := []goenv.View{
		{Name: goenv.ImageView, Layers: []goenv.Layer{{Kind: goenv.Image, Set: goenv.Environ{"PATH": "/usr/bin", "GOPATH": "/go"}}}},
		{Name: goenv.ContainerView, Layers: []goenv.Layer{
			{Kind: goenv.Image, Set: goenv.Environ{"PATH": "/usr/bin", "GOPATH": "/go"}},
			{Kind: goenv.ContainerEnv, Set: goenv.Environ{"GOROOT": "/c", "LIT": "${containerEnv:PATH}"}},
		}},
		{Name: goenv.RemoteView, Layers: []goenv.Layer{
			{Kind: goenv.Image, Set: goenv.Environ{"PATH": "/usr/bin", "GOPATH": "/go"}},
			{Kind: goenv.ContainerEnv, Set: goenv.Environ{"GOROOT": "/c", "LIT": "${containerEnv:PATH}"}},
			{Kind: goenv.RemoteEnv, Set: goenv.Environ{"PATH": "/c/bin:/usr/bin", "GOPATH": "null"}},
		}},
	}
	if diff := cmp.Diff(want, Views(img)); diff != "" {
		t.Errorf("with a label (-want +got):\n%s", diff)
	}
	img.Labels[devcontainer.LabelName] = `{"remoteEnv":{"A":"b"}}`
	if views := Views(img); len(views) != 3 || len(views[1].Layers) != 1 || len(views[2].Layers) != 2 {
		t.Errorf("with remoteEnv alone: %+v", views)
	}
}

func TestUser(t *testing.T) {
	users := []image.User{{Name: "root", Home: "/root"}, {Name: "vscode", UID: 1000, GID: 1000, Home: "/home/vscode"}}
	for _, test := range []struct {
		user, label string
		users       []image.User
		want        image.User
	}{
		{want: image.User{Name: "root", Home: "/root"}},
		{users: users, want: users[0]},
		{user: "1000", users: users, want: users[1]},
		{user: "vscode:adm", users: users, want: users[1]},
		{user: "2000:3000", users: users, want: image.User{Name: "2000", UID: 2000, Home: "/"}},
		{user: "gone", users: users, want: image.User{Name: "gone", UID: Nobody, GID: Nobody}},
		{user: "gone", label: `{"containerUser":"vscode"}`, users: users, want: users[1]},
		{user: "gone", label: `[{"remoteUser":"vscode"},{"containerUser":"root"}]`, users: users, want: users[1]},
	} {
		got := User(image.Image{User: test.user, Labels: map[string]string{devcontainer.LabelName: test.label}, Files: image.Files{Users: test.users}})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test, diff)
		}
	}
}

func TestGopath(t *testing.T) {
	me := image.User{Name: "me", Home: "/home/me"}
	for _, test := range []struct {
		env  goenv.Environ
		user image.User
		want string
	}{
		{nil, me, "/home/me/go"},
		{goenv.Environ{"GOPATH": ""}, me, "/home/me/go"},
		{goenv.Environ{"HOME": "/h"}, me, "/h/go"},
		{goenv.Environ{"GOPATH": "/a:/b"}, me, "/a:/b"},
		{nil, image.User{Name: "gone", UID: Nobody}, ""},
	} {
		if got := Gopath(test.env, test.user); got != test.want {
			t.Errorf("%v, %s: %q, want %q", test.env, test.user.Name, got, test.want)
		}
	}
}
