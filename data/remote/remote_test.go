package remote

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// server has one file, which answers change.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	content []byte
	etag    string
	asked   []string                                                 // ranges
	tokens  []string                                                 // that came along
	answers func(w http.ResponseWriter, r *http.Request) (done bool) // instead, of what is asked for from the second on
}

func newServer(t *testing.T, size int) *server {
	t.Helper()
	for _, name := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT", "HF_TOKEN",
		"HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH"} {
		t.Setenv(name, "")
	}
	t.Setenv("HF_HOME", t.TempDir())
	random := rand.New(rand.NewPCG(1, 2))
	s := &server{content: make([]byte, size), etag: `"one"`}
	for i := range s.content {
		s.content[i] = byte(random.Uint32())
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Header.Get("Range"))
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	first, answers, content, etag := len(s.asked) == 1, s.answers, s.content, s.etag
	s.mu.Unlock()
	if !first && answers != nil && answers(w, r) {
		return
	}
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func (s *server) open(t *testing.T) (*File, error) {
	return open(t.Context(), s.URL+"/train.parquet?a=b", time.Millisecond)
}

// Every part of a file is what the server has, in little memory.
func TestReadAt(t *testing.T) {
	s := newServer(t, 20*blockBytes+1234)
	f, err := s.open(t)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Size() != int64(len(s.content)) || f.Digest() == "" {
		t.Errorf("got %d bytes, digest %q", f.Size(), f.Digest())
	}
	for _, part := range [][2]int{{0, 10}, {blockBytes - 5, 10}, {20 * blockBytes, 1234}, {5, 3 * blockBytes},
		{blockBytes, blockBytes}, {0, 0}} {
		got := make([]byte, part[1])
		if n, err := f.ReadAt(got, int64(part[0])); n != part[1] || err != nil ||
			!bytes.Equal(got, s.content[part[0]:part[0]+part[1]]) {
			t.Errorf("%v: got %d bytes, %v", part, n, err)
		}
	}
	if n, err := f.ReadAt(make([]byte, 10), f.Size()-4); n != 4 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
	whole, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil || !bytes.Equal(whole, s.content) {
		t.Errorf("got %d bytes, %v", len(whole), err)
	}
	if n := len(f.blocks); n > maxBlocks {
		t.Errorf("%d blocks are held", n)
	}
	if slices.Contains(s.asked, "") {
		t.Errorf("the whole file was asked for: %q", s.asked)
	}
}

// What a server does wrong is an error that says it, or passes when it is asked again.
func TestFaults(t *testing.T) {
	answer := func(code int) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(code); return true }
	}
	times := 0
	once := func(f func(w http.ResponseWriter, r *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
		times = 0
		return func(w http.ResponseWriter, r *http.Request) bool {
			times++
			return times == 1 && f(w, r)
		}
	}
	part := func(w http.ResponseWriter, from string, n int) bool {
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %s/%d", from, 3*blockBytes))
		w.Header().Set("Content-Length", fmt.Sprint(blockBytes))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(make([]byte, n))
		return true
	}
	second := fmt.Sprintf("%d-%d", 2*blockBytes, 3*blockBytes-1)
	for name, c := range map[string]struct {
		answers func(w http.ResponseWriter, r *http.Request) bool
		change  func(s *server)
		want    string // "" where it is read
	}{
		"nothing":     {nil, nil, ""},
		"busy":        {once(answer(http.StatusServiceUnavailable)), nil, ""},
		"always busy": {answer(http.StatusBadGateway), nil, "502 Bad Gateway (5 attempts"},
		"gone":        {answer(http.StatusNotFound), nil, "there is no such file: correct the name"},
		"gated":       {answer(http.StatusForbidden), nil, "the file is gated: accept its conditions"},
		"private":     {answer(http.StatusUnauthorized), nil, "put a token into HF_TOKEN"},
		"cut once": {once(func(w http.ResponseWriter, r *http.Request) bool {
			return part(w, second, 1000)
		}), nil, ""},
		"cut": {func(w http.ResponseWriter, r *http.Request) bool { return part(w, second, 1000) }, nil,
			"the server sent 1000 bytes of 1048576"},
		"another range": {func(w http.ResponseWriter, r *http.Request) bool { return part(w, "0-1048575", blockBytes) },
			nil, "want that from byte 2097152"},
		"no range": {func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Range", "pages 1-2")
			w.WriteHeader(http.StatusPartialContent)
			return true
		}, nil, `with the range "pages 1-2"`},
		"slow": {func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %s/%d", second, 3*blockBytes))
			w.WriteHeader(http.StatusPartialContent)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}, nil, "the server sent nothing for"},
		"another version": {nil, func(s *server) { s.etag = `"two"` }, "the file has changed while it was read"},
		"another size":    {nil, func(s *server) { s.content = s.content[:2*blockBytes+5] }, "the file has changed"},
		"smaller":         {nil, func(s *server) { s.content = s.content[:5] }, "the file has changed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, 3*blockBytes)
			s.answers = c.answers
			f, err := s.open(t)
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(s)
			}
			got := make([]byte, 100)
			_, err = f.ReadAt(got, 2*blockBytes+7)
			if c.want == "" {
				if err != nil || !bytes.Equal(got, s.content[2*blockBytes+7:][:100]) {
					t.Errorf("got other bytes, or %v", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "a=b") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// What cannot be read by ranges, or must not be asked for, is refused at once.
func TestOpen_Refuses(t *testing.T) {
	s := newServer(t, 10)
	for address, want := range map[string]string{
		"http://example.org/a.parquet":      "http:// is for this machine alone",
		"https://user:secret@example.org/a": "a user or a password",
		"https://":                          "it is no URL",
		s.URL + "/%zz":                      "it is no URL",
	} {
		if _, err := Open(t.Context(), address); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "secret@") && !strings.Contains(want, "user") {
			t.Errorf("%s: error %v, want %q", address, err, want)
		}
	}
	s.etag = ""
	if _, err := s.open(t); err == nil || !strings.Contains(err.Error(), "neither ETag nor Last-Modified") {
		t.Errorf("no version: error %v", err)
	}
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("x")) }))
	defer plain.Close()
	if _, err := open(t.Context(), plain.URL, time.Millisecond); err == nil ||
		!strings.Contains(err.Error(), "sends no parts of files: download it") {
		t.Errorf("no ranges: error %v", err)
	}
	asked := len(s.asked)
	t.Setenv("HF_HUB_OFFLINE", "1")
	if _, err := s.open(t); err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE") || len(s.asked) > asked {
		t.Errorf("offline: error %v", err)
	}
}

// The token of the user goes to the hub alone, and not to where that redirects.
func TestToken(t *testing.T) {
	store, hub := newServer(t, 100), newServer(t, 100)
	t.Setenv("HF_TOKEN", "secret")
	t.Setenv("HF_ENDPOINT", hub.URL)
	redirect := func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, store.URL, http.StatusFound)
		return true
	}
	hub.answers, hub.asked = redirect, []string{"before"}
	f, err := hub.open(t)
	if err != nil {
		t.Fatal(err)
	}
	if got := make([]byte, 100); true {
		if _, err := f.ReadAt(got, 0); err != nil || !bytes.Equal(got, store.content) {
			t.Errorf("got other bytes, or %v", err)
		}
	}
	if !slices.Equal(hub.tokens, []string{"Bearer secret"}) || !slices.Equal(store.tokens, []string{""}) {
		t.Errorf("the hub got %q, the other host %q", hub.tokens, store.tokens)
	}
	store.tokens = nil
	if _, err := store.open(t); err != nil || !slices.Equal(store.tokens, []string{""}) {
		t.Errorf("a server that is not the hub got %q, %v", store.tokens, err)
	}
}
