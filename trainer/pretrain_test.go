package trainer

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui"
	"t5train/internal/ui/terminal"
	"t5train/model/generate"
	"t5train/model/kernel"
	"t5train/trainer/evaluate"
	"t5train/trainer/metric"
	"t5train/trainer/predict"
	"t5train/trainer/predict/inputfile"
	"t5train/trainer/runlog"
	"t5train/trainer/setup"
)

// tinySentinels is the number of sentinels that runs of tinyPretraining have.
const tinySentinels = 10

// tinyPretraining is a run of pre-training of a millisecond a step: letters with sentinels, chunks of some 30 tokens of
// the messages, 4 of them a step.
func tinyPretraining(t *testing.T) *configs.Config {
	t.Helper()
	c := configs.DefaultPretraining()
	width, one, two, vocab, length := 8, 1, 2, testrun.TinyVocab+tinySentinels, 32
	c.Output = filepath.Join(t.TempDir(), "run")
	c.Model = configs.Model{Size: "v1_1-tiny", VocabSize: &vocab, DModel: &width, DKV: &width, DFF: &width,
		NumLayers: &one, NumHeads: &two}
	c.Data.Train, c.Data.Validation = []string{testrun.TrainFile}, []string{testrun.ValidationFile}
	c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = 48, 20
	c.Data.MaxInputLength, c.Data.MaxTargetLength = 24, 6
	c.Tokenizer.Path = testrun.TokenizerWith(t, tinySentinels)
	c.Objective.InputLength = &length
	c.Train.Epochs, c.Train.Steps, c.Train.BatchSize = 0, 6, 4
	c.Train.Threads, c.Train.LogEvery = 1, 1
	c.Eval.EverySteps = 3
	return c
}

func pretrain(t *testing.T, c *configs.Config, sink ui.Sink) *Result {
	t.Helper()
	r, err := Pretrain(t.Context(), c, Options{Sink: sink})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A model that knows nothing finds 32,128 tokens equally likely, ln 32128 = 10.38, give or take the noise of its
// logits. An initialisation that is wrong in one matrix gives tens or hundreds.
func TestPretrain_FirstLoss(t *testing.T) {
	for _, size := range []string{"small", "v1_1-small"} {
		t.Run(size, func(t *testing.T) {
			c := tinyPretraining(t)
			c.Model = configs.Model{Size: size}
			c.Tokenizer.Path, c.Data.Validation, c.Eval.EverySteps = "", nil, 0
			c.Train.Steps, c.Train.ZLoss = 1, 0
			pretrain(t, c, nil)
			if loss := testrun.TrainLosses(t, c.Output)[0]; loss < 10.3 || loss > 11.2 {
				t.Errorf("first loss %g, want from 10.3 to 11.2", loss)
			}
		})
	}
}

// The numbers of a short run. They change when the data, the noise, the order, the model, its initial weights, the
// optimizer or the schedule do; kernels and processors differ in the last digits.
func TestPretrain_PinnedLosses(t *testing.T) {
	c := tinyPretraining(t)
	c.Train.Steps, c.Train.Accumulate = 6, 2
	pretrain(t, c, nil)
	want := []float64{4.14498, 3.76045, 3.77398, 3.73426, 3.63846, 3.56109}
	got := testrun.TrainLosses(t, c.Output)
	if !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) <= 1e-4*b }) {
		t.Errorf("got losses %v, want %v", got, want)
	}
}

// Every objective trains and is evaluated, and the log says what it makes of text.
func TestPretrain_Objectives(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(o *objective.Spec)
		want []string // in the log
	}{
		{"span_corruption", func(o *objective.Spec) {},
			[]string{"  34 tokens of text make up to 32 input and 8 target tokens", "span_accuracy", "\n  sample: "}},
		{"iid", func(o *objective.Spec) {},
			[]string{"  31 tokens of text make up to 32 input and 32 target tokens", "span_accuracy", "\n  sample: "}},
		{"prefix_lm", func(o *objective.Spec) {}, []string{"  32 tokens of text make", "\n  sample: "}},
		{"lm", func(o *objective.Spec) {},
			[]string{"  31 tokens of text make up to 1 input and 32 target tokens", "\n  sample: ["}},
		{"ul2", func(o *objective.Spec) { o.SequentialRate = new(0.25) },
			[]string{"  S, 25.0 % of the examples: ", "  X mean 64 density 0.5, 12.5 % of the examples: ",
				"span_accuracy"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := tinyPretraining(t)
			c.Objective = objective.Spec{Name: test.name, InputLength: new(32)}
			test.set(&c.Objective)
			var log bytes.Buffer
			r := pretrain(t, c, terminal.Plain(&log))
			for _, want := range test.want {
				if !strings.Contains(log.String(), want) {
					t.Errorf("want %q in the log\n%s", want, log.String())
				}
			}
			if _, ok := r.Metrics["span_accuracy"]; ok != (test.name != "lm" && test.name != "prefix_lm") {
				t.Errorf("got span accuracy %t of an objective %s", ok, test.name)
			}
			b, _, err := checkpoints.Open(r.Checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			if b.Info.Objective == nil || b.Info.Objective.Name != test.name || b.Info.Task != nil {
				t.Errorf("the checkpoint says %+v of its training", b.Info)
			}
			// evaluate finds again what training found.
			e, err := evaluate.Evaluate(t.Context(), b,
				evaluate.Options{Data: c.Data.Validation, MaxExamples: 20, BatchSize: 7})
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range r.Metrics {
				if got := metric.Map(e.Values)[name]; math.Abs(got-want) > 1e-5*math.Abs(want) {
					t.Errorf("%s: evaluate finds %g, training found %g", name, got, want)
				}
			}
		})
	}
}

// Each key of the section objective reaches what makes the examples.
func TestPretrain_ObjectiveSettings(t *testing.T) {
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name      string
		objective objective.Spec
		lengths   objective.Lengths // of the first denoiser
		rate      float64           // of it
		modes     bool              // the inputs begin with mode tokens
	}{
		{"defaults", objective.Spec{Name: "span_corruption"},
			objective.Lengths{Tokens: 568, Inputs: 512, Targets: 114}, 1,
			false},
		{"input_length", objective.Spec{Name: "span_corruption", InputLength: new(256)},
			objective.Lengths{Tokens: 284, Inputs: 256, Targets: 58}, 1, false},
		{"density", objective.Spec{Name: "span_corruption", Density: new(0.25)},
			objective.Lengths{Tokens: 614, Inputs: 512, Targets: 206}, 1, false},
		{"mean_span_length", objective.Spec{Name: "span_corruption", MeanSpanLength: new(10.0)},
			objective.Lengths{Tokens: 591, Inputs: 512, Targets: 99}, 1, false},
		{"final_sentinel", objective.Spec{Name: "span_corruption", FinalSentinel: new(true)},
			objective.Lengths{Tokens: 568, Inputs: 512, Targets: 115}, 1, false},
		{"prefix_lm", objective.Spec{Name: "prefix_lm", Density: new(0.25)},
			objective.Lengths{Tokens: 512, Inputs: 512, Targets: 257}, 1, false},
		{"ul2", objective.Spec{Name: "ul2", SequentialRate: new(0.2)},
			objective.Lengths{Tokens: 507, Inputs: 512, Targets: 255}, 0.2, true},
		{"mode_tokens", objective.Spec{Name: "ul2", ModeTokens: new(false)},
			objective.Lengths{Tokens: 512, Inputs: 512, Targets: 257}, 0.5, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := configs.DefaultPretraining()
			c.Objective = test.objective
			c.Resolve()
			denoisers, err := c.Objective.Config(c.Data.Split).Denoisers(tok)
			if err != nil {
				t.Fatal(err)
			}
			if d := denoisers[0]; d.Objective.Lengths() != test.lengths || d.Rate != test.rate {
				t.Errorf("got %+v at a rate of %g, want %+v at %g", d.Objective.Lengths(), d.Rate, test.lengths,
					test.rate)
			}
			for _, d := range denoisers {
				var want []int32
				if test.modes {
					want = tok.Encode(map[byte]string{'S': "[S2S]", 'R': "[NLU]", 'X': "[NLG]"}[d.Name[0]])
				}
				want = append(want, 777) // the first token of a text stays
				if inputs, _ := d.Objective.Append(objective.Key{}, []int32{777, 777, 777}, nil,
					nil); !slices.Equal(inputs[:len(want)], want) {
					t.Errorf("%s: inputs begin with %v, want %v", d.Name, inputs, want)
				}
			}
		})
	}
}

// A run that is stopped anywhere resumes to the same bits.
func TestPretrain_Resume(t *testing.T) {
	messages := configs.Component{Name: "messages", Train: []string{testrun.TrainFile},
		Task: task.Spec{TextColumns: []string{"sms"}}}
	spam := configs.Component{Name: "spam", Train: []string{testrun.TrainFile}, Task: task.Spec{Name: "classification"},
		MixingRate: new(12.0)}
	for name, change := range map[string]func(c *configs.Config){
		"a mixture, accumulation": func(c *configs.Config) {
			c.Data.Train, c.Data.Mixture, c.Train.Accumulate = nil, []configs.Component{messages, spam}, 2
		},
		"ul2 in a mixture, a token budget, epochs": func(c *configs.Config) {
			c.Objective = objective.Spec{Name: "ul2", InputLength: new(32)}
			c.Data.Train, c.Data.Mixture, c.Data.MaxTrainExamples = nil, []configs.Component{messages, spam}, 10
			c.Train.BatchSize, c.Train.BatchTokens, c.Train.Accumulate, c.Train.Recompute = 0, 120, 3, true
			c.Train.Steps, c.Train.Epochs, c.Eval.EverySteps, c.Train.LogEvery = 0, 2, 0, 4
		},
		"vectors": func(c *configs.Config) {
			c.Data.Train, c.Data.Mixture = nil, []configs.Component{messages, sentences(t, 5)}
		},
		"documents, patience": func(c *configs.Config) {
			c.Data.Split, c.Train.Steps, c.Eval.EverySteps, c.Eval.Patience = "document", 12, 1, 5
			c.Optimizer.LearningRate = new(1e-12) // nothing is learnt, so nothing gets better
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := tinyPretraining(t)
			c.Model.DropoutRate = new(0.1)
			change(c)
			c.Data.Tokens, c.Checkpoint.KeepLast = t.TempDir(), 9 // the runs below find the tokens made
			pretrain(t, c, nil)
			want := contents(t, c.Output)
			looks := looksOf(t, c)
			for back := 1; back < 14; back += 3 {
				c.Output = filepath.Join(t.TempDir(), "run")
				stopped, err := Pretrain(newStopAfter(t, looks-back), c, silent())
				if err != nil {
					t.Fatal(err)
				}
				if !stopped.Interrupted || stopped.Step == 0 {
					t.Fatalf("%d looks before the end: got %+v, want a run that stops after its first step", back,
						stopped)
				}
				if _, err := Pretrain(t.Context(), c, Options{Resume: true}); err != nil {
					t.Fatal(err)
				}
				compareRuns(t, fmt.Sprintf("stopped at step %d", stopped.Step), want, contents(t, c.Output))
			}
		})
	}
}

// looksOf returns how often a whole run looks whether its context has ended.
func looksOf(t *testing.T, c *configs.Config) int {
	t.Helper()
	const enough = 1 << 20
	ctx := newStopAfter(t, enough)
	again := *c
	again.Output = filepath.Join(t.TempDir(), "run")
	if _, err := Pretrain(ctx, &again, silent()); err != nil {
		t.Fatal(err)
	}
	return enough - int(ctx.looks.Load())
}

func TestPretrain_Mixture(t *testing.T) {
	c := tinyPretraining(t)
	c.Data.Train, c.Data.MaxTrainExamples = nil, 40
	c.Data.MixtureCap, c.Data.MixtureTemperature = 20, 2
	c.Data.Mixture = []configs.Component{
		{Name: "messages", Train: []string{testrun.TrainFile}},
		{Name: "spam", Train: []string{testrun.TrainFile}, Task: task.Spec{Name: "classification", Prefix: new("spam")},
			MixingRate: new(3 * math.Sqrt(20))},
	}
	var log bytes.Buffer
	pretrain(t, c, terminal.Plain(&log))
	for _, want := range []string{"mixture: 80 examples an epoch", "messages: 40 examples, 25.0 % of the mixture",
		"spam: 40 examples, 75.0 % of the mixture"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("want %q in the log\n%s", want, log.String())
		}
	}
}

// A checkpoint that is trained further is evaluated as it is first, once, and is told when its objective changes.
func TestPretrain_Further(t *testing.T) {
	c := tinyPretraining(t)
	before := pretrain(t, c, nil)
	further := *c
	further.Output = filepath.Join(t.TempDir(), "further")
	further.Model, further.Tokenizer = configs.Model{Path: c.Output}, configs.Tokenizer{}
	for _, seed := range []int{1, 2} {
		further.Train.Seed = seed
		var log bytes.Buffer
		if _, err := Pretrain(t.Context(), &further, Options{Sink: terminal.Plain(&log), Overwrite: true}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "step 0, the model as it was: validation loss") ||
			strings.Contains(log.String(),
				"objective: span_corruption from now on") {
			t.Errorf("the log says\n%s", log.String())
		}
		h := runlog.ParseHistory(testdir.Read(t, filepath.Join(further.Output, runlog.HistoryName)))
		if h.Eval[0].Step != 0 || h.Eval[0].Metrics["loss"] != before.Metrics["loss"] || h.Eval[1].Step != 3 {
			t.Errorf("evaluations %+v, want one of step 0 with a loss of %g, then step 3", h.Eval,
				before.Metrics["loss"])
		}
	}
	further.Objective = objective.Spec{Name: "lm", InputLength: new(32)}
	var log bytes.Buffer
	if _, err := Pretrain(t.Context(), &further, Options{Sink: terminal.Plain(&log), Overwrite: true}); err != nil {
		t.Fatal(err)
	}
	if want := "objective: lm from now on, but the model was pre-trained by span_corruption (objective.name " +
		"span_corruption continues that)"; !strings.Contains(log.String(), want) {
		t.Errorf("want %q in\n%s", want, log.String())
	}
}

// A new model has the rows that its tokenizer needs, unless their number is set.
func TestPretrain_Rows(t *testing.T) {
	c := tinyPretraining(t)
	c.Model.VocabSize, c.Train.Steps = nil, 1
	var log bytes.Buffer
	pretrain(t, c, terminal.Plain(&log))
	if want := fmt.Sprintf("\n  128 rows in the embedding, for the %d tokens of ",
		testrun.TinyVocab+tinySentinels); !strings.Contains(log.String(), want) {
		t.Errorf("want %q in\n%s", want, log.String())
	}
	b, _, err := checkpoints.Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	if rows := b.Model.Config.VocabSize; rows != 128 {
		t.Errorf("%d rows, want 128", rows)
	}
	for tokens, want := range map[int]int{1: 128, 128: 128, 129: 256, 32100: 32128, 250100: 250112} {
		if got := checkpoints.PaddedRows(tokens); got != want {
			t.Errorf("%d rows for %d tokens, want %d", got, tokens, want)
		}
	}
}

// Held-out text that is trained on too is noticed, by its content where its tokens are stored.
func TestPretrain_SharedFiles(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "copied.parquet")
	testdir.Write(t, filepath.Dir(copied), filepath.Base(copied), string(testdir.Read(t, testrun.ValidationFile)))
	text := configs.Component{Name: "a", Train: []string{testrun.TrainFile, copied}}
	labels := configs.Component{Name: "b", Train: []string{testrun.ValidationFile},
		Task: task.Spec{Name: "classification"}}
	for name, test := range map[string]struct {
		change func(c *configs.Config)
		want   string // in the log; "" is no warning
	}{
		"apart": {func(*configs.Config) {}, ""},
		"the same": {func(c *configs.Config) { c.Data.Validation = c.Data.Train },
			"\n  " + testrun.TrainFile + " of data.validation is in data.train too\n"},
		"a copy": {func(c *configs.Config) { c.Data.Train = append(c.Data.Train, copied) },
			"\n  " + testrun.ValidationFile + " of data.validation is in data.train too, as " + copied + "\n"},
		"a mixture": {func(c *configs.Config) { c.Data.Train, c.Data.Mixture = nil, []configs.Component{text} },
			" is in data.mixture, a too, as " + copied + "\n"},
		"a task": {func(c *configs.Config) { c.Data.Train, c.Data.Mixture = nil, []configs.Component{labels} },
			testrun.ValidationFile + " of data.validation is in data.mixture, b too\n"},
	} {
		t.Run(name, func(t *testing.T) {
			c := tinyPretraining(t)
			c.Train.Steps, c.Eval.EverySteps = 1, 0
			test.change(c)
			var log bytes.Buffer
			pretrain(t, c, terminal.Plain(&log))
			if got := strings.Contains(log.String(),
				"warning: evaluations will say too much"); got != (test.want != "") ||
				!strings.Contains(log.String(), test.want) {
				t.Errorf("want %q in the log\n%s", test.want, log.String())
			}
		})
	}
	c := testrun.TinyConfig(t)
	c.Data.Validation, c.Train.Steps, c.Train.Epochs = c.Data.Train, 1, 0
	var log bytes.Buffer
	finetune(t, c, Options{Sink: terminal.Plain(&log)})
	if want := "  " + testrun.TrainFile + " of data.validation is in data.train too\n"; !strings.Contains(log.String(),
		want) {
		t.Errorf("fine-tuning: want %q in the log\n%s", want, log.String())
	}
}

// The model that is pre-trained fills spans, and is the start of a fine-tuning.
func TestPretrain_ThenUse(t *testing.T) {
	c := tinyPretraining(t)
	c.Train.Steps, c.Optimizer.LearningRate, c.Schedule.Name = 60, new(0.1), "constant"
	r := pretrain(t, c, nil)
	b, _, err := checkpoints.Open(c.Output)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := b.PredictionTask(task.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	p := predict.NewPredictor(b, spec, kernel.NewWorkers(1), predict.PredictorOptions{})
	var inputs []inputfile.Input
	for _, text := range []string{"see you <extra_id_0> monday", "see you on monday"} {
		in, err := inputfile.FromText(spec, text)
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, in)
	}
	answers, err := p.Predict(t.Context(), 0, inputs, generate.Options{}, new(predict.Cuts))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(answers[0].Output, "<extra_id_0>") || strings.Contains(answers[1].Output, "<extra_id_") {
		t.Errorf("got %q and %q, want sentinels in the answer to a text with sentinels only", answers[0].Output,
			answers[1].Output)
	}

	tuned := testrun.TinyConfig(t)
	tuned.Model, tuned.Tokenizer = configs.Model{Path: c.Output}, configs.Tokenizer{}
	result := finetune(t, tuned, Options{})
	after, _, err := checkpoints.Open(result.Checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if after.Info.Objective != nil || after.Info.Task == nil || after.Info.Task.Name != task.Classification {
		t.Errorf("the checkpoint of the task says %+v", after.Info)
	}
	if r.Checkpoint == result.Checkpoint {
		t.Error("both runs have the same checkpoint")
	}
}

// Two corpora of a mixture with the same text have other spans in the same chunk: the noise of a corpus is its own.
func TestPretrain_NoiseOfCorpora(t *testing.T) {
	c := tinyPretraining(t)
	c.Data.Train, c.Data.Validation, c.Eval.EverySteps = nil, nil, 0
	c.Data.Mixture = []configs.Component{{Name: "a", Train: []string{testrun.TrainFile}},
		{Name: "b", Train: []string{testrun.TrainFile}}}
	c.Resolve()
	b, err := setup.StartModel(c, setup.Start{}, true, silent().Sink)
	if err != nil {
		t.Fatal(err)
	}
	m, err := setup.Read(t.Context(), c, b, nil, kernel.NewWorkers(1), silent().Sink)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	mixture := m.Train.(*data.Mixture)
	seen := map[int][2]string{} // inputs of a chunk in each corpus
	var batch data.Batch
	for i := range mixture.Len() {
		corpus, _ := mixture.Locate(int64(i))
		before := len(batch.Inputs.IDs)
		mixture.Append(0, i, &batch)
		inputs := seen[batch.Index[i]]
		inputs[corpus] = fmt.Sprint(batch.Inputs.IDs[before:])
		seen[batch.Index[i]] = inputs
	}
	same := 0
	for index, inputs := range seen {
		switch {
		case inputs[0] == "" || inputs[1] == "":
			t.Errorf("chunk %d is not there of both", index)
		case inputs[0] == inputs[1]:
			same++ // by chance
		}
	}
	if len(seen) != c.Data.MaxTrainExamples || same > len(seen)/4 {
		t.Errorf("%d of %d chunks have the same spans in both corpora", same, len(seen))
	}
}
