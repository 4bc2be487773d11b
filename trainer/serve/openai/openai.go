// Package openai answers in the shapes of OpenAI's API, which many clients speak: completions, chat completions,
// embeddings and the list of models.
//
// Of a chat the text of the last message of the user is the input of the model. T5 knows no conversation, so all other
// messages are ignored: those of the system (or developer), earlier ones of the user, and those of the assistant and of
// tools. A temperature of 0 is greedy search, or a beam search where num_beams says so, also beside "do_sample": true.
//
// What a request does not say is as the checkpoint has it: without a temperature there is no sampling, unless it has
// one. Fields that a server need not know are ignored, as the clients expect. Those that would change the answer, and
// that the server cannot heed, are refused.
package openai

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"

	"t5train/trainer/serve/protocol"
	"t5train/trainer/serve/request"
)

// Endpoints lists what the package answers.
func Endpoints() []protocol.Endpoint {
	all := []protocol.Endpoint{
		{Method: "POST", Path: "/v1/completions", About: "the texts that the model writes for prompts", Serve: complete,
			Request: completionRequest{}, Answer: completion{}, Event: completion{}},
		{Method: "POST", Path: "/v1/chat/completions", About: "what the model writes for the last message of the user",
			Serve: chat, Request: chatRequest{}, Answer: chatCompletion{}, Event: chatChunk{}},
		{Method: "POST", Path: "/v1/embeddings", About: "the vectors of texts", Serve: embed,
			Request: embeddingRequest{}, Answer: embeddings{}},
		{Method: "GET", Path: "/v1/models", About: "the model that is served, and its adapters", Serve: models,
			Answer: modelList{}},
		{Method: "GET", Path: "/v1/models/{model}", About: "one of them by its name", Serve: oneModel,
			Answer: modelInfo{}},
	}
	return protocol.Foreign(all, explain, failure{})
}

// failure is an error in OpenAI's shape.
type failure struct {
	Error struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param" about:"the field that is wrong, where it is one"`
		Code    string  `json:"code"`
	} `json:"error"`
}

func explain(p *request.Problem) (status int, body any) {
	var f failure
	e := &f.Error
	e.Message, e.Type, e.Code = p.Message, "invalid_request_error", p.Code
	if p.Field != "" {
		e.Param = &p.Field
	}
	status = p.Status
	switch {
	case status == http.StatusUnprocessableEntity:
		status = http.StatusBadRequest
	case status == http.StatusTooManyRequests:
		e.Type = "rate_limit_error"
	case status >= http.StatusInternalServerError:
		e.Type = "server_error"
	}
	return status, f
}

// choose returns the engine of a model, or of an adapter, by its name, and an error if there is none. The names that
// clients of text-generation-inference send stand for the model. *name becomes that of Names.
func choose(e protocol.Engine, name *string) (protocol.Engine, error) {
	if *name == "dummy" || *name == "tgi" {
		*name = e.Model().Name
	}
	named := e.Named(*name)
	if named == nil {
		return e, request.New(http.StatusNotFound, "model_not_found", "there is no model %.80q here: ask for %s", *name,
			strings.ReplaceAll(request.List(e.Names()), ", ", " or ")).Of("model")
	}
	*name = named.Model().Name
	return named, nil
}

// options are the fields that completions and chats share.
type options struct {
	Model         string         `json:"model"`
	MaxTokens     *int           `json:"max_tokens,omitempty" about:"of an output (the checkpoint's limit)"`
	N             *int           `json:"n,omitempty" about:"choices for each prompt (1)"`
	Temperature   *float64       `json:"temperature,omitempty" range:"0 to 2" about:"of sampling; 0 is none"`
	TopP          *float64       `json:"top_p,omitempty" range:"0 to 1" about:"of sampling"`
	Seed          *int           `json:"seed,omitempty" range:"-9007199254740992 to 9007199254740992"`
	Stop          request.Stop   `json:"stop,omitempty" about:"texts before which an output ends"`
	Stream        bool           `json:"stream,omitempty" about:"server-sent events"`
	StreamOptions *streamOptions `json:"stream_options,omitempty"`

	// What is refused unless it changes nothing.
	PresencePenalty  float64         `json:"presence_penalty,omitempty" range:"-2 to 2" about:"0 only"`
	FrequencyPenalty float64         `json:"frequency_penalty,omitempty" range:"-2 to 2" about:"0 only"`
	LogitBias        json.RawMessage `json:"logit_bias,omitempty" about:"without elements only"`
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage,omitempty"`
}

// choices returns n, 1 if it is not given.
func (o *options) choices() int {
	if o.N == nil {
		return 1
	}
	return *o.N
}

// generation makes what the engine is asked of the options. longest is the name of the limit of tokens.
func (o *options) generation(e protocol.Engine, fields *request.Object, longest string) protocol.Generation {
	m := e.Model()
	names := map[string]string{"max_new_tokens": longest, "num_return_sequences": "n", "top_p": "top_p",
		"temperature": "temperature"}
	for _, name := range protocol.Passed() {
		names[name] = name
	}
	own := fields.Renamed(names)
	n, temperature := o.choices(), -1.0 // not given
	if o.N == nil {
		own.Set("num_return_sequences", "1") // whatever the checkpoint has: an answer has n choices
	}
	if o.Temperature != nil {
		temperature = *o.Temperature
	}
	several := n > 1 && n > m.Beams && !fields.Has("num_beams")
	samples := m.Samples && !fields.Has("num_beams") || temperature > 0 ||
		o.TopP != nil && *o.TopP < 1 || several || string(fields.Value("do_sample")) == "true"
	switch {
	case temperature == 0:
		if several {
			fields.Refuse("n", "is %d and temperature 0, but there is one most probable text: raise temperature", n)
		}
		own.Unset("temperature", "top_p")
		own.Set("do_sample", "false")
	case !samples:
		own.Unset("top_p") // of 1
	case !fields.Has("do_sample"):
		own.Set("do_sample", "true")
	}
	if o.Seed != nil && samples && temperature != 0 {
		own.Set("seed", fmt.Sprint(uint64(*o.Seed)&(1<<53-1)))
	}
	if o.PresencePenalty != 0 {
		fields.RefuseUnknown("presence_penalty", "try repetition_penalty")
	}
	if o.FrequencyPenalty != 0 {
		fields.RefuseUnknown("frequency_penalty", "try repetition_penalty")
	}
	if o.LogitBias != nil && string(o.LogitBias) != "{}" {
		fields.RefuseUnknown("logit_bias", "bad_words has texts that no output holds")
	}
	return protocol.Generation{Options: own, Stop: o.Stop.List}
}

// usage counts tokens.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

func (u *usage) add(prompt, completion int) {
	u.Prompt += prompt
	u.Completion += completion
	u.Total += prompt + completion
}

// usageOf counts the tokens of answers.
func usageOf(answers []protocol.Answer) *usage {
	u := &usage{}
	for _, a := range answers {
		u.add(a.InputTokens, 0)
		for _, s := range a.Sequences {
			u.add(0, s.Count)
		}
	}
	return u
}

// reason is a finish_reason.
func reason(end protocol.End) *string {
	text := "stop"
	if end == protocol.Length {
		text = "length"
	}
	return &text
}

func newID(kind string) string { return fmt.Sprintf("%s-%016x", kind, rand.Uint64()) }
