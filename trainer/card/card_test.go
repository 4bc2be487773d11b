package card

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/task"
)

func config() *configs.Config {
	c := configs.Default()
	c.Output = "/home/me/runs/first"
	c.Model.Path = "google/flan-t5-small"
	c.Data.Train, c.Data.Validation = []string{"/home/me/secret/train-*.parquet"}, []string{"held.parquet"}
	return c
}

var info = checkpoints.Info{
	Task: &task.Spec{Name: task.Translation, SourceLanguage: "en", TargetLanguage: "de", TextColumns: []string{"t"}},
	Step: 420, MaxInputLength: 128, MaxTargetLength: 64, Metrics: map[string]float64{"loss": 0.5, "bleu": 31.25},
}

// The YAML is what the hub reads, and no text tells where files lie on this machine.
func TestText(t *testing.T) {
	text, err := Text(config(), info)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(text, "---\n", 3)
	var m metadata
	if err := yaml.Unmarshal([]byte(parts[1]), &m); err != nil || parts[0] != "" {
		t.Fatalf("%v\n%s", err, text)
	}
	if m.Library != "transformers" || m.Pipeline != "translation" || m.BaseModel != "google/flan-t5-small" ||
		strings.Join(m.Languages, " ") != "en de" {
		t.Errorf("metadata %+v", m)
	}
	if r := m.Index[0].Results[0]; m.Index[0].Name != "first" || r.Dataset.Name != "held.parquet" ||
		len(r.Metrics) != 2 || r.Metrics[0] != (metric{"bleu", 31.25}) {
		t.Errorf("results %+v", m.Index)
	}
	for _, want := range []string{"# license:", "# first", "train-*.parquet", "| bleu | 31.2500 |", "420 steps",
		"## Limits"} {
		if !strings.Contains(text, want) {
			t.Errorf("the card lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "secret") || strings.Contains(text, "/home") {
		t.Errorf("the card names folders of this machine:\n%s", text)
	}
}

// A step is described as where the run begins, and numbers of what was looked at are no results.
func TestText_BatchesAndCounts(t *testing.T) {
	c := config()
	c.Train.BatchSize, c.Train.BatchTokens, c.Train.Accumulate = 0, 4096, 2
	of := info
	of.Metrics = map[string]float64{"loss": 0.5, "bytes": 9, "examples": 7, "books/tokens": 5, "temperature": 2}
	text, err := Text(c, of)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "420 steps of 2 x up to 4,096 tokens") {
		t.Errorf("the card says otherwise of its steps:\n%s", text)
	}
	for _, count := range []string{"| bytes", "| examples", "| books/tokens", "| temperature"} {
		if strings.Contains(text, count) {
			t.Errorf("%s is among the results:\n%s", count, text)
		}
	}
}

func TestBaseModel(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	if err := os.MkdirAll("org/here", 0o777); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		name  string
		onHub bool
	}{
		"": {"", false}, "org/model@v1": {"org/model", true}, "org/here": {"here", false}, "/home/me/m/": {"m", false},
		"builtin:en-tiny": {"builtin:en-tiny", false},
	} {
		if name, onHub := baseModel(configs.Model{Path: path}); name != want.name || onHub != want.onHub {
			t.Errorf("%q is %q, %t", path, name, onHub)
		}
	}
}

// A card that is there is kept.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, config()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, Name)
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "The model was not evaluated") {
		t.Errorf("%s, %v", text, err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, config()); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "mine" {
		t.Errorf("the card of the user is %q", text)
	}
}
