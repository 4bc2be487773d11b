// Package trim makes a model smaller by its vocabulary: it leaves out the pieces that the texts of a user do not have.
//
//	err := trim.Trim(ctx, "mt5-small", "mt5-german", trim.Options{Corpus: []string{"corpus.parquet:text"}}, sink)
package trim
