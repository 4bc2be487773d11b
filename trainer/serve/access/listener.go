package access

import (
	"context"
	"net"
	"sync"
	"time"
)

// Listener accepts a connection only while fewer than the limit are open.
type Listener struct {
	listener net.Listener
	places   chan struct{}
	closed   chan struct{}
	close    func() error
}

// Limit lets at most so many connections of a listener be open at the same time.
func Limit(l net.Listener, most int) *Listener {
	limited := &Listener{listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
	limited.close = sync.OnceValue(func() error {
		close(limited.closed)
		return l.Close()
	})
	return limited
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.listener.Addr() }

// Close implements net.Listener.
func (l *Listener) Close() error { return l.close() }

// Wait returns when all connections of a closed listener are closed too, true, or when the time for that is over.
func (l *Listener) Wait(ctx context.Context, most time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	taken := 0
	defer func() {
		for range taken {
			<-l.places
		}
	}()
	for ; taken < cap(l.places); taken++ {
		select {
		case l.places <- struct{}{}:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	net.Conn
	leave func()
}

func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite lets http.Server end a connection gently: to close one while a client still sends resets it, and the
// client may lose the answer that says why.
func (c *limitedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
