//go:build linux

package gopls

import (
	"cmp"
	_ "embed"
	"strings"
)

//go:embed module/main.go.txt
var mainSource string

// The symbol that gopls has to find.
const symbol = "fmt.Println"

// A requirement that nothing uses: go has to load the whole module to notice. It lies in the module itself, so that
// noticing needs no network.
const (
	unused       = "dcverify.test/unused"
	unusedFolder = "unused"
)

// Files are the files of the scratch module, by their path in its folder. It asks for the same Go as the workspace, so that
// the go command switches toolchains as it does there.
func Files(goVersion string) map[string]string {
	asks := "\n\ngo " + cmp.Or(goVersion, "1.18") + "\n" // any Go of today can load that
	return map[string]string{
		"go.mod":                  "module dcverify.test/gopls" + asks,
		"main.go":                 mainSource,
		unusedFolder + "/go.mod":  "module " + unused + asks,
		unusedFolder + "/none.go": "package unused\n",
	}
}

// The text that has the planted type error, and a part of every compiler's words for it.
var (
	faulty     = mainSource + "\nvar planted int = \"dcverify\"\n"
	faultyLine = strings.Count(mainSource, "\n") + 2 // after an empty line
)

const complaint = "cannot use"

// faultyModule is the go.mod with the requirement that nothing uses, and the line it stands on.
func faultyModule(text string) (faulty string, line int) {
	line = strings.Count(text, "\n") + 2 // after an empty line
	return text + "\nrequire " + unused + " v0.0.0\n\nreplace " + unused + " v0.0.0 => ./" + unusedFolder + "\n", line
}

// positionOf is the place of the last part of a qualified name in a text of ASCII, as LSP counts.
func positionOf(text, name string) position {
	at := strings.Index(text, name) + strings.LastIndexByte(name, '.') + 1
	before := text[:at]
	return position{Line: strings.Count(before, "\n"), Character: at - strings.LastIndexByte(before, '\n') - 1}
}
