package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"t5train/internal/bounded"
	"t5train/model"
	"t5train/model/kernel"
)

func TestMeasureStopsBetweenSteps(t *testing.T) {
	for name, o := range map[string]Options{"warm-up": {Warmup: 1000, Steps: 1}, "measured": {Steps: 1000}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			made := 0
			_, err := measure(ctx, o, kernel.NewWorkers(1), func(int) (int, error) {
				if made++; made == 3 {
					cancel()
				}
				return 1, nil
			})
			if !errors.Is(err, context.Canceled) || made != 3 {
				t.Errorf("error is %v after %d steps, want %v after 3", err, made, context.Canceled)
			}
		})
	}
}

func TestBenchGemmStops(t *testing.T) {
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Gemm(ctx, Options{Model: size.Config, Batch: 1, Encoder: 4, Decoder: 4, Threads: 1}); !errors.Is(err,
		context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

func TestReadBenchLines(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
		error      string
	}{
		{"both kinds of line ends", "one\r\n\ntwo\n", []string{"one", "two"}, ""},
		{"no line end at the end", "one\n two", []string{"one", " two"}, ""},
		{"more than are read", strings.Repeat("x\n", maxBenchLines+5), slices.Repeat([]string{"x"}, maxBenchLines), ""},
		{"not UTF-8", "one\ncaf\xe9\n", nil, "lines.txt: line 2: byte 0xe9 is not UTF-8"},
		{"more than is held", strings.Repeat(strings.Repeat("x", 1<<10)+"\n", 1<<10+1), nil,
			"line 1025: the lines so far have more than 1048576 bytes, the most that is held in memory: use a " +
				"smaller text, or set T5_MAX_READ_MB=2 in the environment"},
		{"nothing but line ends", "\n\r\n", nil, "has no text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(bounded.Variable, "1")
			path := filepath.Join(t.TempDir(), "lines.txt")
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := readBenchLines(t.Context(), path)
			if c.error != "" {
				if err == nil || !strings.Contains(err.Error(), c.error) {
					t.Errorf("error is %v, want one with %q", err, c.error)
				}
			} else if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%d lines and %v, want %d lines", len(got), err, len(c.want))
			}
		})
	}
}
