package delve

import (
	"errors"
	"net"
	"sync/atomic"
)

// floodLimit is more, in bytes, than any proof makes a Delve send: without a limit one that sends and sends would fill the
// memory until the deadline.
const floodLimit = 16 << 20

var errFlood = errors.New("too much was sent")

// bounded is a connection that ends when the other side has sent more than the limit.
type bounded struct {
	net.Conn
	received atomic.Int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.flooded() {
		return 0, errFlood
	}
	n, err := b.Conn.Read(p)
	b.received.Add(int64(n))
	return n, err
}

func (b *bounded) flooded() bool { return b.received.Load() > floodLimit }
