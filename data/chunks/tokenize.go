package chunks

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"unicode"
	"unicode/utf8"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/internal/parallel"
)

// A block is full with so much text: enough work between two hand-overs, and little memory. It holds at least one row.
const (
	blockBytes = 256 << 10
	blockRows  = 4096
)

// block is a run of rows on its way from the parquet files to the store.
type block struct {
	texts     []string
	bytes     int64 // of texts
	end       int64 // number of the row behind the last one
	tokens    []byte
	documents []document // those that have tokens
	ids       []int32    // scratch
}

type document struct{ tokens, bytes, unknown, unknownBytes int64 }

// encode tokenizes the texts, in width bytes a token. What the text has of tokens that belong to the objective is left
// out.
func (b *block) encode(tok Tokenizer, width int64) {
	b.tokens, b.documents = b.tokens[:0], b.documents[:0]
	for _, text := range b.texts {
		b.ids = tok.AppendEncode(b.ids[:0], text)
		before := len(b.tokens)
		for _, id := range b.ids {
			switch {
			case tok.Structural(id): // </s> in a web page would end an input in the middle
			case width == 2:
				b.tokens = binary.LittleEndian.AppendUint16(b.tokens, uint16(id))
			default:
				b.tokens = binary.LittleEndian.AppendUint32(b.tokens, uint32(id))
			}
		}
		if added := int64(len(b.tokens) - before); added > 0 {
			d := document{tokens: added / width, bytes: int64(len(text))}
			d.unknown, d.unknownBytes = unknown(tok, text, b.ids)
			b.documents = append(b.documents, d)
		}
	}
	clear(b.texts) // lets go of the parquet pages
	b.texts = b.texts[:0]
}

// unknown returns the number of unknown tokens among those of a text, and about how many bytes of it no token stands
// for: the characters of these, and what is no UTF-8. It is exact as long as normalising does not change the length.
func unknown(tok Tokenizer, text string, ids []int32) (tokens, bytes int64) {
	if !slices.Contains(ids, tok.Unk()) && utf8.ValidString(text) {
		return 0, 0
	}
	bytes = visible(text)
	for _, id := range ids {
		if id == tok.Unk() {
			tokens++
		} else {
			bytes -= visible(tok.Piece(id))
		}
	}
	return tokens, max(0, bytes)
}

// visible returns the bytes of a text or a piece that are no spaces.
func visible(text string) (n int64) {
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r != '▁' && !unicode.IsSpace(r) {
			n += int64(size)
		}
		text = text[size:]
	}
	return n
}

// tokenize adds the rows that are missing to a part: o.Threads tokenize what the caller's goroutine reads and writes,
// in the order of the rows.
func tokenize(ctx context.Context, set *parquetio.Dataset, tok Tokenizer, o Options, p *part) error {
	work := func(b *block) { b.encode(tok, p.key.width()) }
	pool := parallel.NewPool(o.Threads, func() *block { return new(block) }, work, func(b *block) error {
		err := p.append(b)
		o.phases.Progress("tokenize", "rows", p.counts.Done, p.key.Rows)
		return err
	})
	defer pool.Close()
	err := set.ScanFrom(ctx, p.counts.Done, []string{o.Column}, func(row int64, cells []table.Cell) error {
		return cmp.Or(ctx.Err(), pool.Add(func(b *block) (full bool) {
			if len(b.texts) == 0 {
				b.bytes = 0
			}
			text := cells[0].Text()
			b.texts = append(b.texts, text)
			b.bytes += int64(len(text))
			b.end = row + 1
			return b.bytes >= blockBytes || len(b.texts) == blockRows
		}))
	})
	if err != nil {
		return err
	}
	return pool.Finish()
}
