//go:build linux

package gopls

import "github.com/dcverify/dcverify/verifier/child"

// process is a running gopls.
type process struct {
	*child.Process
	stderr child.Tail
}

// start starts gopls; the go commands that it leaves behind end with it.
func start(server Server, dir string) (*process, error) {
	p := &process{}
	var err error
	p.Process, err = child.Start(child.Program{Path: server.Path, Args: server.Args, Env: server.Env, Dir: dir, Stderr: &p.stderr, Talks: true})
	if err != nil {
		return nil, err
	}
	return p, nil
}
