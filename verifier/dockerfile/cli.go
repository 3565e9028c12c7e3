package dockerfile

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/dcverify/dcverify/verifier/source"
)

// Reading is what the devcontainer CLI believes of a Dockerfile, whose metadata and user it takes before anything is built.
type Reading struct {
	Image   string `json:"image,omitempty"`   // that it inspects for metadata, variables and a user; empty where it finds none
	User    string `json:"user,omitempty"`    // of a USER instruction; empty where it finds none, then the image's counts
	Problem string `json:"problem,omitempty"` // why it fails

	ImagePlace source.Place `json:"imagePlace,omitzero"` // of what it takes for the FROM that names the image
	UserPlace  source.Place `json:"userPlace,omitzero"`  // of what it takes for the USER
}

// The CLI reads a Dockerfile with regular expressions: src/spec-node/dockerfileUtils.ts of devcontainers/cli, bugs included.
// JavaScript's \s has more characters than Go's.
const jsSpace = `[\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`
const jsOther = `[^\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]`

var (
	cliSplit = regexp.MustCompile(`(?m)^[\t ]*[Ff][Rr][Oo][Mm]`)
	cliFrom  = regexp.MustCompile(`(?m)^` + jsSpace + `*[Ff][Rr][Oo][Mm]` + jsSpace + `+(?:--[Pp][Ll][Aa][Tt][Ff][Oo][Rr][Mm]=` + jsOther + `+` + jsSpace + `+)?` +
		`("?` + jsOther + `+"?)(?:` + jsSpace + `+[Aa][Ss]` + jsSpace + `+(` + jsOther + `+))?`)
	cliInstruction = regexp.MustCompile(`(?m)^` + jsSpace + `*([Aa][Rr][Gg]|[Ee][Nn][Vv]|[Uu][Ss][Ee][Rr])` + jsSpace + `+(` +
		strings.Replace(jsOther, `]`, `=]`, 1) + `+)(?:[ =]+(?:"(` + jsOther + `+)"|(` + jsOther + `+)))?`)
	cliReference = regexp.MustCompile(`\$\{?([a-zA-Z0-9_]+)(:(-|\+)([^\}]+))?\}?`)
)

type cliStage struct {
	image, label string
	from         bool // the preamble has no FROM
	at           int  // offset of its FROM
	instructions []cliLine
}

type cliLine struct {
	keyword, name, value string
	valued               bool
	at                   int // offset
}

// cli is the CLI at work on one file.
type cli struct {
	preamble *cliStage
	stages   []*cliStage
	labels   map[string]*cliStage
	args     map[string]string
	env      map[string]string // of the base image
	platform map[string]string
	steps    int
	problem  string
}

// CLI reads the file as the devcontainer CLI does.
func (f File) CLI(o Options) Reading {
	c := &cli{labels: map[string]*cliStage{}, args: o.Args, platform: map[string]string{}}
	c.read(f.lines.file.Text)
	parts := append(strings.SplitN(cmp.Or(o.Platform, "linux/amd64"), "/", 3), "", "")
	for _, side := range []string{"BUILD", "TARGET"} {
		c.platform[side+"PLATFORM"] = cmp.Or(o.Platform, "linux/amd64")
		c.platform[side+"OS"], c.platform[side+"ARCH"], c.platform[side+"VARIANT"] = parts[0], parts[1], parts[2]
	}
	var result Reading
	place := func(at int) source.Place {
		text := f.lines.file.Text
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \t\r\n"))
		end := at + len(strings.TrimRight(text[at:at+len(firstLine(text[at:]))], " \t\r"))
		return f.lines.file.Place(at, end)
	}
	var at *cliStage
	if result.Image, at = c.image(o.Target); at != nil {
		result.ImagePlace = place(at.at)
	}
	if c.problem == "" && result.Image != "" && o.Base != nil {
		if base, ok := o.Base(result.Image); ok {
			c.env = map[string]string{}
			for _, entry := range base.Env {
				name, text, _ := strings.Cut(entry, "=")
				c.env[name] = text
			}
		}
	}
	if c.problem == "" {
		var line *cliLine
		if result.User, line = c.user(o.Target); line != nil {
			result.UserPlace = place(line.at)
		}
	}
	if result.Problem = c.problem; result.Problem != "" {
		result = Reading{Problem: result.Problem}
	}
	return result
}

// read is extractDockerfile.
func (c *cli) read(text string) {
	starts := cliSplit.FindAllStringIndex(text, -1)
	end := len(text)
	if len(starts) > 0 {
		end = starts[0][0]
	}
	c.preamble = &cliStage{instructions: cliInstructions(text[:end], 0)}
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		part := text[start[0]:end]
		stage := &cliStage{image: "unknown", from: true, at: start[0], instructions: cliInstructions(part, start[0])}
		if match := cliFrom.FindStringSubmatch(part); match != nil {
			stage.image, stage.label = unquoteEnds(match[1]), match[2]
		}
		c.stages = append(c.stages, stage)
		if stage.label != "" {
			c.labels[stage.label] = stage
		}
	}
}

// cliInstructions lists what the text of one stage has; before is what stands above it in the file.
func cliInstructions(text string, before int) []cliLine {
	var all []cliLine
	for _, at := range cliInstruction.FindAllStringSubmatchIndex(text, -1) {
		group := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return text[at[2*i]:at[2*i+1]]
		}
		value := cmp.Or(group(3), group(4))
		all = append(all, cliLine{strings.ToUpper(group(1)), group(2), value, value != "", before + at[2]})
	}
	return all
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// unquoteEnds is the CLI's replace(/^['"]|['"]$/g, ”): quotes at either end, whether they match or not.
func unquoteEnds(text string) string {
	if text != "" && strings.ContainsAny(text[:1], `'"`) {
		text = text[1:]
	}
	if text != "" && strings.ContainsAny(text[len(text)-1:], `'"`) {
		text = text[:len(text)-1]
	}
	return text
}

func (c *cli) stage(target string) *cliStage {
	if target != "" {
		return c.labels[target]
	}
	if len(c.stages) == 0 {
		return nil
	}
	return c.stages[len(c.stages)-1]
}

// image is findBaseImage.
func (c *cli) image(target string) (string, *cliStage) {
	seen := map[*cliStage]bool{}
	for stage := c.stage(target); stage != nil && !seen[stage]; {
		seen[stage] = true
		image := c.from(stage)
		next := c.labels[image]
		if next == nil {
			return image, stage
		}
		stage = next
	}
	return "", nil
}

func (c *cli) from(stage *cliStage) string {
	env := c.env
	c.env = nil // not available in FROM
	defer func() { c.env = env }()
	return c.replace(stage.image, c.preamble, len(c.preamble.instructions))
}

// user is findUserStatement.
func (c *cli) user(target string) (string, *cliLine) {
	seen := map[*cliStage]bool{}
	for stage := c.stage(target); stage != nil && !seen[stage]; stage = c.labels[c.replace(stage.image, c.preamble, len(c.preamble.instructions))] {
		seen[stage] = true
		for i := len(stage.instructions) - 1; i >= 0; i-- {
			if stage.instructions[i].keyword == "USER" {
				return c.replace(stage.instructions[i].name, stage, i), &stage.instructions[i]
			}
		}
	}
	return "", nil
}

// replace is replaceVariables.
func (c *cli) replace(text string, stage *cliStage, before int) string {
	var b strings.Builder
	last := 0
	for _, m := range cliReference.FindAllStringSubmatchIndex(text, -1) {
		value := c.find(text[m[2]:m[3]], stage, before)
		if m[4] >= 0 {
			if word := text[m[8]:m[9]]; (text[m[6]:m[7]] == "-") != (value != "") {
				value = word
			}
			value = unquoteEnds(value)
		}
		b.WriteString(text[last:m[0]])
		b.WriteString(value)
		if last = m[1]; b.Len() > longestValue {
			c.problem = cmp.Or(c.problem, "the values are too big to be followed")
			return ""
		}
	}
	b.WriteString(text[last:])
	return b.String()
}

// find is findValue.
func (c *cli) find(name string, stage *cliStage, before int) string {
	if c.steps++; c.steps > 10000 {
		c.problem = cmp.Or(c.problem, "the references are too many to be followed")
	}
	seen := map[*cliStage]bool{}
	for considerArg := true; c.problem == "" && !seen[stage]; {
		seen[stage] = true
	lines:
		for i := min(before, len(stage.instructions)) - 1; i >= 0; i-- {
			line := stage.instructions[i]
			given, overridden := c.args[line.name]
			switch {
			case line.name != name:
			case line.keyword == "ENV" && !line.valued:
				c.problem = "Cannot read properties of undefined (reading 'matchAll')"
				return ""
			case line.keyword == "ENV":
				return c.replace(line.value, stage, i)
			case line.keyword == "USER" && considerArg && (overridden || line.valued):
				break lines // the CLI finds it, has no use for it, and goes on with the stage's base
			case considerArg && (overridden || line.valued):
				if overridden {
					return c.replace(given, stage, i)
				}
				return c.replace(line.value, stage, i)
			}
		}
		if !stage.from {
			if value, ok := c.env[name]; ok {
				return value
			}
			return c.platform[name]
		}
		next := c.labels[c.replace(stage.image, c.preamble, len(c.preamble.instructions))]
		if next == nil {
			next = c.preamble
		}
		stage, before, considerArg = next, len(next.instructions), next == c.preamble
	}
	return ""
}
