package serve

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"t5train/trainer/serve/access"
)

// With keys, every endpoint but those that watch over the server, and its page, wants one of them.
func TestKeys(t *testing.T) {
	log := &syncBuffer{}
	s, h := start(t, Options{Name: "first", Keys: access.NewKeys("first-key", "second-key"),
		Log: slog.New(slog.NewTextHandler(log, nil))})
	with := func(method, path, authorization string) (status int, answer string, header http.Header) {
		r, err := http.NewRequest(method, h.URL+path, strings.NewReader(map[bool]string{
			true: `{"inputs": ["a"]}`, false: `{"model": "first", "prompt": "a"}`}[path == "/v1/generate"]))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		status, answer = read(t, a)
		return status, answer, a.Header
	}
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer wrong-key", "Bearer first-ke",
		"Bearer first-key2",
		"Basic first-key", "first-key", "Bearer first-key second-key"} {
		for _, path := range []string{"GET /metrics", "GET /v1/model", "POST /v1/generate",
			"POST /v1/completions", "GET /v1/models"} {
			method, path, _ := strings.Cut(path, " ")
			status, answer, header := with(method, path, authorization)
			if status != 401 || !strings.Contains(answer, "invalid_api_key") ||
				header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s with %q: %d %s", method, path, authorization, status, answer)
			}
		}
	}
	for _, authorization := range []string{"Bearer first-key", "bearer second-key", "Bearer  first-key "} {
		for _, path := range []string{"GET /", "GET /metrics", "POST /v1/generate", "POST /v1/completions"} {
			method, path, _ := strings.Cut(path, " ")
			if status, answer, _ := with(method, path, authorization); status != 200 {
				t.Errorf("%s with %q: %d %s", path, authorization, status, answer)
			}
		}
	}
	var open []string
	for _, e := range Endpoints() {
		path, _, _ := strings.Cut(e.Path, "{")
		status, answer, _ := with(e.Method, path, "")
		switch {
		case e.Open:
			open = append(open, path)
			fallthrough
		case e.BodyKey: // whose body has none here
			if e.Open == (status == 401 || status == 403) {
				t.Errorf("%s without a key: %d %s", path, status, answer)
			}
		case status != 401:
			t.Errorf("%s without a key: %d %s", path, status, answer)
		}
	}
	if want := "/healthz /health /readyz /openapi.json /languages"; strings.Join(open, " ") != want {
		t.Errorf("%s need no key, want %s", open, want)
	}
	for _, path := range []string{"/healthz", "/readyz", "/", "/page.js", "/page.css"} {
		if status, answer, _ := with("GET", path, ""); status != 200 {
			t.Errorf("%s without a key: %d %s", path, status, answer)
		}
	}
	if !strings.Contains(s.metrics.Text(), `t5train_refused_total{reason="invalid_api_key"} `) {
		t.Errorf("the refusals are not counted: %s", s.metrics.Text())
	}
	if strings.Contains(log.String(), "-key") {
		t.Errorf("the log holds a key: %s", log)
	}
}

// With a certificate, Run speaks HTTPS and nothing else: with HTTP/1.1 alone, and no version of TLS that is broken.
func TestTLS(t *testing.T) {
	h := httptest.NewTLSServer(nil) // which has a certificate, and a client that trusts it
	defer h.Close()
	s, _ := start(t, Options{Name: "first", TLS: &tls.Config{Certificates: h.TLS.Certificates,
		MinVersion: tls.VersionTLS12}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listen(t, s, l)
	client := h.Client()
	r, err := client.Post("https://"+address+"/v1/completions", "application/json",
		strings.NewReader(`{"model": "first", "prompt": "ab", "stream": true}`))
	if err != nil {
		t.Fatal(err)
	}
	status, answer := read(t, r)
	if status != 200 || !strings.HasSuffix(answer, "data: [DONE]\n\n") || r.Proto != "HTTP/1.1" {
		t.Errorf("%s %d %q", r.Proto, status, answer)
	}
	client.CloseIdleConnections()
	pool := client.Transport.(*http.Transport).TLSClientConfig.RootCAs
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true,
		tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", MinVersion: version,
			MaxVersion: version, NextProtos: []string{"h2", "http/1.1"}})
		if got := err == nil; got != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			if p := c.ConnectionState().NegotiatedProtocol; p != "http/1.1" {
				t.Errorf("%s agrees to %q", tls.VersionName(version), p)
			}
			c.Close()
		}
	}
	conn := dial(t, address)
	fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if plain, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || plain.StatusCode != 400 {
		t.Errorf("a request that is not encrypted: %v, %v", plain, err)
	}
}

// A client that only connects to a server with TLS, or sends what is no handshake, is cut off.
func TestTLSHandshakeThatDoesNotCome(t *testing.T) {
	h := httptest.NewTLSServer(nil)
	defer h.Close()
	s, _ := start(t, Options{TLS: h.TLS, HeaderTimeout: 100e6})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listen(t, s, l)
	for _, hello := range []string{"", "\x16\x03\x01\xff\xff", "\x00\x00\x00\x00\x00\x00"} {
		conn := dial(t, address)
		_, _ = io.WriteString(conn, hello)
		if rest, err := io.ReadAll(conn); len(rest) > 10 && err == nil {
			t.Errorf("%q: answered %q", hello, rest)
		}
	}
}
