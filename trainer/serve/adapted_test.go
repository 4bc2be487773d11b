package serve

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/peft"
	"t5train/model/generate"
	"t5train/trainer/predict"
	"t5train/trainer/serve/adapters"
)

// adapter writes an adapter beside the model of tiny, and returns its path and what answers as the two do together.
func adapter(t *testing.T, seed uint64, save []string, change func(*checkpoints.Info)) (dir string, merged oracle) {
	t.Helper()
	b := tiny(t)
	c := peft.New("tiny", 2, 4, 0, []string{"q", "v", "wo"}, save)
	if err := c.Start(b.Model, seed); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	for _, p := range b.Model.Params {
		if p.LoRA != nil {
			for i := range p.LoRA.B.Value {
				p.LoRA.B.Value[i] = float32(r.NormFloat64() / 8)
			}
		}
	}
	change(&b.Info)
	dir, b.Adapter = filepath.Join(t.TempDir(), "adapter"), &c
	if err := checkpoints.Create(dir, b.Write); err != nil {
		t.Fatal(err)
	}
	b.Adapter = nil
	if err := b.Model.MergeAdapters(nil); err != nil {
		t.Fatal(err)
	}
	return dir, newOracle(t, b, 1)
}

// Requests for several adapters of one model, computed together, have the answers that each has alone.
func TestAdapters(t *testing.T) {
	ask := func(h, path, body string) string {
		status, answer := send(t, h+path, body)
		if status != 200 {
			t.Errorf("%s %s: %d %s", path, body, status, answer)
		}
		return answer
	}
	want := map[string]oracle{"first": newOracle(t, tiny(t), 1)}
	var list []adapters.Adapter
	for i, change := range []func(*checkpoints.Info){
		func(*checkpoints.Info) {},
		func(i *checkpoints.Info) { i.Temperature, i.MaxTargetLength = 2, 6 },
		func(i *checkpoints.Info) { slices.Reverse(i.Task.Labels); i.Task.Prefix = new("really?") },
	} {
		name := fmt.Sprint("a", i)
		dir, merged := adapter(t, uint64(i), nil, change)
		want[name], list = merged, append(list, adapters.Adapter{Name: name, Path: dir})
	}
	_, server := serving(t, tiny(t), Options{Name: "first", Adapters: list, Threads: 1})
	h := server.URL
	questions := map[string][]question{}
	for name, p := range want {
		for i := range 5 {
			questions[name] = append(questions[name], p.questions(t, strings.Repeat(fmt.Sprint("text ", i), 1+i))...)
		}
	}
	var wg sync.WaitGroup
	for name, all := range questions {
		for _, q := range all {
			wg.Go(func() { q.check(t, ask(h, q.path, strings.Replace(q.body, "{", `{"adapter": "`+name+`", `, 1))) })
		}
	}
	for name, p := range want {
		greedy, err := p.Generate(t.Context(), p.input("abc"), generate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(greedy[0].Sequences[0].Text)
		if err != nil {
			t.Fatal(err)
		}
		for path, body := range map[string]string{
			"/v1/completions":      `{"model": "` + name + `", "prompt": "abc"}`,
			"/v1/chat/completions": `{"model": "first:` + name + `", "messages": [{"role": "user", "content": "abc"}]}`,
			"/generate":            `{"inputs": "abc", "parameters": {"adapter_id": "` + name + `"}}`,
			"/":                    `{"inputs": "abc", "parameters": {"adapter_id": "` + name + `"}}`,
		} {
			wg.Go(func() {
				body = strings.ReplaceAll(body, "first:first", "first")
				if answer := ask(h, path, body); !strings.Contains(answer, string(text)) {
					t.Errorf("%s of %s: %s, want %s", path, name, answer, text)
				}
			})
		}
	}
	wg.Wait()
	vectors := map[string]bool{}
	for name := range want {
		vectors[strings.ReplaceAll(ask(h, "/v1/embeddings", `{"model": "`+name+`", "input": "abc"}`), name, "")] = true
	}
	if len(vectors) != 4 {
		t.Errorf("the vectors by four models are %d", len(vectors))
	}
	if answer := ask(h, "/v1/models", ""); strings.Count(answer, `"id"`) != 4 {
		t.Errorf("models: %s", answer)
	}
	if answer := ask(h, "/v1/model", ""); !strings.Contains(answer, `"adapters":["a0","a1","a2"]`) {
		t.Errorf("model: %s", answer)
	}
	for path, body := range map[string]string{
		"/v1/generate": `{"inputs": ["a"], "adapter": "b"}`, "/v1/completions": `{"model": "first:b", "prompt": "a"}`,
		"/generate":    `{"inputs": "a", "parameters": {"adapter_id": "b"}}`,
		"/v1/classify": `{"inputs": ["a"], "adapter": 1}`,
	} {
		status, answer := send(t, h+path, body)
		if status < 400 || status >= 500 || !strings.Contains(answer, "a0") &&
			!strings.Contains(answer, "want a text") {
			t.Errorf("another adapter at %s: %d %s", path, status, answer)
		}
	}
}

// Requests for adapters are computed in one batch, side by side.
func TestAdaptersShareBatches(t *testing.T) {
	a, _ := adapter(t, 1, nil, func(*checkpoints.Info) {})
	b, _ := adapter(t, 2, nil, func(*checkpoints.Info) {})
	loaded, err := adapters.Open([]adapters.Adapter{{Name: "a", Path: a}, {Name: "b", Path: b}}, tiny(t), "first",
		predict.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{gate: make(chan struct{})}
	s, h := start(t, Options{Name: "first"}, f)
	for i, l := range loaded {
		s.adapted = append(s.adapted, served{Server: s, profile: s.profile, called: l.Name, number: i + 1,
			adapter: l.Adapter})
	}
	var wg sync.WaitGroup
	for i, name := range []string{"first", "b", "a", "first", "b", "a"} {
		wg.Go(func() {
			if status, answer := ask(t, h.URL+"/v1/generate", fmt.Sprintf(`{"inputs": ["%d"], "adapter": %q}`, i,
				name)); status != 200 {
				t.Errorf("%s: %d %s", name, status, answer)
			}
		})
		if i == 0 {
			waitFor(t, func() bool {
				f.mu.Lock()
				defer f.mu.Unlock()
				return len(f.adapters) == 1
			})
		}
	}
	waitFor(t, func() bool {
		n, _ := s.queue.length()
		return n == 5
	})
	close(f.gate)
	wg.Wait()
	if len(f.adapters) != 2 {
		t.Fatalf("%d batches, want 2", len(f.adapters))
	}
	got := f.adapters[1]
	if x, y := loaded[0].Adapter, loaded[1].Adapter; got[0] != nil || got[1] != x || got[2] != x || got[3] != y ||
		got[4] != y {
		t.Errorf("the adapters of a batch are %v", got)
	}
}

func TestBadAdapters(t *testing.T) {
	good, _ := adapter(t, 1, nil, func(*checkpoints.Info) {})
	whole, _ := adapter(t, 1, []string{"final_layer_norm"}, func(*checkpoints.Info) {})
	base := filepath.Join(t.TempDir(), "base")
	if err := checkpoints.Create(base, tiny(t).Write); err != nil {
		t.Fatal(err)
	}
	other := tiny(t)
	other.Model.Params[1].Shape = []int{4, 16} // of the first q
	for name, c := range map[string]struct {
		folder *checkpoints.Folder
		list   []adapters.Adapter
		want   string
	}{
		"name":    {tiny(t), []adapters.Adapter{{Name: "a b", Path: good}}, "want letters and digits"},
		"twice":   {tiny(t), []adapters.Adapter{{Name: "a", Path: good}, {Name: "a", Path: good}}, "name it otherwise"},
		"base":    {tiny(t), []adapters.Adapter{{Name: "first", Path: good}}, "name it otherwise"},
		"none":    {tiny(t), []adapters.Adapter{{Name: "a", Path: filepath.Join(good, "none")}}, "adapter a: "},
		"model":   {tiny(t), []adapters.Adapter{{Name: "a", Path: base}}, "a whole model and no adapter"},
		"another": {other, []adapters.Adapter{{Name: "a", Path: good}}, "name the base that the adapter was"},
		"saved":   {tiny(t), []adapters.Adapter{{Name: "a", Path: whole}}, "final_layer_norm.weight (modules_to_save)"},
	} {
		_, err := New(c.folder, Options{Name: "first", Adapters: c.list})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}
