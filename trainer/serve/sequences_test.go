package serve

import (
	"strings"
	"testing"

	"t5train/model/generate"
)

// A checkpoint may have several sequences for an input. The other protocols have as many as a request says, or one.
func TestSequencesOfACheckpoint(t *testing.T) {
	f := &fake{}
	sampling := generate.Options{NumReturnSequences: 3, Sampling: &generate.Sampling{Temperature: 1}}
	_, h := start(t, Options{Name: "first", Generation: sampling}, f)
	events := openStream(t, t.Context(), h.URL+"/v1/completions",
		`{"model": "first", "prompt": ["ab", "cd"], "stream": true}`).all(t)
	for index, want := range []string{"ab", "cd", ""} {
		if text, _ := textOf(t, events, index); text != want {
			t.Errorf("choice %d is %q, want %q", index, text, want)
		}
	}
	if got := openStream(t, t.Context(), h.URL+"/generate_stream", `{"inputs": "ab"}`).all(t); len(got) != 3 {
		t.Errorf("text-generation-inference: %d events, want one for each of 3 tokens: %q", len(got), got)
	}
	for _, request := range []string{
		`/v1/completions {"model": "first", "prompt": "a"}`,
		`/v1/completions {"model": "first", "prompt": "a", "temperature": 0}`,
		`/v1/chat/completions {"model": "first", "messages": [{"role": "user", "content": "a"}]}`,
		`/generate {"inputs": "a"}`, `/generate {"inputs": "a", "parameters": {"do_sample": false}}`,
	} {
		path, body, _ := strings.Cut(request, " ")
		if status, answer := ask(t, h.URL+path, body); status != 200 || strings.Contains(answer, "re: re: ") {
			t.Errorf("%s: %d %s", request, status, answer)
		}
	}
	for _, o := range f.seen {
		if o.NumReturnSequences != 1 {
			t.Errorf("the model is asked for %d sequences, want 1", o.NumReturnSequences)
		}
	}
	_, answer := ask(t, h.URL+"/v1/completions", `{"model": "first", "prompt": "a", "n": 2}`)
	if own := f.seen[len(f.seen)-1].NumReturnSequences; own != 2 || !strings.Contains(answer, `"text":"re: re: a"`) {
		t.Errorf("n is 2: the model is asked for %d sequences: %s", own, answer)
	}
	_, answer = ask(t, h.URL+"/v1/generate", `{"inputs": ["a"]}`)
	if !strings.Contains(answer, "re: re: re: a") {
		t.Errorf("the own API has not the checkpoint's 3 sequences: %s", answer)
	}
}
