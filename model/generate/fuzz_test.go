package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
)

// FuzzGenerate holds outputs to their options, whatever these are.
func FuzzGenerate(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{12, 3, 4, 2, 1, 0, 2, 2, 3, 1, 5, 6, 7, 8, 9, 10, 11})
	f.Add([]byte{8, 0, 0, 3, 0, 0, 0, 0, 0, 9, 120, 5, 200, 10, 210, 30, 40, 1, 2})
	f.Add([]byte{6, 5, 3, 1, 2, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0, 0, 4, 5, 1, 1, 30, 2, 3})
	f.Add([]byte{9, 1, 5, 5, 2, 0, 0, 0, 2, 4, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1})
	g := newToyGenerator(f, 2)
	f.Fuzz(func(t *testing.T, data []byte) {
		o, fromTrie := fuzzedOptions(data)
		outputs, err := g.Generate(context.Background(), toyInputs, o)
		if invalid := o.Validate(40); invalid != nil {
			if err == nil {
				t.Fatalf("%+v: generated in spite of %v", o, invalid)
			}
			return
		}
		if err != nil {
			return // wrong in view of the model's EOS
		}
		for i, all := range outputs {
			if len(all) == 0 || len(all) > max(1, o.NumReturnSequences) {
				t.Fatalf("%+v: %d outputs", o, len(all))
			}
			for j, out := range all {
				if err := obeys(&o, toyInputs[i], out, fromTrie); err != nil {
					t.Fatalf("%+v: input %d: %+v: %v", o, i, out, err)
				}
				if o.Beams > 1 && j > 0 && !(out.Score <= all[j-1].Score) {
					t.Fatalf("%+v: input %d: score %v behind %v", o, i, out.Score, all[j-1].Score)
				}
			}
		}
	})
}

// fuzzedOptions makes options of bytes, most of them valid.
func fuzzedOptions(data []byte) (o Options, allowed [][]int32) {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		b := data[0]
		data = data[1:]
		return int(b)
	}
	tokens := func(n int) (ids []int32) {
		for range n {
			ids = append(ids, int32(next()%42))
		}
		return ids
	}
	o.MaxTokens, o.MinTokens = next()%16, next()%8
	o.Beams, o.NumReturnSequences = next()%6, next()%6
	o.EarlyStopping, o.ForcedEOS = EarlyStopping(next()%3), next()%2 == 1
	o.NoRepeatNgram, o.EncoderNoRepeatNgram = next()%4, next()%4
	o.RepetitionPenalty = float64(next()%8) / 4
	kind := next()
	if kind&1 != 0 {
		o.Sampling = &Sampling{Temperature: float64(next()) / 64, TopK: next() % 50, TopP: float64(next()) / 250,
			MinP:     float64(next()) / 250,
			TypicalP: float64(next()) / 250, Epsilon: float64(next()) / 2500, Eta: float64(next()) / 2500,
			Seed: uint64(next())}
	}
	if kind&2 != 0 {
		o.LengthPenalty = new(float64(next())/32 - 4)
	}
	if kind&4 != 0 {
		for range next() % 8 {
			allowed = append(allowed, append(tokens(next()%4), 1))
		}
		o.Allowed = NewTrie(allowed)
	}
	o.Prefix, o.Suppress = tokens(next()%3), tokens(next()%4)
	for range next() % 3 {
		o.BadWords = append(o.BadWords, tokens(next()%4))
	}
	if kind&8 != 0 {
		o.EOS = tokens(next() % 3)
	}
	return o, allowed
}

// obeys reports where an output does not keep to its options.
func obeys(o *Options, input []int32, out Output, allowed [][]int32) error {
	eos := o.EOS
	if eos == nil {
		eos = []int32{1}
	}
	tokens := len(out.IDs)
	if out.Finished {
		tokens++
	}
	free := out.IDs // but for what is forced
	if n := min(len(free), len(o.Prefix)); !slices.Equal(free[:n], o.Prefix[:n]) {
		return errors.New("does not begin with the prefix")
	} else if n > 0 {
		free = free[n:]
	}
	if math.IsNaN(out.LogProb) || math.IsNaN(out.Score) || out.LogProb > 1e-4 {
		return fmt.Errorf("log-probability %v, score %v", out.LogProb, out.Score)
	}
	if tokens > o.MaxTokens {
		return fmt.Errorf("%d tokens", tokens)
	}
	if forced := o.ForcedEOS && tokens == o.MaxTokens; out.Finished && !forced && len(out.IDs) < o.MinTokens {
		return fmt.Errorf("ended behind %d tokens", len(out.IDs))
	} else if !out.Finished && forced {
		return errors.New("does not end in EOS")
	}
	ids := append([]int32{0}, out.IDs...)
	for at := len(ids) - len(free); at < len(ids); at++ {
		if slices.Contains(eos, ids[at]) || slices.Contains(o.Suppress, ids[at]) {
			return fmt.Errorf("holds token %d", ids[at])
		}
		for _, word := range o.BadWords {
			if n := at + 1 - len(word); n >= 0 && slices.Equal(ids[n:at+1], word) {
				return fmt.Errorf("holds the bad word %d", word)
			}
		}
		if repeats(ids[:at], ids[:at+1], o.NoRepeatNgram) || repeats(input, ids[:at+1], o.EncoderNoRepeatNgram) {
			return fmt.Errorf("repeats at %d", at)
		}
	}
	if o.Allowed != nil && !slices.ContainsFunc(allowed, func(s []int32) bool {
		return slices.Equal(s[:len(s)-1], out.IDs) || !out.Finished && len(out.IDs) < len(s) &&
			slices.Equal(s[:len(out.IDs)], out.IDs)
	}) {
		return errors.New("is not in the trie")
	}
	return nil
}

// repeats reports whether the last n tokens are somewhere in seen.
func repeats(seen, tokens []int32, n int) bool {
	if n == 0 || len(tokens) < n {
		return false
	}
	for i := range len(seen) - n + 1 {
		if slices.Equal(seen[i:i+n], tokens[len(tokens)-n:]) {
			return true
		}
	}
	return false
}
