package loopback

import "testing"

func TestIs(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost.:8080": true, "127.0.0.1": true, "127.8.9.1:80": true, "[::1]:80": true,
		"[::1]": true,
		"::1":   true,
		"":      false, "evil.test": false, "localhost.evil.test": false, "192.0.2.1:80": false, "0.0.0.0": false,
		"127.0.0.1.evil.test": false,
	} {
		if got := Is(Name(host)); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}
