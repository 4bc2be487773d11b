// Package importer makes parquet of the files that people have: CSV, TSV, JSON, JSON lines, text, folders of text,
// CoNLL and SQuAD, which package table reads. It finds columns and types, makes classes of labels, and divides the rows
// into splits.
//
//	result, err := importer.Import(ctx, importer.Options{
//		Inputs: []string{"reviews.csv"}, Labels: []string{"sentiment"},
//		Shares: []importer.Share{{Name: "train", Ratio: 0.9}, {Name: "validation", Ratio: 0.1}}, Seed: 1,
//		Output: "reviews",
//	})
//	// reviews/train-00000-of-00001.parquet, reviews/validation-00000-of-00001.parquet
//
// # Types
//
// Cells of tables are strings, unless a type is asked for; then an empty cell is null. Values of JSON are what they are
// there: string, integer (int64), number (float64), true or false, a list of one of these, or an object, whose
// keys become the fields of a struct. A key that a row lacks is null. A label becomes a ClassLabel: the different
// values, sorted, are the names of the classes 0, 1, ...
//
// # Splits
//
// The split of a row is a function of its number, the number of rows and the seed. Sizes are exact.
//
// # Parquet
//
// Files are as Hugging Face's datasets library writes them: optional columns, lists and structs of them, and a schema
// whose `huggingface` metadata names the features, class names included. pyarrow, datasets and package parquetio read
// them alike. A [Folder] writes rows that are made elsewhere:
//
//	columns := []importer.Column{
//		{Path: []string{"text"}, Type: importer.String},
//		{Path: []string{"label"}, Type: importer.Int64, Classes: []string{"ham", "spam"}},
//	}
//	folder, err := importer.CreateFolder("out", []string{"train"}, false)
//	defer folder.Close()
//	train, err := folder.Split("train", columns, importer.DefaultShardBytes)
//	err = train.Write([]table.Cell{{Kind: table.String, Str: "hello"}, {Kind: table.Int, Int: 0}})
//	paths, err := folder.Finish() // out/train-00000-of-00001.parquet
//
// Nothing appears under its name before all of it is written, and nothing that is there is lost unless that is asked
// for.
package importer
