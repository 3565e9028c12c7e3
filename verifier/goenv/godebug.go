package goenv

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// GodebugKey is one entry of GODEBUG, "gctrace=1".
type GodebugKey struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Bare  bool   `json:"bare,omitempty"` // there is no equals sign: the runtime passes over the entry
}

// SplitGodebug splits a GODEBUG as the runtime does, at commas and at the first equals sign: blanks belong to the names
// (runtime/runtime1.go, parsegodebug).
func SplitGodebug(text string) []GodebugKey {
	var keys []GodebugKey
	for entry := range strings.SplitSeq(text, ",") {
		if entry == "" {
			continue
		}
		name, value, ok := strings.Cut(entry, "=")
		keys = append(keys, GodebugKey{Name: name, Value: value, Bare: !ok})
	}
	return keys
}

// GodebugSetting is a setting that a Go knows.
type GodebugSetting struct {
	Name      string `json:"name"`
	Package   string `json:"package,omitempty"`   // that reads it; "runtime" for those of the runtime
	Runtime   bool   `json:"runtime,omitempty"`   // a variable of the runtime, which takes whole numbers alone
	Immutable bool   `json:"immutable,omitempty"` // read once, at the start
	Removed   int    `json:"removed,omitempty"`   // minor version of the Go that took it away, where it is known by that alone
}

// Godebugs is every setting that one Go knows, sorted by name.
type Godebugs []GodebugSetting

// Find returns the setting of that name.
func (g Godebugs) Find(name string) (GodebugSetting, bool) {
	// cpu.avx2=off and its like are for internal/cpu, which complains by itself about features that it does not know.
	if strings.HasPrefix(name, "cpu.") {
		return GodebugSetting{Name: name, Package: "runtime", Immutable: true}, true
	}
	at, ok := slices.BinarySearchFunc(g, name, func(s GodebugSetting, name string) int { return cmp.Compare(s.Name, name) })
	if !ok {
		return GodebugSetting{}, false
	}
	return g[at], true
}

// Effect is when a setting takes effect in a program.
type Effect string

// The effects.
const (
	AtStart    Effect = "at start"     // the runtime reads it before the program runs
	AtFirstUse Effect = "at first use" // the package asks for it when it comes to the matter
	ForGo      Effect = "go command"   // only the go command reads it, which builds the program
	Never      Effect = "never"        // no package of the program reads it
)

// Effect tells when the setting takes effect in a program whose packages are known; nil where they are not.
func (s GodebugSetting) Effect(packages map[string]bool) Effect {
	switch {
	case s.Removed > 0:
		return Never
	case strings.HasPrefix(s.Package, "cmd/"):
		return ForGo
	case s.Runtime, s.Package == "runtime", s.Package == "", s.Immutable:
		return AtStart
	case packages != nil && !packages[s.Package]:
		return Never
	}
	return AtFirstUse
}

// undocumented are settings that the standard library reads and its table leaves out: it asks for them with a # in front
// (internal/godebug, New).
var undocumented = []GodebugSetting{
	{Name: "cmdgonetlimit", Package: "cmd/go"},
	{Name: "execwait", Package: "os/exec"},
	{Name: "fuzzdebug", Package: "internal/fuzz"},
	{Name: "gofsystrace", Package: "cmd/go"},
	{Name: "gofsystracelog", Package: "cmd/go"},
	{Name: "gofsystracestack", Package: "cmd/go"},
	{Name: "goindex", Package: "cmd/go"},
	{Name: "gotoolchainexec", Package: "cmd/go"},
	{Name: "multipartfiles", Package: "mime/multipart"},
	{Name: "toolchaintrace", Package: "cmd/go"},
	{Name: "memprofilerate", Package: "runtime", Runtime: true}, // no entry of dbgvars: parsegodebug knows it by name
}

// ReadGodebugs reads the settings that a Go knows from its own sources: the table of internal/godebugs/table.go, which came
// with Go 1.21, and the variables of runtime/runtime1.go. A file that is no Go source adds nothing.
func ReadGodebugs(table, runtime source.File) Godebugs {
	byName := map[string]GodebugSetting{}
	for _, s := range undocumented {
		byName[s.Name] = s
	}
	for _, entry := range entries(table, "Removed") {
		removed, _ := strconv.Atoi(entry["Removed"])
		byName[entry["Name"]] = GodebugSetting{Name: entry["Name"], Removed: max(removed, 1)}
	}
	for _, entry := range entries(table, "All") {
		byName[entry["Name"]] = GodebugSetting{Name: entry["Name"], Package: entry["Package"], Immutable: entry["Immutable"] == "true"}
	}
	for _, entry := range entries(runtime, "dbgvars") {
		name := cmp.Or(entry["name"], entry["0"])
		setting := byName[name]
		setting.Name, setting.Runtime, setting.Removed = name, true, 0
		setting.Package = cmp.Or(setting.Package, "runtime")
		byName[name] = setting
	}
	delete(byName, "")
	if len(byName) == len(undocumented) {
		return nil // nothing was read
	}
	var all Godebugs
	for _, s := range byName {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b GodebugSetting) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// entries reads the literals of a slice variable: the plain fields of each element, by name, or by number where none is
// written.
func entries(file source.File, variable string) []map[string]string {
	parsed, _ := parser.ParseFile(token.NewFileSet(), file.Name, file.Text, parser.SkipObjectResolution)
	if parsed == nil {
		return nil
	}
	var found []map[string]string
	for _, declaration := range parsed.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.VAR {
			continue
		}
		for _, spec := range general.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok || len(value.Names) != 1 || value.Names[0].Name != variable || len(value.Values) != 1 {
				continue
			}
			list, ok := value.Values[0].(*ast.CompositeLit)
			if !ok {
				continue
			}
			for _, element := range list.Elts {
				if pointer, ok := element.(*ast.UnaryExpr); ok {
					element = pointer.X
				}
				if literal, ok := element.(*ast.CompositeLit); ok {
					found = append(found, fields(literal))
				}
			}
		}
	}
	return found
}

func fields(literal *ast.CompositeLit) map[string]string {
	entry := map[string]string{}
	for i, element := range literal.Elts {
		name := strconv.Itoa(i)
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			key, ok := pair.Key.(*ast.Ident)
			if !ok {
				continue
			}
			name, element = key.Name, pair.Value
		}
		switch value := element.(type) {
		case *ast.BasicLit:
			entry[name] = value.Value
			if text, err := strconv.Unquote(value.Value); err == nil && value.Kind == token.STRING {
				entry[name] = text
			}
		case *ast.Ident:
			entry[name] = value.Name
		}
	}
	return entry
}
