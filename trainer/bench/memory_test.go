package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/internal/sysinfo"
	"t5train/model"
)

// What no machine has the memory for is an error, and not the end of the process.
func TestMoreThanTheMemory(t *testing.T) {
	if sysinfo.MemoryMB() == 0 {
		t.Skip("the memory of this machine is not known")
	}
	large := func(change func(o *Options)) Options {
		size, err := model.SizeByName("v1_1-tiny")
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Model: size.Config, Batch: 1, Encoder: 8, Decoder: 8, Steps: 1, Optimizer: "adafactor"}
		change(&o)
		return o
	}
	ctx := context.Background()
	width := large(func(o *Options) { o.Model.DModel, o.Model.DFF = 1<<20, 1<<24 })
	batch := large(func(o *Options) { o.Batch, o.Encoder, o.Decoder = 1<<20, 1<<20, 1<<20 })
	for name, measure := range map[string]func() error{
		"train width":    func() error { _, err := Train(ctx, width); return err },
		"train batch":    func() error { _, err := Train(ctx, batch); return err },
		"generate width": func() error { _, err := Generate(ctx, width); return err },
		"generate batch": func() error { _, err := Generate(ctx, batch); return err },
		"gemm width":     func() error { _, err := Gemm(ctx, width); return err },
		"gemm batch":     func() error { _, err := Gemm(ctx, batch); return err },
	} {
		if err := measure(); err == nil || !strings.Contains(err.Error(), "bench: it takes at least ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A measurement ends soon after it is told to, however many steps are left.
func TestBenchEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("some words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Tokenize(ctx, TokenizeOptions{Text: text, Steps: 1 << 40}); !errors.Is(err, context.Canceled) {
		t.Errorf("tokenize: got %v", err)
	}
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Model: size.Config, Batch: 1, Encoder: 1, Decoder: 1, Steps: 1 << 40}
	if _, err := Gemm(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("gemm: got %v", err)
	}
}
