package serve

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stopping runs a server that the returned function stops.
func stopping(t *testing.T, o Options, m model) (s *Server, url string, stop context.CancelFunc, ended chan error) {
	t.Helper()
	s, _ = start(t, o, m)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ended = make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	return s, "http://" + l.Addr().String() + "/v1/classify", cancel, ended
}

// Under load, a server that stops answers every request that it has taken: none ends without an answer.
func TestStopUnderLoad(t *testing.T) {
	const clients = 32
	_, url, stop, ended := stopping(t, Options{}, &fake{})
	var answered, refused atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			// One connection a request: a server may close one that is idle just when the next request is on its way.
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			for {
				r, err := client.Post(url, "application/json", strings.NewReader(`{"inputs": ["win"]}`))
				if err != nil {
					// a connection that was never accepted
					if !strings.Contains(err.Error(), "refused") && !strings.Contains(err.Error(), "reset") &&
						!strings.Contains(err.Error(), "broken pipe") {
						t.Errorf("a request ends with %v", err)
					}
					return
				}
				switch status, answer := read(t, r); {
				case status == 200 && strings.Contains(answer, `"label":"spam"`):
					if answered.Add(1) == 10*clients {
						stop()
					}
				case status == 503 && strings.Contains(answer, "stopping"):
					refused.Add(1)
				default:
					t.Errorf("answered %d %s", status, answer)
				}
			}
		})
	}
	wg.Wait()
	if err := <-ended; err != nil {
		t.Errorf("Run returns %v", err)
	}
	t.Logf("%d requests answered, %d refused", answered.Load(), refused.Load())
}

// What is being computed and what waits is finished first; new requests are refused meanwhile.
func TestStopFinishes(t *testing.T) {
	f := &fake{calls: make(chan []string, 2), gate: make(chan struct{})}
	s, url, stop, ended := stopping(t, Options{}, f)
	answers := make(chan int, 2)
	post := func() {
		status, _ := ask(t, url, `{"inputs": ["a"]}`)
		answers <- status
	}
	go post()
	<-f.calls
	go post()
	waitFor(t, func() bool { n, _ := s.queue.length(); return n == 1 })
	stop()
	waitFor(t, func() bool { _, refused := s.queue.length(); return refused != nil })
	f.gate <- struct{}{}
	f.gate <- struct{}{}
	for range 2 {
		if status := <-answers; status != 200 {
			t.Errorf("a request that was there is answered %d", status)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("Run returns %v", err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSuffix(url, "/v1/classify"), "http://")); err == nil {
		c.Close()
		t.Error("a stopped server still listens")
	}
}

// When the time to finish is over, who waits is told so.
func TestGraceEnds(t *testing.T) {
	f := &fake{calls: make(chan []string, 2), gate: make(chan struct{})}
	_, url, stop, ended := stopping(t, Options{Grace: 50 * time.Millisecond}, f)
	answers := make(chan int, 1)
	go func() {
		status, _ := ask(t, url, `{"inputs": ["a"]}`)
		answers <- status
	}()
	<-f.calls
	stop()
	if status := <-answers; status != 503 {
		t.Errorf("answered %d, want 503", status)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run returns %v", err)
	}
}

// A listener that fails ends Run with the reason.
func TestRunWithoutListener(t *testing.T) {
	s, _ := start(t, Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := s.Run(context.Background(), l); err == nil {
		t.Error("Run returns no error")
	}
}
