// Package metrics counts what a server does, for Prometheus.
package metrics

import (
	"fmt"
	"strings"
	"time"

	victoria "github.com/VictoriaMetrics/metrics"
)

// Metrics counts what one server does, for GET /metrics. Labels come from fixed lists, never from a client: the library
// panics at a name that is not valid, and keeps each series as long as the server lives.
type Metrics struct {
	set                 *victoria.Set
	Queued              *victoria.PrometheusHistogram // seconds until a batch took the first input
	Batches             *victoria.PrometheusHistogram // inputs of a batch
	TokensIn, TokensOut *victoria.Counter             // of what models have answered
	Abandoned           *victoria.Counter             // inputs that left the queue without an answer
	Panics              *victoria.Counter
	InFlight            *victoria.Gauge // requests
}

// New returns the metrics of a server with a queue.
func New(queueLength func() float64) *Metrics {
	victoria.ExposeMetadata(true) // TYPE lines; a setting of the whole process
	set := victoria.NewSet()
	set.NewGauge("t5train_queue_length", queueLength)
	histogram := func(name string, bounds ...float64) *victoria.PrometheusHistogram {
		return set.NewPrometheusHistogramExt(name, bounds)
	}
	return &Metrics{
		set:       set,
		Queued:    histogram("t5train_queue_seconds", 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30),
		Batches:   histogram("t5train_batch_inputs", 1, 2, 4, 8, 16, 32, 64, 128),
		TokensIn:  set.NewCounter(`t5train_tokens_total{direction="input"}`),
		TokensOut: set.NewCounter(`t5train_tokens_total{direction="output"}`),
		Abandoned: set.NewCounter("t5train_abandoned_inputs_total"),
		Panics:    set.NewCounter("t5train_panics_total"),
		InFlight:  set.NewGauge("t5train_requests_in_flight", nil),
	}
}

// Request counts a request that has ended. path is that of a route, or "other".
func (m *Metrics) Request(path string, status int, took time.Duration) {
	m.set.GetOrCreatePrometheusHistogramExt(fmt.Sprintf("t5train_request_seconds{path=%q}", path),
		[]float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60}).Update(took.Seconds())
	m.set.GetOrCreateCounter(fmt.Sprintf(`t5train_requests_total{path=%q,code="%d"}`, path, status)).Inc()
}

// Refused counts a request that was not answered, by the code of its problem.
func (m *Metrics) Refused(code string) {
	m.set.GetOrCreateCounter(fmt.Sprintf("t5train_refused_total{reason=%q}", code)).Inc()
}

// Type is the content type of Prometheus' text format, version 0.0.4.
const Type = "text/plain; version=0.0.4; charset=utf-8"

// Help explains the metrics: name, text, and so on.
var Help = [...]string{
	"t5train_requests_total", "Requests that have ended, by path and status.",
	"t5train_request_seconds", "Time from a request's header to its answer, by path.",
	"t5train_queue_seconds", "Time that a request waits until a batch takes its first input.",
	"t5train_batch_inputs", "Inputs that are computed together.",
	"t5train_tokens_total", "Tokens of the inputs that were answered, and of generated texts.",
	"t5train_refused_total", "Requests that were not answered, by reason.",
	"t5train_abandoned_inputs_total", "Inputs that left the queue without being computed.",
	"t5train_panics_total", "Faults of the program that a request or a batch has met.",
	"t5train_queue_length", "Inputs that wait.",
	"t5train_requests_in_flight", "Requests that are being answered.",
}

// Text returns all metrics in Prometheus' text format, those of the process and of Go at the end.
func (m *Metrics) Text() string {
	var b strings.Builder
	m.set.WritePrometheus(&b)
	text := b.String()
	for i := 0; i < len(Help); i += 2 { // the library's lines of help are empty
		line := "# HELP " + Help[i]
		text = strings.Replace(text, line+"\n", line+" "+Help[i+1]+"\n", 1)
	}
	b.Reset()
	victoria.WriteProcessMetrics(&b)
	return text + b.String()
}
