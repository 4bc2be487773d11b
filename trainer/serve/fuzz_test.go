package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever a body holds, the answer is JSON with one of a few statuses, and the server is as before.
func FuzzRequests(f *testing.F) {
	paths := []string{"/v1/generate", "/v1/classify", "/v1/score", "/v1/tokenize", "/generate", "/generate_stream", "/",
		"/translate", "/detect",
		"/v1/completions", "/v1/chat/completions", "/v1/embeddings"}
	for _, body := range []string{
		`{"inputs": ["a"]}`,
		`{"inputs": ["a", "b"], "truncate": true, "num_beams": 4, "num_return_sequences": 2, ` +
			`"length_penalty": -0.5, "early_stopping": "never"}`,
		`{"inputs": ["a"], "do_sample": true, "temperature": 0.1, "top_k": 5, "top_p": 0.5, ` +
			`"min_p": 0.1, "typical_p": 0.2, "epsilon_cutoff": 0.01, "eta_cutoff": 0.01, ` +
			`"seed": 9007199254740992}`,
		`{"inputs": ["a"], "choices": ["yes", "</s>", ""], "prefix": "y", "bad_words": ["no"], ` +
			`"repetition_penalty": 1e308, "no_repeat_ngram_size": 1}`,
		`{"inputs": ["a"], "targets": ["b", ""]}`, `{"texts": ["a\u0000\ud800"], "add_eos": false}`,
		`{"ids": [[1, 2], []], "skip_special": true}`,
		`{"model": "t5", "prompt": "a", "stream": true, "stop": ["a", "b"], "n": 3, ` +
			`"seed": -9007199254740992}`,
		`{"model": "t5", "prompt": ["a", "b\ud800"], "max_tokens": 1, "temperature": 1e-300, ` +
			`"top_p": 1e-300, "logit_bias": {}}`,
		`{"model": "t5", "prompt": "a", "num_beams": 2, "n": 2, "choices": ["a", "b"], ` +
			`"stream_options": {"include_usage": true}, "stream": true}`,
		`{"model": "t5", "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, ` +
			`{"role": "assistant"}], "stream": true}`,
		`{"model": "t5", "messages": [{"role": "user", "content": [1]}, 2, {"role": {}}], "tools": [], ` +
			`"n": 1e3}`,
		`{"model": "t5", "input": ["a", ""], "encoding_format": "base64", "dimensions": 2}`,
		`{"model": {}, "input": [[]], "prompt": [[]], "messages": {}}`,
		`{"inputs": "a", "parameters": {"details": true, "stop": ["b"], "seed": 1, "top_k": 3, "best_of": 2}}`,
		`{"inputs": "a", "stream": true, "parameters": {"max_new_tokens": 2, "num_beams": 2, "stop": []}}`,
		`{"inputs": "a", "parameters": {"parameters": {}, "temperature": 1e-400, "truncate": 1e9, "stop": [[]]}}`,
		`{"inputs": "a", "parameters": [], "stream": null}`,
		`{"q": "a\n\nb", "source": "en", "target": "de", "alternatives": 2}`,
		`{"q": ["a", ""], "source": "auto", "target": "de", "format": "html", "api_key": "x"}`,
		`{"q": [], "source": {}, "target": 1, "alternatives": 1e9}`,
		`{"inputs": null}`, `{"inputs": [null]}`, `{"inputs": {}}`, `{"inputs": [[]]}`, `[]`, `{`, `{"a": 1, "a": 2}`,
		`{"inputs": ["a"]}x`, "\xff", `{"ids": [[-1]]}`, `{"ids": [[1e9]]}`,
		strings.Repeat(`{"inputs":`, 100), strings.Repeat("[", 10001),
		`{"inputs": ["a"], "max_new_tokens": 99999999999999999999}`,
	} {
		for i := range paths {
			f.Add(uint8(i), body)
		}
	}
	for _, form := range []string{"q=a%0Ab&source=en&target=de", "q=a&source=auto&target=de&alternatives=2&format=text",
		"q=&source=&target=", "q=%ff&source=en&target=de", "q=a&q=b", "%", "alternatives=-1&q=a&source=en&target=de",
		"q=a;b&source=en&target=de", "api_key=x&q=a"} {
		for i, path := range paths {
			if path == "/translate" || path == "/detect" {
				for n := i; n < 256; n += len(paths) {
					if n >= 128 {
						f.Add(uint8(n), form)
						break
					}
				}
			}
		}
	}
	s, _ := startProfile(f, spokenProfile(), Options{MaxBody: 1 << 15, MaxInputs: 4})
	f.Fuzz(func(t *testing.T, path uint8, body string) {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodPost,
			"http://localhost"+paths[int(path)%len(paths)], strings.NewReader(body))
		kind := "application/json"
		if path >= 128 {
			kind = "application/x-www-form-urlencoded"
		}
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch w.Code {
		case 200:
			if path < 128 && !utf8.ValidString(body) { // what is no UTF-8 in a form is written with %
				t.Errorf("%q is no UTF-8 and was taken", body)
			}
		case 400, 404, 413, 415, 422, 501:
			var p struct{ Error any } // a text, or an object with one
			if json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Error == nil || p.Error == "" {
				t.Errorf("%q: %s is no problem", body, w.Body)
			}
		default:
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") == "text/event-stream" {
			for event := range strings.SplitSeq(strings.TrimSuffix(w.Body.String(), "\n\n"), "\n\n") {
				if data, ok := strings.CutPrefix(event, "data: "); !ok || data != "[DONE]" &&
					!json.Valid([]byte(data)) {
					t.Errorf("%q: %q is no event", body, event)
				}
			}
		} else if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q: answered %q, which is no JSON", body, w.Body)
		}
		if s.bodies.Free() != s.bodies.Limit || len(s.parsing) != 0 {
			t.Errorf("%q: the server still holds what the request needed", body)
		}
	})
}
