package vocabulary

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"t5train/data/parquetio"
	"t5train/data/table"
	"t5train/data/tokenizer"
	"t5train/data/tokenizer/internal/spiece"
	"t5train/internal/random"
)

// lineTexts are texts in memory.
func lineTexts(lines ...string) Texts {
	return func(ctx context.Context, yield func(string) error) error {
		for _, line := range lines {
			if err := errors.Join(ctx.Err(), yield(line)); err != nil {
				return err
			}
		}
		return nil
	}
}

// messages are the texts of testdata/sms_spam.
func messages(t testing.TB) []string {
	set, err := parquetio.Open("../../../testdata/sms_spam/train-00000-of-00001.parquet")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	err = set.Scan(t.Context(), []string{"sms"}, func(_ int64, cells []table.Cell) error {
		lines = append(lines, strings.Clone(cells[0].Str))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func options(change func(o *Options)) Options {
	o := Defaults()
	change(&o)
	return o
}

// goldenOptions are those of testdata/spm_train.py.
var goldenOptions = map[string]Options{
	"unigram": options(func(o *Options) { o.VocabSize = 600 }),
	"unigram, other options": options(func(o *Options) {
		o.VocabSize, o.Normalization, o.MaxPieceLength, o.SplitByNumber, o.CharacterCoverage = 400, "nfkc_cf", 5,
			false, 0.99
		o.UserSymbols = []string{"lol", ":)"}
	}),
	"bpe": options(func(o *Options) { o.VocabSize, o.Kind = 600, BPE }),
	"bpe, other options": options(func(o *Options) {
		o.VocabSize, o.Kind, o.Normalization, o.SplitDigits, o.SplitByUnicodeScript = 600, BPE, "nfkc_cf", true, false
		o.ByteFallback, o.ControlSymbols = true, []string{"<c>"}
	}),
	"bpe of lines": options(func(o *Options) { o.VocabSize, o.Kind, o.SplitByWhitespace = 400, BPE, false }),
}

// scored is a piece of a model file.
type scored struct {
	text  string
	score float32
	kind  spiece.Type
}

// piecesOf reads the pieces of a model file, which must open.
func piecesOf(t testing.TB, raw []byte) (pieces []scored) {
	t.Helper()
	if _, err := tokenizer.New(raw, tokenizer.Options{Rules: tokenizer.SentencePiece}); err != nil {
		t.Fatal(err)
	}
	for len(raw) > 0 {
		number, kind, n := protowire.ConsumeTag(raw)
		raw = raw[n:]
		size := protowire.ConsumeFieldValue(number, kind, raw)
		if message, _ := protowire.ConsumeBytes(raw); number == 1 {
			pieces = append(pieces, pieceOf(message))
		}
		raw = raw[size:]
	}
	return pieces
}

func pieceOf(message []byte) scored {
	p := scored{kind: spiece.Normal}
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		message = message[n:]
		switch number {
		case 1:
			text, _ := protowire.ConsumeBytes(message)
			p.text = string(text)
		case 2:
			bits, _ := protowire.ConsumeFixed32(message)
			p.score = math.Float32frombits(bits)
		case 3:
			value, _ := protowire.ConsumeVarint(message)
			p.kind = spiece.Type(value)
		}
		message = message[protowire.ConsumeFieldValue(number, kind, message):]
	}
	return p
}

func TestLikeSPMTrain(t *testing.T) {
	raw, err := os.ReadFile("testdata/spm_train.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string][][2]any
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	lines := messages(t)
	for name, want := range golden {
		t.Run(name, func(t *testing.T) {
			o := goldenOptions[name]
			r, err := Train(t.Context(), lineTexts(lines...), o)
			if err != nil {
				t.Fatal(err)
			}
			got := slices.DeleteFunc(piecesOf(t, r.Model), func(p scored) bool { return p.kind == spiece.Byte })
			if len(got) != len(want) || r.Pieces != o.VocabSize {
				t.Fatalf("got %d pieces, %d without bytes, want %d, %d", r.Pieces, len(got), o.VocabSize, len(want))
			}
			score := map[string]float32{}
			for i, p := range got {
				score[p.text] = p.score
				if o.Kind == BPE && p.text != want[i][0] {
					t.Errorf("piece %d is %q, want %q", i, p.text, want[i][0])
				}
			}
			for _, p := range want {
				if got, ok := score[p[0].(string)]; !ok || math.Abs(float64(got)-p[1].(float64)) > 1e-3 {
					t.Errorf("piece %q: got score %v (found: %t), want %v", p[0], got, ok, p[1])
				}
			}
		})
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	lines := messages(t)
	for name, o := range goldenOptions {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != string(o.Kind) {
				t.Skip("the plain options share as much memory")
			}
			var first []byte
			for _, threads := range []int{1, 2, 5} {
				o.Threads = threads
				r, err := Train(t.Context(), lineTexts(lines...), o)
				if err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = r.Model
				}
				if string(r.Model) != string(first) {
					t.Errorf("%d threads give another vocabulary than 1", threads)
				}
			}
		})
	}
}

func TestSample(t *testing.T) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf("line %d of the text", i))
	}
	train := func(o Options) Result {
		t.Helper()
		r, err := Train(t.Context(), lineTexts(lines...), o)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	small := func(o *Options) { o.VocabSize, o.SoftVocabLimit, o.SampleLines = 40, true, 120 }
	a := train(options(small))
	if a.Corpus.Used != 120 || a.Corpus.Lines != 500 {
		t.Errorf("a sample of 120 lines of 500: used %d of %d", a.Corpus.Used, a.Corpus.Lines)
	}
	b := train(options(func(o *Options) { small(o); o.Threads = 1 }))
	if string(a.Model) != string(b.Model) {
		t.Error("the same seed draws other lines")
	}
	if c := train(options(func(o *Options) { small(o); o.Seed = 2 })); string(a.Model) == string(c.Model) {
		t.Error("another seed draws the same lines")
	}
	if all := train(options(func(o *Options) { small(o); o.SampleLines = 1000 })); all.Corpus.Used != 500 {
		t.Errorf("a sample of more lines than there are: used %d", all.Corpus.Used)
	}
	r := train(options(func(o *Options) { small(o); o.SampleLines, o.MaxTextBytes = 0, 2000 }))
	if want := int64(float64(500) * 2000 / float64(r.Corpus.Bytes)); r.Corpus.Used != want {
		t.Errorf("2000 of %d bytes: used %d lines, want %d", r.Corpus.Bytes, r.Corpus.Used, want)
	}
}

// What gets no piece for its rareness is counted; so are lines that are no text.
func TestTrainLeavesOut(t *testing.T) {
	lines := append(slices.Repeat([]string{"the cat sat on the mat"}, 500), "é é \u200d", "caf\xe9")
	o := options(func(o *Options) {
		o.VocabSize, o.SoftVocabLimit, o.CharacterCoverage, o.Normalization = 100, true, 0.9997, "identity"
	})
	r, err := Train(t.Context(), lineTexts(lines...), o)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Character{{'é', 2}, {'\u200d', 1}}; !slices.Equal(r.LeftOut, want) {
		t.Errorf("left out %v, want %v", r.LeftOut, want)
	}
	if r.Corpus.Invalid != 1 || r.Corpus.Used != 501 {
		t.Errorf("%d lines are no UTF-8, %d are used; want 1 and 501", r.Corpus.Invalid, r.Corpus.Used)
	}
}

// Characters that training uses itself are in no piece, and no piece goes across them.
func TestTrainControlCharacters(t *testing.T) {
	for _, kind := range Kinds() {
		o := options(func(o *Options) {
			o.Kind, o.VocabSize, o.SoftVocabLimit, o.CharacterCoverage, o.Normalization = kind, 100, true, 1, "identity"
		})
		r, err := Train(t.Context(),
			lineTexts(slices.Repeat([]string{"ab\x00cd ef\x1fgh", "xcd\x1fgh yef\x00ab", "\x00", "\x1f"}, 50)...), o)
		if err != nil {
			t.Fatal(err)
		}
		crossing := func(text string) bool {
			return strings.ContainsAny(text, "\x00\x1f▅") || strings.Contains(text, "bc") ||
				strings.Contains(text, "fg")
		}
		for _, p := range piecesOf(t, r.Model) {
			if crossing(p.text) {
				t.Errorf("%s: piece %q", kind, p.text)
			}
		}
	}
}

// Lines that are never trained on take no place in a sample, and of vocabulary.sample_lines and vocabulary.max_text the
// smaller one counts.
func TestSampleOfUsableLines(t *testing.T) {
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("short %02d", i), strings.Repeat("long ", 20), "▅")
	}
	for name, tt := range map[string]struct {
		change func(o *Options)
		want   int64
	}{
		"all that fit":             {func(o *Options) { o.MaxTextBytes = 800 }, 100},
		"sample lines":             {func(o *Options) { o.SampleLines = 60 }, 60},
		"sample of too many lines": {func(o *Options) { o.SampleLines, o.MaxTextBytes = 1000, 400 }, 50},
		"less than a line":         {func(o *Options) { o.MaxTextBytes = 3 }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(func(o *Options) { o.VocabSize, o.SoftVocabLimit, o.MaxLineBytes = 30, true, 50 })
			tt.change(&o)
			r, err := Train(t.Context(), lineTexts(lines...), o)
			if err != nil {
				t.Fatal(err)
			}
			if c := r.Corpus; c.Used != tt.want || c.Usable != 100 || c.TooLong != 100 || c.Reserved != 100 ||
				c.Lines != 300 {
				t.Errorf("got %+v, want %d lines used of 100", c, tt.want)
			}
		})
	}
}

// Each line is as likely as the others, and the number is exact.
func TestSampleIsFair(t *testing.T) {
	taken := make([]int, 20)
	const rounds = 4000
	for seed := range uint64(rounds) {
		s := sample{draw: random.New(seed), left: 20, wanted: 5}
		n := 0
		for i := range taken {
			if s.take() {
				taken[i]++
				n++
			}
		}
		if n != 5 {
			t.Fatalf("took %d of 20, want 5", n)
		}
	}
	for i, n := range taken {
		if mean, deviation := rounds/4.0, math.Sqrt(rounds*0.25*0.75); math.Abs(float64(n)-mean) > 5*deviation {
			t.Errorf("line %d was taken %d times of %d, want about %.0f", i, n, rounds, mean)
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	small := func(o *Options) { o.VocabSize = 10 }
	tests := []struct {
		name  string
		lines []string
		o     Options
		want  string
	}{
		{"no lines", nil, options(small), "the input holds no text"},
		{"empty lines", []string{"", "\n\n"}, options(small), "the input holds no text"},
		{"blanks", []string{"  ", "\t"}, options(small), "no characters that could become pieces"},
		{"long lines", []string{"abc"}, options(func(o *Options) { o.MaxLineBytes = 2 }),
			"longer than vocabulary.max_line_bytes, 2"},
		{"reserved", []string{"a▅"}, options(small), "holds ▅"},
		{"long and reserved lines", []string{"abcd", "▅"}, options(func(o *Options) { o.MaxLineBytes = 3 }),
			"of 2 lines of the text 1 are longer than vocabulary.max_line_bytes, 3, 1 hold ▅"},
		{"no UTF-8", []string{"caf\xe9"}, options(small), "no line of the text is UTF-8"},
		{"too many characters", []string{"abcdefghij"}, options(small),
			"the 11 characters of the text and the 3 special pieces need 14"},
		{"one character", []string{"aaa"}, options(small), "gives no more than 6 pieces"},
		{"options", nil, options(func(o *Options) { o.ShrinkingFactor = 1 }), "shrinking-factor 1: want 0.5 to 0.95"},
		{"threads", nil, options(func(o *Options) { o.Threads = 1e9 }),
			"threads 1000000000: want 1 to 1024, or 0 for all"},
		{"space in a symbol", nil, options(func(o *Options) { o.UserSymbols = []string{"New York"} }),
			`user-symbols "New York": no text matches it: write ▁`},
		{"symbol twice", nil, options(func(o *Options) { o.UserSymbols = []string{"a", "a"} }),
			`user-symbols "a": there is such a piece already`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Train(t.Context(), lineTexts(tt.lines...), tt.o); err == nil ||
				!strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestTrainStops(t *testing.T) {
	lines := messages(t)
	for _, what := range []string{"find seed pieces", "train", "find pairs", "merge"} {
		ctx, cancel := context.WithCancel(t.Context())
		o := options(func(o *Options) {
			o.VocabSize = 600
			if what == "merge" || what == "find pairs" {
				o.Kind = BPE
			}
			o.Progress = func(w, _ string, done, _ int64) {
				switch {
				case w == what:
					cancel()
				case ctx.Err() != nil:
					t.Errorf("%s goes on with %s", what, w)
				}
			}
		})
		if _, err := Train(ctx, lineTexts(lines...), o); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want %v", what, err, context.Canceled)
		}
	}
}

// A symbol with ▁ is cut out of text with a space.
func TestSymbolWithBlank(t *testing.T) {
	o := options(func(o *Options) { o.VocabSize, o.SoftVocabLimit, o.UserSymbols = 40, true, []string{"New▁York"} })
	r, err := Train(t.Context(), lineTexts("in New York it rains", "New York in the rain"), o)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.New(r.Model, tokenizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if ids := tok.Encode("in New York"); !slices.Contains(ids, 3) {
		t.Errorf("got ids %d, want the symbol's, 3", ids)
	}
}

// No limit is said to be one.
func TestModelRecordsMaxLineBytes(t *testing.T) {
	for given, want := range map[int]uint64{0: math.MaxInt32, 100: 100} {
		spec := trainerSpec(options(func(o *Options) { o.MaxLineBytes = given }), 10)
		got := uint64(0)
		for len(spec) > 0 {
			number, kind, n := protowire.ConsumeTag(spec)
			spec = spec[n:]
			if number == 18 {
				got, _ = protowire.ConsumeVarint(spec)
			}
			spec = spec[protowire.ConsumeFieldValue(number, kind, spec):]
		}
		if got != want {
			t.Errorf("max-line-bytes %d is recorded as %d, want %d", given, got, want)
		}
	}
}
