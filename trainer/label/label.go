// Package label has a large model behind an endpoint answer texts, which a small one then learns: any server with
// OpenAI's API (llama.cpp, Ollama, vLLM, t5train serve).
//
//	l, err := label.New(label.Options{Endpoint: "http://127.0.0.1:8080/v1", Model: "large"})
//	err = l.File(ctx, in, out, nil)
package label

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/internal/ui"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
)

// Placeholder is where the input stands in a template.
const Placeholder = "{input}"

// Options say who is asked, and how. The zero value of a field is its default, which stands in parentheses.
type Options struct {
	Endpoint    string        // base URL of the API, such as http://127.0.0.1:8080/v1
	Model       string        // name that the server knows it by
	Key         string        // of the server; it is sent to the endpoint only, and written nowhere
	Completions bool          // ask /completions, in place of /chat/completions
	Template    string        // the prompt, with {input} in it ({input})
	Labels      []string      // the only answers that are valid; none: all but the empty one are
	MaxTokens   int           // of an answer (256)
	Parallel    int           // requests at a time (4)
	Retries     int           // of a request, after what may pass: 429, 5xx, timeouts, no connection (0)
	Timeout     time.Duration // of a request (1 minute)
	Wait        time.Duration // before the first retry, twice as long before each other one (1 s)
	MaxRequests int           // of this call, retries included; 0 is no limit
	MaxTime     time.Duration // likewise; 0 is no limit
}

// Labeller asks an endpoint. Its methods are safe for concurrent use.
type Labeller struct {
	o       Options
	client  *client
	asked   atomic.Int64 // requests, retries included
	answers atomic.Int64
	invalid atomic.Int64
}

// Answer is the line of one input.
type Answer struct {
	Input   string `json:"input"`
	Output  string `json:"output"`            // what the endpoint has written, without spaces around it
	Label   string `json:"label,omitempty"`   // that of Options.Labels which it is
	Invalid bool   `json:"invalid,omitempty"` // it is empty, or none of the labels

	Kept inputfile.Kept `json:"-"` // columns of the input, whose fields follow that of the input
}

// Row is a row of parquet.
type Row struct {
	Input   string  `parquet:"input,zstd"`
	Output  string  `parquet:"output,zstd"`
	Label   *string `parquet:"label,optional,dict"`
	Invalid bool    `parquet:"invalid"`
}

// MarshalJSON implements json.Marshaler.
func (a Answer) MarshalJSON() ([]byte, error) {
	type plain Answer
	return predict.MarshalKept(plain(a), a.Input, a.Kept)
}

// Rows returns the row of an answer.
func (a Answer) Rows() []Row {
	row := Row{Input: a.Input, Output: a.Output, Invalid: a.Invalid}
	if a.Label != "" {
		row.Label = &a.Label
	}
	return []Row{row}
}

// New returns who asks an endpoint, without asking yet.
func New(o Options) (*Labeller, error) {
	if o.Template == "" {
		o.Template = Placeholder
	}
	if !strings.Contains(o.Template, Placeholder) {
		return nil, fmt.Errorf("label: the template %.80q has no %s, where the text to label belongs", o.Template,
			Placeholder)
	}
	if o.Model == "" {
		return nil, errors.New("label: no model is named: name one that the endpoint has (GET /v1/models lists them)")
	}
	for i, l := range o.Labels {
		if strings.TrimSpace(l) == "" {
			return nil, fmt.Errorf("label: label %d is empty: leave it out", i)
		}
	}
	setDefault(&o.MaxTokens, 256)
	setDefault(&o.Parallel, 4)
	setDefault(&o.Timeout, time.Minute)
	setDefault(&o.Wait, time.Second)
	c, err := newClient(o)
	return &Labeller{o: o, client: c}, err
}

func setDefault[T int | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// errBudget ends a command that has used up what it may.
var errBudget = errors.New("label: the budget is used up: give more to go on")

// File has the endpoint answer inputs into a file, in order, and resumes one that was interrupted, by an error or the
// budget too. spec says which columns of the input are its text.
func (l *Labeller) File(ctx context.Context, in inputfile.Source, spec task.Spec, out predict.Output,
	sink ui.Sink) error {
	total, err := in.Count(ctx, spec.TextColumns)
	if err != nil {
		return err
	}
	if l.o.MaxTime > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeoutCause(ctx, l.o.MaxTime, errBudget)
		defer cancel()
	}
	err = predict.WriteAnswers(ctx, out, func() (predict.Job, error) { return l.job(in, spec, out.Format), nil },
		predict.Stream[inputfile.Input, Answer]{
			Read: func(yield func(inputfile.Input) error) error { return in.Read(ctx, spec, yield) },
			Answer: func(ctx context.Context, _ int64, batch []inputfile.Input) ([][]Answer, error) {
				return l.batch(ctx, batch)
			},
			Total: total, BatchSize: l.o.Parallel, Beginnings: inputfile.Input.Beginnings, What: "label", Sink: sink,
		},
		predict.FormsOf(in.Keep, Answer.Rows))
	if cause := context.Cause(ctx); errors.Is(cause, errBudget) && err != nil {
		err = errBudget
	}
	ui.Say(sink, "label", "%d answers by %d requests, of which %d are invalid", l.answers.Load(), l.asked.Load(),
		l.invalid.Load())
	return err
}

// job is what decides about the answers.
func (l *Labeller) job(in inputfile.Source, spec task.Spec, format table.Format) predict.Job {
	j := predict.Job{"command": "label", "format": string(format), "endpoint": l.o.Endpoint, "model": l.o.Model,
		"template": fmt.Sprintf("sha256 %x", sha256.Sum256([]byte(l.o.Template))),
		"labels":   fmt.Sprintf("%q", l.o.Labels), "max_tokens": fmt.Sprint(l.o.MaxTokens),
		"text_columns": fmt.Sprintf("%q", spec.TextColumns), "completions": fmt.Sprint(l.o.Completions)}
	if len(in.Keep) > 0 {
		j["keep"] = fmt.Sprint(in.Keep)
	}
	return j
}

// batch has all inputs answered at the same time, or none.
func (l *Labeller) batch(ctx context.Context, inputs []inputfile.Input) ([][]Answer, error) {
	if most := l.o.MaxRequests; most > 0 && l.asked.Load()+int64(len(inputs)) > int64(most) {
		return nil, errBudget // before anything is asked whose answer would be lost
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	answers := make([][]Answer, len(inputs))
	var wg sync.WaitGroup
	for i, in := range inputs {
		wg.Go(func() {
			text, err := l.ask(ctx, strings.ReplaceAll(l.o.Template, Placeholder, in.Text))
			if err != nil {
				cancel(err)
				return
			}
			a := l.answer(text)
			a.Input, a.Kept = in.Shown, in.Kept
			answers[i] = []Answer{a}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, a := range answers {
		l.answers.Add(1)
		if a[0].Invalid {
			l.invalid.Add(1)
		}
	}
	return answers, nil
}

// answer says what a text is among the labels.
func (l *Labeller) answer(text string) Answer {
	a := Answer{Output: strings.TrimSpace(text)}
	if len(l.o.Labels) == 0 {
		a.Invalid = a.Output == ""
		return a
	}
	said := strings.Trim(a.Output, " \t\n\"'`.*")
	for _, label := range l.o.Labels {
		if strings.EqualFold(said, strings.TrimSpace(label)) {
			a.Label = label
			return a
		}
	}
	a.Invalid = true
	return a
}
