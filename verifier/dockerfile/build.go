package dockerfile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/dcverify/dcverify/verifier/source"
)

const (
	scratch = "scratch"

	// defaultPath is what both builders add where a base sets no PATH: buildkit util/system.DefaultPathEnvUnix.
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

	mostStages = 2000

	// mostInherited bounds what stages take over from each other, variable by variable.
	mostInherited = 1 << 20
)

// proxies are the ARGs that need no ARG instruction (docs.docker.com/reference/dockerfile, predefined ARGs). BuildKit gives
// them to RUN alone; the builder before it expands them everywhere (moby builder/dockerfile/buildargs.go).
var proxies = []string{
	"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY", "ftp_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy",
}

// Predefined tells whether a build takes a --build-arg of that name although no ARG instruction declares it
// (docs.docker.com/reference/dockerfile, "Predefined ARGs" and "BuildKit built-in build args").
func Predefined(name string) bool {
	switch name {
	case "BUILDPLATFORM", "BUILDOS", "BUILDOSVERSION", "BUILDARCH", "BUILDVARIANT",
		"TARGETPLATFORM", "TARGETOS", "TARGETOSVERSION", "TARGETARCH", "TARGETVARIANT", "TARGETSTAGE", "SOURCE_DATE_EPOCH":
		return true
	}
	return slices.Contains(proxies, name) || strings.HasPrefix(name, "BUILDKIT_")
}

// builder follows one build.
type builder struct {
	file      File
	options   Options
	ruler     *ruler
	lex       *shell.Lex
	spent     int // bytes of expanded words
	inherited int // variables
	globals   scope
	declared  map[string]bool // ARGs before the first FROM, with or without a value
	stages    []*stage
	bases     map[string]*Base
	args      []Arg
	problems  []Problem
}

// step is one instruction of a stage.
type step struct {
	command instructions.Command
	node    *node // nil for what ONBUILD triggers
	at      where
}

// Build tells what a build makes of the file.
func (f File) Build(o Options) Build {
	b := &builder{
		file: f, options: o, ruler: &ruler{lines: f.lines}, lex: shell.NewLex(f.escape),
		problems: slices.Clone(f.problems), bases: map[string]*Base{}, declared: map[string]bool{},
	}
	b.read()
	target := b.target()
	b.mark(target)
	for _, s := range b.stages {
		b.run(s)
	}
	result := Build{File: f.lines.file.Name, Target: target, Args: b.args}
	for _, s := range b.stages {
		result.Stages = append(result.Stages, s.out)
	}
	if target >= 0 {
		s := b.stages[target]
		result.Image, result.BaseKnown = s.out.Image, s.out.Known
		result.Env, result.Labels = s.out.Env, s.labels
		result.User, result.UserPlace, result.UserUnknown = s.user.text, s.userPlace, s.user.unknown
		result.Workdir, result.Shell = s.workdir, s.shell
		for _, t := range s.triggers {
			result.OnBuild = append(result.OnBuild, t.expression)
		}
	}
	slices.SortStableFunc(b.problems, func(x, y Problem) int { return cmp.Compare(x.Place.Line, y.Place.Line) })
	result.Problems = b.problems
	return result
}

// read sorts the instructions into stages and evaluates what stands before the first.
func (b *builder) read() {
	b.globals = b.predefined()
	for i := range b.file.nodes {
		n := &b.file.nodes[i]
		at := where{place: n.place, stage: len(b.stages) - 1}
		if len(b.stages) == mostStages && strings.EqualFold(n.Value, "from") {
			b.problem("too-big", fmt.Sprintf("dcverify follows %d stages, not more", mostStages), at)
			break
		}
		parsed, err := instructions.ParseInstruction(n.Node)
		if err != nil {
			b.problem("syntax", said(err), at)
			if strings.EqualFold(n.Value, "from") { // what follows belongs to no earlier stage
				b.begin(n, &instructions.Stage{})
			}
			continue
		}
		switch c := parsed.(type) {
		case *instructions.Stage:
			b.begin(n, c)
		case instructions.Command:
			if len(b.stages) > 0 {
				s := b.stages[len(b.stages)-1]
				s.steps = append(s.steps, step{c, n, at})
				continue
			}
			if arg, ok := c.(*instructions.ArgCommand); ok {
				b.globalArgs(n, arg)
				continue
			}
			b.problem("syntax", "no build stage in current context: only ARG may stand before the first FROM", at)
		}
	}
	if len(b.stages) == 0 && len(b.problems) == 0 {
		b.problem("syntax", "the Dockerfile has no FROM", where{place: b.ruler.place(0, 0), stage: -1})
	}
	if b.options.Legacy {
		return
	}
	stage := "default"
	if n := len(b.stages); n > 0 && b.stages[n-1].out.Name != "" {
		stage = b.stages[n-1].out.Name
	}
	if _, given := b.options.Args["TARGETSTAGE"]; !given {
		b.globals.vars["TARGETSTAGE"] = value{text: cmp.Or(b.options.Target, stage)}
	}
}

// predefined are the ARGs that FROM sees without any instruction: convert platform.go defaultArgs of BuildKit's Dockerfile
// frontend, where --build-arg overrides even these, or the proxies of the builder before it.
func (b *builder) predefined() scope {
	s := scope{vars: map[string]value{}}
	if b.options.Legacy {
		for _, name := range proxies {
			if text, ok := b.options.Args[name]; ok {
				s.vars[name] = value{text: text}
			}
		}
		return s
	}
	for side, platform := range map[string]string{"BUILD": cmp.Or(b.options.Platform, "linux/amd64"), "TARGET": cmp.Or(b.options.Platform, "linux/amd64")} {
		parts := append(strings.SplitN(platform, "/", 3), "", "")
		for name, text := range map[string]string{"PLATFORM": platform, "OS": parts[0], "OSVERSION": "", "ARCH": parts[1], "VARIANT": parts[2]} {
			s.vars[side+name] = value{text: text}
		}
	}
	s.vars["TARGETSTAGE"] = value{}
	for name := range s.vars {
		if text, ok := b.options.Args[name]; ok {
			s.vars[name] = value{text: text}
		}
	}
	return s
}

// globalArgs evaluates ARG before the first FROM: BuildKit's buildMetaArgs one after the other, the builder before it all
// of an instruction with what was before.
func (b *builder) globalArgs(n *node, c *instructions.ArgCommand) {
	before := b.globals
	if b.options.Legacy {
		before = b.globals.clone()
	}
	places := b.places(n, len(c.Args), false)
	for i, pair := range c.Args {
		at := where{place: places[i], stage: -1}
		given, overridden := b.options.Args[pair.Key]
		var v *value
		var text *string
		if pair.Value != nil {
			at.quiet = overridden
			expanded := b.expand(*pair.Value, before, at)
			v, text = &expanded, &expanded.text
		}
		b.args = append(b.args, Arg{Name: pair.Key, Default: text, Stage: -1, Place: at.place})
		b.declared[pair.Key] = true
		if overridden {
			v = &value{text: given}
		}
		if v != nil {
			b.globals.vars[pair.Key] = *v
		} else if b.options.Legacy {
			delete(b.globals.vars, pair.Key)
		}
	}
}

// begin opens a stage: its name, its image or parent.
func (b *builder) begin(n *node, c *instructions.Stage) {
	index := len(b.stages)
	s := &stage{index: index, parent: -1, declared: map[string]bool{}}
	at := where{place: n.place, stage: index}
	s.out = Stage{Name: c.Name, From: c.BaseName, Parent: -1, Place: n.place, ImagePlace: n.place}
	if words := plainWords(n.logical.text, n.args); len(words) > 0 && len(n.logical.parts) > 0 {
		s.out.ImagePlace = b.ruler.place(n.logical.span(words[0].start, words[0].end))
	}
	b.stages = append(b.stages, s)
	if c.BaseName == "" {
		return // a broken FROM, told already
	}
	if b.options.Legacy && b.named(c.Name, index) >= 0 {
		b.problem("syntax", fmt.Sprintf("the stage name %s is used already: the builder before BuildKit refuses it", c.Name), at)
	}
	at.place, at.declared = s.out.ImagePlace, b.declared // of an ARG without a value empty-from says enough
	name := b.expand(c.BaseName, b.globals, at)
	if c.Platform != "" {
		s.out.Platform = b.expand(c.Platform, b.globals, at).text
		if s.out.Platform == "" {
			b.problem("syntax", fmt.Sprintf("--platform=%s is empty", c.Platform), at)
		}
	}
	if name.text == "" {
		b.problem("empty-from", fmt.Sprintf("FROM %s names no image: nothing gives its ARG a value", c.BaseName), at)
		return
	}
	if strings.Contains(c.BaseName, "$") && tagless(name.text) {
		b.problem("empty-from", fmt.Sprintf("FROM %s makes %q, which is no name of an image: nothing gives its ARG a value", c.BaseName, name.text), at)
		return
	}
	s.out.Image = name.text
	// BuildKit looks the name up as it is among names in lower case (convert.go addState), the builder before it in any case.
	lower := strings.ToLower(name.text)
	parent := b.named(lower, index)
	if parent >= 0 && !b.options.Legacy && lower != name.text {
		b.problem("unknown-stage", fmt.Sprintf("FROM %s is no stage: BuildKit knows the stage as %s", name.text, lower), at)
		parent = -1
	}
	if parent >= 0 {
		s.parent, s.out.Parent, s.out.Image = parent, parent, b.stages[parent].out.Image
	}
}

// tagless tells whether a name ends at the colon before its tag, or has a tag that begins as none can: what an ARG without a
// value leaves of golang:${VERSION} and golang:${VERSION}-alpine.
func tagless(name string) bool {
	_, tag, ok := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return ok && (tag == "" || tag[0] == '-' || tag[0] == '.')
}

// named is the last stage of that name, in lower case, before the given one; -1 where there is none.
func (b *builder) named(name string, before int) int {
	if name == "" {
		return -1
	}
	for i := before - 1; i >= 0; i-- {
		if b.stages[i].out.Name == name {
			return i
		}
	}
	return -1
}

// target is the stage that is built. No builder takes the number of a stage, as COPY --from does.
func (b *builder) target() int {
	if b.options.Target == "" {
		return len(b.stages) - 1
	}
	target := b.named(strings.ToLower(b.options.Target), len(b.stages))
	if b.options.Legacy { // the first of several stages of one name, but then it refuses the second
		target = slices.IndexFunc(b.stages, func(s *stage) bool { return strings.EqualFold(s.out.Name, b.options.Target) })
	}
	if target < 0 {
		b.problem("unknown-stage", fmt.Sprintf("target stage %q could not be found; %s", b.options.Target, b.stageNames()), where{stage: -1})
	}
	return target
}

// stageNames tells which stages a target may name.
func (b *builder) stageNames() string {
	var names []string
	for _, s := range b.stages {
		if s.out.Name != "" {
			names = append(names, s.out.Name)
		}
	}
	if len(names) == 0 {
		return "no stage has a name"
	}
	return "there are: " + strings.Join(names, ", ")
}

// mark finds the stages that the target needs. The builder before BuildKit runs all before it.
func (b *builder) mark(target int) {
	if target < 0 {
		return
	}
	if b.options.Legacy {
		for _, s := range b.stages[:target+1] {
			s.out.Built = true
		}
		return
	}
	waiting := []int{target}
	for len(waiting) > 0 {
		s := b.stages[waiting[len(waiting)-1]]
		waiting = waiting[:len(waiting)-1]
		if s.out.Built {
			continue
		}
		s.out.Built = true
		if s.parent >= 0 {
			waiting = append(waiting, s.parent)
			for _, t := range b.stages[s.parent].steps {
				if trigger, ok := t.command.(*instructions.OnbuildCommand); ok {
					waiting = append(waiting, b.needs(trigger.Expression, s.index)...)
				}
			}
		}
		for _, t := range s.steps {
			for _, from := range sources(t.command) {
				if i := b.source(from); i >= 0 && i < s.index {
					waiting = append(waiting, i)
				}
			}
		}
	}
}

// needs is the stages that a trigger copies from.
func (b *builder) needs(expression string, index int) []int {
	var needed []int
	for _, c := range triggered(expression) {
		for _, from := range sources(c) {
			if i := b.source(from); i >= 0 && i < index {
				needed = append(needed, i)
			}
		}
	}
	return needed
}

// sources is what an instruction says in --from.
func sources(c instructions.Command) []string {
	switch c := c.(type) {
	case *instructions.CopyCommand:
		if c.From != "" {
			return []string{c.From}
		}
	case *instructions.RunCommand:
		var all []string
		for _, mount := range instructions.GetMounts(c) {
			if mount.From != "" {
				all = append(all, mount.From)
			}
		}
		return all
	}
	return nil
}

// source is the stage that --from means, by name or number; -1 for an image. It may be one that does not come before, which
// no builder takes. Of several stages of one name BuildKit takes the last of the file, as toCommand asks when all are read.
func (b *builder) source(from string) int {
	if n, err := strconv.Atoi(from); err == nil {
		return n
	}
	return b.named(strings.ToLower(from), len(b.stages))
}

// base asks for the configuration of an image.
func (b *builder) base(reference string) *Base {
	known, asked := b.bases[reference]
	if !asked {
		if b.options.Base != nil {
			if base, ok := b.options.Base(reference); ok {
				known = &base
			}
		}
		b.bases[reference] = known
	}
	return known
}

// places are those of the words NAME=value of an instruction, as many as the instruction has pairs.
func (b *builder) places(n *node, pairs int, old bool) []source.Place {
	result := make([]source.Place, pairs)
	if n == nil {
		return result
	}
	words := assignments(n.logical.text, n.args, byte(b.file.escape), old)
	for i := range result {
		result[i] = n.place
		if len(words) == pairs && len(n.logical.parts) > 0 {
			result[i] = b.ruler.place(n.logical.span(words[i].start, words[i].end))
		}
	}
	return result
}
