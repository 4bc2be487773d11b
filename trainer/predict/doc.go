// Package predict answers inputs with a model: one by one, in batches, and from files to files. See [Predictor] and
// [Stream].
package predict
