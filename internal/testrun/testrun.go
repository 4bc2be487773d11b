package testrun

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/protobuf/encoding/protowire"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/dataset"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/internal/testdir"
	"t5train/model"
	"t5train/trainer/runlog"
)

// TinyVocab is the number of tokens of tinyTokenizer.
const TinyVocab = 3 + 1 + 26

// TinyTokenizer writes a SentencePiece model of the lower-case letters, in T5's order and without sentinels: runs with
// it are a hundred times faster than with the 32,100 tokens of T5.
func TinyTokenizer(t *testing.T) (dir string) { return TokenizerWith(t, 0) }

// TokenizerWith is tinyTokenizer with some sentinels behind the letters.
func TokenizerWith(t *testing.T, sentinels int) (dir string) {
	t.Helper()
	pieces := []string{"▁"}
	for letter := 'a'; letter <= 'z'; letter++ {
		pieces = append(pieces, string(letter))
	}
	return TokenizerOf(t, sentinels, pieces...)
}

// TokenizerOf writes a SentencePiece model with T5's special tokens, these pieces, and some sentinels behind them.
func TokenizerOf(t *testing.T, sentinels int, pieces ...string) (dir string) {
	t.Helper()
	const normal, unknown, control = 1, 2, 3 // ModelProto.SentencePiece.Type
	var model []byte
	piece := func(text string, score float32, kind uint64) {
		m := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), text)
		m = protowire.AppendFixed32(protowire.AppendTag(m, 2, protowire.Fixed32Type), math.Float32bits(score))
		m = protowire.AppendVarint(protowire.AppendTag(m, 3, protowire.VarintType), kind)
		model = protowire.AppendBytes(protowire.AppendTag(model, 1, protowire.BytesType), m)
	}
	piece("<pad>", 0, control)
	piece("</s>", 0, control)
	piece("<unk>", 0, unknown)
	for i, text := range pieces {
		piece(text, float32(-2-min(i, 1)), normal)
	}
	for _, settings := range []protowire.Number{2, 3} { // trainer_spec and normalizer_spec, all default
		model = protowire.AppendBytes(protowire.AppendTag(model, settings, protowire.BytesType), nil)
	}
	dir = t.TempDir()
	testdir.Write(t, dir, "spiece.model", string(model))
	testdir.Write(t, dir, "tokenizer_config.json", fmt.Sprintf(`{"extra_ids": %d}`, sentinels))
	return dir
}

// WriteRows writes a parquet file of messages, every third of which is spam.
func WriteRows(t *testing.T, path string, n int) {
	t.Helper()
	type message struct {
		SMS   string `parquet:"sms"`
		Label string `parquet:"label"`
	}
	rows := make([]message, n)
	for i := range rows {
		rows[i] = message{SMS: fmt.Sprintf("see you at %c", 'a'+i%26), Label: "ham"}
		if i%3 == 0 {
			rows[i] = message{SMS: fmt.Sprintf("win a prize %c", 'a'+i%26), Label: "spam"}
		}
	}
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
}

// InputOf returns what goes into the model for the texts of a row.
func InputOf(t testing.TB, spec task.Spec, texts ...string) string {
	t.Helper()
	input, err := spec.Input(texts)
	if err != nil {
		t.Fatal(err)
	}
	return input
}

// LabelledText is a row of a classification.
type LabelledText struct {
	Text  string `parquet:"text"`
	Label string `parquet:"label"`
}

// ParquetOf writes rows to a file of their own.
func ParquetOf[T any](t *testing.T, rows []T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "rows.parquet")
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	return path
}

func TinyFolder(t *testing.T) *checkpoints.Folder {
	t.Helper()
	tok, err := tokenizer.T5()
	if err != nil {
		t.Fatal(err)
	}
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		t.Fatal(err)
	}
	size.Config.DModel = 4
	m, err := model.New(size.Config)
	if err != nil {
		t.Fatal(err)
	}
	m.Init(1)
	return &checkpoints.Folder{Model: m, Tokenizer: tok, Info: checkpoints.Info{
		Task: &task.Spec{
			Name: task.Classification, Prefix: new("p"), TextColumns: []string{"text"}, LabelColumn: "label",
			Labels: []task.Label{{Name: "no", Text: "no", Value: "0"}, {Name: "yes", Text: "yes", Value: "1"}},
		},
		MaxInputLength: 30, MaxTargetLength: 5, Step: 7, Metrics: map[string]float64{"accuracy": 0.5},
	}}
}

// TrainLosses returns the losses in a run's metrics.
func TrainLosses(t *testing.T, output string) []float64 {
	t.Helper()
	var losses []float64
	for line := range bytes.Lines(testdir.Read(t, filepath.Join(output, runlog.HistoryName))) {
		var entry runlog.Train
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Kind == runlog.KindTrain {
			losses = append(losses, entry.Loss)
		}
	}
	return losses
}

// TrainFile and ValidationFile are messages and whether they are spam.
var (
	TrainFile      = inRepository("testdata/sms_spam/train-00000-of-00001.parquet")
	ValidationFile = inRepository("testdata/sms_spam/validation-00000-of-00001.parquet")
)

// inRepository is the path, seen from the folder of the package under test, of a file of the repository.
func inRepository(path string) string {
	for up := ""; len(up) < 60; up += "../" {
		if _, err := os.Stat(up + "go.mod"); err == nil {
			return up + path
		}
	}
	return path
}

// TinyConfig is a run of a millisecond a step: a model of width 8, 48 examples, 12 of them a step.
func TinyConfig(t *testing.T) *configs.Config {
	t.Helper()
	c := configs.Default()
	width, one, two, vocab, no := 8, 1, 2, TinyVocab, false
	c.Output = filepath.Join(t.TempDir(), "run")
	c.Model = configs.Model{Size: "v1_1-tiny", VocabSize: &vocab, DModel: &width, DKV: &width, DFF: &width,
		NumLayers: &one, NumHeads: &two, TieWordEmbeddings: &no}
	c.Data.Train, c.Data.Validation = []string{TrainFile}, []string{ValidationFile}
	c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = 48, 20
	c.Data.MaxInputLength, c.Data.MaxTargetLength = 24, 6
	c.Tokenizer.Path = TinyTokenizer(t)
	c.Task.Name = "classification"
	c.Train.Epochs, c.Train.BatchSize = 2, 12
	c.Train.Threads = 1
	return c
}

// Model writes a checkpoint folder of a tiny model, untied, with [TinyTokenizer]'s vocabulary in more rows.
func Model(t *testing.T, rows int) (dir string) {
	t.Helper()
	return ModelOf(t, rows, false, TinyTokenizer(t))
}

// ModelOf writes a checkpoint folder of a tiny model, tied or not, with the vocabulary of a folder.
func ModelOf(t *testing.T, rows int, tied bool, vocabulary string) (dir string) {
	t.Helper()
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		t.Fatal(err)
	}
	c := size.Config
	c.VocabSize, c.TieWordEmbeddings, c.ScaleDecoderOutputs = rows, tied, tied
	m, err := model.New(c)
	if err != nil {
		t.Fatal(err)
	}
	m.Init(1)
	tok, err := tokenizer.Load(vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "model")
	b := checkpoints.Folder{Model: m, Tokenizer: tok}
	if err := checkpoints.Create(dir, b.Write); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Classifier is a tiny model that is not trained, with the task of the messages in [TrainFile].
func Classifier(t *testing.T) *checkpoints.Folder {
	t.Helper()
	b, _, err := checkpoints.Open(Model(t, TinyVocab))
	if err != nil {
		t.Fatal(err)
	}
	table, err := dataset.Open(t.Context(), []string{TrainFile}, dataset.ForTraining, 48, 0)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := table.Infer(t.Context(), task.Spec{Name: "classification"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Info.Task, b.Info.MaxInputLength, b.Info.MaxTargetLength = &spec, 24, 6
	return b
}
