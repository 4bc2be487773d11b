// Package modules finds parameters by the names of the modules that have them, as a configuration says which parts of
// a model are frozen, and which learn at another rate:
//
//	embedding              the table of the embedding, which tensors call shared
//	encoder                a stack
//	decoder.block.0-3      blocks 0, 1, 2 and 3 of a stack
//	decoder.block.0.layer.1.EncDecAttention.q
package modules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"t5train/internal/nearest"
)

// Embedding is the name of the module shared that is easier to guess.
const Embedding = "embedding"

const (
	shared = "shared"
	weight = ".weight"
)

// Match returns the places in params, names of parameters as decoder.block.0.layer_norm.weight, of those that a module
// has. A name that matches none is an error that says which there are.
func Match(params []string, module string) ([]int, error) {
	var all []int
	for _, name := range ranged(module) {
		var found []int
		for i, p := range params {
			if p == name || strings.HasPrefix(p, name+".") {
				found = append(found, i)
			}
		}
		if len(found) == 0 {
			return nil, unknown(params, module)
		}
		all = append(all, found...)
	}
	return all, nil
}

// ranged writes out a name: decoder.block.0-2 is decoder.block.0, decoder.block.1 and decoder.block.2.
func ranged(module string) []string {
	if module == Embedding {
		return []string{shared}
	}
	names := []string{""}
	for part := range strings.SplitSeq(module, ".") {
		low, high, isRange := strings.Cut(part, "-")
		first, errFirst := strconv.Atoi(low)
		last, errLast := strconv.Atoi(high)
		parts := []string{part}
		const most = 4096 // blocks of a model
		if isRange && errFirst == nil && errLast == nil && 0 <= first && first <= last && last < most {
			parts = nil
			for n := first; n <= last; n++ {
				parts = append(parts, strconv.Itoa(n))
			}
		}
		if len(names)*len(parts) > most {
			return []string{module} // which no parameter has
		}
		var longer []string
		for _, name := range names {
			for _, p := range parts {
				longer = append(longer, strings.TrimPrefix(name+"."+p, "."))
			}
		}
		names = longer
	}
	return names
}

// unknown is the error of a module that is not there.
func unknown(params []string, module string) error {
	if module == "lm_head" || strings.HasPrefix(module, "lm_head.") {
		return fmt.Errorf("%q is no module of this model, whose output layer is its embedding (tie_word_embeddings): "+
			"name %s", module, Embedding)
	}
	have := Outline(params)
	return fmt.Errorf("%q is no module of the model: want %s, or a part of one, such as "+
		"encoder.block.0.layer.0.SelfAttention.q%s", module, strings.Join(have, ", "),
		nearest.DidYouMean(module, have, ": "))
}

// Depths returns how many blocks lie between each parameter and the output of its stack, its own one included: 0 for a
// final norm and lm_head, 1 for the last block. The embedding lies below the first block of the deepest stack.
func Depths(params []string) []int {
	blocks := map[string]int{} // of each stack
	deepest := 0
	for _, p := range params {
		stack, n, ok := block(p)
		if ok {
			blocks[stack] = max(blocks[stack], n+1)
			deepest = max(deepest, n+1)
		}
	}
	depths := make([]int, len(params))
	for i, p := range params {
		if stack, n, ok := block(p); ok {
			depths[i] = blocks[stack] - n
		} else if strings.HasPrefix(p, shared+".") {
			depths[i] = deepest + 1
		}
	}
	return depths
}

// block returns the stack and the number of the block that a parameter is in.
func block(param string) (stack string, n int, ok bool) {
	parts := strings.SplitN(param, ".", 4)
	if len(parts) < 4 || parts[1] != "block" {
		return "", 0, false
	}
	n, err := strconv.Atoi(parts[2])
	return parts[0], n, err == nil
}

// Outline lists the large modules that params belong to: embedding, encoder, encoder.block.0-5,
// encoder.final_layer_norm and so on.
func Outline(params []string) []string {
	blocks := map[string]int{} // the last one
	var list []string
	for _, p := range params {
		parts := strings.Split(strings.TrimSuffix(p, weight), ".")
		name := strings.Join(parts[:min(2, len(parts))], ".")
		if name == shared {
			name = Embedding
		}
		stack := parts[0]
		if len(parts) > 1 && !slices.Contains(list, stack) {
			list = append(list, stack)
		}
		if _, n, ok := block(p); ok {
			blocks[name] = max(blocks[name], n)
		}
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	for i, name := range list {
		if last, ok := blocks[name]; ok && last > 0 {
			list[i] = fmt.Sprintf("%s.0-%d", name, last)
		} else if ok {
			list[i] = name + ".0"
		}
	}
	return list
}
