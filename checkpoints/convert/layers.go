package convert

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"t5train/checkpoints/safetensors"
	"t5train/model"
)

// layers are the blocks that stay, of the encoder and of the decoder, in their new order.
type layers struct{ encoder, decoder []int }

// parseLayers reads a choice of blocks: 0,2,4 of both stacks, or 0,2,4/0,5 of the encoder and the decoder.
func parseLayers(text string) (layers, error) {
	encoder, decoder, two := strings.Cut(text, "/")
	if !two {
		decoder = encoder
	}
	var l layers
	for _, stack := range []struct {
		text string
		list *[]int
	}{{encoder, &l.encoder}, {decoder, &l.decoder}} {
		for word := range strings.SplitSeq(stack.text, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(word))
			if err != nil || n < 0 {
				return l, fmt.Errorf("convert.layers: got %.80q, want numbers of blocks from 0, such as 0,2,4, or "+
					"those of encoder and decoder as 0,2,4/0,5", text)
			}
			if slices.Contains(*stack.list, n) {
				return l, fmt.Errorf("convert.layers: %.80q names block %d twice", text, n)
			}
			*stack.list = append(*stack.list, n)
		}
	}
	return l, nil
}

// keepLayers leaves out the blocks that the options do not name. What was measured of the model is of another one.
func (c *conversion) keepLayers() error {
	l, err := parseLayers(c.options.Layers)
	if err != nil {
		return err
	}
	for _, stack := range []struct {
		name string
		list []int
		have int
	}{{"encoder", l.encoder, c.parsed.NumLayers}, {"decoder", l.decoder, c.parsed.NumDecoderLayers}} {
		if most := slices.Max(stack.list); most >= stack.have {
			return fmt.Errorf("convert.layers names block %d, but the %s has blocks 0 to %d: name other ones, or "+
				"those of encoder and decoder as 0,2,4/0,5", most, stack.name, stack.have-1)
		}
	}
	c.layers = &l
	c.parsed.NumLayers, c.parsed.NumDecoderLayers = len(l.encoder), len(l.decoder)
	return c.forget()
}

var blockName = regexp.MustCompile(`^(encoder|decoder)\.block\.(\d+)\.(.*)$`)

// selected returns the tensors of the blocks that stay, by their new names, with all that is in no block. The table of
// position biases, which the first block has for all, stays with the new first one.
func (l *layers) selected(config model.Config, tensors []safetensors.Lazy) []safetensors.Lazy {
	var kept []safetensors.Lazy
	for _, t := range tensors {
		parts := blockName.FindStringSubmatch(t.Name)
		if parts == nil {
			kept = append(kept, t)
			continue
		}
		list := l.encoder
		if parts[1] == "decoder" {
			list = l.decoder
		}
		n, _ := strconv.Atoi(parts[2]) // its digits matched
		at := slices.Index(list, n)
		if strings.HasSuffix(parts[3], "relative_attention_bias.weight") && config.ModelType != "umt5" {
			at = 0
		}
		if at >= 0 {
			t.Name = fmt.Sprintf("%s.block.%d.%s", parts[1], at, parts[3])
			kept = append(kept, t)
		}
	}
	return kept
}
