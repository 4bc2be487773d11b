package objective

// corruption writes a chunk of text span by span: noise_span_to_unique_sentinel makes the inputs and
// nonnoise_span_to_unique_sentinel the targets. Of a b c d e f g, of which c d and g are noise:
//
//	inputs:  a b S0 e f S1
//	targets: S0 c d S1 g
//
// Spans of noise and of non-noise are numbered apart, so in a text that begins with noise S0 stands for the first noise
// in the inputs and for the non-noise that follows it in the targets: as in the original.
type corruption struct {
	first                     int32   // S0; the others follow downwards
	rest                      []int32 // of the chunk
	inputs, targets           []int32
	noiseSpans, nonNoiseSpans int32 // so far
}

// addNonNoise leaves the next n tokens to the inputs, or what there still is.
func (c *corruption) addNonNoise(n int) {
	span := c.take(n)
	if len(span) == 0 {
		return
	}
	c.inputs = append(c.inputs, span...)
	c.targets = append(c.targets, c.first-c.nonNoiseSpans)
	c.nonNoiseSpans++
}

// addNoise moves the next n tokens to the targets, or what there still is.
func (c *corruption) addNoise(n int) {
	span := c.take(n)
	if len(span) == 0 {
		return
	}
	c.targets = append(c.targets, span...)
	c.inputs = append(c.inputs, c.first-c.noiseSpans)
	c.noiseSpans++
}

func (c *corruption) take(n int) []int32 {
	n = min(n, len(c.rest))
	span := c.rest[:n]
	c.rest = c.rest[n:]
	return span
}
