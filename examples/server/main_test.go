package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"t5train/internal/testrun"
)

func TestHandler(t *testing.T) {
	handler, closeModel, err := newHandler(testrun.Untrained(t))
	if err != nil {
		t.Fatal(err)
	}
	defer closeModel()
	server := httptest.NewServer(handler)
	defer server.Close()
	for path, want := range map[string]string{"/": "answers below /t5/", "/t5/healthz": "ok", "/t5/v1/model": "ham"} {
		r, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: got %s, %v, want %q in it", path, text, err, want)
		}
	}
}
