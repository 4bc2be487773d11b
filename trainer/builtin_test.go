package trainer

import (
	"math"
	"testing"

	"t5train/checkpoints/builtin"
	"t5train/configs"
	"t5train/internal/testrun"
)

// The built-in model is fine-tuned to the loss that it had when it was built in: another one comes of other weights or
// of another way to train, for which the tables of its README.md are to be measured again.
func TestBuiltinModel(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	const want = 0.3764
	c := testrun.TinyConfig(t)
	c.Model, c.Tokenizer = configs.Model{Path: builtin.Default}, configs.Tokenizer{}
	c.Data.MaxInputLength, c.Data.MaxTargetLength = 48, 8
	c.Data.MaxTrainExamples, c.Data.MaxValidationExamples = 80, 40
	c.Train.Epochs, c.Train.Steps, c.Train.BatchSize = 0, 10, 8
	if got := finetune(t, c, Options{}).Metrics["loss"]; math.Abs(got-want) > 0.02*want {
		t.Errorf("the loss after 10 steps is %.4f, want %.4f within 2 %%", got, want)
	}
}
