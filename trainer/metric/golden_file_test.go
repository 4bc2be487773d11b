package metric

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"t5train/internal/golden"
)

// readGolden reads a group of metrics/case.json into cases. The file lies in the group's folder itself, so a root
// without it or without the group skips the test; a group without a case fails it.
func readGolden[C any](t *testing.T, pick func(goldenFile) []C) []C {
	t.Helper()
	dir := filepath.Join(golden.Root(t), "metrics")
	if _, err := os.Stat(filepath.Join(dir, "case.json")); os.IsNotExist(err) {
		t.Skip("golden: this root has no metrics/case.json")
	}
	var file goldenFile
	golden.Read(t, dir, &file)
	cases := pick(file)
	if cases == nil {
		t.Skip("golden: metrics/case.json has no such group")
	}
	if len(cases) == 0 {
		t.Fatal("golden: a group of metrics/case.json holds no case")
	}
	return cases
}

type goldenFile struct {
	BLEU struct {
		Corpus     []goldenBLEU        `json:"corpus"`
		Sentence   []goldenSentence    `json:"sentence_default"`
		Tokenizers []map[string]string `json:"tokenizers"`
	} `json:"bleu"`
	ChrF           []goldenChrF           `json:"chrf"`
	TER            []goldenTER            `json:"ter"`
	ROUGE          []goldenROUGE          `json:"rouge"`
	Stems          map[string]string      `json:"porter_stemmer_nltk_default"`
	Classification []goldenClassification `json:"classification"`
	Regression     []goldenRegression     `json:"regression"`
	SQuAD          []goldenSQuAD          `json:"squad"`
	Seqeval        []goldenSeqeval        `json:"seqeval"`
}

type goldenSentence struct {
	Hypothesis, Reference string
	Score                 float64
}

type goldenRegression struct {
	X, Y                            []float64
	Pearson, Spearman, Kendall, MSE *float64
}

type goldenSQuAD struct {
	Prediction string
	Answers    []string
	Normalized string
	Exact, F1  *float64
	F1V2       *float64 `json:"f1_v2_empty_rule"`
}

type goldenBLEU struct {
	Name       string
	Hypotheses []string
	References streams
	Options    struct {
		Lowercase    bool
		Tokenize     string
		SmoothMethod string `json:"smooth_method"`
	}
	Signature                  string
	Score, BP                  float64
	Counts, Totals, Precisions []float64
	SysLen                     float64 `json:"sys_len"`
	RefLen                     float64 `json:"ref_len"`
}

type goldenChrF struct {
	Name       string
	Hypotheses []string
	References streams
	Options    struct {
		CharOrder    int `json:"char_order"`
		WordOrder    int `json:"word_order"`
		Beta         int
		Lowercase    bool
		Whitespace   bool
		EpsSmoothing bool `json:"eps_smoothing"`
	}
	Signature string
	Score     float64
}

type goldenTER struct {
	Name       string
	Hypotheses []string
	References streams
	Score      float64
}

// streams are the references of a corpus as sacrebleu takes them: a list of the first one of each example, and so on. A
// file may have the only list itself.
type streams [][]string

func (s *streams) UnmarshalJSON(raw []byte) error {
	var only []string
	if err := json.Unmarshal(raw, &only); err == nil {
		*s = streams{only}
		return nil
	}
	return json.Unmarshal(raw, (*[][]string)(s))
}

// of returns the references of an example.
func (s streams) of(example int) []string {
	var references []string
	for _, stream := range s {
		if example < len(stream) { // examples may have fewer references than others
			references = append(references, stream[example])
		}
	}
	return references
}

type goldenROUGE struct {
	Stemmer                           bool
	Prediction, Target                string
	ROUGE1, ROUGE2, ROUGEL, ROUGELsum []float64
}

type goldenClassification struct {
	Labels      []int
	Predictions []int
	Accuracy    *float64
	F1Macro     *float64 `json:"f1_macro"`
	F1Micro     *float64 `json:"f1_micro"`
	F1Weighted  *float64 `json:"f1_weighted"`
	Precision   *float64 `json:"precision_macro"`
	Recall      *float64 `json:"recall_macro"`
	F1Binary    *float64 `json:"f1_binary"`
	Matthews    *float64 `json:"mcc"`
}

type goldenSeqeval struct {
	Labels, Predictions [][]string
	// type, first, last in the tags of all sentences, an O after each
	Entities              [][]any `json:"entities_labels"`
	Precision, Recall, F1 *float64
	F1Macro               *float64 `json:"f1_macro"`
	F1Weighted            *float64 `json:"f1_weighted"`
	Accuracy              *float64
	Strict                *PRF `json:"strict_iob2"`
}
