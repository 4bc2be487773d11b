package usage

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"t5train/internal/parallel"
)

// Vocabulary is a tokenizer whose pieces are to be counted. It is called from several goroutines at once.
type Vocabulary interface {
	Encoder
	VocabSize() int
	Piece(id int32) string
	Structural(id int32) bool // no text, such as </s> and the sentinels
	IsByte(id int32) bool
}

// Report is how vocabularies write texts.
type Report struct {
	Texts        int64       `json:"texts"`
	Bytes        int64       `json:"bytes"` // of UTF-8
	Characters   int64       `json:"characters"`
	Words        int64       `json:"words"` // what spaces separate
	Vocabularies []Use       `json:"vocabularies"`
	Comparison   *Comparison `json:"comparison,omitempty"` // of two vocabularies
}

// Use is how one of them does.
type Use struct {
	Size          int     `json:"size"`   // all tokens
	Pieces        int     `json:"pieces"` // those that text can give
	Tokens        int64   `json:"tokens"` // of the texts, without those that end them
	TokensPerWord float64 `json:"tokens_per_word"`
	TokensPerByte float64 `json:"tokens_per_byte"`
	BytesPerToken float64 `json:"bytes_per_token"`

	Unknown           int64       `json:"unknown"` // tokens; a run of unknown characters is one
	UnknownRate       float64     `json:"unknown_rate"`
	UnknownTexts      int64       `json:"unknown_texts"`      // that have some
	UnknownCharacters int64       `json:"unknown_characters"` // of the texts
	MostUnknown       []Character `json:"most_unknown"`
	ByteTokens        int64       `json:"byte_tokens"` // a character that is no piece is several

	Used    int          `json:"used"`    // pieces that the texts have
	Longest []PieceCount `json:"longest"` // but for bytes, whose names are no text
	Rarest  []PieceCount `json:"rarest"`  // of those that are used
	// some of the others, the first ones of the vocabulary; bytes stand by and are none
	Unused []PieceCount `json:"unused"`
	Covers []Cover      `json:"covers"`

	counts []int64 // of each piece that is used, falling
}

// PieceCount is a piece and how often the texts have it.
type PieceCount struct {
	Piece string `json:"piece"`
	ID    int32  `json:"id"`
	Count int64  `json:"count"`
}

// Cover is the number of the most frequent pieces that are enough for a percentage of the tokens; 0 where none are.
type Cover struct {
	Percent int `json:"percent"`
	Pieces  int `json:"pieces"`
}

// Comparison is that of the second vocabulary with the first.
type Comparison struct {
	SharedPieces int     `json:"shared_pieces"`
	TokenRatio   float64 `json:"token_ratio"` // tokens of the second for one of the first
	Shorter      int64   `json:"shorter"`     // texts that have fewer tokens in the second
	Equal        int64   `json:"equal"`
	Longer       int64   `json:"longer"`
}

// Options say how texts are counted.
type Options struct {
	Threads int // 0 is one
	Show    int // pieces in each list
}

// Measure counts the texts that each yields. It holds a few blocks of them, or the longest one, and counts of
// pieces and characters; the result does not depend on the threads.
func Measure(vocabularies []Vocabulary, o Options, each func(yield func(text string) error) error) (*Report,
	error) {
	if each == nil {
		each = func(func(string) error) error { return nil }
	}
	var tallies []*tally
	pool := parallel.NewPool(o.Threads, func() *tally {
		tallies = append(tallies, newTally(vocabularies))
		return tallies[len(tallies)-1]
	}, (*tally).count, func(*tally) error { return nil })
	defer pool.Close()
	err := each(func(text string) error {
		return pool.Add(func(t *tally) (full bool) {
			t.waiting, t.size = append(t.waiting, text), t.size+len(text)
			return t.size >= blockBytes || len(t.waiting) == blockTexts
		})
	})
	if err == nil {
		err = pool.Finish()
	}
	if err != nil {
		return nil, err
	}
	for _, t := range tallies[1:] {
		tallies[0].merge(t)
	}
	return tallies[0].usage(o.Show), nil
}

// A block of texts is enough work between two calls of the pool.
const (
	blockTexts = 4096
	blockBytes = 256 << 10
)

// tally is what was counted of some blocks of texts. All of it are sums, so that it does not matter of which.
type tally struct {
	waiting []string // texts of the block to be counted
	size    int      // bytes of them

	texts, bytes, characters, words int64
	shorter, equal                  int64
	vocabularies                    []vocabularyTally
}

type vocabularyTally struct {
	Vocabulary
	counts       []int64 // of each id
	unknownTexts int64
	unknown      Characters
	ids          []int32 // scratch
}

func newTally(vocabularies []Vocabulary) *tally {
	t := &tally{vocabularies: make([]vocabularyTally, len(vocabularies))}
	for i, v := range vocabularies {
		t.vocabularies[i] = vocabularyTally{Vocabulary: v, counts: make([]int64, v.VocabSize())}
	}
	return t
}

func (t *tally) count() {
	for _, text := range t.waiting {
		t.add(text)
	}
	clear(t.waiting)
	t.waiting, t.size = t.waiting[:0], 0
}

func (t *tally) add(text string) {
	t.texts++
	t.bytes += int64(len(text))
	t.characters += int64(utf8.RuneCountInString(text))
	for range strings.FieldsSeq(text) {
		t.words++
	}
	for i := range t.vocabularies {
		t.vocabularies[i].add(text)
	}
	if len(t.vocabularies) == 2 {
		switch cmp.Compare(len(t.vocabularies[1].ids), len(t.vocabularies[0].ids)) {
		case -1:
			t.shorter++
		case 0:
			t.equal++
		}
	}
}

func (v *vocabularyTally) add(text string) {
	v.ids = v.AppendEncode(v.ids[:0], text)
	for _, id := range v.ids {
		v.counts[id]++
	}
	if slices.Contains(v.ids, v.Unk()) {
		v.unknownTexts++
		v.unknown.Add(text, v)
	}
}

func (t *tally) merge(o *tally) {
	t.texts += o.texts
	t.bytes += o.bytes
	t.characters += o.characters
	t.words += o.words
	t.shorter += o.shorter
	t.equal += o.equal
	for i := range t.vocabularies {
		v, w := &t.vocabularies[i], &o.vocabularies[i]
		for id, n := range w.counts {
			v.counts[id] += n
		}
		v.unknownTexts += w.unknownTexts
		v.unknown.merge(&w.unknown)
	}
}

func (t *tally) usage(show int) *Report {
	u := &Report{Texts: t.texts, Bytes: t.bytes, Characters: t.characters, Words: t.words}
	for i := range t.vocabularies {
		v := t.vocabularies[i].use(show)
		v.TokensPerWord, v.TokensPerByte, v.BytesPerToken = ratio(v.Tokens, t.words), ratio(v.Tokens,
			t.bytes), ratio(t.bytes, v.Tokens)
		u.Vocabularies = append(u.Vocabularies, v)
	}
	if len(u.Vocabularies) == 2 {
		first, second := &t.vocabularies[0], &t.vocabularies[1]
		u.Comparison = &Comparison{
			SharedPieces: first.shared(second), TokenRatio: ratio(u.Vocabularies[1].Tokens, u.Vocabularies[0].Tokens),
			Shorter: t.shorter, Equal: t.equal, Longer: t.texts - t.shorter - t.equal,
		}
	}
	return u
}

// ratio is 0 where there is nothing to divide by.
func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// isPiece reports whether text can give a token, and it is no stop-gap.
func (v *vocabularyTally) isPiece(id int32) bool { return id != v.Unk() && !v.Structural(id) }

func (v *vocabularyTally) use(show int) Use {
	u := Use{Size: v.VocabSize(), Unknown: v.counts[v.Unk()], UnknownTexts: v.unknownTexts,
		MostUnknown: v.unknown.Most(show)}
	for _, n := range v.unknown.counts {
		u.UnknownCharacters += n
	}
	u.Unused = []PieceCount{}
	texts, used := []PieceCount{}, []PieceCount{} // pieces of text, and those that are used
	for id, n := range v.counts {
		u.Tokens += n
		if !v.isPiece(int32(id)) {
			continue
		}
		p := PieceCount{v.Piece(int32(id)), int32(id), n}
		u.Pieces++
		isByte := v.IsByte(int32(id))
		if isByte {
			u.ByteTokens += n
		} else {
			texts = append(texts, p)
		}
		if n > 0 {
			used = append(used, p)
		} else if !isByte && len(u.Unused) < show {
			u.Unused = append(u.Unused, p)
		}
	}
	u.Used, u.UnknownRate = len(used), ratio(u.Unknown, u.Tokens)
	length := func(p PieceCount) int { return utf8.RuneCountInString(p.Piece) }
	slices.SortStableFunc(texts, func(a, b PieceCount) int { return length(b) - length(a) })
	u.Longest = texts[:min(show, len(texts))]
	slices.SortFunc(used, func(a, b PieceCount) int {
		return cmp.Or(cmp.Compare(a.Count, b.Count),
			cmp.Compare(b.ID, a.ID))
	})
	u.Rarest = used[:min(show, len(used))]
	for _, p := range slices.Backward(used) {
		u.counts = append(u.counts, p.Count)
	}
	u.cover()
	return u
}

// cover finds how many pieces are enough.
func (u *Use) cover() {
	percents := []int{50, 90, 99, 100}
	shares := u.Coverage()
	for _, percent := range percents {
		at, _ := slices.BinarySearch(shares, float64(percent)/100)
		if at++; at > len(shares) {
			at = 0
		}
		u.Covers = append(u.Covers, Cover{percent, at})
	}
}

// Coverage returns the share of the tokens that the most frequent pieces make up: the n most frequent ones at n-1.
// Where tokens are unknown, all pieces together do not reach 1.
func (u *Use) Coverage() []float64 {
	sum := int64(0)
	shares := make([]float64, len(u.counts))
	for i, n := range u.counts {
		sum += n
		shares[i] = ratio(sum, u.Tokens)
	}
	return shares
}

// shared counts the pieces that both have.
func (v *vocabularyTally) shared(w *vocabularyTally) int {
	texts := map[string]bool{}
	for id := range int32(v.VocabSize()) {
		if v.isPiece(id) {
			texts[v.Piece(id)] = true
		}
	}
	n := 0
	for id := range int32(w.VocabSize()) {
		if w.isPiece(id) && texts[w.Piece(id)] {
			n++
		}
	}
	return n
}
