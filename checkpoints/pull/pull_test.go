package pull

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"t5train/checkpoints/hub"
)

const commit = "0fc9ddf78a1e988dac52e2dac162b0ede4fd74ab"

// fakeHub behaves like the hub: small files come from it, large ones by a redirect to another host.
type fakeHub struct {
	t     *testing.T
	files map[string]string
	hub   *httptest.Server
	store *httptest.Server // the other host

	mu      sync.Mutex
	asked   []string // methods, hosts and paths
	ranges  []string
	tokens  map[string][]string                                      // of hosts
	answers func(w http.ResponseWriter, r *http.Request) (done bool) // of the test, before all others
}

func newHub(t *testing.T, files map[string]string) *fakeHub {
	h := &fakeHub{t: t, files: files, tokens: map[string][]string{}}
	h.hub = httptest.NewServer(http.HandlerFunc(h.serve))
	h.store = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.hub.Close)
	t.Cleanup(h.store.Close)
	for _, name := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT", "HF_TOKEN",
		"HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"} {
		t.Setenv(name, "")
	}
	t.Setenv("HF_HOME", t.TempDir())
	return h
}

func (h *fakeHub) note(host string, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r.Method+" "+host+" "+r.URL.Path)
	if from := r.Header.Get("Range"); from != "" && host == "store" {
		h.ranges = append(h.ranges, from)
	}
	if token := r.Header.Get("Authorization"); !slices.Contains(h.tokens[host], token) {
		h.tokens[host] = append(h.tokens[host], token)
	}
}

func (h *fakeHub) serve(w http.ResponseWriter, r *http.Request) {
	host := "hub"
	if "http://"+r.Host == h.store.URL {
		host = "store"
	}
	h.note(host, r)
	if h.answers != nil && h.answers(w, r) {
		return
	}
	if strings.Contains(r.URL.Path, "/org/old/") { // renamed
		http.Redirect(w, r, strings.Replace(r.URL.Path, "old", "small", 1), http.StatusTemporaryRedirect)
		return
	}
	if branch, ok := strings.CutPrefix(r.URL.Path, "/api/models/org/small/revision/"); ok {
		if branch != "main" && branch != "v1" && branch != commit {
			w.Header().Set("X-Error-Code", "RevisionNotFound")
			http.Error(w, "", http.StatusNotFound)
			return
		}
		var siblings []map[string]string
		for _, name := range append(sorted(h.files), "tf_model.h5", "flax_model.msgpack") {
			siblings = append(siblings, map[string]string{"rfilename": name})
		}
		json.NewEncoder(w).Encode(map[string]any{"sha": commit, "siblings": siblings})
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/org/small/resolve/"+commit+"/")
	content, there := h.files[name]
	if !ok && host == "store" {
		name = strings.TrimPrefix(r.URL.Path, "/")
		content, there = h.files[name]
	}
	if !there {
		w.Header().Set("X-Error-Code", "RepoNotFound")
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	if isLarge(name) && host == "hub" {
		w.Header().Set("X-Linked-Etag", strconv.Quote(hash(content)))
		w.Header().Set("X-Linked-Size", strconv.Itoa(len(content)))
		http.Redirect(w, r, h.store.URL+"/"+name, http.StatusFound)
		return
	}
	w.Header().Set("ETag", strconv.Quote("small-"+strconv.Itoa(len(name)))) // as of git: no SHA-256
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
}

func isLarge(name string) bool {
	return strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, ".bin")
}

func sorted(files map[string]string) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func (h *fakeHub) pull(name string) (string, error) {
	n, ok := hub.ParseName(name)
	if !ok {
		h.t.Fatalf("%q is no name", name)
	}
	return Model(h.t.Context(), n, Options{Endpoint: h.hub.URL, idle: 100 * time.Millisecond, pause: time.Millisecond})
}

// check compares the snapshot with the files of the server.
func (h *fakeHub) check(dir string, want ...string) {
	h.t.Helper()
	for _, name := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != h.files[name] {
			h.t.Errorf("%s: got %d bytes, %v", name, len(got), err)
		}
	}
	var have []string
	filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(dir, path)
			have = append(have, name)
		}
		return err
	})
	if slices.Sort(want); !slices.Equal(have, want) {
		h.t.Errorf("the snapshot has %v, want %v", have, want)
	}
}

var small5 = map[string]string{"config.json": "{}", "model.safetensors": strings.Repeat("weights ", 1000),
	"pytorch_model.bin": "not wanted", "spiece.model": "pieces", "onnx/model.onnx": "x"}

// The layout is that of huggingface_hub, and what is there is not downloaded again.
func TestModel(t *testing.T) {
	h := newHub(t, small5)
	dir, err := h.pull("org/small")
	if err != nil {
		t.Fatal(err)
	}
	h.check(dir, "config.json", "model.safetensors", "spiece.model")
	folder := filepath.Join(os.Getenv("HF_HOME"), "hub/models--org--small")
	if want := filepath.Join(folder, "snapshots", commit); dir != want {
		t.Errorf("the snapshot is %s, want %s", dir, want)
	}
	if ref, err := os.ReadFile(filepath.Join(folder, "refs/main")); err != nil || string(ref) != commit {
		t.Errorf("refs/main holds %q, %v", ref, err)
	}
	target, err := os.Readlink(filepath.Join(dir, "model.safetensors"))
	if want := "../../blobs/" + hash(small5["model.safetensors"]); err != nil || target != want {
		t.Errorf("the weights are a link to %s, %v, want %s", target, err, want)
	}
	if found, _, err := hub.Find(hub.Name{Model: "org/small", Revision: hub.Main}); err != nil || found != dir {
		t.Errorf("found %s, %v", found, err)
	}
	h.asked = nil
	for _, name := range []string{"org/small", "org/old"} { // the second was renamed: its folder is another one
		if _, err := h.pull(name); err != nil {
			t.Error(err)
		}
		if name == "org/small" && slices.ContainsFunc(h.asked, func(s string) bool {
			return strings.HasPrefix(s, "GET") && strings.Contains(s, "safetensors")
		}) {
			t.Errorf("a complete model was downloaded again: %v", h.asked)
		}
	}
	if dir, err := h.pull("org/small@v1"); err != nil || filepath.Base(dir) != commit {
		t.Errorf("a tag: %s, %v", dir, err)
	}
}

// The token goes to the endpoint and to nobody else.
func TestToken(t *testing.T) {
	for name, set := range map[string]func(){
		"environment": func() { t.Setenv("HF_TOKEN", "secret") },
		"file": func() {
			path := filepath.Join(os.Getenv("HF_HOME"), "token")
			if err := os.WriteFile(path, []byte("secret\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		h := newHub(t, small5)
		set()
		if _, err := h.pull("org/small"); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(h.tokens["hub"], []string{"Bearer secret"}) || !slices.Equal(h.tokens["store"], []string{""}) {
			t.Errorf("%s: the hub got %q, the other host %q", name, h.tokens["hub"], h.tokens["store"])
		}
	}
}

// A file that stopped goes on where it was, in one command and in the next.
func TestGoesOn(t *testing.T) {
	h := newHub(t, small5)
	weights := small5["model.safetensors"]
	cuts := 2
	h.answers = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/model.safetensors" || cuts == 0 {
			return false
		}
		cuts--
		from := 0
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		w.Header().Set("Content-Length", strconv.Itoa(len(weights)-from))
		if from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(weights)-1, len(weights)))
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write([]byte(weights[from : from+1000])) // and the connection ends
		return true
	}
	dir, err := h.pull("org/small")
	if err != nil {
		t.Fatal(err)
	}
	h.check(dir, "config.json", "model.safetensors", "spiece.model")
	if want := []string{"bytes=1000-", "bytes=2000-"}; !slices.Equal(h.ranges, want) {
		t.Errorf("asked for %v, want %v", h.ranges, want)
	}

	h = newHub(t, small5)
	blob := filepath.Join(os.Getenv("HF_HOME"), "hub/models--org--small/blobs", hash(weights))
	if err := os.MkdirAll(filepath.Dir(blob), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blob+".incomplete", []byte(weights[:10]), 0o666); err != nil {
		t.Fatal(err)
	}
	if dir, err = h.pull("org/small"); err != nil {
		t.Fatal(err)
	}
	h.check(dir, "config.json", "model.safetensors", "spiece.model")
	if !slices.Equal(h.ranges, []string{"bytes=10-"}) {
		t.Errorf("asked for %v", h.ranges)
	}
}

// What a server does wrong is mended by another attempt, or said; no such model is there then.
func TestFaultsOfServers(t *testing.T) {
	weights := small5["model.safetensors"]
	isWeights := func(r *http.Request) bool { return r.URL.Path == "/model.safetensors" }
	for name, c := range map[string]struct {
		times   int // that it happens
		answers func(w http.ResponseWriter, r *http.Request) bool
		want    string // "" where the model comes
	}{
		"busy": {2, func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}, ""},
		"always busy": {1000, func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}, "502 Bad Gateway (5 attempts"},
		"another content once": {1, func(w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				w.Write([]byte(strings.Repeat("Weights ", 1000)))
			}
			return isWeights(r)
		}, ""},
		"another content": {1000, func(w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				w.Write([]byte(strings.Repeat("Weights ", 1000)))
			}
			return isWeights(r)
		}, "model.safetensors: its SHA-256 is"},
		"too short": {1000, func(w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				w.Write([]byte("we"))
			}
			return isWeights(r)
		}, "the server sent 2 bytes of 8000"},
		"too long": {1000, func(w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				w.Write([]byte(weights + "more"))
			}
			return isWeights(r)
		}, "the server sent 8001 bytes of 8000"},
		"no ranges": {1, func(w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				w.Header().Set("Content-Length", "8000")
				w.Write([]byte(weights[:100]))
			}
			return isWeights(r)
		}, ""},
		"silent once": {1, func(w http.ResponseWriter, r *http.Request) bool {
			if isWeights(r) {
				w.Header().Set("Content-Length", "8000")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			}
			return isWeights(r)
		}, ""},
		"gated": {1000, func(w http.ResponseWriter, r *http.Request) bool {
			if !isWeights(r) && strings.HasPrefix(r.URL.Path, "/api") {
				return false
			}
			w.Header().Set("X-Error-Code", "GatedRepo")
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}, "config.json: the server answers 401 Unauthorized: the model is gated: accept its conditions"},
		"no hub": {1000, func(w http.ResponseWriter, r *http.Request) bool {
			w.Write([]byte("<html>"))
			return true
		}, `does not answer as the hub does: got "<html>"`},
		"a name that leads elsewhere": {1000, func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				w.Header().Set("ETag", `"../../x"`)
			}
			return r.Method == http.MethodHead
		}, "the name of its content"},
		"in circles": {1000, func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return true
		}, "10 redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t, small5)
			times := c.times
			h.answers = func(w http.ResponseWriter, r *http.Request) bool {
				h.mu.Lock()
				defer h.mu.Unlock()
				if times == 0 || !c.answers(w, r) {
					return false
				}
				times--
				return true
			}
			dir, err := h.pull("org/small")
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				h.check(dir, "config.json", "model.safetensors", "spiece.model")
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			_, _, err = hub.Find(hub.Name{Model: "org/small", Revision: hub.Main})
			if !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a model that is not complete is found: %v", err)
			}
		})
	}
}

func TestWhatIsNotThere(t *testing.T) {
	h := newHub(t, small5)
	for name, want := range map[string]string{"org/none": "there is no such model, or it is private",
		"org/small@v9": "the model has no such revision"} {
		if _, err := h.pull(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
	if n := len(h.asked); n != 2 {
		t.Errorf("what is not there was asked for %d times, want 2", n)
	}
	h.asked = nil
	t.Setenv("HF_HUB_OFFLINE", "1")
	_, err := h.pull("org/small")
	if err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE") || len(h.asked) > 0 {
		t.Errorf("offline: error %v, asked for %v", err, h.asked)
	}
}

func TestWanted(t *testing.T) {
	for files, want := range map[string]string{
		"config.json model.safetensors model.safetensors.index.json model-00001-of-00002.safetensors": "config.json " +
			"model.safetensors",
		"config.json model.safetensors.index.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors " +
			"pytorch_model.bin": "config.json model.safetensors.index.json model-00001-of-00002.safetensors " +
			"model-00002-of-00002.safetensors",
		"config.json pytorch_model.bin.index.json pytorch_model-00001-of-00001.bin tf_model.h5": "config.json " +
			"pytorch_model.bin.index.json pytorch_model-00001-of-00001.bin",
		"config.json modules.json pytorch_model.bin 2_Dense/config.json 2_Dense/model.safetensors " +
			"2_Dense/pytorch_model.bin 1_Pooling/config.json ../1_x/config.json": "config.json modules.json " +
			"pytorch_model.bin 2_Dense/config.json 2_Dense/model.safetensors 1_Pooling/config.json",
		"config.json pytorch_model.bin 1_Pooling/config.json": "config.json pytorch_model.bin",
	} {
		if got, err := wanted(strings.Fields(files)); err != nil || strings.Join(got, " ") != want {
			t.Errorf("of %s: %v, %v, want %s", files, got, err, want)
		}
	}
	for files, want := range map[string]string{"model.safetensors": "no config.json",
		"config.json tf_model.h5": "no weights that can be read"} {
		if _, err := wanted(strings.Fields(files)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", files, err, want)
		}
	}
}
