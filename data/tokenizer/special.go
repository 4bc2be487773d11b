package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// This file follows what transformers 5 makes of the tokens that the files of a folder name (_from_pretrained of
// tokenization_utils_base.py and TokenizersBackend): those of added_tokens_decoder, or else of added_tokens.json and
// tokenizer.json; then those with a role, eos_token and the like; then the list of extra special tokens. One that the
// vocabulary has keeps its id; the others get the next ones, in that order.

const specialMapFile = "special_tokens_map.json"

// roles are the special tokens that transformers knows, in its order (SPECIAL_TOKENS_ATTRIBUTES).
var roles = []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"}

// specialSettings is what tokenizer_config.json and special_tokens_map.json say about special tokens.
type specialSettings struct {
	roles      map[string]fastToken // of roles; without content where a file says null
	own        []fastToken          // of other keys that end in _token
	extra      []fastToken
	extraGiven bool // the list is there, be it empty: then sentinels are special only if it has them
}

// readSpecial reads the keys of tokenizer_config.json, and over them those of special_tokens_map.json where they count.
func readSpecial(config, specialMap []byte) (s specialSettings, err error) {
	s.roles = map[string]fastToken{}
	if err := s.read(config, configFile, true); err != nil {
		return s, err
	}
	return s, s.read(specialMap, specialMapFile, false)
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
			s.roles[k.key] = fastToken{}
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
		var token fastToken
		if token, err = parseToken(k.value, true); err != nil {
			return err
		}
		s.own = append(s.own, token)
	}
	return err
}

var errTokens = fmt.Errorf("want tokens, as texts or as objects with content")

// parseToken reads a token, which is special if it is a text or has a role.
func parseToken(raw []byte, role bool) (fastToken, error) {
	if len(raw) > 0 && raw[0] == '"' {
		t := fastToken{Special: true}
		return t, json.Unmarshal(raw, &t.Content)
	}
	var t struct {
		fastToken
		Content    *string `json:"content"`
		Normalized *bool   `json:"normalized"`
	}
	if err := json.Unmarshal(raw, &t); err != nil || t.Content == nil {
		return fastToken{}, errTokens
	}
	t.fastToken.Content, t.fastToken.Normalized = *t.Content, !t.Special
	if t.Normalized != nil {
		t.fastToken.Normalized = *t.Normalized
	}
	t.Special = t.Special || role
	return t.fastToken, nil
}

// has tells whether a token is special by the settings.
func (s specialSettings) has(content string) bool {
	for _, t := range s.roles {
		if t.Content == content {
			return true
		}
	}
	return slices.ContainsFunc(s.extra, func(t fastToken) bool { return t.Content == content })
}

// tokenToAdd is a token with the id that its file gives it, if it does.
type tokenToAdd struct {
	fastToken
	hasID bool
}

// tokensToAdd lists the tokens in the order in which transformers adds them. file are those of a tokenizer.json, pieces
// those of the vocabulary, and sentinels the number of extra ids.
func (s settings) tokensToAdd(file []fastToken, pieces []piece, sentinels int) ([]tokenToAdd, error) {
	var list []tokenToAdd
	add := func(hasID bool, tokens ...fastToken) {
		for _, t := range tokens {
			list = append(list, tokenToAdd{t, hasID})
		}
	}
	if !s.isT5() || !s.hasDecoder {
		add(true, file...) // transformers' T5 tokenizer reads the file's only where the folder names none
	}
	add(true, s.added...)
	t5 := s.isT5() || file == nil
	defaults := map[string]string{"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
	for _, role := range roles {
		token, given := s.special.roles[role]
		if t5 && defaults[role] != "" {
			if null := token.Content == ""; given && token.Content != defaults[role] && !(null && role != "unk_token") {
				return nil, fmt.Errorf("%s is %q, which is not supported: want %q, as in every T5 (%s or %s)", role,
					token.Content, defaults[role], configFile, specialMapFile)
			}
			token.Content, token.Special, given = defaults[role], true, true
		}
		if given {
			add(false, token)
		}
	}
	add(false, s.special.own...)
	if add(false, s.special.extra...); s.special.extraGiven || !t5 {
		return list, nil
	}
	if file == nil {
		for _, p := range pieces {
			if p.kind == ControlPiece || p.kind == UserPiece {
				add(false, fastToken{Content: p.text, Special: p.kind == ControlPiece})
			}
		}
	}
	for n := range sentinels {
		add(false, fastToken{Content: Sentinel(n), Special: true})
	}
	return list, nil
}

// add makes added tokens of a list: m.added of those that the vocabulary or its sentinels have, m.late of the others.
// Of tokens with one text the first counts.
func (m *model) add(list []tokenToAdd, sentinels int) error {
	known := make(map[string]int32, len(m.pieces))
	for i, p := range m.pieces {
		known[p.text] = int32(i)
	}
	n := len(m.pieces) + sentinels
	for i := range sentinels {
		known[Sentinel(i)] = int32(n - 1 - i)
	}
	m.added, m.late = []addedToken{}, nil // not nil: the files say which they are
	special := make(map[string]bool)      // in any of the tokens of one text that have ids
	for _, t := range list {
		special[t.Content] = special[t.Content] || t.hasID && t.Special
	}
	seen := make(map[string]bool)
	for _, t := range list {
		if t.Content == "" && !t.hasID || seen[t.Content] {
			continue
		}
		seen[t.Content] = true
		t.Special = t.Special || special[t.Content]
		if err := t.check(); err != nil {
			return err
		}
		id, ok := known[t.Content]
		switch {
		case !t.hasID || ok && t.ID == id:
		case t.ID >= 0 && int(t.ID) < len(m.pieces):
			return fmt.Errorf("added token %q has id %d, which is %q in the vocabulary: copy the file again", t.Content,
				t.ID, m.pieces[t.ID].text)
		case ok:
			return fmt.Errorf("added token %q has id %d, but the vocabulary has it as %d: remove it there, or save "+
				"the tokenizer again with transformers", t.Content, t.ID, id)
		case int(t.ID) != n+len(m.late):
			return fmt.Errorf("added token %q has id %d, want %d: ids must follow each other, so save the tokenizer "+
				"again with transformers", t.Content, t.ID, n+len(m.late))
		}
		a := addedToken{id, t.LStrip, t.RStrip, t.Normalized, t.Special}
		if ok {
			m.added = append(m.added, a)
			continue
		}
		l := lateToken{piece{text: t.Content, kind: UserPiece}, a}
		if t.Special {
			l.kind = ControlPiece
		}
		m.late = append(m.late, l)
	}
	slices.SortFunc(m.added, func(a, b addedToken) int { return cmp.Compare(a.id, b.id) })
	return nil
}

// markAdded gives the pieces of the vocabulary the kinds that they have as added tokens: control tokens and sentinels
// that no file names are text to transformers.
func (t *Tokenizer) markAdded() {
	if t.rules != Transformers || t.model.added == nil {
		return
	}
	listed := make(map[int32]addedToken, len(t.model.added))
	for _, a := range t.model.added {
		listed[a.id] = a
	}
	for i := range t.pieces[:t.known()] {
		p := &t.pieces[i]
		a, ok := listed[int32(i)]
		switch {
		case p.kind == UnknownPiece || p.text == "</s>" || p.text == "<pad>":
		case !ok && (p.kind == ControlPiece || p.kind == UserPiece), ok && !a.special && isSentinel(p.text):
			p.kind = NormalPiece
		case ok && a.special && !isSentinel(p.text):
			p.kind = ControlPiece
		case ok:
			p.kind = UserPiece
		}
	}
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
		return nil, cmp.Or(err, fmt.Errorf("want an object"))
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
