package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/data/tokenizer"
	t5 "t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/predict"
)

// tiny returns a checkpoint with random weights, whose tokens are bytes: a request takes a millisecond.
func tiny(t testing.TB) *checkpoints.Folder {
	t.Helper()
	c := t5.Config{
		ModelType: "t5", VocabSize: 384, DModel: 16, DKV: 8, DFF: 32, NumLayers: 2, NumDecoderLayers: 2, NumHeads: 2,
		RelativeAttentionNumBuckets: 32, RelativeAttentionMaxDistance: 128, LayerNormEpsilon: 1e-6,
		FeedForwardProj: "gated-gelu", EOSTokenID: 1,
	}
	m, err := t5.New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.Init(1)
	labels := []task.Label{{Name: "0", Text: "no"}, {Name: "1", Text: "yes"}, {Name: "2", Text: "perhaps"}}
	spec := &task.Spec{Name: task.Classification, Prefix: new("sure?"), TextColumns: []string{"text"},
		LabelColumn: "label", Labels: labels}
	return &checkpoints.Folder{Model: m, Tokenizer: tokenizer.ByT5(),
		Info: checkpoints.Info{Task: spec, MaxInputLength: 64, MaxTargetLength: 8}}
}

// serving serves a checkpoint until the test ends.
func serving(t testing.TB, folder *checkpoints.Folder, o Options) (*Server, *httptest.Server) {
	t.Helper()
	s, err := New(folder, o)
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		h.Close()
		s.Close()
	})
	return s, h
}

// oracle answers as predict and score do, one text at a time.
type oracle struct {
	*predict.Predictor
	spec task.Spec
}

func newOracle(t testing.TB, folder *checkpoints.Folder, threads int) oracle {
	t.Helper()
	spec, err := folder.PredictionTask(task.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	p := predict.NewPredictor(folder, spec, kernel.NewWorkers(threads), predict.PredictorOptions{})
	return oracle{p, spec}
}

func (p oracle) input(text string) []string {
	input, err := p.spec.Input([]string{text})
	if err != nil {
		panic(err) // of rules about pronouns only
	}
	return []string{input}
}

const tolerance = 1e-4 // relative: what another batch changes by rounding

func near(a, b float64) bool { return math.Abs(a-b) <= tolerance*(1+math.Abs(b)) }

// question is a request with the check of its answer.
type question struct {
	path, body string
	check      func(t testing.TB, answer string)
}

// questions returns requests of every kind, with what the oracle says to them.
func (p oracle) questions(t testing.TB, text string) []question {
	t.Helper()
	ctx := context.Background()
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	wantClass, err := p.Classify(ctx, p.input(text))
	if err != nil {
		t.Fatal(err)
	}
	wantScore, err := p.Score(ctx, p.input(text), [][]string{{"a", "bcd"}})
	if err != nil {
		t.Fatal(err)
	}
	greedy, err := p.Generate(ctx, p.input(text), generate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	beams, err := p.Generate(ctx, p.input(text), generate.Options{MaxTokens: 6, Beams: 3, NumReturnSequences: 2})
	if err != nil {
		t.Fatal(err)
	}
	generates := func(want predict.Generated) func(testing.TB, string) {
		return func(t testing.TB, answer string) {
			var got generated
			unmarshal(t, answer, &got)
			for i, q := range want.Sequences {
				if g := got.Results[0].Outputs[i]; len(got.Results[0].Outputs) != len(want.Sequences) ||
					g.Text != q.Text ||
					!near(g.LogProb, q.LogProb) || !near(g.Score, q.Score) || g.Truncated != q.Truncated {
					t.Errorf("%q: output %d is %+v, want %+v", text, i, g, q)
				}
			}
		}
	}
	return []question{
		{"/v1/classify", fmt.Sprintf(`{"inputs": [%s]}`, quoted), func(t testing.TB, answer string) {
			var got classified
			unmarshal(t, answer, &got)
			if g, want := got.Results[0],
				wantClass[0]; g.Label != want.Label.Name || !near(g.Probability, want.Probability) ||
				len(g.Labels) != 3 {
				t.Errorf("%q: %+v, want %+v", text, g, want)
			}
		}},
		{"/v1/score", fmt.Sprintf(`{"inputs": [%s], "targets": ["a", "bcd"]}`, quoted),
			func(t testing.TB, answer string) {
				var got scored
				unmarshal(t, answer, &got)
				for i, want := range wantScore[0].Targets {
					if g := got.Results[0].Scores[i]; !near(g.LogProb, want.LogProb) || g.Tokens != want.Tokens {
						t.Errorf("%q: target %d is %+v, want %+v", text, i, g, want)
					}
				}
			}},
		{"/v1/generate", fmt.Sprintf(`{"inputs": [%s]}`, quoted), generates(greedy[0])},
		{"/v1/generate", fmt.Sprintf(`{"inputs": [%s], "max_new_tokens": 6, "num_beams": 3, "num_return_sequences": 2}`,
			quoted), generates(beams[0])},
	}
}

func unmarshal(t testing.TB, answer string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(answer), to); err != nil {
		t.Errorf("%q: %v", answer, err)
	}
}

// A thousand requests at once, of all kinds: each gets the answer that predict gives to its own text.
func TestThousandRequests(t *testing.T) {
	const requests = 1000
	b := tiny(t)
	p := newOracle(t, b, 1)
	var questions []question
	for i := range requests / 4 {
		questions = append(questions, p.questions(t, strings.Repeat(fmt.Sprint("text ", i, " "), 1+i%4))...)
	}
	for name, workers := range map[string]int{"one worker": 1, "three workers": 3} {
		t.Run(name, func(t *testing.T) {
			s, h := serving(t, b, Options{Workers: workers, Threads: 1})
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			var wg sync.WaitGroup
			for _, q := range questions {
				wg.Go(func() {
					status, answer := ask(t, h.URL+q.path, q.body)
					if status != 200 {
						t.Errorf("%s %s: %d %s", q.path, q.body, status, answer)
						return
					}
					q.check(t, answer)
				})
			}
			wg.Wait()
			if batches, inputs := value(t, s.metrics, "t5train_batch_inputs_count"),
				value(t, s.metrics, "t5train_batch_inputs_sum"); inputs != requests || batches >= requests {
				t.Errorf("%g batches of %g inputs, want all %d and several in each", batches, inputs, requests)
			}
			if n, _ := s.queue.length(); n != 0 || s.bodies.Free() != s.bodies.Limit {
				t.Errorf("%d inputs wait and %d bytes are held when all is done", n, s.bodies.Limit-s.bodies.Free())
			}
		})
	}
}

// A sampled answer depends on the seed, its input and its place in the request, not on what is computed beside it.
func TestSamplingRepeats(t *testing.T) {
	_, h := serving(t, tiny(t), Options{BatchSize: 2})
	const body = `{"inputs": ["a", "b", "c"], "do_sample": true, "seed": 3, "num_return_sequences": 2}`
	status, want := ask(t, h.URL+"/v1/generate", body)
	if status != 200 {
		t.Fatal(status, want)
	}
	var first generated
	unmarshal(t, want, &first)
	if first.Results[0].Outputs[0].Text == first.Results[0].Outputs[1].Text {
		t.Errorf("both samples are %q", first.Results[0].Outputs[0].Text)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, answer := ask(t, h.URL+"/v1/generate", body)
			var got generated
			unmarshal(t, answer, &got)
			for i, r := range first.Results {
				for k, q := range r.Outputs {
					if g := got.Results[i].Outputs[k]; g.Text != q.Text {
						t.Errorf("input %d, sample %d: %q, then %q", i, k, q.Text, g.Text)
					}
				}
			}
		})
	}
	wg.Wait()
}

// Outputs under constraints hold what they must.
func TestConstrainedOutputs(t *testing.T) {
	_, h := serving(t, tiny(t), Options{})
	generate := func(options string) string {
		status, answer := ask(t, h.URL+"/v1/generate", `{"inputs": ["a"], `+options+`}`)
		if status != 200 {
			t.Fatalf("%s: %d %s", options, status, answer)
		}
		var got generated
		unmarshal(t, answer, &got)
		return got.Results[0].Outputs[0].Text
	}
	if got := generate(`"choices": ["north", "south"]`); got != "north" && got != "south" {
		t.Errorf("a choice of north and south gives %q", got)
	}
	if got := generate(`"prefix": "so"`); !strings.HasPrefix(got, "so") {
		t.Errorf("the prefix so gives %q", got)
	}
}

func TestNewRefuses(t *testing.T) {
	b := tiny(t)
	for want, o := range map[string]Options{
		"Workers is negative":                  {Workers: -1},
		"MaxBody is 9223372036854775807, want": {MaxBody: math.MaxInt64},
		"Queue":                                {Queue: 5, MaxInputs: 6},
		"task.labels has 2 label strings":      {Task: task.Spec{LabelTexts: []string{"a", "b"}}},
		"generation is by default cannot be":   {Generation: generate.Options{MinTokens: 100}},
	} {
		if s, err := New(b, o); err == nil || !strings.Contains(err.Error(), want) {
			if err == nil {
				s.Close()
			}
			t.Errorf("%+v: %v, want %s", o, err, want)
		}
	}
}

// An encoder alone gives vectors, and says of all else that it cannot.
func TestEncoderAlone(t *testing.T) {
	folder := tiny(t)
	whole, answers := folder.Model, make([]string, 2)
	for i, m := range []*t5.T5{whole, {Config: whole.Config, Shared: whole.Shared, Encoder: whole.Encoder}} {
		folder.Model = m
		_, h := serving(t, folder, Options{Name: "first"})
		var status int
		if status, answers[i] = ask(t, h.URL+"/v1/embeddings", `{"model": "first", "input": "a"}`); status != 200 {
			t.Fatal(status, answers[i])
		}
		if i == 0 {
			continue
		}
		for path, body := range map[string]string{
			"/v1/generate": `{"inputs": ["a"]}`, "/v1/classify": `{"inputs": ["a"]}`,
			"/v1/score": `{"inputs": ["a"], "targets": ["b"]}`, "/v1/completions": `{"model": "first", "prompt": "a"}`,
			"/v1/chat/completions": `{"model": "first", "messages": [{"role": "user", "content": "a"}], "n": 1}`,
			"/generate":            `{"inputs": "a"}`, "/generate_stream": `{"inputs": "a"}`,
		} {
			if status, answer := ask(t, h.URL+path, body); status != 404 || !strings.Contains(answer, "encoder alone") {
				t.Errorf("%s: %d %s", path, status, answer)
			}
		}
	}
	if answers[0] != answers[1] {
		t.Errorf("vectors %s, want %s", answers[1], answers[0])
	}
}
