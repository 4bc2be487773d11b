package setup

import (
	"testing"

	"t5train/model"
)

// A new model is of its size as long as no weight differs: dropout is a setting of the training.
func TestSizeWithOtherDropout(t *testing.T) {
	size, err := model.SizeByName("v1_1-tiny")
	if err != nil {
		t.Fatal(err)
	}
	other := size.Config
	other.DropoutRate = 0.5
	if !sameSize(size.Config, other) {
		t.Error("another dropout makes another size")
	}
	if other.DFF++; sameSize(size.Config, other) {
		t.Error("a wider layer makes no other size")
	}
}
