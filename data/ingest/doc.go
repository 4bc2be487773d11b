// Package ingest makes parquet of the files that people have: CSV, TSV, JSON, JSON lines, text, folders of text, CoNLL and
// SQuAD. It finds columns and types, makes classes of labels, and divides the rows into splits.
//
//	result, err := ingest.Import(ctx, ingest.Options{
//		Inputs: []string{"reviews.csv"}, Labels: []string{"sentiment"},
//		Shares: []ingest.Share{{Name: "train", Ratio: 0.9}, {Name: "validation", Ratio: 0.1}}, Seed: 1,
//		Output: "reviews",
//	})
//	// reviews/train-00000-of-00001.parquet, reviews/validation-00000-of-00001.parquet
//
// # Types
//
// Cells of tables are strings, unless a type is asked for; then an empty cell is null. Values of JSON are what they are
// there: string, whole number (int64), number (float64), true or false, a list of one of these, or an object, whose keys
// become the fields of a struct. A key that a row lacks is null. A label becomes a ClassLabel: the different values, sorted,
// are the names of the classes 0, 1, ...
//
// # Splits
//
// The split of a row is a function of its number, the number of rows and the seed. Sizes are exact.
package ingest
