package trainer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/data/chunks"
	"t5train/internal/mmap"
	"t5train/internal/ui/terminal"
)

// onLine calls do once when a line of the log begins with a text.
type onLine struct {
	begin string
	do    func()
}

func (o *onLine) Write(p []byte) (int, error) {
	if o.do != nil && strings.HasPrefix(string(p), o.begin) {
		o.do()
		o.do = nil
	}
	return len(p), nil
}

// A token store that is cut short while a run reads it ends the run with an error, and with a checkpoint of the steps
// so far. Once it is made again, the same run resumes to the same bits.
func TestCutStore(t *testing.T) {
	whole := tinyPretraining(t)
	whole.Checkpoint.KeepLast = 9
	pretrain(t, whole, nil)
	want := contents(t, whole.Output)
	for name, c := range map[string]struct {
		store string
		left  int64
		step  int // that is saved
	}{
		"text to train on":            {"train", 0, 2},
		"the end of text to evaluate": {"validation", 100, 3},
	} {
		t.Run(name, func(t *testing.T) {
			run := *whole
			run.Output, run.Data.Tokens = filepath.Join(t.TempDir(), "run"), t.TempDir()
			cut := func() {
				dirs, err := filepath.Glob(filepath.Join(run.Data.Tokens, "tokens-*"))
				if err != nil || len(dirs) != 2 {
					t.Fatalf("stores %q, %v", dirs, err)
				}
				for _, dir := range dirs {
					m, err := chunks.ReadManifest(dir)
					if err == nil && strings.Contains(fmt.Sprint(m.Key), c.store+"-0000") {
						err = os.Truncate(filepath.Join(dir, "tokens.bin"), c.left)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			log := &onLine{fmt.Sprintf("step %d/", c.step), cut}
			_, err := Pretrain(t.Context(), &run, Options{Sink: terminal.Plain(log)})
			kept := fmt.Sprintf("checkpoint of step %d is kept", c.step)
			if !errors.As(err, new(*mmap.Fault)) || !strings.Contains(err.Error(), "tokens.bin was cut short") ||
				!strings.Contains(err.Error(), kept) {
				t.Fatalf("got error %v, want one about tokens.bin and that the %s", err, kept)
			}
			if err := os.RemoveAll(run.Data.Tokens); err != nil {
				t.Fatal(err)
			}
			pretrain(t, &run, nil)
			compareRuns(t, name, want, contents(t, run.Output))
		})
	}
}
