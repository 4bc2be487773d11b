package terminal

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"t5train/internal/ui"
	"t5train/internal/visible"
)

// JSON writes what happens as JSON lines, for programs. It is safe for concurrent use.
type JSON struct {
	out   io.Writer
	words func(message string) string
	every time.Duration // from one line about progress to the next, at least

	mu sync.Mutex
}

// NewJSON returns a writer of lines to out. words is as in [New].
func NewJSON(out io.Writer, words func(message string) string) *JSON {
	return &JSON{out: out, words: words, every: time.Second}
}

// The events of lines.
const (
	eventNote     = "note"     // key, kind, text, detail
	eventMetrics  = "metrics"  // metrics, text
	eventProgress = "progress" // work, unit, done, total, seconds, ended
	eventError    = "error"    // text
)

// jsonLine is one line. What an event does not have is left out.
type jsonLine struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`
	Key     string    `json:"key,omitempty"`
	Kind    string    `json:"kind,omitempty"`
	Text    string    `json:"text,omitempty"`
	Detail  bool      `json:"detail,omitempty"` // it belongs to the note before it
	Metrics any       `json:"metrics,omitempty"`
	*jsonWork
}

type jsonWork struct {
	Work    string  `json:"work"`
	Unit    string  `json:"unit"`
	Done    int64   `json:"done"`
	Total   *int64  `json:"total"` // null is not known
	Seconds float64 `json:"seconds"`
	Ended   bool    `json:"ended,omitempty"`
}

// Message writes a note, or metrics.
func (j *JSON) Message(m ui.Message) {
	l := jsonLine{Event: eventNote, Key: m.Key, Kind: m.Kind, Text: m.Text, Detail: m.Detail, Metrics: m.Metrics}
	if m.Metrics != nil {
		l.Event = eventMetrics
	}
	j.write(l)
}

// Error writes the message of an error that ends the command.
func (j *JSON) Error(text string) { j.write(jsonLine{Event: eventError, Text: text}) }

func (j *JSON) write(l jsonLine) {
	l.Time = time.Now().UTC().Truncate(time.Millisecond)
	if j.words != nil {
		l.Text = j.words(l.Text)
	}
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil { // of metrics, such as one that is not finite
		l.Metrics, l.Text = nil, err.Error()
		_ = e.Encode(l) // texts and numbers that are finite
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	io.WriteString(j.out, visible.Text(line.String()))
}

// Start begins work. It has a line at its first step and at its end, and others when some time has passed.
func (j *JSON) Start(w ui.Work) ui.Progress { return &jsonProgress{to: j, work: w, begun: time.Now()} }

type jsonProgress struct {
	to    *JSON
	work  ui.Work
	begun time.Time

	mu      sync.Mutex
	done    int64
	said    time.Time
	stopped bool
}

// Set says how much is done.
func (p *jsonProgress) Set(done int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done = done; !p.stopped && time.Since(p.said) >= p.to.every {
		p.say()
	}
}

func (p *jsonProgress) say() {
	p.said = time.Now()
	w := &jsonWork{
		Work: p.work.Name, Unit: p.work.Unit, Done: p.done, Seconds: p.said.Sub(p.begun).Seconds(), Ended: p.stopped,
	}
	if p.work.Total >= 0 {
		w.Total = &p.work.Total
	}
	p.to.write(jsonLine{Event: eventProgress, jsonWork: w})
}

// Report writes metrics.
func (p *jsonProgress) Report(metrics any) {
	p.to.write(jsonLine{Event: eventMetrics, Metrics: metrics})
}

// Stop writes that the work has ended. A second call does nothing.
func (p *jsonProgress) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		p.stopped = true
		p.say()
	}
}
