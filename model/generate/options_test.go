package generate

import (
	"math"
	"strings"
	"testing"
)

func TestValidateNamesWhatIsWrong(t *testing.T) {
	sampling := func(s Sampling) Options { return Options{MaxTokens: 8, Sampling: &s} }
	for want, o := range map[string]Options{
		"MaxTokens is 0":          {},
		"MinTokens: want at most": {MaxTokens: 8, MinTokens: 9},
		"Beams is -1":             {MaxTokens: 8, Beams: -1},
		"Beams is 1025":           {MaxTokens: 8, Beams: 1025},
		"NumReturnSequences is 1025": {MaxTokens: 8, NumReturnSequences: 1025,
			Sampling: &Sampling{Temperature: 1}},
		"NumReturnSequences is -1":        {MaxTokens: 8, NumReturnSequences: -1},
		"raise Beams":                     {MaxTokens: 8, Beams: 3, NumReturnSequences: 4},
		"set Beams or Sampling":           {MaxTokens: 8, NumReturnSequences: 2},
		"Sampling is set":                 {MaxTokens: 8, Beams: 2, Sampling: &Sampling{Temperature: 1}},
		"LengthPenalty is NaN":            {MaxTokens: 8, LengthPenalty: new(math.NaN())},
		"LengthPenalty is -400":           {MaxTokens: 8, LengthPenalty: new(-400.0)},
		"LengthNormAlpha is 11":           {MaxTokens: 8, LengthNormAlpha: 11},
		"RepetitionPenalty is 1e-40":      {MaxTokens: 8, RepetitionPenalty: 1e-40},
		"Temperature is 1e-50":            sampling(Sampling{Temperature: 1e-50}),
		"so is LengthNormAlpha":           {MaxTokens: 8, LengthPenalty: new(1.0), LengthNormAlpha: 0.6},
		"LengthNormAlpha is -1":           {MaxTokens: 8, LengthNormAlpha: -1},
		"EarlyStopping is 3":              {MaxTokens: 8, EarlyStopping: 3},
		"NoRepeatNgram is -1":             {MaxTokens: 8, NoRepeatNgram: -1},
		"EncoderNoRepeatNgram is -2":      {MaxTokens: 8, EncoderNoRepeatNgram: -2},
		"RepetitionPenalty is -1":         {MaxTokens: 8, RepetitionPenalty: -1},
		"BadWords 1 has no token":         {MaxTokens: 8, BadWords: [][]int32{{4}, {}}},
		"BadWords has token 40":           {MaxTokens: 8, BadWords: [][]int32{{4, 40}}},
		"Suppress has token -1":           {MaxTokens: 8, Suppress: []int32{-1}},
		"Prefix has token 99":             {MaxTokens: 8, Prefix: []int32{99}},
		"Prefix has 9 tokens":             {MaxTokens: 8, Prefix: make([]int32, 9)},
		"Prefix holds EOS":                {MaxTokens: 8, Prefix: []int32{1}, EOS: []int32{1}},
		"EOS has token 40":                {MaxTokens: 8, EOS: []int32{40}},
		"ForcedEOS":                       {MaxTokens: 8, ForcedEOS: true, EOS: []int32{}},
		"Allowed holds no sequence, want": {MaxTokens: 8, Allowed: NewTrie(nil)},
		"raise MaxTokens":                 {MaxTokens: 2, Allowed: NewTrie([][]int32{{4, 5, 1}})},
		"begins with Prefix":              {MaxTokens: 8, Prefix: []int32{7}, Allowed: NewTrie([][]int32{{4, 5, 1}})},
		"Allowed has token 77":            {MaxTokens: 8, Allowed: NewTrie([][]int32{{77, 1}})},
		"continues after EOS":             {MaxTokens: 8, EOS: []int32{5}, Allowed: NewTrie([][]int32{{4, 5, 5}})},
		"ends in token 6":                 {MaxTokens: 8, EOS: []int32{5}, Allowed: NewTrie([][]int32{{4, 6}})},
		"Temperature is 0":                sampling(Sampling{}),
		"TopK is -1":                      sampling(Sampling{Temperature: 1, TopK: -1}),
		"TopP is 1.5":                     sampling(Sampling{Temperature: 1, TopP: 1.5}),
		"MinP is NaN":                     sampling(Sampling{Temperature: 1, MinP: math.NaN()}),
		"TypicalP is -1":                  sampling(Sampling{Temperature: 1, TypicalP: -1}),
		"Epsilon is 2":                    sampling(Sampling{Temperature: 1, Epsilon: 2}),
		"Eta is 3":                        sampling(Sampling{Temperature: 1, Eta: 3}),
	} {
		if err := o.Validate(40); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got: %v", want, err)
		}
	}
}

func TestValidateReportsAllErrors(t *testing.T) {
	err := Options{MinTokens: -1, Beams: -1, Suppress: []int32{50}}.Validate(40)
	for _, want := range []string{"MaxTokens", "MinTokens", "Beams", "Suppress"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word about %s: %v", want, err)
		}
	}
}
