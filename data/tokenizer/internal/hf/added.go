package hf

import (
	"cmp"
	"fmt"
	"slices"

	"t5train/data/tokenizer/internal/spiece"
)

// tokenToAdd is a token with the id that its file gives it, if it does.
type tokenToAdd struct {
	Token
	hasID bool
}

// AddedTokens returns the tokens that transformers adds to a vocabulary and its sentinels: those of the pieces, by id,
// and those that get the next free ids. file are those of a tokenizer.json, whose pieces have the sentinels; nil: there
// is none.
func (s Settings) AddedTokens(file []Token, pieces []spiece.Piece, sentinels int) (added, late []Token, err error) {
	list, err := s.tokensToAdd(file, pieces, sentinels)
	if err != nil {
		return nil, nil, err
	}
	if file != nil {
		sentinels = 0
	}
	return assign(list, pieces, sentinels)
}

// tokensToAdd lists the tokens in the order in which transformers adds them. file are those of a tokenizer.json, pieces
// those of the vocabulary, and sentinels the number of extra ids.
func (s Settings) tokensToAdd(file []Token, pieces []spiece.Piece, sentinels int) ([]tokenToAdd, error) {
	var list []tokenToAdd
	add := func(hasID bool, tokens ...Token) {
		for _, t := range tokens {
			list = append(list, tokenToAdd{t, hasID})
		}
	}
	if !s.IsT5() || !s.hasDecoder {
		add(true, file...) // transformers' T5 tokenizer reads the file's only where the folder names none
	}
	add(true, s.Added...)
	t5 := s.IsT5() || file == nil
	defaults := map[string]string{"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
	for _, role := range roles {
		token, given := s.special.roles[role]
		if t5 && defaults[role] != "" {
			if null := token.Content == ""; given && token.Content != defaults[role] && !(null && role != "unk_token") {
				return nil, fmt.Errorf("%s is %q, which is not supported: want %q, as in every T5 (%s or %s)", role,
					token.Content, defaults[role], ConfigFile, SpecialMapFile)
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
			if p.Type == spiece.Control || p.Type == spiece.User {
				add(false, Token{Content: p.Text, Special: p.Type == spiece.Control})
			}
		}
	}
	for n := range sentinels {
		add(false, Token{Content: spiece.Sentinel(n), Special: true})
	}
	return list, nil
}

// assign gives the tokens of a list their ids: added are those that the vocabulary or its extra ids have, late the
// others. Of tokens with one text the first counts.
func assign(list []tokenToAdd, pieces []spiece.Piece, extraIDs int) (added, late []Token, err error) {
	known := make(map[string]int32, len(pieces))
	for i, p := range pieces {
		known[p.Text] = int32(i)
	}
	n := len(pieces) + extraIDs
	for i := range extraIDs {
		known[spiece.Sentinel(i)] = int32(n - 1 - i)
	}
	added = []Token{}                // not nil: the files say which they are
	special := make(map[string]bool) // in any of the tokens of one text that have ids
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
			return nil, nil, err
		}
		id, ok := known[t.Content]
		switch {
		case !t.hasID || ok && t.ID == id:
		case t.ID >= 0 && int(t.ID) < len(pieces):
			return nil, nil, fmt.Errorf("added token %q has id %d, which is %q in the vocabulary: copy the file again",
				t.Content, t.ID, pieces[t.ID].Text)
		case ok:
			return nil, nil, fmt.Errorf("added token %q has id %d, but the vocabulary has it as %d: remove it there, "+
				"or save the tokenizer again with transformers", t.Content, t.ID, id)
		case int(t.ID) != n+len(late):
			return nil, nil, outOfOrder(t.Token, n+len(late))
		}
		if t.ID = id; ok {
			added = append(added, t.Token)
		} else {
			late = append(late, t.Token)
		}
	}
	slices.SortFunc(added, func(a, b Token) int { return cmp.Compare(a.ID, b.ID) })
	return added, late, nil
}

// LateTokens returns the tokens that the settings add behind the first n ids. Their ids must follow each other.
func (s Settings) LateTokens(n int) ([]Token, error) {
	var late []Token
	for _, a := range s.Added {
		if int(a.ID) < n {
			continue
		}
		if want := n + len(late); int(a.ID) != want {
			return nil, outOfOrder(a, want)
		}
		if err := a.check(); err != nil {
			return nil, err
		}
		late = append(late, a)
	}
	return late, nil
}

func outOfOrder(t Token, want int) error {
	return fmt.Errorf("added token %q has id %d, want %d: ids must follow each other, so save the tokenizer again "+
		"with transformers", t.Content, t.ID, want)
}

// check refuses what no file of T5's family holds.
func (t Token) check() error {
	switch {
	case t.Content == "":
		return fmt.Errorf("added token %d is empty: want text", t.ID)
	case t.SingleWord:
		return fmt.Errorf("added token %q is single_word, which is not supported: set it to false and save the "+
			"tokenizer again", t.Content)
	}
	return nil
}
