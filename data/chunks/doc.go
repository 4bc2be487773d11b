// Package chunks keeps the token ids of a corpus on the disk, so that its text is tokenized once and any chunk of it is
// read at once, whatever the size of the corpus.
//
//	set, err := parquetio.Open("corpus/*.parquet")
//	s, made, err := chunks.Build(ctx, "runs/first/tokens", set, tok, chunks.Options{Column: "text", Threads: 2})
//	defer s.Close()
//	cut, err := s.Cut(chunks.Concat, 568)
//	for i := range cut.Len() {
//		ids = cut.Chunk(i, ids[:0])
//	}
//
// Or ahead of time, on the command line: t5train data tokenize --train 'corpus/*.parquet' --output runs/first/tokens
//
// # Folder
//
// A folder holds any number of stores, each under a name made of what it depends on (see [Key]): the content of the
// files, the tokenizer, the column and the format. So a file or tokenizer that changes makes another store, an equal
// one is used again by whoever comes, and a store in use is never overwritten.
//
//	DIR/tokens-3fa9c1d2e4b7a812/
//	    tokens.bin      ids of all documents, end to end: little-endian uint16 where the vocabulary has at most
//	                    65,536 ids, else uint32; without EOS or anything else between documents
//	    documents.bin   of each document two little-endian uint64: the tokens and the bytes of text up to its end
//	    store.json      the key, the counts and the CRC-32C of the two files: see [Manifest]
//
// A document is a row of the input. Rows whose text gives no token are left out. So are tokens that are no text, where
// the text spells them: padding as in the reference (t5/data/preprocessors.py, reduce_concat_tokens), </s> and the
// sentinels because they belong to the objective.
//
// # Crashes
//
// A store is made in tokens-....part, whose store.json says how far its files are good: after each 64 MiB of text they
// are brought to the disk, then store.json is replaced. What is behind is cut off by the next Build, which resumes from
// there; the last one renames the folder. A lock keeps out other processes, which wait and then use the result.
// [Build] reads a store once from end to end and refuses it unless counts and checksums agree.
//
// # Memory
//
// Building holds a few blocks of text a thread (256 KiB each, or the longest document) and the pages of the parquet
// files that they come from. A store in use is mapped, not read: its memory is the system's to take back.
package chunks
