//go:build linux

package gopls

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// The part of the Language Server Protocol 3.17 that a proof speaks. Lines and characters begin with 0.

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type span struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

type location struct {
	URI   string `json:"uri"`
	Range span   `json:"range"`
}

type textDocument struct {
	URI        string `json:"uri"`
	LanguageID string `json:"languageId,omitempty"`
	Version    int    `json:"version,omitempty"`
	Text       string `json:"text,omitempty"`
}

type didOpen struct {
	TextDocument textDocument `json:"textDocument"`
}

type didChange struct {
	TextDocument   textDocument `json:"textDocument"`
	ContentChanges []change     `json:"contentChanges"`
}

// change without a range is the whole text.
type change struct {
	Text string `json:"text"`
}

type didSave struct {
	TextDocument textDocument `json:"textDocument"`
}

type textPosition struct {
	TextDocument textDocument `json:"textDocument"`
	Position     position     `json:"position"`
}

type diagnostics struct {
	URI         string       `json:"uri"`
	Version     int          `json:"version"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

type diagnostic struct {
	Range    span   `json:"range"`
	Severity int    `json:"severity"` // 1 is an error
	Source   string `json:"source"`
	Message  string `json:"message"`
}

func (d diagnostic) String() string {
	return fmt.Sprintf("line %d: %s", d.Range.Start.Line+1, oneLine(d.Message))
}

const severityError = 1

type message struct {
	Type    int    `json:"type"` // 1 is an error
	Message string `json:"message"`
}

type progress struct {
	Token any `json:"token"`
	Value struct {
		Kind    string `json:"kind"` // begin, report, end
		Title   string `json:"title"`
		Message string `json:"message"`
	} `json:"value"`
}

type initialized struct {
	ServerInfo struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"serverInfo"`
}

// version is that of the main module: gopls tells its whole build information there, as JSON.
func (i initialized) version() string {
	var build struct {
		Version string // before gopls 0.10
		Main    struct{ Version string }
	}
	text := i.ServerInfo.Version
	if json.Unmarshal([]byte(text), &build) != nil {
		return text
	}
	if build.Main.Version != "" {
		return build.Main.Version
	}
	return build.Version
}

// capabilities are those of the editor as far as gopls asks for them here: it reports its progress and its diagnostics only
// to those who say that they understand them.
func capabilities() map[string]any {
	return map[string]any{
		"window":    map[string]any{"workDoneProgress": true, "showMessage": map[string]any{}},
		"workspace": map[string]any{"configuration": true, "workspaceFolders": true, "applyEdit": true},
		"textDocument": map[string]any{
			"publishDiagnostics": map[string]any{"versionSupport": true, "relatedInformation": true},
			"hover":              map[string]any{"contentFormat": []string{"markdown", "plaintext"}},
			"definition":         map[string]any{},
			"synchronization":    map[string]any{"didSave": true},
		},
	}
}

// locations decodes the answer to a question for a definition: null, one place, or several.
func locations(answer json.RawMessage) ([]location, error) {
	var several []location
	var one location
	if err := json.Unmarshal(answer, &several); err == nil {
		return several, nil
	}
	if err := json.Unmarshal(answer, &one); err != nil {
		return nil, err
	}
	return []location{one}, nil
}

// hoverText is the text of a hover, in whichever of its forms it comes.
func hoverText(answer json.RawMessage) string {
	var hover struct {
		Contents json.RawMessage `json:"contents"`
	}
	var markup struct {
		Value string `json:"value"`
	}
	var plain string
	switch {
	case json.Unmarshal(answer, &hover) != nil:
		return ""
	case json.Unmarshal(hover.Contents, &markup) == nil:
		return markup.Value
	case json.Unmarshal(hover.Contents, &plain) == nil:
		return plain
	}
	return string(hover.Contents)
}

func fileURI(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// filePath is empty for what is no file of this machine.
func filePath(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	return u.Path
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// decode reads an answer; one of another form is the server's mistake.
func decode(answer json.RawMessage, into any) error {
	if err := json.Unmarshal(answer, into); err != nil {
		return wrong("the answer cannot be understood: " + err.Error())
	}
	return nil
}
