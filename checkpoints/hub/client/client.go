// Package client asks servers for files as the tools of Hugging Face do: with the token of the user for the hub itself
// and for no other host, with the proxies of the environment, and again after faults that pass.
package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"t5train/checkpoints/hub"
	"t5train/internal/bounded"
	"t5train/internal/loopback"
)

// Client asks one server.
type Client struct {
	Endpoint *url.URL
	Idle     time.Duration // after which a server that sends nothing is given up
	Pause    time.Duration // before the second attempt; it doubles
	What     string        // that the server has: a model, a file

	token string // "" for none
	http  http.Client
}

// attempts bounds how often the same thing is asked for.
const attempts = 5

// Hub returns the URL of the hub: HF_ENDPOINT, or else https://huggingface.co.
func Hub() string { return cmp.Or(os.Getenv("HF_ENDPOINT"), "https://huggingface.co") }

// Offline reports whether the environment forbids to download.
func Offline() bool {
	return slices.ContainsFunc([]string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}, func(name string) bool {
		return slices.Contains([]string{"1", "ON", "YES", "TRUE"}, strings.ToUpper(os.Getenv(name)))
	})
}

// New returns the client of the hub at an endpoint, which gets the token of the user.
func New(hub string) (*Client, error) {
	endpoint, err := url.Parse(strings.TrimRight(hub, "/"))
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http" {
		return nil, fmt.Errorf("the endpoint is %.80q, want a URL such as https://huggingface.co", hub)
	}
	token, err := readToken()
	if err != nil {
		return nil, err
	}
	if endpoint.Scheme == "http" && !loopback.Is(endpoint.Hostname()) {
		token = "" // everybody on the way could read it
	}
	c := Anonymous(endpoint)
	c.token = token
	return c, nil
}

// For returns the client of the host of a URL: with the token of the user where that is the hub.
func For(address *url.URL) (*Client, error) {
	hub, err := New(Hub())
	host := &url.URL{Scheme: address.Scheme, Host: address.Host}
	if err == nil && hub.isOwn(address) {
		hub.Endpoint = host
		return hub, nil
	}
	return Anonymous(host), err
}

// Anonymous returns the client of a server that gets no token.
func Anonymous(endpoint *url.URL) *Client {
	c := &Client{Endpoint: endpoint, Idle: time.Minute, Pause: time.Second, What: "model"}
	transport := http.DefaultTransport.(*http.Transport).Clone() // with the proxies of the environment
	transport.ResponseHeaderTimeout = c.Idle
	transport.DisableCompression = true // sizes and ranges are those of the files
	c.http = http.Client{Transport: transport, CheckRedirect: c.redirect}
	return c
}

// readToken returns what HF_TOKEN has, or the file that huggingface-cli login writes.
func readToken() (string, error) {
	for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"} {
		if token := strings.TrimSpace(os.Getenv(name)); token != "" {
			return token, nil
		}
	}
	path := os.Getenv("HF_TOKEN_PATH")
	if path == "" {
		home, err := hub.Home()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, "token")
	}
	raw, err := bounded.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(raw)), err
}

// isOwn reports whether a URL is of the endpoint's own host.
func (c *Client) isOwn(u *url.URL) bool {
	return u.Scheme == c.Endpoint.Scheme && strings.EqualFold(u.Host, c.Endpoint.Host)
}

// redirect follows a redirect, without the token where it leads to another host. The headers that describe a file are
// those of the endpoint, so that HEAD stays there.
func (c *Client) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errors.New("stopped after 10 redirects")
	case c.isOwn(r.URL):
		return nil
	case r.Method == http.MethodHead:
		return http.ErrUseLastResponse
	case c.Endpoint.Scheme == "https" && r.URL.Scheme != "https":
		return fmt.Errorf("%s redirects to %s, which is not encrypted", via[0].URL.Host, r.URL.Host)
	}
	r.Header.Del("Authorization")
	r.Header.Del("Cookie")
	return nil
}

// StatusError is the answer of a server that says no.
type StatusError struct {
	Code  int
	what  string
	after time.Duration // that it asks to wait
}

func (e *StatusError) Error() string { return e.what }

// Request asks once for a path of the endpoint. Statuses of 400 and more are a [StatusError].
func (c *Client) Request(ctx context.Context, method, path string, header http.Header) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.Endpoint.String()+path, nil)
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, header)
	r.Header.Set("User-Agent", "t5train")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 400 {
		resp.Body.Close()
		return nil, c.refused(resp)
	}
	return resp, nil
}

// refused says what an answer means, and what to do.
func (c *Client) refused(resp *http.Response) error {
	e := &StatusError{Code: resp.StatusCode, what: "the server answers " + resp.Status}
	if text := resp.Header.Get("X-Error-Message"); text != "" {
		e.what += fmt.Sprintf(" (%.200q)", text)
	}
	code := resp.Header.Get("X-Error-Code")
	switch {
	case code == "GatedRepo" || resp.StatusCode == http.StatusForbidden:
		e.what += ": the " + c.What + " is gated: accept its conditions on its page, and put your token into HF_TOKEN"
	case code == "RevisionNotFound":
		e.what += ": the " + c.What + " has no such revision"
	case resp.StatusCode == http.StatusUnauthorized && c.token == "":
		e.what += ": there is no such " + c.What + ", or it is private: correct the name, or put a token into HF_TOKEN"
	case resp.StatusCode == http.StatusUnauthorized:
		e.what += ": there is no such " + c.What + ", or the token may not read it"
	case resp.StatusCode == http.StatusNotFound:
		e.what += ": there is no such " + c.What + ": correct the name"
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.after = min(time.Duration(seconds)*time.Second, time.Minute)
	}
	return e
}

// ErrFinal marks an error that another attempt does not change.
var ErrFinal = errors.New("")

// Again calls f until it succeeds, fails in a way that will not change, or has failed often enough.
func (c *Client) Again(ctx context.Context, f func() error) error {
	pause := c.Pause
	for attempt := 1; ; attempt++ {
		err := f()
		var status *StatusError
		isStatus := errors.As(err, &status)
		final := isStatus && status.Code < 500 && status.Code != http.StatusTooManyRequests &&
			status.Code != http.StatusRequestTimeout
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case final || errors.Is(err, ErrFinal):
			return err
		case attempt == attempts:
			return fmt.Errorf("%w (%d attempts: give the same command again)", err, attempts)
		}
		wait := pause
		if isStatus {
			wait = max(wait, status.after)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		pause *= 2
	}
}

// Body reads the body of an answer, and ends its request by cancel where it brings nothing for a time.
func (c *Client) Body(resp *http.Response, cancel context.CancelFunc) io.Reader {
	return &idleReader{resp.Body, time.AfterFunc(c.Idle, cancel), c.Idle}
}

// idleReader ends a request whose body brings nothing for a time.
type idleReader struct {
	from  io.Reader
	timer *time.Timer
	idle  time.Duration
}

func (r *idleReader) Read(p []byte) (int, error) {
	r.timer.Reset(r.idle)
	return r.from.Read(p)
}
