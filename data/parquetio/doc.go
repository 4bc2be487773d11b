// Package parquetio reads columns of Parquet shards: row by row, in shard order and row order, in memory bounded by
// one page and one row a column.
//
//	set, err := parquetio.Open("data/train-*.parquet")
//	...
//	err = set.Scan(ctx, []string{"sms", "label"}, func(row int64, cells []table.Cell) error {
//		fmt.Println(row, cells[0].Str, cells[1].Int)
//		return nil
//	})
//
// # What is parquet-go's and what is ours
//
// The footer and the page headers are decoded by parquet-go's thrift types. Pages are decoded by package page
// below. The library's own page readers allocate what a run length, a value count or a list
// size claims before they look at the bytes behind it, so that a few flipped bits ask for gigabytes (and an allocation
// that fails ends the process: it cannot be recovered). Here nothing is allocated on a claim: metadata is walked and
// bounded before it is decoded, a page may not exceed a fixed size, and values are decoded one at a time, straight from
// the page's bytes. Any panic that still comes out of a library becomes an error that names file, column and row group.
//
// # What is read
//
// String, int, float and bool columns, nullable or not, also inside of structs, lists and maps, by the path of
// [table.Column]; data pages of version 1 and 2; PLAIN, dictionary, RLE, DELTA and BYTE_STREAM_SPLIT encodings;
// uncompressed, SNAPPY, GZIP, BROTLI, ZSTD and LZ4_RAW. Dates, times and decimals are exact text. Other types are
// listed by [Dataset.Columns], and refused by [Dataset.Scan].
//
//	err = set.Scan(ctx, []string{"translation.en", "tokens"}, func(row int64, cells []table.Cell) error {
//		fmt.Println(cells[0].Str, len(cells[1].Items))
//		return nil
//	})
package parquetio
