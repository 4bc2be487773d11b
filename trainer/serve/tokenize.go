package serve

import (
	"bytes"
	"encoding/json"

	"t5train/trainer/serve/request"
)

// tokenizeRequest is what /v1/tokenize reads.
type tokenizeRequest struct {
	Texts       []string `json:"texts,omitempty" about:"to encode"`
	IDs         idLists  `json:"ids,omitempty" about:"to decode"`
	AddEOS      bool     `json:"add_eos,omitempty" about:"of texts: with the token that ends one (true)"`
	Adapter     string   `json:"adapter,omitempty" about:"changes nothing: all have the same tokens"`
	SkipSpecial bool     `json:"skip_special,omitempty" about:"of ids: without tokens that stand for no text"`
}

// idLists are lists of token ids, not read yet.
type idLists []json.RawMessage

// JSONSchema describes them.
func (idLists) JSONSchema() map[string]any {
	ids := map[string]any{"type": "array", "items": map[string]any{"type": "integer", "minimum": 0}}
	return map[string]any{"type": "array", "items": ids, "minItems": 1}
}

// tokenized is the answer of /v1/tokenize, to texts or to ids.
type tokenized struct {
	Results []tokenizedResult `json:"results"` // one for each text or list of ids
}

type tokenizedResult struct {
	IDs    []int32  `json:"ids"`
	Tokens []string `json:"tokens"` // ▁ is a space
	Text   string   `json:"text"`
}

// tokenize encodes texts, or decodes ids. It needs no model and no queue.
func (s *Server) tokenize(x *exchange, fields *request.Object) (tokenized, error) {
	asked := tokenizeRequest{AddEOS: true}
	fields.Read(&asked, s.options.MaxInputs)
	texts, lists, eos, skip := asked.Texts, s.idLists(fields, asked.IDs), asked.AddEOS, asked.SkipSpecial
	switch either := request.Malformed(`want either "texts" to encode or "ids" to decode`); {
	case fields.Has("texts") && fields.Has("ids"):
		fields.Fail(either)
	case !fields.Has("texts") && !fields.Has("ids"):
		fields.Lack(either)
	case fields.Has("texts") && fields.Has("skip_special"):
		fields.Fail(request.Invalid(`skip_special is for "ids": leave it out`))
	case fields.Has("ids") && fields.Has("add_eos"):
		fields.Fail(request.Invalid(`add_eos is for "texts": leave it out`))
	}
	if err := fields.Finish(); err != nil {
		return tokenized{}, err
	}
	tok := s.profile.tokenizer
	var results []tokenizedResult
	for _, text := range texts {
		ids := tok.Encode(text)
		if eos {
			ids = append(ids, tok.EOS())
		}
		results = append(results, tokenizedResult{ids, s.pieces(ids), text})
	}
	for _, ids := range lists {
		results = append(results, tokenizedResult{ids, s.pieces(ids), tok.Decode(ids, skip)})
	}
	x.inputs = len(results)
	return tokenized{results}, nil
}

// idLists reads the elements of "ids", lists of token ids. What it allocates is in proportion to the body.
func (s *Server) idLists(fields *request.Object, elements idLists) (lists [][]int32) {
	for i, element := range elements {
		var ids []int32
		null := bytes.Contains(element, []byte("null")) // which encoding/json takes for 0
		if element[0] != '[' || null || json.Unmarshal(element, &ids) != nil {
			fields.Fail(request.Malformed("ids[%d] is %.80s, want a list of token ids", i, element))
			return nil
		}
		for _, id := range ids {
			if id < 0 || int(id) >= s.profile.tokenizer.VocabSize() {
				fields.Fail(request.Invalid("ids[%d] holds %d, want 0 to %d", i, id, s.profile.tokenizer.VocabSize()-1))
				return nil
			}
		}
		lists = append(lists, ids)
	}
	return lists
}

func (s *Server) pieces(ids []int32) []string {
	pieces := make([]string, len(ids))
	for i, id := range ids {
		pieces[i] = s.profile.tokenizer.Piece(id)
	}
	return pieces
}
