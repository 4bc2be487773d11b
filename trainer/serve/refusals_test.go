package serve

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"t5train/data/tokenizer"
	"t5train/trainer/serve/wire"
)

// Everything that a client can do wrong has a status, a code, and a message with the remedy.
func TestRefusals(t *testing.T) {
	_, h := start(t, Options{MaxBody: 300, MaxInputs: 2, MaxBeams: 4})
	long := `"` + strings.Repeat("x", testInput) + `"`
	for name, c := range map[string]struct {
		path, body string
		status     int
		code, want string
	}{
		"unknown path": {"/v2/generate", `{}`, 404, "not_found",
			`there is no such path: want "/", "/`},
		"no JSON":     {"/v1/generate", `inputs`, 400, "bad_request", "not JSON"},
		"empty":       {"/v1/generate", ` `, 400, "bad_request", "ends too early"},
		"cut off":     {"/v1/generate", `{"inputs": ["a"`, 400, "bad_request", "ends too early"},
		"no object":   {"/v1/generate", `["a"]`, 400, "bad_request", "begin it with {"},
		"two objects": {"/v1/generate", `{"inputs": ["a"]} {}`, 400, "bad_request", "one object a request"},
		"not UTF-8":   {"/v1/generate", "{\"inputs\": [\"\xff\"]}", 400, "bad_request", "UTF-8"},
		"no inputs":   {"/v1/generate", `{}`, 400, "bad_request", `"inputs" is missing`},
		"null inputs": {"/v1/generate", `{"inputs": null}`, 400, "bad_request",
			"inputs is null, want a list: [...], or no such field"},
		"inputs no list": {"/v1/generate", `{"inputs": "a"}`, 400, "bad_request", "want a list"},
		"input no text":  {"/v1/generate", `{"inputs": ["a", 2]}`, 400, "bad_request", "inputs[1] is 2, want a text"},
		"unknown field": {"/v1/generate", `{"inputs": ["a"], "num_beam": 2}`, 400, "bad_request",
			`did you mean "num_beams"?`},
		"unlike any field": {"/v1/classify", `{"inputs": ["a"], "zzzzzzzz": 2}`, 400, "bad_request",
			`want only "inputs", "truncate", "adapter", "top"`},
		"another case": {"/v1/generate", `{"Inputs": ["a"]}`, 400, "bad_request",
			`unknown field "Inputs": did you mean "inputs"?`},
		"singular": {"/v1/generate", `{"input": ["a"]}`, 400, "bad_request",
			`unknown field "input": did you mean "inputs"?`},
		"singular to classify": {"/v1/classify", `{"input": ["a"]}`, 400, "bad_request", `did you mean "inputs"?`},
		"singular target": {"/v1/score", `{"inputs": ["a"], "target": ["b"]}`, 400, "bad_request",
			`did you mean "targets"?`},
		"singular input, target": {"/v1/score", `{"input": ["a"], "target": ["b"]}`, 400, "bad_request",
			`did you mean "inputs"?`},
		"singular text": {"/v1/tokenize", `{"text": ["a"]}`, 400, "bad_request", `did you mean "texts"?`},
		"singular id": {"/v1/tokenize", `{"id": [[1]], "skip_special": true}`, 400, "bad_request",
			`did you mean "ids"?`},
		"singular choice": {"/v1/generate", `{"inputs": ["a"], "choice": ["b"]}`, 400, "bad_request",
			`did you mean "choices"?`},
		"misspelt top": {"/v1/classify", `{"inputs": ["a"], "tops": 1}`, 400, "bad_request", `did you mean "top"?`},
		"misspelt switch": {"/v1/generate", `{"inputs": ["a"], "do_samples": true, "temperature": 2}`, 400,
			"bad_request", `did you mean "do_sample"?`},
		"near a later field": {"/v1/generate", `{"a": 1, "input": ["a"]}`, 400, "bad_request",
			`did you mean "inputs"?`},
		"near, but given": {"/v1/generate", `{"inputs": ["a"], "input": ["b"]}`, 400, "bad_request",
			`unknown field "input": want only "inputs"`},
		"other name": {"/v1/generate", `{"sentences": ["a"]}`, 400, "bad_request",
			`the field "inputs" is missing`},
		"wrong and misspelt": {"/v1/score", `{"inputs": "a", "target": ["b"]}`, 400, "bad_request", "inputs is"},
		"twice":              {"/v1/generate", `{"inputs": ["a"], "inputs": ["b"]}`, 400, "bad_request", "twice"},
		"beams no number": {"/v1/generate", `{"inputs": ["a"], "num_beams": "4"}`, 400, "bad_request",
			`num_beams is "4", want an integer`},
		"beams no whole": {"/v1/generate", `{"inputs": ["a"], "num_beams": 2.0}`, 400, "bad_request",
			"want an integer"},
		"switch no boolean": {"/v1/generate", `{"inputs": ["a"], "do_sample": 1}`, 400, "bad_request",
			"want true or false"},
		"temperature no number": {"/v1/generate", `{"inputs": ["a"], "do_sample": true, "temperature": "hot"}`, 400,
			"bad_request", "want a number"},
		"temperature too large": {"/v1/generate", `{"inputs": ["a"], "do_sample": true, "temperature": 1e999}`, 400,
			"bad_request", "want a number"},
		"early_stopping": {"/v1/generate", `{"inputs": ["a"], "early_stopping": "always"}`, 400, "bad_request",
			`true, false or "never"`},
		"no texts": {"/v1/generate", `{"inputs": []}`, 422, "invalid_request", "empty list"},
		"too many inputs": {"/v1/generate", `{"inputs": ["a", "b", "c"]}`, 422, "invalid_request",
			"more than 2 elements"},
		"too long": {"/v1/generate", `{"inputs": ["a", ` + long + `]}`, 422, "invalid_request",
			`inputs[1] has 41 tokens, want at most 40: shorten it, or set "truncate": true`},
		"too long to classify": {"/v1/classify", `{"inputs": [` + long + `]}`, 422, "invalid_request",
			"inputs[0] has 41 tokens"},
		"too long to score": {"/v1/score", `{"inputs": [` + long + `], "targets": ["a"]}`, 422, "invalid_request",
			"inputs[0] has 41 tokens"},
		"target too long": {"/v1/score", `{"inputs": ["a"], "targets": [` + long + `]}`, 422, "invalid_request",
			"targets[0] has 41 tokens, want at most 40"},
		"no targets": {"/v1/score", `{"inputs": ["a"]}`, 400, "bad_request", `"targets" is missing`},
		"too many new tokens": {"/v1/generate", `{"inputs": ["a"], "max_new_tokens": 41}`, 422, "invalid_request",
			"max_new_tokens is 41, want 1 to 40"},
		"too many beams": {"/v1/generate", `{"inputs": ["a"], "num_beams": 5}`, 422, "invalid_request",
			"num_beams is 5, want 1 to 4"},
		"min above max": {"/v1/generate", `{"inputs": ["a"], "min_new_tokens": 21}`, 422, "invalid_request",
			"min_new_tokens: want at most max_new_tokens, 20"},
		"several of one": {"/v1/generate", `{"inputs": ["a"], "num_return_sequences": 2}`, 422, "invalid_request",
			"set num_beams or do_sample"},
		"more than beams": {"/v1/generate", `{"inputs": ["a"], "num_beams": 2, "num_return_sequences": 3}`, 422,
			"invalid_request", "at most num_beams, 2"},
		"beams that sample": {"/v1/generate", `{"inputs": ["a"], "num_beams": 2, "do_sample": true}`, 422,
			"invalid_request", "leave one of them out"},
		"penalty, no beams": {"/v1/generate", `{"inputs": ["a"], "length_penalty": 2}`, 422, "invalid_request",
			`add "num_beams"`},
		"penalty of choices": {"/v1/generate", `{"inputs": ["a"], "choices": ["b", "c"], "length_penalty": 2}`, 422,
			"invalid_request", `add "num_beams"`},
		"stopping, no beams": {"/v1/generate", `{"inputs": ["a"], "early_stopping": true}`, 422, "invalid_request",
			`add "num_beams"`},
		"no choice": {"/v1/generate", `{"inputs": ["a"], "choices": [""]}`, 422, "invalid_request",
			`choices: choice "" is empty`},
		"temperature, no sample": {"/v1/generate", `{"inputs": ["a"], "temperature": 2}`, 422, "invalid_request",
			`temperature is of no effect without sampling: add "do_sample": true`},
		"temperature of zero": {"/v1/generate", `{"inputs": ["a"], "do_sample": true, "temperature": 0}`, 422,
			"invalid_request", "want more than 0"},
		"temperature overflows": {"/v1/generate", `{"inputs": ["a"], "do_sample": true, "temperature": 1e-50}`, 422,
			"invalid_request", "want at least 1e-06"},
		"penalty overflows": {"/v1/generate", `{"inputs": ["a"], "num_beams": 2, "length_penalty": -400}`, 422,
			"invalid_request", "want -10 to 10"},
		"top_p above 1": {"/v1/generate", `{"inputs": ["a"], "do_sample": true, "top_p": 1.1}`, 422,
			"invalid_request", "at most 1"},
		"negative seed": {"/v1/generate", `{"inputs": ["a"], "do_sample": true, "seed": -1}`, 422, "invalid_request",
			"seed is -1, want 0 to"},
		"repetition penalty": {"/v1/generate", `{"inputs": ["a"], "repetition_penalty": 0}`, 422, "invalid_request",
			"want more than 0"},
		"empty bad word": {"/v1/generate", `{"inputs": ["a"], "bad_words": [""]}`, 422, "invalid_request",
			`bad_words: bad word "" is empty`},
		"prefix too long": {"/v1/generate", `{"inputs": ["a"], "prefix": "abc", "max_new_tokens": 2}`, 422,
			"invalid_request", "prefix has 3 tokens"},
		"prefix that ends": {"/v1/generate", `{"inputs": ["a"], "prefix": "a</s>"}`, 422, "invalid_request",
			"holds the token that ends a text"},
		"choices too long": {"/v1/generate", `{"inputs": ["a"], "choices": ["abc"], "max_new_tokens": 2}`, 422,
			"invalid_request", "choices has a sequence of 4 tokens with its end"},
		"choices without prefix": {"/v1/generate", `{"inputs": ["a"], "choices": ["abc"], "prefix": "b"}`, 422,
			"invalid_request", "choices holds no sequence that begins with prefix"},
		"texts and ids":         {"/v1/tokenize", `{"texts": ["a"], "ids": [[1]]}`, 400, "bad_request", "either"},
		"neither texts nor ids": {"/v1/tokenize", `{}`, 400, "bad_request", "either"},
		"id too large": {"/v1/tokenize", `{"ids": [[384]]}`, 422, "invalid_request",
			"holds 384, want 0 to 383"},
		"id no number": {"/v1/tokenize", `{"ids": [[null]]}`, 400, "bad_request", "want a list of token ids"},
		"add_eos to ids": {"/v1/tokenize", `{"ids": [[1]], "add_eos": true}`, 422, "invalid_request",
			`is for "texts"`},
		"skip_special of texts": {"/v1/tokenize", `{"texts": ["a"], "skip_special": true}`, 422, "invalid_request",
			`is for "ids"`},
		"body too large": {"/v1/tokenize", `{"texts": ["` + strings.Repeat("a", 300) + `"]}`, 413, "body_too_large",
			"want at most 300"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := ask(t, h.URL+c.path, c.body)
			if code, message := code(t, answer); status != c.status || code != c.code || !strings.Contains(message,
				c.want) {
				t.Errorf("answered %d %s: %s\nwant %d %s: %s", status, code, message, c.status, c.code, c.want)
			}
		})
	}
}

// Texts that the vocabulary cannot write are refused where an output shall hold them, and never begin it with something
// else.
func TestRefusedTexts(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	p := testProfile()
	p.tokenizer, p.vocabulary = tok, tok.VocabSize()
	f := &fake{}
	_, h := startProfile(t, p, Options{}, f)
	for fields, want := range map[string]string{
		`"prefix": "{"`:                       `prefix: "{" has characters that the tokenizer does not know, so no output begins with it: leave them out`,
		`"prefix": "Answer: 日本"`:              `prefix: "Answer: 日本" has characters that the tokenizer does not know`,
		`"prefix": " "`:                       `prefix: " " has no token: leave it out`,
		`"prefix": "{", "num_beams": 2`:       `prefix: "{" has characters`,
		`"prefix": "{", "choices": ["a"]`:     `prefix: "{" has characters`,
		`"choices": ["a", "{"]`:               `choices: choice "{" has characters that the tokenizer does not know`,
		`"bad_words": ["{"]`:                  `bad_words: bad word "{" has characters that the tokenizer does not know`,
		`"prefix": "a", "choices": ["b"]`:     "begins with prefix",
		`"prefix": "{", "max_new_tokens": 30`: `prefix: "{" has characters`,
	} {
		status, answer := ask(t, h.URL+"/v1/generate", `{"inputs": ["a"], `+fields+`}`)
		if code, message := code(t, answer); status != 422 || code != "invalid_request" || !strings.Contains(message,
			want) {
			t.Errorf("%s: answered %d %s: %s\nwant 422 invalid_request: %s", fields, status, code, message, want)
		}
	}
	if len(f.seen) > 0 {
		t.Errorf("the model was asked with %+v", f.seen)
	}
	if status, answer := ask(t, h.URL+"/v1/generate", `{"inputs": ["a"], "prefix": "Answer:"}`); status != 200 ||
		len(f.seen) != 1 {
		t.Errorf("a prefix that can be written is answered %d %s", status, answer)
	} else if got := tok.Decode(f.seen[0].Prefix, false); got != "Answer:" {
		t.Errorf("outputs begin with %q", got)
	}
}

// What is wrong with the header of a request.
func TestRefusedHeaders(t *testing.T) {
	_, h := start(t, Options{})
	for name, c := range map[string]struct {
		method, path string
		header       map[string]string
		chunked      bool
		status       int
		code         string
	}{
		"fine": {method: "POST", path: "/v1/classify", status: 200},
		"charset": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Content-Type": "application/json; charset=UTF-8"}, status: 200},
		"own page": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Sec-Fetch-Site": "same-origin"}, status: 200},
		"own page, old browser": {method: "POST", path: "/v1/classify", header: map[string]string{"Origin": h.URL},
			status: 200},
		"any loopback address": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Host": "127.9.9.9:1"}, status: 200},
		"loopback address, version 6": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Host": "[::1]:1"},
			status: 200},
		"localhost": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Host": "LocalHost."}, status: 200},
		"GET": {method: "GET", path: "/v1/classify", status: 405, code: "method_not_allowed"},
		"preflight of another origin": {method: "OPTIONS", path: "/v1/classify",
			header: map[string]string{"Origin": "http://evil.test"}, status: 405, code: "method_not_allowed"},
		"POST to read":        {method: "POST", path: "/metrics", status: 405, code: "method_not_allowed"},
		"dots in the path":    {method: "POST", path: "/v1/../v1/classify", status: 404, code: "not_found"},
		"slashes in the path": {method: "POST", path: "//v1/classify", status: 404, code: "not_found"},
		"slash at the end":    {method: "POST", path: "/v1/classify/", status: 404, code: "not_found"},
		"form": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Content-Type": "text/plain"}, status: 415, code: "unsupported_media_type"},
		"no type": {method: "POST", path: "/v1/classify", header: map[string]string{"Content-Type": ""},
			status: 415, code: "unsupported_media_type"},
		"another charset": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Content-Type": "application/json; charset=latin1"}, status: 415,
			code: "unsupported_media_type"},
		"compressed": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Content-Encoding": "gzip"}, status: 415, code: "unsupported_media_type"},
		"no length": {method: "POST", path: "/v1/classify", chunked: true, status: 200},
		"rebound name": {method: "POST", path: "/v1/classify", header: map[string]string{"Host": "evil.test"},
			status: 403, code: "unknown_host"},
		"rebound name reads": {method: "GET", path: "/v1/model",
			header: map[string]string{"Host": "localhost.evil.test:8080"}, status: 403, code: "unknown_host"},
		"another site": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: 403, code: "cross_origin"},
		"another site, old browser": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Origin": "http://evil.test"}, status: 403, code: "cross_origin"},
		"another port of this machine": {method: "POST", path: "/v1/classify",
			header: map[string]string{"Origin": "http://127.0.0.1:1"}, status: 403, code: "cross_origin"},
		"file on the disk": {method: "POST", path: "/v1/classify", header: map[string]string{"Origin": "null"},
			status: 403,
			code:   "cross_origin"},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(`{"inputs": ["a"]}`)
			r, err := http.NewRequest(c.method, h.URL+c.path, bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if c.chunked {
				r.ContentLength = -1
			}
			r.Header.Set("Content-Type", "application/json")
			for k, v := range c.header {
				r.Header.Set(k, v)
			}
			r.Host = c.header["Host"]
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("other origins may read the answer: %s", got)
			}
			if got := answer.Header.Get("Allow"); (c.status == 405) != (got != "") {
				t.Errorf("Allow is %q", got)
			} else if want := map[string]string{"/v1/classify": "POST", "/metrics": "GET, HEAD"}[c.path]; got != "" &&
				got != want {
				t.Errorf("Allow is %q, want %q", got, want)
			}
			status, text := read(t, answer)
			if status != c.status {
				t.Fatalf("answered %d %s, want %d", status, text, c.status)
			}
			if c.code != "" {
				if got, _ := code(t, text); got != c.code {
					t.Errorf("code %s, want %s", got, c.code)
				}
				if c.code == "unknown_host" && !strings.Contains(string(text), "serve.host") {
					t.Errorf("the remedy is missing: %s", text)
				}
			}
		})
	}
}

// A server that is asked under names of its own refuses others.
func TestHosts(t *testing.T) {
	for _, c := range []struct {
		hosts []string
		host  string
		want  bool
	}{
		{nil, "", false}, {nil, "evil.test", false}, {nil, "127.0.0.1", true},
		{[]string{"t5.example.org"}, "T5.example.org:443", true}, {[]string{"t5.example.org"}, "evil.test", false},
		{[]string{"T5.Example.org:443"}, "t5.example.org.", true},
		{[]string{"[2001:DB8::1]"}, "[2001:db8::1]:8080", true},
		{[]string{"*"}, "evil.test", true},
	} {
		s, _ := start(t, Options{Hosts: c.hosts})
		if got := s.knowsHost(c.host); got != c.want {
			t.Errorf("hosts %q: %q is known: %v, want %v", c.hosts, c.host, got, c.want)
		}
	}
}

// A checkpoint without labels says so.
func TestNoLabels(t *testing.T) {
	p := testProfile()
	p.task.Labels = nil
	_, h := startProfile(t, p, Options{})
	status, answer := ask(t, h.URL+"/v1/classify", `{"inputs": ["a"]}`)
	if code, _ := code(t, answer); status != 404 || code != "no_labels" {
		t.Errorf("answered %d %s, want 404 no_labels", status, code)
	}
}

// What fails in the server is no client's business, hurts nobody else, and is in the log.
func TestFaults(t *testing.T) {
	for text, logged := range map[string]string{"panic": "as the text wants it", "error": "secret of the server"} {
		t.Run(text, func(t *testing.T) {
			f := &fake{calls: make(chan []string, 8), gate: make(chan struct{}, 8)}
			log := &syncBuffer{}
			s, h := start(t, Options{Log: slog.New(slog.NewTextHandler(log, nil))}, f)
			answers := make(chan int, 3)
			post := func(text string) {
				go func() {
					status, answer := ask(t, h.URL+"/v1/classify", `{"inputs": ["`+text+`"]}`)
					if status == 500 && strings.Contains(answer, logged) {
						t.Errorf("the client hears %s", answer)
					}
					answers <- status
				}()
			}
			post("first")
			<-f.calls // its batch is being computed; the others wait together
			post("before")
			waitFor(t, func() bool { n, _ := s.queue.length(); return n == 1 })
			post(text)
			waitFor(t, func() bool { n, _ := s.queue.length(); return n == 2 })
			for range 4 {
				f.gate <- struct{}{}
			}
			counts := map[int]int{}
			for range 3 {
				counts[<-answers]++
			}
			if n := len(f.calls); n != 3 { // both together, and each alone
				t.Errorf("%d calls of the model, want 3", n)
			}
			if counts[200] != 2 || counts[500] != 1 {
				t.Errorf("statuses %v, want 200 twice and 500", counts)
			}
			if !strings.Contains(log.String(), logged) {
				t.Errorf("the log does not say %q:\n%s", logged, log.String())
			}
		})
	}
}

// A panic of a handler is a 500, and the server lives on.
func TestPanicOfAHandler(t *testing.T) {
	s, h := start(t, Options{})
	s.routes.Handle("GET /panic", route{answer: func(*exchange) (wire.Answer, error) {
		panic("secret of the server")
	}})
	r, err := http.Get(h.URL + "/panic")
	if err != nil {
		t.Fatal(err)
	}
	status, answer := read(t, r)
	if code, message := code(t, answer); status != 500 || code != "internal" || strings.Contains(message, "secret") {
		t.Errorf("answered %d %s, want 500", status, answer)
	}
	if status, answer := ask(t, h.URL+"/v1/classify", `{"inputs": ["a"]}`); status != 200 {
		t.Errorf("the next request is answered %d %s", status, answer)
	}
}
