// Package metric measures predictions as they come: one call of Add each, one of Result at the end. Values are those of
// the tools that a field compares itself by, on their scales:
//
//	from 0 to 1     scikit-learn (zero_division=0) for classes, rouge_score, SQuAD's evaluate-v1.1.py, seqeval
//	from 0 to 100   sacrebleu: BLEU, chrF and TER
//	from -1 to 1    correlations, as scipy has them
//
// A metric of texts is a [Scorer], which knows how to score a pair of texts, inside of a [Text], which adds pairs up:
//
//	bleu := metric.NewText(metric.BLEU{})
//	for ... {
//		err := bleu.Add(prediction, references)
//	}
//	for _, v := range bleu.Result() {
//		fmt.Println(v.Name, v.Value, bleu.Signature())
//	}
//
// [Classification], [Regression] and [Tagging] take classes, numbers and tag sequences in the same way. All of them keep
// a few numbers of each example, from which [Bootstrap] computes confidence intervals: they are [Sampled].
package metric

// Value is one number of a result.
type Value struct {
	Name  string
	Value float64
}
