package serve

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// run serves with Run until the test ends, and returns the address.
func run(t testing.TB, o Options, models ...model) (s *Server, address string) {
	t.Helper()
	s, _ = start(t, o, models...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return s, listen(t, s, l)
}

// listen runs a server at a listener until the test ends, and returns the address.
func listen(t testing.TB, s *Server, l net.Listener) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run returns %v", err)
		}
	})
	return l.Addr().String()
}

func dial(t testing.TB, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// trickle sends a byte every few milliseconds until the other side has enough of it.
func trickle(c net.Conn, text string) {
	for i := range len(text) {
		if _, err := io.WriteString(c, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

const slowHeader = "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: " +
	"application/json\r\nContent-Length: 1000\r\n\r\n"

// Clients that send a byte now and then are cut off, while others are served.
func TestSlowClients(t *testing.T) {
	limit := 200 * time.Millisecond
	s, address := run(t, Options{HeaderTimeout: limit, ReadTimeout: limit})
	for name, c := range map[string]struct{ at, trickled, want string }{
		"nothing":      {"", "", ""},
		"slow header":  {"", strings.Repeat(slowHeader, 10), ""},
		"slow headers": {"GET / HTTP/1.1\r\n", strings.Repeat("X: y\r\n", 1000), ""},
		"slow body":    {slowHeader, strings.Repeat(" ", 1000), "HTTP/1.1 408 Request Timeout"},
		"no body":      {slowHeader, "", "HTTP/1.1 408 Request Timeout"},
		"slow body that nobody wants": {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
			strings.Repeat(" ", 1000), "HTTP/1.1 200 OK"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, address)
			if _, err := io.WriteString(conn, c.at); err != nil {
				t.Fatal(err)
			}
			go trickle(conn, c.trickled)
			answer, _ := io.ReadAll(conn) // ends when the server closes, with an error if it was sent more
			if got, _, _ := strings.Cut(string(answer), "\r\n"); !strings.HasPrefix(got, c.want) || c.want == "" &&
				got != "" &&
				!strings.HasPrefix(got, "HTTP/1.1 40") {
				t.Errorf("answered %q, want %q", got, c.want)
			}
			if status, answer := ask(t, "http://"+address+"/v1/classify", `{"inputs": ["win"]}`); status != 200 {
				t.Errorf("another client hears %d %s", status, answer)
			}
		})
	}
	t.Cleanup(func() {
		waitFor(t, func() bool { return s.bodies.Free() == s.bodies.Limit })
	})
}

// A request that takes longer than a body may take to arrive is still answered.
func TestSlowModel(t *testing.T) {
	f := &fake{gate: make(chan struct{})}
	_, address := run(t, Options{ReadTimeout: 50 * time.Millisecond, HeaderTimeout: 50 * time.Millisecond}, f)
	go func() {
		time.Sleep(200 * time.Millisecond)
		f.gate <- struct{}{}
	}()
	if status, answer := ask(t, "http://"+address+"/v1/classify", `{"inputs": ["win"]}`); status != 200 {
		t.Errorf("answered %d %s", status, answer)
	}
}

func TestEndlessHeader(t *testing.T) {
	_, address := run(t, Options{})
	conn := dial(t, address)
	go func() {
		line := "X: " + strings.Repeat("y", 1000) + "\r\n"
		_, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
		for err == nil {
			_, err = io.WriteString(conn, line)
		}
	}()
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if !strings.Contains(answer, "431") {
		t.Errorf("answered %q (%v), want 431", answer, err)
	}
}

// A body is only read as far as it may be, and what is read of all bodies together is bounded.
func TestBodiesAreBounded(t *testing.T) {
	s, address := run(t, Options{MaxBody: 1 << 16})
	conn := dial(t, address)
	if _, err := io.WriteString(conn, strings.Replace(slowHeader, "1000", "1000000000000", 1)); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(answer, "413") {
		t.Errorf("a terabyte: answered %q (%v), want 413", answer, err)
	}

	header := strings.Replace(slowHeader, "1000", fmt.Sprint(1<<16), 1)
	var conns []net.Conn
	for range 2 * bodiesInMemory { // all but the last byte
		conn := dial(t, address)
		if _, err := io.WriteString(conn, header+strings.Repeat(" ", 1<<16-1)); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	refused := 0
	for _, conn := range conns {
		_, _ = io.WriteString(conn, " ") // those that were refused may be closed
	}
	for _, conn := range conns {
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		switch status, text := read(t, answer); {
		case status == 429 && strings.Contains(text, "bodies_full"):
			refused++
		case status != 400:
			t.Errorf("answered %d %s", status, text)
		}
	}
	if refused == 0 {
		t.Errorf("none of %d bodies was refused", len(conns))
	}
	waitFor(t, func() bool { return s.bodies.Free() == s.bodies.Limit })
}

// A client that does not take its answer is cut off, and holds no memory after that.
func TestAnswerThatNobodyTakes(t *testing.T) {
	s, address := run(t, Options{WriteTimeout: 100 * time.Millisecond})
	conn := dial(t, address)
	body := `{"texts": ["` + strings.Repeat("x", 1<<19) + `"]}` // more than a connection buffers: some MB of tokens
	header := strings.NewReplacer("1000", fmt.Sprint(len(body)), "classify", "tokenize").Replace(slowHeader)
	if _, err := io.WriteString(conn, header+body); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return s.bodies.Free() < s.bodies.Limit })
	waitFor(t, func() bool { return s.bodies.Free() == s.bodies.Limit })
	if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
		if _, err := io.ReadAll(answer.Body); err == nil {
			t.Error("the client gets the whole answer in the end")
		}
	}
}

// Answers take their part of the memory too.
func TestAnswersAreBounded(t *testing.T) {
	s, h := start(t, Options{})
	body := `{"texts": ["` + strings.Repeat("x", 200) + `"]}`
	rest := s.bodies.Limit - int64(len(body)) - 50
	if err := s.bodies.Take(rest); err != nil {
		t.Fatal(err)
	}
	status, answer := ask(t, h.URL+"/v1/tokenize", body)
	if code, _ := code(t, answer); status != 429 || code != "bodies_full" {
		t.Errorf("answered %d %s, want 429 bodies_full", status, answer)
	}
	s.bodies.Give(rest)
	if status, answer := ask(t, h.URL+"/v1/tokenize", body); status != 200 {
		t.Errorf("answered %d %s", status, answer)
	}
}

// A client that still sends a body which nobody reads gets its answer, and the end of the connection after it, not a
// reset.
func TestAnswerBeforeTheBody(t *testing.T) {
	_, address := run(t, Options{MaxBody: 1 << 10})
	conn := dial(t, address)
	if _, err := io.WriteString(conn,
		strings.Replace(slowHeader, "1000", "1000000000", 1)+strings.Repeat(" ", 1<<20)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "body_too_large") {
		t.Errorf("answered %q (%v), want 413 and the end", answer, err)
	}
}
