package hf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Trim returns a tokenizer.json with a Unigram model without the pieces that are not to be kept, by their old ids. id
// gives the ids that texts have then. All else stays as it is.
func Trim(raw []byte, keep func(id int) bool, id func(text string) (int32, bool)) ([]byte, error) {
	var file, model map[string]json.RawMessage
	var vocab []json.RawMessage
	var tokens []map[string]any
	var unk int
	for _, part := range []struct {
		raw func() json.RawMessage
		to  any
	}{
		{func() json.RawMessage { return raw }, &file},
		{func() json.RawMessage { return file["model"] }, &model},
		{func() json.RawMessage { return model["vocab"] }, &vocab},
		{func() json.RawMessage { return model["unk_id"] }, &unk},
		{func() json.RawMessage { return file["added_tokens"] }, &tokens},
	} {
		if err := decode(part.raw(), part.to); err != nil {
			return nil, fmt.Errorf("trim tokenizer.json: %w", err)
		}
	}
	kept, now := []json.RawMessage{}, 0
	for i, piece := range vocab {
		if i == unk {
			now = len(kept)
		}
		if keep(i) {
			kept = append(kept, piece)
		}
	}
	for _, t := range tokens {
		text, _ := t["content"].(string)
		n, ok := id(text)
		if !ok {
			return nil, fmt.Errorf("trim tokenizer.json: the added token %q is no piece: copy the file again", text)
		}
		t["id"] = n
	}
	post, err := trimTemplate(file["post_processor"], id)
	if err != nil {
		return nil, fmt.Errorf("trim tokenizer.json: post_processor: %w", err)
	}
	set := func(to map[string]json.RawMessage, key string, value any) (err error) {
		to[key], err = encode(value)
		return err
	}
	err = errors.Join(set(model, "vocab", kept), set(model, "unk_id", now), set(file, "model", model),
		set(file, "added_tokens", tokens))
	if post != nil {
		err = errors.Join(err, set(file, "post_processor", post))
	}
	if err != nil {
		return nil, fmt.Errorf("trim tokenizer.json: %w", err)
	}
	return encode(file)
}

// trimTemplate gives the special tokens of a template their new ids; nil where there is nothing to do.
func trimTemplate(raw json.RawMessage, id func(text string) (int32, bool)) (map[string]any, error) {
	var post map[string]any
	if len(raw) == 0 {
		return nil, nil
	}
	if err := decode(raw, &post); err != nil || post == nil {
		return nil, err
	}
	specials, _ := post["special_tokens"].(map[string]any)
	for _, value := range specials {
		special, _ := value.(map[string]any)
		texts, _ := special["tokens"].([]any)
		ids := []int32{}
		for _, t := range texts {
			text, _ := t.(string)
			n, ok := id(text)
			if !ok {
				return nil, fmt.Errorf("it names %q, which is no piece: copy the file again", text)
			}
			ids = append(ids, n)
		}
		if special != nil {
			special["ids"] = ids
		}
	}
	return post, nil
}

// decode reads JSON whose numbers stay as they are written.
func decode(raw []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(to)
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
