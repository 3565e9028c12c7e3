package gather

import (
	"fmt"
	"maps"
	"path"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/image"
	"github.com/dcverify/dcverify/verifier/metadata"
	"github.com/dcverify/dcverify/verifier/program"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// notStarted is why most of a snapshot is absent for an image.
const notStarted = "an image is not started"

// FromImage is the snapshot of an image: what its configuration and its files decide before anything runs, laid out so that
// the checks for containers can judge it. It has the views image, container and remote; what login shells and editors make
// of them shows in a container alone.
func FromImage(img image.Image) *facts.Snapshot {
	user := metadata.User(img)
	snapshot := &facts.Snapshot{
		Target:    facts.Target{Kind: "image", Name: img.Reference, ID: img.ID},
		System:    facts.System{OS: img.OS, Arch: img.Architecture, UID: user.UID, User: user.Name, Home: user.Home, Shell: user.Shell},
		EnvFile:   facts.Absent[facts.EnvFile](notStarted),
		Shells:    facts.Absent[[]facts.Shell](notStarted),
		Extension: facts.Absent[facts.Extension](notStarted),
		Ptrace:    facts.Absent[facts.Ptrace](notStarted),
		Builds:    facts.Absent[[]facts.Build](notStarted),
		Go:        map[string]facts.Part[facts.GoCommand]{},
		Trees:     maps.Clone(img.Files.Trees),
		Tools:     map[string]facts.Part[facts.Tool]{},
		Proofs: map[string]facts.Part[facts.Proof]{
			facts.LaunchProof: facts.Absent[facts.Proof](notStarted),
			facts.AttachProof: facts.Absent[facts.Proof](notStarted),
		},
		Image: facts.Known(img),
	}
	views := metadata.Views(img)
	for _, view := range views {
		snapshot.Go[view.Name] = imageGo(img, view.Environ())
		snapshot.Views = append(snapshot.Views, imageView(view, snapshot.Go[view.Name], user))
	}
	editor := views[len(views)-1] // the nearest to what the editor's server gets
	settings := vscode.OfLabel(img.Labels[devcontainer.LabelName])
	for _, name := range []string{"dlv", "gopls"} {
		snapshot.Tools[name] = imageTool(img, name, editor.Environ(), snapshot.Go[editor.Name], settings)
	}
	return snapshot
}

// imageView lays go's defaults beneath the layers of a view, and keeps the variables that a report may show.
func imageView(view goenv.View, command facts.Part[facts.GoCommand], user image.User) goenv.View {
	env := view.Environ()
	defaults := goenv.Layer{Kind: goenv.Default, Set: map[string]string{}}
	if gopath := metadata.Gopath(env, user); env["GOPATH"] == "" && gopath != "" {
		defaults.Set["GOPATH"] = gopath
	}
	// A go that is told another root has no default: it never looks for its own.
	if c, ok := command.Get(); ok && c.Root != "" && (env["GOROOT"] == "" || env["GOROOT"] == c.Root) {
		defaults.Set["GOROOT"] = c.Root
	}
	result := goenv.View{Name: view.Name}
	for _, layer := range append([]goenv.Layer{defaults}, view.Layers...) {
		if layer = layer.Only(goenv.Variables); len(layer.Set) > 0 {
			result.Layers = append(result.Layers, layer)
		}
	}
	return result
}

// imageGo is the go that a shell with this environment would run.
func imageGo(img image.Image, env goenv.Environ) facts.Part[facts.GoCommand] {
	var refused []string
	for _, folder := range env.Path() {
		file, ok := img.Files.Programs[path.Join(folder, "go")]
		if ok && file.Executable {
			return facts.Known(facts.GoCommand{Binary: file, Root: derivedRoot(img, file)})
		}
		if ok {
			refused = append(refused, fmt.Sprintf("%s is there, but %s", file.Path, file.Problem))
		}
	}
	if len(refused) > 0 {
		return facts.Absent[facts.GoCommand](strings.Join(refused, "; "))
	}
	return facts.Absent[facts.GoCommand]("no go in PATH=" + env["PATH"])
}

// derivedRoot is the GOROOT that a go command derives of its own place: the folder above bin, links resolved, if it has
// pkg/tool (cmd/go/internal/cfg.findGOROOT).
func derivedRoot(img image.Image, file program.File) string {
	root := path.Dir(path.Dir(file.Real))
	if img.Files.Trees[root].Compiler == "" {
		return ""
	}
	return root
}

// imageTool looks for a program as the Go extension would with this environment. The settings of the label count: with one
// that names another place nothing is known, for only the usual ones are read.
func imageTool(img image.Image, name string, env goenv.Environ, command facts.Part[facts.GoCommand], settings vscode.Settings) facts.Part[facts.Tool] {
	switch {
	case settings.AlternateTools[name] != "":
		return facts.Absent[facts.Tool](fmt.Sprintf("the image's label has go.alternateTools name the %s to use, and dcverify does not look there", name))
	case settings.ToolsGopath != "":
		return facts.Absent[facts.Tool]("the image's label sets go.toolsGopath, and dcverify does not look there")
	}
	goroot := env["GOROOT"]
	if c, ok := command.Get(); ok && goroot == "" {
		goroot = c.Root
	}
	lookup := vscode.Lookup{Env: env, Executable: func(path string) bool { return img.Files.Programs[path].Executable }}
	found, searched := lookup.Tool(name, metadata.Gopath(env, metadata.User(img)), goroot)
	tool := facts.Tool{Binary: img.Files.Programs[found.Path], Why: found.Why, Searched: searched}
	if name == "gopls" && settings.NoLanguageServer {
		tool.Unused = languageServerOff
	}
	if found.Path != "" {
		return facts.Known(tool)
	}
	// A file that is there but cannot be run is worth more than "not found".
	for _, folder := range searched {
		if file, ok := img.Files.Programs[path.Join(folder, name)]; ok {
			tool.Binary = file
			break
		}
	}
	return facts.Known(tool)
}

// languageServerOff is the setting that keeps the Go extension from starting gopls.
const languageServerOff = "go.useLanguageServer is false"
