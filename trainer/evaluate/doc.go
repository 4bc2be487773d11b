// Package evaluate measures a model on examples that it was not trained on. See [Evaluate], and [Set] for what training
// compares its checkpoints by.
package evaluate
