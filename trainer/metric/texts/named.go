package texts

import (
	"fmt"
	"strings"

	"t5train/data/task"
)

// Of returns what computes a metric of a name, and which of its values that is; "" is all.
func Of(name string) (computed Metric, value string, err error) {
	switch name {
	case task.ExactMatch:
		return Exact{}, "", nil
	case task.SQuADScores:
		return SQuAD{}, "", nil
	case task.F1:
		return SQuAD{}, name, nil
	case task.ChrF:
		return ChrF{}, "", nil
	case task.ChrFPlus:
		return ChrF{WordOrder: 2}, "", nil
	case task.TER:
		return TER{}, "", nil
	case task.BLEU:
		return BLEU{}, name, nil
	case task.BLEU + task.Lowercase:
		return BLEU{Lowercase: true}, task.BLEU, nil
	}
	if tokenizer, ok := strings.CutPrefix(name, task.BLEU+"-"); ok {
		t, err := ParseTokenizer(tokenizer)
		return BLEU{Tokenizer: t}, task.BLEU, err
	}
	switch value, stemmed := strings.CutSuffix(name, task.Stemmed); value {
	case task.Rouge1, task.Rouge2, task.RougeL, task.RougeLsum:
		return summaries{ROUGE{Stemmer: stemmed}}, value, nil
	}
	return nil, "", fmt.Errorf("text metric %q is unknown", name)
}

// summaries are compared by ROUGE after each full stop between spaces has become the end of a line, as the T5 library
// has it (t5/evaluation/metrics.py, rouge): rougeLsum takes lines for sentences, and a SentencePiece model writes none.
type summaries struct{ ROUGE }

// Statistics implements [Metric].
func (s summaries) Statistics(prediction string, references []string) []float64 {
	lines := make([]string, len(references))
	for i, reference := range references {
		lines[i] = sentenceLines(reference)
	}
	return s.ROUGE.Statistics(sentenceLines(prediction), lines)
}

func sentenceLines(text string) string { return strings.ReplaceAll(text, " . ", " .\n") }
