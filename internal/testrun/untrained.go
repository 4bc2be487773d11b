package testrun

import (
	"path/filepath"
	"testing"

	"t5train/checkpoints"
	"t5train/data/task"
	"t5train/data/tokenizer"
	"t5train/model"
)

// Untrained writes the checkpoint of a classification of SMS messages, on bytes, that has learned nothing.
func Untrained(t *testing.T) (dir string) {
	t.Helper()
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		t.Fatal(err)
	}
	size.Config.VocabSize = 384 // of ByT5
	t5, err := model.New(size.Config)
	if err != nil {
		t.Fatal(err)
	}
	t5.Init(1)
	spec := task.Spec{Name: task.Classification, TextColumns: []string{"sms"}, LabelColumn: "label",
		Labels: []task.Label{{Name: "ham", Text: "ham", Value: "0"}, {Name: "spam", Text: "spam", Value: "1"}}}
	folder := &checkpoints.Folder{Model: t5, Tokenizer: tokenizer.ByT5(), Info: checkpoints.Info{Task: &spec}}
	dir = filepath.Join(t.TempDir(), "model")
	if err := checkpoints.Create(dir, folder.Write); err != nil {
		t.Fatal(err)
	}
	return dir
}
