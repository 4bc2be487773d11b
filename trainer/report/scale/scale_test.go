package scale

import (
	"math"
	"strings"
	"testing"
)

func TestTicks(t *testing.T) {
	texts := func(s Scale) string {
		var all []string
		for _, tick := range s.Ticks {
			all = append(all, tick.Text)
		}
		return strings.Join(all, " ")
	}
	for name, c := range map[string]struct {
		scale Scale
		want  string
	}{
		"from zero":        {Linear(0, 10, 0, 1, 5), "0 2 4 6 8 10"},
		"parts":            {Linear(0.62, 0.98, 0, 1, 8), "0.65 0.70 0.75 0.80 0.85 0.90 0.95"},
		"around zero":      {Linear(-0.2, 0.2, 0, 1, 4), "-0.2 -0.1 0 0.1 0.2"},
		"small":            {Linear(0, 0.001, 0, 1, 5), "0 2e-4 4e-4 6e-4 8e-4 1e-3"},
		"thousands":        {Linear(0, 25000, 0, 1, 5), "0 5000 10k 15k 20k 25k"},
		"millions":         {Linear(0, 3e6, 0, 1, 6), "0 500k 1.0M 1.5M 2.0M 2.5M 3.0M"},
		"one value":        {Linear(2, 2, 0, 1, 4), "1.8 1.9 2.0 2.1 2.2"},
		"zero alone":       {Linear(0, 0, 0, 1, 4), "-0.5 0 0.5"},
		"a decade":         {Logarithmic(0.5, 10, 0, 1, 6), "0.5 1 2 5 10"},
		"many decades":     {Logarithmic(1e-6, 1e6, 0, 1, 5), "1e-6 0.001 1 1000 1M"},
		"less than one":    {Logarithmic(2, 4, 0, 1, 5), "2 3 4"},
		"one value of log": {Logarithmic(1, 1, 0, 1, 5), "0.5 1 2"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := texts(c.scale); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if a, b := c.scale.At(c.scale.Low), c.scale.At(c.scale.High); math.Abs(a) > 1e-9 || math.Abs(b-1) > 1e-9 {
				t.Errorf("the ends are at %g and %g", a, b)
			}
		})
	}
}
