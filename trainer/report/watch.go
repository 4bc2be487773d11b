package report

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"t5train/internal/loopback"
)

// Watch serves the page of the runs in some folders on a listener of this machine until ctx ends, and then returns nil.
// The page asks for what is new every other second; each time the runs are read anew.
func Watch(ctx context.Context, l net.Listener, dirs []string, o Options) error {
	server := &http.Server{
		Handler: handler(dirs, o), ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: time.Minute,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("watch: %w", err)
	case <-ctx.Done():
		return server.Close()
	}
}

// handler answers for the page and its data, to this machine alone.
func handler(dirs []string, o Options) http.Handler {
	now := func() Page {
		p := NewPage(readAll(dirs), o)
		p.Live = true
		return p
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		text, err := pageOf(now())
		answer(w, "text/html; charset=utf-8", []byte(text), err)
	})
	mux.HandleFunc("GET /data.json", func(w http.ResponseWriter, _ *http.Request) {
		text, err := json.Marshal(now())
		answer(w, "application/json", text, err)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback.Is(loopback.Name(r.Host)) {
			http.Error(w, "the report is for this machine alone: ask it as localhost", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "frame-ancestors 'none'") // the page itself says the rest
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, contentType string, text []byte, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(text) // that the client has gone is nothing to do about
}
