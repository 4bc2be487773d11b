package serve

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A client that goes in the middle takes its inputs out of the queue, or stops the model when it is the only one.
func TestClientsThatGo(t *testing.T) {
	f := &fake{calls: make(chan []string), gate: make(chan struct{})}
	s, address := run(t, Options{}, f)
	post := func(ctx context.Context, text string) chan error {
		ended := make(chan error, 1)
		go func() {
			r, err := http.NewRequestWithContext(ctx, "POST", "http://"+address+"/v1/classify",
				strings.NewReader(`{"inputs": ["`+text+`"]}`))
			if err != nil {
				ended <- err
				return
			}
			r.Header.Set("Content-Type", "application/json")
			answer, err := http.DefaultClient.Do(r)
			if err == nil {
				answer.Body.Close()
			}
			ended <- err
		}()
		return ended
	}
	computing, stopComputing := context.WithCancel(context.Background())
	first := post(computing, "first")
	<-f.calls
	waiting, stopWaiting := context.WithCancel(context.Background())
	second := post(waiting, "second")
	waitFor(t, func() bool { n, _ := s.queue.length(); return n == 1 })
	third := post(context.Background(), "third")
	waitFor(t, func() bool { n, _ := s.queue.length(); return n == 2 })
	stopWaiting()
	if err := <-second; err == nil {
		t.Error("the second request was answered")
	}
	waitFor(t, func() bool { n, _ := s.queue.length(); return n == 1 })
	stopComputing() // its batch ends without the gate
	<-first
	if got := <-f.calls; len(got) != 1 || got[0] != "third" {
		t.Errorf("the model got %q, want the third alone", got)
	}
	f.gate <- struct{}{}
	if err := <-third; err != nil {
		t.Error(err)
	}
	if n := s.metrics.Abandoned.Get(); n != 1 {
		t.Errorf("%d inputs abandoned, want 1", n)
	}

	// Half a body, and gone.
	conn := dial(t, address)
	if _, err := io.WriteString(conn, slowHeader+"{"); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	waitFor(t, func() bool { return s.bodies.Free() == s.bodies.Limit })
}

// A request whose time is over is told so, and its inputs are not computed later.
func TestTimeLimit(t *testing.T) {
	f := &fake{calls: make(chan []string, 2), gate: make(chan struct{})}
	s, h := start(t, Options{Timeout: 100 * time.Millisecond}, f)
	for range 2 {
		status, answer := ask(t, h.URL+"/v1/classify", `{"inputs": ["a", "b"]}`)
		if code, message := code(t, answer); status != 504 || code != "timeout" || !strings.Contains(message, "100ms") {
			t.Errorf("answered %d %s, want 504", status, answer)
		}
	}
	if n, _ := s.queue.length(); n != 0 {
		t.Errorf("%d inputs still wait", n)
	}
}

// When the queue is full, clients are told to come again, and the queue continues.
func TestFullQueue(t *testing.T) {
	f := &fake{calls: make(chan []string, 100), gate: make(chan struct{})}
	s, h := start(t, Options{Queue: 2, MaxInputs: 2}, f)
	answers := make(chan int, 2)
	post := func() {
		status, _ := ask(t, h.URL+"/v1/classify", `{"inputs": ["a", "b"]}`)
		answers <- status
	}
	go post()
	<-f.calls
	go post()
	waitFor(t, func() bool { n, _ := s.queue.length(); return n == 2 })
	r, err := http.Post(h.URL+"/v1/classify", "application/json", strings.NewReader(`{"inputs": ["c"]}`))
	if err != nil {
		t.Fatal(err)
	}
	retry := r.Header.Get("Retry-After")
	status, answer := read(t, r)
	if code, _ := code(t, answer); status != 429 || code != "queue_full" || retry == "" {
		t.Errorf("answered %d %s with Retry-After %q, want 429 queue_full", status, answer, retry)
	}
	if r, err = http.Get(h.URL + "/readyz"); err != nil {
		t.Fatal(err)
	}
	if status, answer := read(t, r); status != 429 {
		t.Errorf("/readyz answers %d %s, want 429", status, answer)
	}
	close(f.gate)
	for range 2 {
		if status := <-answers; status != 200 {
			t.Errorf("a request that waited is answered %d", status)
		}
	}
}

// No more connections than allowed are open, and those that wait have their turn.
func TestConnections(t *testing.T) {
	_, address := run(t, Options{Connections: 2, IdleTimeout: 100 * time.Millisecond})
	for range 6 {
		conn := dial(t, address)
		if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil) // the connection stays open, idle
		if err != nil {
			t.Fatal(err)
		}
		if status, text := read(t, answer); status != 200 {
			t.Errorf("answered %d %s", status, text)
		}
	}
}
