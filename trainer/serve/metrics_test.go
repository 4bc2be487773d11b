package serve

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"t5train/trainer/serve/metrics"
)

func TestMetrics(t *testing.T) {
	s, h := start(t, Options{})
	ask(t, h.URL+"/v1/generate", `{"inputs": ["ab", "c"], "max_new_tokens": 4}`)
	ask(t, h.URL+"/v1/generate", `{"inputs": []}`)
	ask(t, h.URL+"/not/there", ``)
	waitFor(t, func() bool { // the last request is counted after its answer
		return strings.Count(s.metrics.Text(), "\nt5train_requests_total{") == 3
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
		`t5train_requests_total{path="/v1/generate",code="200"} 1`,
		`t5train_requests_total{path="/v1/generate",code="422"} 1`, `t5train_requests_total{path="other",code="404"} 1`,
		`t5train_request_seconds_count{path="/v1/generate"} 2`,
		`t5train_request_seconds_bucket{path="/v1/generate",le="+Inf"} 2`,
		"t5train_queue_seconds_count 1", `t5train_batch_inputs_bucket{le="1"} 0`,
		`t5train_batch_inputs_bucket{le="2"} 1`,
		"t5train_batch_inputs_sum 2",
		`t5train_tokens_total{direction="input"} 5`, `t5train_tokens_total{direction="output"} 8`,
		`t5train_refused_total{reason="invalid_request"} 1`, `t5train_refused_total{reason="not_found"} 1`,
		"# HELP t5train_queue_length Inputs that wait.", "# TYPE t5train_batch_inputs histogram",
		"# TYPE go_goroutines gauge",
		"t5train_queue_length 0", "t5train_requests_in_flight 1", "t5train_panics_total 0",
		"t5train_abandoned_inputs_total 0",
	} {
		if !strings.Contains("\n"+text, "\n"+want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	for i := 0; i < len(metrics.Help); i += 2 { // a name that no metric has would never be shown
		if !strings.Contains(text, "# HELP "+metrics.Help[i]+" "+metrics.Help[i+1]+"\n# TYPE ") {
			t.Errorf("no help of %s", metrics.Help[i])
		}
	}
	if runtime.GOOS == "linux" && !strings.Contains(text, "\nprocess_resident_memory_bytes ") {
		t.Error("no figures of the process")
	}
	line := regexp.MustCompile(`^(# HELP (t5train_[a-z_]+ .+|(go|process)_[a-z_]+)|# TYPE [a-z0-9_]+ [a-z]+|(t5train|go|process)_[a-z0-9_]+(\{[a-zA-Z_]+="[^"]*"(, ?[a-zA-Z_]+="[^"]*")*\})? [0-9.e+-]+)$`)
	for l := range strings.Lines(text) {
		if !line.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("%q is no line of the text format", l)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// value returns the value of a metric without labels.
func value(t *testing.T, m *metrics.Metrics, name string) float64 {
	t.Helper()
	_, rest, found := strings.Cut(m.Text(), "\n"+name+" ")
	text, _, _ := strings.Cut(rest, "\n")
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !found {
		t.Fatalf("metric %s: %q: %v", name, text, err)
	}
	return v
}

// Two servers of one process count for themselves.
func TestMetricsOfTwoServers(t *testing.T) {
	first, h := start(t, Options{})
	second, _ := start(t, Options{})
	ask(t, h.URL+"/v1/generate", `{"inputs": ["a"]}`)
	waitFor(t, func() bool { return value(t, first.metrics, "t5train_queue_seconds_count") == 1 })
	if n := value(t, second.metrics, "t5train_queue_seconds_count"); n != 0 {
		t.Errorf("the other server counts %g", n)
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
		`method=POST path=/v1/classify status=200 code="" took=`, "inputs=1 tokens_in=13 tokens_out=0 bytes_in=28 ",
		"path=other status=404 code=not_found", "method=other path=/v1/classify status=405",
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
