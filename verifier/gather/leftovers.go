//go:build linux

package gather

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dcverify/dcverify/verifier/delve"
	"github.com/dcverify/dcverify/verifier/facts"
)

// leftovers looks for what debugging sessions left behind. Its own are none: they descend from this process.
func (g *gatherer) leftovers(ctx context.Context) facts.Part[[]facts.Leftover] {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	left, running := delve.LeftProcesses()
	for i, path := range running {
		if inside, err := filepath.Rel(g.Workspace, path); err == nil && !strings.HasPrefix(inside, "..") {
			running[i] = inside
		}
	}
	root, err := os.OpenRoot(g.Workspace)
	if err != nil {
		return facts.Failed[[]facts.Leftover](err.Error())
	}
	defer root.Close()
	return facts.Known(append(append([]facts.Leftover{}, left...), delve.LeftFiles(ctx, root.FS(), running)...))
}
