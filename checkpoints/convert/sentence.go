package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"t5train/data/tokenizer"
	"t5train/internal/bounded"
)

// sentenceFiles returns the files of a folder of sentence-transformers besides those of its encoder: what its modules
// are, and the folders of these. Other folders have none.
func sentenceFiles(dir string) (files []tokenizer.File, err error) {
	read := func(name string) ([]byte, error) {
		data, err := bounded.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err == nil {
			files = append(files, tokenizer.File{Name: name, Data: data})
		}
		return data, err
	}
	modules, err := read("modules.json")
	if err != nil || modules == nil {
		return files, err
	}
	for _, name := range []string{"sentence_bert_config.json", "config_sentence_transformers.json"} {
		if _, err := read(name); err != nil {
			return nil, err
		}
	}
	var list []struct{ Path string }
	if err := json.Unmarshal(modules, &list); err != nil {
		return nil, fmt.Errorf("parse modules.json: %w", err)
	}
	for _, module := range list {
		if module.Path == "" || module.Path == "." {
			continue
		}
		if !filepath.IsLocal(module.Path) {
			return nil, fmt.Errorf("modules.json: the path %q leads out of the folder", module.Path)
		}
		entries, err := os.ReadDir(filepath.Join(dir, module.Path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // of Normalize there may be none
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			if _, err := read(filepath.Join(module.Path, e.Name())); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}
