package resolve

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/source"
	"github.com/dcverify/dcverify/verifier/vscode"
)

// readSettings reads what the editor will be told: by the image's label, the features, devcontainer.json and the folder.
func (r *resolver) readSettings() {
	add := func(settings []vscode.Setting, extensions []vscode.Extension) {
		r.project.Settings = append(r.project.Settings, settings...)
		r.project.Extensions = append(r.project.Extensions, extensions...)
	}
	for _, entry := range r.project.Label {
		add(vscode.ReadCustomizations(entry.Root, vscode.LabelLayer))
	}
	for _, feature := range r.project.Features {
		add(vscode.ReadCustomizations(feature.Manifest, vscode.FeatureLayer(feature.Reference)))
	}
	add(vscode.ReadDevContainer(r.project.Config.Root))
	if root, ok := r.json(".vscode/settings.json"); ok {
		add(vscode.ReadSettings(root, vscode.FolderLayer), nil)
	}
	if root, ok := r.json(".vscode/extensions.json"); ok {
		add(nil, vscode.ReadExtensions(root.Get("recommendations"), vscode.RecommendedLayer))
	}
	if root, ok := r.json(".vscode/launch.json"); ok {
		r.project.Launch = vscode.ReadLaunch(root)
	}
	files, _ := fs.Glob(r.workspace, path.Join(r.folder, "*.code-workspace"))
	for _, name := range files {
		if file, err := source.Read(r.workspace, name); err == nil {
			root, _ := jsonc.Read(file)
			settings, extensions, launch := vscode.ReadWorkspaceFile(root)
			add(settings, extensions)
			r.project.Launch = append(r.project.Launch, launch...)
		}
	}
	r.findNamed()
}

// findNamed asks for the files of the workspace that launch configurations and settings name.
func (r *resolver) findNamed() {
	ask := func(text string) {
		if name, ok := r.project.Named(text); ok {
			r.exists(name)
		}
	}
	for _, configuration := range r.project.Launch {
		for _, file := range configuration.EnvFiles() {
			ask(file.Text)
		}
		if program := configuration.Root.Get("program").Text; r.isMissing(program) {
			ask(program)
		}
	}
	for _, setting := range r.project.Settings {
		if setting.Name == "go.alternateTools" {
			for _, tool := range setting.Value.Members {
				ask(tool.Value.Text)
			}
		}
	}
}

// isMissing tells whether there is no program where a launch configuration names one, in the midst of other Go sources: where there
// are none, what is read may be without all sources.
func (r *resolver) isMissing(program string) bool {
	name, ok := r.project.Named(program)
	if !ok {
		return false
	}
	if _, err := fs.Stat(r.workspace, name); err == nil {
		return false
	}
	sources := func(folder string) bool {
		entries, _ := fs.ReadDir(r.workspace, folder)
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return path.Ext(e.Name()) == ".go" })
	}
	folder := path.Dir(name)
	if path.Ext(name) == ".go" {
		return sources(folder)
	}
	entries, _ := fs.ReadDir(r.workspace, folder)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && sources(path.Join(folder, e.Name())) })
}

// json reads a file of the project's folder that editors read; what is wrong with it is a problem.
func (r *resolver) json(name string) (jsonc.Node, bool) {
	name = path.Join(r.folder, name)
	file, err := source.Read(r.workspace, name)
	if err != nil || strings.TrimSpace(file.Text) == "" {
		return jsonc.Node{}, false
	}
	root, problems := jsonc.Read(file)
	for _, p := range problems {
		r.problem(p.Kind, p.Message, p.Place)
	}
	return root, true
}
