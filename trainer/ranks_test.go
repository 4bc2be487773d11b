package trainer

import (
	"fmt"
	"strings"
	"testing"

	"t5train/configs"
)

// TestDivisible divides steps over ranks: what to do is something that the run allows.
func TestDivisible(t *testing.T) {
	for _, x := range []struct {
		accumulate, ranks int
		resume            bool
		want              string // "" is no error
	}{
		{6, 3, false, ""},
		{6, 4, false, "set train.accumulate to a multiple of 4"},
		{1, 4, false, "train.accumulate=4 with train.batch_size=2 are the same examples"},
		{6, 4, true, "start 1, 2, 3 or 6 ranks to resume"},
		{1, 4, true, "start 1 rank to resume"},
	} {
		err := divisible(configs.Train{Accumulate: x.accumulate, BatchSize: 8}, x.ranks, x.resume)
		if got := fmt.Sprint(err); (err == nil) != (x.want == "") || !strings.Contains(got, x.want) {
			t.Errorf("%+v: got %v", x, err)
		}
	}
}
