package serve

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// headerBytes is the most that a request's header may have: what browsers send is a tenth of it.
const headerBytes = 16 << 10

// Run serves on a listener until ctx ends. Then it takes no more requests, gives those that are unfinished
// Options.Grace, and returns nil. The server is closed.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.options.HeaderTimeout,
		IdleTimeout:       s.options.IdleTimeout,
		MaxHeaderBytes:    headerBytes,
		// what clients do wrong before a request is there
		ErrorLog: slog.NewLogLogger(s.options.Log.Handler(), slog.LevelDebug),
	}
	limited := limitConnections(l, s.options.Connections)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(limited) }()
	defer server.Close()
	select {
	case err := <-ended:
		s.Close()
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	// Not by Shutdown, which drops requests whose header is just arriving. Here each one that comes on an open
	// connection is told that the server stops, and the connection is closed after it.
	s.Stop()
	limited.Close()
	server.SetKeepAlivesEnabled(false)
	ctx = context.WithoutCancel(ctx)
	if !limited.wait(ctx, s.options.Grace) {
		s.options.Log.Warn("requests are not finished, the time for them is over")
	}
	s.Close() // whoever still waits is told so
	limited.wait(ctx, lastWords)
	return nil
}

// lastWords is the time for the answers that nothing could be done.
const lastWords = time.Second

// limitedListener accepts a connection only while fewer than the limit are open.
type limitedListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	close  func() error
}

func limitConnections(l net.Listener, most int) *limitedListener {
	limited := &limitedListener{Listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
	limited.close = sync.OnceValue(func() error {
		close(limited.closed)
		return l.Close()
	})
	return limited
}

func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

func (l *limitedListener) Close() error { return l.close() }

// wait returns when all connections of a closed listener are closed too, true, or when the time for that is over.
func (l *limitedListener) wait(ctx context.Context, most time.Duration) bool {
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
