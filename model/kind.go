package model

import (
	"errors"
	"fmt"
	"strings"
)

// checkKind refuses the weights of models that are related to T5 but do not answer with text: no other files would help.
func checkKind(src Source) error {
	has := func(parts ...string) string {
		for _, name := range src.Names() {
			for _, part := range parts {
				if strings.Contains(name, part) {
					return name
				}
			}
		}
		return ""
	}
	if name := has(".lora_", ".ia3_", ".base_layer.", "prompt_embeddings"); name != "" {
		return fmt.Errorf("the weights hold an adapter (%s): merge it into its base model with peft, "+
			"model.merge_and_unload().save_pretrained(FOLDER), and name that folder", name)
	}
	for _, head := range [...]struct{ part, what string }{
		{"classification_head.", "a classification head (T5ForSequenceClassification)"},
		{"classifier.", "a head that classifies tokens (T5ForTokenClassification)"},
		{"qa_outputs.", "a head for extractive question answering (T5ForQuestionAnswering)"},
	} {
		if name := has(head.part); name != "" {
			return fmt.Errorf("the weights hold %s, %s, but t5train runs models that answer with text "+
				"(T5ForConditionalGeneration): name the model that it was made from, and fine-tune that", head.what, name)
		}
	}
	if has("encoder.") != "" && has("decoder.") == "" {
		return errors.New("the weights hold an encoder alone (T5EncoderModel), without a decoder, and so cannot answer with text: " +
			"name the whole model that it was taken from")
	}
	return nil
}
