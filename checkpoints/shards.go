package checkpoints

import (
	"encoding/json"
	"fmt"
	"slices"

	"t5train/checkpoints/safetensors"
)

// DefaultShardSize is the largest file of weights in bytes, as transformers 4 cuts them.
const DefaultShardSize = 5_000_000_000

// Weights are written so that transformers opens them, and those in eight bits so that it does not.
var (
	floatMetadata = map[string]string{"format": "pt"}
	int8Metadata  = map[string]string{"format": "t5train int8"}
)

// WriteWeights writes the weights of a model: model.safetensors, or where they have more than maxShard bytes
// model-00001-of-0000N.safetensors and so on with model.safetensors.index.json. Tensors fill the files in the given
// order; one that is larger than maxShard has a file of its own. If any tensor is I8, the names begin with model.int8.
func (d *Dir) WriteWeights(tensors []safetensors.Lazy, maxShard int64) error {
	shards, total, err := split(tensors, maxShard)
	if err != nil {
		return err
	}
	names, metadata := floatFiles, floatMetadata
	if slices.ContainsFunc(tensors, func(t safetensors.Lazy) bool { return t.DType == safetensors.I8 }) {
		names, metadata = int8Files, int8Metadata
	}
	if len(shards) == 1 {
		return d.WriteLazy(names.single(), shards[0], metadata)
	}
	files := make(map[string]string, len(tensors))
	for i, shard := range shards {
		name := names.shard(i+1, len(shards))
		if err := d.WriteLazy(name, shard, metadata); err != nil {
			return err
		}
		for _, t := range shard {
			files[t.Name] = name
		}
	}
	index, err := json.MarshalIndent(map[string]any{"metadata": map[string]int64{"total_size": total},
		"weight_map": files}, "", "  ")
	if err != nil {
		return err
	}
	return d.WriteFile(names.index(), index)
}

// split cuts the tensors into files and returns the bytes of all.
func split(tensors []safetensors.Lazy, maxShard int64) (shards [][]safetensors.Lazy, total int64, err error) {
	var shard []safetensors.Lazy
	filled := int64(0)
	for _, t := range tensors {
		size, err := t.Size()
		if err != nil {
			return nil, 0, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if len(shard) > 0 && filled+int64(size) > maxShard {
			shards, shard, filled = append(shards, shard), nil, 0
		}
		shard = append(shard, t)
		filled += int64(size)
		total += int64(size)
	}
	return append(shards, shard), total, nil
}
