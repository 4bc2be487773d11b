package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"t5train/model/generate"
)

// stream is an answer whose events are read one by one.
type stream struct {
	*http.Response
	lines *bufio.Scanner
}

func openStream(t testing.TB, ctx context.Context, url, body string) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return &stream{answer, bufio.NewScanner(answer.Body)}
}

// next returns the data of the next event, "" at the end.
func (s *stream) next(t testing.TB) string {
	t.Helper()
	for s.lines.Scan() {
		if line := s.lines.Text(); line != "" {
			data, ok := strings.CutPrefix(line, "data: ")
			if !ok {
				t.Fatalf("%q is no event", line)
			}
			return data
		}
	}
	return ""
}

// all returns the data of the events that are left.
func (s *stream) all(t testing.TB) (events []string) {
	t.Helper()
	for e := s.next(t); e != ""; e = s.next(t) {
		events = append(events, e)
	}
	return events
}

// textOf returns the texts of the events of a choice together.
func textOf(t testing.TB, events []string, index int) (text, reason string) {
	t.Helper()
	for _, e := range events {
		var chunk struct {
			Choices []struct {
				Index        int
				Text         string
				FinishReason string `json:"finish_reason"`
				Delta        struct{ Content string }
			}
		}
		if e == "[DONE]" {
			break
		}
		if err := json.Unmarshal([]byte(e), &chunk); err != nil {
			t.Fatalf("%q: %v", e, err)
		}
		for _, c := range chunk.Choices {
			if c.Index == index {
				text, reason = text+c.Text+c.Delta.Content, reason+c.FinishReason
			}
		}
	}
	return text, reason
}

// Tokens come as they are generated: each event is there before the next token is computed.
func TestStreamTokenByToken(t *testing.T) {
	f := &fake{gate: make(chan struct{}, 1)}
	s, h := start(t, Options{Name: "first"}, f)
	f.gate <- struct{}{} // the call
	go func() { f.gate <- struct{}{} }()
	a := openStream(t, t.Context(), h.URL+"/v1/completions",
		`{"model": "first", "prompt": "ab", "stream": true, "stream_options": {"include_usage": true}}`)
	if got := a.Header.Get("Content-Type"); a.StatusCode != 200 || got != "text/event-stream" {
		t.Fatalf("answered %d %s", a.StatusCode, got)
	}
	event := `{"id":"cmpl-0","object":"text_completion","created":0,"model":"first","choices":[`
	for _, want := range []string{`{"index":0,"text":"a","logprobs":null,"finish_reason":null}]}`,
		`{"index":0,"text":"b","logprobs":null,"finish_reason":null}]}`,
		`{"index":0,"text":"","logprobs":null,"finish_reason":"stop"}]}`,
		`],"usage":{"prompt_tokens":3,"completion_tokens":3,"total_tokens":6}}`} {
		if got := steady(a.next(t)); got != event+want {
			t.Errorf("event %s, want %s", got, event+want)
		}
		select {
		case f.gate <- struct{}{}:
		default:
		}
	}
	if rest := a.all(t); len(rest) != 1 || rest[0] != "[DONE]" {
		t.Errorf("the stream ends with %q", rest)
	}
	waitFor(t, func() bool {
		return strings.Contains(s.metrics.Text(), `t5train_requests_total{path="/v1/completions",code="200"} 1`)
	})
	if text := s.metrics.Text(); !strings.Contains(text, `t5train_tokens_total{direction="output"} 3`) ||
		!strings.Contains(text, "t5train_abandoned_inputs_total 0") {
		t.Errorf("the tokens are not counted:\n%s", text)
	}
}

// What a stream tells is what an answer at once says, whatever the tokens are, for all choices of all prompts.
func TestStreamIsTheAnswer(t *testing.T) {
	_, h := serving(t, tiny(t), Options{Name: "first"})
	for _, options := range []string{``, `, "n": 3, "seed": 7, "temperature": 1.5`, `, "num_beams": 2, "n": 2`,
		`, "stop": ["e", "\u0000"], "seed": 5, "temperature": 2, "n": 4`, `, "max_tokens": 1`} {
		body := `{"model": "first", "prompt": ["Ein Satz", "zwei"], "max_tokens": 60` + options
		if strings.Contains(options, "max_tokens") {
			body = strings.Replace(body, `, "max_tokens": 60`, "", 1)
		}
		status, answer := ask(t, h.URL+"/v1/completions", body+"}")
		if status != 200 {
			t.Fatal(status, answer)
		}
		var want struct {
			Choices []struct {
				Text   string
				Reason string `json:"finish_reason"`
			}
		}
		unmarshal(t, answer, &want)
		events := openStream(t, t.Context(), h.URL+"/v1/completions", body+`, "stream": true}`).all(t)
		texts := make(map[string]int) // samples of a prompt come in another order
		for i, c := range want.Choices {
			texts[c.Text+"|"+c.Reason]++
			text, reason := textOf(t, events, i)
			texts[text+"|"+reason]--
			if strings.Contains(text, "\uFFFD") != strings.Contains(c.Text, "\uFFFD") && !strings.Contains(options,
				"n") {
				t.Errorf("%s: choice %d is %q, want %q", options, i, text, c.Text)
			}
		}
		for text, n := range texts {
			if n != 0 {
				t.Errorf("%s: %q comes %d times more often at once", options, text, n)
			}
		}
	}
}

// A chat streams too, with the role first; a text that ends it is not told, not even its beginning.
func TestStreamOfAChat(t *testing.T) {
	_, h := start(t, Options{Name: "first"})
	events := openStream(t, t.Context(), h.URL+"/v1/chat/completions",
		`{"model": "first", "stop": "STOP t", "stream": true, "messages": [`+
			`{"role": "user", "content": "one STOP two"}]}`).all(t)
	text, reason := textOf(t, events, 0)
	if text != "one " || reason != "stop" || !strings.Contains(events[0], `"delta":{"role":"assistant","content":"o`) {
		t.Errorf("%q ends with %q: %q", text, reason, events)
	}
	text, reason = textOf(t, openStream(t, t.Context(), h.URL+"/v1/chat/completions",
		`{"model": "first", "stop": "STOP t", "stream": true, "messages": [`+
			`{"role": "user", "content": "one STOP"}]}`).all(t), 0)
	if text != "one STOP" || reason != "stop" {
		t.Errorf("what only begins like a stop: %q, %q", text, reason)
	}
	events = openStream(t, t.Context(), h.URL+"/v1/chat/completions",
		`{"model": "first", "stop": "STOP t", "stream": true, "messages": [{"role": "user", "content": "STx"}]}`).all(t)
	if !strings.Contains(events[0], `"delta":{"role":"assistant","content":"STx"}`) {
		t.Errorf("the role is not in the first event: %q", events)
	}
}

// A stream of text-generation-inference has an event for each token, and the text with the last one.
func TestStreamOfTGI(t *testing.T) {
	_, h := start(t, Options{Name: "first"})
	body := `{"inputs": "ab", "stream": true}`
	more := `,"logprob":-0.25,"special":false},"generated_text":null,"details":null}`
	want := []string{
		`{"index":1,"token":{"id":100,"text":"a"` + more, `{"index":2,"token":{"id":101,"text":"b"` + more,
		`{"index":3,"token":{"id":1,"text":"</s>","logprob":-0.25,"special":true},"generated_text":"ab",` +
			`"details":{"finish_reason":"eos_token","generated_tokens":3,"input_length":3,"seed":null}}`,
	}
	for _, path := range []string{"/generate_stream", "/"} {
		if got := openStream(t, t.Context(), h.URL+path, body).all(t); !slices.Equal(got, want) {
			t.Errorf("%s: events %q", path, got)
		}
	}
	got := openStream(t, t.Context(), h.URL+"/generate_stream",
		`{"inputs": "ab", "parameters": {"num_beams": 2}}`).all(t)
	if len(got) != 1 || !strings.Contains(got[0], `"text":"re: ab"`) ||
		!strings.Contains(got[0], `"generated_text":"re: ab"`) {
		t.Errorf("a beam search: %q", got)
	}
}

// A beam search has one event for each output, at its end.
func TestStreamOfBeams(t *testing.T) {
	_, h := start(t, Options{Name: "first", Generation: generate.Options{Beams: 3}})
	events := openStream(t, t.Context(), h.URL+"/v1/completions",
		`{"model": "first", "prompt": "a", "n": 2, "stream": true}`).all(t)
	if len(events) != 3 || !strings.Contains(events[0], `"text":"re: a","logprobs":null,"finish_reason":"stop"`) {
		t.Errorf("events %q", events)
	}
}

// A client that goes in the middle of a stream frees its place: the batch ends, or goes on without its sequence.
func TestStreamClientGone(t *testing.T) {
	f := &fake{calls: make(chan []string, 3), gate: make(chan struct{})}
	s, h := start(t, Options{Name: "first"}, f)
	ctx, leave := context.WithCancel(context.Background())
	go func() { f.gate <- struct{}{}; f.gate <- struct{}{} }()
	a := openStream(t, ctx, h.URL+"/v1/completions", `{"model": "first", "prompt": "first prompt", "stream": true}`)
	if got := a.next(t); !strings.Contains(got, `"text":"f"`) {
		t.Fatal(got)
	}
	<-f.calls
	leave()
	answer := make(chan string, 1)
	go func() {
		_, text := ask(t, h.URL+"/v1/completions", `{"model": "first", "prompt": "second"}`)
		answer <- text
	}()
	if got := <-f.calls; len(got) != 1 || got[0] != "second" { // only when the first call has ended
		t.Errorf("the model got %q", got)
	}
	f.gate <- struct{}{}
	if text := <-answer; !strings.Contains(text, "re: second") {
		t.Errorf("the next client hears %s", text)
	}
	waitFor(t, func() bool { return strings.Contains(s.metrics.Text(), `reason="client_gone"} 1`) })
	waitFor(t, s.idle)
}

// In a batch of several, the sequences of a client that has gone end with its next token.
func TestStreamGoneAmongOthers(t *testing.T) {
	ctx, leave := context.WithCancel(context.Background())
	gone, stays := &job{ctx: ctx}, &job{ctx: context.Background()}
	watch := batch{{gone, 0}, {stays, 0}}.watch()
	if watch(generate.Step{Input: 0}) || watch(generate.Step{Input: 1}) {
		t.Error("a sequence ends while its client waits")
	}
	leave()
	if !watch(generate.Step{Input: 0}) || watch(generate.Step{Input: 1}) {
		t.Error("the sequences of the client that has gone go on, or others end")
	}
}

// What fails after the first event is the last event; before it, it is an answer as any other.
func TestStreamFails(t *testing.T) {
	f := &fake{gate: make(chan struct{})}
	s, h := start(t, Options{Name: "first", Timeout: 300 * time.Millisecond}, f)
	go func() { f.gate <- struct{}{}; f.gate <- struct{}{} }()
	events := openStream(t, t.Context(), h.URL+"/v1/completions",
		`{"model": "first", "prompt": "abc", "stream": true}`).all(t)
	if n := len(events); n != 2 || !strings.Contains(events[1], `"type":"server_error","param":null,"code":"timeout"`) {
		t.Errorf("events %q", events)
	}
	for prompt, want := range map[string]int{"error": 500, "panic": 500, "slow": 504} {
		if want == 500 {
			go func() { f.gate <- struct{}{} }()
		}
		a := openStream(t, t.Context(), h.URL+"/v1/completions",
			`{"model": "first", "prompt": "`+prompt+`", "stream": true}`)
		text, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode != want || !strings.Contains(string(text), "server_error") ||
			a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %d", prompt, a.StatusCode, text, want)
		}
	}
	waitFor(t, func() bool { return strings.Contains(s.metrics.Text(), `t5train_refused_total{reason="timeout"} 2`) })
}

// A client that takes no events is cut off, and nobody else waits for it.
func TestStreamThatNobodyTakes(t *testing.T) {
	p := testProfile()
	p.maxOutput, p.maxInput = 1<<17, 1<<17
	s, err := newServer(p, []model{&fake{}}, Options{Name: "first", MaxOutputLength: 1 << 17,
		WriteTimeout: 100 * time.Millisecond}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, listen(t, s, smallBuffers{l}))
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	body := `{"model": "first", "prompt": ["` + strings.Repeat("x", 20000) + `", "` + strings.Repeat("y", 20000) +
		`"], "n": 8, "stream": true}`
	if _, err := fmt.Fprintf(conn,
		"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
			"Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return strings.Contains(s.metrics.Text(), `reason="client_gone"} 1`) })
	waitFor(t, s.idle)
}

// idle reports whether the server holds nothing that a request needed.
func (s *Server) idle() bool {
	n, _ := s.queue.length()
	return n == 0 && s.bodies.Free() == s.bodies.Limit && len(s.parsing) == 0
}

// smallBuffers is a listener whose connections hold little that the other side has not read.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(4096)
	}
	return c, err
}

// A body of unknown length is read up to the limit, as slowly as others may be.
func TestChunkedBodies(t *testing.T) {
	_, address := run(t, Options{Name: "first", MaxBody: 1 << 15, ReadTimeout: 200 * time.Millisecond})
	head := "POST /v1/tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
		"Transfer-Encoding: chunked\r\n\r\n"
	body := func(size int) string {
		text := `{"texts": ["` + strings.Repeat("x", size-17) + `"]}  `
		var chunks strings.Builder
		for len(text) > 0 {
			n := min(len(text), 1000)
			fmt.Fprintf(&chunks, "%x\r\n%s\r\n", n, text[:n])
			text = text[n:]
		}
		return chunks.String()
	}
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"short":          {body(100) + "0\r\n\r\n", 200},
		"the limit":      {body(1<<15) + "0\r\n\r\n", 200},
		"a byte more":    {body(1<<15+1) + "0\r\n\r\n", 413},
		"endless":        {body(1 << 17), 413},
		"ends early":     {body(100) + "5\r\nab", 408},
		"never ends":     {body(100), 408},
		"no chunk":       {"0\r\n\r\n", 400},
		"no size":        {"x\r\n", 499},
		"empty and slow": {"", 408},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dial(t, address)
			go func() { _, _ = io.WriteString(conn, head+c.body) }()
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if status, text := read(t, answer); status != c.want {
				t.Errorf("answered %d %.200s, want %d", status, text, c.want)
			}
		})
	}
}
