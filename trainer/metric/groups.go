package metric

// Groups is the part of the groups of examples whose every answer is right: the exact match of questions whose answers
// are rows of their own, as MultiRC has them. The zero value is ready to use. A sample of it is one of whole groups.
type Groups struct {
	number  map[string]int // of a key, in order of first appearance
	right   []bool
	members [][]int // numbers of the examples
	added   int
}

// Add counts an example of the group of a key.
func (g *Groups) Add(key string, right bool) {
	if g.number == nil {
		g.number = make(map[string]int)
	}
	n, ok := g.number[key]
	if !ok {
		n = len(g.right)
		g.number[key] = n
		g.right, g.members = append(g.right, true), append(g.members, nil)
	}
	g.right[n] = g.right[n] && right
	g.members[n] = append(g.members[n], g.added)
	g.added++
}

// Whole returns a metric of the same examples as one whose samples are of whole groups. Answers of one group depend on
// each other, so samples of single examples would differ too little, and intervals be too narrow (Field and Welsh 2007,
// "Bootstrapping clustered data").
func (g *Groups) Whole(m Sampled) Sampled { return whole{m, g} }

type whole struct {
	Sampled
	groups *Groups
}

// Len is the number of groups.
func (w whole) Len() int { return w.groups.Len() }

// Sample returns the values of all examples of some groups.
func (w whole) Sample(index []int) []Value {
	var examples []int
	for _, i := range index {
		examples = append(examples, w.groups.members[i]...)
	}
	return w.Sampled.Sample(examples)
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
