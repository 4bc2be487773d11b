package vocabulary

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/trie"
	"t5train/data/tokenizer/normalize"
	"t5train/internal/parallel"
	"t5train/internal/random"
)

// Texts calls yield for each text of a corpus, in order, until it returns an error, which it hands on. A text may be a
// line or a document: its lines are what is trained on. A corpus that is sampled is read twice or three times.
type Texts func(ctx context.Context, yield func(text string) error) error

// Corpus is what was read.
type Corpus struct {
	Lines        int64 // with text, those left out included
	Bytes        int64 // of them
	TooLong      int64 // lines left out for their length
	TooLongBytes int64
	Reserved     int64 // lines left out for ▅, which training uses itself
	Invalid      int64 // lines left out because they are no UTF-8
	Usable       int64 // the other lines
	UsableBytes  int64
	Used         int64 // lines trained on: all that are usable, or a sample of them
}

// boundary takes the place of symbols in normalised text: no piece crosses it.
const boundary = '\x1f'

// A block of lines is full with so much text: enough work for a thread between two merges.
const blockBytes = 1 << 20

// lines hands the lines of a corpus on, those that a sample wants.
type lines struct {
	o      *Options
	corpus Corpus
	sample *sample
	add    func(line string) error
}

var errTooMuch = errors.New("more text than is trained on")

// read goes through a corpus. Without a sample it fails with errTooMuch behind o.MaxTextBytes.
func (l *lines) read(ctx context.Context, texts Texts) error {
	return texts(ctx, func(text string) error {
		for len(text) > 0 {
			line, rest, _ := strings.Cut(text, "\n")
			text = rest
			line = strings.TrimSuffix(line, "\r")
			if line == "" {
				continue
			}
			l.corpus.Lines++
			l.corpus.Bytes += int64(len(line))
			switch {
			case l.o.MaxLineBytes > 0 && len(line) > l.o.MaxLineBytes:
				l.corpus.TooLong++
				l.corpus.TooLongBytes += int64(len(line))
				continue
			case strings.ContainsRune(line, rare):
				l.corpus.Reserved++
				continue
			case !utf8.ValidString(line):
				l.corpus.Invalid++
				continue
			}
			l.corpus.Usable++
			l.corpus.UsableBytes += int64(len(line))
			switch {
			case l.sample != nil && !l.sample.take():
				continue
			case l.sample == nil && l.o.MaxTextBytes > 0 && l.corpus.UsableBytes > l.o.MaxTextBytes:
				return errTooMuch
			}
			l.corpus.Used++
			if err := l.add(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// sample draws some lines of all, each as likely as the others: one look at each decides (Knuth, The Art of Computer
// Programming, volume 2, section 3.4.2, algorithm S).
type sample struct {
	draw         random.Draw
	left, wanted uint64
}

func (s *sample) take() bool {
	if s.left == 0 {
		return false // the corpus has grown since it was counted
	}
	took := s.draw.Below(s.left) < s.wanted
	s.left--
	if took {
		s.wanted--
	}
	return took
}

// countUnits reads a corpus and counts its words, or its lines where spaces do not divide.
func countUnits(ctx context.Context, texts Texts, o *Options, n *normalize.Normalizer) (*counts, Corpus, error) {
	if o.SampleLines == 0 {
		c, corpus, err := countSample(ctx, texts, o, n, nil)
		if !errors.Is(err, errTooMuch) {
			return c, corpus, err
		}
	}
	all := lines{o: o, sample: &sample{}} // takes none
	if err := all.read(ctx, texts); err != nil {
		return nil, Corpus{}, err
	}
	usable := all.corpus.Usable
	wanted := usable
	if o.MaxTextBytes > 0 && all.corpus.UsableBytes > o.MaxTextBytes {
		wanted = max(1, int64(float64(wanted)*float64(o.MaxTextBytes)/float64(all.corpus.UsableBytes)))
	}
	if o.SampleLines > 0 {
		wanted = min(wanted, int64(o.SampleLines))
	}
	s := &sample{draw: random.New(o.Seed), left: uint64(usable), wanted: uint64(wanted)}
	return countSample(ctx, texts, o, n, s)
}

func countSample(ctx context.Context, texts Texts, o *Options, n *normalize.Normalizer, s *sample) (*counts, Corpus,
	error) {
	total := newCounts()
	pool := parallel.NewPool(o.threads(), func() *counter { return newCounter(o, n) }, (*counter).count,
		func(w *counter) error {
			total.merge(w.local)
			return ctx.Err()
		})
	defer pool.Close()
	l := lines{o: o, sample: s}
	l.add = func(line string) error {
		return pool.Add(func(w *counter) (full bool) {
			w.text = append(w.text, line...)
			w.ends = append(w.ends, len(w.text))
			return len(w.text) >= blockBytes
		})
	}
	err := l.read(ctx, texts)
	if err == nil {
		err = pool.Finish()
	}
	if err == nil && total.full {
		err = tooMuch("4 GB", o)
	}
	return total, l.corpus, err
}

// UnitName says what is counted: words, or lines where spaces do not divide pieces.
func (o *Options) UnitName() string {
	if o.SplitByWhitespace {
		return "words"
	}
	return "lines"
}

// counter counts the units of a block of lines.
type counter struct {
	text   []byte // the lines, end to end
	ends   []int
	o      *Options
	normal *normalize.Normalizer
	local  *counts // of one block
	line   []byte

	symbols *trie.Trie // the texts of pieces that are no text
	first   [256]bool  // bytes that they begin with
}

func newCounter(o *Options, n *normalize.Normalizer) *counter {
	w := &counter{o: o, normal: n, local: newCounts()}
	texts := slices.Clone(o.NoText)
	for _, p := range o.metaPieces() {
		texts = append(texts, p.Text)
	}
	var entries []trie.Entry
	for i, text := range texts {
		entries = append(entries, trie.Entry{Key: text, ID: int32(i)})
		w.first[text[0]] = true
	}
	w.symbols = trie.New(entries)
	return w
}

func (w *counter) count() {
	w.local.reset()
	text, start := string(w.text), 0
	for _, end := range w.ends {
		w.line = w.cutSymbols(w.normal.Append(w.line[:0], text[start:end]))
		start = end
		if len(w.line) > 0 {
			w.add(w.line)
		}
	}
	w.text, w.ends = w.text[:0], w.ends[:0]
}

// cutSymbols puts a boundary in the place of each symbol.
func (w *counter) cutSymbols(text []byte) []byte {
	kept := 0
	for i := 0; i < len(text); {
		c := text[i]
		if w.first[c] {
			if _, size := trie.Longest(w.symbols, text[i:]); size > 0 {
				c = boundary
				i += size - 1
			}
		}
		text[kept] = c
		kept++
		i++
	}
	return text[:kept]
}

var spaceBytes = []byte(string(space))

// add counts a line, or the words in it: a word begins with each ▁.
func (w *counter) add(line []byte) {
	for w.o.SplitByWhitespace {
		end := bytes.Index(line[1:], spaceBytes) + 1
		if end == 0 {
			break
		}
		w.local.add(line[:end], 1, 0)
		line = line[end:]
	}
	w.local.add(line, 1, 1)
}
