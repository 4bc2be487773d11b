package trainer

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
	"t5train/model/kernel"
)

// A run in bfloat16 is another one than in float32, the same for any number of threads, and resumes to the same bits,
// but not in the other precision.
func TestResumeInBFloat16(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Train.LogEvery, c.Train.BatchSize, c.Train.Accumulate, c.Checkpoint.KeepLast = 1, 6, 2, 100
	c.Train.Threads = 1
	finetune(t, c, Options{})
	float := contents(t, c.Output)
	c.Output, c.Train.Precision = filepath.Join(t.TempDir(), "run"), "bfloat16"
	finetune(t, c, Options{})
	want := contents(t, c.Output)
	for name, content := range float {
		if strings.HasSuffix(name, "model.safetensors") && content == want[name] {
			t.Errorf("%s is the same in both precisions", name)
		}
	}

	c.Output, c.Train.Threads = filepath.Join(t.TempDir(), "run"), 3
	if r := stoppedAt(t, c, "step 3/"); !r.Interrupted {
		t.Fatalf("stopped with %+v", r)
	}
	other := *c
	other.Train.Precision = "float32"
	_, err := Finetune(t.Context(), &other, Options{Resume: true})
	if err == nil || !strings.Contains(err.Error(), "train.precision: bfloat16 -> float32") ||
		!strings.Contains(err.Error(), "run.overwrite") {
		t.Errorf("resumed in float32: got %v", err)
	}
	finetune(t, c, Options{Resume: true})
	got := contents(t, c.Output)
	maps.DeleteFunc(got, func(name, _ string) bool { _, ok := want[name]; return !ok }) // saved when it stopped
	compareRuns(t, "resumed", want, got)
}

// A run says once that a processor without the instruction is no faster in bfloat16.
func TestBFloat16SaysWhatItGains(t *testing.T) {
	for precision, want := range map[string]int{"float32": 0, "bfloat16": 1} {
		if kernel.NewWorkers(1).MultipliesBFloat16() {
			want = 0
		}
		c := testrun.TinyConfig(t)
		c.Train.Precision = precision
		var log strings.Builder
		finetune(t, c, Options{Sink: terminal.Plain(&log)})
		if n := strings.Count(log.String(), "gains no time"); n != want {
			t.Errorf("%s: said %d times, want %d:\n%s", precision, n, want, log.String())
		}
	}
}
