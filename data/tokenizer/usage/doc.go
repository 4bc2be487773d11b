// Package usage tells how vocabularies write texts: how many tokens they need, which pieces are used, and which
// characters they lack.
//
//	report, err := usage.Measure([]usage.Vocabulary{tok}, usage.Options{Show: 10}, eachText)
package usage
