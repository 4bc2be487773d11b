package trainer

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"t5train/internal/testrun"
	"t5train/trainer/card"
)

// A run that is killed between its last checkpoint and the card of that gets the same card with the same command.
func TestFinishedRunGetsItsCard(t *testing.T) {
	c := testrun.TinyConfig(t)
	again := *c
	r := finetune(t, c, Options{})
	path := filepath.Join(r.Checkpoint, card.Name)
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	finetune(t, &again, Options{})
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the card is %q, want %q (%v)", got, want, err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	finetune(t, c, Options{})
	if got, _ := os.ReadFile(path); string(got) != "mine" {
		t.Errorf("the user's card became %q", got)
	}
}
