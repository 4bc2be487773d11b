package metric

// Groups is the part of the groups of examples whose every answer is right: the exact match of questions whose answers
// are rows of their own, as MultiRC has them. The zero value is ready to use. A sample of it is one of whole groups.
type Groups struct {
	number map[string]int // of a key, in order of first appearance
	right  []bool
}

// Add counts an example of the group of a key.
func (g *Groups) Add(key string, right bool) {
	if g.number == nil {
		g.number = make(map[string]int)
	}
	n, ok := g.number[key]
	if !ok {
		g.number[key] = len(g.right)
		g.right = append(g.right, right)
		return
	}
	g.right[n] = g.right[n] && right
}

// Len is the number of groups.
func (g *Groups) Len() int { return len(g.right) }

// Result returns group_exact_match, from 0 to 1; 0 without groups.
func (g *Groups) Result() []Value {
	match := 0
	for _, right := range g.right {
		if right {
			match++
		}
	}
	return groupMatch(match, len(g.right))
}

// Sample returns the value of some groups, as [Sampled] says.
func (g *Groups) Sample(index []int) []Value {
	match := 0
	for _, i := range index {
		if g.right[i] {
			match++
		}
	}
	return groupMatch(match, len(index))
}

func groupMatch(match, groups int) []Value {
	return []Value{{"group_exact_match", ratio(float64(match), float64(groups))}}
}
