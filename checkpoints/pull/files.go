package pull

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// small are the files that are taken where they are there.
var small = []string{
	"config.json", "generation_config.json", "t5train.json", "README.md",
	"spiece.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
}

// module is a file of a module of sentence-transformers.
var module = regexp.MustCompile(`^(\d+_[A-Za-z]+)/(config\.json|model\.safetensors|pytorch_model\.bin)$`)

// weights are the forms of weights, of which the first that is there is taken.
var weights = []struct {
	single string
	shard  *regexp.Regexp
}{
	{"model.safetensors", regexp.MustCompile(`^model-\d{5}-of-\d{5}\.safetensors$`)},
	{"model.int8.safetensors", regexp.MustCompile(`^model\.int8-\d{5}-of-\d{5}\.safetensors$`)},
	{"pytorch_model.bin", regexp.MustCompile(`^pytorch_model-\d{5}-of-\d{5}\.bin$`)},
}

// wanted returns those files of a model that t5train reads, in the order of the list.
func wanted(files []string) ([]string, error) {
	if !slices.Contains(files, "config.json") {
		return nil, fmt.Errorf("it has no config.json, so it is no model of transformers")
	}
	var chosen func(name string) bool
	for _, w := range weights {
		index := w.single + ".index.json"
		if slices.Contains(files, w.single) {
			chosen = func(name string) bool { return name == w.single }
		} else if slices.Contains(files, index) {
			chosen = func(name string) bool { return name == index || w.shard.MatchString(name) }
		}
		if chosen != nil {
			break
		}
	}
	if chosen == nil {
		return nil, fmt.Errorf("it has no weights that can be read: want model.safetensors or pytorch_model.bin, or " +
			"shards of them")
	}
	sentence := slices.Contains(files, "modules.json")
	var list []string
	for _, name := range files {
		m := module.FindStringSubmatch(name)
		switch {
		case m != nil && !sentence:
			continue
		case m != nil && m[2] == "pytorch_model.bin" && slices.Contains(files, m[1]+"/model.safetensors"):
			continue
		case m == nil && !slices.Contains(small, name) && !chosen(name):
			continue
		case strings.Contains(name, "..") || slices.Contains(list, name):
			continue
		}
		list = append(list, name)
	}
	return list, nil
}
