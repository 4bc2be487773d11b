package objective

// corruption writes a piece of text run by run: noise_span_to_unique_sentinel makes the inputs and
// nonnoise_span_to_unique_sentinel the targets. Of a b c d e f g, of which c d and g are noise:
//
//	inputs:  a b S0 e f S1
//	targets: S0 c d S1 g
//
// The runs of noise are numbered apart from those that are kept, so in a text that begins with noise S0 stands for
// the first noise in the inputs and for what follows it in the targets: as in the original.
type corruption struct {
	first           int32   // S0; the others follow downwards
	rest            []int32 // of the piece
	inputs, targets []int32
	kept, lost      int32 // runs so far
}

// keep leaves the next n tokens to the inputs, or what there still is.
func (c *corruption) keep(n int) {
	run := c.take(n)
	if len(run) == 0 {
		return
	}
	c.inputs = append(c.inputs, run...)
	c.targets = append(c.targets, c.first-c.kept)
	c.kept++
}

// lose moves the next n tokens to the targets, or what there still is.
func (c *corruption) lose(n int) {
	run := c.take(n)
	if len(run) == 0 {
		return
	}
	c.targets = append(c.targets, run...)
	c.inputs = append(c.inputs, c.first-c.lost)
	c.lost++
}

func (c *corruption) take(n int) []int32 {
	n = min(n, len(c.rest))
	run := c.rest[:n]
	c.rest = c.rest[n:]
	return run
}
