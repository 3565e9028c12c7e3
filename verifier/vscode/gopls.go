package vscode

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
)

// applyGopls lays one setting of gopls over the others.
func (s *Settings) applyGopls(name string, value jsonc.Node) {
	gopls := maps.Clone(s.Gopls)
	if gopls == nil {
		gopls = map[string]string{}
	}
	gopls[name] = value.JSON()
	s.Gopls = gopls
}

// InitializationOptions are those that the extension gives to gopls, as far as they decide what gopls finds: the settings of
// gopls that somebody has written, the build flags, and what the extension adds of its own (goLanguageServer.ts:873-1001).
func (s Settings) InitializationOptions() map[string]any {
	options := map[string]any{}
	for name, text := range s.Gopls {
		var value any
		if json.Unmarshal([]byte(text), &value) == nil { // what is no JSON is none of gopls' settings either
			options[name] = value
		}
	}
	if _, ok := options["build.buildFlags"]; !ok {
		flags := slices.Clone(s.BuildFlags)
		isTags := func(flag string) bool { return flag == "-tags" || strings.HasPrefix(flag, "-tags=") }
		if s.BuildTags != "" && !slices.ContainsFunc(flags, isTags) {
			flags = append(flags, "-tags", s.BuildTags)
		}
		if len(flags) > 0 {
			options["build.buildFlags"] = flags
		}
	}
	options["linkifyShowMessage"] = true
	return options
}

// texts are the texts of a JSON array.
func texts(array jsonc.Node) []string {
	var list []string
	for _, element := range array.Elements {
		if element.Is(jsonc.String) {
			list = append(list, element.Text)
		}
	}
	return list
}
