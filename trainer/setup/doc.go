// Package setup reads what the configuration of a run names: the examples to train on, and the sets to evaluate on.
package setup
