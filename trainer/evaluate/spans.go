package evaluate

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"t5train/checkpoints"
	"t5train/data/objective"
	"t5train/data/tokenizer"
	"t5train/model/generate"
	"t5train/model/kernel"
)

// spanFiller shows what a model puts into the masked spans of a few short texts.
type spanFiller struct {
	tok       *tokenizer.Tokenizer
	vocab     objective.Vocabulary
	generator *generate.Generator
	inputs    [][]int32
	targets   [][]int32
}

// The most tokens of a sample, so that it fits into a line or two of a log, and of what the model says to it.
const (
	sampleText   = 32
	sampleOutput = 24
)

// newSpanFiller takes samples from all over the chunks, of the denoisers in turn.
func newSpanFiller(folder *checkpoints.Folder, denoisers []objective.Denoiser, texts []DenoiserChunks, samples int,
	w *kernel.Workers) *spanFiller {
	g := &spanFiller{tok: folder.Tokenizer, vocab: objective.VocabularyOf(folder.Tokenizer),
		generator: generate.New(folder.Model, w)}
	for i := range samples {
		d, own := denoisers[i%len(denoisers)], texts[i%len(denoisers)].Chunks
		at := i * own.Len() / samples
		text := own.Chunk(at, nil)
		text = text[:min(len(text), sampleText, d.Objective.Lengths().Tokens)]
		input, target := d.Objective.Append(objective.Key{Index: int64(at)}, text, nil, nil)
		g.inputs, g.targets = append(g.inputs, input), append(g.targets, target)
	}
	return g
}

// show returns a line for each sample: its text with what stood in each span and what the model fills in.
//
//	sample: The [quick brown -> little] fox jumps over the [lazy -> lazy] dog
func (g *spanFiller) show(ctx context.Context) ([]string, error) {
	outputs, err := g.generator.Generate(ctx, g.inputs, generate.Options{MaxTokens: sampleOutput})
	if err != nil {
		return nil, err
	}
	lines := make([]string, len(outputs))
	for i, out := range outputs {
		lines[i] = "sample: " + fillSpans(g.tok, g.vocab, g.inputs[i], g.targets[i], out[0].IDs)
	}
	return lines, nil
}

// fillSpans writes an input with a pair for each sentinel: the tokens of the target and those of the output. Without
// sentinels the pair follows the input.
func fillSpans(tok *tokenizer.Tokenizer, v objective.Vocabulary, input, target, output []int32) string {
	truth, guess := splitSpans(v, target), splitSpans(v, output)
	var b strings.Builder
	pair := func(span int32) {
		was := surface(tok, truth[span])
		if strings.HasPrefix(was, " ") {
			b.WriteString(" ")
		}
		fmt.Fprintf(&b, "[%s -> %s]", strings.TrimSpace(was), strings.TrimSpace(surface(tok, guess[span])))
	}
	first := int32(0)
	if _, leading := truth[-1]; leading && v.Sentinels > 0 && objective.HasSentinel(v, target) {
		first = -1 // the text begins with a span, which has no sentinel in the target
	}
	run, spans := input[:0:0], 0
	for _, id := range input {
		if !objective.IsSentinel(v, id) {
			if id != v.EOS {
				run = append(run, id)
			}
			continue
		}
		b.WriteString(surface(tok, run))
		run = run[:0]
		pair(first + v.FirstSentinel - id)
		spans++
	}
	b.WriteString(surface(tok, run))
	if spans == 0 {
		pair(-1)
	}
	return strings.TrimSpace(b.String())
}

// splitSpans returns the tokens behind each sentinel of a target, by the sentinel's number; those before the first are
// -1.
func splitSpans(v objective.Vocabulary, ids []int32) map[int32][]int32 {
	spans := map[int32][]int32{}
	span := int32(-1)
	for _, id := range ids {
		switch {
		case objective.IsSentinel(v, id):
			span = v.FirstSentinel - id
		case id != v.EOS:
			spans[span] = append(spans[span], id)
		}
	}
	return spans
}

// surface returns the text of tokens in the middle of a text, on one line: other than Decode alone it keeps a space at
// the beginning.
func surface(tok *tokenizer.Tokenizer, ids []int32) string {
	before := tok.Encode("a")
	text := strings.TrimPrefix(tok.Decode(append(before, ids...), false), tok.Decode(before, false))
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
