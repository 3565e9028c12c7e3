package checks

import (
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/knowledge"
)

// delvePaths is what people install Delve by; the older one is redirected on GitHub.
var delvePaths = []string{"github.com/go-delve/delve", "github.com/derekparker/delve"}

// neededGo tells what a tool asks of Go, where the running one does not do; false where it does, or where the tool is not
// known. Delve has a window of its own, which it holds the program against that it debugs; of the others their go.mod counts.
func neededGo(importPath, version, running string) (toolNeed, bool) {
	importPath = strings.TrimSuffix(importPath, "/...")
	latest := version == "" || version == "latest" || version == "upgrade" || version == "master" || version == "main"
	for _, module := range delvePaths {
		if importPath != module && importPath != module+"/cmd/dlv" {
			continue
		}
		window, ok := knowledge.NewestDelve(), true
		if !latest {
			window, ok = knowledge.DelveOf(version)
		}
		need := toolNeed{module: module, version: window.Version, fitting: fittingDelve(running), source: "delve's pkg/goversion/compat.go"}
		switch {
		case !ok:
			return toolNeed{}, false
		case tooOld(running, window.Least):
			need.least = window.Least
		case goenv.CompareVersions(goenv.Minor(running), window.Most) > 0:
			need.most = window.Most
		default:
			return toolNeed{}, false
		}
		return need, true
	}
	if latest {
		version = "latest"
	}
	least, resolved, ok := knowledge.MinGo(importPath, version)
	if !ok || least == "" || !tooOld(running, least) {
		return toolNeed{}, false
	}
	need := toolNeed{module: importPath, version: resolved, least: least}
	need.fitting, _ = knowledge.NewestFitting(importPath, running)
	if tool, ok := knowledge.ToolOf(importPath); ok {
		need.module, need.source = tool.Module, tool.Source
	}
	if day, ok := knowledge.News(importPath, running); ok && latest {
		need.since = day
	}
	return need, true
}
