// Package baseline answers the examples of a task as a simple method does that needs no network: what a model has to
// beat to be worth its time. It learns in seconds, and always the same from the same rows.
//
//	rows, err := baseline.Read(ctx, table, spec)
//	model, err := baseline.Fit(ctx, spec, rows, score, threads)
//	answers := model.Answer(heldOut)
//
//	labels    multinomial logistic regression over TF-IDF of words (1-2) and characters (2-5, inside words)
//	numbers   ridge regression over the same; of two texts also over what they share
//	entities  logistic regression over a word, two neighbours on each side, and the shapes of all of them
//	texts     the input itself, or its first sentences
//
// How strongly weights are held back is chosen on training rows: see [Fit].
package baseline
