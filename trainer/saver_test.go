package trainer

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/data/tokenizer"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
	"t5train/internal/ui/terminal"
	"t5train/model/kernel"
)

// testSnapshot is a snapshot of two values, which share its memory.
func testSnapshot(step int, values []float32) snapshot {
	return snapshot{
		step: step, files: []tokenizer.File{{Name: "config.json", Data: []byte("{}")}},
		weights:   []safetensors.Tensor{safetensors.FromFloat32("w", []int{len(values)}, values)},
		optimizer: []safetensors.Tensor{safetensors.FromFloat32("w/m", []int{1}, values[:1])},
	}
}

func testSaver(t *testing.T) *saver {
	t.Helper()
	run, err := checkpoints.OpenRun(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return newSaver(run, 10, kernel.NewWorkers(2))
}

// A checkpoint written in the background has the bytes of one written at once, whatever becomes of the weights
// meanwhile.
func TestSaverWritesACopy(t *testing.T) {
	want, got := testSaver(t), testSaver(t)
	values := make([]float32, 1<<20)
	for step := 1; step <= 3; step++ {
		values[0], values[len(values)-1] = float32(step), float32(-step)
		if err := want.write(testSnapshot(step, values)); err != nil {
			t.Fatal(err)
		}
		if err := got.start(testSnapshot(step, values)); err != nil {
			t.Fatal(err)
		}
		got.detachAll()
		clear(values)
	}
	if err := got.wait(); err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 3; step++ {
		for _, name := range []string{"config.json", "model.safetensors", optimizerName} {
			w, g := testdir.Read(t, filepath.Join(want.run.Dir(step), name)),
				testdir.Read(t, filepath.Join(got.run.Dir(step), name))
			if !bytes.Equal(w, g) {
				t.Errorf("step %d: %s differs", step, name)
			}
		}
	}
}

// A tensor that is wanted back before it is written is copied, to the buffer of the time before if there was one.
func TestBorrowed(t *testing.T) {
	owned := []byte("old")
	l := &borrowed{data: owned}
	buffer := l.detach(nil)
	copy(owned, "new")
	var written bytes.Buffer
	if err := l.write(&written); err != nil || written.String() != "old" {
		t.Errorf("wrote %q, %v, want what it was", written.String(), err)
	}
	if again := (&borrowed{data: owned}).detach(buffer); &again[0] != &buffer[0] || string(buffer) != "new" {
		t.Errorf("the second copy is %q, want it in the place of the first", again)
	}

	written.Reset()
	l = &borrowed{data: owned}
	if err := l.write(&written); err != nil || written.String() != "new" {
		t.Errorf("wrote %q, %v", written.String(), err)
	}
	if buffer := l.detach(nil); buffer != nil {
		t.Errorf("copied %q, which is written", buffer)
	}
}

// A write that has failed in the background is told once, by whatever asks first, and spoils nothing.
func TestSaverFails(t *testing.T) {
	bad := testSnapshot(1, []float32{1})
	bad.files = nil // so it is no checkpoint
	good := testSnapshot(2, []float32{2})
	for name, ask := range map[string]func(s *saver) error{
		"wait":           (*saver).wait,
		"the next start": func(s *saver) error { return s.start(good) },
		"failed": func(s *saver) error {
			for {
				if err := s.failed(); err != nil || s.pending == nil {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSaver(t)
			if err := s.start(bad); err != nil {
				t.Fatal(err)
			}
			if err := ask(s); err == nil || !strings.Contains(err.Error(), "no config.json") {
				t.Errorf("error %v", err)
			}
			if err := errors.Join(s.failed(), s.wait()); err != nil {
				t.Errorf("told again: %v", err)
			}
			if _, found, err := s.run.Latest(); found || err != nil {
				t.Errorf("there is a checkpoint: %v, %v", found, err)
			}
		})
	}
	t.Run("write", func(t *testing.T) {
		s := testSaver(t)
		if err := s.start(bad); err != nil {
			t.Fatal(err)
		}
		if err := s.write(good); err != nil {
			t.Errorf("a good write after a failed one: %v", err)
		}
		if step, _, err := s.run.Latest(); step != 2 || err != nil {
			t.Errorf("the latest step is %d, %v", step, err)
		}
	})
}

// The folder of a run may be removed while it goes on: the next checkpoint makes it again, so no training is lost.
func TestOutputRemovedWhileTraining(t *testing.T) {
	c := testrun.TinyConfig(t)
	c.Data.Validation, c.Train.LogEvery, c.Checkpoint.EverySteps = nil, 1, 6
	weights := testdir.Read(t, filepath.Join(finetune(t, c, Options{}).Checkpoint, "model.safetensors"))

	c.Output = filepath.Join(t.TempDir(), "run")
	r := finetune(t, c, Options{Sink: terminal.Plain(eachLine(func(line string) {
		if strings.HasPrefix(line, "step 4/") {
			if err := os.RemoveAll(c.Output); err != nil {
				t.Error(err)
			}
		}
	}))})
	if !bytes.Equal(testdir.Read(t, filepath.Join(r.Checkpoint, "model.safetensors")), weights) {
		t.Error("other weights")
	}
	if again := finetune(t, c, Options{}); again.Step != 8 {
		t.Errorf("the folder holds the run %+v", again)
	}
}
