package vocabulary

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"t5train/data/tokenizer/internal/spiece"
	"t5train/data/tokenizer/normalize"
	"t5train/internal/random"
)

// madeUp returns words of few letters of several scripts, so that they have much in common.
func madeUp(n int, seed uint64) []string {
	letters := []rune("aaabbcde12éè’▅жжд한日ー\u0301")
	draw := random.New(seed)
	words := make([]string, n)
	for i := range words {
		var b strings.Builder
		b.WriteRune(space)
		for range 1 + draw.Below(9) {
			b.WriteRune(letters[draw.Below(uint64(len(letters)))])
		}
		words[i] = b.String()
	}
	return words
}

func countsOf(words []string) *counts {
	c := newCounts()
	for i, w := range words {
		last := int64(0)
		if i%5 == 4 {
			last = 1
		}
		c.add([]byte(w), 1, last)
	}
	return c
}

func alphabetOf(c *counts, o Options) (*alphabet, *counts) {
	a := newAlphabet(c, o)
	c = a.mark(c)
	c.sort()
	return a, c
}

func TestCounts(t *testing.T) {
	words := madeUp(5000, 1)
	want := map[string]int64{}
	for _, w := range words {
		want[w]++
	}
	c := newCounts()
	c.merge(countsOf(words))
	c.sort()
	if len(c.units) != len(want) {
		t.Errorf("got %d different words, want %d", len(c.units), len(want))
	}
	for i, u := range c.units {
		if text := string(c.of(u)); u.count != want[text] || u.last > u.count {
			t.Errorf("%s: got %d, %d at ends of lines, want %d", text, u.count, u.last, want[text])
		}
		if i > 0 && u.count > c.units[i-1].count {
			t.Errorf("unit %d is more frequent than the one before", i)
		}
	}
}

// TestSeeds compares with the definition: a seed is a valid text of two characters or more that occurs twice or more,
// and behind which characters stand whose first bytes differ.
func TestSeeds(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"defaults": func(*Options) {},
		"lines":    func(o *Options) { o.SplitByWhitespace = false },
		"short":    func(o *Options) { o.MaxPieceLength = 3 },
		"mixed":    func(o *Options) { o.SplitByUnicodeScript = false },
		"digits":   func(o *Options) { o.SplitDigits, o.CharacterCoverage = true, 0.98 },
		"numbers":  func(o *Options) { o.SplitByNumber = false },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(change)
			words := madeUp(300, 2)
			if !o.SplitByWhitespace {
				for i := range words[:len(words)/3] {
					words[i] = strings.Join(words[3*i:3*i+3], "")
				}
			}
			a, c := alphabetOf(countsOf(words), o)
			got := map[string]float64{}
			seeds, err := findSeeds(t.Context(), c, a, &o)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range seeds {
				if _, twice := got[s.text]; twice {
					t.Errorf("%q is there twice", s.text)
				}
				got[s.text] = s.score
			}
			want := seedsByDefinition(c, a, &o)
			for text, score := range want {
				if got[text] != score {
					t.Errorf("%q: got score %v, want %v", text, got[text], score)
				}
			}
			if len(got) != len(want) || len(want) < 50 {
				t.Errorf("got %d seeds, want %d, and at least 50", len(got), len(want))
			}
		})
	}
}

// Fewer seeds are the best of all, ties included: what is dropped on the way would not have been taken.
func TestSeedsAreTheBest(t *testing.T) {
	o := Defaults()
	a, c := alphabetOf(countsOf(madeUp(2000, 4)), o)
	all, err := findSeeds(t.Context(), c, a, &o)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 7, 50, 200} {
		o.SeedPieces, o.Threads = n, 1+n%3
		got, err := findSeeds(t.Context(), c, a, &o)
		if err != nil || !slices.Equal(got, all[:n]) {
			t.Errorf("%d seeds: got %v, %v, want %v", n, got, err, all[:n])
		}
	}
}

// Each character and each end of a unit has a place, of which there is a limit.
func TestSeedsRefuse(t *testing.T) {
	o := Defaults()
	a, c := alphabetOf(countsOf([]string{"▁ab", "▁abc", "▁ab", "▁ab", "▁ab"}), o)
	const codes = 4 + 4 + 5 // ▁ab ends a line, too, and no line
	if _, _, err := newSeeder(c, a, &o, codes); err != nil {
		t.Error(err)
	}
	if _, _, err := newSeeder(c, a, &o, codes-1); err == nil || !strings.Contains(err.Error(), "train on a sample") {
		t.Errorf("got error %v, want one that says to train on a sample", err)
	}
}

func seedsByDefinition(c *counts, a *alphabet, o *Options) map[string]float64 {
	occurrences, behind := map[string]int64{}, map[string]map[byte]bool{}
	see := func(text string, count int64, end byte) {
		if count == 0 {
			return
		}
		ends := text + string([]byte{end})
		for from := range text {
			for to := from + 1; to <= len(text); to++ {
				if to < len(text) && !utf8.RuneStart(text[to]) {
					continue
				}
				s := text[from:to]
				if behind[s] == nil {
					behind[s] = map[byte]bool{}
				}
				occurrences[s] += count
				behind[s][ends[to]] = true
			}
		}
	}
	for _, u := range c.units {
		if text := string(c.of(u)); o.SplitByWhitespace {
			see(text, u.count-u.last, "▁"[0])
			see(text, u.last, 0)
		} else {
			see(text, u.count, 0)
		}
	}
	seeds := map[string]float64{}
	for text, n := range occurrences {
		if length := utf8.RuneCountInString(text); length > 1 && n > 1 && len(behind[text]) > 1 &&
			mayBePiece(text, a, o) {
			seeds[text] = float64(n) * float64(length)
		}
	}
	return seeds
}

// mayBePiece spells out the rules for the letters of madeUp.
func mayBePiece(text string, a *alphabet, o *Options) bool {
	runes := []rune(text)
	if len(runes) > o.MaxPieceLength || runes[len(runes)-1] == space ||
		o.SplitByWhitespace && slices.Contains(runes[1:], space) {
		return false
	}
	script := ""
	for _, r := range runes {
		if _, ok := a.of[r]; !ok {
			return false
		}
		is := ""
		switch {
		case strings.ContainsRune("abcdeéè", r):
			is = "Latin"
		case strings.ContainsRune("жд", r):
			is = "Cyrillic"
		case r == '한':
			is = "Hangul"
		case r == '日' || r == 'ー':
			is = "Han"
		case r == '’' || isDigit(r) && o.SplitByNumber:
			is = "Common"
		case isDigit(r):
			script = ""
		}
		if isDigit(r) && o.SplitDigits && len(runes) > 1 {
			return false
		}
		if is == "" {
			continue // a space, a number that goes with all, an accent
		}
		if o.SplitByUnicodeScript && script != "" && is != script {
			return false
		}
		script = is
	}
	return true
}

// testPieces is a model of some letters and words, without é.
func testPieces(scale float64, more ...string) *pieces {
	texts := append([]string{"a", "b", "ab", "ba", "aba", "é1", "▁", "▁a", "1", "bab"}, more...)
	scores := make([]float64, len(texts))
	for i := range scores {
		scores[i] = -scale * (1 + float64(i*i%7))
	}
	return newPieces(texts, scores)
}

// ways calls f with each way to cut a text.
func (m *pieces) ways(text string, f func(ids []int32, score float64)) {
	var cut func(text string, ids []int32, score float64)
	cut = func(text string, ids []int32, score float64) {
		if text == "" {
			f(ids, score)
			return
		}
		_, char := utf8.DecodeRuneInString(text)
		known := false
		for i, p := range m.texts {
			if rest, ok := strings.CutPrefix(text, p); ok {
				cut(rest, append(slices.Clip(ids), int32(i)), score+m.scores[i])
				known = known || len(p) == char
			}
		}
		if !known {
			cut(text[char:], append(slices.Clip(ids), noPiece), score+m.unknown)
		}
	}
	cut(text, nil, 0)
}

func TestMarginalsAreSumsOverAllWays(t *testing.T) {
	m := testPieces(0.5)
	l := lattice{m: m}
	for _, text := range []string{"a", "é", "abab", "▁ababaé1ab", "bababa▁a", "日a日"} {
		sum, want := 0.0, make([]float64, len(m.texts))
		m.ways(text, func(ids []int32, score float64) { sum += math.Exp(score) })
		m.ways(text, func(ids []int32, score float64) {
			for _, id := range ids {
				want[counted(id)] += math.Exp(score) / sum
			}
		})
		got := make([]float64, len(m.texts))
		if log := l.marginals([]byte(text),
			func(id int32, p float64) { got[id] += p }); math.Abs(log-math.Log(sum)) > 1e-12 {
			t.Errorf("%s: got log probability %v, want %v", text, log, math.Log(sum))
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-12 {
				t.Errorf("%s: piece %s is expected %v times, want %v", text, m.texts[i], got[i], want[i])
			}
		}
	}
}

// TestMarginalsOfLongTexts has probabilities far below the smallest float64, also along a piece of 200 characters.
func TestMarginalsOfLongTexts(t *testing.T) {
	for _, tt := range []struct {
		scale float64
		long  []string
	}{
		{0.01, nil}, {3, nil}, {40, nil},
		{0.01, []string{strings.Repeat("b▁aé1日baba", 20)}}, {3, []string{strings.Repeat("b▁aé1日baba", 20)}},
		{40, []string{strings.Repeat("b▁aé1日baba", 20), strings.Repeat("▁aé1日babab", 30)}},
	} {
		scale := tt.scale
		m := testPieces(scale, tt.long...)
		l := lattice{m: m}
		text := strings.Repeat("ab▁aé1日bab", 200)
		sums := make([]float64, len(text)+1) // logarithms
		for i := range sums[1:] {
			sums[i+1] = math.Inf(-1)
		}
		l.fill([]byte(text))
		for _, s := range l.spans {
			a, b := sums[s.to], sums[s.from]+m.score(s.id)
			sums[s.to] = max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b)))
			if math.IsInf(a, -1) {
				sums[s.to] = b
			}
		}
		chars := 0.0
		got := l.marginals([]byte(text), func(id int32, p float64) {
			if p < 0 || p > 1+1e-9 || math.IsNaN(p) {
				t.Fatalf("scale %v: a probability is %v", scale, p)
			}
			chars += p * float64(utf8.RuneCountInString(m.texts[id]))
		})
		if want := sums[len(text)]; math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("scale %v: got log probability %v, want %v", scale, got, want)
		}
		// Each character is covered once; 日 and where its piece is not taken é count for a, which is as long.
		if want := float64(utf8.RuneCountInString(text)); math.Abs(chars-want) > 1e-6*want {
			t.Errorf("scale %v: %v characters are covered, want %v", scale, chars, want)
		}
	}
}

func TestViterbi(t *testing.T) {
	m := testPieces(0.5)
	l := lattice{m: m}
	for _, text := range []string{"a", "é", "abab", "▁ababaé1ab", "bababa▁a", "aba", "bab"} {
		for _, without := range []int32{-1, int32(slices.Index(m.texts, text))} {
			best := math.Inf(-1)
			m.ways(text, func(ids []int32, score float64) {
				if without < 0 || !slices.Equal(ids, []int32{without}) {
					best = max(best, score)
				}
			})
			path, score, ok := l.viterbi([]byte(text), without)
			if ok != !math.IsInf(best, -1) || ok && math.Abs(score-best) > 1e-12 {
				t.Errorf("%s without %d: got score %v (%t), want %v", text, without, score, ok, best)
			}
			sum := 0.0
			for _, id := range path {
				sum += m.score(id)
			}
			if ok && math.Abs(sum-score) > 1e-12 {
				t.Errorf("%s: the pieces have score %v, want %v", text, sum, score)
			}
		}
	}
}

// Values of Abramowitz and Stegun, table 6.1 and section 6.3.
func TestDigamma(t *testing.T) {
	for x, want := range map[float64]float64{
		0.5: -1.9635100260214235, 1: -0.5772156649015329, 2: 0.42278433509846714, 10: 2.251752589066721,
		1e6: 13.815510057964191,
	} {
		if got := digamma(x); math.Abs(got-want) > 1e-9 {
			t.Errorf("digamma(%v): got %v, want %v", x, got, want)
		}
	}
}

// TestBPEByDefinition counts all pairs anew before each merge.
func TestBPEByDefinition(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"defaults": func(*Options) {},
		"mixed":    func(o *Options) { o.SplitByUnicodeScript, o.MaxPieceLength = false, 5 },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(change)
			words := append(madeUp(200, 3), "▁aaaa", "▁aaaaaa", "▁aaaaa", "▁abababab", "▁aaaa")
			a, c := alphabetOf(countsOf(words), o)
			found, err := trainBPE(t.Context(), c, a, &o, len(a.chars)+60)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, p := range found {
				got = append(got, p.Text)
				if p.Score != -float64(i) {
					t.Errorf("piece %d has score %v", i, p.Score)
				}
			}
			want := mergesByDefinition(c, a, &o, 60)
			if !slices.Equal(got[:60], want) {
				t.Errorf("got %q, want %q", got[:60], want)
			}
		})
	}
}

func mergesByDefinition(c *counts, a *alphabet, o *Options, n int) (merges []string) {
	var words [][]string
	for _, u := range c.units {
		words = append(words, strings.Split(string(c.of(u)), ""))
	}
	gone := map[[2]string]bool{}
	for len(merges) < n {
		count := map[[2]string]int64{}
		for i, u := range c.units {
			for k := range words[i][1:] {
				p := [2]string{words[i][k], words[i][k+1]}
				if !gone[p] && !strings.Contains(p[0]+p[1], string(rare)) && mayBePiece(p[0]+p[1], a, o) {
					count[p] += u.count
				}
			}
		}
		var best [2]string
		for p, n := range count {
			better := cmp.Or(cmp.Compare(n, count[best]), cmp.Compare(utf8.RuneCountInString(best[0]+best[1]),
				utf8.RuneCountInString(p[0]+p[1])),
				strings.Compare(best[0]+best[1], p[0]+p[1]))
			if best[0] == "" || better > 0 {
				best = p
			}
		}
		gone[best] = true
		if slices.Contains(merges, best[0]+best[1]) {
			continue
		}
		merges = append(merges, best[0]+best[1])
		for i, word := range words {
			var merged []string
			for k := 0; k < len(word); k++ {
				if k+1 < len(word) && word[k] == best[0] && word[k+1] == best[1] {
					merged = append(merged, word[k]+word[k+1])
					k++
				} else {
					merged = append(merged, word[k])
				}
			}
			words[i] = merged
		}
	}
	return merges
}

func FuzzTrain(f *testing.F) {
	for i, text := range []string{
		"", "a", "\n\n", "a b a b\nab ab", "\x00\xff\xfe", "▁▁ ▁ ▅", "日本語 日本 ー", "<unk></s><pad>", strings.Repeat("ab",
			300), "1 12 123 1234",
		"e\u0301 é", "a<0x41>b [X] a[X]b", strings.Repeat("xy z ", 40) + "\r\nxyz",
	} {
		f.Add(text, uint16(i*37), uint8(20+i))
	}
	f.Fuzz(func(t *testing.T, text string, bits uint16, size uint8) {
		o := options(func(o *Options) {
			o.VocabSize, o.SoftVocabLimit, o.Threads = int(size), true, 2
			o.Normalization = normalize.Names()[bits%5]
			o.SplitByUnicodeScript, o.SplitByNumber, o.SplitByWhitespace, o.SplitDigits = bits&8 > 0, bits&16 > 0,
				bits&32 > 0,
				bits&64 > 0
			if bits&128 > 0 {
				o.Kind = BPE
			}
			if bits&256 > 0 {
				o.ByteFallback = true
				o.VocabSize += 256
			}
			if bits&512 > 0 {
				o.UserSymbols = []string{"[X]"}
			}
			if bits&1024 > 0 {
				o.SampleLines = 2
			}
			o.MaxPieceLength = 1 + int(bits>>12)
		})
		r, err := Train(t.Context(), lineTexts(strings.Split(text, "\n")...), o)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, p := range piecesOf(t, r.Model) {
			if math.IsNaN(float64(p.score)) || seen[p.text] {
				t.Fatalf("piece %q has score %v, or is there twice", p.text, p.score)
			}
			seen[p.text] = true
			if p.kind == spiece.Normal && utf8.RuneCountInString(p.text) > o.MaxPieceLength {
				t.Fatalf("piece %q is longer than %d", p.text, o.MaxPieceLength)
			}
		}
		if len(seen) != r.Pieces || r.Pieces > o.VocabSize {
			t.Fatalf("got %d pieces, said %d, of at most %d", len(seen), r.Pieces, o.VocabSize)
		}
	})
}
