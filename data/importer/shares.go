package importer

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"t5train/data"
	"t5train/data/table"
)

// Share is a split and its part of all rows.
type Share struct {
	Name  string
	Ratio float64
}

// ParseShares reads train=0.9,validation=0.1. The ratios add up to 1.
func ParseShares(texts []string) ([]Share, error) {
	var shares []Share
	sum := 0.0
	for _, text := range texts {
		name, value, _ := strings.Cut(text, "=")
		ratio, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil || !table.SplitName.MatchString(name):
			return nil, fmt.Errorf("%s: want a name and a ratio, as in train=0.9,validation=0.1", text)
		case !(ratio > 0 && ratio <= 1):
			return nil, fmt.Errorf("%s: want a ratio above 0 and up to 1", text)
		case slices.ContainsFunc(shares, func(s Share) bool { return s.Name == name }):
			return nil, fmt.Errorf("split %s is there twice", name)
		}
		shares = append(shares, Share{name, ratio})
		sum += ratio
	}
	if len(shares) > 0 && math.Abs(sum-1) > 1e-6 {
		return nil, fmt.Errorf("the ratios add up to %g, want 1", sum)
	}
	return shares, nil
}

// divider tells the splits of n units: rows, or groups of rows that stay together.
type divider struct {
	n     uint64
	sizes []uint64 // units of each split
	// In which order units are dealt out: those of a stratum after those of the one before, shuffled among themselves.
	order []data.Permutation
	start []uint64 // place of each stratum's first unit
}

// newDivider divides units, of which each stratum has a number, by ratios. A split's size is its ratio of the units,
// with the units that rounding down leaves going to the largest remainders. Without strata all units are of one.
func newDivider(strata []int, shares []Share, seed uint64) *divider {
	d := &divider{}
	for s, n := range strata {
		d.order = append(d.order, data.NewPermutation(n, seed, int64(s)))
		d.start = append(d.start, d.n)
		d.n += uint64(n)
	}
	d.sizes = apportion(d.n, shares)
	return d
}

// apportion divides n by the method of largest remainders; the first of equal ones wins.
func apportion(n uint64, shares []Share) []uint64 {
	sizes := make([]uint64, len(shares))
	remainders := make([]float64, len(shares))
	left := n
	for i, s := range shares {
		exact := s.Ratio * float64(n)
		// 0.1 x 70 is 7.000000000000001, and 0.7 x 10 might come out below 7.
		sizes[i] = min(uint64(exact+1e-6), left)
		remainders[i] = exact - float64(sizes[i])
		left -= sizes[i]
	}
	for ; left > 0; left-- {
		largest := 0
		for i := range remainders {
			if remainders[i] > remainders[largest] {
				largest = i
			}
		}
		sizes[largest]++
		remainders[largest]--
	}
	return sizes
}

// split returns the split of unit k of a stratum. The units in their order are dealt out evenly: of the first p places,
// the last split has floor(p x size / n), and so on with the places that it leaves. So each stratum has its share of
// each split up to rounding, and the sizes are exact. Of 10 places and sizes 7 and 3:
//
//	place   0 1 2 3 4 5 6 7 8 9
//	split   0 0 0 1 0 0 1 0 0 1
func (d *divider) split(stratum, k int) int {
	place := d.start[stratum] + uint64(d.order[stratum].At(k))
	left := d.n
	for s := len(d.sizes) - 1; s > 0; s-- {
		before := share(place, d.sizes[s], left)
		if share(place+1, d.sizes[s], left) > before {
			return s
		}
		place -= before
		left -= d.sizes[s]
	}
	return 0
}

// share returns floor(place x size / n). n is at least place, so the result fits.
func share(place, size, n uint64) uint64 {
	high, low := bits.Mul64(place, size)
	quotient, _ := bits.Div64(high, low, n)
	return quotient
}
