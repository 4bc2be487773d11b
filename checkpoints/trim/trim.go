package trim

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"t5train/checkpoints"
	"t5train/checkpoints/convert"
	"t5train/data/corpus"
	"t5train/data/objective"
	"t5train/data/tokenizer"
	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/generate"
	"t5train/model/kernel"
)

// Options say what Trim keeps.
type Options struct {
	Corpus  []string               // PATH or PATH:COLUMN of texts that the model is to read and write
	Tokens  int                    // most tokens that the vocabulary has then; 0: all that the corpus uses
	Convert convert.ConvertOptions // type and size of the files; its Tokenizer and VocabSize must be unset
}

// Trim writes the checkpoint at path (see [checkpoints.Open]) to the new folder out, without the pieces that a corpus
// does not use and their rows of the embedding and of lm_head. The new tokenizer gives the texts of the corpus the same
// pieces as the old one, which is checked, unless Tokens is less than the corpus uses.
func Trim(ctx context.Context, path, out string, o Options, sink ui.Sink) error {
	dir, _, err := checkpoints.Resolve(path)
	if err != nil {
		return err
	}
	if err := convert.CheckNewFolder(dir, out); err != nil {
		return fmt.Errorf("convert to %s: %w", out, err)
	}
	old, err := tokenizer.Load(dir)
	if err != nil {
		return err
	}
	counts, err := count(ctx, old, o.Corpus, sink)
	if err != nil {
		return err
	}
	small, err := choose(old, counts, o.Tokens)
	if err != nil {
		return fmt.Errorf("trim %s: %w", dir, err)
	}
	folder, err := os.MkdirTemp("", "t5train-trim-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if small, err = reopen(small, folder); err != nil {
		return err
	}
	sample, err := check(ctx, old, small, o, sink)
	if err != nil {
		return fmt.Errorf("trim %s: %w", dir, err)
	}
	o.Convert.Tokenizer = folder
	if err := convert.Convert(ctx, dir, out, o.Convert, sink); err != nil {
		return err
	}
	return sayLosses(dir, out, sample, sink)
}

// count returns how often the texts of a corpus use each token.
func count(ctx context.Context, t *tokenizer.Tokenizer, inputs []string, sink ui.Sink) ([]int64, error) {
	counts := make([]int64, t.VocabSize())
	var ids []int32
	texts := 0
	err := corpus.ReadTexts(ctx, inputs, sink, func(text string) error {
		ids = t.AppendEncode(ids[:0], text)
		for _, id := range ids {
			counts[id]++
		}
		texts++
		return nil
	})
	if err == nil && texts == 0 {
		err = fmt.Errorf("trim: %s has no text, so nothing would be left: name another convert.trim",
			strings.Join(inputs, ", "))
	}
	return counts, err
}

// choose returns the tokenizer with the tokens that are counted, of these the most frequent where there are too many.
func choose(old *tokenizer.Tokenizer, counts []int64, tokens int) (*tokenizer.Tokenizer, error) {
	needed := old.Needed()
	left := tokens
	var used []int32
	for id, n := range counts {
		switch {
		case needed[id]:
			left--
		case n > 0:
			used = append(used, int32(id))
		}
	}
	if tokens > 0 && left < 0 {
		return nil, fmt.Errorf("%d tokens are too few: %d are special, bytes or single characters, which stay: give "+
			"convert.vocab_size at least that", tokens, tokens-left)
	}
	slices.SortStableFunc(used, func(a, b int32) int { return int(counts[b] - counts[a]) })
	if tokens > 0 {
		used = used[:min(left, len(used))]
	}
	kept := make([]bool, len(counts))
	for _, id := range used {
		kept[id] = true
	}
	return old.Trim(func(id int32) bool { return kept[id] })
}

// reopen writes the files of a tokenizer to a folder and reads them again: what is checked is what a user gets.
func reopen(t *tokenizer.Tokenizer, folder string) (*tokenizer.Tokenizer, error) {
	files, err := t.Files()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, f.Name), f.Data, 0o666); err != nil {
			return nil, err
		}
	}
	return tokenizer.Load(folder)
}

// check compares how two vocabularies write a corpus, which must be the same unless one has a limit. It returns the
// first texts.
func check(ctx context.Context, old, small *tokenizer.Tokenizer, o Options, sink ui.Sink) ([]string, error) {
	const most = 128 // texts of the sample
	var sample []string
	var was, is []int32
	var texts, other, tokens, more int
	err := corpus.ReadTexts(ctx, o.Corpus, nil, func(text string) error {
		if len(sample) < most && text != "" {
			sample = append(sample, text)
		}
		was, is = old.AppendEncode(was[:0], text), small.AppendEncode(is[:0], text)
		texts++
		tokens, more = tokens+len(was), more+len(is)-len(was)
		same := slices.EqualFunc(was, is, func(a, b int32) bool { return old.Piece(a) == small.Piece(b) })
		if !same && o.Tokens == 0 {
			return fmt.Errorf("the new vocabulary writes %.60q with other pieces, which is a fault of t5train: report "+
				"it, and train a vocabulary of your own (convert.tokenizer)", text)
		}
		if !same {
			other++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if other == 0 {
		ui.Say(sink, "pieces", "the same for all %s texts", ui.Grouped(texts))
	} else {
		ui.Say(sink, "pieces", "%s of %s texts are written with other pieces, in %.2f %% more tokens",
			ui.Grouped(other), ui.Grouped(texts), 100*float64(more)/float64(tokens))
	}
	return sample, nil
}

// sayLosses says what filling spans of the sample costs the model before and after.
func sayLosses(before, after string, sample []string, sink ui.Sink) error {
	var losses [2]float64
	for i, dir := range []string{before, after} {
		loss, targets, err := lossOf(dir, sample)
		if err != nil {
			return err
		}
		if targets == 0 {
			return nil
		}
		losses[i] = loss
	}
	ui.Say(sink, "loss", "%.4f before, %.4f after, by span corruption of the first %s texts", losses[0], losses[1],
		ui.Grouped(len(sample)))
	return nil
}

// lossOf returns the mean loss of the targets of span corruption of texts; 0 targets where a vocabulary has no
// sentinels for it.
func lossOf(dir string, texts []string) (loss float64, targets int, err error) {
	const longest = 114 // tokens of a text, which make about 99 of input: enough for a mean, and soon computed
	b, _, err := checkpoints.OpenUnverified(dir)
	if err != nil || len(b.Model.Config.EOSTokenIDs) > 1 {
		return 0, 0, err
	}
	v := objective.VocabularyOf(b.Tokenizer)
	spans, err := objective.NewSpanCorruption(objective.SpanOptions{Input: longest, Density: 0.15, Mean: 3}, v)
	if err != nil {
		return 0, 0, nil // too few sentinels
	}
	l := generate.NewLoss(b.Model, kernel.NewWorkers(0))
	lengths := spans.Lengths()
	for i, text := range texts {
		chunk := b.Tokenizer.Encode(text)
		chunk = chunk[:min(len(chunk), lengths.Tokens)]
		if len(chunk) < 2 {
			continue
		}
		in, labels := spans.Append(objective.Key{Index: int64(i)}, chunk, nil, nil)
		var batch model.Batch
		batch.Inputs.Append(in...)
		batch.Labels.Append(labels...)
		totals, err := l.Run(batch)
		if err != nil {
			return 0, 0, err
		}
		loss, targets = loss+totals.NLL, targets+totals.Tokens
	}
	return loss / float64(max(targets, 1)), targets, nil
}
