package engine

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/image"
	"github.com/dcverify/dcverify/verifier/metadata"
	"github.com/dcverify/dcverify/verifier/program"
)

// reader fills an image's Files. Programs are read into one buffer, one at a time: together they have 100 MB and more.
type reader struct {
	*fileSystem
	img      image.Image
	account  account
	buffer   bytes.Buffer
	contents map[string]content    // by path, links resolved
	trees    map[string]goenv.Tree // by path, links resolved
}

// content is a program without the path that it was found by.
type content struct {
	file   program.File
	loader string // the program that the kernel starts it with, empty for none
}

func read(ctx context.Context, files *fileSystem, img image.Image) (image.Files, error) {
	r := &reader{fileSystem: files, img: img, contents: map[string]content{}, trees: map[string]goenv.Tree{}}
	steps := []struct {
		what string
		do   func(context.Context) error
	}{{"users", r.readUsers}, {"programs", r.readPrograms}, {"Go roots", r.readTrees}, {"folders", r.readFolders}}
	for _, step := range steps {
		if err := step.do(ctx); err != nil {
			return image.Files{}, fmt.Errorf("reading %s: %w", step.what, err)
		}
	}
	return r.img.Files, nil
}

func (r *reader) readUsers(ctx context.Context) error {
	passwd, err := r.text(ctx, "/etc/passwd")
	if err != nil {
		return err
	}
	r.img.Files.Users = parseUsers(passwd)
	if metadata.User(r.img).UID == 0 { // whose groups nobody asks for
		r.account = resolveAccount(r.img, nil)
		return nil
	}
	groups, err := r.text(ctx, "/etc/group")
	if err != nil {
		return err
	}
	r.account = resolveAccount(r.img, parseGroups(groups))
	return nil
}

// readPrograms looks for every go, dlv and gopls that a process of any view could mean.
func (r *reader) readPrograms(ctx context.Context) error {
	r.img.Files.Programs = map[string]program.File{}
	for _, folder := range r.programFolders() {
		for _, name := range []string{"go", "dlv", "gopls"} {
			file, ok, err := r.program(ctx, path.Join(folder, name))
			if err != nil {
				return err
			}
			if ok {
				r.img.Files.Programs[file.Path] = file
			}
		}
	}
	return nil
}

func (r *reader) programFolders() []string {
	var folders []string
	add := func(folder string) {
		if path.IsAbs(folder) && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	for _, view := range metadata.Views(r.img) {
		env := view.Environ()
		for _, folder := range env.Path() {
			add(path.Clean(folder))
		}
		add(env["GOBIN"])
		for _, folder := range r.gopath(env) {
			add(path.Join(folder, "bin"))
		}
	}
	for _, root := range slices.Concat(r.declaredRoots(), usualRoots()) {
		add(path.Join(root, "bin"))
	}
	return folders
}

// gopath is the folders of the GOPATH that go uses in the environment.
func (r *reader) gopath(env goenv.Environ) []string {
	return slices.DeleteFunc(strings.Split(metadata.Gopath(env, metadata.User(r.img)), ":"), func(folder string) bool {
		return !path.IsAbs(folder)
	})
}

// declaredRoots is every GOROOT that somebody sets, as it is written.
func (r *reader) declaredRoots() []string {
	var roots []string
	for _, view := range metadata.Views(r.img) {
		for _, layer := range view.Layers {
			if root := layer.Set["GOROOT"]; root != "" && !slices.Contains(roots, root) {
				roots = append(roots, root)
			}
		}
	}
	return roots
}

// usualRoots is where Go is unpacked by hand, and where distributions install it. Debian has a folder for each release,
// and an engine cannot be asked what a folder holds without handing over all of it.
func usualRoots() []string {
	roots := []string{"/usr/local/go", "/usr/lib/go", "/usr/lib/golang"}
	for minor := 13; minor <= 35; minor++ {
		roots = append(roots, "/usr/lib/go-1."+strconv.Itoa(minor))
	}
	return roots
}

// readTrees looks at every folder that is declared a Go root, and at every other that is one.
func (r *reader) readTrees(ctx context.Context) error {
	r.img.Files.Trees = map[string]goenv.Tree{}
	declared := r.declaredRoots()
	for _, root := range declared {
		tree, err := r.tree(ctx, root)
		if err != nil {
			return err
		}
		r.img.Files.Trees[root] = tree
	}
	others := usualRoots()
	for name, file := range r.img.Files.Programs {
		if path.Base(name) == "go" && file.Real != "" {
			others = append(others, path.Dir(path.Dir(file.Real))) // where go looks for its root, links resolved
		}
	}
	for _, root := range others {
		if _, ok := r.img.Files.Trees[root]; ok {
			continue
		}
		tree, err := r.tree(ctx, root)
		if err != nil {
			return err
		}
		// A folder with a program go in bin need not be a Go root: /usr is none.
		if tree.Folder && (tree.Std || tree.Version != "" || tree.Compiler != "") {
			r.img.Files.Trees[root] = tree
		}
	}
	return nil
}

func (r *reader) tree(ctx context.Context, root string) (goenv.Tree, error) {
	at, ok, err := r.lookup(ctx, root)
	if err != nil || !ok {
		return goenv.Tree{}, err
	}
	if tree, ok := r.trees[at.real]; ok {
		return tree, nil
	}
	tree := goenv.Tree{Real: at.real, Folder: at.mode.IsDir()}
	if tree.Folder {
		if err := r.fill(ctx, &tree); err != nil {
			return goenv.Tree{}, err
		}
	}
	r.trees[at.real] = tree
	return tree, nil
}

func (r *reader) fill(ctx context.Context, tree *goenv.Tree) error {
	command, _, err := r.program(ctx, path.Join(tree.Real, "bin/go"))
	if err != nil {
		return err
	}
	tree.Go = command.Executable
	std, ok, err := r.lookup(ctx, path.Join(tree.Real, "src/fmt"))
	if err != nil {
		return err
	}
	tree.Std = ok && std.mode.IsDir()
	version, err := r.text(ctx, path.Join(tree.Real, "VERSION"))
	if err != nil {
		return err
	}
	if words := strings.Fields(version); len(words) > 0 {
		tree.Version = words[0]
	}
	tools := path.Join(tree.Real, "pkg/tool", r.img.OS+"_"+r.img.Architecture)
	compiler, _, err := r.program(ctx, path.Join(tools, "compile"))
	if err != nil {
		return err
	}
	tree.Compiler = compiler.GoVersion
	return nil
}

// readFolders looks at the folders that go and its tools write to.
func (r *reader) readFolders(ctx context.Context) error {
	r.img.Files.Folders = map[string]image.Folder{}
	for _, view := range metadata.Views(r.img) {
		env := view.Environ()
		folders := []string{env["GOBIN"], env["GOMODCACHE"], env["GOCACHE"]}
		for _, folder := range r.gopath(env) {
			folders = append(folders, folder, path.Join(folder, "bin"), path.Join(folder, "pkg"), path.Join(folder, "pkg/mod"))
		}
		for _, folder := range folders {
			at, ok, err := r.lookup(ctx, folder)
			if err != nil {
				return err
			}
			if !ok || !at.mode.IsDir() || at.real == "/" {
				continue
			}
			o, err := r.owner(ctx, at.real)
			if err != nil {
				return err
			}
			r.img.Files.Folders[folder] = image.Folder{UID: o.uid, GID: o.gid, Mode: o.mode}
		}
	}
	return nil
}

// lookup is resolve for what may just as well not be there.
func (r *reader) lookup(ctx context.Context, name string) (found, bool, error) {
	at, err := r.resolve(ctx, name)
	if _, absent := errors.AsType[*unreadable](err); absent {
		return found{}, false, nil
	}
	return at, err == nil, err
}

// text reads a small file; one that is not there or no text file is empty.
func (r *reader) text(ctx context.Context, name string) (string, error) {
	at, ok, err := r.lookup(ctx, name)
	if err != nil || !ok || !at.mode.IsRegular() {
		return "", err
	}
	_, err = r.read(ctx, at.real, maxText, &r.buffer)
	if _, absent := errors.AsType[*unreadable](err); absent {
		return "", nil
	}
	return r.buffer.String(), err
}

// program reads what the file at a path says of itself, and why it cannot run, if so. It is not ok where there is nothing,
// or a folder, which no shell takes for a program.
func (r *reader) program(ctx context.Context, name string) (file program.File, ok bool, err error) {
	at, err := r.resolve(ctx, name)
	if problem, isProblem := errors.AsType[*unreadable](err); isProblem {
		there, err := r.isLink(ctx, name)
		return program.File{Path: name, Problem: problem.why}, there, err
	}
	if err != nil {
		return program.File{}, false, err
	}
	if at.mode.IsDir() {
		return program.File{}, false, nil
	}
	if !at.mode.IsRegular() {
		return program.File{Path: name, Real: at.real, Problem: "it is no regular file"}, true, nil
	}
	c, err := r.content(ctx, at.real)
	if err != nil {
		return program.File{}, false, err
	}
	file = c.file
	file.Path = name
	if file.Problem == "" {
		file.Executable, file.Problem, err = r.judge(ctx, c, at)
	}
	return file, true, err
}

// isLink tells a name that is there, but leads nowhere, from one that is not there.
func (r *reader) isLink(ctx context.Context, name string) (bool, error) {
	folder, ok, err := r.lookup(ctx, path.Dir(name))
	if err != nil || !ok || !folder.mode.IsDir() {
		return false, err
	}
	n, err := r.lstat(ctx, path.Join(folder.real, path.Base(name)))
	return n.exists && n.mode&fs.ModeSymlink != 0, err
}

// content reads a program once, however many names lead to it.
func (r *reader) content(ctx context.Context, real string) (content, error) {
	if c, ok := r.contents[real]; ok {
		return c, nil
	}
	o, err := r.read(ctx, real, maxProgram, &r.buffer)
	c := content{file: program.File{Real: real, UID: o.uid, GID: o.gid, Mode: o.mode}}
	if problem, isProblem := errors.AsType[*unreadable](err); isProblem {
		c.file.Problem = problem.why
	} else if err != nil {
		return content{}, err
	} else {
		bytes := bytes.NewReader(r.buffer.Bytes())
		program.Read(&c.file, bytes)
		c.loader = loader(bytes)
	}
	r.contents[real] = c
	return c, nil
}

// judge tells whether the image's user may execute the program, and why it cannot run.
func (r *reader) judge(ctx context.Context, c content, at found) (executable bool, problem string, err error) {
	for _, folder := range at.through {
		if n := r.nodes[folder]; n.mode&0o111 == 0o111 {
			continue // whoever owns it
		}
		o, err := r.owner(ctx, folder)
		if err != nil {
			return false, "", err
		}
		if !r.account.mayExecute(o, true) {
			return false, fmt.Sprintf("user %s may not enter %s (mode %#o, owner %d)", r.account.name, folder, o.mode, o.uid), nil
		}
	}
	file := c.file
	if !r.account.mayExecute(owned{uid: file.UID, gid: file.GID, mode: file.Mode}, false) {
		return false, fmt.Sprintf("it is not executable for user %s (mode %#o, owner %d)", r.account.name, file.Mode, file.UID), nil
	}
	arch := r.img.Architecture
	switch {
	case file.Arch == "" && !file.Script:
		return true, "it is no program", nil
	case file.Arch != "" && file.Arch != arch && !(arch == "amd64" && file.Arch == "386") && !(arch == "arm64" && file.Arch == "arm"):
		return true, fmt.Sprintf("it is built for %s, and the image is %s", file.Arch, arch), nil
	case c.loader != "":
		_, ok, err := r.lookup(ctx, c.loader)
		if err != nil {
			return true, "", err
		}
		if !ok { // a program of Debian in Alpine, whose shell says "not found" of it
			return true, fmt.Sprintf("it needs the loader %s, and the image has none", c.loader), nil
		}
	}
	return true, "", nil
}

// loader is the program that the kernel starts an ELF program with: the C library's dynamic linker.
func loader(r io.ReaderAt) string {
	file, err := elf.NewFile(r)
	if err != nil {
		return ""
	}
	for _, segment := range file.Progs {
		if segment.Type != elf.PT_INTERP || segment.Filesz > 4096 {
			continue
		}
		name := make([]byte, segment.Filesz)
		if _, err := segment.ReadAt(name, 0); err == nil {
			return string(bytes.TrimRight(name, "\x00"))
		}
	}
	return ""
}
