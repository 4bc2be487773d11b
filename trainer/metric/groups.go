package metric

// Groups is the part of the groups of examples whose every answer is right: the exact match of questions whose answers
// are rows of their own, as MultiRC has them. The zero value is ready to use.
type Groups struct{ right map[string]bool }

// Add counts an example of the group of a key.
func (g *Groups) Add(key string, right bool) {
	if g.right == nil {
		g.right = make(map[string]bool)
	}
	if before, ok := g.right[key]; ok {
		right = right && before
	}
	g.right[key] = right
}

// Match returns the part, from 0 to 1; 0 without groups.
func (g *Groups) Match() float64 {
	match := 0
	for _, right := range g.right {
		if right {
			match++
		}
	}
	return ratio(float64(match), float64(len(g.right)))
}
