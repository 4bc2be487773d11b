package serve

import (
	"bytes"
	"encoding/json"
	"t5train/trainer/serve/request"
)

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
	texts := fields.Texts("texts", s.options.MaxInputs)
	lists := s.idLists(fields)
	eos, skip := fields.Boolean("add_eos", true), fields.Boolean("skip_special", false)
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

// idLists reads the field "ids", lists of token ids. What it allocates is in proportion to the body.
func (s *Server) idLists(fields *request.Object) (lists [][]int32) {
	fields.Each("ids", s.options.MaxInputs, func(i int, element json.RawMessage) {
		var ids []int32
		null := bytes.Contains(element, []byte("null")) // which encoding/json takes for 0
		if element[0] != '[' || null || json.Unmarshal(element, &ids) != nil {
			fields.Fail(request.Malformed("ids[%d] is %.80s, want a list of token ids", i, element))
			return
		}
		for _, id := range ids {
			if id < 0 || int(id) >= s.profile.tokenizer.VocabSize() {
				fields.Fail(request.Invalid("ids[%d] holds %d, want 0 to %d", i, id, s.profile.tokenizer.VocabSize()-1))
				return
			}
		}
		lists = append(lists, ids)
	})
	return lists
}

func (s *Server) pieces(ids []int32) []string {
	pieces := make([]string, len(ids))
	for i, id := range ids {
		pieces[i] = s.profile.tokenizer.Piece(id)
	}
	return pieces
}
