package values

import (
	"fmt"
	"math"
	"testing"
)

// The largest values of flags are taken.
func TestCountLimits(t *testing.T) {
	for _, x := range []struct {
		name string
		n    int64
	}{{"threads", 1024}, {"batch-size", 1 << 20}, {"steps", math.MaxInt32}, {"seed", math.MaxInt64}, {"threads", 0}} {
		if problem := checkCount(x.name, fmt.Sprint(x.n)); problem != "" {
			t.Errorf("--%s %s", x.name, problem)
		}
	}
}
