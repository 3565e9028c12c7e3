package vscode

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/jsonc"
)

// jsonFlag is what the extension takes out of GOFLAGS, lest go answer it in JSON where it reads text.
var jsonFlag = regexp.MustCompile(`(^|` + jsSpace + `+)-?-json[^` + jsSpace[1:] + `*`)

// WithoutJSON is a GOFLAGS as the tools get it (goEnv.ts, toolExecutionEnvironment).
func WithoutJSON(goflags string) string {
	if !strings.Contains(goflags, "-json") {
		return goflags
	}
	return jsonFlag.ReplaceAllString(goflags, "")
}

// WithToolFlags is an environment as gopls and the go commands of the extension get it. Delve's is another one: the extension
// hands it that of its own process, and lays over it what is in the launch request (goDebugFactory.ts, spawnDlvDapServerProcess).
func WithToolFlags(environ goenv.Environ) goenv.Environ {
	environ = environ.With()
	if goflags, ok := environ["GOFLAGS"]; ok {
		environ["GOFLAGS"] = WithoutJSON(goflags)
	}
	return environ
}

// ToolsEnvVars is the layer of the setting go.toolsEnvVars, as a process that is started with it gets it: variables are
// replaced in texts, and what is no text is made one as JavaScript does, null included (goEnv.ts, newEnvironment; Node's spawn).
// A -json of GOFLAGS goes at once; that of the environment stays for Delve, and gopls goes without (see [WithoutJSON]).
func (l Lookup) ToolsEnvVars() goenv.Layer {
	layer := goenv.Layer{Kind: goenv.ToolsEnvVars, Set: map[string]string{}, Places: l.Settings.ToolsEnvVarsPlaces}
	for name, value := range l.Settings.ToolsEnvVars {
		if l.Settings.ToolsEnvVarsNoText[name] == "" {
			value = Resolve(value, l.Workspace, l.Env)
		}
		layer.Set[name] = value
	}
	if goflags, ok := layer.Set["GOFLAGS"]; ok {
		layer.Set["GOFLAGS"] = WithoutJSON(goflags)
	}
	return layer
}

// Proxy is the layer of the setting http.proxy, which beats whatever else names a proxy (goEnv.ts, newEnvironment).
func (l Lookup) Proxy() goenv.Layer {
	layer := goenv.Layer{Kind: goenv.HTTPProxy, Set: map[string]string{}}
	if l.Settings.Proxy != "" {
		for _, name := range []string{"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"} {
			layer.Set[name] = l.Settings.Proxy
		}
	}
	return layer
}

// Requested is the layers of the settings as a launch request carries them to Delve: there a null takes the variable away,
// and with any other value that is no text Delve takes nothing of the request (service/dap/types.go, LaunchConfig.Env).
func (l Lookup) Requested() []goenv.Layer {
	setting := l.ToolsEnvVars()
	for _, name := range slices.Sorted(maps.Keys(l.Settings.ToolsEnvVarsNoText)) {
		delete(setting.Set, name)
		if l.Settings.ToolsEnvVarsNoText[name] == jsonc.Null {
			setting.Unset = append(setting.Unset, name)
			continue
		}
		if setting.Unknown == nil {
			setting.Unknown = map[string]string{}
		}
		setting.Unknown[name] = "it is no text, which Delve refuses"
	}
	return []goenv.Layer{setting, l.Proxy()}
}

// asText is a value as JavaScript makes a text of it.
func asText(node jsonc.Node) string {
	switch node.Kind {
	case jsonc.Object:
		return "[object Object]"
	case jsonc.Array:
		var parts []string
		for _, element := range node.Elements {
			part := asText(element)
			if element.Is(jsonc.Null) {
				part = ""
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, ",")
	}
	return node.Text
}

// ownProxy is the http.proxy of the remote machine's settings. In a dev container the proxy is the host's, and may be written
// in the person's own settings alone: a server that is started with --use-host-proxy, as those in containers are, makes the
// setting one of the application. Only http.useLocalProxyConfiguration, set to false, makes it one of the machine, and a
// folder never has a say (microsoft/vscode, src/vs/platform/request/common/request.ts). What the host has no container sees.
func ownProxy(machine []Setting) string {
	proxy, own := "", false
	for _, s := range machine {
		switch s.Name {
		case "http.proxy":
			proxy = ""
			if s.Value.Is(jsonc.String) {
				proxy = s.Value.Text
			}
		case "http.useLocalProxyConfiguration":
			own = s.Value.Is(jsonc.Bool) && s.Value.Text == "false"
		}
	}
	if !own {
		return ""
	}
	return proxy
}
