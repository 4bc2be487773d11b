package trainer

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"t5train/configs"
	"t5train/data/objective"
	"t5train/data/task"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
)

// Text that the vocabulary cannot write is told, and warned of where it is much.
func TestPretrain_UnknownText(t *testing.T) {
	var log bytes.Buffer
	pretrain(t, tinyPretraining(t), terminal.Plain(&log)) // its letters are all small
	if !regexp.MustCompile(`; [\d,]+ tokens are unknown\n  warning: about 1\d\.\d % of the text has characters that the vocabulary lacks, or is no UTF-8, and \d\.\d % of the tokens are <unk>`).MatchString(log.String()) {
		t.Errorf("no word about unknown characters in\n%s", log.String())
	}
}

// Files in a folder of the folder that was named are not read, which is said.
func TestPretrain_FolderInFolder(t *testing.T) {
	dir := t.TempDir()
	more := filepath.Join(dir, "more")
	if err := os.Mkdir(more, 0o700); err != nil {
		t.Fatal(err)
	}
	testdir.Write(t, dir, "a.parquet", string(testdir.Read(t, testrun.ValidationFile)))
	testdir.Write(t, more, "b.parquet", string(testdir.Read(t, testrun.TrainFile)))
	c := tinyPretraining(t)
	c.Data.Train, c.Data.Validation, c.Eval.EverySteps, c.Train.Steps = []string{dir}, nil, 0, 1
	var log bytes.Buffer
	pretrain(t, c, terminal.Plain(&log))
	if want := "left out: the parquet files in " + more; !strings.Contains(log.String(), want) {
		t.Errorf("want %q in the log\n%s", want, log.String())
	}
}

func TestPretrain_Refusals(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(c *configs.Config)
		want   string
	}{
		{"no sentinels", func(c *configs.Config) { c.Tokenizer.Path = testrun.TokenizerWith(t, 0) },
			"the tokenizer has no sentinels <extra_id_0>, <extra_id_1>, ... whose ids count downwards"},
		{"a model without rows for the sentinels",
			func(c *configs.Config) { c.Model.VocabSize = new(testrun.TinyVocab) },
			"the tokenizer has 40 tokens but the model only 30 rows (vocab_size)"},
		{"more spans than sentinels", func(c *configs.Config) { c.Objective.InputLength = new(512) },
			"but the vocabulary has 10 sentinels: want at most"},
		{"a batch that is too small", func(c *configs.Config) { c.Train.BatchSize, c.Train.BatchTokens = 0, 39 },
			"train.batch_tokens: got 39, want >= 40"},
		{"a column that is not there", func(c *configs.Config) { c.Data.TextColumn = "body" },
			"there is no such string column"},
		{"an entry with a wrong column", func(c *configs.Config) {
			c.Data.Train, c.Data.Mixture = nil, []configs.Component{{Name: "books", Train: []string{testrun.TrainFile},
				Task: task.Spec{TextColumns: []string{"body"}}}}
		}, "data.mixture, books: "},
		{"no objective", func(c *configs.Config) { c.Objective = objective.Spec{} }, "names no objective"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := tinyPretraining(t)
			test.change(c)
			_, err := Pretrain(t.Context(), c, silent())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if !c.Pretraining() {
				return
			}
			c.Resolve()
			if err := Check(t.Context(), c, nil); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("validate: got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := Finetune(t.Context(), tinyPretraining(t), silent()); err == nil || !strings.Contains(err.Error(),
		"call Pretrain") {
		t.Errorf("fine-tuning by an objective: got %v", err)
	}
}

// A run notices that its text is not what it was, even if it makes as many chunks.
func TestPretrain_ChangedText(t *testing.T) {
	c := tinyPretraining(t)
	file := filepath.Join(t.TempDir(), "rows.parquet")
	testrun.WriteRows(t, file, 60)
	c.Data.Train, c.Data.TextColumn, c.Data.Validation, c.Eval.EverySteps = []string{file}, "sms", nil, 0
	c.Data.MaxTrainExamples = 10
	c.Data.Tokens = t.TempDir()
	pretrain(t, c, nil)
	looks := looksOf(t, c)
	c.Output = filepath.Join(t.TempDir(), "run")
	stopped, err := Pretrain(newStopAfter(t, looks-2), c, silent())
	if err != nil || !stopped.Interrupted || stopped.Step == 0 {
		t.Fatalf("got %+v, %v, want a stopped run", stopped, err)
	}
	before, err := os.ReadDir(c.Data.Tokens)
	if err != nil {
		t.Fatal(err)
	}
	testrun.WriteRows(t, file, 61)
	if _, err := Pretrain(t.Context(), c, Options{Resume: true}); err == nil ||
		!strings.Contains(err.Error(),
			"data.train has other files than when the run began: their bytes decide, also where the same text was "+
				"written anew") {
		t.Errorf("got %v, want that the text has changed", err)
	}
	if after, err := os.ReadDir(c.Data.Tokens); err != nil || len(after) != len(before) {
		t.Errorf("%d stores, %v, want the %d of before: text that is refused is not tokenized", len(after), err,
			len(before))
	}
}
