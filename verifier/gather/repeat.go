//go:build linux

package gather

import (
	"context"
	"fmt"

	"github.com/dcverify/dcverify/verifier/facts"
)

// repeat makes a proof as often as it is asked for. After an interruption what was done counts: the try that it ended says
// nothing, unless it was the only one.
func (g *gatherer) repeat(ctx context.Context, try func() facts.Proof) facts.Proof {
	if g.Repeat <= 1 {
		return try()
	}
	var tries []facts.Proof
	for n := range g.Repeat {
		if n > 0 {
			if ctx.Err() != nil {
				break
			}
			g.Progress(fmt.Sprintf("%s, try %d of %d", tries[0].Name, n+1, g.Repeat))
		}
		proof := try()
		if n > 0 && ctx.Err() != nil && proof.Status == facts.Broken {
			break
		}
		if n == 0 && proof.Status == facts.Skipped {
			return proof // and would be again
		}
		tries = append(tries, proof)
	}
	return facts.Repeated(tries)
}
