package client

import (
	"net/http"
	"net/url"
	"testing"
)

// The token goes to the hub alone, and never in clear text to another machine.
func TestToken(t *testing.T) {
	t.Setenv("HF_TOKEN", "secret")
	t.Setenv("HF_ENDPOINT", "")
	for endpoint, want := range map[string]string{"http://example.org": "", "https://example.org/": "secret",
		"http://127.0.0.1:1": "secret"} {
		if c, err := New(endpoint); err != nil || c.token != want {
			t.Errorf("%s: the token is %q, %v, want %q", endpoint, c.token, err, want)
		}
	}
	for address, want := range map[string]string{"https://huggingface.co/datasets/x": "secret",
		"https://example.org/x": "", "http://huggingface.co/x": "", "https://huggingface.co:444/x": "",
		"https://cdn.huggingface.co/x": ""} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := For(u); err != nil || c.token != want {
			t.Errorf("%s: the token is %q, %v, want %q", address, c.token, err, want)
		}
	}
}

func TestNew_Endpoints(t *testing.T) {
	for _, endpoint := range []string{"huggingface.co", "ftp://a", "http://"} {
		if _, err := New(endpoint); err == nil {
			t.Errorf("%q was taken for an endpoint", endpoint)
		}
	}
}

func TestRedirectsThatAreNotEncrypted(t *testing.T) {
	c, err := New("https://example.org")
	if err != nil {
		t.Fatal(err)
	}
	first, _ := http.NewRequest(http.MethodGet, "https://example.org/a", nil)
	next, _ := http.NewRequest(http.MethodGet, "http://example.com/a", nil)
	if err := c.redirect(next, []*http.Request{first}); err == nil {
		t.Error("a redirect to a host without encryption is followed")
	}
}
