// Package evaluate measures a model on examples that it was not trained on. See [Evaluate], and [Set] for what training
// compares its checkpoints by.
//
// An [Evaluator] has a model and a task. Its answers are of two kinds: labels, found by label scoring
// ([predict.LabelScorer]), and texts, which are generated. Texts are compared by a grader with the references of the
// examples: a number, tags, a referent or the text itself, the last by metrics ([texts.Metric]). What an
// evaluation shows besides, its best and worst examples, comes from the example collector.
package evaluate
