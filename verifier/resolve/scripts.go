package resolve

import (
	"path"
	"strings"

	"github.com/dcverify/dcverify/verifier/facts"
	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/shell"
	"github.com/dcverify/dcverify/verifier/source"
)

// scriptDepth is how far scripts are followed that call scripts.
const scriptDepth = 3

// readScripts collects everything that a shell runs: RUN instructions, install scripts of local features, lifecycle
// commands, and the files of the workspace that these call. Nothing is run.
func (r *resolver) readScripts() {
	if r.project.Build != nil {
		r.buildScripts()
	}
	for _, feature := range r.project.Features {
		if feature.Kind != "local" {
			continue
		}
		r.scriptFile(path.Join(feature.Folder, "install.sh"), facts.Script{
			Kind: "feature", Place: feature.Place, Stage: -1, Target: true, User: facts.User{Name: "root", Origin: "feature"}, Go: r.goAt(-1),
		}, nil, 0)
	}
	r.hookScripts()
}

func (r *resolver) buildScripts() {
	build := r.project.Build
	reaching := map[int]bool{}
	for at := build.Target; at >= 0 && at < len(build.Stages); at = build.Stages[at].Parent {
		reaching[at] = true
	}
	for i, stage := range build.Stages {
		copies := map[string]string{} // path in the image, or its folder with a slash at the end -> path in the workspace
		for _, instruction := range stage.Instructions {
			if instruction.Keyword == "COPY" || instruction.Keyword == "ADD" {
				r.noteCopy(copies, instruction.Words, instruction.Flags, instruction.Workdir)
			}
			if instruction.Keyword != "RUN" {
				continue
			}
			script := facts.Script{
				Kind: "run", Name: "RUN", File: build.File, Line: instruction.Line, Place: instruction.Place, Stage: i, Target: reaching[i],
				User: r.buildUser(instruction.User), Workdir: instruction.Workdir, Env: instruction.Env, Go: r.goBefore(i, instruction.Place),
			}
			if instruction.Script == "" && len(instruction.Words) > 0 {
				script.Line, script.Shell = instruction.Place.Line, shell.FromWords(instruction.Words)
			} else {
				dialect := strings.Join(instruction.Shell, " ")
				script.Shell = shell.Parse(instruction.Script, dialect)
				if len(instruction.Others) > 0 {
					filled := shell.ParseWith(instruction.Script, dialect, instruction.Others)
					script.Filled = &filled
				}
			}
			r.project.Scripts = append(r.project.Scripts, script)
			r.follow(script, copies, 0)
		}
	}
}

func (r *resolver) buildUser(name string) facts.User {
	switch {
	case name != "":
		return facts.User{Name: name, Home: home(name), Origin: "Dockerfile USER"}
	case r.project.Image.Unknown != "":
		return facts.User{Unknown: r.project.Image.Unknown}
	}
	return facts.User{Name: "root", Home: "/root", Origin: "image"}
}

// goAt is the Go that the stage's image ends up with, or with -1 the container: the last that came.
func (r *resolver) goAt(stage int) *facts.GoInstall {
	if found := r.gosAt(stage); len(found) > 0 {
		return &found[len(found)-1]
	}
	return nil
}

// goBefore is the Go that an instruction finds: those of images and of earlier instructions.
func (r *resolver) goBefore(stage int, place source.Place) *facts.GoInstall {
	var last *facts.GoInstall
	for _, install := range r.gosAt(stage) {
		if install.Place.File != place.File || install.Place.Line <= place.EndLine {
			last = &install
		}
	}
	return last
}

// noteCopy remembers where files of the workspace come to lie in the image.
func (r *resolver) noteCopy(copies map[string]string, words, flags []string, workdir string) {
	for _, flag := range flags {
		if strings.HasPrefix(flag, "--from=") {
			return
		}
	}
	if len(words) < 2 {
		return
	}
	target := words[len(words)-1]
	folder := strings.HasSuffix(target, "/") || len(words) > 2 || target == "."
	if !path.IsAbs(target) {
		target = path.Join("/", workdir, target)
	}
	for _, from := range words[:len(words)-1] {
		inside := path.Join(r.context, from)
		if strings.ContainsAny(path.Base(from), "*?[") {
			copies[path.Clean(target)+"/"] = path.Dir(inside) + "/"
			continue
		}
		copies[path.Clean(target)+"/"] = inside + "/" // if it is a folder
		if folder {
			copies[path.Join(target, path.Base(from))] = inside
		} else {
			copies[path.Clean(target)] = inside
		}
	}
}

// hookScripts are the lifecycle commands.
func (r *resolver) hookScripts() {
	for _, hook := range r.project.Merged.Hooks {
		if hook.Event == "initializeCommand" {
			continue // runs on the host, whose Go is nobody's business here
		}
		script := facts.Script{
			Kind: "hook", Name: hook.Event, File: hook.Place.File, Line: hook.Place.Line, Place: hook.Place, Stage: -1,
			User: r.project.RemoteUser, Workdir: r.project.Folder, Env: r.remoteEnv(), Go: r.goAt(-1),
		}
		if hook.Place.File == "" { // of a feature or an image: not of these files
			continue
		}
		if len(hook.Args) > 0 {
			script.Shell, script.Args = shell.FromWords(hook.Args), hook.Args
		} else {
			script.Shell = shell.Parse(hook.Shell, shell.Posix)
		}
		if !strings.Contains(hook.Shell, "\n") {
			script = onOneLine(script)
		}
		r.project.Scripts = append(r.project.Scripts, script)
		r.follow(script, nil, 0)
	}
}

// onOneLine puts everything of a hook onto the line of its text: inside of a JSON string columns mean nothing.
func onOneLine(script facts.Script) facts.Script {
	for i := range script.Shell.Commands {
		script.Shell.Commands[i].Line = 1
	}
	return script
}

func (r *resolver) remoteEnv() map[string]string {
	env := map[string]string{}
	if len(r.views) == 0 {
		return env
	}
	view := r.views[len(r.views)-1]
	for _, name := range goenv.Variables {
		if value := view.Lookup(name); value.Set && value.Unknown == "" {
			env[name] = value.Value
		}
	}
	return env
}

// follow reads the script files of the workspace that a script calls.
func (r *resolver) follow(caller facts.Script, copies map[string]string, depth int) {
	for _, call := range caller.Shell.Calls() {
		name, ok := r.inWorkspace(call.Path, caller, copies)
		if !ok {
			continue
		}
		called := caller
		called.Kind, called.Args, called.Filled = "file", nil, nil
		if as := caller.Shell.Commands[call.Command].As; as != "" {
			called.User = facts.User{Name: as, Home: home(as), Origin: "sudo or su"}
		}
		r.scriptFile(name, called, copies, depth+1)
	}
}

// inWorkspace is the file of the workspace that a path in the container or image means.
func (r *resolver) inWorkspace(word string, caller facts.Script, copies map[string]string) (string, bool) {
	if caller.Stage >= 0 {
		at := word
		if !path.IsAbs(at) {
			at = path.Join("/", caller.Workdir, word)
		}
		if name, ok := copies[at]; ok {
			return name, r.exists(name)
		}
		longest := ""
		for folder := range copies {
			if strings.HasSuffix(folder, "/") && strings.HasPrefix(at, folder) && len(folder) > len(longest) {
				longest = folder
			}
		}
		if longest == "" {
			return "", false
		}
		name := path.Join(copies[longest], strings.TrimPrefix(at, longest))
		_, err := source.Read(r.workspace, name)
		return name, err == nil
	}
	inside := word
	if path.IsAbs(word) {
		var ok bool
		if inside, ok = strings.CutPrefix(word, r.project.Folder+"/"); !ok || r.project.Folder == "" {
			return "", false
		}
	}
	name := path.Join(r.folder, inside)
	if strings.HasPrefix(name, "../") || r.project.Compose != nil && !r.exists(name) {
		return "", false // a compose service sees what its volumes show it
	}
	return name, r.exists(name)
}

// scriptFile reads a script of the workspace in the circumstances of whoever calls it.
func (r *resolver) scriptFile(name string, script facts.Script, copies map[string]string, depth int) {
	if depth > scriptDepth {
		return
	}
	for _, seen := range r.project.Scripts {
		if seen.File == name && seen.Kind != "run" && seen.Stage == script.Stage {
			return
		}
	}
	file, err := source.Read(r.workspace, name)
	if err != nil || strings.ContainsRune(file.Text, 0) {
		return
	}
	script.Name, script.File, script.Line = name, name, 1
	script.CRLF = strings.Contains(file.Text, "\r\n")
	script.Shell = shell.Parse(file.Text, shell.Bash)
	if script.Stage >= 0 {
		for _, install := range goOfScript(script.Shell, script.Env) {
			install.Place = script.Position(install.Place.Line, install.Place.Column)
			if install.Written.Line > 0 {
				install.Written = script.Position(install.Written.Line, install.Written.Column)
			}
			script.Go = r.addCalledGo(install, script.Stage, script.Target)
		}
	}
	r.project.Scripts = append(r.project.Scripts, script)
	r.follow(script, copies, depth)
}
