package knowledge

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// State is what became of a name.
type State string

const (
	Known      State = "known"
	Deprecated State = "deprecated"
	Removed    State = "removed" // was once there and does nothing any more
	Never      State = "never"   // never was
)

// Setting is one setting of the Go extension.
type Setting struct {
	Name   string
	State  State
	Types  []string // JSON types
	Values []string // of an enumeration; empty for any
	Hint   string   // what to do instead, or since when it is gone
	Source string
}

//go:embed settings.tsv
var settingText string

const settingSource = "golang/vscode-go extension/package.json, 2026-08-21"

var settingRows = sync.OnceValue(func() map[string]Setting {
	out := map[string]Setting{}
	for _, row := range rows(settingText) {
		s := Setting{Name: row[0], State: State(row[1]), Hint: row[4], Source: settingSource}
		if row[2] != "" {
			s.Types = strings.Split(row[2], "|")
		}
		if row[3] != "" {
			s.Values = strings.Split(row[3], "|")
		}
		out[row[0]] = s
	}
	return out
})

// SettingOf is what is known of a setting by its full name. What lies below an object ("go.delveConfig.dlvFlags",
// "gopls.formatting.gofumpt") is not of the schema itself: the object is answered for, without types and values. ok is
// false for names that are not the Go extension's.
func SettingOf(name string) (Setting, bool) {
	known := settingRows()
	if s, ok := known[name]; ok {
		return s, true
	}
	for at := strings.LastIndexByte(name, '.'); at > 0; at = strings.LastIndexByte(name[:at], '.') {
		if s, ok := known[name[:at]]; ok && s.State != Removed && slices.Contains(s.Types, "object") {
			return Setting{Name: name, State: s.State, Hint: s.Hint, Source: s.Source}, true
		}
	}
	if strings.HasPrefix(name, "go.") {
		return Setting{Name: name, State: Never, Source: settingSource}, true
	}
	return Setting{}, false
}

// Allows tells whether an enumeration has a value; everything else allows every value.
func (s Setting) Allows(value string) bool {
	return len(s.Values) == 0 || slices.Contains(s.Values, value)
}

// ExtensionOf is what became of an extension id of Go, which compare without case, and its present id.
func ExtensionOf(id string) (state State, now string, ok bool) {
	const present = "golang.go"
	switch strings.ToLower(id) {
	case present:
		return Known, present, true
	case "ms-vscode.go", "lukehoban.go":
		return Removed, present, true
	case "ms-vscode.vscode-go":
		return Never, present, true
	}
	return "", "", false
}
