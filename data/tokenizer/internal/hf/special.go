package hf

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// This file follows what transformers 5 makes of the tokens that the files of a folder name (_from_pretrained of
// tokenization_utils_base.py and TokenizersBackend): those of added_tokens_decoder, or else of added_tokens.json and
// tokenizer.json; then those with a role, eos_token and the like; then the list of extra special tokens. One that the
// vocabulary has keeps its id; the others get the next ones, in that order.

// roles are the special tokens that transformers knows, in its order (SPECIAL_TOKENS_ATTRIBUTES).
var roles = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// specialSettings is what tokenizer_config.json and special_tokens_map.json say about special tokens.
type specialSettings struct {
	roles      map[string]Token // of roles; without content where a file says null
	own        []Token          // of other keys that end in _token
	extra      []Token
	extraGiven bool // the list is there, be it empty: then sentinels are special only if it has them
}

// readSpecial reads the keys of tokenizer_config.json, and over them those of special_tokens_map.json where they count.
func readSpecial(config, specialMap []byte) (s specialSettings, err error) {
	s.roles = map[string]Token{}
	if err := s.read(config, ConfigFile, true); err != nil {
		return s, err
	}
	return s, s.read(specialMap, SpecialMapFile, false)
}

func (s *specialSettings) read(raw []byte, file string, isConfig bool) error {
	keys, err := orderedKeys(raw)
	if err != nil {
		return fmt.Errorf("%s: no valid JSON, or a value of the wrong type: %w", file, err)
	}
	var additional *keyValue
	for _, k := range keys {
		null := string(k.value) == "null"
		switch {
		case k.key == "extra_special_tokens":
			err = s.readExtra(k.value, !isConfig)
		case k.key == "additional_special_tokens" && isConfig: // of the map, transformers 5 reads it not
			additional = &k
		case k.key == "model_specific_special_tokens" && !null:
			err = s.readOwn(k.value)
		case slices.Contains(roles, k.key) && null:
			s.roles[k.key] = Token{}
		case slices.Contains(roles, k.key):
			s.roles[k.key], err = parseToken(k.value, true)
		// add_bos_token is none
		case strings.HasSuffix(k.key, "_token") && !null && k.value[0] != 't' && k.value[0] != 'f':
			err = s.readOwn([]byte(fmt.Sprintf("{%q: %s}", k.key, k.value)))
		}
		if err != nil {
			return fmt.Errorf("%s: %s is %.60s: %w", file, k.key, k.value, err)
		}
	}
	if additional != nil && len(s.extra) == 0 { // the name before version 5
		if err := s.readExtra(additional.value, false); err != nil {
			return fmt.Errorf("%s: %s is %.60s: %w", file, additional.key, additional.value, err)
		}
	}
	return nil
}

// readExtra reads a list of tokens, or an object of tokens with names of their own.
func (s *specialSettings) readExtra(raw []byte, more bool) error {
	if raw[0] == '{' {
		return s.readOwn(raw)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return errTokens
	}
	s.extraGiven = true
	if !more {
		s.extra = nil
	}
	for _, value := range list {
		token, err := parseToken(value, false)
		if err != nil {
			return err
		}
		s.extra = append(s.extra, token)
	}
	return nil
}

func (s *specialSettings) readOwn(raw []byte) error {
	keys, err := orderedKeys(raw)
	for _, k := range keys {
		var token Token
		if token, err = parseToken(k.value, true); err != nil {
			return err
		}
		s.own = append(s.own, token)
	}
	return err
}

var errTokens = errors.New("want tokens, as texts or as objects with content")

// parseToken reads a token, which is special if it is a text or has a role.
func parseToken(raw []byte, role bool) (Token, error) {
	if len(raw) > 0 && raw[0] == '"' {
		t := Token{Special: true}
		return t, json.Unmarshal(raw, &t.Content)
	}
	var t struct {
		Token
		Content    *string `json:"content"`
		Normalized *bool   `json:"normalized"`
	}
	if err := json.Unmarshal(raw, &t); err != nil || t.Content == nil {
		return Token{}, errTokens
	}
	t.Token.Content, t.Token.Normalized = *t.Content, !t.Special
	if t.Normalized != nil {
		t.Token.Normalized = *t.Normalized
	}
	t.Special = t.Special || role
	return t.Token, nil
}

// has reports whether a token is special by the settings.
func (s specialSettings) has(content string) bool {
	for _, t := range s.roles {
		if t.Content == content {
			return true
		}
	}
	return slices.ContainsFunc(s.extra, func(t Token) bool { return t.Content == content })
}

// keyValue is a member of a JSON object.
type keyValue struct {
	key   string
	value json.RawMessage
}

// orderedKeys returns the members of an object in their order, which decides about ids; none for no text.
func orderedKeys(raw []byte) (keys []keyValue, err error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, cmp.Or(err, errors.New("want an object"))
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		keys = append(keys, keyValue{key, value})
	}
	_, err = d.Token()
	return keys, err
}
