package checkpoints

import (
	"fmt"
	"strings"

	"t5train/internal/strictjson"
)

// parseIndex reads model.safetensors.index.json, which says where the tensors of a sharded model are:
//
//	{"metadata": {"total_size": 347008}, "weight_map": {"shared.weight": "model-00001-of-00007.safetensors", ...}}
//
// It returns tensor name -> file name. File names are plain: none leads out of the folder.
func parseIndex(text []byte) (map[string]string, error) {
	r, err := strictjson.NewReader(text)
	if err != nil {
		return nil, err
	}
	var shards map[string]string
	err = r.Object(func(key string) error {
		if key != "weight_map" {
			return r.Skip() // metadata: sizes that transformers itself has written wrongly
		}
		shards = make(map[string]string)
		err := r.Object(func(name string) (err error) {
			if shards[name], err = r.String(); err != nil {
				return fmt.Errorf("tensor %q: %w", name, err)
			}
			if !isPlain(shards[name]) {
				return fmt.Errorf("tensor %q: file %q is no plain name in the same folder", name, shards[name])
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("weight_map: %w", err)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(shards) == 0:
		return nil, fmt.Errorf("no tensor in weight_map")
	}
	return shards, r.End()
}

// isPlain reports whether name is a file of the folder itself, on every system: no separator and no drive.
func isPlain(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\\:\x00")
}
