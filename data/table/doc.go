// Package table reads rows of the formats that people have, CSV, TSV, JSON, JSON lines, text, folders of text, CoNLL
// and SQuAD, packed with gzip or not, and has what rows of every format are made of: cells and columns.
//
//	groups, err := table.FindInputs([]string{"reviews.csv"}, "")
//	err = table.ReadFile(ctx, groups[0].Inputs[0], table.ReadOptions{}, func(r table.Row) error {
//		fmt.Println(r.Line, r.Fields[0].Path, r.Fields[0].Cell)
//		return nil
//	})
//
// Package parquetio reads parquet.
package table
