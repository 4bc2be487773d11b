package label

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

const key = "secret-key-of-the-test"

// endpoint answers the n-th request, from 1, by a handler that is given; nil answers as it should.
func endpoint(t *testing.T, odd func(n int64, w http.ResponseWriter, r *http.Request) bool) (url string,
	n *atomic.Int64) {
	t.Helper()
	n = new(atomic.Int64)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := n.Add(1)
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if odd != nil && odd(at, w, r) {
			return
		}
		var asked struct {
			Model, Prompt string
			Messages      []struct{ Role, Content string }
		}
		if err := json.Unmarshal(raw, &asked); err != nil || asked.Model != "large" {
			t.Errorf("%s: %v", raw, err)
		}
		if r.URL.Path == "/v1/completions" {
			fmt.Fprintf(w, `{"choices": [{"text": %q}]}`, " re: "+asked.Prompt)
			return
		}
		fmt.Fprintf(w, `{"choices": [{"message": {"role": "assistant", "content": %q}}]}`,
			"re: "+asked.Messages[0].Content)
	}))
	t.Cleanup(h.Close)
	return h.URL + "/v1", n
}

// run labels texts into a file, and returns its lines.
func run(t *testing.T, o Options, path string, texts ...string) (lines string, err error) {
	t.Helper()
	o.Model, o.Wait = "large", time.Millisecond
	l, err := New(o)
	if err != nil {
		return "", err
	}
	spec := task.Spec{Name: task.Seq2Seq, Prefix: new(""), TextColumns: []string{"text"}}
	err = l.File(t.Context(), inputfile.Source{Texts: texts}, spec,
		predict.Output{Path: path, Format: table.JSONL}, nil)
	raw, _ := os.ReadFile(path)
	return string(raw), err
}

func TestLabel(t *testing.T) {
	url, _ := endpoint(t, func(_ int64, w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "Bearer "+key {
			t.Error("no key")
		}
		return false
	})
	for _, completions := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "out.jsonl")
		lines, err := run(t, Options{Endpoint: url, Key: key, Completions: completions, Template: "<{input}>"}, path,
			"a", "b", "c", "d", "e")
		if err != nil || strings.Count(lines, "\n") != 5 || !strings.HasPrefix(lines,
			`{"input":"a","output":"re: <a>"}`+"\n") {
			t.Errorf("%v: %s", err, lines)
		}
		files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		for _, f := range files {
			if raw, _ := os.ReadFile(f); strings.Contains(string(raw), key) {
				t.Errorf("%s has the key", f)
			}
		}
	}
}

func TestLabels(t *testing.T) {
	l, err := New(Options{Endpoint: "http://127.0.0.1/v1", Model: "m", Labels: []string{"ham", "Spam"}})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{" ham\n": "ham", `"SPAM."`: "Spam", "**spam**": "Spam", "": "",
		"It is ham": ""} {
		if got := l.answer(text); got.Label != want || got.Invalid != (want == "") {
			t.Errorf("%q: %+v, want %q", text, got, want)
		}
	}
}

// Whatever may pass is tried again, and the answers are as without it.
func TestFailuresThatPass(t *testing.T) {
	for name, odd := range map[string]func(w http.ResponseWriter, r *http.Request){
		"429":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) },
		"500":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"not JSON": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"choices": [`)
		},
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, n := endpoint(t, func(n int64, w http.ResponseWriter, r *http.Request) bool {
				if n <= 2 {
					odd(w, r)
				}
				return n <= 2
			})
			path := filepath.Join(t.TempDir(), "out.jsonl")
			o := Options{Endpoint: url, Parallel: 1, Retries: 2, Timeout: time.Second}
			if name == "slow" {
				o.Timeout = 100 * time.Millisecond
			}
			if lines, err := run(t, o, path, "a", "b"); err != nil || strings.Count(lines, "re: ") != 2 ||
				n.Load() != 4 {
				t.Errorf("%v after %d requests: %s", err, n.Load(), lines)
			}
			url, _ = endpoint(t, func(_ int64, w http.ResponseWriter, r *http.Request) bool { odd(w, r); return true })
			o.Endpoint = url
			if _, err := run(t, o, path+"2", "a"); err == nil || !strings.Contains(err.Error(), "after 3 tries: ") {
				t.Errorf("%v, want the number of tries", err)
			}
		})
	}
}

// Retry-After is heeded.
func TestRetryAfter(t *testing.T) {
	url, _ := endpoint(t, func(n int64, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(429)
		}
		return n == 1
	})
	begun := time.Now()
	_, err := run(t, Options{Endpoint: url, Retries: 1}, filepath.Join(t.TempDir(), "out"), "a")
	if took := time.Since(begun); err != nil || took < time.Second {
		t.Errorf("%v after %v, want a second", err, took)
	}
}

// What does not pass ends the command at once, with the remedy and without the key.
func TestFailuresThatStay(t *testing.T) {
	elsewhere, asked := endpoint(t, nil)
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, c := range map[string]struct {
		odd  func(w http.ResponseWriter, r *http.Request)
		want string
	}{
		"another key": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, key+" is wrong", http.StatusUnauthorized)
		}, "wants another key in the environment: (key) is wrong"},
		"no model": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "none", 404) }, "check both: none"},
		"too long": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "too long", 400) }, "too long"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}, "where nothing is sent: name that URL"},
		"another API": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, "no text in choices"},
	} {
		url, n := endpoint(t, func(_ int64, w http.ResponseWriter, r *http.Request) bool { c.odd(w, r); return true })
		_, err := run(t, Options{Endpoint: url, Key: key, Retries: 3}, filepath.Join(t.TempDir(), "out"), "a")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), key) || n.Load() != 1 {
			t.Errorf("%s: %v after %d requests, want %s", name, err, n.Load(), c.want)
		}
	}
	if asked.Load() != 0 {
		t.Error("a redirect was followed")
	}
	_, err := run(t, Options{Endpoint: closed.URL, Retries: 1}, filepath.Join(t.TempDir(), "out"), "a")
	if err == nil ||
		!strings.Contains(err.Error(), "refused, after 2 tries: the same command resumes") {
		t.Errorf("no server: %v", err)
	}
	for name, o := range map[string]Options{
		"no URL": {Endpoint: "localhost"}, "password": {Endpoint: "http://me:" + key + "@localhost/v1"},
		"key in clear": {Endpoint: "http://example.org/v1", Key: key}, "template": {Endpoint: elsewhere, Template: "x"},
		"label": {Endpoint: elsewhere, Labels: []string{""}},
	} {
		if _, err := run(t, o, "", "a"); err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A budget of requests or time ends the command, which resumes without asking again.
func TestBudgetsAndResume(t *testing.T) {
	url, n := endpoint(t, nil)
	path := filepath.Join(t.TempDir(), "out.jsonl")
	texts := []string{"a", "b", "c", "d", "e"}
	o := Options{Endpoint: url, Parallel: 2, MaxRequests: 3}
	if _, err := run(t, o, path, texts...); !errors.Is(err, errBudget) || n.Load() != 2 {
		t.Fatalf("%v after %d requests", err, n.Load())
	}
	o.MaxRequests = 0
	if lines, err := run(t, o, path, texts...); err != nil || n.Load() != 5 || strings.Count(lines, "\n") != 5 {
		t.Errorf("%v after %d requests: %s", err, n.Load(), lines)
	}
	if _, err := run(t, o, path, texts...); err != nil || n.Load() != 5 {
		t.Errorf("a complete file: %v after %d requests", err, n.Load())
	}
	o.Template = "{input}!"
	if _, err := run(t, o, path, texts...); err == nil || !strings.Contains(err.Error(), "made otherwise") {
		t.Errorf("another template: %v", err)
	}
	slow, _ := endpoint(t, func(_ int64, _ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	})
	o = Options{Endpoint: slow, MaxTime: 50 * time.Millisecond, Retries: 9}
	if _, err := run(t, o, path+"2", "a"); !errors.Is(err, errBudget) {
		t.Errorf("time: %v", err)
	}
}
