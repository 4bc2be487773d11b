package baseline

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"t5train/internal/random"
)

// isWord reports whether a character is one of words, as \w of Python's re.
func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' }

func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !isWord(r) })
}

// wordGrams calls yield for the words of two characters and more, and for each two that follow each other.
func wordGrams(text string, yield func(gram string)) {
	before := ""
	for _, word := range wordsOf(text) {
		if len([]rune(word)) < 2 {
			continue
		}
		yield(word)
		if before != "" {
			yield(before + " " + word)
		}
		before = word
	}
}

// charGrams calls yield for the 2 to 5 characters that follow each other in a word with a space on each side.
func charGrams(text string, yield func(gram string)) {
	for _, word := range strings.Fields(strings.ToLower(text)) {
		word = " " + word + " "
		starts := make([]int, 0, len(word)+1) // of characters, in bytes
		for i := range word {
			starts = append(starts, i)
		}
		starts = append(starts, len(word))
		for n := 2; n <= 5; n++ {
			for i := 0; i == 0 || i+n < len(starts); i++ {
				yield(word[starts[i]:starts[min(i+n, len(starts)-1)]])
			}
			if n+1 >= len(starts) { // the whole word is there once
				break
			}
		}
	}
}

// tfidf weighs the grams of texts by how often they are in one, and how few texts have them, as TfidfVectorizer of
// scikit-learn with sublinear_tf does.
type tfidf struct {
	grams func(text string, yield func(string))
	ids   map[string]int
	idf   []float64
}

// learn returns the weights of the grams of texts: of the most frequent ones, at most so many.
func learn(texts []string, most int, grams func(string, func(string))) *tfidf {
	v := &tfidf{grams: grams, ids: map[string]int{}}
	var counts, documents, last []int
	for d, text := range texts {
		grams(text, func(gram string) {
			id, there := v.ids[gram]
			if !there {
				id = len(v.ids)
				v.ids[strings.Clone(gram)] = id
				counts, documents, last = append(counts, 0), append(documents, 0), append(last, -1)
			}
			counts[id]++
			if last[id] != d {
				last[id] = d
				documents[id]++
			}
		})
	}
	number := make([]int, len(counts)) // that a gram has now, of those that stay
	order := make([]int, len(counts))
	for id := range order {
		order[id], number[id] = id, -1
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	order = order[:min(most, len(order))]
	slices.Sort(order)
	for n, id := range order {
		number[id] = n
		v.idf = append(v.idf, math.Log(float64(1+len(texts))/float64(1+documents[id]))+1)
	}
	for gram, id := range v.ids {
		if v.ids[gram] = number[id]; number[id] < 0 {
			delete(v.ids, gram)
		}
	}
	return v
}

// add appends the vector of a text, of norm 1, to the row that m is at, in the columns from base on.
func (v *tfidf) add(m *matrix, base int, text string) {
	from, counts := len(m.index), map[int]float64{}
	v.grams(text, func(gram string) {
		if id, there := v.ids[gram]; there {
			if counts[id]++; counts[id] == 1 {
				m.add(base+id, 0)
			}
		}
	})
	for i, c := range m.index[from:] {
		id := int(c) - base
		m.value[from+i] = float32((1 + math.Log(counts[id])) * v.idf[id])
	}
	m.scale(from)
}

// maxChars are the character grams that are kept.
const maxChars = 100_000

// vectors makes features of texts: of their words and of their characters.
type vectors struct{ words, chars *tfidf }

func learnVectors(texts []string) vectors {
	return vectors{learn(texts, math.MaxInt, wordGrams), learn(texts, maxChars, charGrams)}
}

func (v vectors) columns() int { return len(v.words.idf) + len(v.chars.idf) }

func (v vectors) add(m *matrix, base int, text string) {
	v.words.add(m, base, text)
	v.chars.add(m, base+len(v.words.idf), text)
}

// joined returns a row of features for each row, whose texts are joined.
func (v vectors) joined(rows []Row) *matrix {
	m := &matrix{columns: v.columns()}
	for _, r := range rows {
		v.add(m, 0, strings.Join(r.Texts, separator))
		m.end()
	}
	return m
}

const separator = " [SEP] "

// apart returns a row of features for each row, whose texts have columns of their own. Two texts have besides the
// products of their features, and how alike they are.
func (v vectors) apart(rows []Row) *matrix {
	m, n := &matrix{}, v.columns()
	for _, r := range rows {
		from := len(m.index)
		for i, text := range r.Texts {
			v.add(m, i*n, text)
		}
		if len(r.Texts) == 2 {
			first := map[int32]float32{}
			for e := from; e < len(m.index) && int(m.index[e]) < n; e++ {
				first[m.index[e]] = m.value[e]
			}
			sum := 0.0
			for e, end := from, len(m.index); e < end; e++ {
				if c := m.index[e] - int32(n); c >= 0 && first[c] != 0 {
					p := float64(first[c]) * float64(m.value[e])
					m.add(2*n+int(c), p)
					sum += p
				}
			}
			m.add(3*n, sum)
			for i, a := range likeness(r.Texts[0], r.Texts[1]) {
				m.add(3*n+1+2*i, a)
				m.add(3*n+2+2*i, a*a)
			}
		}
		m.end()
		m.columns = max(m.columns, n*len(r.Texts))
		if len(r.Texts) == 2 {
			m.columns = 3*n + 9
		}
	}
	return m
}

// likeness returns how many words two texts have in common: of all, of the shorter and of the longer one; and their
// ratio of lengths.
func likeness(a, b string) [4]float64 {
	set := func(text string) map[string]bool {
		s := map[string]bool{}
		for _, w := range wordsOf(text) {
			s[w] = true
		}
		return s
	}
	x, y := set(a), set(b)
	both := 0.0
	for w := range x {
		if y[w] {
			both++
		}
	}
	all := float64(len(x)+len(y)) - both
	least, most := float64(min(len(x), len(y))), float64(max(len(x), len(y), 1))
	return [4]float64{both / max(1, all), both / max(1, least), both / most, least / most}
}

// shuffled returns the numbers below n in an order that is always the same.
func shuffled(n int) []int {
	order, draw := make([]int, n), random.New(uint64(n))
	for i := range order {
		j := int(draw.Below(uint64(i + 1)))
		order[i], order[j] = order[j], i
	}
	return order
}
