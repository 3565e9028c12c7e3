package dockerfile

import (
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/dcverify/dcverify/verifier/goenv"
)

// plain is a name that a shell and a regexp can take; the parser takes any.
var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Env is what the ENV instructions of the stage of that name declare, with those of the stages that it starts from; of the
// last stage when the name is empty. The values are in the words of the file: $NAME stays $NAME.
func (f File) Env(target string) map[string]goenv.Declaration {
	b := &builder{file: f, options: Options{Target: target}, ruler: &ruler{lines: f.lines}, declared: map[string]bool{}, lex: shell.NewLex(f.escape)}
	b.read()
	env := map[string]goenv.Declaration{}
	lex := shell.NewLex(f.escape)
	lex.SkipUnsetEnv = true
	for at := b.target(); at >= 0; at = b.stages[at].parent {
		steps := b.stages[at].steps
		for i := len(steps) - 1; i >= 0; i-- {
			c, ok := steps[i].command.(*instructions.EnvCommand)
			if !ok {
				continue
			}
			places := b.places(steps[i].node, len(c.Env), true)
			for j := len(c.Env) - 1; j >= 0; j-- {
				pair := c.Env[j]
				if _, later := env[pair.Key]; later || !plain.MatchString(pair.Key) {
					continue
				}
				text := pair.Value
				if strings.Count(text, "${") <= mostReferences {
					if result, _, err := lex.ProcessWord(text, &lookup{scope: scope{base: "?"}}); err == nil {
						text = result
					}
				}
				env[pair.Key] = goenv.Declaration{Value: text, Place: places[j]}
			}
		}
	}
	return env
}
