package checks

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/devcontainer"
	"github.com/dcverify/dcverify/verifier/dockerfile"
	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/finding"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

var rootBuiltCache = check.Check{
	Code: "DV205", Name: "root-built-cache", Severity: finding.Error, Scope: "S",
	Summary: "a RUN, a COPY or a named volume leaves GOPATH or a cache to root, and nobody gives it to the remote user; or a mount hides it",
	Needs:   []facts.Need{facts.Declared},
	Run: func(p *check.Pass) {
		project, ok := declaredProject(p)
		if !ok || project.RemoteUser.Unknown != "" || project.RemoteUser.Name == "" || project.RemoteUser.IsRoot() {
			return
		}
		o := owners{project: project, gopath: remoteGopath(project), tools: toolsGopath(project)}
		for at, event := range o.events() {
			switch {
			case event.instruction != nil:
				o.copied(at, *event.instruction)
			default:
				o.ran(at, event.script)
			}
		}
		o.mounted()
		reported := map[string]bool{}
		for i, s := range o.spoilt {
			if reported[s.folder] || o.repaired(s) {
				continue
			}
			reported[s.folder] = true
			if mount, ok := hiddenBy(project, s.folder); ok && s.at >= 0 {
				p.Report(finding.Finding{
					Severity: finding.Warning,
					Message:  fmt.Sprintf("what the build puts into %s nobody finds in the container: %s is mounted over it", s.folder, mount),
					Location: s.place,
					Cause:    "a mount hides what the image has in its place",
					Fixes:    []finding.Fix{{Message: "take a GOPATH that is not mounted over, such as /go"}},
				}, s.folder, "hidden")
				continue
			}
			for _, later := range slices.Backward(o.spoilt[i+1:]) {
				if later.folder == s.folder && later.fix == s.fix { // giving it away earlier would not help
					s.fix = strings.Replace(s.fix, sameRun, "in the last RUN that fills it, "+later.place.String(), 1)
					break
				}
			}
			f := finding.Finding{
				Message:  fmt.Sprintf("%s: %s cannot write to %s%s", s.how, project.RemoteUser.Name, s.folder, s.when),
				Location: s.place,
				Evidence: map[string]string{"folder": s.folder, "remoteUser": project.RemoteUser.Name},
				Cause:    s.why,
				Upstream: []string{
					fmt.Sprintf("go: could not create module cache: mkdir %s: permission denied", s.folder),
					fmt.Sprintf("go: writing go.mod cache: mkdir %s: permission denied", path.Join(s.folder, "mod/cache/download")),
				},
				Fixes: []finding.Fix{{
					Message: s.fix, Safe: true,
					Commands: []string{fmt.Sprintf("sudo chown -R %s %s", project.RemoteUser.Name, s.folder)},
				}},
			}
			if o.hiddenHelp() {
				f.Severity = finding.Warning // what make does there nobody can tell from outside
			}
			p.Report(f, s.folder)
		}
	},
}

// hiddenBy is the folder of the host's that is mounted over a folder of the image.
func hiddenBy(project facts.Project, folder string) (mount string, hidden bool) {
	mounts := []string{project.Folder}
	for _, m := range project.Merged.Mounts {
		if m.Type == "bind" {
			mounts = append(mounts, m.Target)
		}
	}
	if project.Compose != nil {
		mounts = mounts[1:] // which mounts nothing then
		for _, v := range project.Compose.Volumes {
			if v.Type == "bind" {
				mounts = append(mounts, v.Target)
			}
		}
	}
	for _, mount := range mounts {
		if mount != "" && mount != "/" && lies(folder, mount) {
			return mount, true
		}
	}
	return "", false
}

const sameRun = "in the same RUN"

// owners follows who owns Go's folders in the finished container.
type owners struct {
	project facts.Project
	gopath  string // of the remote user; empty where it is not known
	tools   string // go.toolsGopath
	list    []event
	spoilt  []spoilt
}

// event is a script or a COPY, in the order in which they happen.
type event struct {
	script      facts.Script
	instruction *dockerfile.Instruction
}

// spoilt is a folder that the remote user cannot write to.
type spoilt struct {
	at, command   int // of the event, and of the command in its script; nothing before that repairs it
	folder        string
	how, why, fix string
	when          string // the condition, where there is one
	place         source.Place
}

func (o *owners) events() []event {
	if o.list != nil {
		return o.list
	}
	o.list = []event{}
	for _, instruction := range targetInstructions(o.project) {
		if instruction.Keyword == "COPY" || instruction.Keyword == "ADD" {
			o.list = append(o.list, event{instruction: &instruction})
		}
		for _, script := range o.project.Scripts {
			if script.Target && script.Stage >= 0 && script.Place == instruction.Place && instruction.Keyword == "RUN" {
				o.list = append(o.list, event{script: script})
			}
		}
	}
	for _, script := range o.project.Scripts {
		if script.Stage < 0 {
			o.list = append(o.list, event{script: script})
		}
	}
	return o.list
}

// ran looks for go commands that fill a folder of the remote user as somebody else.
func (o *owners) ran(at int, script facts.Script) {
	if !inBuild(script) {
		return // what runs in the container as root, by sudo, has another environment: nobody can tell its GOPATH
	}
	remote := o.project.RemoteUser.Name
	if o.cached(script) {
		return
	}
	for i, command := range script.Shell.Commands {
		if command.Is("umask") {
			return // somebody thought of it
		}
		what := fills(script.Shell, i)
		user, known := runner(script, command)
		gopath := gopathOf(o.project, script, command)
		if what == "" || !known || gopath == "" || (gopath != o.gopath && gopath != o.tools) {
			continue
		}
		folder := path.Join(gopath, "pkg")
		if cache, ok := variable(script, command, "GOMODCACHE", homeOf(o.project, script, user)); !ok || cache != "" {
			if !ok || gopath != o.gopath || cache != o.modcache() {
				continue
			}
			folder = path.Clean(cache)
		}
		s := spoilt{at: at, command: i, folder: folder, place: inScript(script, command.Line, command.Column)}
		switch {
		case isRoot(user):
			s.how = fmt.Sprintf("%s runs `%s` as root", scriptName(script), what)
			s.why = fmt.Sprintf("go makes %s with mode 0755 for whoever runs it first, and that is root", folder)
			s.fix = fmt.Sprintf("give it away "+sameRun+": && chown -R %s %s; or remove it: && rm -rf %s", remote, gopath, folder)
		case user == remote && o.project.Merged.UpdateUID && o.downloads() && !lies(gopath, cmp.Or(o.project.RemoteUser.Home, "/home/"+remote)):
			s.how = fmt.Sprintf("%s runs `%s` as %s", scriptName(script), what, remote)
			s.when = " on a Linux host whose user has another UID"
			s.why = fmt.Sprintf("updateRemoteUserUID gives %s the IDs of a Linux host's user and takes only the home folder along: %s keeps the old owner, with mode 0755", remote, folder)
			s.fix = fmt.Sprintf("open it "+sameRun+": && chmod -R a+rwX %s; or remove it: && rm -rf %s", folder, folder)
		default:
			continue
		}
		o.spoilt = append(o.spoilt, s)
	}
}

// downloads tells whether the project needs modules of others: one that needs none writes nothing into the module cache, and
// whether the user's UID is another one then depends on the host as well.
func (o *owners) downloads() bool {
	return slices.ContainsFunc(o.project.Modules, func(m facts.Module) bool {
		return !m.Vendor && slices.ContainsFunc(m.Requires, func(r facts.Require) bool { return !r.Indirect })
	})
}

// cached tells whether a RUN has a cache mounted: what go downloads is not left in the image then.
func (o *owners) cached(script facts.Script) bool {
	return slices.ContainsFunc(targetInstructions(o.project), func(i dockerfile.Instruction) bool {
		return i.Place == script.Place && slices.ContainsFunc(i.Flags, func(flag string) bool {
			return strings.HasPrefix(flag, "--mount=") && strings.Contains(flag, "type=cache")
		})
	})
}

// fills says which go command fills the module cache; empty for others.
func fills(script shell.Script, at int) string {
	command := script.Commands[at]
	subcommand, rest, ok := command.IsGo()
	switch {
	case !ok:
	case subcommand == "mod" && len(rest) > 0 && (rest[0].Text == "download" || rest[0].Text == "tidy"):
		return "go mod " + rest[0].Text
	case subcommand == "install" || subcommand == "get":
		for _, install := range script.Installs() {
			first, _, _ := strings.Cut(install.Path, "/")
			if install.Command == at && !install.Local && (strings.Contains(first, ".") || install.Unknown) {
				return "go " + subcommand
			}
		}
	}
	return ""
}

func (o *owners) modcache() string {
	for _, view := range slices.Backward(o.project.Views) {
		if view.Unknown == "" {
			return view.Lookup("GOMODCACHE").Effective
		}
	}
	return ""
}

// copied looks for a COPY that makes GOPATH, or fills it.
func (o *owners) copied(at int, instruction dockerfile.Instruction) {
	owner := instructionFlag(instruction, "chown")
	if len(instruction.Words) < 2 || o.gopath == "" || owner != "" && !isRoot(owner) {
		return
	}
	target := instruction.Words[len(instruction.Words)-1]
	folder := target
	if !path.IsAbs(folder) {
		folder = path.Join("/", instruction.Workdir, folder)
	}
	folder = path.Clean(folder)
	if strings.ContainsAny(folder, "$") || !lies(folder, o.gopath) {
		return
	}
	s := spoilt{at: at, folder: o.gopath, place: instruction.Place, how: fmt.Sprintf("COPY without --chown to %s makes it root's", folder)}
	switch {
	case lies(folder, path.Join(o.gopath, "pkg")):
		s.folder = path.Join(o.gopath, "pkg")
	case o.imageHas(o.gopath) || o.madeBefore(at):
		return
	}
	s.why = "COPY gives everything to root, and every folder that it has to make, whatever USER says"
	s.fix = fmt.Sprintf("COPY --chown=%s …", o.project.RemoteUser.Name)
	o.spoilt = append(o.spoilt, s)
}

// imageHas tells whether the image at the bottom is one that is known to bring a GOPATH for everybody.
func (o *owners) imageHas(folder string) bool {
	if folder != "/go" {
		return false
	}
	reference := o.project.Image.Reference
	if known := o.project.Image.Known; known != nil {
		reference += " " + known.Family
	}
	return strings.Contains(reference, "golang") || strings.Contains(reference, "devcontainers/go") || strings.Contains(reference, "universal")
}

// madeBefore tells whether a command before an event has to do with GOPATH: it may have made it for the user.
func (o *owners) madeBefore(at int) bool {
	for _, event := range o.events()[:at] {
		for _, command := range event.script.Shell.Commands {
			if slices.ContainsFunc(command.Args(), func(w shell.Word) bool {
				return w.Expands || lies(cmp.Or(w.Text, "/"), o.gopath)
			}) && slices.Contains([]string{"mkdir", "install", "chown", "cp", "mv", "git", "tar", "ln"}, command.Program()) {
				return true
			}
		}
	}
	return false
}

// mounted looks for named volumes that lie on folders which no image has: Docker makes those for root.
func (o *owners) mounted() {
	if o.project.Image.Unknown != "" || strings.Contains(o.project.Image.Reference, "universal") {
		return
	}
	home := o.project.RemoteUser.Home
	var folders []string
	if o.gopath != "" {
		folders = append(folders, path.Join(o.gopath, "pkg/mod"))
	}
	if home != "" {
		folders = append(folders, path.Join(home, ".cache/go-build"))
	}
	for _, v := range volumes(o.project) {
		target := path.Clean(v.Target)
		if !path.IsAbs(target) || strings.Contains(target, "$") || target == home || target == path.Dir(home) || o.imageHas(target) || target == "/" {
			continue
		}
		for _, folder := range folders {
			if !lies(folder, target) && !lies(target, folder) || o.exists(target) {
				continue
			}
			o.spoilt = append(o.spoilt, spoilt{
				at: -1, folder: target, place: v.Place,
				how: fmt.Sprintf("the volume at %s belongs to root", target),
				why: "Docker makes the folder for root, because the image has none there to take owner and mode from",
				fix: fmt.Sprintf("make the folder in the Dockerfile before: RUN install -d -o %s %s; or change its owner in postCreateCommand", o.project.RemoteUser.Name, target),
			})
			break
		}
	}
}

// exists tells whether a script of the build is seen to make a folder for somebody else than root, or in it.
func (o *owners) exists(folder string) bool {
	for _, event := range o.events() {
		if !inBuild(event.script) {
			continue
		}
		for i, command := range event.script.Shell.Commands {
			user, known := runner(event.script, command)
			if known && isRoot(user) && !slices.Contains([]string{"install", "chown"}, command.Program()) {
				continue
			}
			home := homeOf(o.project, event.script, user)
			if fills(event.script.Shell, i) != "" || slices.ContainsFunc(command.Args(), func(w shell.Word) bool {
				text, ok := plainPath(w.Text, event.script, home)
				return !ok || path.IsAbs(text) && (lies(text, folder) || lies(folder, text))
			}) {
				return true
			}
		}
	}
	return false
}

// repaired tells whether something afterwards gives the folder to others, or removes it.
func (o *owners) repaired(s spoilt) bool {
	if o.project.Compose != nil && slices.ContainsFunc(slices.Concat(o.project.Compose.Command, o.project.Compose.Entrypoint), func(word string) bool {
		return strings.Contains(word, "chown") || strings.Contains(word, "chmod")
	}) {
		return true
	}
	// The official Go feature gives /go to the remote user's group, whatever version it installs, "none" too
	// (devcontainers/features src/go/install.sh). Features come after the Dockerfile, in their order.
	if s.at >= 0 && lies(s.folder, "/go") {
		mine := -1
		if script := o.events()[s.at].script; script.Kind == "feature" {
			mine = slices.IndexFunc(o.project.Features, func(f devcontainer.Feature) bool { return f.Folder != "" && lies(script.File, f.Folder) })
		}
		for i, feature := range o.project.Features {
			if name := path.Base(feature.ID); i > mine && feature.Kind != "local" && (name == "go" || name == "golang") {
				return true
			}
		}
	}
	for at, event := range o.events() {
		if at < s.at {
			continue
		}
		for i, command := range event.script.Shell.Commands {
			if at == s.at && i <= s.command {
				continue
			}
			if o.opens(event.script, command, s.folder) {
				return true
			}
		}
	}
	return false
}

// opens tells whether a command changes owner or mode of a folder, or removes it. Of paths that are not known it is
// supposed that they mean it.
func (o *owners) opens(script facts.Script, command shell.Command, folder string) bool {
	user, _ := runner(script, command)
	home := homeOf(o.project, script, user)
	switch command.Program() {
	case "chown", "chmod", "chgrp", "setfacl", "find", "fix-permissions", "install":
		words := command.Args()
		if command.Input {
			return true
		}
		if command.Program() == "find" && !slices.ContainsFunc(words, func(w shell.Word) bool {
			return strings.HasPrefix(w.Text, "ch") || strings.HasPrefix(w.Text, "-exec")
		}) {
			return false
		}
		return slices.ContainsFunc(words, func(w shell.Word) bool {
			text, known := plainPath(w.Text, script, home)
			if !known {
				return strings.ContainsAny(w.Text, "/$")
			}
			if !path.IsAbs(text) && command.Dir != "" && command.Dir != "?" && text != "" {
				text = path.Join(command.Dir, text)
			}
			return path.IsAbs(text) && (lies(folder, text) || lies(text, folder))
		})
	case "rm":
		return slices.ContainsFunc(command.Args(), func(w shell.Word) bool {
			text, known := plainPath(w.Text, script, home)
			return !known && !strings.ContainsAny(w.Text, "*?") || path.IsAbs(text) && lies(folder, text)
		})
	}
	return false
}

// hiddenHelp tells whether a lifecycle command calls something that may repair owners and cannot be looked into.
func (o *owners) hiddenHelp() bool {
	for _, script := range o.project.Scripts {
		if inBuild(script) {
			continue
		}
		for _, command := range script.Shell.Commands {
			if slices.Contains([]string{"make", "task", "just", "mage", "npm", "yarn", "pnpm", "python", "python3", "ansible-playbook"}, command.Program()) {
				return true
			}
		}
		for _, call := range script.Shell.Calls() {
			if !slices.ContainsFunc(o.project.Scripts, func(s facts.Script) bool { return path.Base(s.File) == path.Base(call.Path) }) {
				return true
			}
		}
	}
	return false
}

// toolsGopath is the editor's folder for its tools; empty where no file sets one.
func toolsGopath(project facts.Project) string {
	folder := ""
	for _, setting := range project.Settings {
		if setting.Name == "go.toolsGopath" && path.IsAbs(setting.Value.Text) {
			folder = path.Clean(setting.Value.Text)
		}
	}
	return folder
}
