package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model/generate"
	"t5train/model/op"
	"t5train/trainer/embed"
	"t5train/trainer/predict"
)

// fake is a model that answers at once with what it was asked, so that tests can tell whose answer they got.
type fake struct {
	calls chan []string // the texts of each call; nil: nobody wants to know
	gate  chan struct{} // each call takes one element; nil: none waits

	mu       sync.Mutex
	seen     []generate.Options
	adapters [][]*op.Adapter // of each call, where the server has some
}

// call is what all methods do: a text can make it panic or fail.
func (f *fake) call(ctx context.Context, texts []string) error {
	if f.calls != nil {
		f.calls <- texts
	}
	if f.gate != nil {
		select {
		case <-f.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, text := range texts {
		switch text {
		case "panic":
			panic("as the text wants it")
		case "error":
			return fmt.Errorf("secret of the server")
		}
	}
	return nil
}

func (f *fake) Generate(ctx context.Context, texts []string, o generate.Options) ([]predict.Generated, error) {
	if err := f.call(ctx, texts); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.seen = append(f.seen, o)
	f.mu.Unlock()
	answers := make([]predict.Generated, len(texts))
	for i, text := range texts {
		if o.Watch != nil {
			answers[i].Sequences = f.write(ctx, i, text, o)
			continue
		}
		for n := range max(1, o.NumReturnSequences) {
			q := predict.Sequence{Text: strings.Repeat("re: ", n+1) + text, Tokens: o.MaxTokens, LogProb: -1.5,
				Score:     -0.5,
				Truncated: n > 0}
			answers[i].Sequences = append(answers[i].Sequences, q)
		}
		answers[i].InputCut = len(text)+1 > testInput
	}
	return answers, nil
}

// write is a generation that is watched: it writes the text as it is, a byte a token, and then EOS where that is within
// the limit. With a gate, each token takes one element.
func (f *fake) write(ctx context.Context, input int, text string, o generate.Options) []predict.Sequence {
	sequences := make([]predict.Sequence, max(1, o.NumReturnSequences))
	tok := tokenizer.ByT5()
	for n := range sequences {
		q := &sequences[n]
		for at, id := range append(tok.Encode(text), tok.EOS()) {
			if f.gate != nil {
				select {
				case <-f.gate:
				case <-ctx.Done():
					return sequences
				}
			}
			eos := id == tok.EOS()
			q.Tokens++
			q.LogProb -= 0.25
			q.Truncated = !eos
			step := generate.Step{Input: input, Number: n, Token: id, LogProb: -0.25, EOS: eos,
				Last: eos || at == o.MaxTokens-1}
			if o.Watch(step) || step.Last {
				break
			}
		}
	}
	return sequences
}

func (f *fake) Classify(ctx context.Context, texts []string, _ ...predict.LabelScorer) ([]predict.Classified, error) {
	if err := f.call(ctx, texts); err != nil {
		return nil, err
	}
	answers := make([]predict.Classified, len(texts))
	for i, text := range texts {
		spam := 0.25
		if strings.Contains(text, "win") {
			spam = 0.75
		}
		answers[i] = predict.Classified{Label: testLabels[0], Probability: 1 - spam,
			Probabilities: []float64{1 - spam, spam}}
		if spam > 0.5 {
			answers[i].Label, answers[i].Probability = testLabels[1], spam
		}
	}
	return answers, nil
}

func (f *fake) Adapted(adapters []*op.Adapter) model {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.adapters = append(f.adapters, adapters)
	return f
}

func (f *fake) Embed(ctx context.Context, texts []string) ([]embed.Vectors, error) {
	if err := f.call(ctx, texts); err != nil {
		return nil, err
	}
	vectors := make([]embed.Vectors, len(texts))
	for i, text := range texts {
		vectors[i].Embedding = []float32{float32(len(text)), -0.5}
	}
	return vectors, nil
}

func (f *fake) Score(ctx context.Context, texts []string, targets [][]string) ([]predict.Scored, error) {
	if err := f.call(ctx, texts); err != nil {
		return nil, err
	}
	answers := make([]predict.Scored, len(texts))
	for i, text := range texts {
		for _, target := range targets[i] {
			score := predict.TargetScore{LogProb: -float64(len(text) + len(target)), Tokens: len(target) + 1}
			answers[i].Targets = append(answers[i].Targets, score)
		}
	}
	return answers, nil
}

const (
	testInput  = 40 // tokens, which are bytes and EOS
	testOutput = 20
)

var testLabels = []task.Label{{Name: "ham", Text: "ham"}, {Name: "spam", Text: "junk mail"}}

func testProfile() profile {
	return profile{
		tokenizer: tokenizer.ByT5(), vocabulary: 385, parameters: 7, dtype: "float32", maxInput: testInput,
		maxOutput: testOutput, labelTokens: 14, maxEmbed: testInput, dimensions: 2,
		embedTask: task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}, Prefix: new("p:")},
		task: task.Spec{Name: task.Seq2Seq, TextColumns: []string{"text"}, TargetColumn: "target",
			Labels: testLabels},
	}
}

// start serves models, or one that answers at once, until the test ends.
func start(t testing.TB, o Options, models ...model) (*Server, *httptest.Server) {
	t.Helper()
	return startProfile(t, testProfile(), o, models...)
}

func startProfile(t testing.TB, p profile, o Options, models ...model) (*Server, *httptest.Server) {
	t.Helper()
	if len(models) == 0 {
		models = []model{&fake{}}
	}
	if o.MaxOutputLength == 0 {
		o.MaxOutputLength = 2 * testOutput
	}
	s, err := newServer(p, models, o.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		s.Close()
		h.Close()
	})
	return s, h
}

// ask sends a JSON body and returns status and answer.
func ask(t testing.TB, url, body string) (status int, answer string) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, r)
}

func read(t testing.TB, r *http.Response) (status int, answer string) {
	t.Helper()
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(raw)
}

// code returns the code and the message of an answer that tells a problem.
func code(t testing.TB, answer string) (code, message string) {
	t.Helper()
	var p struct {
		Error struct{ Code, Message string }
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(answer)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil || p.Error.Code == "" || p.Error.Message == "" {
		t.Fatalf("%q is no problem with code and message: %v", answer, err)
	}
	return p.Error.Code, p.Error.Message
}
