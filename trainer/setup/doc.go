// Package setup reads what the configuration of a run names: the examples to train on, the sets to evaluate on, the
// tokenizer, and the architecture of a new model.
package setup
