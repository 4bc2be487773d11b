package chunks

import (
	"fmt"
	"sort"
)

// Split says how the documents of a store become chunks of a fixed number of tokens.
type Split string

const (
	// Concat lays groups of 128 documents end to end, with nothing between them, and cuts each group in chunks of
	// exactly the given length, of which only the last may be shorter: reduce_concat_tokens and split_tokens of
	// t5/data/preprocessors.py. Unlike there, a document longer than 65,536 tokens is kept as a whole.
	Concat Split = "concat"
	// Document cuts each document by itself: a chunk never holds tokens of two.
	Document Split = "document"
)

// groupDocuments is the number of documents that are concatenated (reduce_concat_tokens, batch_size=128). Document
// counts in the same groups, so that an index in memory has one entry for 128 documents.
const groupDocuments = 128

// Cut is a store cut in chunks. It stays valid until the store is closed, and several goroutines may use it.
//
// Five documents of 3, 4, 2, 6 and 1 tokens in groups of two documents, in chunks of 5 tokens:
//
//	concat     aaabb bb | ccddd ddd | e
//	document   aaa bbbb | cc ddddd d | e
//	before     0          2           5 (document) or 4 (concat)
type Cut struct {
	store  *Store
	split  Split
	length int64
	before []int64 // chunks before each group of documents, and their number at the end
}

// Cut returns the chunks of at most length tokens. It reads the index of documents once.
func (s *Store) Cut(split Split, length int) (*Cut, error) {
	if split != Concat && split != Document {
		return nil, fmt.Errorf("cut token store: split is %q, want %s or %s", split, Concat, Document)
	}
	if length < 1 {
		return nil, fmt.Errorf("cut token store: got chunks of %d tokens, want at least 1", length)
	}
	p := &Cut{store: s, split: split, length: int64(length)}
	count := int64(0)
	for first := int64(0); first < s.manifest.Documents; first += groupDocuments {
		p.before = append(p.before, count)
		count += p.inGroup(first, p.groupEnd(first))
	}
	p.before = append(p.before, count)
	return p, nil
}

func (p *Cut) groupEnd(first int64) int64 {
	return min(first+groupDocuments, p.store.manifest.Documents)
}

// inGroup counts the chunks of the documents first..last-1, which are a group.
func (p *Cut) inGroup(first, last int64) int64 {
	start, _ := p.store.end(first)
	if p.split == Concat {
		end, _ := p.store.end(last)
		return p.cuts(end - start)
	}
	count := int64(0)
	for d := first; d < last; d++ {
		end, _ := p.store.end(d + 1)
		count += p.cuts(end - start)
		start = end
	}
	return count
}

// cuts returns the number of chunks of a text.
func (p *Cut) cuts(tokens int64) int64 { return (tokens + p.length - 1) / p.length }

// Len returns the number of chunks.
func (p *Cut) Len() int { return int(p.before[len(p.before)-1]) }

// Chunk appends the tokens of chunk i, without EOS, to into. It panics, as a slice does, unless 0 <= i < Len().
func (p *Cut) Chunk(i int, into []int32) []int32 {
	start, end := p.span(int64(i))
	return p.store.appendTokens(into, start, end)
}

// Bytes returns the bytes of UTF-8 text that chunk i stands for. A document that lies in several chunks is divided
// among them in proportion to their tokens, so that the bytes of all chunks sum up to those of the store exactly.
func (p *Cut) Bytes(i int) int {
	start, end := p.span(int64(i))
	return int(p.store.bytesBefore(end) - p.store.bytesBefore(start))
}

// Document returns the number of the document that holds chunk i, of chunks of a document each.
func (p *Cut) Document(i int) int {
	_, _, document := p.find(int64(i))
	return int(document)
}

// span returns the tokens of a chunk as start and end in the store.
func (p *Cut) span(i int64) (start, end int64) {
	start, end, _ = p.find(i)
	return start, end
}

// find is span with the document of the chunk: the first of the group for chunks of several.
func (p *Cut) find(i int64) (start, end, document int64) {
	if i < 0 || i >= p.before[len(p.before)-1] {
		panic(fmt.Sprintf("chunks: chunk %d of %d", i, p.Len()))
	}
	group := sort.Search(len(p.before), func(g int) bool { return p.before[g] > i }) - 1
	document, rest := int64(group)*groupDocuments, i-p.before[group]
	start, _ = p.store.end(document)
	if p.split == Concat {
		end, _ = p.store.end(p.groupEnd(document))
	} else {
		for ; ; document++ {
			end, _ = p.store.end(document + 1)
			n := p.cuts(end - start)
			if rest < n {
				break
			}
			start, rest = end, rest-n
		}
	}
	start += rest * p.length
	return start, min(start+p.length, end), document
}

// bytesBefore returns the bytes of text before a token: of whole documents, and of the one around it by share.
func (s *Store) bytesBefore(token int64) int64 {
	whole := int64(sort.Search(int(s.manifest.Documents), func(d int) bool {
		end, _ := s.end(int64(d) + 1)
		return end > token
	}))
	start, bytes := s.end(whole)
	if token == start {
		return bytes
	}
	end, bytesEnd := s.end(whole + 1)
	return bytes + (bytesEnd-bytes)*(token-start)/(end-start)
}
