package pull

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"t5train/checkpoints/hub"
	"t5train/internal/bounded"
)

// client asks one endpoint.
type client struct {
	endpoint *url.URL
	token    string // "" for none
	http     http.Client
	idle     time.Duration // after which a server that sends nothing is given up
	pause    time.Duration // before the second attempt; it doubles
}

// attempts bounds how often the same thing is asked for.
const attempts = 5

func newClient(o Options) (*client, error) {
	endpoint, err := url.Parse(strings.TrimRight(o.Endpoint, "/"))
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http" {
		return nil, fmt.Errorf("the endpoint is %.80q, want a URL such as https://huggingface.co", o.Endpoint)
	}
	token, err := readToken()
	if err != nil {
		return nil, err
	}
	if endpoint.Scheme == "http" && !isLoopback(endpoint.Hostname()) {
		token = "" // everybody on the way could read it
	}
	c := &client{endpoint: endpoint, token: token, idle: time.Minute, pause: time.Second}
	transport := http.DefaultTransport.(*http.Transport).Clone() // with the proxies of the environment
	transport.ResponseHeaderTimeout = c.idle
	transport.DisableCompression = true // sizes and ranges are those of the files
	c.http = http.Client{Transport: transport, CheckRedirect: c.redirect}
	return c, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
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
func (c *client) isOwn(u *url.URL) bool {
	return u.Scheme == c.endpoint.Scheme && strings.EqualFold(u.Host, c.endpoint.Host)
}

// redirect follows a redirect, without the token where it leads to another host. The headers that describe a file are
// those of the endpoint, so that HEAD stays there.
func (c *client) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errors.New("stopped after 10 redirects")
	case c.isOwn(r.URL):
		return nil
	case r.Method == http.MethodHead:
		return http.ErrUseLastResponse
	case c.endpoint.Scheme == "https" && r.URL.Scheme != "https":
		return fmt.Errorf("%s redirects to %s, which is not encrypted", via[0].URL.Host, r.URL.Host)
	}
	r.Header.Del("Authorization")
	r.Header.Del("Cookie")
	return nil
}

// statusError is the answer of a server that says no.
type statusError struct {
	code  int
	what  string
	after time.Duration // that it asks to wait
}

func (e *statusError) Error() string { return e.what }

// request asks once. Statuses of 400 and more are errors.
func (c *client) request(ctx context.Context, method, path string, from int64) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.endpoint.String()+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "t5train")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if from > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
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
func (c *client) refused(resp *http.Response) error {
	e := &statusError{code: resp.StatusCode, what: "the server answers " + resp.Status}
	if text := resp.Header.Get("X-Error-Message"); text != "" {
		e.what += fmt.Sprintf(" (%.200q)", text)
	}
	code := resp.Header.Get("X-Error-Code")
	switch {
	case code == "GatedRepo" || resp.StatusCode == http.StatusForbidden:
		e.what += ": the model is gated: accept its conditions on its page, and put your token into HF_TOKEN"
	case code == "RevisionNotFound":
		e.what += ": the model has no such revision"
	case resp.StatusCode == http.StatusUnauthorized && c.token == "":
		e.what += ": there is no such model, or it is private: correct the name, or put a token into HF_TOKEN"
	case resp.StatusCode == http.StatusUnauthorized:
		e.what += ": there is no such model, or the token may not read it"
	case resp.StatusCode == http.StatusNotFound:
		e.what += ": there is no such model or file: correct the name"
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.after = min(time.Duration(seconds)*time.Second, time.Minute)
	}
	return e
}

// errFinal marks an error that another attempt does not change.
var errFinal = errors.New("")

// again calls f until it succeeds, fails in a way that will not change, or has failed often enough.
func (c *client) again(ctx context.Context, f func() error) error {
	pause := c.pause
	for attempt := 1; ; attempt++ {
		err := f()
		var status *statusError
		isStatus := errors.As(err, &status)
		final := isStatus && status.code < 500 && status.code != http.StatusTooManyRequests &&
			status.code != http.StatusRequestTimeout
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case final || errors.Is(err, errFinal):
			return err
		case attempt == attempts:
			return fmt.Errorf("%w (%d attempts: the same command goes on from here)", err, attempts)
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
