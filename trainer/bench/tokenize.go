package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"t5train/checkpoints"
	"t5train/data/table"
	"t5train/data/tokenizer"
	"t5train/internal/bounded"
	"t5train/internal/parallel"
	"t5train/internal/random"
	"t5train/internal/sysinfo"
	"t5train/model/kernel"
)

// TokenizeOptions say what to tokenize.
type TokenizeOptions struct {
	Tokenizer string // spiece.model or a folder with one; empty: T5's
	Text      string // file of text, a piece to tokenize on each line; empty: pieces of the tokenizer at random
	Steps     int    // passes over the text
	Threads   int
}

// TokenizeResult is the speed of a tokenizer; MB are 10^6 bytes of UTF-8.
type TokenizeResult struct {
	Lines         int     `json:"lines"`
	MB            float64 `json:"MB"`
	Tokens        int64   `json:"tokens"`
	LoadS         float64 `json:"load_s"`
	OneThread     float64 `json:"one_thread_MBps"` // best of the passes, as the other speeds
	AllThreads    float64 `json:"MBps"`
	TokensPerS    float64 `json:"tokens_per_s"`        // on all threads
	DecodePerS    float64 `json:"decode_tokens_per_s"` // on one
	Threads       int     `json:"threads"`
	PeakRSS       float64 `json:"peak_rss_mb"`
	AllocsPerLine float64 `json:"allocs_per_line"`
}

// maxBenchLines is how many lines of a text are measured, drawn at random: they are held in memory.
const maxBenchLines = 20000

// Tokenize measures a tokenizer until ctx ends.
func Tokenize(ctx context.Context, o TokenizeOptions) (*TokenizeResult, error) {
	o.Steps = max(1, o.Steps)
	begun := time.Now()
	tok, err := checkpoints.OpenTokenizer(o.Tokenizer)
	if err != nil {
		return nil, err
	}
	r := &TokenizeResult{LoadS: time.Since(begun).Seconds()}
	lines := madeUpLines(tok)
	if o.Text != "" {
		if lines, err = readBenchLines(ctx, o.Text); err != nil {
			return nil, err
		}
	}
	total := 0
	for _, l := range lines {
		total += len(l)
	}
	r.Lines, r.MB = len(lines), float64(total)/1e6
	var ids []int32
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.OneThread = r.MB / best(ctx, o.Steps, func() {
		r.Tokens = 0
		for _, l := range lines {
			ids = tok.AppendEncode(ids[:0], l)
			r.Tokens += int64(len(ids))
		}
	})
	runtime.ReadMemStats(&after)
	r.AllocsPerLine = float64(after.Mallocs-before.Mallocs) / float64(o.Steps*len(lines))
	r.Threads = kernel.NewWorkers(o.Threads).Threads()
	seconds := best(ctx, o.Steps, func() {
		ids := make([][]int32, r.Threads)
		parallel.Each(r.Threads, len(lines), func(thread, i int) {
			ids[thread] = tok.AppendEncode(ids[thread][:0], lines[i])
		})
	})
	r.AllThreads, r.TokensPerS = r.MB/seconds, float64(r.Tokens)/seconds
	encoded := make([][]int32, len(lines))
	for i, l := range lines {
		encoded[i] = tok.Encode(l)
	}
	r.DecodePerS = float64(r.Tokens) / best(ctx, o.Steps, func() {
		for _, ids := range encoded {
			tok.Decode(ids, true)
		}
	})
	r.PeakRSS = sysinfo.PeakRSS()
	return r, ctx.Err()
}

// best returns the seconds of the fastest of some calls, one at least, of which none begins once ctx has ended.
func best(ctx context.Context, times int, f func()) float64 {
	least := math.Inf(1)
	for i := 0; i == 0 || i < times && ctx.Err() == nil; i++ {
		begun := time.Now()
		f()
		least = min(least, time.Since(begun).Seconds())
	}
	return least
}

func readBenchLines(ctx context.Context, path string) ([]string, error) {
	bound, err := bounded.Bytes()
	if err != nil {
		return nil, fmt.Errorf("read text to tokenize: %w", err)
	}
	file, err := table.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read text to tokenize: %w", err)
	}
	defer file.Close()
	var lines []string
	draw, seen, held := random.New(1), uint64(0), int64(0)
	err = table.EachLine(ctx, file, func(number int, l string) error {
		if l = strings.TrimRight(l, "\r"); l == "" {
			return nil
		}
		// Each line so far is among the kept ones with equal probability (Knuth, volume 2, section 3.4.2, algorithm R).
		if seen++; len(lines) < maxBenchLines {
			lines, held = append(lines, l), held+int64(len(l))
		} else if at := draw.Below(seen); at < maxBenchLines {
			held += int64(len(l) - len(lines[at]))
			lines[at] = l
		}
		if held > bound {
			return fmt.Errorf("line %d: the lines so far have more than %d bytes, the most that is held in memory: "+
				"use a smaller text, or %s", number, bound, bounded.Raise(2*bound))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read text to tokenize: %s: %w", path, err)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("read text to tokenize: %s has no text", path)
	}
	return lines, nil
}

// madeUpLines are lines of the tokenizer's own pieces, those of low ids more often, as in text.
func madeUpLines(tok *tokenizer.Tokenizer) []string {
	const lines, pieces = 5000, 30
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]string, lines)
	for i := range out {
		ids := make([]int32, pieces)
		for j := range ids {
			u := r.Float64()
			ids[j] = int32(u * u * u * float64(tok.VocabSize()-1))
		}
		out[i] = strings.TrimSpace(tok.Decode(ids, true)) + "."
	}
	return out
}

// String is the result for a person.
func (r *TokenizeResult) String() string {
	return fmt.Sprintf("%d lines, %.1f MB, %d tokens\nencode %.1f MB/s on one thread, %.1f MB/s and %.0f tokens/s on "+
		"%d\ndecode %.0f tokens/s on one thread\nload %.3f s, %.2f allocations a line, peak memory %.0f MB\n",
		r.Lines, r.MB, r.Tokens, r.OneThread, r.AllThreads, r.TokensPerS, r.Threads, r.DecodePerS, r.LoadS,
		r.AllocsPerLine,
		r.PeakRSS)
}
