package dockerfile

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/dcverify/dcverify/verifier/goenv"
	"github.com/dcverify/dcverify/verifier/source"
)

// stage is what a stage is while its instructions run. As in BuildKit there are two environments: what expansions and RUN
// see, ARGs included, and what the image's configuration will have.
type stage struct {
	index, parent int
	out           Stage
	steps         []step

	state    scope
	env      environment
	declared map[string]bool // names of ARGs in scope
	unknown  string          // why what the base sets is not known

	user      value
	userPlace source.Place
	workdir   string
	shell     []string
	labels    map[string]string
	triggers  []trigger // of its own ONBUILD instructions

	run goenv.Environ // what RUN sees of Go's variables; shared by instructions until something changes; nil for not made
}

// trigger is an ONBUILD instruction.
type trigger struct {
	expression string
	place      source.Place
}

// visible are the variables of RUN that are told.
var visible = func() map[string]bool {
	names := map[string]bool{"HOME": true}
	for _, name := range goenv.Variables {
		names[name] = true
	}
	return names
}()

// run evaluates a stage.
func (b *builder) run(s *stage) {
	s.state = scope{vars: map[string]value{}}
	triggers := b.inherit(s)
	if s.unknown == "" && !s.env.has("PATH") {
		s.env.set("PATH", value{text: defaultPath}, source.Place{})
	}
	for _, v := range s.env.list {
		s.state.vars[v.name] = v.value
	}
	if b.options.Legacy {
		for _, name := range proxies {
			if text, ok := b.options.Args[name]; ok && !s.env.has(name) {
				s.state.vars[name] = value{text: text}
			}
		}
	}
	for _, t := range triggers {
		at := where{place: t.place, stage: s.index, declared: s.declared}
		if !t.place.Known() {
			at.place = s.out.Place
		}
		commands := triggered(t.expression)
		if commands == nil {
			b.problem("syntax", "an ONBUILD instruction of the base is none", at)
		}
		for _, c := range commands {
			b.apply(s, step{command: c, at: at}, t.place)
		}
	}
	for _, t := range s.steps {
		t.at.declared = s.declared
		b.apply(s, t, t.at.place)
	}
	s.out.Env, s.out.User = s.env.variables(), s.user.text
	s.out.UserPlace, s.out.UserUnknown = s.userPlace, s.user.unknown
}

// inherit takes over what the stage starts from, and returns what that wants to be done first.
func (b *builder) inherit(s *stage) []trigger {
	if s.parent >= 0 {
		p := b.stages[s.parent]
		if b.inherited += len(p.env.list) + p.env.history + len(p.labels) + len(p.state.vars); b.inherited > mostInherited {
			b.problem("too-big", "the stages have too many variables to be followed", where{place: s.out.Place, stage: s.index})
			s.forget("the parent stage is too big to be followed", s.out.Image)
			return nil
		}
		s.env, s.unknown, s.out.Known = p.env.clone(), p.unknown, p.out.Known
		s.state.base = p.state.base
		if !b.options.Legacy {
			// BuildKit's child starts from its parent's state, ARGs included, and sets the ENVs anew (convert.go init and
			// dispatchStages); the builder before it starts from the image.
			s.state, s.declared = p.state.clone(), maps.Clone(p.declared)
		}
		s.user, s.userPlace, s.workdir, s.shell, s.labels = p.user, p.userPlace, p.workdir, p.shell, maps.Clone(p.labels)
		return p.triggers
	}
	if s.out.Image == scratch {
		s.env, s.out.Known = newEnvironment(nil), true
		if !b.options.Legacy {
			s.workdir = "/" // buildkit dockerfile2llb emptyImage
		}
		return nil
	}
	var base *Base
	if s.out.Built && s.out.Image != "" {
		base = b.base(s.out.Image)
	}
	if base == nil {
		name := s.out.Image
		if name == "" {
			name = "the base"
		}
		s.forget(fmt.Sprintf("the configuration of %s is not at hand", name), name)
		return nil
	}
	s.out.Known = true
	s.env, s.user.text, s.shell, s.labels = newEnvironment(base.Env), base.User, base.Shell, maps.Clone(base.Labels)
	if s.workdir = base.Workdir; s.workdir != "" && !b.options.Legacy {
		s.workdir = absolute("", s.workdir)
	}
	var triggers []trigger
	for _, expression := range base.OnBuild {
		triggers = append(triggers, trigger{expression: expression})
	}
	return triggers
}

// forget makes a stage that starts from something unknown.
func (s *stage) forget(why, base string) {
	s.env = newEnvironment(nil)
	s.unknown, s.user.unknown, s.state.base, s.out.Known = why, why, base, false
}

// absolute is where WORKDIR leads, by BuildKit's rule: an absolute path stays as it is written, a relative one is joined.
func absolute(current, to string) string {
	if current == "" {
		current = "/"
	}
	switch {
	case to == "":
		return path.Join("/", current)
	case path.IsAbs(to):
		return to
	}
	return path.Join("/", current, to)
}

// triggered reads an ONBUILD instruction; nil where it is none.
func triggered(expression string) []instructions.Command {
	if len(expression) > longestLine || strings.Count(expression, "${") > mostReferences ||
		strings.Count(strings.ToLower(expression), "onbuild") > mostTriggers {
		return nil
	}
	result, err := parser.Parse(strings.NewReader(expression))
	if err != nil || len(result.AST.Children) != 1 {
		return nil
	}
	command, err := instructions.ParseCommand(result.AST.Children[0])
	if err != nil {
		return nil
	}
	return []instructions.Command{command}
}

// apply runs one instruction. The place is what variables get that it sets; in the file it is refined.
func (b *builder) apply(s *stage, t step, place source.Place) {
	i := Instruction{Place: t.at.place, User: s.user.text, Workdir: s.workdir, Shell: s.shell}
	if s.user.text == "" && s.user.unknown == "" {
		i.User = "root"
	}
	if t.node != nil {
		i.Keyword, i.Flags = strings.ToUpper(t.node.Value), t.node.Flags
	}
	word := func(text string) value { return b.expand(text, s.state, t.at) }
	switch c := t.command.(type) {
	case *instructions.EnvCommand:
		i.Words = b.env(s, t, c, place)
	case *instructions.ArgCommand:
		i.Words = b.arg(s, t, c, place)
	case *instructions.LabelCommand:
		i.Words = b.label(s, t, c)
	case *instructions.UserCommand:
		s.user, s.userPlace = word(c.User), place
		i.Words = []string{s.user.text}
	case *instructions.WorkdirCommand:
		to := word(c.Path).text
		i.Words = []string{to}
		b.cd(s, t, to)
	case *instructions.ShellCommand:
		s.shell, i.Words = slices.Clone(c.Shell), c.Shell
	case *instructions.OnbuildCommand:
		s.triggers = append(s.triggers, trigger{c.Expression, t.at.place})
		i.Words = []string{c.Expression}
	case *instructions.CopyCommand:
		i.Words = b.paths(s, t, c.SourcesAndDest)
		b.from(s, t, c)
		if c.Chmod != "" || c.Link || c.Parents || len(c.ExcludePatterns) > 0 || len(c.SourceContents) > 0 {
			b.modern(t)
		}
	case *instructions.AddCommand:
		i.Words = b.paths(s, t, c.SourcesAndDest)
		if c.Chmod != "" || c.Link || c.Checksum != "" || c.KeepGitDir != nil || len(c.ExcludePatterns) > 0 || len(c.SourceContents) > 0 {
			b.modern(t)
		}
	case *instructions.RunCommand:
		if !c.PrependShell {
			i.Words = c.CmdLine
		}
		if len(c.FlagsUsed) > 0 || len(c.Files) > 0 {
			b.modern(t)
		}
		i.Env = s.environ()
		if t.node != nil {
			i.Script, i.Line = b.file.script(t.node)
			i.Others = s.others(i.Script)
		}
	case *instructions.CmdCommand:
		if !c.PrependShell {
			i.Words = c.CmdLine
		}
	case *instructions.EntrypointCommand:
		if !c.PrependShell {
			i.Words = c.CmdLine
		}
	case *instructions.VolumeCommand:
		for _, volume := range c.Volumes {
			i.Words = append(i.Words, word(volume).text)
		}
	case *instructions.StopSignalCommand:
		i.Words = []string{word(c.Signal).text}
	case *instructions.ExposeCommand:
		i.Words = c.Ports
	case *instructions.MaintainerCommand:
		i.Words = []string{c.Maintainer}
	case *instructions.HealthCheckCommand:
		i.Words = c.Health.Test
	}
	if t.node != nil {
		s.out.Instructions = append(s.out.Instructions, i)
	}
}

// set changes what expansions and RUN see.
func (s *stage) set(name string, v value) {
	s.state.vars[name] = v
	if visible[name] {
		s.run = nil
	}
}

func (s *stage) environ() goenv.Environ {
	if s.run == nil {
		s.run = goenv.Environ{}
		for name := range visible {
			if v, ok := s.state.vars[name]; ok {
				s.run[name] = v.text
			}
		}
	}
	return s.run
}

var reference = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// others is the variables beside Go's that a script names, as far as their values are known.
func (s *stage) others(script string) goenv.Environ {
	var found goenv.Environ
	for _, match := range reference.FindAllStringSubmatch(script, mostReferences) {
		v, ok := s.state.vars[match[1]]
		if !ok || v.unknown != "" || v.text == "" || visible[match[1]] {
			continue
		}
		if found == nil {
			found = goenv.Environ{}
		}
		found[match[1]] = v.text
	}
	return found
}

// env is ENV: all words are expanded before any is set.
func (b *builder) env(s *stage, t step, c *instructions.EnvCommand, place source.Place) []string {
	places := b.places(t.node, len(c.Env), true)
	words, values := make([]string, 0, 2*len(c.Env)), make([]value, len(c.Env))
	for i, pair := range c.Env {
		if t.node != nil {
			t.at.place = places[i]
		}
		values[i] = b.expand(pair.Value, s.state, t.at)
		words = append(words, b.expand(pair.Key, s.state, t.at).text, values[i].text)
	}
	for i, v := range values {
		if t.node != nil {
			place = places[i]
		}
		s.set(words[2*i], v)
		s.env.set(words[2*i], v, place)
	}
	return words
}

func (b *builder) label(s *stage, t step, c *instructions.LabelCommand) []string {
	if s.labels == nil {
		s.labels = map[string]string{}
	}
	words := make([]string, 0, 2*len(c.Labels))
	for _, pair := range c.Labels {
		words = append(words, b.expand(pair.Key, s.state, t.at).text, b.expand(pair.Value, s.state, t.at).text)
	}
	for i := 0; i < len(words); i += 2 {
		s.labels[words[i]] = words[i+1]
	}
	return words
}

// arg is ARG inside of a stage. BuildKit takes one word after the other and lets an ARG beat an ENV for expansions and RUN
// (convert.go dispatchArg); before it all words were expanded first, names too, and ENV always beat ARG
// (moby builder/dockerfile/buildargs.go).
func (b *builder) arg(s *stage, t step, c *instructions.ArgCommand, place source.Place) []string {
	places := b.places(t.node, len(c.Args), false)
	before := s.state
	if b.options.Legacy && len(c.Args) > 1 {
		before = s.state.clone()
	}
	words := make([]string, 0, 2*len(c.Args))
	for i, pair := range c.Args {
		at := t.at
		if t.node != nil {
			at.place, place = places[i], places[i]
		}
		name := pair.Key
		if b.options.Legacy {
			name = b.expand(name, before, at).text
		}
		given, overridden := b.options.Args[name]
		var v *value
		var text *string
		if pair.Value != nil {
			at.quiet = overridden && !b.options.Legacy
			expanded := b.expand(*pair.Value, before, at)
			v, text = &expanded, &expanded.text
		}
		if t.node != nil {
			b.args = append(b.args, Arg{Name: name, Default: text, Stage: s.index, Place: place})
		}
		s.declared[name] = true
		if global, ok := b.globals.vars[name]; ok && v == nil {
			v = &global
		}
		if overridden {
			v = &value{text: given}
		}
		switch {
		case b.options.Legacy && s.env.has(name):
		case b.options.Legacy && v == nil:
			delete(s.state.vars, name)
			s.run = nil
		case v != nil && !strings.HasPrefix(name, "BUILDKIT_SBOM_SCAN_"):
			s.set(name, *v)
		}
		said := s.state.vars[name].text
		if v != nil {
			said = v.text
		}
		words = append(words, name, said)
	}
	return words
}

// cd is WORKDIR.
func (b *builder) cd(s *stage, t step, to string) {
	switch {
	case b.options.Legacy && to == "":
		b.problem("syntax", "WORKDIR has nothing left after expansion: the builder before BuildKit refuses it", t.at)
	case s.unknown != "" && !path.IsAbs(s.workdir) && !path.IsAbs(to):
		s.workdir = path.Join(s.workdir, to) // relative to what the base has, which nobody knows
	default:
		s.workdir = absolute(s.workdir, to)
	}
}

// paths is the sources and the destination of COPY and ADD.
func (b *builder) paths(s *stage, t step, paths instructions.SourcesAndDest) []string {
	var words []string
	for _, from := range paths.SourcePaths {
		words = append(words, b.expand(from, s.state, t.at).text)
	}
	return append(words, b.expand(paths.DestPath, s.state, t.at).text)
}

// from checks COPY --from: a stage of that number or name must come before. One that the later stage itself starts from
// makes a circle, for which BuildKit refuses the file whatever the target is.
func (b *builder) from(s *stage, t step, c *instructions.CopyCommand) {
	from := b.source(c.From)
	number := strings.Trim(c.From, "0123456789") == ""
	if c.From == "" || from >= 0 && from < s.index || from < 0 && !number {
		return
	}
	at := t.at
	for i := from; i >= s.index && i < len(b.stages); i = b.stages[i].parent {
		if i == s.index && !b.options.Legacy {
			at.stage = -1
		}
	}
	b.problem("unknown-stage", fmt.Sprintf("cannot copy from stage %q: it needs to be defined before the current stage", c.From), at)
}

func (b *builder) modern(t step) {
	if b.options.Legacy {
		b.problem("needs-buildkit", "the builder before BuildKit does not know here documents, RUN --mount and other newer flags", t.at)
	}
}
