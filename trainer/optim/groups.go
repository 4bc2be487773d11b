package optim

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"t5train/model/modules"
)

// SetGroups sets Rate and NoDecay of parameters as the section says.
func (s Spec) SetGroups(params []Param) error {
	var names []string
	for i := range params {
		p := &params[i]
		names = append(names, p.Name)
		p.NoDecay = !s.DecayAll && sparedByDecay(*p)
	}
	if s.LayerDecay > 0 {
		for i, depth := range modules.Depths(names) {
			params[i].Rate = max(math.Pow(s.LayerDecay, float64(depth)), math.SmallestNonzeroFloat64) // 0 is 1
		}
	}
	for _, group := range s.Groups {
		module, factor, err := parseGroup(group)
		if err != nil {
			return fmt.Errorf("optimizer.groups: %w", err)
		}
		found, err := modules.Match(names, module)
		if err != nil {
			return fmt.Errorf("optimizer.groups: %w (what train.freeze names has no rate)", err)
		}
		for _, i := range found {
			params[i].Rate = max(params[i].rate()*factor, math.SmallestNonzeroFloat64)
		}
	}
	return nil
}

// sparedByDecay reports whether weight decay is not meant for a parameter: a scale of a norm, whose neutral value is 1
// and not 0, or a position bias.
func sparedByDecay(p Param) bool {
	return len(p.Shape) < 2 || strings.HasSuffix(p.Name, "relative_attention_bias.weight")
}

// CheckGroups returns what is wrong with optimizer.groups, as far as it can be seen without a model.
func (s Spec) CheckGroups() error {
	for _, group := range s.Groups {
		if _, _, err := parseGroup(group); err != nil {
			return err
		}
	}
	return nil
}

// parseGroup reads a group: encoder=0.1.
func parseGroup(group string) (module string, factor float64, err error) {
	module, text, ok := strings.Cut(group, "=")
	factor, err = strconv.ParseFloat(text, 64)
	if !ok || module == "" || err != nil || !(factor > 0 && factor <= math.MaxFloat32) {
		return "", 0, fmt.Errorf("got %q, want a module and a factor above 0, such as encoder=0.1 "+
			"(train.freeze names what is not to learn at all)", group)
	}
	return module, factor, nil
}
