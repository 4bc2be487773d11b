package setup

import (
	"fmt"
	"strings"

	"t5train/internal/ui"
	"t5train/model"
	"t5train/model/modules"
	"t5train/model/op"
)

// freeze marks the parameters of the modules that train.freeze names.
func freeze(m *model.T5, names []string, sink ui.Sink) error {
	frozen, err := frozenParams(m.Params, names)
	if err != nil || len(names) == 0 {
		return err
	}
	elements := 0
	for _, p := range frozen {
		p.Frozen = true
		elements += p.Size()
	}
	all := int(m.Config.Parameters())
	ui.Detail(sink, "frozen", "%s of the parameters are not trained: %s", ui.Grouped(elements),
		strings.Join(names, ", "))
	switch {
	case elements == all:
		return fmt.Errorf("train.freeze: it names all %s parameters: leave some to train", ui.Grouped(all))
	case m.LMHead.Frozen && m.LMHead == m.Shared:
		ui.Detail(sink, "", "the embedding of this model is its output layer too (tie_word_embeddings)")
	}
	return nil
}

// frozenParams returns the parameters of modules, each once.
func frozenParams(params []*op.Param, modulesOf []string) ([]*op.Param, error) {
	var names []string
	for _, p := range params {
		names = append(names, p.Name)
	}
	is := make([]bool, len(params))
	for _, name := range modulesOf {
		found, err := modules.Match(names, name)
		if err != nil {
			return nil, fmt.Errorf("train.freeze: %w", err)
		}
		for _, i := range found {
			is[i] = true
		}
	}
	var frozen []*op.Param
	for i, p := range params {
		if is[i] {
			frozen = append(frozen, p)
		}
	}
	return frozen, nil
}
