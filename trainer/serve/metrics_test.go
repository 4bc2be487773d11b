package serve

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestMetrics(t *testing.T) {
	s, h := start(t, Options{})
	ask(t, h.URL+"/v1/generate", `{"inputs": ["ab", "c"], "max_new_tokens": 4}`)
	ask(t, h.URL+"/v1/generate", `{"inputs": []}`)
	ask(t, h.URL+"/not/there", ``)
	waitFor(t, func() bool { // the last request is counted after its answer
		var ended int
		s.metrics.update(func(m *metrics) { ended = len(m.requests) })
		return ended == 3
	})
	r, err := http.Get(h.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Header.Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("Content-Type %s", got)
	}
	_, text := read(t, r)
	for _, want := range []string{
		`t5train_requests_total{path="/v1/generate",code="200"} 1`, `t5train_requests_total{path="/v1/generate",code="422"} 1`, `t5train_requests_total{path="other",code="404"} 1`,
		`t5train_request_seconds_count{path="/v1/generate"} 2`, `t5train_request_seconds_bucket{path="/v1/generate",le="+Inf"} 2`,
		"t5train_queue_seconds_count 1", `t5train_batch_inputs_bucket{le="1"} 0`, `t5train_batch_inputs_bucket{le="2"} 1`, "t5train_batch_inputs_sum 2",
		`t5train_tokens_total{direction="input"} 5`, `t5train_tokens_total{direction="output"} 8`,
		`t5train_refused_total{reason="invalid_request"} 1`, `t5train_refused_total{reason="not_found"} 1`,
		"t5train_queue_length 0", "t5train_requests_in_flight 1", "t5train_panics_total 0", "t5train_abandoned_inputs_total 0",
	} {
		if !strings.Contains("\n"+text, "\n"+want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) t5train_[a-z_]+ .+|t5train_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+)$`)
	for l := range strings.Lines(text) {
		if !line.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("%q is no line of the text format", l)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestHistogram(t *testing.T) {
	h := newHistogram(1, 2)
	for _, x := range []float64{0, 1, 1.5, 2, 3} { // a bound belongs to its bucket
		h.observe(x)
	}
	var e exposition
	e.name = "h"
	e.histogram("", h)
	if got, want := e.String(), "h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 4\nh_bucket{le=\"+Inf\"} 5\nh_sum 7.5\nh_count 5\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// The log has a line for each request, and neither its text nor a path or method that a client made up.
func TestAccessLog(t *testing.T) {
	log := &syncBuffer{}
	_, h := start(t, Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	ask(t, h.URL+"/v1/classify", `{"inputs": ["confidential"]}`)
	ask(t, h.URL+"/confidential?confidential", `confidential`)
	ask(t, h.URL+"/v1/classify", `{"confidential": ["confidential"]}`)
	r, err := http.NewRequest("CONFIDENTIAL", h.URL+"/v1/classify", bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	waitFor(t, func() bool { return strings.Count(log.String(), "msg=request") == 4 })
	text := log.String()
	for _, want := range []string{
		`method=POST path=/v1/classify status=200 code="" took=`, "inputs=1 tokens_in=13 tokens_out=0 bytes_in=28 ", "path=other status=404 code=not_found", "method=other path=/v1/classify status=405",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if strings.Contains(strings.ToLower(text), "confidential") {
		t.Error("the log holds what a client has sent")
	}
	if t.Failed() {
		t.Log(text)
	}
}
