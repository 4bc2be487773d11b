// Package parquetout writes parquet as Hugging Face's datasets library writes it: optional columns, lists and structs of
// them, and a schema whose `huggingface` metadata names the features, class names included. pyarrow, datasets and package
// parquetio read it alike.
//
//	columns := []parquetout.Column{
//		{Path: []string{"text"}, Type: parquetout.String},
//		{Path: []string{"label"}, Type: parquetout.Int64, Classes: []string{"ham", "spam"}},
//	}
//	folder, err := parquetout.CreateFolder("out", []string{"train"}, false)
//	defer folder.Close()
//	train, err := folder.Split("train", columns, parquetout.DefaultShardBytes)
//	err = train.Write([]parquetio.Cell{{Kind: parquetio.String, Str: "hello"}, {Kind: parquetio.Int, Int: 0}})
//	paths, err := folder.Finish() // out/train-00000-of-00001.parquet
//
// Nothing appears under its name before all of it is written, and nothing that is there is lost unless that is asked for.
package parquetout
