package resolve

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/jsonc"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/source"
)

// readFeatures puts the features into the order in which the reference CLI installs them, with their manifests as far as
// they are at hand.
func (r *resolver) readFeatures() {
	used := devcontainer.UserFeatures(r.root)
	if len(used) == 0 {
		return
	}
	var override []string
	for _, name := range r.root.Get("overrideFeatureInstallOrder").Elements {
		override = append(override, name.Text)
	}
	r.readLock()
	features, problems := devcontainer.Order(used, r.Config, r.opened(), override, r.manifest)
	for _, p := range problems {
		r.problem(p.Kind, p.Message, p.Place)
	}
	r.project.Features = features
	for _, p := range r.lock.Unread(features) {
		r.problem(p.Kind, p.Message, p.Place)
	}
}

// opened is the folder that the host's tool opens, inside of the files that are at hand.
func (r *resolver) opened() string {
	inside, ok := strings.CutPrefix(r.Host.Config, r.Host.Workspace+"/")
	if !ok || !strings.HasSuffix(r.Config, inside) {
		return r.folder
	}
	return path.Clean(strings.TrimSuffix(r.Config, inside))
}

// manifest is the devcontainer-feature.json of a feature: its own, somebody's who has it, or the table's.
func (r *resolver) manifest(feature devcontainer.Feature) devcontainer.Manifest {
	if feature.Kind == "local" {
		r.exists(feature.Folder)
		return devcontainer.LocalManifest(r.workspace, feature.Folder)
	}
	locked, problem := r.lock.Of(feature)
	if problem != nil {
		r.stopped(*problem)
		return devcontainer.Manifest{Unknown: problem.Message}
	}
	if locked.Digest == "" {
		return r.published(feature)
	}
	return r.lockedManifest(feature, locked)
}

// published is the manifest of a feature that somebody offers, as its Address names it.
func (r *resolver) published(feature devcontainer.Feature) devcontainer.Manifest {
	if address := feature.Address(); r.Feature != nil && address != "" {
		text, err := r.askFeature(address)
		switch {
		case err == nil:
			root, _ := jsonc.Read(source.File{Name: feature.Reference, Text: text})
			return devcontainer.Manifest{Root: devcontainer.WithoutPlaces(root)}
		case errors.Is(err, fs.ErrNotExist):
			return devcontainer.Manifest{Missing: true, Unknown: "there is no feature " + feature.Reference + ": " + err.Error()}
		}
	}
	return tabled(feature)
}

// tabled is what the table knows of a feature. It knows nothing of digests, but of the version that a lock file says.
func tabled(feature devcontainer.Feature) devcontainer.Manifest {
	version := feature.Version
	if feature.Locked.Digest != "" {
		if version = feature.Locked.Version; strings.Count(version, ".") != 2 {
			return devcontainer.Manifest{Unknown: "the release of " + feature.Reference + " that the lock file names is not at hand"}
		}
	}
	if text, from, ok := knowledge.FeatureManifest(feature.ID, version); ok {
		root, _ := jsonc.Read(source.File{Name: feature.Reference, Text: text})
		return devcontainer.Manifest{Root: devcontainer.WithoutPlaces(root), Assumed: from}
	}
	return devcontainer.Manifest{Unknown: "the feature " + feature.Reference + " is not at hand"}
}

// MergedConfiguration is what the reference CLI prints under that name where no container exists yet, so that ${devcontainerId}
// stays as it is.
func MergedConfiguration(workspace fs.FS, options Options) (jsonc.Node, error) {
	file, err := source.Read(workspace, options.Config)
	if err != nil {
		return jsonc.Node{}, err
	}
	r := &resolver{Options: options, workspace: workspace, folder: devcontainer.ProjectFolder(options.Config), unnamed: true, unlocked: true}
	r.readConfig(file)
	r.readImage()
	r.readFeatures()
	return devcontainer.MergedConfiguration(r.root, r.entries()), nil
}

// merge lays label, features and devcontainer.json over one another, and finds the users.
func (r *resolver) merge() {
	r.project.Merged = devcontainer.Merge(r.entries())
	for _, said := range [][]devcontainer.Variable{r.project.Merged.ContainerEnv, r.project.Merged.RemoteEnv} {
		for i := range said {
			said[i].Unknown = r.decidedAway(said[i])
		}
	}
	r.findUsers()
}

func (r *resolver) entries() []devcontainer.Entry {
	entries := append([]devcontainer.Entry{}, r.project.Label...)
	for i, entry := range entries { // label values are substituted on the host that makes the container
		entries[i].Root = r.substituted(entry.Root)
	}
	for _, feature := range r.project.Features {
		entry := feature.Entry()
		entry.Root = r.substituted(entry.Root)
		entries = append(entries, entry)
	}
	config := r.project.Config
	config.Root = r.root
	return append(entries, devcontainer.FromConfig(config))
}

func (r *resolver) substituted(node jsonc.Node) jsonc.Node {
	if r.Away {
		return node
	}
	node, _ = devcontainer.AtRead(r.Host, r.project.Config).Node(node)
	if !r.unnamed {
		node, _ = devcontainer.WithID(r.Host.ID()).Node(node)
	}
	return node
}

// findUsers tells who PID 1 runs as and who the editor's server.
func (r *resolver) findUsers() {
	ofCompose, ofDockerfile, ofImage := "", "", r.project.Image.Config.User
	unknown := r.project.Image.Unknown
	if r.build != nil {
		unknown = r.build.UserUnknown
	}
	if r.project.Compose != nil {
		ofCompose = r.project.Compose.User
	}
	if r.project.Build != nil {
		ofDockerfile = r.project.Build.User
		// Of the file's own USER the image keeps nothing where features are used.
		if r.reading != nil && r.reading.Problem == "" && r.reading.Image == r.project.Build.Image && len(r.project.Features) > 0 {
			if believed, known := r.believedUser(); known {
				ofDockerfile, unknown = believed, ""
			}
		}
	}
	container, remote := r.project.Merged.Users(ofCompose, ofDockerfile, ofImage)
	r.project.ContainerUser, r.project.RemoteUser = r.user(container, unknown), r.user(remote, unknown)
}

// user is an account as far as it is known: where nobody names one it is the image's, which is root only if that is known.
func (r *resolver) user(account devcontainer.Account, imageUnknown string) facts.User {
	user := facts.User{Name: account.Name, Origin: account.From, Place: account.Place}
	if account.Name == "" {
		user.Name, user.Origin = "root", "image"
	}
	named := account.From != "" && account.From != "image"
	if imageUnknown != "" && !named {
		return facts.User{Unknown: imageUnknown}
	}
	// A feature that is not at hand has no say about users, so that what is known stays known.
	user.Home = home(user.Name)
	return user
}

// home is where the home folder of a user is by custom; somebody who runs as a number has one that only the image knows.
func home(name string) string {
	switch {
	case name == "root" || name == "0":
		return "/root"
	case name == "" || name[0] >= '0' && name[0] <= '9':
		return ""
	}
	return "/home/" + name
}
