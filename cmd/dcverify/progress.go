package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// progress tells a person who waits what is being done: on a terminal in one line that goes away again, and only when it
// takes more than a second; with --verbose in a line for each step, anywhere.
type progress struct {
	w       io.Writer
	every   bool // a line for each
	mutex   sync.Mutex
	words   string
	stopped chan struct{}
	once    sync.Once
	wait    sync.WaitGroup
}

func startProgress(ctx context.Context, sys system, quiet, verbose bool) *progress {
	p := &progress{w: sys.stderr, every: verbose && !quiet, stopped: make(chan struct{})}
	if !quiet && !verbose && terminalWidth(sys.stderr) > 0 {
		p.wait.Go(func() { p.show(ctx) })
	}
	return p
}

func (p *progress) say(words string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.words = words
	if p.every {
		fmt.Fprintf(p.w, "dcverify: %s\n", words)
	}
}

// stop takes the line away. It may be called again.
func (p *progress) stop() {
	p.once.Do(func() { close(p.stopped) })
	p.wait.Wait()
}

func (p *progress) show(ctx context.Context) {
	started := time.Now()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	shown := false
	for {
		select {
		case <-tick.C:
			if time.Since(started) > time.Second {
				p.mutex.Lock()
				fmt.Fprintf(p.w, "\r\x1b[Kdcverify: %s (%d s)", p.words, int(time.Since(started).Seconds()))
				p.mutex.Unlock()
				shown = true
			}
		case <-p.stopped:
			if shown {
				fmt.Fprint(p.w, "\r\x1b[K")
			}
			return
		case <-ctx.Done():
			if shown {
				fmt.Fprint(p.w, "\r\x1b[K")
			}
			return
		}
	}
}
