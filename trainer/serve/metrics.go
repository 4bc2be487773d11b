package serve

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// metrics counts what the server does, for GET /metrics.
type metrics struct {
	mu        sync.Mutex
	requests  map[[2]string]int64   // by path and status
	seconds   map[string]*histogram // of a request, by path
	queued    *histogram            // seconds until a batch took the first input
	batches   *histogram            // inputs of a batch
	refused   map[string]int64      // requests, by the code of the problem
	tokensIn  int64                 // of what models have answered
	tokensOut int64
	abandoned int64 // inputs that left the queue without an answer
	panics    int64
	inFlight  int // requests
}

func newMetrics() *metrics {
	return &metrics{
		requests: make(map[[2]string]int64), seconds: make(map[string]*histogram), refused: make(map[string]int64),
		queued:  newHistogram(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30),
		batches: newHistogram(1, 2, 4, 8, 16, 32, 64, 128),
	}
}

// update changes metrics that belong together.
func (m *metrics) update(f func(m *metrics)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m)
}

// request counts a request that has ended.
func (m *metrics) request(path string, status int, took time.Duration) {
	m.requests[[2]string{path, strconv.Itoa(status)}]++
	h := m.seconds[path]
	if h == nil {
		h = newHistogram(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60)
		m.seconds[path] = h
	}
	h.observe(took.Seconds())
}

// histogram counts observations up to each bound.
type histogram struct {
	bounds []float64
	counts []int64 // up to bounds[i] and above bounds[i-1]; the last is above all
	sum    float64
}

func newHistogram(bounds ...float64) *histogram {
	return &histogram{bounds: bounds, counts: make([]int64, len(bounds)+1)}
}

func (h *histogram) observe(x float64) {
	i, _ := slices.BinarySearch(h.bounds, x)
	h.counts[i]++
	h.sum += x
}

// metricsType is the content type of Prometheus' text format, version 0.0.4.
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// text returns all metrics in Prometheus' text format.
func (m *metrics) text(queueLength int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b exposition
	b.family("t5train_requests_total", "counter", "Requests that have ended, by path and status.")
	for _, key := range slices.SortedFunc(maps.Keys(m.requests), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		b.sample("", fmt.Sprintf(`path=%q,code=%q`, key[0], key[1]), float64(m.requests[key]))
	}
	b.family("t5train_request_seconds", "histogram", "Time from a request's header to its answer, by path.")
	for _, path := range slices.Sorted(maps.Keys(m.seconds)) {
		b.histogram(fmt.Sprintf("path=%q", path), m.seconds[path])
	}
	b.family("t5train_queue_seconds", "histogram", "Time that a request waits until a batch takes its first input.")
	b.histogram("", m.queued)
	b.family("t5train_batch_inputs", "histogram", "Inputs that are computed together.")
	b.histogram("", m.batches)
	b.family("t5train_tokens_total", "counter", "Tokens of the inputs that were answered, and of generated texts.")
	b.sample("", `direction="input"`, float64(m.tokensIn))
	b.sample("", `direction="output"`, float64(m.tokensOut))
	b.family("t5train_refused_total", "counter", "Requests that were not answered, by reason.")
	for _, reason := range slices.Sorted(maps.Keys(m.refused)) {
		b.sample("", fmt.Sprintf("reason=%q", reason), float64(m.refused[reason]))
	}
	b.family("t5train_abandoned_inputs_total", "counter", "Inputs that left the queue without being computed.")
	b.sample("", "", float64(m.abandoned))
	b.family("t5train_panics_total", "counter", "Faults of the program that a request or a batch has met.")
	b.sample("", "", float64(m.panics))
	b.family("t5train_queue_length", "gauge", "Inputs that wait.")
	b.sample("", "", float64(queueLength))
	b.family("t5train_requests_in_flight", "gauge", "Requests that are being answered.")
	b.sample("", "", float64(m.inFlight))
	return b.String()
}

// exposition writes Prometheus' text format:
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
type exposition struct {
	strings.Builder
	name string // of the family
}

func (e *exposition) family(name, kind, help string) {
	e.name = name
	fmt.Fprintf(e, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (e *exposition) sample(suffix, labels string, value float64) {
	e.WriteString(e.name + suffix)
	if labels != "" {
		e.WriteString("{" + labels + "}")
	}
	e.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

func (e *exposition) histogram(labels string, h *histogram) {
	separator := ""
	if labels != "" {
		separator = ","
	}
	var count int64
	for i, n := range h.counts {
		bound := "+Inf"
		if i < len(h.bounds) {
			bound = strconv.FormatFloat(h.bounds[i], 'g', -1, 64)
		}
		count += n
		e.sample("_bucket", fmt.Sprintf("%s%sle=%q", labels, separator, bound), float64(count))
	}
	e.sample("_sum", labels, h.sum)
	e.sample("_count", labels, float64(count))
}
