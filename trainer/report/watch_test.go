package report

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"t5train/trainer/runlog"
)

// The page that follows runs has their newest lines, for this machine alone, until it is stopped.
func TestWatch(t *testing.T) {
	dir := writeRun(t, filepath.Join(t.TempDir(), "run"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Watch(ctx, l, []string{dir}, Options{}) }()
	url := "http://" + l.Addr().String()

	if status, text := get(t, url+"/", ""); status != 200 || !strings.HasPrefix(text, "<!doctype html>") ||
		!strings.Contains(text, `"live":true`) {
		t.Errorf("the page: %d %.80q", status, text)
	}
	steps := func() []int {
		_, text := get(t, url+"/data.json", "")
		var p struct {
			Runs []struct{ Train struct{ Step []int } }
		}
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		return p.Runs[0].Train.Step
	}
	if got := steps(); len(got) != 3 {
		t.Errorf("steps %v", got)
	}
	write(t, dir, runlog.HistoryName, history(1, 2, 3, 4))
	if got := steps(); len(got) != 4 || got[3] != 4 {
		t.Errorf("with a new line: steps %v", got)
	}
	for path, want := range map[string]int{"/": 403, "/data.json": 403} {
		if status, _ := get(t, url+path, "evil.test"); status != want {
			t.Errorf("%s under another name: %d, want %d", path, status, want)
		}
	}
	if status, _ := get(t, url+"/elsewhere", ""); status != 404 {
		t.Errorf("another path: %d, want 404", status)
	}
	if r, err := http.Post(url+"/", "text/plain", nil); err != nil || r.StatusCode != 405 {
		t.Errorf("a POST: %v, %v, want 405", r, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopped: %v", err)
	}
}

func get(t *testing.T, url, host string) (status int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	r, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}
