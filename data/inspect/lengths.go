package inspect

import (
	"maps"
	"math/bits"
	"slices"
)

// Lengths are those of the texts of a column, in tokens.
type Lengths struct {
	Column     string       `json:"column"`
	Texts      int64        `json:"texts"` // that are not null
	Nulls      int64        `json:"nulls"`
	Blank      int64        `json:"blank"` // texts without a character but white space
	Tokens     int64        `json:"tokens"`
	Mean       float64      `json:"mean"`
	Percent    []Percentile `json:"percentiles"`
	Histogram  []Bar        `json:"histogram"`
	Limit      int          `json:"limit"`   // that training sets
	Cut        int64        `json:"cut"`     // texts that are longer
	Unknown    int64        `json:"unknown"` // texts with characters that the vocabulary lacks
	counts     map[int]int64
	whatIsLeft int64   // tokens within the limit
	Kept       float64 `json:"kept"` // part of the tokens that the limit leaves
}

// Percentile is the least length that a percentage of the texts does not exceed.
type Percentile struct {
	Percent int `json:"percent"`
	Tokens  int `json:"tokens"`
}

// Bar is the number of texts of From to To tokens.
type Bar struct {
	From  int   `json:"from"`
	To    int   `json:"to"`
	Texts int64 `json:"texts"`
}

func (l *Lengths) add(m measured) {
	if l.counts == nil {
		l.counts = map[int]int64{}
	}
	l.Texts++
	l.counts[m.tokens]++
	l.Tokens += int64(m.tokens)
	l.whatIsLeft += int64(min(m.tokens, l.Limit))
	if m.tokens > l.Limit {
		l.Cut++
	}
	if m.unknown {
		l.Unknown++
	}
}

// finish computes what depends on all lengths. The counts of different lengths are exact, and few.
func (l *Lengths) finish() {
	if l.Texts == 0 {
		return
	}
	l.Mean = float64(l.Tokens) / float64(l.Texts)
	l.Kept = float64(l.whatIsLeft) / float64(l.Tokens)
	lengths := slices.Sorted(maps.Keys(l.counts))
	percents := []int{0, 25, 50, 75, 90, 95, 99, 100}
	below := int64(0)
	for _, length := range lengths {
		below += l.counts[length]
		for len(percents) > 0 && below*100 >= int64(percents[0])*l.Texts {
			l.Percent = append(l.Percent, Percentile{percents[0], length})
			percents = percents[1:]
		}
		l.bar(length)
	}
}

// bar adds the texts of a length to the histogram, whose bars end at powers of two: 1, 2, 3-4, 5-8, 9-16, ... There are
// bars for all from the shortest to the longest.
func (l *Lengths) bar(length int) {
	to := 1 << bits.Len(uint(length-1))
	if n := len(l.Histogram); n > 0 {
		for at := l.Histogram[n-1].To * 2; at < to; at *= 2 {
			l.Histogram = append(l.Histogram, Bar{at/2 + 1, at, 0})
		}
	}
	if n := len(l.Histogram); n == 0 || l.Histogram[n-1].To != to {
		l.Histogram = append(l.Histogram, Bar{to/2 + 1, to, 0})
	}
	l.Histogram[len(l.Histogram)-1].Texts += l.counts[length]
}
