package dnsproof

import (
	"context"
	"net"
	"sync/atomic"
)

// line leads to a resolver, and notes whether anything was heard from there:
// the standard library does not tell a server that refuses from none.
type line struct {
	server string // "": the one that the system names
	heard  atomic.Bool
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.server != "" {
		address = l.server
	}
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	// Packets are told from a stream by the type.
	if udp, ok := c.(*net.UDPConn); ok {
		return packets{udp, l}, nil
	}
	return stream{c, l}, nil
}

func (l *line) note(n int, err error) (int, error) {
	if n > 0 {
		l.heard.Store(true)
	}
	return n, err
}

type packets struct {
	*net.UDPConn
	line *line
}

// Read implements [net.Conn].
func (c packets) Read(b []byte) (int, error) { return c.line.note(c.UDPConn.Read(b)) }

type stream struct {
	net.Conn
	line *line
}

// Read implements [net.Conn].
func (c stream) Read(b []byte) (int, error) { return c.line.note(c.Conn.Read(b)) }
