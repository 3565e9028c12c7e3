package resolve

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/knowledge"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

// officialRoot is where the official images, the official feature and nearly everybody puts Go.
const officialRoot = "/usr/local/go"

// findGos lists every Go that the files are seen to bring: with an image, copied out of one, unpacked from an archive,
// installed by a script or a feature. Each stands in the list for its own stage, and once more, with stage -1, when the
// finished container has it.
func (r *resolver) findGos() {
	reaching := map[int]bool{} // stages that the finished container has everything of
	if r.project.Build == nil {
		r.gosOfImage(r.project.Image.Reference, r.project.Image.Place, -1)
	} else {
		build := r.project.Build
		for at := build.Target; at >= 0 && at < len(build.Stages); at = build.Stages[at].Parent {
			reaching[at] = true
		}
		for i, stage := range build.Stages {
			r.gosOfStage(i, stage, reaching[i])
		}
	}
	for _, feature := range r.project.Features {
		if install, ok := goOfFeature(feature); ok {
			r.addGo(install)
		}
	}
}

func (r *resolver) addGo(install facts.GoInstall) {
	r.project.Gos = append(r.project.Gos, install)
}

// addStageGo notes a Go of a stage, and of the container when the stage reaches it.
func (r *resolver) addStageGo(install facts.GoInstall, stage int, reaches bool) {
	install.Stage = stage
	r.addGo(install)
	if reaches {
		install.Stage = -1
		r.addGo(install)
	}
}

// addCalledGo notes a Go that a script installs which a RUN calls: of its stage, of those that start from it, and of the container
// when the stage reaches it, where features come later.
func (r *resolver) addCalledGo(install facts.GoInstall, stage int, reaches bool) *facts.GoInstall {
	heirs := map[int]bool{stage: true}
	for i, other := range r.project.Build.Stages {
		heirs[i] = heirs[i] || other.Parent >= 0 && heirs[other.Parent]
		if heirs[i] {
			install.Stage = i
			r.addGo(install)
		}
	}
	if reaches {
		install.Stage = -1
		at := slices.IndexFunc(r.project.Gos, func(g facts.GoInstall) bool { return strings.HasPrefix(g.By, "feature ") })
		if at < 0 {
			at = len(r.project.Gos)
		}
		r.project.Gos = slices.Insert(r.project.Gos, at, install)
	}
	install.Stage = stage
	return &install
}

// goOfImage is the Go that an image has by its name; false where nothing is known of it or it has none.
func (r *resolver) goOfImage(reference string) (facts.GoInstall, bool) {
	image := r.look(reference)
	install := facts.GoInstall{Root: officialRoot, By: "image " + reference, Assumed: image.Assumed}
	environ, _ := goenv.FromList(image.Config.Env)
	if image.From != "" { // somebody has it: its own word counts
		install.Version, install.Exact = environ["GOLANG_VERSION"], true
		install.Toolchain = environ["GOTOOLCHAIN"]
		return install, install.Version != "" // whatever its name promises
	}
	if image.Known == nil || image.Known.Go == "" {
		return facts.GoInstall{}, false
	}
	install.Version, install.Exact, install.Toolchain = image.Known.Go, image.Known.Exact, image.Known.Toolchain
	return install, true
}

func (r *resolver) gosOfImage(reference string, place source.Place, stage int) {
	if install, ok := r.goOfImage(reference); ok {
		install.Place, install.Stage = place, stage
		r.addGo(install)
	}
}

func (r *resolver) gosOfStage(index int, stage dockerfile.Stage, reaches bool) {
	if stage.Parent < 0 {
		if install, ok := r.goOfImage(stage.Image); ok {
			install.Place, install.Written = r.versionPlaces(stage, install.Version)
			r.addStageGo(install, index, reaches)
		}
	} else {
		for _, inherited := range r.gosAt(stage.Parent) {
			inherited.Stage = index // the container has it already, if the stage below reaches it
			r.addGo(inherited)
		}
	}
	variables, written := map[string]string{}, map[string]source.Place{}
	for _, v := range r.project.Build.Stages[index].Env {
		if !v.Place.Known() {
			variables[v.Name] = v.Value
		}
	}
	for _, instruction := range stage.Instructions {
		switch instruction.Keyword {
		case "ENV", "ARG":
			for i := 0; i+1 < len(instruction.Words); i += 2 {
				variables[instruction.Words[i]] = instruction.Words[i+1]
				written[instruction.Words[i]] = instruction.Place
				if global, ok := r.globalArg(instruction.Words[i]); ok && instruction.Keyword == "ARG" && r.takesGlobal(instruction.Words[i], index) {
					written[instruction.Words[i]] = global.Place
				}
			}
		case "COPY":
			r.goCopied(instruction, index, reaches)
		case "RUN":
			for _, install := range goOfScript(shell.Parse(instruction.Script, shell.Bash), variables) {
				within := func(at source.Place) source.Place {
					return source.Place{File: r.project.Build.File, Line: instruction.Line + at.Line - 1, Column: at.Column}
				}
				install.Place = within(install.Place)
				if given, ok := r.argPlaces[install.Variable]; ok {
					install.Written = given
				} else if install.Written.Line > 0 {
					install.Written = within(install.Written)
				} else {
					install.Written = written[install.Variable]
				}
				r.addStageGo(install, index, reaches)
			}
		}
	}
}

// gosAt is what a stage has.
func (r *resolver) gosAt(stage int) []facts.GoInstall {
	var found []facts.GoInstall
	for _, install := range r.project.Gos {
		if install.Stage == stage {
			found = append(found, install)
		}
	}
	return found
}

// goCopied notes COPY --from=golang:1.22 /usr/local/go /usr/local/go. What ENV said there does not come along.
func (r *resolver) goCopied(instruction dockerfile.Instruction, index int, reaches bool) {
	from := ""
	for _, flag := range instruction.Flags {
		if value, ok := strings.CutPrefix(flag, "--from="); ok {
			from = value
		}
	}
	if from == "" || len(instruction.Words) < 2 {
		return
	}
	words := instruction.Words
	target := words[len(words)-1]
	for _, copied := range words[:len(words)-1] {
		if strings.TrimSuffix(path.Clean("/"+copied), "/") != officialRoot {
			continue
		}
		installs := []facts.GoInstall{}
		if stage := r.stageNamed(from); stage >= 0 {
			installs = r.gosAt(stage)
		} else if install, ok := r.goOfImage(from); ok {
			installs = append(installs, install)
		}
		for _, install := range installs {
			install.Toolchain = "auto" // the go.env of the release
			install.Root = strings.TrimSuffix(target, "/")
			if r.stageNamed(from) < 0 {
				install.Place = instruction.Place
			} // otherwise it stays where the stage names it: there a person changes it
			if path.Base(install.Root) == "local" { // COPY --from=… /usr/local/go /usr/local/ copies the contents
				install.Root = officialRoot
			}
			install.By = "COPY --from=" + from
			r.addStageGo(install, index, reaches)
		}
	}
}

func (r *resolver) stageNamed(name string) int {
	for i, stage := range r.project.Build.Stages {
		if strings.EqualFold(stage.Name, name) && name != "" {
			return i
		}
	}
	return -1
}

// versionPlaces is where a stage gets its Go, the build argument that makes its tag, where devcontainer.json or compose gives one,
// or else FROM, and the ARG whose default makes the tag.
func (r *resolver) versionPlaces(stage dockerfile.Stage, version string) (place, written source.Place) {
	for _, found := range reference.FindAllStringSubmatch(stage.From, -1) {
		if given, ok := r.argPlaces[found[1]]; ok {
			return given, source.Place{}
		}
		if global, ok := r.globalArg(found[1]); ok && strings.Contains(*global.Default, version) {
			written = global.Place
		}
	}
	return stage.Place, written
}

// takesGlobal tells whether a stage has an ARG without a default, which takes that of before the first FROM.
func (r *resolver) takesGlobal(name string, stage int) bool {
	return slices.ContainsFunc(r.project.Build.Args, func(arg dockerfile.Arg) bool {
		return arg.Stage == stage && arg.Name == name && arg.Default == nil
	})
}

// globalArg is the ARG before the first FROM that gives a build argument its default.
func (r *resolver) globalArg(name string) (found dockerfile.Arg, ok bool) {
	for _, arg := range r.project.Build.Args {
		if arg.Stage < 0 && arg.Name == name && arg.Default != nil {
			found, ok = arg, true
		}
	}
	return found, ok
}

var (
	archive   = regexp.MustCompile(`(?:go\.dev|golang\.org|golang\.google\.cn|storage\.googleapis\.com/golang|dl\.google\.com/go)\S*?/go(1(?:\.\d+)+(?:(?:rc|beta)\d+)?)\.(?:[a-z]+|\$[^/]*)-(?:[a-z0-9]+|\$[^/]*)\.(?:tar\.gz|zip)`)
	reference = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?`)
)

// goOfScript finds what a script installs: an archive of a release, or Microsoft's go-debian.sh. The place of each holds its
// line and column in the script.
func goOfScript(script shell.Script, variables map[string]string) []facts.GoInstall {
	var installs []facts.GoInstall
	local := map[string]string{}
	assigned := map[string]source.Place{} // where a version is given to a variable
	expand := func(text string) string {
		return reference.ReplaceAllStringFunc(text, func(found string) string {
			name := reference.FindStringSubmatch(found)[1]
			if value, ok := local[name]; ok {
				return value
			}
			if value, ok := variables[name]; ok {
				return value
			}
			return found
		})
	}
	for at, command := range script.Commands {
		for _, assign := range command.Assigns {
			local[assign.Name] = expand(assign.Value.Text)
			assigned[local[assign.Name]] = source.Place{Line: assign.Value.Line, Column: assign.Value.Column}
		}
		for i, word := range command.Words {
			place := source.Place{Line: word.Line, Column: word.Column}
			if match := archive.FindStringSubmatch(expand(word.Text)); match != nil {
				installs = append(installs, facts.GoInstall{
					Version: match[1], Exact: true, Root: archiveRoot(script.Commands[at:], expand), Toolchain: "auto", By: "an archive of Go " + match[1], Place: place,
					Variable: versionVariable(word.Text), Written: assigned[match[1]],
				})
			}
			if path.Base(word.Text) == "go-debian.sh" {
				install := facts.GoInstall{Version: "latest", Root: officialRoot, By: "go-debian.sh", Place: place}
				if i+5 < len(command.Words) && command.Words[i+5].Text == "false" { // version, GOROOT, GOPATH, user, whether to write them
					install.OffPath = true
				}
				if i+1 < len(command.Words) {
					version := expand(command.Words[i+1].Text)
					if version == "none" {
						continue
					}
					install.Version, install.Variable = version, versionVariable(command.Words[i+1].Text)
				}
				install.Written = assigned[install.Version]
				install.Exact = strings.Count(install.Version, ".") == 2
				install.Toolchain = "auto" // the go.env of the release
				installs = append(installs, install)
			}
		}
	}
	return installs
}

// archiveRoot is the Go root that the commands from an archive's address on unpack it to: the folder of the first tar, unless what
// lies there is put elsewhere afterwards.
func archiveRoot(commands []shell.Command, expand func(string) string) string {
	for i, command := range commands {
		if command.Program() != "tar" && command.Program() != "bsdtar" {
			continue
		}
		folder, inside := command.Dir, "go"
		for j, word := range command.Args() {
			text := expand(word.Text)
			next := ""
			if j+2 < len(command.Words) {
				next = expand(command.Words[j+2].Text)
			}
			flag, value, ok := strings.Cut(text, "=")
			switch {
			case flag == "--directory" && ok:
				folder = value
			case flag == "--directory", j == 0 && strings.HasSuffix(text, "C") && !strings.Contains(text, "/"), !strings.HasPrefix(text, "--") && strings.HasPrefix(text, "-") && strings.HasSuffix(text, "C"):
				folder = next
			case strings.HasPrefix(flag, "--strip"):
				inside = ""
			}
		}
		root := path.Join(folder, inside)
		moved := slices.ContainsFunc(commands[i+1:], func(c shell.Command) bool {
			return (c.Program() == "mv" || c.Program() == "cp" || c.Program() == "ln") && slices.ContainsFunc(c.Args(), func(w shell.Word) bool {
				return strings.HasPrefix(path.Clean(expand(w.Text))+"/", root+"/")
			})
		})
		if path.IsAbs(root) && !strings.ContainsAny(root, "$`?*") && !moved {
			return root
		}
		break
	}
	return officialRoot
}

// versionVariable is the variable that a word takes a version from; empty where it is written out.
func versionVariable(text string) string {
	for _, found := range reference.FindAllStringSubmatch(text, -1) {
		if strings.Contains(strings.ToUpper(found[1]), "VERSION") || strings.Contains(strings.ToUpper(found[1]), "GO") {
			return found[1]
		}
	}
	return ""
}

// goOfFeature is the Go that a feature installs.
func goOfFeature(feature devcontainer.Feature) (facts.GoInstall, bool) {
	if !knowledge.GoFeature(feature.ID) {
		return facts.GoInstall{}, false
	}
	version, ok := feature.Options["version"]
	if !ok {
		version = feature.Defaults["version"]
	}
	if version == "none" {
		return facts.GoInstall{}, false
	}
	if version == "" {
		version = "latest"
	}
	return facts.GoInstall{
		Version: version, Exact: strings.Count(version, ".") == 2, Root: officialRoot, Toolchain: "auto",
		By: "feature " + feature.Reference, Place: feature.Place, Written: feature.OptionPlaces["version"], Stage: -1, Assumed: feature.Assumed,
	}, true
}
